//! Samples of a running profile: the parts of stacks, each once, and the count of each stack.

use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::journal::profile::{Tally, Unseen};
use crate::journal::{Filter, Symbol};
use crate::kernel::process::Process;
use crate::locks::{Mutex, Rank};
use crate::runtime::{Backtrace, Program};

/// Most bytes that the samples of a profile take, about; further stacks are counted as lost.
const BYTES_MAX: usize = 128 << 20;
/// The bytes of a frame besides its name, and those of a stack besides its parts, about.
const FRAME_BYTES: usize = 64;
const STACK_BYTES: usize = 96;

/// The profile that is being taken, if any.
pub struct Collecting(pub Mutex<Option<Collector>>);

impl Default for Collecting {
    fn default() -> Self {
        Collecting(Mutex::new(Rank::Profile, None))
    }
}

/// One plugin of a stack.
#[derive(Clone)]
pub struct Segment {
    /// The plugin's name: processes that differ in their number alone are one.
    pub plugin: Box<str>,
    pub function: Symbol,
    pub place: SegmentPlace,
}

/// Where a plugin of a stack stood.
#[derive(Clone)]
pub enum SegmentPlace {
    Guest {
        program: Arc<Program>,
        backtrace: Backtrace,
    },
    /// In its call: more is not known.
    Call,
    /// Time outside of the guest, as a part of its own on top of the call's.
    Unseen(Unseen),
}

impl Segment {
    /// A call of a process. Takes its slot's lock.
    pub fn call(process: &Process, function: Symbol) -> Segment {
        let code = process.code();
        let plugin = plugin_name(&process.name, &code.program.stem);
        Segment { plugin: plugin.into(), function, place: SegmentPlace::Call }
    }

    /// A call whose guest stands there. Takes the process's slot's lock.
    pub fn guest(process: &Process, function: Symbol, backtrace: Backtrace) -> Segment {
        let program = process.code().program.clone();
        Segment { place: SegmentPlace::Guest { program, backtrace }, ..Segment::call(process, function) }
    }

    fn bytes(&self) -> usize {
        match &self.place {
            SegmentPlace::Guest { backtrace, .. } => {
                let names = backtrace.frames.iter().map(|frame| frame.name.as_ref().map_or(0, |name| name.len()));
                names.map(|name| name + FRAME_BYTES).sum::<usize>() + FRAME_BYTES
            }
            SegmentPlace::Call | SegmentPlace::Unseen(_) => FRAME_BYTES,
        }
    }
}

/// `cart` for the processes `cart`, `cart-2` of the program `cart`; else the process's name.
fn plugin_name<'a>(name: &'a str, stem: &'a str) -> &'a str {
    let number = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('-'));
    match number {
        Some(number) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    }
}

/// Whether frames of two programs are at the same places.
fn is_same_code(one: &Arc<Program>, other: &Arc<Program>) -> bool {
    let hashes = |program: &Program| program.modules.iter().map(|module| module.sha256.clone()).collect::<Vec<_>>();
    Arc::ptr_eq(one, other) || one.spec.fuel.is_some() == other.spec.fuel.is_some() && hashes(one) == hashes(other)
}

impl PartialEq for Segment {
    fn eq(&self, other: &Segment) -> bool {
        let places = match (&self.place, &other.place) {
            (
                SegmentPlace::Guest { program, backtrace },
                SegmentPlace::Guest { program: other_program, backtrace: other },
            ) => is_same_code(program, other_program) && backtrace.frames == other.frames,
            (SegmentPlace::Call, SegmentPlace::Call) => true,
            (SegmentPlace::Unseen(one), SegmentPlace::Unseen(other)) => one == other,
            _ => false,
        };
        places && self.plugin == other.plugin && self.function == other.function
    }
}

impl Eq for Segment {}

impl Hash for Segment {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.plugin.hash(state);
        self.function.hash(state);
        match &self.place {
            SegmentPlace::Guest { backtrace, .. } => backtrace.frames.hash(state),
            SegmentPlace::Call => {}
            SegmentPlace::Unseen(what) => what.hash(state),
        }
    }
}

/// The parts of a stack by their numbers, the innermost first.
type Parts = Vec<u32>;

/// Samples of one profile.
pub struct Collector {
    pub started: Instant,
    pub started_at: SystemTime,
    pub hertz: u32,
    /// Only chains with a call that it matches.
    pub of: Option<Arc<Filter>>,
    pub looks: u64,
    pub tally: Tally,
    segments: Vec<Arc<Segment>>,
    known: HashMap<Arc<Segment>, u32>,
    whole: HashMap<Parts, u64>,
    /// Stacks that lack the callers of a call, by chain and depth of that call.
    open: HashMap<u64, BTreeMap<u16, HashMap<Parts, u64>>>,
    /// The calls above a chain that one of them started, the innermost first, by the chain.
    above: HashMap<u64, Parts>,
    bytes: usize,
}

/// Result of a collector.
pub struct Collected {
    pub segments: Vec<Arc<Segment>>,
    /// Parts by their numbers, the innermost first.
    pub stacks: Vec<(Vec<u32>, u64)>,
}

impl Collector {
    /// An empty one that starts now.
    pub fn new(hertz: u32, of: Option<Arc<Filter>>) -> Collector {
        Collector {
            started: Instant::now(),
            started_at: SystemTime::now(),
            hertz,
            of,
            looks: 0,
            tally: Tally::default(),
            segments: Vec::new(),
            known: HashMap::new(),
            whole: HashMap::new(),
            open: HashMap::new(),
            above: HashMap::new(),
            bytes: 0,
        }
    }

    /// Counts a stack whose callers are all known, the innermost part first.
    pub fn add_whole(&mut self, segments: impl Iterator<Item = Segment>, what: Unseen) {
        let parts: Option<Parts> = segments.map(|segment| self.part(segment)).collect();
        let Some(parts) = parts.filter(|parts| self.has_room_for(parts)) else {
            self.tally.lost += 1;
            return;
        };
        *self.whole.entry(parts).or_default() += 1;
        match what {
            Unseen::Host => self.tally.host += 1,
            Unseen::Load => self.tally.load += 1,
            Unseen::Queue => self.tally.queue += 1,
        }
    }

    /// Counts where the call at `depth` of a chain stands, whose callers are yet to be added.
    pub fn add_guest(&mut self, chain: u64, depth: u16, segment: Segment) {
        let parts = self.part(segment).map(|part| vec![part]);
        let Some(parts) = parts.filter(|parts| self.has_room_for(parts)) else {
            self.tally.lost += 1;
            return;
        };
        self.tally.guest += 1;
        self.put(chain, depth, parts, 1);
    }

    /// Notes the calls above a chain that one of them started, the innermost first: stacks of the chain end with them.
    pub fn set_above(&mut self, chain: u64, calls: impl Iterator<Item = Segment>) {
        let parts: Option<Parts> = calls.map(|call| self.part(call)).collect();
        if let Some(parts) = parts {
            self.above.insert(chain, parts);
        }
    }

    /// Adds the caller at `depth` to the open stacks of its nested calls.
    pub fn add_caller(&mut self, chain: u64, depth: u16, caller: Segment) {
        let nested = self.open.get_mut(&chain).map(|open| open.split_off(&(depth + 1))).unwrap_or_default();
        if self.open.get(&chain).is_some_and(BTreeMap::is_empty) {
            self.open.remove(&chain);
        }
        if nested.is_empty() {
            return;
        }
        let part = self.part(caller);
        for (mut parts, samples) in nested.into_values().flatten() {
            match part {
                Some(part) => {
                    parts.push(part);
                    self.bytes += size_of::<u32>();
                    self.put(chain, depth, parts, samples);
                }
                None => self.lose(samples),
            }
        }
    }

    /// The depth of the deepest call of a chain whose stacks lack their callers; 0: none.
    pub fn open_depth(&self, chain: u64) -> u16 {
        self.open.get(&chain).and_then(|open| open.last_key_value()).map_or(0, |(depth, _)| *depth)
    }

    /// The chains with open stacks.
    pub fn open_chains(&self) -> Vec<u64> {
        self.open.keys().copied().collect()
    }

    /// The collected samples. Open stacks are closed as they are.
    pub fn collected(mut self) -> Collected {
        for (parts, samples) in self.open.into_values().flat_map(BTreeMap::into_values).flatten() {
            *self.whole.entry(parts).or_default() += samples;
        }
        let mut stacks: Vec<_> = self.whole.into_iter().collect();
        stacks.sort_unstable();
        Collected { segments: self.segments, stacks }
    }

    /// The number of a part; `None` where it does not fit.
    fn part(&mut self, segment: Segment) -> Option<u32> {
        if let Some(known) = self.known.get(&segment) {
            return Some(*known);
        }
        let bytes = segment.bytes();
        if self.bytes + bytes > BYTES_MAX {
            return None;
        }
        self.bytes += bytes;
        let (segment, number) = (Arc::new(segment), self.segments.len() as u32);
        self.segments.push(segment.clone());
        self.known.insert(segment, number);
        Some(number)
    }

    /// Whether a stack fits. One that is known already does.
    fn has_room_for(&mut self, parts: &Parts) -> bool {
        if self.whole.contains_key(parts) {
            return true;
        }
        let bytes = STACK_BYTES + parts.len() * size_of::<u32>();
        let fits = self.bytes + bytes <= BYTES_MAX;
        self.bytes += if fits { bytes } else { 0 };
        fits
    }

    fn put(&mut self, chain: u64, depth: u16, mut parts: Parts, samples: u64) {
        if depth <= 1
            && let Some(above) = self.above.get(&chain)
        {
            parts.extend(above);
        }
        let stacks = match depth {
            0 | 1 => &mut self.whole,
            _ => self.open.entry(chain).or_default().entry(depth).or_default(),
        };
        *stacks.entry(parts).or_default() += samples;
    }

    /// Samples of guests whose callers do not fit.
    fn lose(&mut self, samples: u64) {
        self.tally.guest = self.tally.guest.saturating_sub(samples);
        self.tally.lost += samples;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(plugin: &str) -> Segment {
        Segment { plugin: plugin.into(), function: Symbol::SHELL, place: SegmentPlace::Call }
    }

    #[test]
    fn spawned_processes_are_one_plugin() {
        let names = [("cart", "cart"), ("cart-12", "cart"), ("basket", "cart"), ("cart-x", "cart"), ("cart-", "cart")];
        assert_eq!(names.map(|(name, stem)| plugin_name(name, stem)), ["cart", "cart", "basket", "cart-x", "cart-"]);
    }

    #[test]
    fn stacks_of_a_started_chain_end_with_the_calls_above_it() {
        let mut collector = Collector::new(1, None);
        collector.set_above(7, [segment("middle"), segment("outer")].into_iter());
        collector.add_guest(7, 1, segment("inner"));
        collector.add_guest(8, 1, segment("inner"));
        let collected = collector.collected();
        let plugins = |stack: &(Vec<u32>, u64)| {
            stack.0.iter().map(|part| collected.segments[*part as usize].plugin.to_string()).collect::<Vec<_>>()
        };
        let mut stacks: Vec<_> = collected.stacks.iter().map(plugins).collect();
        stacks.sort_by_key(Vec::len);
        assert_eq!(stacks, [vec!["inner"], vec!["inner", "middle", "outer"]]);
    }

    #[test]
    fn callers_are_added_from_the_inside_out() {
        let mut collector = Collector::new(1, None);
        collector.add_guest(7, 3, segment("c"));
        collector.add_guest(7, 3, segment("c"));
        assert_eq!(collector.open_depth(7), 3);
        collector.add_caller(7, 2, segment("b"));
        collector.add_guest(7, 2, segment("b"));
        assert_eq!(collector.open_depth(7), 2);
        collector.add_caller(7, 1, segment("a"));
        collector.add_guest(7, 1, segment("a"));
        assert_eq!(collector.open_depth(7), 0);
        assert_eq!(collector.tally.guest, 4);
        let collected = collector.collected();
        let name = |part: &u32| collected.segments[*part as usize].plugin.to_string();
        let stack = |(parts, samples): &(Parts, u64)| (parts.iter().map(name).collect::<String>(), *samples);
        let mut stacks: Vec<_> = collected.stacks.iter().map(stack).collect();
        stacks.sort();
        assert_eq!(stacks, [("a".to_owned(), 1), ("ba".to_owned(), 1), ("cba".to_owned(), 2)]);
    }

    #[test]
    fn samples_beyond_the_bound_are_counted() {
        let mut collector = Collector::new(1, None);
        collector.bytes = BYTES_MAX - FRAME_BYTES - STACK_BYTES - size_of::<u32>();
        for _ in 0..3 {
            collector.add_guest(1, 1, segment("known"));
        }
        collector.add_guest(1, 1, segment("another"));
        collector.add_whole([segment("further")].into_iter(), Unseen::Host);
        let Tally { guest, host, lost, .. } = collector.tally;
        assert_eq!((guest, host, lost), (3, 0, 2));
    }
}
