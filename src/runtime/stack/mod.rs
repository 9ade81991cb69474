//! Where a guest stood when its call failed or was held: frames as the hosts capture them, and what the plugin's own
//! symbols say of them.
//!
//! - `backtrace`: frames as captured, numbers alone. `frame`: frames with functions, files and lines.
//! - `symbols`: from the one to the other, by the module's bytes, read at the first failure.
//! - `language`: the language that a module was compiled from. `role`: whose code a frame is. `blame`: the frame that
//!   an error names.

mod backtrace;
mod blame;
mod frame;
#[cfg(test)]
mod hostile_tests;
mod language;
mod role;
mod symbols;

pub use backtrace::{Backtrace, CodePlace, FRAMES_MAX, RawFrame, StoppedBy};
pub use blame::{is_panic, own_place, place_of};
pub use frame::{FrameRole, GuestFrame};
pub use language::SourceLanguage;
pub use role::role_of;
pub use symbols::Symbols;
