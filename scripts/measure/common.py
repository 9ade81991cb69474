"""What the measuring scripts share: a shell to talk to, the machine in a line, and one table."""

import json
import os
import platform
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["PLUGSH", "Row", "Shell", "bench", "machine", "median", "print_table", "proc", "version"]

PLUGSH = os.environ["PLUGSH"]
# The longest time of a command; a hang fails the measurement.
REPLY_SECONDS_MAX = 600


def version() -> str:
    return subprocess.run([PLUGSH, "--version"], check=True, capture_output=True, text=True).stdout.strip()


def machine() -> str:
    """Processor, cores, system."""
    cpu = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def bench(setup: str, words: str) -> dict:
    """What `bench WORDS --json` gives, in a fresh shell that has run `setup`."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report")
        commands = f"{setup}\nbench {words} --json > {report}"
        done = subprocess.run([PLUGSH, "-c", commands], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"`bench {words}` failed: {done.stderr.strip()}")
        return json.loads(report.read_text())


# What the threads of started calls and of jobs are called (src/kernel/started.rs, src/kernel/job_threads.rs). Both end when they
# have been idle for a while, but for a few of the jobs' that a steady caller keeps at work.
POOL_THREAD, JOB_THREAD = "plugsh-call", "plugsh-job"


def thread_names(pid: int) -> list[str]:
    """The names of a process's threads; of one that ended while they were read, none."""
    names = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:
            pass
    return names


def proc(pid: int) -> dict[str, int]:
    """What a process has of the system: KiB resident, threads (those of started calls and of jobs apart), open files, memory maps."""
    names = thread_names(pid)
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        "resident_kib": int(status["VmRSS"].split()[0]),
        "threads": len(names) - names.count(POOL_THREAD) - names.count(JOB_THREAD),
        "job_threads": names.count(JOB_THREAD),
        "pool_threads": names.count(POOL_THREAD),
        "files": len(os.listdir(f"/proc/{pid}/fd")),
        "maps": Path(f"/proc/{pid}/maps").read_text().count("\n"),
    }


class Shell:
    """A plugsh that reads its lines from a pipe, so that it can be looked at between two of them."""

    MARK = "@@ done @@"

    def __init__(self, *options: str, complaint: Callable[[str], None] | None = None):
        """`complaint` is called, on a thread of its own, with each line that goes to standard error."""
        self.process = subprocess.Popen(
            [PLUGSH, "--keep-going", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if complaint else subprocess.DEVNULL,
            text=True,
        )
        self.lines: queue.Queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        if complaint:
            threading.Thread(target=lambda: [complaint(line) for line in self.process.stderr], daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def run(self, commands: str) -> list[str]:
        """Runs lines to their end; gives what they print."""
        self.process.stdin.write(f"{commands}\necho '{self.MARK}'\n")
        self.process.stdin.flush()
        printed = []
        while (line := self.lines.get(timeout=REPLY_SECONDS_MAX)) != self.MARK:
            if line is None:
                sys.exit(f"plugsh ended (exit code {self.process.wait()}) in `{commands.splitlines()[0]}`")
            printed.append(line)
        return printed

    def json(self, commands: str):
        return json.loads("\n".join(self.run(commands)))

    def proc(self) -> dict[str, int]:
        return proc(self.process.pid)

    def close(self) -> int:
        """Ends it; gives its exit code, which is that of the last line that failed."""
        self.process.stdin.close()
        return self.process.wait(timeout=60)

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@dataclass
class Row:
    """One line of a table: what was measured, the figures in words, the goal, and whether it is met (`None`: no goal)."""

    what: str
    figures: list[str]
    goal: str
    met: bool | None


def print_table(titles: list[str], rows: list[Row]) -> None:
    words = {True: "yes", False: "NO", None: ""}
    cells = [titles, *([row.what, *row.figures, row.goal, words[row.met]] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(titles))]
    for line in cells:
        aligned = [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))]
        print("  ".join(aligned).rstrip())
