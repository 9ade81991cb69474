//! `help attach`.

use super::topic::Part::{self, *};
use super::topic::Topic;

/// Several terminals and programs on one system of plugins.
pub const ATTACH: Topic = Topic { name: "attach", column: 29, parts: PARTS };

const PARTS: &[Part] = &[
    Text(
        "A shell that serves its processes lets others in: further terminals, scripts, programs of any language. Each \
            has a session of its own, and all see one system.",
    ),
    Blank,
    Heading("From the system's shell"),
    Row("plugsh serve FILE --name shop", "run the file's lines, and stay without a terminal"),
    Row("plugsh ls", "what is served"),
    Row("plugsh attach shop", "a prompt there; without a name where one thing is served"),
    Row("plugsh attach shop FILE", "a script of this side; -c LINES, or lines from standard input"),
    Row("plugsh attach shop --read-only", "look, and change nothing"),
    Row("plugsh call --attach shop P F", "call function F of process P; --input, --stdin, --timeout, --loop, --json"),
    Note("`serve` at a prompt serves the processes that one sits at."),
    Blank,
    Heading("Where things are"),
    Row("at the server", "processes, jobs, trace, breakpoints, faults, stubs, policy; files that lines name"),
    Row("of each session", "variables, aliases, `$_`, `$?`, the job in front, notices, the level of `logs`"),
    Row("on this side", "the editor, history, colours, the pane, scripts, `@-`, and `!programs`"),
    Note("The rc file is not read; `source ~/.config/plugsh/rc` reads it at the server."),
    Blank,
    Heading("Holding, and leaving"),
    Note(
        "A call that a breakpoint holds is told to every session; any of them sees it with `bt` and lets it go on. \
            Ctrl-C ends the line of its own session alone. A client that leaves or dies ends the job it has in front; \
            its background jobs go on, its breakpoints go, and what they held goes on. SIGTERM ends a server: \
            nothing new is begun, jobs have --grace to end, then they are killed.",
    ),
    Blank,
    Heading("Who may come in"),
    Note(
        "The socket is $XDG_RUNTIME_DIR/plugsh/NAME.sock, else plugsh-UID/NAME.sock among the temporary files: for \
            your user alone. `--tcp 127.0.0.1:7070 --token-file FILE` listens on loopback besides, for who knows the \
            file's token: attach and call --attach take 127.0.0.1:7070 for NAME, with --token-file.",
    ),
    Blank,
    Heading("The wire"),
    Note(
        "One JSON object a line, JSON-RPC 2.0: `nc -U` can speak it. The first line says who serves. Bytes are text, \
            or base64 in a field whose name ends in `_base64`; answers are what `--json` prints. `help wire` lists methods, \
            fields, examples and errors.",
    ),
    Note(
        "64 clients, 64 unanswered requests of each, 16 MiB a line. A client that does not read what it is sent is \
            dropped; no call waits for it.",
    ),
];
