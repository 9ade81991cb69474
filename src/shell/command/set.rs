//! `set`: variables.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::front::PaneRequest;
use crate::shell::line::{is_variable_name, quote};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::{EditMode, Session};
use crate::shell::source_text::SourceMap;
use crate::text::closest;

/// The command `set`.
pub static COMMAND: Command = Command {
    name: "set",
    group: Group::Scripting,
    summary: "set a variable, or list them",
    description: "`$NAME` is then VALUE: one value, any bytes, never split or read again. VALUE is written as INPUT is: a \
        word, JSON, `@FILE`, `@-` or a here-document. Without words it lists all; `-d` forgets one. `$_` is what \
        the last call, pipe or program gave, `$?` 0 or the code of the last failure; `$1`, `$2` and `$@` \
        are a script's arguments, `$DIR` is its directory, `$env.HOME` is of the environment. A program (`!COMMAND`) has \
        the variables in its environment. `set -o vi` gives the prompt vi's keys, `set -o emacs` those that it begins \
        with; the rc file is the place for it. `set mouse off` leaves the mouse to the terminal while the pane has the \
        keys. `set source-map FROM=TO` says where source files are whose paths begin with FROM, `set -d source-map` forgets it.",
    examples: &["\
        set name 'Ada Lovelace'\n\
        echo \"hello $name\"\n\
        # hello Ada Lovelace\n\
        set\n\
        # set name 'Ada Lovelace'"],
    syntax: syntax::<SetOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct SetOptions {
    #[arg(value_name = "VARIABLE")]
    name: Option<String>,
    #[arg(id = "input", value_name = "VALUE")]
    value: Option<String>,
    /// forget it
    #[arg(short = 'd', long)]
    delete: bool,
    /// the keys of the line editor
    #[arg(short = 'o', long, value_name = "KEYS")]
    option: Option<EditMode>,
    /// list them in JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    if let Some(assignment) = assignment(&arguments) {
        return Err(assignment.refusal());
    }
    let (options, value) = arguments.parse::<SetOptions>()?;
    if let Some(keys) = options.option {
        if options.name.is_some() || options.delete {
            return Err(ShellError::usage("`set -o emacs` and `set -o vi` take no VARIABLE"));
        }
        session.settings_mut().edit_mode = keys;
        return Ok(Reply::done(serde_json::json!({ "keys": keys })));
    }
    if options.name.as_deref() == Some(SOURCE_MAP) {
        return source_map(session, value.as_deref(), &options);
    }
    match (options.name, value) {
        (Some(name), None) if options.delete => match session.unset(&name) {
            true => {
                apply_setting(session, &name, None);
                Ok(Reply::done(serde_json::json!({ "unset": name })))
            }
            false => Err(not_set(session, &name)),
        },
        (_, _) if options.delete => Err(ShellError::usage("`set -d` wants just a VARIABLE")),
        (None, _) if session.wants_json(options.json) => {
            let variables = session.variables().iter().map(|(name, value)| Variable::of(name, value));
            Ok(Reply::json(&variables.collect::<Vec<_>>()))
        }
        (None, _) => Ok(Reply::Lines(session.variables().iter().map(|(name, value)| line(name, value)).collect())),
        (Some(name), None) => {
            let value = session.variables().get(&name);
            let value = value.ok_or_else(|| {
                let setting = SETTINGS.iter().find(|setting| setting.variable == name);
                let advice =
                    setting.map_or_else(|| format!("write `set {name} VALUE`"), |setting| setting.help.to_owned());
                ShellError::failed(format!("`${name}` is not set; {advice}"))
            })?;
            if session.wants_json(options.json) {
                return Ok(Reply::json(&Variable::of(&name, value)));
            }
            Ok(Reply::Lines(vec![line(&name, value)]))
        }
        (Some(name), Some(value)) => {
            let json = serde_json::to_value(Variable::of(&name, &value)).unwrap_or_default();
            session.set(&name, value.clone())?;
            apply_setting(session, &name, Some(&value));
            Ok(Reply::done(json))
        }
    }
}

/// Sets, lists or forgets where source files are.
fn source_map(session: &mut Session, value: Option<&[u8]>, options: &SetOptions) -> Result<Reply, ShellError> {
    let Some(value) = value else {
        if options.delete {
            session.jobs().forget_source_maps();
            return Ok(Reply::done(serde_json::json!({ "unset": SOURCE_MAP })));
        }
        let maps = session.jobs().sources().maps.clone();
        if session.wants_json(options.json) {
            return Ok(Reply::json(&maps));
        }
        let written = |map: &SourceMap| format!("{}={}", map.from, map.to.display()).into_bytes();
        return Ok(Reply::Lines(maps.iter().map(|map| line(SOURCE_MAP, &written(map))).collect()));
    };
    let map = std::str::from_utf8(value).ok().and_then(SourceMap::parse).filter(|_| !options.delete);
    let map = map.ok_or_else(|| ShellError::usage("write `set source-map FROM=TO`, or `set -d source-map`"))?;
    let json = serde_json::json!({ "source_map": &map });
    session.jobs().add_source_map(map);
    Ok(Reply::done(json))
}

/// The setting of where source files are, which is no variable.
const SOURCE_MAP: &str = "source-map";

/// The error of `set -d` for a variable that is not set.
fn not_set(session: &Session, name: &str) -> ShellError {
    let near = closest(name, session.variables().keys().map(String::as_str));
    let way_on = near.map_or_else(|| "`set` lists those that are".to_owned(), |near| format!("did you mean `{near}`?"));
    ShellError::failed(format!("`${name}` is not set; {way_on}"))
}

/// A variable that plugsh itself reads.
struct Setting {
    variable: &'static str,
    /// The setting's purpose; the description of `set` has it too.
    help: &'static str,
    /// Applies its value; `None`: it was forgotten.
    apply: fn(&mut Session, Option<&[u8]>),
}

const SETTINGS: [Setting; 1] = [Setting {
    variable: "mouse",
    help: "`set mouse off` leaves the mouse to the terminal while the pane has the keys",
    apply: |session, value| {
        // Where there is no pane there is no mouse.
        let _ = session.front().pane(PaneRequest::Mouse(value != Some(b"off")));
    },
}];

/// Applies the setting that the variable is, if it is one.
fn apply_setting(session: &mut Session, variable: &str, value: Option<&[u8]>) {
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.variable == variable) {
        (setting.apply)(session, value);
    }
}

/// An assignment as other shells and languages write it.
struct Assignment {
    /// The words as typed, with a blank between each.
    typed: String,
    /// True where the value is more than one word.
    is_spaced: bool,
    name: String,
    value: String,
}

/// The parts of `x=5`, `x= 5` and `x = 5`, and of one whose value is several words.
fn assignment(arguments: &Arguments) -> Option<Assignment> {
    let first = arguments.positional(0)?;
    let second = arguments.positional(1).map(str::to_owned);
    let words: Vec<String> = second.into_iter().chain(arguments.extra_words()).collect();
    let (name, value) = match (first.split_once('='), words.split_first()) {
        (Some((name, "")), Some(_)) => (name, words.join(" ")),
        (Some((name, value)), None) => (name, value.to_owned()),
        (None, Some((sign, value))) if sign == "=" && !value.is_empty() => (first, value.join(" ")),
        _ => return None,
    };
    let typed = std::iter::once(first).chain(words.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    is_variable_name(name).then(|| Assignment { typed, is_spaced: !words.is_empty(), name: name.to_owned(), value })
}

impl Assignment {
    fn refusal(&self) -> ShellError {
        let (typed, name, value) = (&self.typed, &self.name, quote(self.value.as_bytes()));
        let why = if self.is_spaced { ": `set` takes no `=`" } else { " is no name for a variable" };
        ShellError::usage(format!("`{typed}`{why}; write `set {name} {value}`"))
    }
}

/// A variable in JSON: its bytes as text where they are, else in base64.
#[derive(Serialize)]
struct Variable<'a> {
    name: &'a str,
    value: Option<&'a str>,
    value_base64: Option<String>,
}

impl Variable<'_> {
    fn of<'a>(name: &'a str, value: &'a [u8]) -> Variable<'a> {
        let text = std::str::from_utf8(value);
        let value_base64 = text.is_err().then(|| STANDARD.encode(value));
        Variable { name, value: text.ok(), value_base64 }
    }
}

/// The variable as the `set` that would be typed.
fn line(name: &str, value: &[u8]) -> Line {
    Line::new().plain("set ").with(Role::Name, name).plain(format!(" {}", quote(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_is_in_the_help() {
        for Setting { variable, help, .. } in SETTINGS {
            assert!(COMMAND.description.contains(help), "`help set` does not say what `{variable}` does");
        }
    }
}
