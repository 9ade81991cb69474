"""Plays scripts/nodes.plugsh with a server and three nodes on loopback. See demo-nodes."""

import subprocess
import sys
import tempfile
from pathlib import Path

from common import PLUGSH
from loopback import nodes, server

NAMES = ["n1", "n2", "n3"]
# The text: this repository's own prose, again and again.
TEXT_BYTES = 12 << 20
# Children of `wordcount` run on the least loaded node; it stays at home itself.
POLICY = """
[[plugin]]
name = "wordcount"
[plugin.children]
on = "n*"
"""


def main() -> None:
    root, picture = Path(sys.argv[1]), sys.argv[2] == "--picture"
    with server() as (_, url), nodes(PLUGSH, url, NAMES), tempfile.TemporaryDirectory() as directory:
        text, policy = Path(directory, "text"), Path(directory, "policy.toml")
        prose = (root / "README.md").read_text() + (root / "plugins" / "README.md").read_text()
        text.write_text(prose * (TEXT_BYTES // len(prose.encode())))
        policy.write_text(POLICY)
        image = root / "scripts" / "nodes.svg" if picture else Path(directory, "nodes.svg")
        watched = ["--pane"] if sys.stdout.isatty() and not picture else []
        command = [PLUGSH, "--nats", url, "--policy", policy, "-e", *watched, root / "scripts" / "nodes.plugsh"]
        sys.exit(subprocess.run([*command, text, image]).returncode)


main()
