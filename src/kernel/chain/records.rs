//! A chain's calls as they are shown while they run: as views, as records.

use std::time::Instant;

use super::Chain;
use crate::journal::{CallStanding, Growth, Outcome, Record, RecordKind};
use crate::kernel::caller_ref::CallerRef;
use crate::kernel::frame::{Frame, Frames};
use crate::kernel::load_in_progress::LoadInProgress;
use crate::kernel::parent_call::ParentCall;
use crate::kernel::view::FrameView;

impl Chain {
    /// The chain's calls and those above it as views, outermost first. Locks one chain after the other.
    pub fn views(&self) -> Vec<FrameView> {
        let mut views = self.with_frames(|frames| views_of(frames, usize::MAX));
        for parent in self.parent.iter().flat_map(ParentCall::chains) {
            let own_depth = usize::from(parent.own_depth);
            parent.chain.visit_frames(&mut |frames| drop(views.splice(0..0, views_of(frames, own_depth))));
        }
        views.iter_mut().zip(1..).for_each(|(view, depth)| view.depth = depth);
        views
    }

    /// The chain's calls and loads as running records. The start of an instance is a part of its load.
    pub fn records(&self) -> Vec<Record> {
        let frames = self.frames.lock();
        let now = Instant::now();
        let holding = frames.holding(now);
        let calls = frames.stack.iter().enumerate().filter(|(_, frame)| !frame.is_start());
        let record = |(at, frame): (usize, &Frame)| Record {
            outcome: if frame.held { Outcome::Held } else { Outcome::Running },
            duration_ns: frame.ran_for(now, holding).as_nanos() as u64,
            held_ns: (frame.held_for + holding).as_nanos() as u64,
            ..self.record_of(frame, self.depth_above() + at as u16 + 1, self.caller_of(&frames.stack[..at]))
        };
        let load = |load: &LoadInProgress| load.record(self.job, self.epoch, load.ran_for(now, holding));
        calls.map(record).chain(frames.loads.iter().map(load)).collect()
    }

    /// A record of a frame at a depth (1: from the shell). Outcome, duration and output bytes are left for whoever
    /// stores it.
    pub fn record_of(&self, frame: &Frame, depth: u16, caller: CallerRef) -> Record {
        Record {
            seq: frame.seq,
            parent_seq: caller.seq,
            at_ns: frame.started.saturating_duration_since(self.epoch).as_nanos() as u64,
            duration_ns: 0,
            nested_ns: frame.nested.as_nanos() as u64,
            held_ns: frame.held_for.as_nanos() as u64,
            job: self.job,
            caller: caller.process,
            caller_name: caller.name,
            callee: frame.process.id,
            callee_name: frame.process.name_symbol,
            function: frame.function,
            bytes_in: frame.bytes_in,
            bytes_out: 0,
            fuel: 0,
            grew: Growth::default(),
            depth,
            outcome: Outcome::Ok,
            standing: self.standing_at(depth),
            changed_by: frame.changed_by,
            kind: RecordKind::Call,
            error: None,
            payload: None,
        }
    }

    /// A call's standing: the lowest call of a chain that another call started ran beside that one.
    fn standing_at(&self, depth: u16) -> CallStanding {
        let is_started = depth != 1 && depth == self.depth_above() + 1;
        if is_started { CallStanding::Started } else { CallStanding::Awaited }
    }

    /// The deepest call as a running record.
    pub fn top_record(&self) -> Option<Record> {
        let frames = self.frames.lock();
        let (frame, callers) = frames.stack.split_last()?;
        let depth = self.depth_above() + frames.stack.len() as u16;
        let record = self.record_of(frame, depth, self.caller_of(callers));
        Some(Record { outcome: Outcome::Running, ..record })
    }
}

/// Views of at most so many calls, whose depths are left for the caller to fill in.
fn views_of(frames: &Frames, calls_max: usize) -> Vec<FrameView> {
    let now = Instant::now();
    let holding = frames.holding(now);
    let view = |frame: &Frame| FrameView {
        seq: frame.record_seq(),
        process: frame.process.label(),
        function: frame.function.as_str().to_string(),
        depth: 0,
        elapsed: frame.ran_for(now, holding),
    };
    frames.stack.iter().take(calls_max).map(view).collect()
}
