//! `help project`.

use super::topic::Part::{self, *};
use super::topic::Topic;

/// The keys of a project's file.
pub const PROJECT: Topic = Topic { name: "project", column: 27, parts: PARTS };

const PARTS: &[Part] = &[
    Text(
        "`plugsh.toml` says what a system of plugins is started with. It is looked for in the working directory and those \
            above it; `plugsh --project FILE` names another. Its paths begin in its directory.",
    ),
    Blank,
    Row("plugsh up, up", "start it: in a fresh shell, or at the prompt; `up NAME` one plugin and what it needs"),
    Row("plugsh up --serve NAME", "start it without a prompt, for `plugsh attach NAME` (help attach)"),
    Row("plugsh up --check", "start nothing, tell what is wrong; `up --schema` is a JSON schema for editors"),
    Row("plugsh init, init", "write it: from the modules of a directory, or from what is loaded"),
    Row("plugsh test", "run its test files; each begins with its directories, policy and limits"),
    Row("down", "end its plugins, the last one first"),
    Heading("Keys of the file"),
    Row("plugin_dirs = [\"build\"]", "directories in which names of plugins are looked for"),
    Row("policy = \"policy.toml\"", "what plugins may do (help policy); it stays out where another is in force"),
    Row("tests = [\"tests/*.plugsh\"]", "globs of test files"),
    Row("[limits]", "the program's limits for `plugsh up` and `plugsh test`: max_memory = \"2G\" is --max-memory 2G"),
    Row("[plugin.NAME]", "a plugin; NAME is its process's name"),
    Row("[[stub]]", "an answer for a function (help stub)"),
    Heading("Keys of a plugin"),
    Row("source = \"build/a.wasm\"", "a name, a path or a URL; NAME where it is left out"),
    Row("memory_max = \"16M\"", "every option of `load` with `_` for `-` (help load); a flag is true or false"),
    Row("allow_host = [\"a\", \"b\"]", "an option that repeats takes one value or an array"),
    Row("config = { lang = \"en\" }", "and, where it is NAME=VALUE, a table; env, link and import too"),
    Row("link = \"util\"", "a plugin of the project stands for its source"),
    Heading("Keys of a stub"),
    Row("function = \"cart.total\"", "PLUGIN.FUNCTION, or MODULE:FUNCTION of a product's host, with types"),
    Row("answer = { n = 1 }", "a text, or a value that becomes JSON; or echo = true, run = \"COMMANDS\""),
    Row("expr = \"input contains x\"", "the calls that it answers (help filters)"),
    Heading("Values"),
    Row("\"${API_KEY}\"", "a variable of the environment, read when it is used; `$${` is `${`"),
    Note(
        "A plugin that stands in for an import of another, or is linked to it, starts before it; else the order is the \
            file's.",
    ),
    Blank,
    Example(&[
        "!echo '[plugin.shop]' > plugsh.toml",
        "!echo 'source = \"echo\"' >> plugsh.toml",
        "up --check",
        "up",
        "shop.echo hello",
        "down",
    ]),
];
