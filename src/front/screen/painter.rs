//! The thread that draws the pane: at most twenty frames a second, and none while nothing changes.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::scene::Redraw;
use super::state::Shared;

/// The shortest time from one frame to the next.
pub const FRAME_PERIOD: Duration = Duration::from_millis(50);
/// How often every cell is written again, to heal what others wrote over the pane.
pub const HEAL_PERIOD: Duration = Duration::from_secs(4);
/// How long a key waits for its frame at most.
const KEY_PERIOD: Duration = Duration::from_millis(15);

/// Starts the thread. It ends when `shared` goes or is closed.
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
        // The panic hook has closed the pane by then; a scene that cannot be drawn is not tried again.
        if catch_unwind(AssertUnwindSafe(|| shared.paint(wanted))).is_err() {
            shared.drop_scene();
        }
        // Frames of a busy scene stay apart by their period; a key's frame need not wait that long.
        thread::sleep(KEY_PERIOD.saturating_sub(began.elapsed()));
        if !shared.wait_for_wake(FRAME_PERIOD.saturating_sub(began.elapsed())) {
            return;
        }
    }
}
