//! The data of a profile: frames, stacks with how often they were seen, and samples without a stack.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

/// Activity of a chain at a look that found no guest frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unseen {
    /// A host function, WASI, the copy of bytes, or a process of a host that tells nothing.
    Host,
    /// A load: looking a plugin up, fetching and compiling it.
    Load,
    /// A wait in the queue of a process.
    Queue,
}

impl Unseen {
    /// The frame's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Unseen::Host => "(host)",
            Unseen::Load => "(load)",
            Unseen::Queue => "(queue)",
        }
    }
}

/// Kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// A call of a plugin: the border to its caller.
    Call,
    /// A function of a guest.
    Guest {
        /// True for a function that was compiled into its caller.
        inlined: bool,
    },
    /// Time without frames.
    Unseen(Unseen),
}

/// One frame of a stack. Texts are escaped and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProfileFrame {
    /// `cart`; `shell` for a load from the prompt.
    pub plugin: Box<str>,
    pub function: Box<str>,
    pub kind: FrameKind,
    pub file: Option<Box<str>>,
    pub line: Option<u32>,
}

impl ProfileFrame {
    /// The frame's name in a graph: calls name their plugin.
    pub fn name(&self) -> String {
        match self.kind {
            FrameKind::Call => format!("{}.{}", self.plugin, self.function),
            FrameKind::Guest { .. } | FrameKind::Unseen(_) => self.function.to_string(),
        }
    }

    /// `src/lib.rs:8`; `None` without a line.
    pub fn place(&self) -> Option<String> {
        Some(format!("{}:{}", self.file.as_deref()?, self.line?))
    }
}

/// A stack and how often it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileStack {
    /// Positions in [`Profile::frames`], the outermost first.
    pub frames: Vec<u32>,
    pub samples: u64,
}

/// The counts of samples, by the place where they found the chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// A guest's frames.
    pub guest: u64,
    pub host: u64,
    pub load: u64,
    pub queue: u64,
    /// A breakpoint, at which no time of a call passes: in no stack.
    pub held: u64,
    /// A stack beyond the bounds of the profile: in no stack.
    pub lost: u64,
}

impl Tally {
    /// The looks that are in the stacks.
    pub fn samples(&self) -> u64 {
        self.guest + self.host + self.load + self.queue
    }
}

/// A finished profile.
#[derive(Debug, Clone)]
pub struct Profile {
    pub started_at: SystemTime,
    pub duration: Duration,
    /// Looks per second as asked for.
    pub hertz: u32,
    /// Looks that were made, at busy chains and idle ones.
    pub looks: u64,
    pub tally: Tally,
    pub frames: Vec<ProfileFrame>,
    pub stacks: Vec<ProfileStack>,
}

impl Profile {
    /// The time that one sample stands for: the average time between two samples.
    pub fn sample_ns(&self) -> u64 {
        let nominal = 1_000_000_000 / u64::from(self.hertz.max(1));
        self.duration.as_nanos().checked_div(u128::from(self.looks)).map_or(nominal, |ns| ns.max(1) as u64)
    }

    /// The time of so many samples.
    pub fn time_of(&self, samples: u64) -> Duration {
        Duration::from_nanos(samples.saturating_mul(self.sample_ns()))
    }

    /// The frames of a stack, the outermost first.
    pub fn frames_of<'a>(&'a self, stack: &'a ProfileStack) -> impl Iterator<Item = &'a ProfileFrame> {
        stack.frames.iter().filter_map(|frame| self.frames.get(*frame as usize))
    }
}

/// Frames by their numbers, each once.
#[derive(Default)]
pub struct FrameTable {
    frames: Vec<ProfileFrame>,
    known: HashMap<ProfileFrame, u32>,
}

impl FrameTable {
    /// The number of a frame.
    pub fn number(&mut self, frame: ProfileFrame) -> u32 {
        if let Some(known) = self.known.get(&frame) {
            return *known;
        }
        let number = self.frames.len() as u32;
        self.frames.push(frame.clone());
        self.known.insert(frame, number);
        number
    }

    /// The frames in the order of their numbers.
    pub fn into_frames(self) -> Vec<ProfileFrame> {
        self.frames
    }
}
