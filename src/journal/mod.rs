//! The journal: the bounded log of calls, and the queries over it. Pure data: no plugin, no process, no clock of
//! its own.
//!
//! `record`, `failed_call` and `symbol` describe a call, `payload` has its kept bytes, and `load` the steps of a load.
//! Jobs write to the `ring` through their `lane`s, whose words stand in `lane_buffer`. `filter`, `stats` and `export`
//! work on records, ended or running, from any place. `profile` has stacks with how often they were seen. `units` reads
//! and writes durations, sizes and fuel.

pub mod export;
mod failed_call;
pub mod filter;
pub mod lane;
mod lane_buffer;
pub mod lint;
pub mod load;
pub mod payload;
pub mod profile;
pub mod record;
pub mod ring;
pub mod stats;
mod store;
pub mod symbol;
pub mod units;

pub use failed_call::{ERROR_BYTES_MAX, FailedCall, RecordedError};
pub use filter::{AlsoNamed, Filter, FilterError};
pub use lane::Lane;
pub use load::LoadSteps;
pub use payload::{KeptBytes, KeptState, NodeTime, Payload};
pub use record::{CallStanding, ChangedBy, Growth, Outcome, Record, RecordKind};
pub use ring::{Drained, Followed, Journal, JournalCursor, PayloadSettings, PayloadsOf, merge_running};
pub use symbol::Symbol;
