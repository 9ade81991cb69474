//! `vars`: the variables that a process keeps in its host.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::KeptBytes;
use crate::kernel::ProcessId;
use crate::runtime::inspect::Variable;
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Reply, Role, ShellError, cell, one_line, plain};
use crate::shell::session::Session;
use crate::shell::units::parse_hex;
use crate::shell::words::not_inspected;
use crate::shell::words::payload::preview;
use crate::text::{closest, quoted};

/// The command `vars`.
pub static COMMAND: Command = Command {
    name: "vars",
    group: Group::Debugging,
    summary: "show or set a process's variables",
    description: "The variables that a plugin keeps in its host (`var_get` and `var_set` of Extism). Without KEY all are \
        listed, with KEY that one's bytes are written, with VALUE it is set, within the limits that the plugin itself has \
        (`load --var-max`); `-d` takes it away. A process can be looked into between calls, and while its own call is \
        held at a breakpoint.",
    examples: &["\
        load count_vowels\n\
        # 1:count_vowels\n\
        count_vowels.count_vowels abc\n\
        # {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}\n\
        vars count_vowels\n\
        # KEY  VALUE\n\
        # total  8 bytes: …\n\
        vars count_vowels total --hex '29 00 00 00 00 00 00 00'\n\
        count_vowels.count_vowels abc\n\
        # {\"count\":1,\"total\":42,\"vowels\":\"aeiouAEIOU\"}"],
    syntax: syntax::<VarsWords>(),
    run: Run::Plain(run),
};

/// Bytes of a value that its row may show.
const PREVIEW_BYTES_MAX: u64 = 1024;

#[derive(Debug, clap::Args)]
struct VarsWords {
    #[arg(value_name = "PROCESS")]
    process: String,
    #[arg(value_name = "KEY")]
    key: Option<String>,
    #[arg(id = "input", value_name = "VALUE")]
    value: Option<String>,
    /// VALUE is hexadecimal
    #[arg(long)]
    hex: bool,
    /// take it away
    #[arg(short = 'd', long)]
    delete: bool,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, value) = arguments.parse::<VarsWords>()?;
    let id = session.process(&words.process)?;
    let json = session.wants_json(words.json);
    match (&words.key, value) {
        (Some(key), None) if words.delete => {
            one(session, id, key)?;
            session.kernel().set_variable(id, key, None).map_err(not_inspected)?;
            Ok(Reply::done(serde_json::json!({ "id": id, "deleted": key })))
        }
        (_, _) if words.delete => Err(ShellError::usage("`vars -d` wants a PROCESS and a KEY")),
        (Some(key), Some(value)) => {
            let value = if words.hex { parse_hex(&value).map_err(ShellError::usage)? } else { value };
            session.kernel().set_variable(id, key, Some(&value)).map_err(not_inspected)?;
            Ok(Reply::done(serde_json::json!({ "id": id, "key": key, "bytes": value.len() })))
        }
        (Some(key), None) => {
            let variable = one(session, id, key)?;
            match json {
                true => Ok(Reply::json(&VariableRow::of(&variable))),
                false => Ok(Reply::Output { bytes: variable.1.as_slice().into(), raw: false }),
            }
        }
        (None, _) => {
            let variables = session.kernel().variables(id).map_err(not_inspected)?;
            match json {
                true => Ok(Reply::json(&variables.iter().map(VariableRow::of).collect::<Vec<_>>())),
                false => Ok(Reply::Table(listing::table(&variables, &COLUMNS))),
            }
        }
    }
}

/// One variable; the error for a missing one names a close key.
fn one(session: &Session, id: ProcessId, key: &str) -> Result<Variable, ShellError> {
    let variables = session.kernel().variables(id).map_err(not_inspected)?;
    let near = closest(key, variables.iter().map(|(key, _)| key.as_str())).map(str::to_owned);
    variables.into_iter().find(|(known, _)| known == key).ok_or_else(|| {
        let way_on = match near {
            Some(near) => format!("did you mean `{}`?", quoted(&near)),
            None => format!("`vars {id}` lists those it has"),
        };
        let label = session.label(id);
        ShellError::failed(format!("`{label}` has no variable `{}`; {way_on}", quoted(key)))
    })
}

const COLUMNS: [Column<Variable>; 2] = [
    Column::left("key", |variable: &Variable| cell(Role::Name, one_line(&variable.0))),
    Column::left("value", |variable: &Variable| plain(preview(&KeptBytes::keep(&variable.1, PREVIEW_BYTES_MAX)))),
];

/// A variable in JSON: its bytes as text where they are, else in base64.
#[derive(Serialize)]
struct VariableRow<'a> {
    key: &'a str,
    bytes: usize,
    value: Option<&'a str>,
    value_base64: Option<String>,
}

impl VariableRow<'_> {
    fn of((key, value): &Variable) -> VariableRow<'_> {
        let text = std::str::from_utf8(value).ok();
        let value_base64 = text.is_none().then(|| STANDARD.encode(value.as_slice()));
        VariableRow { key, bytes: value.len(), value: text, value_base64 }
    }
}
