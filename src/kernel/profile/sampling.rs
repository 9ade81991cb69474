//! The thread that samples the chains of a kernel, and the chains' part of it.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::collector::{Collector, Segment, SegmentPlace};
use super::resolved::resolved;
use crate::journal::profile::{Profile, Unseen};
use crate::journal::{Filter, Symbol};
use crate::kernel::Kernel;
use crate::kernel::chain::Chain;
use crate::kernel::frame::Activity;
use crate::kernel::process::Process;
use crate::kernel::task::Task;
use crate::runtime::Backtrace;
use crate::text::io_cause;

/// Options of a profile.
#[derive(Debug, Clone)]
pub struct ProfileOptions {
    /// Looks per second, at least 1.
    pub hertz: u32,
    /// Only chains with a call that it matches; a call is compared with what it has so far.
    pub of: Option<Filter>,
}

/// Why no profile is taken.
#[derive(Debug)]
pub enum ProfileError {
    /// Another one is being taken.
    Running,
    NoThread(io::Error),
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProfileError::Running => f.write_str("a profile is being taken already"),
            ProfileError::NoThread(error) => write!(f, "cannot start a thread: {}", io_cause(error)),
        }
    }
}

/// A profile that is being taken. It ends when this is dropped.
pub struct ProfileRun {
    kernel: Arc<Kernel>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Kernel {
    /// Starts to profile all chains of this kernel.
    ///
    /// # Errors
    /// Another profile is being taken, or no thread can be started.
    pub fn start_profile(self: &Arc<Self>, options: ProfileOptions) -> Result<ProfileRun, ProfileError> {
        let hertz = options.hertz.max(1);
        {
            let mut collecting = self.collecting().0.lock();
            if collecting.is_some() {
                return Err(ProfileError::Running);
            }
            *collecting = Some(Collector::new(hertz, options.of.map(Arc::new)));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let mut run = ProfileRun { kernel: self.clone(), stop: stop.clone(), thread: None };
        let kernel = Arc::downgrade(self);
        let period = Duration::from_secs(1) / hertz;
        let thread = std::thread::Builder::new().name("plugsh-profile".into());
        let spawned = thread.spawn(move || look_until(&kernel, &stop, period));
        run.thread = Some(spawned.map_err(ProfileError::NoThread)?);
        Ok(run)
    }

    /// Looks at every chain once: guests that run take a sample at their next check.
    fn ask_chains(&self) {
        let of = {
            let mut collecting = self.collecting().0.lock();
            let Some(collector) = collecting.as_mut() else { return };
            collector.looks += 1;
            collector.of.clone()
        };
        let mut runs = false;
        for chain in self.chain_table().all() {
            runs |= self.ask_chain(&chain, of.as_deref());
        }
        if runs {
            self.images().interrupt_epoch();
        }
    }

    /// True when the chain runs.
    fn ask_chain(&self, chain: &Chain, of: Option<&Filter>) -> bool {
        let activity = chain.with_frames(|frames| frames.activity());
        let calls: Vec<_> = chain.calls().into_iter().map(|call| (call.process, call.function)).collect();
        let is_asked_for = of.is_none_or(|of| chain.records().iter().any(|record| of.matches(record)));
        let unseen = match activity {
            Activity::Running if is_asked_for => {
                // The look before was not answered: no guest has run since.
                if chain.samples.ask() {
                    self.add_unseen(&calls, Unseen::Host);
                }
                return true;
            }
            Activity::Loading => Unseen::Load,
            Activity::Queued => Unseen::Queue,
            // A joining call's time is that of the call it joins, which is looked at by itself.
            Activity::Idle | Activity::Running | Activity::Held | Activity::Joining => {
                chain.samples.take();
                if activity == Activity::Held && is_asked_for {
                    self.with_collector(|collector| collector.tally.held += 1);
                }
                return false;
            }
        };
        chain.samples.take();
        if is_asked_for {
            self.add_unseen(&calls, unseen);
        }
        false
    }

    /// Counts a look at a chain whose calls are these, the outermost first.
    fn add_unseen(&self, calls: &[(Arc<Process>, Symbol)], what: Unseen) {
        let call = |(process, function): &(Arc<Process>, Symbol)| Segment::call(process, *function);
        let shell = Segment { plugin: "shell".into(), function: Symbol::SHELL, place: SegmentPlace::Call };
        let top = calls.last().map_or(shell, call);
        // Made before the collector is locked: a slot's lock comes first.
        let mut segments = vec![Segment { place: SegmentPlace::Unseen(what), ..top }];
        segments.extend(calls.iter().rev().map(call));
        self.with_collector(|collector| collector.add_whole(segments.into_iter(), what));
    }

    fn with_collector<T>(&self, work: impl FnOnce(&mut Collector) -> T) -> Option<T> {
        self.collecting().0.lock().as_mut().map(work)
    }
}

/// Looks until told to stop, or until the kernel is gone.
fn look_until(kernel: &Weak<Kernel>, stop: &AtomicBool, period: Duration) {
    let mut next = Instant::now() + period;
    while !stop.load(Ordering::Relaxed) {
        // A late look is not made up for: two at once would see one place twice.
        let now = Instant::now();
        if next > now {
            std::thread::park_timeout(next - now);
            continue;
        }
        next = now + period;
        let Some(kernel) = kernel.upgrade() else { return };
        kernel.ask_chains();
    }
}

impl ProfileRun {
    /// Ends the profile; `None` once `is_cancelled`. Reads the symbols of all modules that were seen.
    pub fn finish(mut self, is_cancelled: &dyn Fn() -> bool) -> Option<Profile> {
        self.stop();
        let mut collector = self.kernel.collecting().0.lock().take()?;
        let duration = collector.started.elapsed();
        for id in collector.open_chains() {
            self.close(&mut collector, id);
        }
        let (started_at, hertz) = (collector.started_at, collector.hertz);
        let (looks, tally) = (collector.looks, collector.tally);
        let collected = collector.collected();
        let (frames, stacks) = resolved(&collected, self.kernel.symbols(), is_cancelled)?;
        Some(Profile { started_at, duration, hertz, looks, tally, frames, stacks })
    }

    /// Adds the callers of calls that still run.
    fn close(&self, collector: &mut Collector, id: u64) {
        let Some(chain) = self.kernel.chain_table().get(id) else { return };
        let calls = chain.with_frames(|frames| {
            frames.stack.iter().map(|frame| (frame.process.clone(), frame.function)).collect::<Vec<_>>()
        });
        for ((process, function), depth) in calls.iter().zip(1u16..).collect::<Vec<_>>().into_iter().rev() {
            collector.add_caller(id, depth, Segment::call(process, *function));
        }
        chain.samples.set_open_depth(0);
    }

    fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread ends the profile early; its samples are kept.
            thread.join().ok();
        }
    }
}

impl Drop for ProfileRun {
    fn drop(&mut self) {
        self.stop();
        let gone = self.kernel.collecting().0.lock().take();
        drop(gone);
        for chain in self.kernel.chain_table().all() {
            chain.samples.take();
        }
    }
}

impl Task {
    /// Takes the frames of the deepest call: for samples of its nested calls, and as a sample where one is due.
    #[cold]
    pub fn take_sample(&self, at: Backtrace) {
        let is_due = self.chain.samples.take();
        let Some((process, function, depth)) = self.deepest() else { return };
        let segment = Segment::guest(&process, function, at);
        let parent = self.chain.parent.as_ref().filter(|_| is_due).map(|parent| {
            let calls = parent.calls().into_iter().rev();
            calls.map(|call| Segment::call(&call.process, call.function)).collect::<Vec<_>>()
        });
        self.collect(|collector| {
            if let Some(parent) = parent {
                collector.set_above(self.chain.id, parent.into_iter());
            }
            collector.add_caller(self.chain.id, depth, segment.clone());
            if is_due {
                collector.add_guest(self.chain.id, depth, segment);
            }
        });
    }

    /// Adds the deepest call to samples of its nested calls, where there are any.
    #[cold]
    pub fn add_to_samples(&self, at: impl FnOnce() -> Option<Backtrace>) {
        let Some((process, function, depth)) = self.deepest() else { return };
        if self.chain.samples.open_depth() <= depth {
            return;
        }
        let caller = match at() {
            Some(backtrace) => Segment::guest(&process, function, backtrace),
            None => Segment::call(&process, function),
        };
        self.collect(|collector| collector.add_caller(self.chain.id, depth, caller));
    }

    fn collect(&self, work: impl FnOnce(&mut Collector)) {
        let open_depth = self.kernel.with_collector(|collector| {
            work(collector);
            collector.open_depth(self.chain.id)
        });
        self.chain.samples.set_open_depth(open_depth.unwrap_or(0));
    }

    fn deepest(&self) -> Option<(Arc<Process>, Symbol, u16)> {
        self.chain.with_frames(|frames| {
            let frame = frames.stack.last()?;
            Some((frame.process.clone(), frame.function, frames.stack.len() as u16))
        })
    }
}
