//! The live pane.
pub mod keys;
pub mod rates;
pub mod safe;
pub mod snapshot;
pub mod state;
pub mod theme;
pub mod tree;

#[cfg(test)]
pub mod fixture;
