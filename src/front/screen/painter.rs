//! The thread that draws the pane: at most one frame each [`FRAME_PERIOD`], none while nothing changes.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::scene::Redraw;
use super::state::Shared;

/// The shortest time between two frames.
pub const FRAME_PERIOD: Duration = Duration::from_millis(50);
/// Interval at which every cell is written again, to repair a pane that other programs wrote over.
pub const HEAL_PERIOD: Duration = Duration::from_secs(4);
/// The longest time between a key and its frame.
const KEY_PERIOD: Duration = Duration::from_millis(15);

/// Starts the thread. It ends when `shared` is dropped or closed.
///
/// # Errors
/// The thread cannot be started.
pub fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::downgrade(shared);
    thread::Builder::new().name("painter".to_owned()).spawn(move || paint(&shared)).map(drop)
}

fn paint(shared: &Weak<Shared>) {
    let mut healed = Instant::now();
    while let Some(shared) = shared.upgrade() {
        let began = Instant::now();
        shared.follow_window();
        let wanted = if began.duration_since(healed) >= HEAL_PERIOD { Redraw::Always } else { Redraw::IfChanged };
        if wanted == Redraw::Always {
            healed = began;
        }
        // The panic hook has closed the pane; a scene that panicked is not drawn again.
        if catch_unwind(AssertUnwindSafe(|| shared.paint(wanted))).is_err() {
            shared.drop_scene();
        }
        // Frames of a busy scene are FRAME_PERIOD apart; the frame after a key comes sooner.
        thread::sleep(KEY_PERIOD.saturating_sub(began.elapsed()));
        if !shared.wait_for_wake(FRAME_PERIOD.saturating_sub(began.elapsed())) {
            return;
        }
    }
}
