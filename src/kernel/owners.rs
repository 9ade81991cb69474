//! Who has jobs in a kernel: for each owner the notices that wait, and the log level that it wants.

use std::collections::{BTreeMap, VecDeque};

use super::notices::Notice;
use super::view::OwnerId;
use crate::locks::{Mutex, Rank};
use crate::runtime::LogLevel;

/// Most notices that wait for one owner; the oldest are dropped first.
const NOTICES_MAX: usize = 100;

/// The owners: the first, and those who came and have not left.
pub struct Owners(Mutex<Present>);

struct Present {
    owners: BTreeMap<OwnerId, Owner>,
    next: u32,
}

struct Owner {
    notices: VecDeque<Notice>,
    log_level: LogLevel,
}

impl Default for Owner {
    fn default() -> Self {
        Owner { notices: VecDeque::new(), log_level: LogLevel::Info }
    }
}

impl Default for Owners {
    fn default() -> Self {
        let owners = BTreeMap::from([(OwnerId::FIRST, Owner::default())]);
        Owners(Mutex::new(Rank::Notices, Present { owners, next: OwnerId::FIRST.0 + 1 }))
    }
}

impl Owners {
    /// Adds an owner.
    pub fn add(&self) -> OwnerId {
        let mut present = self.0.lock();
        let id = OwnerId(present.next);
        present.next = present.next.wrapping_add(1).max(1);
        // A new owner starts with the first one's log level.
        let log_level = present.owners.get(&OwnerId::FIRST).map_or(LogLevel::Info, |first| first.log_level);
        present.owners.insert(id, Owner { log_level, ..Owner::default() });
        id
    }

    /// Removes an owner, with the notices that wait; returns the lowest log level of the others.
    pub fn remove(&self, owner: OwnerId) -> LogLevel {
        let mut present = self.0.lock();
        if owner != OwnerId::FIRST {
            present.owners.remove(&owner);
        }
        present.lowest_log_level()
    }

    /// Adds a notice for everybody; a full queue drops its oldest.
    pub fn notify(&self, notice: &Notice) {
        self.notify_but(None, notice);
    }

    /// Adds a notice for everybody but one.
    pub fn notify_but(&self, but: Option<OwnerId>, notice: &Notice) {
        let mut present = self.0.lock();
        let others = present.owners.iter_mut().filter(|(id, _)| Some(**id) != but);
        others.for_each(|(_, owner)| owner.notify(notice.clone()));
    }

    /// Adds a notice for one owner; for the first where that one has left.
    pub fn notify_one(&self, owner: OwnerId, notice: Notice) {
        let mut present = self.0.lock();
        let id = if present.owners.contains_key(&owner) { owner } else { OwnerId::FIRST };
        if let Some(owner) = present.owners.get_mut(&id) {
            owner.notify(notice);
        }
    }

    /// Removes and returns the notices of an owner, oldest first.
    pub fn take(&self, owner: OwnerId) -> Vec<Notice> {
        self.0.lock().owners.get_mut(&owner).map(|owner| owner.notices.drain(..).collect()).unwrap_or_default()
    }

    /// The log level that an owner wants.
    pub fn log_level(&self, owner: OwnerId) -> LogLevel {
        self.0.lock().owners.get(&owner).map_or(LogLevel::Info, |owner| owner.log_level)
    }

    /// Sets the log level that an owner wants; returns the lowest of all.
    pub fn set_log_level(&self, owner: OwnerId, level: LogLevel) -> LogLevel {
        let mut present = self.0.lock();
        if let Some(owner) = present.owners.get_mut(&owner) {
            owner.log_level = level;
        }
        present.lowest_log_level()
    }
}

impl Present {
    fn lowest_log_level(&self) -> LogLevel {
        self.owners.values().map(|owner| owner.log_level).min().unwrap_or(LogLevel::Info)
    }
}

impl Owner {
    fn notify(&mut self, notice: Notice) {
        if self.notices.len() >= NOTICES_MAX {
            self.notices.pop_front();
        }
        self.notices.push_back(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_owner_reads_for_itself() {
        let owners = Owners::default();
        let second = owners.add();
        let held = |job| Notice::Held { job };
        owners.notify(&held(1));
        owners.notify_one(second, held(2));
        owners.notify_but(Some(second), &held(3));
        assert_eq!(owners.take(second), [held(1), held(2)]);
        owners.remove(second);
        owners.notify_one(second, held(4));
        assert_eq!((owners.take(OwnerId::FIRST), owners.take(second)), (vec![held(1), held(3), held(4)], vec![]));
    }

    #[test]
    fn queues_are_bounded() {
        let owners = Owners::default();
        (0..200).for_each(|job| owners.notify(&Notice::Held { job }));
        assert_eq!(owners.take(OwnerId::FIRST).len(), NOTICES_MAX);
    }

    #[test]
    fn the_lowest_level_that_anybody_wants_is_kept() {
        let owners = Owners::default();
        let second = owners.add();
        assert_eq!(owners.set_log_level(second, LogLevel::Debug), LogLevel::Debug);
        assert_eq!(owners.set_log_level(OwnerId::FIRST, LogLevel::Error), LogLevel::Debug);
        assert_eq!(owners.remove(second), LogLevel::Error);
    }
}
