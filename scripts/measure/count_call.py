"""How many instructions a call takes, and whose they are. See count-call.

Each line of the table is the difference of two runs that differ in the number of calls alone, so that what a start takes
is not in it. Callgrind's processor is the same on every machine, and so are the wasm compiler's choices. What is spent in
libc and std is shown and not checked: a part of it is copied by threads that look at the calls by the clock.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from common import PLUGSH, Row, print_table, version

# Calls of the two runs.
FEW, MANY = 1_000, 5_000
# How much dearer than the committed figure a call may be. What is above it has to change the figure, in sight.
SLACK = 0.03
COMMITTED = Path(__file__).with_suffix(".json")
PLUGINS = Path(__file__).parents[2] / "plugins" / "wasm"

# What is counted: the plugins, and the line that makes N calls.
CALLS = {
    "plugin to plugin, 16 bytes": "load echo\nload echo --as callee\necho.spam '2 echo {n} 16'",
    "plugin to plugin, 16 bytes, bulk": "load echo\nload echo --as callee\necho.spam_bulk '2 echo {n} 16'",
    "shell to plugin, 16 bytes": "load echo\nbench echo echo --size 16 -n {n}",
}
# Whose a function is, by the first that its name matches. Code without a name was compiled from wasm.
OWNERS = {
    "plugins": re.compile(r"^(0x[0-9a-f]+|\?\?\?)$"),
    "plugsh": re.compile(r"\bplugsh::"),
    "wasmtime": re.compile(r"\b(wasmtime|cranelift|wiggle|wasmparser)"),
}
OTHERS = "libc, std"
CATEGORIES = [*OWNERS, OTHERS]
CHECKED = list(OWNERS)


def owner(function: str) -> str:
    return next((whose for whose, names in OWNERS.items() if names.search(function)), OTHERS)


def self_costs(text: str) -> Counter:
    """Instructions by owner, without those of the functions that a function calls, of a callgrind file."""
    names: dict[str, str] = {}
    costs: Counter = Counter()
    whose = OTHERS
    inclusive = False
    for line in text.splitlines():
        if line.startswith("fn="):
            number, _, name = line[3:].partition(" ")
            if name:
                # A function that calls itself again has a name of its own in the file.
                names[number] = re.sub(r"'\d+$", "", name)
            whose = owner(names[number])
        elif line.startswith(("cfn=", "cfi=", "cfl=", "cob=")):
            number, _, name = line[4:].partition(" ")
            if line.startswith("cfn=") and name:
                names[number] = re.sub(r"'\d+$", "", name)
        elif line.startswith("calls="):
            # The line after it has what the called function took.
            inclusive = True
        elif line[:1] in "0123456789+-*" and line:
            if not inclusive:
                costs[whose] += int(line.split()[1])
            inclusive = False
    return costs


def counted(lines: str) -> Counter:
    """Instructions of a run of these lines, by owner."""
    with tempfile.TemporaryDirectory() as directory:
        script, out = Path(directory, "lines.plugsh"), Path(directory, "callgrind")
        script.write_text(lines + "\n")
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--"]
        # A directory of its own for what is compiled: both runs compile, and no run of someone else's has done it for them.
        command = [PLUGSH, "--no-rc", "--plugins", str(PLUGINS), str(script)]
        environment = {**os.environ, "XDG_CACHE_HOME": directory}
        done = subprocess.run([*tool, *command], capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            sys.exit(f"`{lines}` failed: {done.stderr.strip()[-2000:]}")
        return self_costs(out.read_text())


def per_call(lines: str) -> dict[str, int]:
    few, many = counted(lines.format(n=FEW)), counted(lines.format(n=MANY))
    return {whose: round((many[whose] - few[whose]) / (MANY - FEW)) for whose in CATEGORIES}


def checked_sum(counts: dict[str, int]) -> int:
    return sum(counts[whose] for whose in CHECKED)


def main() -> None:
    parser = argparse.ArgumentParser(prog="count-call")
    parser.add_argument("--check", action="store_true", help="fail when a call is dearer than the committed figure")
    parser.add_argument("--update", action="store_true", help="write what was counted")
    options = parser.parse_args()
    committed = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {}
    print(f"{version()}, instructions of a call by callgrind")
    rows, found = [], {}
    for what, lines in CALLS.items():
        counts = per_call(lines)
        found[what] = counts
        total, checked = sum(counts.values()), checked_sum(counts)
        most = round(checked_sum(committed[what]) * (1 + SLACK)) if what in committed else None
        figures = [f"{count:,}" for count in [*counts.values(), total, checked]]
        rows.append(Row(what, figures, "" if most is None else f"{most:,}", None if most is None else checked <= most))
    print_table(["", *CATEGORIES, "all", "checked", "at most", "met"], rows)
    if options.update:
        COMMITTED.write_text(json.dumps(found, indent=2) + "\n")
    elif options.check and any(row.met is not True for row in rows):
        sys.exit("a call is dearer than the committed figure; if it has to be, `scripts/count-call --update` writes the new one")


main()
