//! What more than one command, or a command and the session, puts into words in the same way.

pub mod calls;
pub mod held;
pub mod payload;
pub mod processes;
