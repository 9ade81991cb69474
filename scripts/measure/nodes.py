"""Calls on nodes on loopback: the round trip against bare NATS, and what one, two and three nodes do. See bench-nodes."""

import argparse
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from common import PLUGSH, Row, Shell, machine, median, print_table, version
from loopback import nodes, server

HERE = Path(__file__).resolve().parent
# The goal for a round trip, as a multiple of bare NATS's.
RATIO_MAX = 1.5
NAMES = ["n1", "n2", "n3"]
# Started calls that are under way at once, and the bytes of one in the second table.
CALLS = 900
BYTES = 64 << 10


def show(us: float) -> str:
    return f"{us:.0f} µs" if us < 10_000 else f"{us / 1000:.1f} ms"


@contextmanager
def bare_client():
    """The program that measures bare NATS."""
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory, "nats_echo")
        made = subprocess.run(["rustc", "--edition", "2024", "-O", "-o", program, HERE / "nats_echo.rs"])
        if made.returncode != 0:
            sys.exit("rustc cannot compile scripts/measure/nats_echo.rs")
        yield program


def round_trips(port: int, url: str, options) -> list[Row]:
    """A call of `echo` on a node against a request and its reply, in turns."""
    rows = []
    with bare_client() as program, Shell("--nats", url) as home:
        home.run("load echo --on n1")
        for what, size in [("16 bytes", 16), ("64 KiB", 64 << 10), ("512 KiB", 512 << 10)]:
            calls = 20 if options.small else 2000 if size < 100_000 else 300
            ours, bare = [], []
            for _ in range(options.runs):
                asked = subprocess.run([program, str(port), str(size), str(calls)], check=True, capture_output=True)
                bare.append(float(asked.stdout))
                report = home.json(f"bench echo echo --size {size} -n {calls} --json")
                ours.append(report["rows"][0]["p50_us"])
            ratios = [our / other for our, other in zip(ours, bare)]
            figures = [show(median(ours)), show(median(bare)), f"{median(ratios):.2f}", f"{max(ratios):.2f}"]
            rows.append(Row(f"round trip, {what}", figures, f"≤ {RATIO_MAX:g}", median(ratios) <= RATIO_MAX))
    return rows


def took_us(home: Shell, orders: Path) -> float:
    """How long `spawner` takes to start all calls of a file and to join them."""
    home.run(f"spawner.join_all @{orders} > /dev/null")
    return home.json("trace -e 'callee=spawner' -n 1 --json")["duration_us"]


def side_by_side(url: str, options) -> list[Row]:
    """Started calls from one home, over one, two and three nodes."""
    rows = []
    calls = 30 if options.small else CALLS
    with Shell("--nats", url) as home, tempfile.TemporaryDirectory() as directory:
        home.run("\n".join(["load spawner", *(f"load echo --on {name} --as on-{name}" for name in NAMES)]))
        for what, function, size in [("calls a second", "nothing", 16), ("bytes a second, 64 KiB each", "echo", BYTES)]:
            figures = []
            for count in range(1, len(NAMES) + 1):
                # The spawner is process 1, those on nodes 2 and up.
                lines = [f"{2 + at % count} {function} {'x' * size}" for at in range(calls)]
                orders = Path(directory, "orders")
                orders.write_text("\n".join(lines))
                seconds = median(took_us(home, orders) for _ in range(options.runs)) / 1e6
                rate = calls / seconds
                figures.append(f"{rate:,.0f}" if function == "nothing" else f"{rate * size / (1 << 20):.0f} MiB")
            rows.append(Row(what, figures, "", None))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench-nodes")
    parser.add_argument("--small", action="store_true", help="few calls: shows that it works, not how fast it is")
    parser.add_argument("--runs", type=int, help="runs of each measurement (5)")
    options = parser.parse_args()
    options.runs = options.runs or (1 if options.small else 5)
    with server() as (port, url), nodes(PLUGSH, url, NAMES):
        trips = round_trips(port, url, options)
        rates = side_by_side(url, options)
    print(f"{machine()}\n{version()}; a server and {len(NAMES)} nodes on loopback, medians of {options.runs}\n")
    if options.small:
        trips = [Row(row.what, row.figures, row.goal, None) for row in trips]
    print_table(["one after the other", "plugsh", "bare NATS", "ratio", "highest", "goal", "met"], trips)
    print()
    print_table([f"{30 if options.small else CALLS} side by side", "1 node", "2 nodes", "3 nodes", "", ""], rates)
    if options.small:
        print("\n(few calls: these figures mean nothing)")


main()
