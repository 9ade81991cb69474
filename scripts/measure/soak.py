"""plugsh under load for minutes, with kills and reloads all the while; at the end nothing may be left. See soak.

The time is cut in cycles. In each, jobs call through plugins while processes and jobs are killed at random, code is
reloaded (by command and because its file changed), plugins trap, run out of memory and time out, and what ended is
loaded again. Then all is ended, and what the process has of the system must be what it was after the first cycles:
as much at the end, and no trend on the way. What plugsh said is counted too, so that a soak in which nothing was
killed or reloaded fails.
"""

import argparse
import collections
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from common import Shell, machine, median, version

# Cycles before the first look that counts: caches fill, arenas of the allocator settle.
WARM_UP_CYCLES = 2
MAPS_SLACK = 64
RESIDENT_RATIO_MAX = 1.10
RESIDENT_SLACK_KIB = 16 * 1024
# The fewest readings for a trend: the median of the last third against that of the first, after the warm-up.
TREND_LOOKS_MIN = 9
TREND_SLACK_KIB = 4 * 1024
# The messages that must have been printed, by subject; checked only after a full run.
SAID = {
    "ended by a kill": "killed by the shell",
    "ended by a restart": "killed by `restart`",
    "timed out": "timed out after",
    "trapped": ": trap",
    "out of memory": ": oom",
    "reloaded for a changed file": "was reloaded: ",
}
SAID_SECONDS_MIN = 60
# Threads that are created on first use and stay: signals, the clock, two for compilation, one for blocking WASI calls. A
# short run may create some of them only after the first reading.
LASTING_THREADS = 6
# Most threads of started calls, which stay while they have work and a while after it (THREADS_MAX in src/kernel/started.rs).
POOL_THREADS_MAX = 64
# Most threads of jobs that wait for another job (IDLE_THREADS_MAX in src/kernel/job_threads.rs).
IDLE_JOB_THREADS_MAX = 4
# How long threads and their memory may take to go away: readings, and seconds between them.
SETTLE_LOOKS, SETTLE_SECONDS = 20, 0.05
# The exit code of a Rust panic.
PANIC_CODE = 101
# The plugins that the steps load.
PLUGINS = ["echo", "misbehave", "text", "tree"]
# Of the watched plugin.
VERSIONS = 16
# Steps between two checks that the jobs still run.
STEPS = 20


class Soak:
    def __init__(self, shell: Shell, jobs: int, seed: int):
        self.shell = shell
        self.jobs = jobs
        self.random = random.Random(seed)
        self.counts: collections.Counter = collections.Counter()
        self.directory = tempfile.TemporaryDirectory()
        self.watched = Path(self.directory.name, "watched.wat")
        self.versions = 0

    def compile_all(self) -> None:
        """Loads what the steps load, once: a compiled module keeps a file open, and by chance some come late."""
        for plugin in PLUGINS:
            self.shell.run(f"load {plugin} --as first\nkill first")

    def write_watched(self) -> None:
        """Another version of the watched plugin, put in place whole: one of a few, so that those are all compiled soon."""
        self.versions += 1
        beside = self.watched.with_suffix(".new")
        version = self.versions % VERSIONS
        pages, body = 1 + version % 3, f"(drop (i32.const {version}))"
        beside.write_text(f'(module (memory {pages}) (func (export "version") {body}))')
        os.replace(beside, self.watched)

    def load_pair(self, at: int) -> None:
        """A caller, a callee and a job between them."""
        self.shell.run(f"load echo --as callee{at}\nload echo --as caller{at}")
        self.start_job(at)
        self.counts["loads"] += 2

    def start_job(self, at: int) -> None:
        ids = {row["name"]: row["id"] for row in self.shell.json("ps --json")}
        callee = ids.get(f"callee{at}", 0)
        how = self.random.choice(["spam", "spam", "spam_bulk", "spam_leak"])
        size = self.random.choice([0, 16, 16, 1000, 70_000])
        self.shell.run(f"call caller{at} {how} '{callee} echo 2000 {size}' --loop 1000000 &")
        self.counts["jobs"] += 1

    def names(self) -> set[str]:
        return {row["name"] for row in self.shell.json("ps --json")}

    def busy(self) -> set[str]:
        return {row["name"] for row in self.shell.json("ps --json") if row["state"] in ("running", "waiting")}

    def step(self) -> None:
        at = self.random.randrange(self.jobs)
        act = self.random.choice(
            ["kill_callee", "kill_callee", "kill_caller", "kill_tree", "kill_job", "trap", "oom", "timeout", "spawns"]
            + ["reload_callee", "reload_caller", "restart_callee", "restart_caller", "change_watched"]
        )
        getattr(self, act)(at)
        self.counts[act] += 1

    def kill_callee(self, at: int) -> None:
        self.shell.run(f"kill callee{at}\nload echo --as callee{at}")
        self.counts["loads"] += 1

    def kill_caller(self, at: int) -> None:
        self.shell.run(f"kill caller{at}\nload echo --as caller{at}")
        self.counts["loads"] += 1

    def kill_tree(self, at: int) -> None:
        self.shell.run(f'load tree --as tree{at}\ncall tree{at} run {{"depth":3,"fanout":3}} > /dev/null')
        self.shell.run(f"kill -r tree{at}")
        self.counts["loads"] += 40

    def kill_job(self, at: int) -> None:
        running = [row for row in self.shell.json("jobs --json") if row["state"] == "running"]
        if running:
            self.shell.run(f"kill %{self.random.choice(running)['job']}")

    def reload_callee(self, at: int) -> None:
        self.shell.run(f"reload callee{at} echo")

    def reload_caller(self, at: int) -> None:
        self.shell.run(f"reload caller{at}")

    def restart_callee(self, at: int) -> None:
        self.shell.run(f"restart callee{at}")

    def restart_caller(self, at: int) -> None:
        self.shell.run(f"restart caller{at}")

    def change_watched(self, at: int) -> None:
        self.write_watched()
        self.shell.run("watched.version")

    def misbehave(self, call: str, load: str = "") -> None:
        self.shell.run(f"load misbehave --as bad {load}\ncall bad {call}\ncall bad {call}\nkill bad")
        self.counts["loads"] += 1

    def trap(self, at: int) -> None:
        self.misbehave("crash")

    def oom(self, at: int) -> None:
        self.misbehave("grow", "--memory-max 64p")

    def timeout(self, at: int) -> None:
        self.misbehave("spin", "--timeout 20ms")

    def spawns(self, at: int) -> None:
        self.shell.run("bench spawn text trim --size 16 -n 50 > /dev/null")
        self.counts["loads"] += 50

    def revive(self) -> None:
        """Starts the jobs that have ended again, and what they need."""
        names, busy = self.names(), self.busy()
        for at in range(self.jobs):
            for name in (f"callee{at}", f"caller{at}"):
                if name not in names:
                    self.shell.run(f"load echo --as {name}")
                    self.counts["loads"] += 1
            if f"caller{at}" not in busy:
                self.start_job(at)

    def cycle(self, until: float) -> dict[str, int]:
        """Load until then; gives what the process has when all was ended."""
        for at in range(self.jobs):
            self.load_pair(at)
        self.write_watched()
        self.shell.run(f"load '{self.watched}' --watch")
        while time.monotonic() < until:
            for _ in range(STEPS):
                self.step()
            self.revive()
        rows = self.shell.json("ps --json")
        self.counts["calls"] += sum(row["calls"] for row in rows)
        self.shell.run("\n".join(f"kill %{row['job']}" for row in self.shell.json("jobs --json")) or "jobs")
        self.shell.run("wait > /dev/null")
        self.shell.run("\n".join(f"kill {row['id']}" for row in rows))
        self.counts["cycles"] += 1
        left = self.shell.json("ps --json")
        jobs = self.shell.json("jobs --json")
        return {"processes": len(left), "jobs": len(jobs), **self.settled()}

    def settled(self) -> dict[str, int]:
        """What plugsh has of the system, once the threads that are ending have ended."""
        looks = []
        for _ in range(SETTLE_LOOKS):
            looks.append(self.shell.proc())
            time.sleep(SETTLE_SECONDS)
        return min(looks, key=lambda look: (look["threads"], look["job_threads"], look["maps"]))


def leaks(looks: list[dict[str, int]]) -> list[str]:
    """What there is more of than there should be."""
    first, last = looks[WARM_UP_CYCLES - 1], looks[-1]
    found = [f"{last[what]} {what} are left" for what in ("processes", "jobs") if last[what] != 0]
    for what in ("threads", "files"):
        least = LASTING_THREADS if what == "threads" else 0
        if last[what] > max(first[what], least):
            found.append(f"{last[what]} {what}, {first[what]} at first")
    most = max(look["pool_threads"] for look in looks)
    if most > POOL_THREADS_MAX:
        found.append(f"{most} threads of started calls, {POOL_THREADS_MAX} at most")
    if last["job_threads"] > IDLE_JOB_THREADS_MAX:
        found.append(f"{last['job_threads']} threads of jobs, {IDLE_JOB_THREADS_MAX} at most without a job")
    if last["maps"] > first["maps"] + MAPS_SLACK:
        found.append(f"{last['maps']} memory maps, {first['maps']} at first")
    thirds = max(1, (len(looks) - WARM_UP_CYCLES) // 3)
    parts = looks[WARM_UP_CYCLES:][:thirds], looks[-thirds:]
    early, late = (median(look["resident_kib"] for look in part) for part in parts)
    if len(looks) >= TREND_LOOKS_MIN and late > early + TREND_SLACK_KIB:
        found.append(f"{late:.0f} KiB resident in the last third, {early:.0f} in the first")
    if last["resident_kib"] > first["resident_kib"] * RESIDENT_RATIO_MAX + RESIDENT_SLACK_KIB:
        found.append(f"{last['resident_kib']} KiB resident, {first['resident_kib']} at first")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("minutes", type=float, nargs="?", default=10)
    parser.add_argument("jobs", type=int, nargs="?", default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="to run the same again")
    options = parser.parse_args()
    if options.minutes <= 0 or not 1 <= options.jobs <= 32:
        parser.error("MINUTES is more than 0, JOBS is 1 to 32")
    print(f"{machine()}\n{version()}\n{options.minutes:g} minutes, {options.jobs} jobs, --seed {options.seed}")
    whole = options.minutes * 60
    cycle = max(1.0, min(30.0, whole / 8))
    started = time.monotonic()
    looks = []
    said: collections.Counter = collections.Counter()

    def complaint(line: str) -> None:
        said.update(what for what, words in SAID.items() if words in line)

    with Shell(complaint=complaint) as shell:
        soak = Soak(shell, options.jobs, options.seed)
        soak.compile_all()
        while time.monotonic() - started < whole or len(looks) <= WARM_UP_CYCLES:
            looks.append(soak.cycle(time.monotonic() + cycle))
            look = ", ".join(f"{count} {what}" for what, count in looks[-1].items())
            print(f"{time.monotonic() - started:6.0f} s: {look}", flush=True)
        code = shell.close()
    for what, count in sorted(soak.counts.items()):
        print(f"{count:>12,} {what}")
    for what in SAID:
        print(f"{said[what]:>12,} said to be {what}")
    found = leaks(looks)
    if whole >= SAID_SECONDS_MIN:
        found.extend(f"nothing was {what}" for what in SAID if said[what] == 0)
    if code < 0 or code == PANIC_CODE:
        found.append(f"plugsh ended with code {code}")
    if found:
        sys.exit("leaked or failed: " + "; ".join(found))
    print("nothing leaked")


main()
