//! The shell: language, commands and sessions. Commands return data, they never print.

pub mod line;
