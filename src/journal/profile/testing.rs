//! A small profile for tests of the formats: two plugins, a recursion, an odd name, and time in the host.

use std::time::{Duration, UNIX_EPOCH};

use super::samples::{FrameKind, FrameTable, Profile, ProfileFrame, ProfileStack, Tally, Unseen};

/// Ten samples in ten milliseconds.
pub fn profile() -> Profile {
    let mut table = FrameTable::default();
    let mut stack = |frames: Vec<ProfileFrame>, samples| ProfileStack {
        frames: frames.into_iter().map(|frame| table.number(frame)).collect(),
        samples,
    };
    let front = || vec![call("front", "run"), guest("front", "render", "src/front.rs", 3)];
    let cart = |lines: &[u32]| {
        let sums = lines.iter().map(|line| guest("cart", "sum", "src/cart.rs", *line));
        front().into_iter().chain([call("cart", "total")]).chain(sums).collect::<Vec<_>>()
    };
    let host = vec![call("front", "run"), unseen("front", Unseen::Host)];
    let stacks = vec![stack(front(), 1), stack(cart(&[9, 9]), 5), stack(cart(&[9, 8]), 2), stack(host, 2)];
    Profile {
        started_at: UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        duration: Duration::from_millis(10),
        hertz: 1000,
        looks: 10,
        tally: Tally { guest: 8, host: 2, ..Tally::default() },
        frames: table.into_frames(),
        stacks,
    }
}

/// One stack with names that formats must escape or replace.
pub fn hostile() -> Profile {
    let frames = vec![call("a;b", "c d"), guest("a;b", "<script>\u{202e};x\n", "a\"b.rs", 1)];
    let stacks = vec![ProfileStack { frames: vec![0, 1], samples: 3 }];
    Profile { frames, stacks, tally: Tally { guest: 3, ..Tally::default() }, ..profile() }
}

fn call(plugin: &str, function: &str) -> ProfileFrame {
    ProfileFrame { plugin: plugin.into(), function: function.into(), kind: FrameKind::Call, file: None, line: None }
}

fn unseen(plugin: &str, what: Unseen) -> ProfileFrame {
    ProfileFrame { function: what.as_str().into(), kind: FrameKind::Unseen(what), ..call(plugin, "") }
}

fn guest(plugin: &str, function: &str, file: &str, line: u32) -> ProfileFrame {
    let kind = FrameKind::Guest { inlined: false };
    ProfileFrame { kind, file: Some(file.into()), line: Some(line), ..call(plugin, function) }
}
