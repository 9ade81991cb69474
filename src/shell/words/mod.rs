//! Texts that more than one command, or a command and the session, share; and the texts of data from the rooms below:
//! the one place where a sentence names a command or an option on behalf of the kernel or a host.

pub mod about;
mod advice;
pub mod calls;
pub mod code;
pub mod held;
pub mod hold_error;
mod imports;
mod inspect;
pub mod limits;
pub mod lint;
mod notices;
pub mod payload;
pub mod processes;
pub mod stack;
pub mod variables;

pub use advice::{ONE_CALL, SHELL};
pub use inspect::not_inspected;
pub use limits::{flag_of, limit_error};
pub use notices::notice_text;
