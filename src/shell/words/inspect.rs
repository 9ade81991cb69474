//! Why a process cannot be looked into, in words.

use super::SHELL;
use crate::kernel::NotInspected;
use crate::runtime::inspect::{MemoryError, READ_BYTES_MAX};
use crate::shell::reply::ShellError;
use crate::shell::units::show_bytes;

/// The error of a command that looks into a process.
pub fn not_inspected(why: NotInspected) -> ShellError {
    ShellError::failed(match why {
        NotInspected::Ended => "the process has ended; `ps` lists those that live".to_owned(),
        NotInspected::Running(label) => {
            let name = &label.name;
            format!(
                "`{label}` is in a call; wait for its end, or hold it where it can be looked into, \
                 with `break 'callee={name}' --on return`"
            )
        }
        NotInspected::NoInstance(label) => {
            format!("`{label}` has no instance, as its last call ended that; its next call starts one")
        }
        NotInspected::Host(label) => {
            format!("`{label}` runs in the extism host, which shows no variables or memory; `load --host native` does")
        }
        NotInspected::Private(label) => {
            format!("`{label}` was loaded with `--private`: its variables and memory are not shown")
        }
        NotInspected::Refused(label, failure) => format!("`{label}`: {}", failure.line(SHELL)),
        NotInspected::Memory(label, MemoryError::NotExported) => {
            format!("`{label}` exports no memory that could be shown; `info {}` lists its exports", label.id)
        }
        NotInspected::Memory(label, MemoryError::Beyond { memory_bytes }) => {
            format!("`{label}` has {memory_bytes} (0x{memory_bytes:x}) bytes of memory; that part ends behind them")
        }
        NotInspected::Memory(_, MemoryError::TooLong) => {
            format!("at most {} of memory are shown at once; ask for the rest in parts", show_bytes(READ_BYTES_MAX))
        }
    })
}
