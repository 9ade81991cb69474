"""What the live pane costs. See pane-cost."""

import argparse
import fcntl
import json
import os
import pty
import signal
import struct
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

from common import PLUGSH, Row, machine, median, print_table, version

TITLES = ["what", "measured", "goal", "met"]
ROWS, COLS = 40, 120
# The rate of paced calls, and the tolerance.
CALLS_PER_SECOND = 10_000
PACE_RATIO_MAX = 1.25
WAIT_SECONDS_MAX = 120


class Terminal:
    """plugsh at its prompt in a pseudo-terminal, whose output is read and thrown away as fast as it comes."""

    def __init__(self):
        self.home = tempfile.TemporaryDirectory()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            variables = {"HOME": self.home.name, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
            os.chdir(self.home.name)
            os.execve(PLUGSH, [PLUGSH], variables)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
        self.bytes = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while chunk := os.read(self.master, 65536):
                self.bytes += len(chunk)
        except OSError:
            pass  # The program has ended.

    def run(self, commands: str) -> float:
        """Types a line and waits until it was carried out; gives the seconds from its first command to its end."""
        begun, ended = (Path(self.home.name, name) for name in ("begun", "ended"))
        for mark in (begun, ended):
            mark.unlink(missing_ok=True)
        end = "" if commands.endswith("&") else ";"
        os.write(self.master, f"echo x > begun; {commands}{end} echo x > ended\r".encode())
        self._wait_for(ended, commands)
        return ended.stat().st_mtime - begun.stat().st_mtime

    def json(self, commands: str):
        """What a command prints as JSON, and when it did."""
        self.run(f"{commands} > reply")
        reply = Path(self.home.name, "reply")
        return json.loads(reply.read_text()), reply.stat().st_mtime

    def _wait_for(self, mark: Path, what: str) -> None:
        until = time.monotonic() + WAIT_SECONDS_MAX
        while not mark.exists():
            if time.monotonic() > until:
                sys.exit(f"`{what}` did not end")
            time.sleep(0.002)

    def cpu_seconds(self, thread: str | None = None) -> float:
        """Processor time of the whole program, or of its threads with a name."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                if thread is None or (task / "comm").read_text().strip() == thread:
                    total += int((task / "schedstat").read_text().split()[0])
            except FileNotFoundError:
                pass  # A thread that has just ended.
        return total / 1e9

    def calls(self) -> tuple[int, float]:
        """Calls so far, and when that was."""
        processes, at = self.json("ps --json")
        return sum(process["calls"] for process in processes), at

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.master)
        self.home.cleanup()


def share(terminal: Terminal, seconds: float, thread: str | None = "painter") -> float:
    """The share of a core over a while, in percent."""
    before, began = terminal.cpu_seconds(thread), time.monotonic()
    time.sleep(seconds)
    return 100 * (terminal.cpu_seconds(thread) - before) / (time.monotonic() - began)


def idle(seconds: float) -> list[Row]:
    with Terminal() as terminal:
        terminal.run("load wordcount; call wordcount run 'a b c'; pane on")
        time.sleep(2)
        before = terminal.bytes
        painter = share(terminal, seconds)
        written = (terminal.bytes - before) / seconds
        whole = share(terminal, seconds, None)
    return [
        Row("drawing while nothing happens", [f"{painter:.2f} % of a core"], "< 5 %", painter < 5),
        Row("  the whole program then", [f"{whole:.2f} % of a core"], "", None),
        Row("  written to the terminal", [f"{written:.0f} B/s"], "", None),
    ]


def paced(seconds: float) -> list[Row]:
    """A fault that delays each call holds a loop back to the rate; the delay is found by measuring."""
    with Terminal() as terminal:
        terminal.run("load echo; trace clear; pane on")
        delay_us, rate = 50.0, 0.0
        for _ in range(8):
            terminal.run("faults clear")
            terminal.run(f"inject 'callee=echo' delay={delay_us:.0f}us")
            terminal.run("call echo echo 0123456789abcdef --loop 100000000 > /dev/null &")
            rate = measured_rate(terminal, min(seconds, 1))
            if 1 / PACE_RATIO_MAX < rate / CALLS_PER_SECOND < PACE_RATIO_MAX:
                break
            terminal.run(f"kill {last_job(terminal)}")
            delay_us = max(1.0, delay_us + 1e6 / CALLS_PER_SECOND - 1e6 / rate)
        before, at_before = terminal.calls()
        painter = share(terminal, seconds)
        after, at_after = terminal.calls()
        rate = (after - before) / (at_after - at_before)
    near = 1 / PACE_RATIO_MAX < rate / CALLS_PER_SECOND < PACE_RATIO_MAX
    what = f"drawing at {rate:,.0f} calls a second"
    return [Row(what, [f"{painter:.2f} % of a core"], "< 15 %", painter < 15 if near else None)]


def last_job(terminal: Terminal) -> str:
    jobs, _ = terminal.json("jobs --json")
    return f"%{max(job['job'] for job in jobs)}"


def measured_rate(terminal: Terminal, seconds: float) -> float:
    before, at_before = terminal.calls()
    time.sleep(seconds)
    after, at_after = terminal.calls()
    return (after - before) / (at_after - at_before)


def full_speed(seconds: float) -> list[Row]:
    with Terminal() as terminal:
        terminal.run("load echo; pane on; call echo echo 0123456789abcdef --loop 1000000000 > /dev/null &")
        before, at_before = terminal.calls()
        painter = share(terminal, seconds)
        after, at_after = terminal.calls()
    rate = (after - before) / (at_after - at_before)
    return [Row(f"drawing at {rate:,.0f} calls a second", [f"{painter:.2f} % of a core"], "< 15 %", painter < 15)]


def throughput(rounds: int, calls: int) -> list[Row]:
    """The same loop with and without the pane in turn; who is first changes from round to round."""
    seconds: dict[str, list[float]] = {"on": [], "off": []}
    with Terminal() as terminal:
        terminal.run("load echo")
        loop = f"call echo echo 0123456789abcdef --loop {calls} > /dev/null"
        terminal.run(loop)
        for number in range(rounds):
            for pane in ("on", "off") if number % 2 else ("off", "on"):
                terminal.run(f"pane {pane}")
                seconds[pane].append(terminal.run(loop))
    with_pane, without = (calls / median(seconds[pane]) for pane in ("on", "off"))
    ratio = median(off / on for on, off in zip(seconds["on"], seconds["off"]))
    return [
        Row(f"calls a second without the pane, median of {rounds}", [f"{without:,.0f}"], "", None),
        Row("  with it", [f"{with_pane:,.0f}"], "", None),
        Row("  with it to without it, median of the rounds", [f"{ratio:.3f} ×"], "≥ 0.9 ×", ratio >= 0.9),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="pane-cost")
    parser.add_argument("--small", action="store_true", help="short spans and few calls: shows that it works")
    parser.add_argument("--runs", type=int, help="rounds with and without the pane (9)")
    options = parser.parse_args()
    seconds = 0.5 if options.small else 10
    rounds = options.runs or (1 if options.small else 9)
    calls = 100_000 if options.small else 500_000
    rows = [*idle(seconds), *paced(seconds), *full_speed(seconds), *throughput(rounds, calls)]
    print(f"{machine()}\n{version()}, a terminal of {COLS}x{ROWS}\n")
    if options.small:
        rows = [Row(row.what, row.figures, row.goal, None) for row in rows]
    print_table(TITLES, rows)
    if options.small:
        print("\n(short spans and few calls: these figures mean nothing)")


main()
