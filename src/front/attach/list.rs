//! `plugsh ls`: what is served.

use crate::serve::client::{Served, running};
use crate::shell::ShellError;
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Reply, Role, cell, plain};

const COLUMNS: [Column<Served>; 4] = [
    Column::left("name", |served: &Served| cell(Role::Name, served.name.clone())),
    Column::right("pid", |served: &Served| plain(served.pid.to_string())),
    Column::left("version", |served: &Served| plain(served.plugsh.clone())),
    Column::left("socket", |served: &Served| cell(Role::Dim, served.socket.display().to_string())),
];

/// The servers of the user as a table, or as JSON.
///
/// # Errors
/// The directory of sockets is not the user's own.
pub fn list(json: bool) -> Result<Reply, ShellError> {
    Ok(listing::reply(&running()?, &COLUMNS, json))
}
