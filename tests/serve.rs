//! A kernel behind a socket: `plugsh serve`, `plugsh attach`, `plugsh ls` and the wire, each in processes of their own.

#[path = "serve/attached.rs"]
mod attached;
#[path = "serve/bounds.rs"]
mod bounds;
#[path = "serve/clients.rs"]
mod clients;
#[path = "serve/documented.rs"]
mod documented;
#[path = "serve/ends.rs"]
mod ends;
#[path = "serve/hostile.rs"]
mod hostile;
#[path = "serve/limits.rs"]
mod limits;
#[path = "serve/served.rs"]
mod served;
#[path = "serve/terminals.rs"]
mod terminals;
#[path = "serve/wire.rs"]
mod wire;

#[path = "common/missing_tool.rs"]
mod missing_tool;
#[path = "pty/mod.rs"]
mod pty;
