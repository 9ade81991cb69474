"""A NATS server and nodes on loopback, which end with whoever uses them."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

# The longest wait for a server or a node.
START_SECONDS_MAX = 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def child(command: list[str], **options) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def server() -> Iterator[tuple[int, str]]:
    """A server: its port and its address."""
    if not shutil.which("nats-server"):
        print("nats-server is not here; install it, for example with `apt install nats-server`", file=sys.stderr)
        sys.exit(2)
    port = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with child(["nats-server", "-a", "127.0.0.1", "-p", str(port)], **quiet) as process:
        until = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > until:
                    sys.exit(f"nats-server does not listen on port {port}")
                time.sleep(0.02)
        yield port, f"nats://127.0.0.1:{port}"


@contextmanager
def nodes(plugsh: str, url: str, names: list[str]) -> Iterator[None]:
    """Nodes of these names, once each says that it is there."""
    with ExitStack() as stack:
        for name in names:
            command = [plugsh, "node", "--nats", url, "--name", name]
            node = stack.enter_context(child(command, stderr=subprocess.PIPE, text=True))
            lines = []
            while not lines or f"node `{name}` of" not in lines[-1]:
                if not (line := node.stderr.readline()):
                    sys.exit(f"the node does not start: {''.join(lines).strip()}")
                lines.append(line)
        yield
