//! The wish for a frame of the pane, from any thread to the painter's.

use std::time::Duration;

use crate::locks::{Condvar, Mutex, Rank};

/// A signal to the painter's thread.
pub struct PainterSignal {
    wish: Mutex<Wanted>,
    changed: Condvar,
}

/// The painter's next step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Nothing,
    Frame,
    /// The end of its thread.
    End,
}

impl PainterSignal {
    /// A signal without a wish.
    pub fn new() -> PainterSignal {
        PainterSignal { wish: Mutex::new(Rank::PainterSignal, Wanted::Nothing), changed: Condvar::new() }
    }

    /// Asks for a frame.
    pub fn wake(&self) {
        let mut wish = self.wish.lock();
        if *wish == Wanted::Nothing {
            *wish = Wanted::Frame;
        }
        drop(wish);
        self.changed.notify_all();
    }

    /// Asks the painter's thread to end.
    pub fn end(&self) {
        *self.wish.lock() = Wanted::End;
        self.changed.notify_all();
    }

    /// Waits for a wish, or until a frame is due: after `at_most`, `None`: never. False when the thread is to end.
    pub fn wait(&self, at_most: Option<Duration>) -> bool {
        let mut wish = self.wish.lock();
        if *wish == Wanted::Nothing {
            match at_most {
                Some(at_most) => {
                    self.changed.wait_for(&mut wish, at_most);
                }
                None => self.changed.wait(&mut wish),
            }
        }
        let goes = *wish != Wanted::End;
        if goes {
            *wish = Wanted::Nothing;
        }
        goes
    }
}
