//! The room for started calls: how many there may be, and the bytes that they hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::memory_account::MemoryAccount;

/// The room that is taken.
pub struct Rooms {
    /// Started calls that their callers have not joined.
    started: AtomicUsize,
    /// What inputs and outputs of started calls hold.
    account: MemoryAccount,
}

/// The bounds of started calls in all.
#[derive(Clone, Copy)]
pub struct RoomMax {
    pub calls: usize,
    /// Bytes that all processes together may hold, started calls included.
    pub bytes: u64,
}

/// Why a call cannot be started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NoRoom {
    Calls,
    Bytes,
}

/// The place of one started call, until it is closed or dropped.
pub struct Room {
    rooms: Arc<Rooms>,
    bytes: AtomicU64,
    is_open: AtomicBool,
}

impl Rooms {
    /// No call, whose bytes will count for `total_bytes`.
    pub fn new(total_bytes: Arc<AtomicU64>) -> Arc<Rooms> {
        Arc::new(Rooms { started: AtomicUsize::new(0), account: MemoryAccount::new(total_bytes) })
    }

    /// Room for one more started call with an input of so many bytes.
    ///
    /// # Errors
    /// The bound that is met.
    pub fn room(self: &Arc<Self>, bytes: u64, max: RoomMax) -> Result<Room, NoRoom> {
        let more = |started: usize| (started < max.calls).then_some(started + 1);
        self.started.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).map_err(|_| NoRoom::Calls)?;
        // Dropped where the bytes do not fit: gives the call's place back.
        let room = Room { rooms: self.clone(), bytes: AtomicU64::new(0), is_open: AtomicBool::new(true) };
        if room.add(bytes, max.bytes) { Ok(room) } else { Err(NoRoom::Bytes) }
    }

    /// Started calls that their callers have not joined.
    pub fn started_count(&self) -> usize {
        self.started.load(Ordering::Relaxed)
    }
}

impl Room {
    /// Counts more bytes for the call; false when all processes would hold more than `bytes_max`.
    pub fn add(&self, bytes: u64, bytes_max: u64) -> bool {
        let fits = self.rooms.account.commit(bytes, bytes_max);
        if fits {
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// Counts fewer bytes for the call.
    pub fn release(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.rooms.account.uncommit(bytes);
    }

    /// Gives the place and its bytes back, once the call has ended.
    pub fn close(&self) {
        if self.is_open.swap(false, Ordering::Relaxed) {
            self.rooms.account.uncommit(self.bytes.load(Ordering::Relaxed));
            self.rooms.started.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.close();
    }
}
