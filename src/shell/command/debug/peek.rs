//! `peek`: a part of a process's memory.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::ProcessId;
use crate::shell::dump::hex_dump_at;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::shell::units::parse_size;
use crate::shell::words::not_inspected;
use crate::text::quoted;

/// The command `peek`.
pub static COMMAND: Command = Command {
    name: "peek",
    group: Group::Debugging,
    summary: "show a part of a process's memory",
    description: "Rows of offset, hexadecimal and text of the linear memory that the plugin exports. OFFSET and LENGTH are \
        numbers, `0x` ones or sizes as `64k`; at most 1 MiB is shown at once. `--raw` writes the bytes themselves. A process \
        can be looked into between calls, and while its own call is held at a breakpoint: `break EXPR --on return` holds \
        it when it has ended, and of a job that is held in a plugin's code all plugins of its stack that can be stopped are seen.",
    examples: &["\
        load front\n\
        # 1:front\n\
        peek front 0x100000 16\n\
        # 00100000  …"],
    syntax: syntax::<PeekWords>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct PeekWords {
    #[arg(value_name = "PROCESS")]
    process: String,
    #[arg(value_name = "OFFSET", value_parser = parse_offset)]
    offset: u64,
    #[arg(value_name = "LENGTH", value_parser = parse_offset, default_value = "256")]
    length: u64,
    /// write the bytes and no rows
    #[arg(long)]
    raw: bool,
    /// write JSON
    #[arg(long)]
    json: bool,
}

/// Reads an offset or a length: `0x1f`, or as a size.
fn parse_offset(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let read = digits.map_or_else(|| parse_size(text).ok(), |digits| u64::from_str_radix(digits, 16).ok());
    read.ok_or_else(|| format!("`{}` is no number of bytes; write `4096`, `0x1f00` or `64k`", quoted(text)))
}

/// A part of a memory in JSON.
#[derive(Serialize)]
struct Part {
    id: ProcessId,
    offset: u64,
    length: u64,
    memory_bytes: u64,
    base64: String,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<PeekWords>()?;
    let id = session.process(&words.process)?;
    let part = session.kernel().read_memory(id, words.offset, words.length).map_err(not_inspected)?;
    if session.wants_json(words.json) {
        let PeekWords { offset, length, .. } = words;
        let base64 = STANDARD.encode(&part.bytes);
        return Ok(Reply::json(&Part { id, offset, length, memory_bytes: part.memory_bytes, base64 }));
    }
    if words.raw {
        return Ok(Reply::Output { bytes: part.bytes.into(), raw: true });
    }
    Ok(Reply::text(&hex_dump_at(words.offset, &part.bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_numbers_of_three_kinds() {
        assert_eq!([parse_offset("10"), parse_offset("0x1F"), parse_offset("2k")], [Ok(10), Ok(31), Ok(2048)]);
        assert!(parse_offset("0xg").is_err_and(|why| why.contains("0x1f00")));
    }
}
