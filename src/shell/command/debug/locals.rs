//! `locals` and `print`: the variables of a frame of a job that is held in a plugin's code.

use serde_json::json;

use super::{Arguments, Command, Group, Run, syntax};
use crate::runtime::stopping::WasmValue;
use crate::runtime::variables::{Value, Variable, Variables};
use crate::shell::command::job_args::HeldJobArg;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::words::variables::variable_error;
use crate::text::quoted;

/// The command `locals`.
pub static LOCALS: Command = Command {
    name: "locals",
    group: Group::Debugging,
    summary: "show the variables of a stopped frame",
    description: "Of a job that is held in a plugin's code: the parameters and variables of the chosen frame (see `frame`), \
        by the plugin's debug information. A variable that the compiler keeps nowhere at this place says \
        `<optimised out>`. `--wasm` shows the engine's own locals and operands, which every plugin has.",
    examples: &[stopped_example!("locals --wasm\n# …\n")],
    syntax: syntax::<LocalsWords>(),
    run: Run::Plain(run_locals),
};

/// The command `print`.
pub static PRINT: Command = Command {
    name: "print",
    group: Group::Debugging,
    summary: "show one variable of a stopped frame, or a part of it",
    description: "NAME is a variable of the chosen frame, and the way to a part of it: `cart.items[2].name`, `*next`. Parts \
        of parts are folded; a longer way opens them.",
    examples: &[stopped_example!("print total\n# …\n")],
    syntax: syntax::<PrintWords>(),
    run: Run::Plain(run_print),
};

#[derive(Debug, clap::Args)]
struct LocalsWords {
    /// the engine's locals and operands
    #[arg(long)]
    wasm: bool,
    #[command(flatten)]
    held: HeldJobArg,
    /// write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct PrintWords {
    #[arg(value_name = "NAME[.PART]")]
    path: String,
    #[command(flatten)]
    held: HeldJobArg,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run_locals(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<LocalsWords>()?;
    let (_, view) = session.held_job(words.held.job.as_deref())?;
    let frame = session.chosen_frame(&view)?;
    if words.wasm {
        let (locals, operands) = session.look_at_frame(&view, &frame, |_, _, frame| frame.values().clone())?;
        return Ok(wasm_reply(&locals, &operands));
    }
    let inlined = frame.inlined;
    let read = session.look_at_frame(&view, &frame, move |module, point, frame| {
        Variables::of(&module.bytes).in_scope(point.pc, inlined, frame)
    })?;
    let variables = read.map_err(|why| variable_error("", &why))?;
    if session.wants_json(words.json) {
        return Ok(Reply::json(&variables));
    }
    if variables.is_empty() {
        return Ok(Reply::Lines(vec![Line::new().with(Role::Dim, "no variables here")]));
    }
    Ok(Reply::Lines(variables.iter().map(variable_line).collect()))
}

fn variable_line(variable: &Variable) -> Line {
    let role = if matches!(variable.value, Value::OptimisedOut | Value::Unreadable) { Role::Dim } else { Role::Code };
    Line::new().with(Role::Name, &variable.name).plain(" = ").with(role, variable.value.to_string())
}

fn wasm_reply(locals: &[WasmValue], operands: &[WasmValue]) -> Reply {
    let row = |name: String, value: &WasmValue| {
        Line::new()
            .with(Role::Name, name)
            .plain(format!(": {} = ", value.type_name()))
            .with(Role::Code, value.to_string())
    };
    let of = |word: &str, values: &[WasmValue]| -> Vec<Line> {
        values.iter().enumerate().map(|(index, value)| row(format!("{word} {index}"), value)).collect()
    };
    let mut lines = of("local", locals);
    lines.extend(of("operand", operands));
    Reply::Lines(lines).with_json(json!({ "locals": locals, "operands": operands }))
}

fn run_print(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<PrintWords>()?;
    let (_, view) = session.held_job(words.held.job.as_deref())?;
    let frame = session.chosen_frame(&view)?;
    let (inlined, path) = (frame.inlined, words.path.clone());
    let read = session.look_at_frame(&view, &frame, move |module, point, frame| {
        Variables::of(&module.bytes).value(point.pc, inlined, &path, frame)
    })?;
    let value = read.map_err(|why| variable_error(&words.path, &why))?;
    if session.wants_json(words.json) {
        return Ok(Reply::json(&value));
    }
    let line = Line::new().with(Role::Name, quoted(&words.path)).plain(" = ").with(Role::Code, value.to_string());
    Ok(Reply::Lines(vec![line]))
}
