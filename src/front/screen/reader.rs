//! The thread that reads the keyboard while rustyline does not: a command runs, or a script has ended and the pane is looked
//! at. F6 and what is typed into the pane act at once; everything else waits for the prompt.
//!
//! A key is read under the screen's lock and only while [`Shared::keys_are_ours`]: whoever takes the terminal after that
//! gets every key that comes.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::MutexGuard;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::keyboard::Typed;
use super::scene::{Focus, Key};
use super::state::{Inner, Owner, Shared};

/// For [`rustyline::config::Builder::keyseq_timeout`]: so long a lone Esc waits for the rest of a sequence.
pub const ESC_WAIT_MS: u16 = 60;
/// A command that is over sooner leaves its keys to the kernel, from where rustyline reads them itself.
const COMMAND_MIN: Duration = Duration::from_millis(100);
/// The longest wait for the reader to be through with keys that it has.
const DISPATCH_MAX: Duration = Duration::from_secs(2);

/// What became of waiting for a key.
enum Waited {
    Key,
    Nothing,
    /// The terminal is gone.
    Gone,
}

/// Starts the thread, where there is a keyboard to read.
pub fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let Some(keyboard) = &shared.keyboard else { return Ok(()) };
    let keyboard = keyboard.try_clone()?;
    let shared = Arc::downgrade(shared);
    thread::Builder::new().name("keys".to_owned()).spawn(move || read(&shared, &keyboard)).map(drop)
}

fn read(shared: &Weak<Shared>, keyboard: &OwnedFd) {
    let mut lone_key_wait = None;
    loop {
        match shared.upgrade() {
            Some(shared) => shared.wait_for_turn(),
            None => return,
        }
        let waited = wait_for_key(keyboard, lone_key_wait);
        let Some(shared) = shared.upgrade() else { return };
        match waited {
            Waited::Key => shared.take_keys(keyboard),
            Waited::Nothing => shared.give_up_key(),
            Waited::Gone => return shared.set_focus(Focus::Prompt),
        }
        let waits = shared.inner().keys.waits();
        lone_key_wait = waits.then_some(Duration::from_millis(ESC_WAIT_MS.into()));
    }
}

fn wait_for_key(keyboard: &OwnedFd, at_most: Option<Duration>) -> Waited {
    let mut polled = [PollFd::new(keyboard, PollFlags::IN)];
    let at_most = at_most.and_then(|wait| Timespec::try_from(wait).ok());
    match poll(&mut polled, at_most.as_ref()) {
        Ok(0) => Waited::Nothing,
        Ok(_) if polled[0].revents().contains(PollFlags::IN) => Waited::Key,
        Ok(_) => Waited::Gone,
        Err(rustix::io::Errno::INTR) => Waited::Nothing,
        Err(_) => Waited::Gone,
    }
}

impl Shared {
    /// Waits until the keys are this thread's to read.
    fn wait_for_turn(&self) {
        let mut inner = self.inner();
        loop {
            let left = match inner.owner {
                Owner::Pane => return,
                Owner::Command => COMMAND_MIN.saturating_sub(inner.owner_since.elapsed()),
                Owner::Prompt | Owner::Program => Duration::MAX,
            };
            if left.is_zero() {
                return;
            }
            if left == Duration::MAX {
                self.turn.wait(&mut inner);
            } else {
                self.turn.wait_for(&mut inner, left);
            }
        }
    }

    fn keys_are_ours(inner: &Inner) -> bool {
        match inner.owner {
            Owner::Pane => true,
            Owner::Command => inner.owner_since.elapsed() >= COMMAND_MIN,
            Owner::Prompt | Owner::Program => false,
        }
    }

    fn take_keys(&self, keyboard: &OwnedFd) {
        let mut inner = self.inner();
        if !Shared::keys_are_ours(&inner) {
            return;
        }
        let mut bytes = [0; 1024];
        // The modes make it return at once when Ctrl-C has emptied the queue.
        let read = rustix::io::read(keyboard, &mut bytes).unwrap_or(0);
        let keys = inner.keys.take(bytes.get(..read).unwrap_or_default());
        self.dispatch(inner, keys);
    }

    fn give_up_key(&self) {
        let mut inner = self.inner();
        let key = inner.keys.give_up();
        self.dispatch(inner, key.into_iter().collect());
    }

    /// Each key to whom it is for. The prompt waits meanwhile: see [`Shared::wait_for_dispatch`].
    fn dispatch(&self, mut inner: MutexGuard<'_, Inner>, keys: Vec<Typed>) {
        if keys.is_empty() {
            return;
        }
        inner.dispatching = true;
        drop(inner);
        let _over = DispatchGuard(self);
        for typed in keys {
            match (self.focus(), typed.key) {
                (Focus::Pane, Some(key)) => drop(self.key(key)),
                (Focus::Pane, None) => {}
                // There is nothing to look at, and nobody else who waits for it.
                (Focus::Prompt, _) if self.inner().is_browsing() => self.set_focus(Focus::Prompt),
                // Where there can be no pane the key waits for the prompt like any other.
                (Focus::Prompt, Some(Key::Function(6))) if self.pane_on().is_ok() => self.set_focus(Focus::Pane),
                // It was typed while rustyline still had the terminal, or it would have come as a signal.
                (Focus::Prompt, Some(Key::Ctrl('c'))) => self.interrupted(),
                (Focus::Prompt, _) => self.inner().type_ahead.push(&typed.bytes),
            }
        }
    }

    /// Waits until every key that was read before now is where it belongs.
    pub(super) fn wait_for_dispatch(&self, inner: &mut MutexGuard<'_, Inner>) {
        while inner.dispatching {
            if self.turn.wait_for(inner, DISPATCH_MAX).timed_out() {
                return;
            }
        }
    }
}

/// Ends the dispatch however it ends.
struct DispatchGuard<'a>(&'a Shared);

impl Drop for DispatchGuard<'_> {
    fn drop(&mut self) {
        self.0.inner().dispatching = false;
        self.0.turn.notify_all();
    }
}
