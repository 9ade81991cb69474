"""Builds the sampler of each language and prints how it fares: whether it builds, does what tests/languages says in the
native host and in the stock extism SDK, gives the same in both, names the place of its trap; what a call takes, and 1 MiB
there and back; and the size of its modules.

Exit codes: 0 all is well, 1 something is not, 2 a toolchain is missing.
"""

import argparse
import http.server
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from common import PLUGSH, bench, machine, version

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "plugins/wasm/guests", ROOT / "target/guests")
HOSTS = ("native", "extism")
# Each language with the scripts of tests/languages that hold of it beside `all`.
LANGUAGES = {
    "c": ["asserts"],
    "cpp": ["asserts"],
    "zig": ["typed", "bounds"],
    "assemblyscript": ["bounds"],
    "go": ["typed", "bounds"],
    "javascript": ["typed", "bounds"],
    "rust": ["typed"],
}
TITLES = ["language", "builds", "runs", "agrees", "trap names", "call", "1 MiB", "size"]
SCRIPT_SECONDS_MAX = 300
# A line of `logs`: what a guest wrote to standard error is among those of the native host alone, so that it is left out.
LOG_LINE = re.compile(rb"(?m)^ *\d+\.\d+s \w+ +1:s (?:(greets Ada)$|.*\n)")


@dataclass
class Tried:
    language: str
    builds: str = "no"
    runs: str = ""
    agrees: str = ""
    trap: str = ""
    call: str = ""
    large: str = ""
    size: str = ""
    problems: list[str] = field(default_factory=list)

    def cells(self):
        return [self.language, self.builds, self.runs, self.agrees, self.trap, self.call, self.large, self.size]


class Server(http.server.BaseHTTPRequestHandler):
    """Answers with method, `x-from` and body of the request, and a header, as the one of tests/languages.rs."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
        text = f"POST [{self.headers['x-from']}] {body}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.send_header("x-answer", 'a "pong"')
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(prog="scripts/try-guests", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="PLUGSH=BINARY runs that binary; without it a release build is made. GUEST_TOOLS is as for scripts/build-guests.")
    parser.add_argument("language", nargs="*", help=f"one of {' '.join(LANGUAGES)}; without one it is all")
    languages = parser.parse_args().language or list(LANGUAGES)
    for language in languages:
        if language not in LANGUAGES:
            parser.error(f"unknown language `{language}`; one of {' '.join(LANGUAGES)}")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tried = [try_language(language, f"http://127.0.0.1:{server.server_port}/") for language in languages]
    print(f"{version()}, {machine()}\n")
    print_columns([TITLES, *(one.cells() for one in tried)])
    for one in tried:
        for problem in one.problems:
            print(f"\n{one.language}: {problem}")
    if any(one.builds == "no" for one in tried):
        return 2
    return 1 if any(one.problems for one in tried) else 0


def try_language(language, url):
    tried = Tried(language)
    built = subprocess.run([ROOT / "scripts/build-guests", "--check", language], capture_output=True, text=True)
    if built.returncode != 0:
        tried.problems.append(built.stderr.strip())
        if built.returncode == 1:
            tried.builds = "stale"
    else:
        tried.builds = "yes"
    plugin = sampler(language)
    if plugin is None:
        return tried
    outputs = {host: [run(plugin, host, script, url, tried) for script in ["all", *LANGUAGES[language]]] for host in HOSTS}
    tried.runs = "yes" if None not in outputs["native"] else "NO"
    tried.agrees = "yes" if outputs["native"] == outputs["extism"] else "NO"
    if tried.agrees == "NO":
        tried.problems.append("the hosts print different things")
    places = {host: place_of_trap(plugin, host) for host in HOSTS}
    tried.trap = places["native"] if places["native"] == places["extism"] else "NO"
    if tried.trap == "NO":
        tried.problems.append(f"the place of the trap: {places}")
    load = f"load {plugin} --as s"
    tried.call = f"{middle(load, 's count_vowels Hello'):.1f} µs"
    tried.large = f"{middle(load, 's echo --size 1M') / 1000:.2f} ms"
    tried.size = f"{sum(module.stat().st_size for module in modules(plugin)) / 1024:.0f} KiB"
    return tried


def sampler(language):
    """The module or the manifest of a language's sampler: the committed one, or the one that was built."""
    files = (folder / f"{language}.{kind}" for folder in FOLDERS for kind in ("wasm", "json"))
    return next((file for file in files if file.is_file()), None)


def modules(plugin):
    """The files that a sampler consists of: a manifest's modules lie beside it, under names that begin with its own."""
    if plugin.suffix == ".wasm":
        return [plugin]
    return [file for file in plugin.parent.iterdir() if file.name.startswith(f"{plugin.stem}-")]


def run(plugin, host, script, url, tried):
    """What a script of expectations prints, its log lines without times; `None` where it fails."""
    variables = {"plugin": plugin, "name": plugin.stem, "host": host, "url": url}
    words = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "63").write_bytes(bytes(range(63)))
        Path(directory, "mib").write_bytes(bytes(range(256)) * 4096)
        command = [PLUGSH, "--no-rc", "--plugins", plugin.parent, *words, ROOT / f"tests/languages/{script}.plugsh"]
        done = subprocess.run(command, cwd=directory, capture_output=True, timeout=SCRIPT_SECONDS_MAX)
    if done.returncode != 0:
        tried.problems.append(f"`{script}` in {host}: {done.stderr.decode(errors='replace').strip()}")
        return None
    return LOG_LINE.sub(rb"\1", done.stdout)


def place_of_trap(plugin, host):
    """The file and line that the error of a panic names; `NO` where it names none."""
    commands = f"load {plugin} --as s --host {host}; s.crash XX"
    done = subprocess.run([PLUGSH, "--no-rc", "-c", commands], capture_output=True, text=True)
    place = re.search(r"panicked at (\S+:\d+): no rate for `XX`", done.stderr)
    return place.group(1) if place else "NO"


def middle(setup, words):
    """The median of a call, in microseconds."""
    return bench(setup, words)["rows"][0]["p50_us"]


def print_columns(lines):
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        texts = [cell.ljust(width) for cell, width in zip(line[:5], widths[:5])]
        figures = [cell.rjust(width) for cell, width in zip(line[5:], widths[5:])]
        print("  ".join(texts + figures).rstrip())


if __name__ == "__main__":
    sys.exit(main())
