//! What is checked of the stock host alone: that kills and failures come through the SDK whole.

pub type Check = (&'static str, fn());

pub const ALL: &[Check] = &[];
