//! `call`: a function of a plugin, or a pipe of them. The session runs it.

use super::{Command, Group, Run, syntax};
use crate::shell::call_options::CallOptions;

/// The command `call`.
pub static COMMAND: Command = Command {
    name: "call",
    group: Group::Plugins,
    summary: "call a function of a plugin",
    description: "INPUT is one word, JSON as it is typed, `@FILE`, `@-` (standard input) or a here-document (`<<END`). \
        `PLUGIN.FUNCTION INPUT` is short for it. `call a f x | call b g` feeds one plugin's output to the next; \
        `| !COMMAND` hands it to a program; `&` runs it in the background, Ctrl-Z moves it there at the prompt; `> FILE` keeps it.",
    examples: &[
        "\
        load echo\n\
        # 1:echo\n\
        call echo echo 'hello there'\n\
        # hello there\n\
        echo.echo {\"n\": 1}\n\
        # {\"n\": 1}\n\
        call echo ehco hi\n\
        # no function `ehco` in `1:echo`; did you mean `echo`?",
        "\
        load echo\n\
        # 1:echo\n\
        call echo echo --hex '68 69'\n\
        # hi",
    ],
    syntax: syntax::<CallOptions>(),
    run: Run::Call,
};
