"""plugsh against its peers, side by side: the extism SDK in the same process, and a plain Python host. See bench-peers.

Each ratio is taken between figures that were measured in turns; what is shown is the median and the lowest of all runs.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from common import Row, bench, machine, median, print_table, version

PLUGINS = Path(__file__).resolve().parents[2] / "plugins" / "wasm"
TITLES = ["what", "plugsh", "peer", "times as fast", "lowest", "goal", "met"]


def show(us: float) -> str:
    return f"{us * 1000:.0f} ns" if us < 1 else f"{us:.2f} µs" if us < 1000 else f"{us / 1000:.2f} ms"


def row(what: str, pairs: list[tuple[float, float]], goal: float, *, ratios: list[float] | None = None) -> Row:
    """`pairs`: microseconds of plugsh and of the peer, one pair a run."""
    ratios = ratios or [peer / ours for ours, peer in pairs]
    ours, peer = (median(figures) for figures in zip(*pairs))
    ratio = median(ratios)
    return Row(what, [show(ours), show(peer), f"{ratio:.2f}", f"{min(ratios):.2f}"], f"≥ {goal:g}", ratio >= goal)


def compared(what: str, setup: str, words: str, goal: float, options) -> Row:
    """A comparison that `bench --against` makes."""
    count = f" -n {options.calls}" if options.calls else ""
    reports = [bench(setup, words + count) for _ in range(options.runs)]
    pairs = [tuple(one["round_median_us"] for one in report["rows"]) for report in reports]
    return row(what, pairs, goal, ratios=[report["ratios"][0]["median"] for report in reports])


def python_host(calls: int, spawns: int) -> dict | None:
    """One run of the Python host; `None` where there is none."""
    python = os.environ.get("PEER_PYTHON")
    if not python:
        return None
    script = Path(__file__).with_name("python_host.py")
    words = [python, str(script), str(PLUGINS), str(calls), str(spawns), "16"]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"the Python host failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def against_python(options) -> tuple[list[Row], str]:
    nested, spawns, peer = [], [], None
    for _ in range(options.runs):
        peer = python_host(*((100, 5) if options.small else (5_000, 100)))
        if peer is None:
            return [], ""
        count = " -n 100" if options.small else ""
        ours = bench("load text", f"text trim --nested pdk --size 16{count}")["rows"][0]
        nested.append((ours["round_median_us"], peer["nested_ns"] / 1e3))
        ours = bench("", f"spawn text trim --size 16{' -n 5' if options.small else ''}")["rows"][0]
        spawns.append((ours["p50_us"], peer["spawn_ns_p50"] / 1e3))
    rows = [
        row("plugin → plugin, 16 bytes, against a Python host", nested, 50),
        row("start and first call, against a Python host's start", spawns, 16),
    ]
    return rows, f"; Python {peer['python']} with extism {peer['extism']}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench-peers")
    parser.add_argument("--small", action="store_true", help="few calls: shows that it works, not how fast it is")
    parser.add_argument("--runs", type=int, help="runs of each comparison (3)")
    options = parser.parse_args()
    options.runs = options.runs or (1 if options.small else 3)
    options.calls = 20 if options.small else None
    sdk = "--against extism"
    rows = [
        compared("shell → plugin, 16 bytes, against the SDK", "load echo", f"echo echo --size 16 {sdk}", 6, options),
        compared(
            "plugin → plugin, 16 bytes, against the SDK's call",
            "load echo",
            f"echo echo --size 16 --nested pdk {sdk}",
            4,
            options,
        ),
        compared("1 MiB there and back, PDK copying", "load echo", f"echo echo --size 1M {sdk}", 1.3, options),
        compared(
            "1 MiB there and back, bulk path against copying",
            "load echo",
            "echo echo_bulk --size 1M --against echo.echo",
            8,
            options,
        ),
        compared(
            "the same from plugin to plugin",
            "load echo",
            "echo echo_bulk --nested bulk --size 1M --against echo.echo",
            8,
            options,
        ),
        compared(
            "pipe of three calls, 1 MiB, against three calls",
            "load echo --as a\nload echo --as b\nload echo --as c",
            "a echo_bulk --size 1M --pipe b.echo_bulk --pipe c.echo_bulk --against apart",
            1,
            options,
        ),
    ]
    more, python = against_python(options)
    rows += more
    print(f"{machine()}\n{version()}; extism SDK {os.environ.get('SDK_VERSION', '')} in the same process{python}\n")
    if options.small:
        rows = [Row(row.what, row.figures, row.goal, None) for row in rows]
    print_table(TITLES, rows)
    if options.small:
        print("\n(few calls: these figures mean nothing)")


main()
