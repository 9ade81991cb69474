//! The thread that reads the keyboard while rustyline does not: while a command runs, and while the pane is browsed
//! after a script. F6 and keys for the pane act at once; other keys are type-ahead for the prompt.
//!
//! Keys are read under the screen's lock and only while [`Shared::keys_are_ours`], so the next owner of the terminal
//! gets every later key.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::keyboard::Typed;
use super::scene::{Focus, Key};
use super::state::{Dispatch, Inner, Owner, Shared};
use crate::locks::MutexGuard;

/// Time that a lone Esc waits for the rest of a sequence; for [`rustyline::config::Builder::keyseq_timeout`].
pub const ESC_WAIT_MS: u16 = 60;
/// How long a command must run before its keys are read here. Earlier keys stay in the terminal's queue, where
/// rustyline reads them.
const COMMAND_MIN: Duration = Duration::from_millis(100);
/// The longest wait for keys that are being dispatched.
const DISPATCH_MAX: Duration = Duration::from_secs(2);

/// The result of a wait for a key.
enum Waited {
    Key,
    Nothing,
    /// The terminal was closed.
    Gone,
}

/// Starts the thread, if there is a keyboard.
///
/// # Errors
/// The thread cannot be started.
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
    /// Waits until this thread may read keys.
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
        // The read does not block: in these modes it returns at once when Ctrl-C has emptied the queue.
        let read = rustix::io::read(keyboard, &mut bytes).unwrap_or(0);
        let keys = inner.keys.take(bytes.get(..read).unwrap_or_default());
        self.dispatch(inner, keys);
    }

    fn give_up_key(&self) {
        let mut inner = self.inner();
        let key = inner.keys.give_up();
        self.dispatch(inner, key.into_iter().collect());
    }

    /// Dispatches keys to the pane, the type-ahead or the interrupt handler. The prompt waits meanwhile: see
    /// [`Shared::wait_for_dispatch`].
    fn dispatch(&self, mut inner: MutexGuard<'_, Inner>, keys: Vec<Typed>) {
        if keys.is_empty() {
            return;
        }
        inner.dispatch = Dispatch::Running;
        drop(inner);
        let _over = DispatchGuard(self);
        for typed in keys {
            match (self.focus(), typed.key) {
                (Focus::Pane, Some(key)) => drop(self.key(key)),
                (Focus::Pane, None) => {}
                // The pane is hidden and no prompt follows: any key ends browsing.
                (Focus::Prompt, _) if self.inner().is_browsing() => self.set_focus(Focus::Prompt),
                // Where no pane is possible F6 is type-ahead like any other key.
                (Focus::Prompt, Some(Key::Function(6))) if self.pane_on().is_ok() => self.set_focus(Focus::Pane),
                // Ctrl-C as a byte was typed while rustyline had the terminal; later it is a signal.
                (Focus::Prompt, Some(Key::Ctrl('c'))) => self.interrupted(),
                // A late report of the mouse is no text.
                (Focus::Prompt, _) if typed.bytes.starts_with(b"\x1b[<") => {}
                (Focus::Prompt, _) => self.inner().type_ahead.push(&typed.bytes),
            }
        }
    }

    /// Waits until all keys that were read have been dispatched.
    pub(super) fn wait_for_dispatch(&self, inner: &mut MutexGuard<'_, Inner>) {
        while inner.dispatch == Dispatch::Running {
            if self.turn.wait_for(inner, DISPATCH_MAX).timed_out() {
                return;
            }
        }
    }
}

/// Ends the dispatch on drop, also after a panic.
struct DispatchGuard<'a>(&'a Shared);

impl Drop for DispatchGuard<'_> {
    fn drop(&mut self) {
        self.0.inner().dispatch = Dispatch::Idle;
        self.0.turn.notify_all();
    }
}
