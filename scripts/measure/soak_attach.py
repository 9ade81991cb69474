"""Ten clients that come and go at a server, in every way in which a client can, beside a steady one. See soak-attach.

The time is cut in rounds. In each, clients come until ten are there, each does one of the things below, and all have
gone at its end, some by kill -9 in the middle. Then what the server has of the system must be what it was after the
first rounds.
"""

import argparse
import collections
import random
import sys
import threading
import time

from common import machine, median, version
from served import Served, Wire

CLIENTS = 10
# Rounds before the first look that counts: caches fill, threads that stay are made.
WARM_UP_ROUNDS = 5
# What a server may have more than after the first rounds: what the allocator keeps of the last clients, some of whom had
# lines of 8 MiB wait for them.
RESIDENT_SLACK_KIB = 24 * 1024
# Pause before the first look that counts, in which the last client's threads end.
QUIET_SECONDS = 1.5
# The fewest rounds for a trend: the median of the last third against that of the first.
TREND_ROUNDS_MIN = 30
TREND_SLACK_KIB = 4 * 1024
# How long what a client had may take to go away.
SETTLE_SECONDS = 20
# What a server keeps of the past: little, so that it is full before the first look that counts.
KEPT = ["--journal-records", "500", "--dead-kept", "20"]
LINES = "load echo\nload echo --as steady\nload misbehave"


class Steady(threading.Thread):
    """The client whose calls must all be answered, with what they are to give."""

    def __init__(self, served: Served):
        super().__init__(daemon=True)
        self.wire = Wire(served.path)
        self.stopped = threading.Event()
        self.calls = 0
        self.fault: str | None = None

    def run(self) -> None:
        try:
            while not self.stopped.is_set():
                said = f"call {self.calls}"
                result = self.wire.ask("call", plugin="steady", function="echo", input=said)
                if result["output"] != said:
                    self.fault = f"`{said}` gave {result['output']!r}"
                    return
                self.calls += 1
                time.sleep(0.002)
        except (SystemExit, OSError, ValueError) as error:
            self.fault = str(error)


class Soak:
    def __init__(self, served: Served, seed: int):
        self.served = served
        self.random = random.Random(seed)
        self.counts: collections.Counter = collections.Counter()

    def round(self) -> None:
        acts = ["call", "follow", "vanish", "half", "slow", "load", "script", "killed", "killed_held", "background"]
        self.random.shuffle(acts)
        going = []
        for act in acts[:CLIENTS]:
            going.append(getattr(self, act)())
            self.counts[act] += 1
        for go in going:
            go()

    def wire(self) -> Wire:
        return Wire(self.served.path)

    def call(self):
        wire = self.wire()
        for size in (0, 16, 70_000):
            wire.ask("call", plugin="echo", function="echo", input="x" * size)
        return wire.close

    def follow(self):
        wire = self.wire()
        wire.ask("calls", follow=True, limit=10)
        return wire.close

    def vanish(self):
        """Goes with calls under way."""
        wire = self.wire()
        for _ in range(3):
            wire.send("call", {"plugin": "misbehave", "function": "spin"})
        return wire.close

    def half(self):
        wire = self.wire()
        wire.socket.sendall(b'{"jsonrpc":"2.0","id":1,"method":"ru')
        return wire.close

    def slow(self):
        """Asks for much, and reads nothing."""
        wire = self.wire()
        for _ in range(20):
            wire.send("snapshot", {"limit": 500})
        return wire.close

    def load(self):
        wire = self.wire()
        name = f"passing{self.counts['load']}"
        wire.ask("load", source="echo", name=name)
        wire.ask("run", line=f"{name}.echo hi; set a b")
        wire.ask("kill", target=name)
        return wire.close

    def script(self):
        return self.served.attach("echo.echo hi; ps; trace -n 5").wait

    def killed(self):
        """A `plugsh attach` that dies with a call in front."""
        return self.kill(self.served.attach("misbehave.spin"))

    def killed_held(self):
        """A `plugsh attach` that dies with a breakpoint, perhaps while it holds a call."""
        return self.kill(self.served.attach("break callee=echo\necho.echo hi"))

    def background(self):
        """Leaves a background job, which goes on and ends by itself."""
        return self.served.attach("echo.echo hi --loop 50 &").wait

    def kill(self, client):
        def go() -> None:
            time.sleep(self.random.random() * 0.2)
            client.kill()
            client.wait()

        return go


def settled(served: Served, wire: Wire, first: dict[str, int] | None) -> dict[str, int]:
    """What the server has once its clients have gone; what does not go away is a fault of the caller's check."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        snapshot = wire.ask("snapshot", limit=1)
        held = served.proc()
        held["jobs"] = sum(job["state"] in ("running", "held") for job in snapshot["jobs"])
        held["processes"] = sum(row["state"] != "dead" for row in snapshot["processes"])
        held["breakpoints"] = snapshot["breakpoints"]
        wanted = first or EMPTY
        if all(held[what] <= wanted[what] for what in wanted if what in COUNTED) or time.monotonic() > until:
            return held
        time.sleep(0.05)


# What is as much at the end as after the first rounds.
EMPTY = {"jobs": 0, "breakpoints": 0}
COUNTED = ["threads", "files", "jobs", "processes", "breakpoints"]


def leaks(first: dict[str, int], last: dict[str, int], levels: list[int]) -> list[str]:
    found = [f"{what}: {first[what]}, then {last[what]}" for what in COUNTED if last[what] > first[what]]
    if last["resident_kib"] > first["resident_kib"] + RESIDENT_SLACK_KIB:
        found.append(f"memory: {first['resident_kib']} KiB, then {last['resident_kib']} KiB")
    if len(levels) >= TREND_ROUNDS_MIN:
        third = len(levels) // 3
        before, after = median(levels[:third]), median(levels[2 * third :])
        if after > before + TREND_SLACK_KIB:
            found.append(f"memory grows: {before:.0f} KiB, then {after:.0f} KiB")
    return found


def main() -> int:
    arguments = argparse.ArgumentParser(prog="soak-attach")
    arguments.add_argument("seconds", type=float, nargs="?", default=300)
    arguments.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = arguments.parse_args()
    print(f"{version()}; {machine()}; {options.seconds:g} s; seed {options.seed}", flush=True)
    served = Served(LINES, *KEPT)
    soak, steady, watcher = Soak(served, options.seed), Steady(served), Wire(served.path)
    steady.start()
    for _ in range(WARM_UP_ROUNDS):
        soak.round()
    time.sleep(QUIET_SECONDS)
    first = settled(served, watcher, None)
    levels, until = [], time.monotonic() + options.seconds
    while time.monotonic() < until and steady.fault is None:
        soak.round()
        # Clients of several rounds at once would be a peak by chance, of which the allocator keeps a part.
        levels.append(settled(served, watcher, first)["resident_kib"])
    last = settled(served, watcher, first)
    steady.stopped.set()
    steady.join()
    faults = leaks(first, last, levels) + ([f"the steady client: {steady.fault}"] if steady.fault else [])
    if (code := served.close()) != 0:
        faults.append(f"the server ended with code {code}")
    done = ", ".join(f"{count} {act}" for act, count in sorted(soak.counts.items()))
    print(f"clients: {done}; {steady.calls} steady calls")
    if levels:
        quarters = [levels[len(levels) * part // 4] for part in range(4)]
        print(f"memory in KiB: {first['resident_kib']} first, {quarters} on the way, {last['resident_kib']} last")
    for fault in faults:
        print(f"FAULT: {fault}")
    print("leaked or failed" if faults else "nothing leaked, no call was disturbed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
