"""A call through the socket of `plugsh serve` against a bare round trip of the same bytes. See bench-attach.

Both sides of the bare round trip are processes of their own, as a client and a server are: one sends the request's
bytes, the other reads them and sends the answer's. Rounds of both alternate, so that the machine's moods meet both.
"""

import argparse
import json
import os
import socket
import sys
import time
from pathlib import Path

from common import Row, machine, median, print_table, version
from served import Served, Wire

CALLS, CALLS_SMALL, ROUNDS = 5_000, 40, 10
SIZES = [16, 1_024, 65_536]
RATIO_MAX = 3.0


def read_line(connection: socket.socket) -> int:
    """The bytes of the next line, read to its end."""
    count = 0
    while True:
        part = connection.recv(1 << 18)
        if not part:
            sys.exit("the other side has gone")
        count += len(part)
        if part.endswith(b"\n"):
            return count


def round_trips(connection: socket.socket, request: bytes, times: int) -> list[float]:
    """Durations in µs."""
    durations = []
    for _ in range(times):
        begin = time.perf_counter_ns()
        connection.sendall(request)
        read_line(connection)
        durations.append((time.perf_counter_ns() - begin) / 1_000)
    return durations


def bare(path: Path, answer: bytes) -> socket.socket:
    """A connection to a process that answers each line with these bytes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    if os.fork() == 0:
        connection, _ = listener.accept()
        while True:
            part = connection.recv(1 << 18)
            if not part:
                os._exit(0)
            if part.endswith(b"\n"):
                connection.sendall(answer)
    listener.close()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return connection


def measure(served: Served, size: int, calls: int) -> tuple[float, float]:
    """The medians of a bare round trip and of a call, in µs."""
    params = {"plugin": "echo", "function": "echo", "input": "x" * size}
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "call", "params": params}).encode() + b"\n"
    wire = Wire(served.path)
    wire.socket.sendall(request)
    answer = wire.lines.readline()
    beside = bare(served.path.with_name(f"bare{size}"), answer)
    bares, through = [], []
    for _ in range(ROUNDS):
        bares += round_trips(beside, request, calls // ROUNDS)
        through += round_trips(wire.socket, request, calls // ROUNDS)
    beside.close()
    os.wait()
    wire.close()
    return median(bares), median(through)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bench-attach")
    arguments.add_argument("--small", action="store_true")
    options = arguments.parse_args()
    print(f"{version()}; {machine()}")
    served = Served("load echo")
    rows = []
    for size in SIZES:
        socket_us, call_us = measure(served, size, CALLS_SMALL if options.small else CALLS)
        ratio = call_us / socket_us
        figures = [f"{socket_us:.1f} µs", f"{call_us:.1f} µs", f"{ratio:.1f}"]
        rows.append(Row(f"call with {size} bytes there and back", figures, f"at most {RATIO_MAX:g}", ratio <= RATIO_MAX))
    served.close()
    print_table(["", "bare round trip", "through plugsh", "ratio", "goal", "met"], rows)
    return 0 if options.small or all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
