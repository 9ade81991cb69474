//! `help`: the table of commands as text, and as the README's table.

use super::{Arguments, Command, Example, Group, Run, TABLE, did_you_mean, syntax};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;

pub const COMMAND: Command = Command {
    name: "help",
    group: Group::Shell,
    summary: "list commands, or explain one",
    description: "`help COMMAND` shows usage, options and examples; so does `COMMAND --help`. `help debugging` walks through \
        finding a bug.",
    examples: &[Example {
        lines: "help sleep",
        output: "sleep DURATION\n\n`300ms`, `2s`; a bare number is milliseconds. Ctrl-C ends it.\n\n$ sleep 1ms",
    }],
    syntax: syntax::<HelpOptions>,
    run: Run::Plain(run),
};

/// Where the lines of a description are broken.
const TEXT_WIDTH: usize = 100;

#[derive(Debug, clap::Args)]
struct HelpOptions {
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

fn run(_: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<HelpOptions>()?;
    let Some(name) = options.command else { return Ok(Reply::Lines(overview())) };
    if name == "debugging" {
        return Ok(Reply::text(DEBUGGING));
    }
    match Command::find(&name) {
        Some(command) => Ok(help_of(command)),
        None => {
            let near = did_you_mean(&name, TABLE.iter().map(|command| command.name));
            let hint = if near.is_empty() { "; `help` lists them" } else { &near };
            Err(ShellError::usage(format!("no command `{name}`{hint}")))
        }
    }
}

/// `help debugging`: the tools in the order in which a bug is found with them.
const DEBUGGING: &str = "\
See what happens
  trace                                    every call, nested ones too
  trace -e 'outcome!=ok or duration>5ms'   only some: caller callee function outcome depth job bytes_in bytes_out duration
  trace payloads 4k 16M                    keep inputs and outputs; show SEQ prints them
  stats --by function, stats --hist        where the time and the bytes go
  export run.json, run.svg, run.mmd        for Perfetto, as a flame graph, as a diagram; export --otlp URL

Stop where it happens
  break 'reducer.reduce and bytes_in>1k'   then: bt, step, next, finish, set-input, return, fail, continue
  breaks, delete N                         list them, take them away; --on return holds after, --do runs commands

Change what happens
  inject mapper.map error='no disk'        faults: error, delay, drop-output, trap; faults lists them
  stub mapper.map = '{}'                   answer in a plugin's place; stubs, unstub

Do it again
  record FILE, record off, replay FILE     the same calls on fresh processes; replay SEQ one call
  expect, expect-json, expect-error,
  expect-calls, expect-duration,
  expect-tree                              say what must hold; plugsh test FILE... --junit FILE checks it

Try it, in a fresh shell, on two bugs of wordcount. One is planted by a stub: the second mapper counts nothing but `the`
  load wordcount
  stub mapper-2.map = {\"the\": 1}
  trace payloads 64k                       keep the bytes from now on
  wordcount.run 'the cat and the dog'      the total is wrong
  trace -e depth=2                         who was called with how much; the number in front is for show
  show 10 --input                          what the reducer was given: a part lacks words
  show 6                                   the mapper that gave it: there it is

The other one is planted by a fault: every third answer of a mapper is lost, and the error blames the reducer
  unstub --all
  inject mapper*.map drop-output when=3+3
  wordcount.run 'the cat and the dog'
  trace -e 'outcome=ok and bytes_out=0'    who answered nothing
  break 'mapper*.map and bytes_out=0' --on return
  wordcount.run 'the cat and the dog'      held at the next one, before the reducer sees it
  return {\"dog\": 1}                       answer in its place; the run goes on";

fn overview() -> Vec<Line> {
    let width = TABLE.iter().map(|command| command.name.len()).max().unwrap_or(0) + 2;
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(Line::new().with(Role::Strong, group.title()));
        for command in TABLE.iter().filter(|command| command.group == group) {
            let name = format!("  {:<width$}", command.name);
            lines.push(Line::new().with(Role::Name, name).plain(command.summary));
        }
    }
    lines.push(Line::new());
    lines.push(
        Line::new().plain("`help COMMAND` explains one; ").plain("`PLUGIN.FUNCTION INPUT` is short for `call`; "),
    );
    lines.push(Line::new().plain("`help debugging` walks through finding a bug."));
    lines.push(Line::new().plain("`!COMMAND` runs a program of the system; `> FILE` keeps any output."));
    lines
}

/// All that is known of one command.
pub fn help_of(command: &Command) -> Reply {
    let shape = command.shape();
    let mut lines = vec![Line::new().with(Role::Code, command.usage()), Line::new()];
    lines.extend(wrapped(command.description).into_iter().map(Line::from));
    let width = shape.options.iter().map(|option| option.usage().len()).max().unwrap_or(0) + 2;
    if !shape.options.is_empty() {
        lines.push(Line::new());
    }
    for option in &shape.options {
        lines.push(Line::new().with(Role::Name, format!("  {:<width$}", option.usage())).plain(option.help.clone()));
    }
    for example in command.examples {
        lines.push(Line::new());
        lines.extend(example.lines.lines().map(|line| Line::new().with(Role::Dim, "$ ").with(Role::Code, line)));
        lines.extend(example.output.lines().map(Line::from));
    }
    Reply::Lines(lines)
}

/// Breaks sentences into lines.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.chars().count() + word.chars().count() + 1 > TEXT_WIDTH {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// The README's table of commands.
pub fn markdown_table() -> String {
    let mut text = String::from("| command | what it does |\n|---|---|\n");
    for command in TABLE {
        let usage = command.usage().replace('|', "\\|");
        text.push_str(&format!("| `{usage}` | {} |\n", command.summary));
    }
    text
}
