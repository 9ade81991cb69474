//! `bt`: where a held job stands.

use serde_json::{Map, Value, json};

use super::{Arguments, Command, Example, Group, Run, syntax};
use crate::kernel::hooks::{HeldView, HoldReason};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::words::held::held_lines;
use crate::shell::words::payload::insert_json;

pub static COMMAND: Command = Command {
    name: "bt",
    group: Group::Debugging,
    summary: "show where a held job stands",
    description: "Its chain of calls, the input of the held call (and its output or error, after it), and what bounds it. \
        Takes the newest held job, or `%N`.",
    examples: &[Example {
        lines: "load front\nbreak 'callee=count_vowels'\ncall front run abc\nbt\nfinish\nbt\ncontinue",
        output: "1:front\nbreakpoint 1: before callee=count_vowels\n\
            %1 is held before 2:count_vowels.count_vowels (breakpoint 1)\n  chain   1:front.run → 2:count_vowels.count_vowels\n  \
            input   3 bytes: abc\n  limits  depth 2 of 64\n\
            %1 is held after 2:count_vowels.count_vowels (a step)\n…\n  output  43 bytes: {…}\n…\n{…}",
    }],
    syntax: syntax::<BtWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct BtWords {
    #[arg(value_name = "%JOB")]
    job: Option<String>,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<BtWords>()?;
    let (_, view) = session.held_job(words.job.as_deref())?;
    Ok(match session.wants_json(words.json) {
        true => Reply::Json(json_view(&view)),
        false => Reply::Lines(held_lines(&view)),
    })
}

fn json_view(view: &HeldView) -> Value {
    let frame = |frame: &crate::kernel::FrameView| {
        let (seq, function, depth) = (frame.seq, &frame.function, frame.depth);
        json!({ "seq": seq, "id": frame.process.id, "name": frame.process.name, "function": function, "depth": depth })
    };
    let breakpoint = if let HoldReason::Breakpoint(id) = view.reason { Some(id) } else { None };
    let mut object = Map::new();
    object.insert("job".into(), json!(view.job));
    object.insert("side".into(), json!(view.side.as_str()));
    object.insert("breakpoint".into(), json!(breakpoint));
    object.insert("elapsed_ms".into(), json!(view.held_for.as_millis() as u64));
    object.insert("chain".into(), view.chain.iter().map(frame).collect());
    object.insert("bytes_in".into(), json!(view.input.full_len));
    insert_json(&mut object, "input", Some(&view.input));
    object.insert("bytes_out".into(), json!(view.output.as_ref().map(|output| output.full_len)));
    insert_json(&mut object, "output", view.output.as_ref());
    object.insert("error".into(), json!(view.error));
    object.insert("time_left_ms".into(), json!(view.limits.time_left.map(|left| left.as_millis() as u64)));
    object.insert("depth_max".into(), json!(view.limits.depth_max));
    object.insert("memory_bytes_max".into(), json!(view.limits.memory_bytes_max));
    object.insert("fuel".into(), json!(view.limits.fuel));
    object.into()
}
