"""plugsh with very many processes and calls. See bench-scale."""

import argparse
import os
import subprocess
import time

from common import PLUGSH, Row, Shell, bench, machine, median, print_table, version

TITLES = ["what", "measured", "goal", "met"]
# Rounds of calls, spawns and kills between two readings of memory.
TENTHS = 10
# The tolerance between two readings of memory.
LEVEL_RATIO_MAX = 1.05
LEVEL_SLACK_MIB = 2.0


def figure(what: str, measured: str, goal: str = "", met: bool | None = None) -> Row:
    return Row(what, [measured], goal, met)


def live_processes(small: bool) -> list[Row]:
    """One plugin module that grows a tree of itself; each process is called once."""
    shapes = [(1, 99), (1, 98)] if small else [(2, 99), (1, 98)]
    count = sum(sum(fanout**level for level in range(depth + 1)) for depth, fanout in shapes)
    with Shell() as shell:
        shell.run("load tree --as one\nload tree --as other\ntrace clear")
        before = shell.proc()
        started = time.monotonic()
        for name, (depth, fanout) in zip(("one", "other"), shapes):
            shell.run(f'call {name} run {{"depth":{depth},"fanout":{fanout}}} > /dev/null')
        seconds = time.monotonic() - started
        after = shell.proc()
        rows = shell.json("ps --json")
        assert len(rows) == count, f"{len(rows)} processes live, not {count}"
        assert all(row["calls"] == 1 for row in rows), "each was called once"
        listed = []
        for _ in range(5):
            started = time.monotonic()
            shell.run("ps > /dev/null")
            listed.append((time.monotonic() - started) * 1e3)
        ps_ms = median(listed)
    resident_mib = after["resident_kib"] / 1024
    each_kib = (after["resident_kib"] - before["resident_kib"]) / count
    maps_each = (after["maps"] - before["maps"]) / count
    threads = after["threads"]
    return [
        figure(f"{count:,} live processes, each called once", f"{seconds:.2f} s", "≤ 3 s", seconds <= 3),
        figure("  resident", f"{resident_mib:.0f} MiB", "≤ 600 MiB", resident_mib <= 600),
        figure("  of it each", f"{each_kib:.1f} KiB"),
        figure("  memory maps each", f"{maps_each:.1f}", "≤ 6", maps_each < 6.1),
        figure("  threads", str(threads), "none each", threads < 50),
        figure("  ps", f"{ps_ms:.0f} ms", "≤ 100 ms", ps_ms <= 100),
    ]


def from_the_shell(small: bool) -> Row:
    """The same number by lines of a script: a load and a call each."""
    count = 100 if small else 10_000
    lines = "\n".join(f"load text --as t{n}\nt{n}.trim ' x '" for n in range(count))
    with Shell() as shell:
        shell.run("load text\ntext.trim x")
        started = time.monotonic()
        printed = shell.run(lines)
        seconds = time.monotonic() - started
    assert printed.count("x") == count, "each answered"
    return figure(f"{count:,} loads and calls, a line each", f"{seconds:.2f} s")


def growth(small: bool, how: str, words: str) -> Row:
    calls = 20_000 if small else 1_000_000
    report = bench("load echo", f"echo echo --size 16 --nested {how} --growth -n {calls}")
    ratio, window = report["ratio_median"], report["window"]
    what = f"{calls:,} nested calls in one, {words}: last {window:,} to first"
    return figure(what, f"{ratio:.2f} ×", "≤ 1.1 ×", ratio <= 1.1)


def journal(small: bool, runs: int) -> Row:
    count = " -n 100" if small else ""
    words = f"echo echo --size 16 --nested pdk --against trace-off{count}"
    costs = [1 / bench("load echo", words)["ratios"][0]["median"] for _ in range(runs)]
    cost = median(costs)
    return figure("journal on, to `trace off`", f"{cost:.2f} ×", "≤ 1.1 ×", cost <= 1.1)


def jobs(small: bool, runs: int) -> Row:
    count = " -n 100" if small else ""
    words = f"echo echo --size 16 --nested pdk --jobs 4{count}"
    ratios = [bench("load echo", words)["ratios"][0]["median"] for _ in range(runs)]
    ratio = median(ratios)
    return figure(f"4 jobs on {os.cpu_count()} cores, calls a second to 1 job's", f"{ratio:.2f} ×", "≥ 1.8 ×", ratio >= 1.8)


def memory_level(small: bool) -> list[Row]:
    calls, spawns = (2_000, 20) if small else (1_000_000, 10_000)
    looks = []
    with Shell() as shell:
        shell.run("load echo --as caller\nload echo --as callee")
        for _ in range(TENTHS):
            printed = shell.run(f"call caller spam '2 echo {calls // TENTHS} 16'")
            assert printed == [str(calls // TENTHS * 16)], f"{printed} came back"
            shell.run(f"bench spawn text trim --size 16 -n {spawns // TENTHS} > /dev/null")
            looks.append(shell.proc()["resident_kib"] / 1024)
        living = shell.json("ps --json")
        assert len(living) == 2, f"{len(living)} processes live, not 2"
    first, most = looks[0], max(looks)
    level = most <= first * LEVEL_RATIO_MAX + LEVEL_SLACK_MIB
    what = f"{calls:,} calls, {spawns:,} spawns and kills: resident after a tenth"
    return [figure(what, f"{first:.1f} MiB"), figure("  at most later", f"{most:.1f} MiB", "level", level)]


def nothing() -> list[Row]:
    """`plugsh -c ''`: the time and the peak memory of the whole process."""
    walls, peaks = [], []
    for _ in range(21):
        started = time.monotonic()
        child = subprocess.Popen([PLUGSH, "-c", ""])
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        walls.append((time.monotonic() - started) * 1e3)
        peaks.append(usage.ru_maxrss / 1024)
        assert child.returncode == 0, f"`plugsh -c ''` gives {child.returncode}"
    wall, peak = median(walls), median(peaks)
    return [
        figure("plugsh -c ''", f"{wall:.1f} ms", "≤ 20 ms", wall <= 20),
        figure("  peak memory", f"{peak:.1f} MiB", "≤ 30 MiB", peak <= 30),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench-scale")
    parser.add_argument("--small", action="store_true", help="few processes and calls: shows that it works")
    parser.add_argument("--runs", type=int, help="runs of what is compared (3)")
    options = parser.parse_args()
    runs = options.runs or (1 if options.small else 3)
    small = options.small
    rows = [
        *live_processes(small),
        from_the_shell(small),
        growth(small, "pdk", "blocks freed"),
        growth(small, "leak", "nothing freed"),
        journal(small, runs),
        jobs(small, runs),
        *memory_level(small),
        *nothing(),
    ]
    print(f"{machine()}\n{version()}\n")
    if small:
        rows = [Row(row.what, row.figures, row.goal, None) for row in rows]
    print_table(TITLES, rows)
    if small:
        print("\n(few processes and calls: these figures mean nothing)")


main()
