//! `help blocks`.

use super::topic::Part::{self, *};
use super::topic::Topic;

/// Statements that run more than once, or not at all.
pub const BLOCKS: Topic = Topic { name: "blocks", column: 27, parts: PARTS };

const PARTS: &[Part] = &[
    Text(
        "Blocks take lines up to `end`; on one line `;` parts them. They stand wherever a command does, in blocks \
            and `$(...)` too, and `end` may have `> FILE` or `| !COMMAND` behind it.",
    ),
    Blank,
    Example(&["for x in a 'b c' {\"k\": 1}", "  echo.echo $x", "end"]),
    Text("One value a word. An unquoted $(COMMAND) gives one value a line, $@ one an argument."),
    Blank,
    Example(&["repeat 3", "  echo.echo again", "end"]),
    Blank,
    Example(&[
        "if echo.echo x",
        "  echo 'it worked'",
        "else if echo.nope",
        "  echo 'not this'",
        "else",
        "  echo \"neither; the code is $?\"",
        "end",
    ]),
    Text("The condition is a command or a pipe. That it fails is no error; that it was written wrong is one."),
    Blank,
    Text(
        "Beside them: `retry 5 --every 100ms COMMAND` until it succeeds, `time`, `watch`. The shell does no sums: \
            set n $(!echo $((n + 1)))",
    ),
];
