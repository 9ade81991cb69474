//! Tests of ranks and waits.

use super::*;

#[test]
fn locks_are_taken_in_the_order_of_their_ranks() {
    let (slot, frames) = (Mutex::new(Rank::Slot, 1), Mutex::new(Rank::Frames, 2));
    let table = RwLock::new(Rank::Table, 0);
    let reading = table.read();
    let (one, two) = (slot.lock(), frames.lock());
    assert_eq!(*reading + *one + *two, 3);
    drop(one);
    drop(reading);
    drop(two);
    // Released locks may be taken again, in whatever order they were released.
    let _all = (table.write(), slot.lock(), frames.lock());
}

#[test]
#[should_panic(expected = "lock order: Slot is taken while [Frames] are held")]
fn a_lock_that_comes_before_one_that_is_held_is_refused() {
    let (slot, frames) = (Mutex::new(Rank::Slot, ()), Mutex::new(Rank::Frames, ()));
    let _frames = frames.lock();
    let _slot = slot.lock();
}

#[test]
#[should_panic(expected = "lock order: Table is taken while [Table] are held")]
fn two_of_one_rank_are_refused() {
    let table = RwLock::new(Rank::Table, ());
    let _one = table.read();
    let _other = table.read();
}

#[test]
fn a_wait_gives_its_lock_back() {
    let state = std::sync::Arc::new((Mutex::new(Rank::JobEnd, false), Condvar::new()));
    let other = state.clone();
    let mut is_so = state.0.lock();
    let thread = std::thread::spawn(move || {
        *other.0.lock() = true;
        other.1.notify_all();
    });
    while !*is_so {
        state.1.wait(&mut is_so);
    }
    drop(is_so);
    thread.join().unwrap();
}
