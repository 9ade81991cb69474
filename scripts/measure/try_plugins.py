"""Runs every plugin of a folder (wasm, wat, and Extism manifests in JSON or TOML) in the native host and in the stock
extism SDK, and says for each file what loads, which functions it has, where the hosts differ and what the messages say.

Each function is called with each input; twice over in the native host, so that an output which is never the same (a
clock, a random number) is not taken for a difference. Files and functions are strangers': a program of its own runs
each file in each host, bounded in time, memory and output. Errors differ when their outcome does; the words of the
two hosts may.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HOSTS = ("native", "extism")
# The inputs of each function: nothing, text, JSON.
INPUTS = ["", "Hello, World!", '{"a": 1}']
CALL_SECONDS = 2
OUTPUT_BYTES_MAX = 256 << 20
MEMORY_MAX = "1G"
SHOWN_CHARS_MAX = 300
COUNTED = ("files", "loaded", "refused", "hosts differ", "crashed", "timed out", "calls", "calls differ")
SUFFIXES = (".wasm", ".wat", ".json", ".toml")


def main():
    options = arguments()
    files = plugins(options.dir)
    if not files:
        print(f"no plugins in `{options.dir}`", file=sys.stderr)
        return 2
    counts = dict.fromkeys(COUNTED, 0)
    for file in files:
        tell(try_file(file, options), counts)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    return 1 if any(counts[what] for what in ("hosts differ", "crashed", "timed out", "calls differ")) else 0


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/try-plugins", description=__doc__, usage=(
        "scripts/try-plugins DIR [--seconds N] [--calls N] [--input TEXT]... [--stub-imports trap|zero] [-- LOAD OPTIONS]"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="PLUGSH=BINARY runs that binary; without it a release build is made. LOAD OPTIONS are given to each `load`.")
    parser.add_argument("dir", metavar="DIR", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="the most time for one file in one host (60)")
    parser.add_argument("--calls", type=int, default=8, help="the most functions of one file that are called (8)")
    parser.add_argument("--input", action="append", help="an input for each function, in place of three common ones")
    parser.add_argument("--stub-imports", choices=["trap", "zero"], help="load what lacks host functions with stubs")
    own, load = sys.argv[1:], []
    if "--" in own:
        at = own.index("--")
        own, load = own[:at], own[at + 1:]
    options = parser.parse_args(own)
    if not options.dir.is_dir():
        parser.error(f"`{options.dir}` is no folder")
    options.load = load + (["--stub-imports", options.stub_imports] if options.stub_imports else [])
    options.inputs = options.input or INPUTS
    return options


def plugins(directory):
    """The files that plugsh could load, in order; of JSON and TOML only those that are manifests by their looks."""
    found = []
    for path in sorted(directory.rglob("*")):
        if path.suffix not in SUFFIXES or not path.is_file() or not str(path).isprintable():
            continue
        if path.suffix in (".json", ".toml"):
            head = path.read_bytes()[: 1 << 20].lstrip()
            if b"wasm" not in head or (path.suffix == ".json" and not head.startswith(b"{")):
                continue
            if path.suffix == ".toml" and b"[[wasm]]" not in head and b"wasm =" not in head:
                continue
        found.append(path)
    return found


class Tried:
    """What came of one file: per host what loading it said, and per round what each call came to."""

    def __init__(self, file):
        self.file, self.refused, self.functions, self.ends, self.calls = file, {}, {}, {}, {}


def try_file(file, options):
    tried = Tried(file)
    for host in HOSTS:
        out, errors, end = run(file, host, ["info p --json"], options)
        if end:
            tried.ends[host] = end
        elif out and "functions" in out[0]:
            tried.functions[host] = out[0]["functions"]
        else:
            tried.refused[host] = message(errors) or "said nothing"
    functions = next(iter(tried.functions.values()), [])[: options.calls]
    if not functions:
        return tried
    pairs = [(function, text) for function in functions for text in options.inputs]
    lines = [f"call p {quoted(function)} --json --timeout {CALL_SECONDS}s -- {quoted(text)}" for function, text in pairs]
    for name, host in (("native", "native"), ("again", "native"), ("extism", "extism")):
        if host in tried.functions:
            out, _, end = run(file, host, lines, options)
            if end and name != "again":
                tried.ends[host] = f"{end} in a call"
            tried.calls[name] = dict(zip(pairs, out))
    return tried


def run(file, host, lines, options):
    """What a plugsh of its own prints for these lines after loading the file: the JSON objects, the errors, and how it
    ended when that was no way to end."""
    load = ["load", f"./{file.name}", "--as", "p", "--host", host, "--memory-max", MEMORY_MAX, *options.load]
    # The load is the script's first line, so that its error is known by its place.
    script = "\n".join([" ".join(map(quoted, load)), *lines, ""])
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors, tempfile.NamedTemporaryFile("w") as source:
        source.write(script)
        source.flush()
        child = subprocess.Popen(
            [os.environ["PLUGSH"], "--no-rc", "--keep-going", source.name], cwd=file.parent, stdout=out,
            stderr=errors, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=bounded)
        end = ""
        try:
            code = child.wait(options.seconds)
            if code < 0:
                end = f"crashed: ended by {signal.Signals(-code).name}"
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            end = f"timed out after {options.seconds:g} s"
        return objects(read(out)), read(errors), end


def bounded():
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES_MAX, OUTPUT_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(file):
    file.seek(0)
    return file.read(OUTPUT_BYTES_MAX).decode("utf-8", "replace")


def objects(text):
    found = []
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def quoted(word):
    return "'" + word.replace("'", "'\"'\"'") + "'" if word == "" or not word.replace("-", "a").isalnum() else word


def message(errors):
    """The first line that is an error of the script, without its place; a panic is one too."""
    lines = [line for line in errors.splitlines() if line.strip()]
    if lines and lines[0].startswith("plugsh: "):
        sys.exit(f"plugsh did not run: {lines[0]}")
    for line in lines:
        place, colon, rest = line.partition(":1: ")
        if colon and "/" in place:
            return rest
    return lines[0] if lines else ""


def compared(end):
    """What of a call's end must be the same in both hosts."""
    if end is None:
        return None
    output = end.get("output") if end.get("output") is not None else end.get("output_base64")
    return (end.get("outcome"), output)


def shown(end):
    if end is None:
        return "no answer"
    outcome, output = compared(end)
    text = end.get("error") or json.dumps(output)
    return f"{outcome}: {text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + '…'}"


def tell(tried, counts):
    counts["files"] += 1
    print(f"{tried.file}")
    for host, end in tried.ends.items():
        counts["timed out" if end.startswith("timed out") else "crashed"] += 1
        print(f"  {host}: {end}")
    refused = set(tried.refused.values())
    if len(tried.refused) == len(HOSTS):
        counts["refused"] += 1
        for text in sorted(refused):
            print(f"  refused: {safe(text)}")
    elif tried.functions:
        counts["loaded"] += 1
        for host, text in tried.refused.items():
            counts["hosts differ"] += 1
            print(f"  only {host} refuses it: {safe(text)}")
    offered = list(tried.functions.values())
    if offered:
        print(f"  functions: {safe(' '.join(offered[0])) or 'none'}")
        if any(functions != offered[0] for functions in offered):
            counts["hosts differ"] += 1
            print(f"  functions in extism: {safe(' '.join(tried.functions['extism']))}")
    tell_calls(tried, counts)
    sys.stdout.flush()


def tell_calls(tried, counts):
    native, again, stock = (tried.calls.get(name, {}) for name in ("native", "again", "extism"))
    told = {}
    for pair in native or stock:
        counts["calls"] += 1
        function, text = pair
        lines = [shown(native.get(pair) or stock.get(pair))]
        varies = compared(native.get(pair)) != compared(again.get(pair))
        # A host that crashed or was stopped has no further answers; that is reported elsewhere.
        if pair in native and pair in stock and not varies and compared(native[pair]) != compared(stock[pair]):
            counts["calls differ"] += 1
            lines.append(f"differs: in the SDK {shown(stock[pair])}")
        told.setdefault((function, *lines), []).append(text)
    for (function, first, *more), inputs in told.items():
        print(f"  {safe(function)} {' '.join(map(repr, inputs))} → {safe(first)}")
        for line in more:
            print(f"    {safe(line)}")


def safe(text):
    """A stranger's text as a terminal may show it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


if __name__ == "__main__":
    sys.exit(main())
