//! The cases, a file a subject.

mod blocks;
mod calls;
mod data;
mod freed;
mod http;
mod limits;
mod manifests;
mod modules;
mod plugins;
mod wasi;

use super::case::Case;

/// All of them.
pub fn all() -> Vec<Case> {
    [
        blocks::cases(),
        calls::cases(),
        data::cases(),
        freed::cases(),
        http::cases(),
        limits::cases(),
        manifests::cases(),
        modules::cases(),
        plugins::cases(),
        wasi::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
