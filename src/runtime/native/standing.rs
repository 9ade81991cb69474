//! Callers that wait in a nested call. Where each stands is asked of its store, and only when somebody wants to know.
//!
//! Guests that call each other run on one thread, so the waiting callers are a list on that thread's stack.

use std::cell::Cell;
use std::ptr::NonNull;

use wasmtime::{AsContext, Caller};

use super::backtrace;
use super::ctx::Ctx;
use crate::runtime::InstanceStack;

/// Most callers that are asked, the innermost first.
const CALLERS_MAX: usize = 64;

thread_local! {
    /// The innermost caller that waits on this thread.
    static INNERMOST: Cell<Option<NonNull<Standing<'static>>>> = const { Cell::new(None) };
}

/// A caller that waits in a nested call, through which alone its `Caller` is used meanwhile.
pub struct Standing<'b> {
    caller: NonNull<Caller<'b, Ctx>>,
    /// The caller that waits for this one.
    outer: Option<NonNull<Standing<'static>>>,
}

impl<'b> Standing<'b> {
    /// Runs `call` with `caller` on the list of those that wait.
    #[inline]
    pub fn during<T>(caller: &mut Caller<'b, Ctx>, call: impl FnOnce(&mut Standing<'b>) -> T) -> T {
        let mut standing = Standing { caller: NonNull::from(caller), outer: INNERMOST.get() };
        let here = NonNull::from(&mut standing);
        let _off = TakenOff(standing.outer);
        INNERMOST.set(Some(here.cast()));
        // SAFETY: `here` points to the local above, which outlives the call and is used through `here` alone.
        call(unsafe { &mut *here.as_ptr() })
    }

    /// The caller, to read.
    #[inline]
    pub fn caller(&self) -> &Caller<'b, Ctx> {
        // SAFETY: made of an exclusive reference that outlives `self`; others on this thread only read through it, in
        // `callers`, which nobody calls while `caller_mut`'s reference is in use.
        unsafe { self.caller.as_ref() }
    }

    /// The caller. Nobody may ask for [`callers`] while the reference is in use.
    #[inline]
    pub fn caller_mut(&mut self) -> &mut Caller<'b, Ctx> {
        // SAFETY: as above; `self` is borrowed exclusively.
        unsafe { self.caller.as_mut() }
    }
}

/// Puts the caller before back on the list, also after a panic.
struct TakenOff(Option<NonNull<Standing<'static>>>);

impl Drop for TakenOff {
    #[inline]
    fn drop(&mut self) {
        INNERMOST.set(self.0);
    }
}

/// Where the callers that wait on this thread stand, the innermost first.
pub fn callers() -> Vec<InstanceStack> {
    let mut stands = Vec::new();
    let mut next = INNERMOST.get();
    while let Some(standing) = next.filter(|_| stands.len() < CALLERS_MAX) {
        // SAFETY: the list has the locals of `during` that are on this thread's stack now: each takes itself off before
        // it goes. Their callers wait in a nested call, below which this runs: nobody changes their stores meanwhile.
        let (caller, outer) = unsafe { ((*standing.as_ptr()).caller.as_ref(), (*standing.as_ptr()).outer) };
        stands.push(stand(caller));
        next = outer;
    }
    stands
}

/// Where the guest of a store stands now, and the callers that wait for it.
pub fn stands(store: impl AsContext<Data = Ctx>) -> Vec<InstanceStack> {
    let mut stands = vec![stand(store)];
    stands.extend(callers());
    stands
}

/// Runs `look` on a caller that waits on this thread, counted outwards from 0, for a debugger that looks into its
/// store. `None` where there is no such caller.
pub fn with_caller<T>(outwards: usize, look: impl FnOnce(&mut Caller<'_, Ctx>) -> T) -> Option<T> {
    let mut next = INNERMOST.get();
    for _ in 0..outwards {
        // SAFETY: as in `callers`.
        next = unsafe { next?.as_ref() }.outer;
    }
    // SAFETY: the list has the locals of `during` that are on this thread's stacks now. The caller waits in a nested
    // call below which this runs, so that no other reference to it is in use; what is borrowed from it meanwhile are
    // bytes of its linear memory, which a debugger only reads.
    let caller = unsafe { &mut *(*next?.as_ptr()).caller.as_ptr() };
    Some(look(caller))
}

fn stand(store: impl AsContext<Data = Ctx>) -> InstanceStack {
    let context = store.as_context();
    let (spec, modules) = (context.data().spec.clone(), context.data().modules.clone());
    InstanceStack { spec, backtrace: backtrace::now(context, &modules) }
}
