//! `help`: the table of commands as text, and as the README's table.

mod attach;
mod blocks;
mod debugging;
mod embed;
mod filters;
mod guests;
mod language;
mod project;
mod topic;
pub mod wire;

use super::{Arguments, Command, CommandTable, Group, Run, describe, find, syntax};
use crate::shell::reply::{Line, Paragraph, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::text::{closest, quoted};
use topic::Topic;

/// The topics, in the order in which they are offered.
const TOPICS: [Topic; 9] = [
    language::LANGUAGE,
    blocks::BLOCKS,
    filters::FILTERS,
    debugging::DEBUGGING,
    guests::GUESTS,
    project::PROJECT,
    attach::ATTACH,
    wire::WIRE,
    embed::EMBED,
];

/// The command `help`.
pub static COMMAND: Command = Command {
    name: "help",
    group: Group::Shell,
    summary: "list commands, or explain one",
    description: "`help COMMAND` shows usage, options and examples; so does `COMMAND --help`. `help all` lists every command \
        with what it does, `help language` how lines are written, `help blocks` what `for`, `repeat` and `if` do, \
        `help filters` what EXPR is, `help debugging` how a bug is found, `help guests` what a plugin can call, \
        `help project` what `plugsh.toml` says, `help attach` how several terminals share a system, `help wire` what programs say to a server, `help embed` how a product \
        runs plugins in itself. `help PLUGIN.FUNCTION` shows what a function of a \
        plugin does, and an input to try it with.",
    examples: &[
        "\
        help sleep\n\
        # sleep DURATION\n\
        #\n\
        # `300ms`, `2s`; a bare number is seconds. Ctrl-C ends it.\n\
        #\n\
        # sleep 1ms",
        "\
        help text.count\n\
        # text.count [INPUT]\n\
        #\n\
        # its lines, words, characters and bytes\n\
        #\n\
        # text.count 'two words'",
    ],
    syntax: syntax::<HelpOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct HelpOptions {
    #[arg(value_name = "COMMAND|TOPIC|PLUGIN[.FUNCTION]")]
    command: Option<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<HelpOptions>()?;
    match options.command.as_deref() {
        None => Ok(overview(session.table()).with_json(command_list(session.table()))),
        Some(word) => match about(session.table(), word) {
            Some(reply) => Ok(reply),
            None => super::plugins::help(session, word).unwrap_or_else(|| Err(unknown(session.table(), word))),
        },
    }
}

/// The word that asks for all commands.
const ALL: &str = "all";

/// The words after `help` that are no commands.
pub fn topics() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|topic| topic.name).chain([ALL])
}

/// The help on a command or a topic, or on all commands; `None` where the word is neither.
pub fn about(table: CommandTable, word: &str) -> Option<Reply> {
    if word == ALL {
        return Some(every_command(table).with_json(command_list(table)));
    }
    if let Some(topic) = TOPICS.iter().find(|topic| topic.name == word) {
        let json = serde_json::json!({ "topic": topic.name, "text": topic.text() });
        return Some(Reply::prose(topic.paragraphs()).with_json(json));
    }
    find(table, word).map(describe)
}

/// The command or topic that a word is most likely a slip of.
pub fn closest_topic(table: CommandTable, word: &str) -> Option<&'static str> {
    closest(word, table.iter().map(|command| command.name).chain(topics()))
}

fn unknown(table: CommandTable, word: &str) -> ShellError {
    let hint = match closest_topic(table, word) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`help` lists the commands, `info PLUGIN` the functions of a plugin".to_owned(),
    };
    ShellError::usage(format!("no command or topic `{}`; {hint}", quoted(word)))
}

/// First commands for a newcomer, with their effects.
const FIRST_STEPS: [(&str, &str); 6] = [
    ("plugins", "what can be loaded by name"),
    ("load front", "starts a plugin as a process"),
    ("call front run", "calls a function of it; `front.run` is short for that"),
    ("ps -t", "who spawned whom"),
    ("trace", "every call, nested ones too, with its bytes and its time"),
    ("pane on", "both, live, below the prompt"),
];

/// The overview on one screen: the first steps, and the names of all commands.
pub fn overview(table: CommandTable) -> Reply {
    let mut paragraphs = vec![Paragraph::text("To begin with:")];
    let width = FIRST_STEPS.iter().map(|(step, _)| step.len()).max().unwrap_or(0) + 2;
    for (step, what) in FIRST_STEPS {
        let line = Line::new().with(Role::Code, format!("  {step:<width$}")).plain(what);
        paragraphs.push(Paragraph { line, hang: 2 + width });
    }
    paragraphs.push(Paragraph::default());
    let width = Group::ALL.iter().map(|group| group.title().len()).max().unwrap_or(0) + 2;
    for group in Group::ALL {
        let names: Vec<&str> =
            table.iter().filter(|command| command.group == group).map(|command| command.name).collect();
        let title = Line::new().with(Role::Strong, format!("{:<width$}", group.title()));
        paragraphs.push(Paragraph { line: title.with(Role::Name, names.join(" ")), hang: width });
    }
    paragraphs.push(Paragraph::default());
    let more = [
        "`help COMMAND` explains one, `help all` lists all, `help guests` is on plugins.",
        "`help language` says how lines are written, `help blocks` what `for`, `if` do,",
        "`help filters` what EXPR is, `help debugging` how a bug is found.",
        "Tab completes, Ctrl-R searches; Ctrl-C ends what runs, Ctrl-D leaves.",
    ];
    paragraphs.extend(more.map(Paragraph::text));
    Reply::prose(paragraphs)
}

/// Each command with its summary.
fn every_command(table: CommandTable) -> Reply {
    let width = table.iter().map(|command| command.name.len()).max().unwrap_or(0) + 2;
    let mut paragraphs = Vec::new();
    for group in Group::ALL {
        paragraphs.push(Line::new().with(Role::Strong, group.title()).into());
        for command in table.iter().filter(|command| command.group == group) {
            let name = format!("  {:<width$}", command.name);
            let line = Line::new().with(Role::Name, name).plain(command.summary);
            paragraphs.push(Paragraph { line, hang: 2 + width });
        }
    }
    Reply::prose(paragraphs)
}

/// The commands in JSON.
fn command_list(table: CommandTable) -> serde_json::Value {
    let row = |command: &&Command| {
        serde_json::json!({
            "name": command.name,
            "group": command.group.title(),
            "summary": command.summary,
            "usage": command.usage(),
        })
    };
    table.iter().map(row).collect()
}

/// The README's table of commands.
pub fn markdown_table(table: CommandTable) -> String {
    /// A cell that is wider breaks the table on a page.
    const USAGE_CHARS_MAX: usize = 70;
    let mut text = String::from("| command | what it does |\n|---|---|\n");
    for command in table {
        let usage = command.shape().usage_within(USAGE_CHARS_MAX).replace('|', "\\|");
        text.push_str(&format!("| `{usage}` | {} |\n", command.summary));
    }
    text
}
