//! `help wire`: the methods of the wire with their fields and examples, what a server says unasked, and the codes of
//! its errors. The tables here are the wire's documentation; the server is tested against them.

use super::topic::Part::{self, *};
use super::topic::{Topic, indented, row};
use crate::shell::reply::Paragraph;

/// The words between a program and a server.
pub const WIRE: Topic = Topic { name: "wire", column: COLUMN, parts: PARTS };

const COLUMN: usize = 15;

/// A method that a client asks for.
pub struct MethodText {
    pub name: &'static str,
    pub summary: &'static str,
    /// Each field with what it holds. All may be left out but those whose text begins with `needed`.
    pub fields: &'static [(&'static str, &'static str)],
    /// Params of the method as JSON, asked in the order of the table of a server without processes.
    pub params: &'static str,
    /// Some of the fields of the result as JSON.
    pub result: &'static str,
}

/// The methods.
pub static METHODS: [MethodText; 13] = [
    MethodText {
        name: "hello",
        summary: "says what the client is: once, before all else, or not at all",
        fields: &[
            ("protocol", "the version of the wire, 1"),
            ("token", "the text of the server's file; on TCP it is asked for"),
            ("access", "\"full\", or \"readonly\": look, and change nothing"),
            ("json", "lines of `run` give values, as after `--json`"),
            ("quiet", "no lines about starts and ends"),
            ("keep_going", "an error does not end the lines after it"),
            ("echo", "each line is shown before it runs"),
            ("interactive", "a person types the lines: notices come between them"),
            ("terminal", "a person reads: `progress` comes, and tables are cut"),
            ("colors", "what is shown may have colours"),
            ("carries_out", "the client answers `program`, `read_input`, `history`, `pane`"),
        ],
        params: r#"{"access": "full", "json": true}"#,
        result: r#"{"protocol": 1, "client": 1}"#,
    },
    MethodText {
        name: "load",
        summary: "starts a plugin as a process",
        fields: &[
            ("source", "needed: a name, a file or a URL"),
            ("name", "the name of the process"),
            ("options", "what stands after `load SOURCE`, a list: [\"--config\", \"a=b\"]"),
        ],
        params: r#"{"source": "echo", "name": "parrot"}"#,
        result: r#"{"id": 1, "name": "parrot"}"#,
    },
    MethodText {
        name: "run",
        summary: "runs lines in the client's session; what they print comes as `show`",
        fields: &[
            ("line", "needed: one line or several, as they are typed"),
            ("variables", "{NAME: TEXT}, set before"),
            ("finish", "waits for the session's background jobs at the end"),
            ("script", "where the lines are from: {name, first_line, arguments, file}"),
        ],
        params: r#"{"line": "parrot.echo hi"}"#,
        result: r#"{"code": 0, "error": null}"#,
    },
    MethodText {
        name: "call",
        summary: "calls a function; a call that fails is an error with outcome and chain",
        fields: &[
            ("plugin", "needed: a process by id or name"),
            ("function", "needed"),
            ("input", "text, or `input_base64`"),
            ("timeout_ms", "0: the limit of the server alone"),
        ],
        params: r#"{"plugin": "parrot", "function": "echo", "input": "hi"}"#,
        result: r#"{"outcome": "ok", "output": "hi", "bytes_out": 2}"#,
    },
    MethodText {
        name: "ps",
        summary: "lists processes, as `ps --json`",
        fields: &[("all", "the dead too")],
        params: "{}",
        result: r#"[{"id": 1, "name": "parrot", "state": "idle", "calls": 2}]"#,
    },
    MethodText {
        name: "calls",
        summary: "the newest records of the trace, oldest first, as `trace --json`",
        fields: &[
            ("after", "records with a greater `seq` alone"),
            ("filter", "EXPR, see `help filters`"),
            ("limit", "at most 10000; without it 1000"),
            ("follow", "those to come are told in `calls`, until `interrupt`"),
        ],
        params: r#"{"filter": "function=echo", "limit": 1}"#,
        result: r#"{"calls": [{"seq": 3, "callee_name": "parrot", "bytes_in": 2}], "last": 3}"#,
    },
    MethodText {
        name: "info",
        summary: "all that is known of a process, as `info --json`; `held_stack`, `held_source` while it is held",
        fields: &[("plugin", "needed: a process by id or name; by id one of the last dead too")],
        params: r#"{"plugin": "parrot"}"#,
        result: r#"{"id": 1, "children": [], "last_error": null, "stack": null, "held_stack": null, "held_source": null}"#,
    },
    MethodText {
        name: "record",
        summary: "one record of the trace with its bytes, stack and log, as `show --json`",
        fields: &[("seq", "needed: its number")],
        params: r#"{"seq": 3}"#,
        result: r#"{"seq": 3, "callee_name": "parrot", "function": "echo", "stack": null, "log": []}"#,
    },
    MethodText {
        name: "snapshot",
        summary: "processes, calls, jobs, starts and ends, log lines of one moment",
        fields: &[
            ("after", "ended calls with a greater `seq` alone"),
            ("limit", "the newest so many calls and log lines; without it 100"),
            ("process", "the id of a process whose functions and children are told"),
        ],
        params: r#"{"after": 3, "process": 1}"#,
        result: r#"{"calls": [], "jobs": [], "breakpoints": 0, "process": {"children": []}}"#,
    },
    MethodText {
        name: "dap",
        summary: "a message of the Debug Adapter Protocol, to an adapter beside the session: `plugsh dap`",
        fields: &[("message", "needed: the message; the adapter's own come as `dap`")],
        params: r#"{"message": {"seq": 1, "type": "request", "command": "initialize", "arguments": {"adapterID": "x"}}}"#,
        result: "{}",
    },
    MethodText {
        name: "complete",
        summary: "the words that fit at a place of a line",
        fields: &[("line", "needed"), ("pos", "the cursor in bytes; without it the end")],
        params: r#"{"line": "kill pa"}"#,
        result: r#"{"start": 5, "candidates": [{"shown": "parrot", "replacement": "parrot "}]}"#,
    },
    MethodText {
        name: "interrupt",
        summary: "Ctrl-C of the session's line; as a notification it has no answer",
        fields: &[
            ("id", "ends the `calls` of that id instead, which follows"),
            ("stop", "Ctrl-Z instead; `taken` says whether the line was put aside"),
        ],
        params: "{}",
        result: "{}",
    },
    MethodText {
        name: "kill",
        summary: "ends a process or a job",
        fields: &[("target", "needed: a process by id or name, or a job as %1"), ("recursive", "those below it too")],
        params: r#"{"target": "parrot"}"#,
        result: r#"{"ended": [{"id": 1, "name": "parrot"}]}"#,
    },
];

/// Messages that a server sends unasked: notifications, and requests to a client that carries them out.
pub const UNASKED: [(&str, &str); 15] = [
    ("hello", "the first line: {protocol, plugsh, name, pid}"),
    ("show", "{run, reply}: what a line prints; `kind` of the reply says what it has"),
    ("notice", "{run, line}: a line for standard error"),
    ("error", "{run, error}: an error after which the lines go on"),
    ("calls", "{id, calls, missed}: records to the `calls` of that id"),
    ("progress", "{run, text}: how far something slow is; null: it is over"),
    ("frame", "{run, frame}: {title, reply} of what is shown again and again"),
    ("clear", "{run}: the screen is to be cleared"),
    ("dap", "{message}: a message of the client's debug adapter"),
    ("bye", "{message}: the server ends, or has no room; then it closes"),
    ("program", "asks: {run, line, arguments, variables, captured, input}; {status, output}"),
    ("read_input", "asks: {run}; {input}, all of the client's standard input"),
    ("history", "asks: {run}; a list of lines"),
    ("pane", "asks: {run, request}; a reply"),
    ("anything else", "is left alone, so that a later server may say more"),
];

/// The codes of errors, with what each says.
pub const ERRORS: [(i64, &str); 10] = [
    (-32_700, "the line is no JSON; the connection stays"),
    (-32_600, "the JSON is no request, or the line is longer than 16 MiB: then it closes"),
    (-32_601, "no such method"),
    (-32_602, "a field is missing, unknown or of another kind"),
    (-32_000, "not now: a limit, a read-only client, a token, a server that ends"),
    (1, "it was tried, and failed"),
    (2, "the words are wrong, as a command line's"),
    (124, "it took longer than its timeout"),
    (130, "it was interrupted"),
    (141, "who reads its output is gone"),
];

const PARTS: &[Part] = &[
    Text(
        "A server's socket (`help attach`) speaks JSON-RPC 2.0, one object a line, in UTF-8, any method at any time; \
            answers come as they are ready, with the id of their request. `plugsh_client.py` among the tests is a \
            client in 60 lines.",
    ),
    Blank,
    Example(&[r#"$ nc -U $XDG_RUNTIME_DIR/plugsh/shop.sock"#, r#"{"jsonrpc":"2.0","id":1,"method":"ps","params":{}}"#]),
    Blank,
    Text(
        "Bytes are text where they are UTF-8, else base64 in a field whose name has `_base64` behind it, in both \
            directions. A result has more fields than its example shows, and later versions add some; a field \
            that a method does not know is an error.",
    ),
    Blank,
    Table(methods),
    Heading("What a server says unasked"),
    Table(unasked),
    Blank,
    Heading("Codes of errors; `message` is one line, `data` what else is known"),
    Table(errors),
    Blank,
    Heading("Bounds"),
    Note(
        "16 MiB a line, 64 clients, 64 unanswered requests of each and 64 lines of `run` that wait, 8 MiB that wait for \
            a client. A client that does not read them is dropped; no call waits for it.",
    ),
];

fn methods() -> Vec<Paragraph> {
    METHODS.iter().flat_map(method).collect()
}

fn method(method: &MethodText) -> Vec<Paragraph> {
    let mut paragraphs = vec![Paragraph::text(format!("{}: {}", method.name, method.summary))];
    paragraphs.extend(method.fields.iter().map(|(name, what)| row(name, what, COLUMN)));
    paragraphs.push(indented(&format!("> {}", method.params)));
    paragraphs.push(indented(&format!("< {}", method.result)));
    paragraphs.push(Paragraph::default());
    paragraphs
}

fn unasked() -> Vec<Paragraph> {
    UNASKED.iter().map(|(name, what)| row(name, what, COLUMN)).collect()
}

fn errors() -> Vec<Paragraph> {
    ERRORS.iter().map(|(code, what)| row(&code.to_string(), what, COLUMN)).collect()
}
