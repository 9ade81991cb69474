"""How many copies of a call's bytes plugsh holds at once, at most. See bench-memory.

The plugins have no memory of their own, so that all that the shell takes is plugsh's: the figure is its peak resident memory
less what it had after a small call, in sizes of the input.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from common import Row, Shell, machine, print_table, version

COPIES_MAX = 3
# Memory besides the bytes: page tables, the loop's own.
SLACK = 0.2

BLOCKS = """(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "input_offset" (func $input (result i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (import "extism:host/env" "load_u64" (func $load (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (func (export "take"))
  (func (export "give_back") (call $output (call $input) (call $length)))
  (func (export "copy") (local $block i64) (local $at i64)
    (local.set $block (call $alloc (call $length)))
    (loop $next
      (call $store (i64.add (local.get $block) (local.get $at))
        (call $load (i64.add (call $input) (local.get $at))))
      (br_if $next (i64.lt_u (local.tee $at (i64.add (local.get $at) (i64.const 8))) (call $length))))
    (call $output (local.get $block) (call $length))))"""


def peak_kib(shell: Shell) -> int:
    status = Path(f"/proc/{shell.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def copies(directory: Path, function: str, size: int) -> float:
    options = ["--max-output", str(size), "--payload-bytes", "0", "--plugins", str(directory)]
    with Shell(*options) as shell:
        shell.run("load blocks\ncall blocks copy small")
        before = peak_kib(shell)
        shell.run(f"call blocks {function} @{directory / 'input'} > {directory / 'output'}")
        return (peak_kib(shell) - before) * 1024 / size


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench-memory")
    parser.add_argument("--small", action="store_true", help="32 MiB instead of 1 GiB")
    size = 32 << 20 if parser.parse_args().small else 1 << 30
    print(f"{machine()}\n{version()}\n{size >> 20} MiB in, and out again")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "blocks.wat").write_text(BLOCKS)
        with open(directory / "input", "wb") as file:
            for _ in range(size >> 20):
                file.write(b"\xff" * (1 << 20))
        for function, what in [("take", "in"), ("give_back", "in, and the same block out"), ("copy", "in, and another block out")]:
            count = copies(directory, function, size)
            if function != "take" and (directory / "output").stat().st_size != size:
                sys.exit(f"`{function}` gave {(directory / 'output').stat().st_size} bytes")
            rows.append(Row(what, [f"{count:.2f} copies"], f"≤ {COPIES_MAX}", count <= COPIES_MAX + SLACK))
    print_table(["", "at most", "goal", "met"], rows)
    sys.exit(0 if all(row.met for row in rows) else 1)


main()
