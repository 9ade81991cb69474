//! Grows a tree of itself and calls through it: made to be looked at in `ps -t`, `trace` and the pane.
//!
//! The children stay alive and are used again by the next call, which starts only those that it lacks.

use std::hint::black_box;
use std::sync::Mutex;

use extism_pdk::{plugin_fn, Error, FnResult, FromBytes, Json, ToBytes};
use plugsh_guest::Child;
use serde::{Deserialize, Serialize};

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "grows a tree of itself and calls through it";
    run(r#"{"depth":2,"fanout":2}"#): "calls through a tree of this shape, grown where it is missing";
}

const FANOUT_MAX: usize = 1_000;

/// What to grow. `depth` is the levels below the plugin that is called: 0 is that plugin alone.
#[derive(Serialize, Deserialize, FromBytes, ToBytes)]
#[encoding(Json)]
pub struct Shape {
    #[serde(default)]
    depth: u32,
    #[serde(default = "fanout")]
    fanout: usize,
    /// Rounds of a loop that each node runs before it answers, so that there is something to see while it happens.
    #[serde(default)]
    work: u64,
}

fn fanout() -> usize {
    2
}

/// What was called through, the node that answers included.
#[derive(Serialize, Deserialize, FromBytes, ToBytes)]
#[encoding(Json)]
pub struct Size {
    nodes: u64,
    leaves: u64,
}

static CHILDREN: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// Calls through a tree of the given shape, growing it first: `{"depth":3,"fanout":2}` gives `{"nodes":15,"leaves":8}`.
#[plugin_fn]
pub fn run(shape: Shape) -> FnResult<Size> {
    if shape.fanout > FANOUT_MAX {
        return Err(Error::msg(format!("`fanout` is at most {FANOUT_MAX}, not {}", shape.fanout)).into());
    }
    for round in 0..shape.work {
        black_box(round);
    }
    if shape.depth == 0 || shape.fanout == 0 {
        return Ok(Size { nodes: 1, leaves: 1 });
    }

    let below = Shape { depth: shape.depth - 1, ..shape };
    let mut children = CHILDREN.lock().map_err(|_| Error::msg("the last call did not end"))?;
    while children.len() < shape.fanout {
        children.push(Child::new("tree"));
    }
    let mut started = Vec::with_capacity(shape.fanout);
    for child in children.iter_mut().take(shape.fanout) {
        started.push(child.start()?.start("run", &below)?);
    }
    let mut size = Size { nodes: 1, leaves: 0 };
    for (call, child) in started.into_iter().zip(children.iter_mut()) {
        // A child that is gone is replaced by a call.
        let part: Size = call.try_join().or_else(|_| child.call("run", &below))?;
        size.nodes = size.nodes.saturating_add(part.nodes);
        size.leaves = size.leaves.saturating_add(part.leaves);
    }
    Ok(size)
}
