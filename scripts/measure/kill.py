"""How long a kill takes, from the command to the end of the job that it ends, at each moment at which a call can be. See
bench-kill.

Each figure is of a whole round trip over the shell's standard input and output: `kill`, then `wait` for the job. The
first line is such a round trip in which nothing runs. In the right half of the table four more jobs spin all the while,
so that the call that is killed has to share the cores.
"""

import argparse
import socket
import sys
import tempfile
import time
from pathlib import Path

from common import Row, Shell, machine, median, print_table, version

ROUNDS = 50
# The longest time from a kill to the end of running wasm.
GOAL_MS = 100.0
SPINNERS = 4
# The longest time until a call reaches the point of its kill.
COME_SECONDS_MAX = 20.0
PLUGINS = Path(__file__).resolve().parents[2] / "plugins" / "wat"
# Instructions in sequence without a loop, enough for minutes.
IN_A_ROW = 600


def bulk_module() -> str:
    """A plugin of functions without loops that take long, and of what takes long at once."""
    steps = {
        "fill": "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3ff00000))",
        "copy": "(memory.copy (i32.const 1) (i32.const 0) (i32.const 0x3fefffff))",
        "tables": "(table.copy (i32.const 1) (i32.const 0) (i32.const 3999999))",
        "table_grow": "(drop (table.grow $grows (ref.null func) (i32.const 500000)))"
        "(table.fill $grows (i32.const 0) (ref.null func) (table.size $grows))",
        "arrays": "(array.copy $bytes $bytes (global.get $array) (i32.const 1) (global.get $array) (i32.const 0)"
        " (i32.const 3999999))",
        "grow": "(drop (memory.grow (i32.const 1)))" * 100,
    }
    functions = "".join(f'(func (export "{name}") (call $make) {step * IN_A_ROW})' for name, step in steps.items())
    return f"""(module (type $bytes (array (mut i8))) (type $cell (struct (field (ref null $cell))))
      (memory 16384) (table 4000000 funcref) (table $grows 1 funcref)
      (global $array (mut (ref null $bytes)) (ref.null $bytes)) (global $list (mut (ref null $cell)) (ref.null $cell))
      (func $make (global.set $array (array.new_default $bytes (i32.const 4000000))))
      {functions}
      (func (export "lists") (local $i i32)
        (loop $again
          (local.set $i (i32.const 0))
          (loop $next
            (global.set $list (struct.new $cell (global.get $list)))
            (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 400000))))
          (global.set $list (ref.null $cell))
          (br $again))))"""


# The size of a single copy, and of a directory listing.
GIBIBYTE = 1 << 30
FILES = 10_000


def wasi_module() -> str:
    """A plugin that copies a gibibyte with one call of WASI after the other, no loop around them."""
    steps = {
        "random": "(drop (call $random (i32.const 65536) (i32.const 0x3fff0000)))",
        "log": "(memory.fill (i32.const 65536) (i32.const 10) (i32.const 0x3fff0000))"
        "(drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))",
        "read": "(drop (call $pread (i32.load (i32.const 32)) (i32.const 8) (i32.const 1) (i64.const 0) (i32.const 0)))",
        "list": "(drop (call $readdir (i32.const 3) (i32.const 65536) (i32.const 0x3fff0000) (i64.const 0) (i32.const 0)))",
    }
    functions = "".join(f'(func (export "{name}") (call $open) {step * IN_A_ROW})' for name, step in steps.items())
    return f"""(module
      (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_pread" (func $pread (param i32 i32 i32 i64 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open"
        (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (memory (export "memory") 16384) (data (i32.const 8) "\\00\\00\\01\\00\\00\\00\\ff\\3f") (data (i32.const 40) "large")
      (func $open
        (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 40) (i32.const 5) (i32.const 0) (i64.const 2)
          (i64.const 0) (i32.const 0) (i32.const 32)) (then unreachable)))
      {functions})"""


class Moments:
    """Brings calls to the moments at which they are killed: each starts a job in which `victim` is, and gives its number."""

    def __init__(self, shell: Shell, port: int, modules: Path):
        self.shell = shell
        self.port = port
        self.modules = modules

    def job(self, line: str, depth: int) -> int:
        """Starts a job and waits until its chain has so many calls."""
        self.shell.run(f"{line} &")
        until = time.monotonic() + COME_SECONDS_MAX
        while time.monotonic() < until:
            newest = max(self.shell.json("jobs --json"), key=lambda row: row["job"], default=None)
            if newest and (depth == 0 or len(newest["chain"]) >= depth):
                return newest["job"]
        sys.exit(f"`{line}` did not come to its moment")

    def relay(self, *stops: str) -> str:
        to = ",".join(f'"{stop}"' for stop in stops)
        return f"""relay '{{"to":[{to}],"function":"spin"}}'"""

    def nothing_runs(self) -> int:
        self.shell.run("load echo --as victim")
        return self.job("victim.echo hi", 0)

    def it_runs(self) -> int:
        self.shell.run("load misbehave --as victim")
        return self.job("victim.spin", 1)

    def it_waits_in_a_nested_call(self) -> int:
        self.shell.run("load misbehave --as other\nload echo --as victim")
        return self.job(f"victim.{self.relay('+echo', 'other')}", 3)

    def its_caller_waits_for_it(self) -> int:
        self.shell.run("load misbehave --as victim\nload echo --as caller")
        return self.job(f"caller.{self.relay('victim')}", 2)

    def it_waits_for_a_busy_process(self) -> int:
        self.shell.run("load misbehave --as other\nload echo --as victim")
        self.job("other.spin", 1)
        return self.job(f"victim.{self.relay('other')}", 2)

    def it_makes_one_call_after_the_other(self) -> int:
        self.shell.run("load echo --as other\nload echo --as victim")
        other = next(row["id"] for row in self.shell.json("ps --json") if row["name"] == "other")
        return self.job(f"victim.spam '{other} echo 1000000000 16'", 1)

    def it_starts(self) -> int:
        self.shell.run("load spawner")
        job = self.job("spawner.spawn start_loop", 2)
        self.shell.run("set VICTIM start_loop")
        return job

    def it_sleeps(self) -> int:
        self.shell.run("load wasi_sleep --as victim")
        return self.job("victim.run", 1)

    def in_bulk(self, function: str) -> int:
        self.shell.run(f"load {self.modules}/bulk.wat --as victim")
        return self.job(f"victim.{function}", 1)

    def in_wasi(self, function: str) -> int:
        self.shell.run(f"load {self.modules}/wasi.wat --as victim --allow-path {self.modules}/granted:/")
        return self.job(f"victim.{function}", 1)

    def it_fills_a_gibibyte_again_and_again(self) -> int:
        return self.in_bulk("fill")

    def it_copies_a_gibibyte_again_and_again(self) -> int:
        return self.in_bulk("copy")

    def it_copies_tables(self) -> int:
        return self.in_bulk("tables")

    def its_tables_grow(self) -> int:
        return self.in_bulk("table_grow")

    def it_copies_arrays(self) -> int:
        return self.in_bulk("arrays")

    def it_makes_lists_and_drops_them(self) -> int:
        return self.in_bulk("lists")

    def it_gets_a_gibibyte_of_random_bytes(self) -> int:
        return self.in_wasi("random")

    def it_writes_a_gibibyte_of_lines_to_the_log(self) -> int:
        return self.in_wasi("log")

    def it_reads_a_gibibyte_of_a_file(self) -> int:
        return self.in_wasi("read")

    def it_lists_ten_thousand_files(self) -> int:
        return self.in_wasi("list")

    def it_waits_for_http(self) -> int:
        self.shell.run("load http --as victim --allow-host 127.0.0.1")
        return self.job(f"""victim.run '{{"url":"http://127.0.0.1:{self.port}/","method":"GET"}}'""", 1)


MOMENTS = [name for name in vars(Moments) if name.split("_")[0] in ("nothing", "it", "its")]


def measured(shell: Shell, moments: Moments, name: str, rounds: int) -> list[float]:
    """Milliseconds from the kill to the end of the job, sorted."""
    took = []
    for _ in range(rounds):
        shell.run("set VICTIM victim")
        job = getattr(moments, name)()
        started = time.monotonic()
        shell.run(f'kill "$VICTIM"\nwait %{job}')
        took.append((time.monotonic() - started) * 1000)
        # Remaining processes; the background's spinners have other names.
        for helper in ("other", "caller", "spawner"):
            shell.run(f"kill {helper}")
        shell.run("\n".join(f"wait %{row['job']}" for row in shell.json("jobs --json") if row["state"] != "running") or "jobs")
    return sorted(took)


def make_modules(directory: Path) -> None:
    """The plugins that are too large to keep, and what one of them is granted."""
    Path(directory, "bulk.wat").write_text(bulk_module())
    Path(directory, "wasi.wat").write_text(wasi_module())
    granted = Path(directory, "granted")
    granted.mkdir()
    with open(granted / "large", "wb") as large:
        large.truncate(GIBIBYTE)
    for name in range(FILES):
        (granted / f"{name}").touch()


def table(port: int, modules: Path, rounds: int, spinners: int) -> list[list[float]]:
    with Shell("--plugins", str(PLUGINS)) as shell:
        moments = Moments(shell, port, modules)
        for at in range(spinners):
            shell.run(f"load misbehave --as spinner{at}\nspinner{at}.spin &")
        return [measured(shell, moments, name, rounds) for name in MOMENTS]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench-kill")
    parser.add_argument("--small", action="store_true", help="one round of each: shows that all of it works")
    options = parser.parse_args()
    rounds = 1 if options.small else ROUNDS
    # Accepts connections and never answers.
    silent = socket.create_server(("127.0.0.1", 0), backlog=4 * ROUNDS)
    port = silent.getsockname()[1]
    print(f"{machine()}\n{version()}\nkilled while …, {rounds} times each, in ms")
    with tempfile.TemporaryDirectory() as directory:
        modules = Path(directory)
        make_modules(modules)
        quiet, busy = table(port, modules, rounds, 0), table(port, modules, rounds, SPINNERS)
    rows = []
    for name, *took in zip(MOMENTS, quiet, busy):
        figures = [f"{pick(times):.1f}" for times in took for pick in (median, max)]
        rows.append(Row(name.replace("_", " "), figures, f"≤ {GOAL_MS:g}", max(max(times) for times in took) <= GOAL_MS))
    print_table(["", "median", "longest", "median, busy", "longest, busy", "goal", "met"], rows)


main()
