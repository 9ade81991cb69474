//! `help language`.

use super::topic::Part::{self, *};
use super::topic::Topic;

/// Syntax of lines.
pub const LANGUAGE: Topic = Topic { name: "language", column: 27, parts: PARTS };

const PARTS: &[Part] = &[
    Heading("Words"),
    Row("load echo; ps", "a command and its words; `;` or a new line ends it"),
    Row("# to the line's end", "a comment"),
    Row("'as it is'  \"a $x\\n\"", "quotes; the second kind knows $ and \\n \\t \\\\ \\\" \\$ \\xNN"),
    Heading("INPUT of a call, one word"),
    Row("call cart add {\"n\": 1}", "JSON as it stands, over several lines if need be"),
    Row("echo.echo @FILE", "the bytes of a file; @- those of standard input"),
    Row("echo.echo -5", "a number below zero, which is no option"),
    Row("echo.echo <<END", "the lines up to one that is just END; in <<\"END\" $ is expanded"),
    Row("echo.echo --hex 0aff", "bytes"),
    Heading("Variables"),
    Row("set x VALUE; echo $x", "one value, any bytes, never split; ${x} where letters follow"),
    Row("$_, $?", "what the last call, pipe or program gave; the last command's code"),
    Row("$1, $2, $@, $DIR", "a script's arguments (plugsh FILE ARG...), its directory"),
    Row("$env.HOME", "a variable of the environment"),
    Row(
        "call a f $(call b g)",
        "a command's output: as INPUT every byte, as a word without its last newlines; $_ and | have every byte too",
    ),
    Heading("Where output goes"),
    Row("call a f x | call b g", "to the next plugin"),
    Row("call a f x | !jq .", "to a program of the system"),
    Row("ps > FILE, ps >> FILE", "to a file, replaced only when the command succeeds"),
    Row(
        "COMMAND --json",
        "one JSON value of any command (trace, logs: one a line); plugsh --json: of each that nothing captures; \
            errors stay lines of standard error",
    ),
    Heading("Files"),
    Row("~, ~/x, @~/x", "the home directory, where an unquoted word names a file"),
    Heading("Programs of the system"),
    Row(
        "!COMMAND",
        "runs one: all to the line's end is the system shell's, its `;` `|` `>` too, also behind another command: \
            time !COMMAND, retry 3 !COMMAND; variables and arguments are there by their names: !echo \"$x $1\" $_ \
            keeps the first 16 MiB of what it prints; at a terminal, which it has for itself, nothing: $_ stays what \
            the call before it gave",
    ),
    Heading("Names and figures"),
    Row("1, front, 1:front", "a process; %2 is a job"),
    Row("front.run x", "short for: call front run x"),
    Row("call a f x &", "in the background: jobs, wait %2, fg %2, kill %2"),
    Row("300ms 2s 1m30s, 64k 10M", "durations and sizes; a bare number is milliseconds, of sleep, watch -n seconds"),
];
