//! From the frames of a profile as they were captured to functions, files and lines.

use std::collections::HashMap;
use std::sync::Arc;

use super::collector::{Collected, Segment, SegmentPlace};
use crate::journal::profile::{FrameKind, FrameTable, ProfileFrame, ProfileStack};
use crate::runtime::{Backtrace, GuestFrame, Program, RawFrame, Symbols};
use crate::text::escape_control;

/// The frames and stacks of the samples; `None` once `is_cancelled`.
pub fn resolved(
    collected: &Collected,
    symbols: &Symbols,
    is_cancelled: &dyn Fn() -> bool,
) -> Option<(Vec<ProfileFrame>, Vec<ProfileStack>)> {
    let (mut table, mut known) = (FrameTable::default(), Known { symbols, frames: HashMap::new() });
    let mut parts: Vec<Vec<u32>> = Vec::with_capacity(collected.segments.len());
    for segment in &collected.segments {
        if is_cancelled() {
            return None;
        }
        parts.push(frames_of(segment, &mut known).into_iter().map(|frame| table.number(frame)).collect());
    }
    let stack = |(stack, samples): &(Vec<u32>, u64)| ProfileStack {
        frames: stack.iter().rev().filter_map(|part| parts.get(*part as usize)).flatten().copied().collect(),
        samples: *samples,
    };
    let stacks = collected.stacks.iter().map(stack).collect();
    Some((table.into_frames(), stacks))
}

/// Guest frames by where they were captured: many parts of stacks share them.
struct Known<'a> {
    symbols: &'a Symbols,
    frames: HashMap<(*const Program, RawFrame), Arc<[GuestFrame]>>,
}

impl Known<'_> {
    fn frames(&mut self, program: &Arc<Program>, raw: &RawFrame, stopped: &Backtrace) -> Arc<[GuestFrame]> {
        let found = self.frames.entry((Arc::as_ptr(program), raw.clone())).or_insert_with(|| {
            let alone = Backtrace { frames: vec![raw.clone()], stopped_by: stopped.stopped_by, cut: false };
            self.symbols.frames(program, &alone).into()
        });
        found.clone()
    }
}

/// The frames of one plugin of a stack, the outermost first.
fn frames_of(segment: &Segment, known: &mut Known<'_>) -> Vec<ProfileFrame> {
    let plugin: Box<str> = escape_control(&segment.plugin).into();
    let frame = |function: &str, kind| ProfileFrame {
        plugin: plugin.clone(),
        function: function.into(),
        kind,
        file: None,
        line: None,
    };
    if let SegmentPlace::Unseen(what) = segment.place {
        return vec![frame(what.as_str(), FrameKind::Unseen(what))];
    }
    let mut frames = vec![frame(&escape_control(segment.function.as_str()), FrameKind::Call)];
    if let SegmentPlace::Guest { program, backtrace } = &segment.place {
        for raw in backtrace.frames.iter().rev() {
            let guest = |guest: &GuestFrame| ProfileFrame {
                file: guest.file.as_deref().map(Box::from),
                line: guest.line,
                ..frame(&function_name(guest), FrameKind::Guest { inlined: guest.inlined })
            };
            frames.extend(known.frames(program, raw, backtrace).iter().rev().map(guest));
        }
    }
    frames
}

/// `tax::rate`; `function 12` where the module has no names.
fn function_name(frame: &GuestFrame) -> String {
    match (&frame.function, frame.function_index) {
        (Some(function), _) => function.clone(),
        (None, Some(index)) => format!("function {index}"),
        (None, None) => "?".to_owned(),
    }
}
