//! The nested calls of one host's run, with their bytes, and how they differ from the other's.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;

use super::difference::{Output, OutputDifference, first_difference};
use crate::journal::{KeptBytes, RecordKind};
use crate::kernel::hooks::{NestedBytes, NestedCall, RecordedCall, Recorder, ReplacedBy, in_calling_order};
use crate::kernel::{Kernel, ProcessDetail, ProcessId};

/// The most bytes that are kept of one input or output. Those of which less is kept are compared by their length.
const BYTES_EACH_MAX: u64 = 64 << 10;
/// The most bytes that are kept of one run's calls together.
const BYTES_TOTAL_MAX: u64 = 16 << 20;

/// A nested call with its bytes, as far as they were kept.
#[derive(Debug, Clone)]
pub struct Nested {
    pub call: NestedCall,
    input: KeptBytes,
    output: KeptBytes,
}

/// A difference between the nested calls at one place of both runs.
#[derive(Debug, Serialize)]
pub struct NestedDifference {
    /// Counted from 1.
    pub number: usize,
    #[serde(flatten)]
    pub part: Part,
}

/// The part of a nested call that differs.
#[derive(Debug, Serialize)]
#[serde(tag = "part", rename_all = "lowercase")]
pub enum Part {
    /// Function, depth, outcome or lengths, or one host's run has no such call.
    Call,
    Input(OutputDifference),
    Output(OutputDifference),
}

/// One host's run: its nested calls, and its processes in the order in which they were started.
#[derive(Clone, Copy)]
pub struct NestedRun<'a> {
    pub nested: &'a [Nested],
    pub ids: &'a [ProcessId],
}

impl Nested {
    /// `depth function bytes in → bytes out outcome`.
    pub fn text(&self) -> String {
        let NestedCall { depth, function, bytes_in, bytes_out, outcome, .. } = &self.call;
        format!("{depth} {function} {bytes_in} → {bytes_out} {outcome}")
    }
}

/// The first nested call that differs, if any.
pub fn nested_difference(native: NestedRun<'_>, extism: NestedRun<'_>) -> Option<NestedDifference> {
    let count = native.nested.len().max(extism.nested.len());
    (0..count).find_map(|at| {
        let part = match (native.nested.get(at), extism.nested.get(at)) {
            (Some(one), Some(other)) => call_difference((one, native.ids), (other, extism.ids))?,
            _ => Part::Call,
        };
        Some(NestedDifference { number: at + 1, part })
    })
}

fn call_difference(native: (&Nested, &[ProcessId]), extism: (&Nested, &[ProcessId])) -> Option<Part> {
    let ((one, ids), (other, other_ids)) = (native, extism);
    let shape = |nested: &Nested| (nested.call.depth, nested.call.function, nested.call.outcome);
    if shape(one) != shape(other) {
        return Some(Part::Call);
    }
    let compared = |one: &KeptBytes, other: &KeptBytes, part: fn(OutputDifference) -> Part| {
        if !(one.is_whole() && other.is_whole()) {
            return (one.full_len != other.full_len).then_some(Part::Call);
        }
        let (one, other) = (Output { bytes: &one.bytes, ids }, Output { bytes: &other.bytes, ids: other_ids });
        first_difference(&one, &other).map(part)
    };
    compared(&one.input, &other.input, Part::Input).or_else(|| compared(&one.output, &other.output, Part::Output))
}

/// Keeps the bytes of nested calls while it is the kernel's recorder. The recorder before it goes on receiving all.
pub struct NestedRecorder {
    before: Option<Arc<dyn Recorder>>,
    kept: Mutex<KeptPayloads>,
}

#[derive(Default)]
struct KeptPayloads {
    /// Input and output by the number of the call.
    calls: HashMap<u64, (KeptBytes, KeptBytes)>,
    bytes_total: u64,
}

impl NestedRecorder {
    /// Runs `run` while the bytes of nested calls are kept.
    pub fn during<T>(kernel: &Kernel, run: impl FnOnce(&NestedRecorder) -> T) -> T {
        let before = kernel.recorder();
        let recorder = Arc::new(NestedRecorder { before: before.clone(), kept: Mutex::default() });
        kernel.record_calls(Some(recorder.clone()));
        let result = run(&recorder);
        kernel.record_calls(before);
        result
    }

    /// The nested calls of an ended job, in an order that is equal in every run.
    pub fn nested_calls(&self, kernel: &Kernel, job: u32) -> Vec<Nested> {
        let of_job = |depth_min: u16, depth_max: u16| {
            kernel.journal().drain().find(usize::MAX, |record| {
                record.kind == RecordKind::Call && record.job == job && (depth_min..=depth_max).contains(&record.depth)
            })
        };
        let root = of_job(1, 1).first().map_or(0, |record| record.seq);
        let mut records = of_job(2, u16::MAX);
        records.sort_by_key(|record| record.seq);
        let mut kept = self.kept.lock();
        let calls = in_calling_order(root, records.iter().map(NestedCall::of).collect());
        let with_bytes = |call: NestedCall| {
            let lengths = || (KeptBytes::private(call.bytes_in), KeptBytes::private(call.bytes_out));
            let (input, output) = kept.calls.remove(&call.seq).unwrap_or_else(lengths);
            Nested { call, input, output }
        };
        calls.into_iter().map(with_bytes).collect()
    }
}

impl Recorder for NestedRecorder {
    fn loaded(&self, process: &ProcessDetail) {
        self.before.iter().for_each(|before| before.loaded(process));
    }

    fn replaced(&self, process: &ProcessDetail, by: ReplacedBy) {
        self.before.iter().for_each(|before| before.replaced(process, by));
    }

    fn called(&self, call: &RecordedCall<'_>) {
        self.before.iter().for_each(|before| before.called(call));
    }

    fn nested_called(&self, call: &NestedCall, bytes: NestedBytes<'_>) {
        let mut kept = self.kept.lock();
        let length = (bytes.input.len() + bytes.output.len()) as u64;
        if !bytes.private && kept.bytes_total + length <= BYTES_TOTAL_MAX {
            kept.bytes_total += length.min(2 * BYTES_EACH_MAX);
            let keep = |bytes| KeptBytes::keep(bytes, BYTES_EACH_MAX);
            kept.calls.insert(call.seq, (keep(bytes.input), keep(bytes.output)));
        }
        drop(kept);
        self.before.iter().for_each(|before| before.nested_called(call, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Outcome, Symbol};

    fn nested(input: &str, output: &str) -> Nested {
        let (caller, callee, function) = (Symbol::intern("s"), Symbol::intern("t"), Symbol::intern("f"));
        let (bytes_in, bytes_out) = (input.len() as u64, output.len() as u64);
        let call = NestedCall {
            seq: 2,
            parent_seq: 1,
            depth: 2,
            caller,
            callee,
            function,
            bytes_in,
            bytes_out,
            outcome: Outcome::Ok,
            fuel: None,
        };
        let keep = |text: &str| KeptBytes::keep(text.as_bytes(), BYTES_EACH_MAX);
        Nested { call, input: keep(input), output: keep(output) }
    }

    fn difference(native: &[Nested], extism: &[Nested]) -> Option<NestedDifference> {
        let native = NestedRun { nested: native, ids: &[8, 9] };
        nested_difference(native, NestedRun { nested: extism, ids: &[9, 10] })
    }

    #[test]
    fn ids_are_no_difference_however_long_they_are() {
        assert!(difference(&[nested("9", "is 9")], &[nested("10", "is 10")]).is_none());
        assert!(difference(&[], &[]).is_none());
    }

    #[test]
    fn the_part_that_differs_is_told() {
        let first = nested("a", "b");
        let told = difference(&[first.clone(), nested("x 1", "y")], &[first.clone(), nested("x 2", "y")]).unwrap();
        assert!(told.number == 2 && matches!(told.part, Part::Input(OutputDifference { at: 2, .. })));
        let told = difference(&[nested("x", "y1")], &[nested("x", "y2")]).unwrap();
        assert!(matches!(told.part, Part::Output(OutputDifference { at: 1, .. })));
        let told = difference(std::slice::from_ref(&first), &[]).unwrap();
        assert!(told.number == 1 && matches!(told.part, Part::Call));
    }

    #[test]
    fn bytes_that_were_not_kept_are_compared_by_their_length() {
        let private = |len| Nested { output: KeptBytes::private(len), ..nested("a", "b") };
        assert!(difference(&[private(1)], &[nested("a", "c")]).is_none());
        assert!(matches!(difference(&[private(2)], &[nested("a", "c")]).unwrap().part, Part::Call));
    }
}
