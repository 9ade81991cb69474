//! The instances that a node holds, by number, each for one home.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::lease::Lease;
use crate::locks::{Condvar, Mutex, Rank};
use crate::runtime::Guest;

/// Most instances.
pub const INSTANCES_MAX: usize = 100_000;

/// One instance, and the lease of its memory.
pub struct HeldInstance {
    pub home: u64,
    pub plugin: Arc<str>,
    pub lease: Arc<Lease>,
    guest: Mutex<GuestPlace>,
    changed: Condvar,
}

/// The place of an instance's guest.
enum GuestPlace {
    Here(Box<dyn Guest>),
    /// A call has it.
    InCall,
    Gone,
}

/// An instance as a look finds it.
pub enum Taken {
    Guest(Box<dyn Guest>),
    InCall,
    Gone,
}

impl HeldInstance {
    /// Takes the guest, if no call has it until then; [`HeldInstance::put`] gives it back.
    pub fn take_idle(&self, until: Instant) -> Taken {
        let mut place = self.guest.lock();
        loop {
            match std::mem::replace(&mut *place, GuestPlace::InCall) {
                GuestPlace::Here(guest) => return Taken::Guest(guest),
                GuestPlace::InCall if self.changed.wait_until(&mut place, until).timed_out() => return Taken::InCall,
                GuestPlace::InCall => {}
                GuestPlace::Gone => {
                    *place = GuestPlace::Gone;
                    return Taken::Gone;
                }
            }
        }
    }

    /// Takes the guest for a call, once the call before has given it back; `None`: it is gone.
    pub fn take(&self) -> Option<Box<dyn Guest>> {
        let mut place = self.guest.lock();
        loop {
            match std::mem::replace(&mut *place, GuestPlace::InCall) {
                GuestPlace::Here(guest) => return Some(guest),
                GuestPlace::InCall => self.changed.wait(&mut place),
                GuestPlace::Gone => {
                    *place = GuestPlace::Gone;
                    return None;
                }
            }
        }
    }

    /// Gives the guest back after a call; `None`: it was dropped. One that is not wanted any more is returned.
    pub fn put(&self, guest: Option<Box<dyn Guest>>) -> Option<Box<dyn Guest>> {
        let mut place = self.guest.lock();
        let spare = match (&*place, guest) {
            (GuestPlace::Gone, guest) => guest,
            (_, Some(guest)) => {
                *place = GuestPlace::Here(guest);
                None
            }
            (_, None) => {
                *place = GuestPlace::Gone;
                None
            }
        };
        self.changed.notify_all();
        spare
    }

    /// Takes the guest out for good, to be dropped outside of any lock.
    fn end(&self) -> Option<Box<dyn Guest>> {
        let mut place = self.guest.lock();
        self.changed.notify_all();
        match std::mem::replace(&mut *place, GuestPlace::Gone) {
            GuestPlace::Here(guest) => Some(guest),
            GuestPlace::InCall | GuestPlace::Gone => None,
        }
    }
}

/// The instances.
pub struct Instances {
    held: Mutex<HashMap<u64, Arc<HeldInstance>>>,
    last: AtomicU64,
}

impl Default for Instances {
    fn default() -> Self {
        Instances { held: Mutex::new(Rank::NodeInstances, HashMap::new()), last: AtomicU64::new(0) }
    }
}

/// A new instance before it has a number.
pub struct NewInstance {
    pub home: u64,
    pub plugin: Arc<str>,
    pub lease: Arc<Lease>,
    pub guest: Box<dyn Guest>,
}

impl Instances {
    /// Holds one more, and gives its number.
    ///
    /// # Errors
    /// As many are held as may be; the guest is given back.
    pub fn add(&self, new: NewInstance) -> Result<u64, Box<dyn Guest>> {
        let mut held = self.held.lock();
        if held.len() >= INSTANCES_MAX {
            return Err(new.guest);
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let NewInstance { home, plugin, lease, guest } = new;
        let (guest, changed) = (Mutex::new(Rank::NodeGuest, GuestPlace::Here(guest)), Condvar::new());
        held.insert(number, Arc::new(HeldInstance { home, plugin, lease, guest, changed }));
        Ok(number)
    }

    /// An instance of a home.
    pub fn get(&self, home: u64, number: u64) -> Option<Arc<HeldInstance>> {
        self.held.lock().get(&number).filter(|held| held.home == home).cloned()
    }

    /// Lets go of an instance of a home: what is to be dropped.
    pub fn remove(&self, home: u64, number: u64) -> Option<Box<dyn Guest>> {
        let mut held = self.held.lock();
        if held.get(&number).is_none_or(|held| held.home != home) {
            return None;
        }
        let instance = held.remove(&number);
        drop(held);
        instance?.end()
    }

    /// Lets go of all instances of a home: how many they were, and what is to be dropped. The others end with the calls
    /// that have them.
    pub fn remove_of(&self, home: u64) -> (usize, Vec<Box<dyn Guest>>) {
        let removed: Vec<Arc<HeldInstance>> = {
            let mut held = self.held.lock();
            let numbers: Vec<u64> =
                held.iter().filter(|(_, held)| held.home == home).map(|(number, _)| *number).collect();
            numbers.iter().filter_map(|number| held.remove(number)).collect()
        };
        (removed.len(), removed.iter().filter_map(|held| held.end()).collect())
    }

    /// How many are held, and the bytes of memory that they have committed.
    pub fn figures(&self) -> (usize, u64) {
        let held = self.held.lock();
        (held.len(), held.values().map(|held| held.lease.used_bytes()).sum())
    }
}
