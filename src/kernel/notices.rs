//! Notices for the person at the prompt: a bounded queue.

use crate::locks::{Mutex, Rank};
use std::collections::VecDeque;

/// Notices that wait for the prompt; older ones go first.
const NOTICES_MAX: usize = 100;

/// What waits to be told.
pub struct Notices(Mutex<VecDeque<String>>);

impl Default for Notices {
    fn default() -> Self {
        Notices(Mutex::new(Rank::Notices, VecDeque::new()))
    }
}

impl Notices {
    /// Adds one, in place of the oldest where there are too many.
    pub fn add(&self, notice: String) {
        let mut notices = self.0.lock();
        if notices.len() >= NOTICES_MAX {
            notices.pop_front();
        }
        notices.push_back(notice);
    }

    /// All of them, oldest first; none any more.
    pub fn take(&self) -> Vec<String> {
        self.0.lock().drain(..).collect()
    }
}
