//! The format of Firefox's profiler (profiler.firefox.com), in its processed form: columns of tables, one thread.
//!
//! A profile has counts and no moments: the samples stand one stack after the other, each with its weight.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use super::samples::{FrameKind, Profile, ProfileFrame};
use super::strings::Strings;

/// The version of the format.
const VERSION: u32 = 55;
/// Positions in `categories`.
const CATEGORIES: [(&str, &str); 3] = [("Call", "blue"), ("Guest", "yellow"), ("Host", "orange")];

/// Writes a profile.
///
/// # Errors
/// `out` cannot be written.
pub fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let started_ms = profile.started_at.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1e3);
    let categories: Vec<Value> = CATEGORIES
        .iter()
        .map(|(name, color)| json!({ "name": name, "color": color, "subcategories": ["Other"] }))
        .collect();
    let value = json!({
        "meta": {
            "categories": categories,
            "debug": false,
            "extensions": { "length": 0, "baseURL": [], "id": [], "name": [] },
            "interval": profile.sample_ns() as f64 / 1e6,
            "preprocessedProfileVersion": VERSION,
            "processType": 0,
            "product": "plugsh",
            "sampleUnits": { "time": "ms", "eventDelay": "ms", "threadCPUDelta": "µs" },
            "startTime": started_ms,
            "symbolicated": true,
            "pausedRanges": [],
            "version": 24,
            "usesOnlyOneStackType": true,
            "sourceCodeIsNotOnSearchfox": true,
            "markerSchema": [],
        },
        "libs": [],
        "threads": [thread(profile)],
        "pages": [],
        "profilerOverhead": [],
        "counters": [],
    });
    serde_json::to_writer(out, &value).map_err(io::Error::from)
}

fn thread(profile: &Profile) -> Value {
    let mut tables = Tables::default();
    let frames: Vec<usize> = profile.frames.iter().map(|frame| tables.frame(frame)).collect();
    let (mut stacks, mut weights) = (Vec::new(), Vec::new());
    for stack in &profile.stacks {
        let frames = stack.frames.iter().filter_map(|frame| frames.get(*frame as usize));
        stacks.push(frames.fold(None, |prefix, frame| Some(tables.stack(prefix, *frame))));
        weights.push(stack.samples);
    }
    let duration_ms = profile.duration.as_secs_f64() * 1e3;
    json!({
        "name": "plugins",
        "isMainThread": true,
        "pid": "1",
        "tid": "1",
        "processName": "plugsh",
        "processType": "default",
        "processStartupTime": 0,
        "processShutdownTime": null,
        "registerTime": 0,
        "unregisterTime": duration_ms,
        "pausedRanges": [],
        "showMarkersInTimeline": false,
        "samples": {
            "length": stacks.len(),
            "weightType": "samples",
            "stack": stacks,
            "time": times(profile, &weights),
            "weight": weights,
            "threadCPUDelta": null,
        },
        "markers": {
            "length": 0, "category": [], "data": [], "endTime": [], "name": [], "phase": [], "startTime": [],
        },
        "nativeSymbols": { "length": 0, "address": [], "functionSize": [], "libIndex": [], "name": [] },
        "resourceTable": { "length": 0, "lib": [], "name": [], "host": [], "type": [] },
        "frameTable": tables.frame_table(),
        "funcTable": tables.func_table(),
        "stackTable": tables.stack_table(),
        "stringArray": tables.strings.all,
    })
}

/// The start of each stack's samples, in milliseconds.
fn times(profile: &Profile, weights: &[u64]) -> Vec<f64> {
    let mut before: u64 = 0;
    let start = |weight: &u64| {
        let at_ns = before.saturating_mul(profile.sample_ns());
        before = before.saturating_add(*weight);
        at_ns as f64 / 1e6
    };
    weights.iter().map(start).collect()
}

/// The tables that samples point into.
#[derive(Default)]
struct Tables {
    strings: Strings,
    /// Name and file.
    functions: Vec<(usize, Option<usize>)>,
    known_functions: HashMap<(usize, Option<usize>), usize>,
    frames: Vec<Frame>,
    /// Prefix and frame.
    stacks: Vec<(Option<usize>, usize)>,
    known_stacks: HashMap<(Option<usize>, usize), usize>,
}

struct Frame {
    function: usize,
    line: Option<u32>,
    category: usize,
    inline_depth: u32,
}

impl Tables {
    fn frame(&mut self, frame: &ProfileFrame) -> usize {
        let name = match frame.kind {
            FrameKind::Call => frame.name(),
            _ => format!("{} ({})", frame.function, frame.plugin),
        };
        let key = (self.strings.number(&name), frame.file.as_deref().map(|file| self.strings.number(file)));
        let functions = &mut self.functions;
        let function = *self.known_functions.entry(key).or_insert_with(|| {
            functions.push(key);
            functions.len() - 1
        });
        let (category, inline_depth) = match frame.kind {
            FrameKind::Call => (0, 0),
            FrameKind::Guest { inlined } => (1, u32::from(inlined)),
            FrameKind::Unseen(_) => (2, 0),
        };
        self.frames.push(Frame { function, line: frame.line, category, inline_depth });
        self.frames.len() - 1
    }

    fn stack(&mut self, prefix: Option<usize>, frame: usize) -> usize {
        let stacks = &mut self.stacks;
        *self.known_stacks.entry((prefix, frame)).or_insert_with(|| {
            stacks.push((prefix, frame));
            stacks.len() - 1
        })
    }

    fn frame_table(&self) -> Value {
        let count = self.frames.len();
        let column = |cell: fn(&Frame) -> Value| self.frames.iter().map(cell).collect::<Vec<Value>>();
        json!({
            "length": count,
            "address": vec![-1; count],
            "inlineDepth": column(|frame| frame.inline_depth.into()),
            "category": column(|frame| frame.category.into()),
            "subcategory": vec![0; count],
            "func": column(|frame| frame.function.into()),
            "nativeSymbol": vec![Value::Null; count],
            "innerWindowID": vec![0; count],
            "line": column(|frame| frame.line.into()),
            "column": vec![Value::Null; count],
        })
    }

    fn func_table(&self) -> Value {
        let count = self.functions.len();
        json!({
            "length": count,
            "name": self.functions.iter().map(|(name, _)| *name).collect::<Vec<usize>>(),
            "isJS": vec![false; count],
            "relevantForJS": vec![false; count],
            "resource": vec![-1; count],
            "fileName": self.functions.iter().map(|(_, file)| *file).collect::<Vec<Option<usize>>>(),
            "lineNumber": vec![Value::Null; count],
            "columnNumber": vec![Value::Null; count],
        })
    }

    fn stack_table(&self) -> Value {
        json!({
            "length": self.stacks.len(),
            "prefix": self.stacks.iter().map(|(prefix, _)| *prefix).collect::<Vec<Option<usize>>>(),
            "frame": self.stacks.iter().map(|(_, frame)| *frame).collect::<Vec<usize>>(),
        })
    }
}
