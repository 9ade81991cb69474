"""A `plugsh serve` of the measuring scripts, and connections to it."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path

from common import PLUGSH, proc

# The longest wait for an answer; a hang fails the measurement.
ANSWER_SECONDS_MAX = 60


class Served:
    """A server of its own, after these lines, with a directory of its own for its socket."""

    def __init__(self, lines: str, *options: str):
        self.directory = tempfile.TemporaryDirectory()
        setup = Path(self.directory.name, "setup.plugsh")
        setup.write_text(lines)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": self.directory.name}
        self.process = subprocess.Popen(
            [PLUGSH, "serve", str(setup), "--name", "measured", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        while "serving `measured`" not in (line := self.process.stderr.readline()):
            if not line:
                raise SystemExit(f"plugsh serve ended (exit code {self.process.wait()})")
        # Read to its end: a server whose standard error is full waits with its next line.
        self.reader = threading.Thread(target=lambda: deque(self.process.stderr, maxlen=0), daemon=True)
        self.reader.start()
        self.path = Path(self.directory.name, "plugsh", "measured.sock")

    def attach(self, lines: str) -> subprocess.Popen:
        """A `plugsh attach` that runs lines."""
        return subprocess.Popen(
            [PLUGSH, "attach", "measured", "-c", lines],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment,
        )

    def proc(self) -> dict[str, int]:
        return proc(self.process.pid)

    def close(self) -> int:
        """Ends it as `kill` does; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=ANSWER_SECONDS_MAX)
        self.reader.join()
        self.process.stderr.close()
        return code


class Wire:
    """A connection that speaks the wire."""

    def __init__(self, path: Path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(ANSWER_SECONDS_MAX)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("rb")
        self.lines.readline()
        self.last_id = 0

    def send(self, method: str, params: dict) -> int:
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self.last_id

    def ask(self, method: str, **params):
        """The result of a request; what else is told is dropped."""
        asked = self.send(method, params)
        while True:
            line = self.lines.readline()
            if not line:
                raise SystemExit(f"the server has closed the connection at `{method}`")
            message = json.loads(line)
            if message.get("id") == asked and "method" not in message:
                break
        if "error" in message:
            raise SystemExit(f"`{method}` failed: {message['error']}")
        return message["result"]

    def close(self) -> None:
        self.lines.close()
        self.socket.close()
