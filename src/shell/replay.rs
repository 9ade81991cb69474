//! Replaying calls on fresh processes, and comparing their results.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;

use super::answers::Answers;
use super::recording::{CallEntry, NestedCallEntry};
use super::reply::ShellError;
use super::session::Session;
use super::waits::OnInterrupt;
use crate::journal::{Journal, KeptBytes, Outcome, Record, RecordKind};
use crate::kernel::hooks::{NestedCall, RecordedCall, Recorder, ReplacedBy, in_calling_order};
use crate::kernel::{CallError, CallPlan, CallStage, Kernel, LoadRequest, OwnerId, ProcessDetail, ProcessId};
use crate::runtime::{AnswerMode, HostAnswer, sha256_hex};
use crate::shell::words::payload::{preview, whole};

/// The result of a call, recorded or replayed.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedCall {
    pub outcome: String,
    pub error: Option<String>,
    pub output: Output,
    /// Units of fuel of the call itself; `None`: not counted.
    pub fuel: Option<u64>,
    pub made: Vec<NestedCallEntry>,
}

/// An output as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    Bytes(Vec<u8>),
    Hash {
        sha256: String,
        bytes: u64,
    },
    /// Only its length.
    Length(u64),
}

impl Output {
    fn bytes(&self) -> u64 {
        match self {
            Output::Bytes(bytes) => bytes.len() as u64,
            Output::Hash { bytes, .. } | Output::Length(bytes) => *bytes,
        }
    }

    /// Whether these bytes match the output as far as it is known.
    fn is(&self, other: &[u8]) -> bool {
        match self {
            Output::Bytes(bytes) => bytes == other,
            Output::Hash { sha256: hash, .. } => *hash == sha256_hex(other),
            Output::Length(bytes) => *bytes == other.len() as u64,
        }
    }

    fn text(&self) -> String {
        match self {
            Output::Bytes(bytes) => preview(&KeptBytes::keep(bytes, u64::MAX)),
            output => format!("{} bytes", output.bytes()),
        }
    }
}

impl From<&CallEntry> for ObservedCall {
    fn from(call: &CallEntry) -> ObservedCall {
        let bytes = call.output_base64.as_ref().and_then(|text| STANDARD.decode(text).ok());
        let output = match (bytes, &call.output_sha256) {
            (Some(bytes), _) => Output::Bytes(bytes),
            (None, Some(hash)) => Output::Hash { sha256: hash.clone(), bytes: call.bytes_out },
            (None, None) => Output::Length(call.bytes_out),
        };
        let (outcome, error, made) = (call.outcome.clone(), call.error.clone(), call.calls.clone());
        ObservedCall { outcome, error, output, fuel: call.fuel, made }
    }
}

impl ObservedCall {
    /// A call's result, as the journal holds it.
    pub fn of(record: &Record, journal: &Journal) -> ObservedCall {
        let kept = record.kept().map(|payload| &payload.output).filter(|kept| kept.is_whole());
        ObservedCall {
            outcome: record.outcome.as_str().to_owned(),
            error: record.error_line(),
            output: kept.map_or(Output::Length(record.bytes_out), |kept| Output::Bytes(kept.bytes.to_vec())),
            fuel: record.counted_fuel(),
            made: nested_calls(record, journal),
        }
    }

    /// The first difference in fuel in words: the call's, then those of nested calls.
    pub fn fuel_difference(&self, again: &ObservedCall) -> Option<String> {
        let units = |fuel: Option<u64>| fuel.map_or("not counted".to_owned(), |fuel| fuel.to_string());
        if self.fuel != again.fuel {
            return Some(format!("the fuel was {}, and is {}", units(self.fuel), units(again.fuel)));
        }
        let mut pairs = self.made.iter().zip(&again.made).enumerate();
        let (place, (before, after)) = pairs.find(|(_, (before, after))| before.fuel != after.fuel)?;
        let call = format!("nested call {}, {}.{}", place + 1, before.callee, before.function);
        Some(format!("the fuel of {call} was {}, and is {}", units(before.fuel), units(after.fuel)))
    }

    /// The first difference in words, in the order outcome, output, nested calls.
    pub fn difference(&self, again: &ObservedCall) -> Option<String> {
        if self.outcome != again.outcome {
            let why = |result: &ObservedCall| match &result.error {
                Some(error) => format!("{} ({error})", result.outcome),
                None => result.outcome.clone(),
            };
            return Some(format!("the outcome was {}, and is {}", why(self), why(again)));
        }
        let Output::Bytes(bytes) = &again.output else { return None };
        if self.outcome == Outcome::Ok.as_str() && !self.output.is(bytes) {
            return Some(format!("the output was {}, and is {}", self.output.text(), again.output.text()));
        }
        let pairs = self.made.iter().map(Some).chain(std::iter::repeat(None));
        let others = again.made.iter().map(Some).chain(std::iter::repeat(None));
        let most = self.made.len().max(again.made.len());
        let differs = |(before, after): &(Option<&NestedCallEntry>, Option<&NestedCallEntry>)| {
            before.map(plain) != after.map(plain)
        };
        let (place, (before, after)) = pairs.zip(others).take(most).enumerate().find(|(_, pair)| differs(pair))?;
        let text = |made: Option<&NestedCallEntry>| made.map_or("none".to_owned(), made_text);
        Some(format!("nested call {} was {}, and is {}", place + 1, text(before), text(after)))
    }
}

/// A nested call without the suffix that makes a process's name unique, and without its fuel.
fn plain(made: &NestedCallEntry) -> NestedCallEntry {
    let (caller, callee) = (stem(&made.caller).to_owned(), stem(&made.callee).to_owned());
    NestedCallEntry { caller, callee, fuel: None, ..made.clone() }
}

fn stem(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((stem, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    }
}

fn made_text(made: &NestedCallEntry) -> String {
    let (from, to) = (made.bytes_in, made.bytes_out);
    format!("{} → {}.{} {from} → {to} bytes {}", made.caller, made.callee, made.function, made.outcome)
}

/// The ended calls below one in the journal, in the order of their callers, with depths counted from that call.
fn nested_calls(record: &Record, journal: &Journal) -> Vec<NestedCallEntry> {
    let mut later = journal.drain().find(usize::MAX, |other| other.job == record.job && other.seq > record.seq);
    later.sort_by_key(|record| record.seq);
    let mut inside = std::collections::BTreeSet::from([record.seq]);
    let mut made = Vec::new();
    for other in later {
        if inside.contains(&other.parent_seq) {
            inside.insert(other.seq);
            if other.kind != RecordKind::Call {
                // A load has calls below it, and is none.
                continue;
            }
            let mut call = NestedCall::of(&other);
            call.depth = other.depth + 1 - record.depth;
            made.push(call);
        }
    }
    in_calling_order(record.seq, made).iter().map(NestedCallEntry::from).collect()
}

/// Keeps the last call from the shell, and gives the answers of a deep recording.
#[derive(Default)]
struct LastCall {
    made: Mutex<(Option<u64>, Vec<NestedCallEntry>)>,
    answers: Option<Answers>,
}

impl Recorder for LastCall {
    fn loaded(&self, _process: &ProcessDetail) {}

    fn replaced(&self, _process: &ProcessDetail, _by: ReplacedBy) {}

    fn called(&self, call: &RecordedCall<'_>) {
        *self.made.lock() = (call.fuel, call.nested_calls.iter().map(NestedCallEntry::from).collect());
    }

    fn answer_mode(&self) -> AnswerMode {
        if self.answers.is_some() { AnswerMode::Replayed } else { AnswerMode::Live }
    }

    fn recorded_answer(&self, process: &str, function: &str, asked: &str) -> Result<HostAnswer, String> {
        match &self.answers {
            Some(answers) => answers.take(process, function, asked),
            None => Err(format!("nothing answers `{function}` of `{process}`")),
        }
    }
}

/// A kernel for replays.
pub struct ReplayStage {
    pub kernel: Arc<Kernel>,
    last: Arc<LastCall>,
}

impl ReplayStage {
    /// A kernel with the session's limits, plugin directories and stubs, without processes.
    pub fn new(session: &Session) -> ReplayStage {
        ReplayStage::with(session, None)
    }

    /// One whose host answers as it did in a deep recording.
    pub fn deep(session: &Session, answers: Answers) -> ReplayStage {
        let stage = ReplayStage::with(session, Some(answers));
        stage.kernel.set_counts_fuel(true);
        stage
    }

    fn with(session: &Session, answers: Option<Answers>) -> ReplayStage {
        let kernel = session.kernel().fresh();
        let last = Arc::new(LastCall { answers, ..LastCall::default() });
        kernel.record_calls(Some(last.clone()));
        ReplayStage { kernel, last }
    }

    /// The answers of a deep recording, as far as they are left.
    pub fn answers(&self) -> Option<&Answers> {
        self.last.answers.as_ref()
    }

    /// Makes a call and gives its result. Ctrl-C ends it.
    ///
    /// # Errors
    /// The call cannot be started, or is interrupted. A call that fails is a result.
    pub fn call(
        &self,
        session: &mut Session,
        process: ProcessId,
        function: &str,
        input: &[u8],
    ) -> Result<ObservedCall, ShellError> {
        let plan = CallPlan {
            stages: vec![CallStage { process, function: function.to_owned() }],
            input: input.into(),
            repeat: 1,
            timeout: None,
            text: format!("replay {process} {function}"),
            background: false,
            owner: OwnerId::FIRST,
        };
        *self.last.made.lock() = Default::default();
        let job = self.kernel.start(plan).map_err(|error| session.call_error(error))?;
        let end = session.wait_for_job(&job, OnInterrupt::EndJob)?;
        if session.interrupt().is_raised() {
            return Err(ShellError::interrupted());
        }
        let (fuel, made) = std::mem::take(&mut *self.last.made.lock());
        Ok(ObservedCall { fuel, ..result_of(&end.bytes(), made) })
    }
}

fn result_of(result: &Result<Arc<[u8]>, CallError>, made: Vec<NestedCallEntry>) -> ObservedCall {
    let outcome = result.as_ref().err().map_or(Outcome::Ok, |error| error.outcome);
    ObservedCall {
        outcome: outcome.as_str().to_owned(),
        error: result.as_ref().err().map(CallError::to_string),
        output: Output::Bytes(result.as_ref().map_or_else(|_| Vec::new(), |bytes| bytes.to_vec())),
        fuel: None,
        made,
    }
}

/// The result of replaying the journal on other code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Calls that were replayed.
    pub replayed: usize,
    /// Calls whose bytes the journal does not hold in whole.
    pub skipped: usize,
    /// The first call whose result differs, and how.
    pub difference: Option<(u64, String)>,
}

/// Replays the calls of a process that the journal holds, in order, on a fresh process of `request`, for
/// `reload --verify`. The session's processes are not touched.
///
/// # Errors
/// The process cannot be started, or a call is interrupted.
pub fn verify_journal(session: &mut Session, id: ProcessId, request: LoadRequest) -> Result<Verified, ShellError> {
    let journal = session.kernel().journal().clone();
    let is_its = |record: &Record| record.kind == RecordKind::Call && record.callee == id && record.outcome.is_ended();
    let records = journal.drain().find(usize::MAX, is_its);
    let stage = ReplayStage::new(session);
    let process = stage.kernel.load(request).map_err(|error| session.call_error(error))?;
    let mut verified = Verified { replayed: 0, skipped: 0, difference: None };
    for record in records {
        let input = whole(record.seq, "input", record.kept().map(|payload| &payload.input));
        // Kills and changes by hooks do not repeat.
        let outside =
            matches!(record.outcome, Outcome::Killed | Outcome::Timeout) || record.changed_by != Default::default();
        // The new code may well mend a call that was kept only because it failed.
        let outside = outside || record.outcome.is_failure() && journal.payload_bytes_each_max() == 0;
        let (Ok(input), false) = (input, outside) else {
            verified.skipped += 1;
            continue;
        };
        let before = ObservedCall::of(&record, &journal);
        let again = stage.call(session, process.id, record.function.as_str(), &input)?;
        verified.replayed += 1;
        if let Some(difference) = before.difference(&again) {
            verified.difference = Some((record.seq, difference));
            break;
        }
    }
    Ok(verified)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(callee: &str, bytes_out: u64) -> NestedCallEntry {
        let (caller, function, outcome) = ("front".to_owned(), "run".to_owned(), "ok".to_owned());
        let callee = callee.to_owned();
        NestedCallEntry { depth: 2, caller, callee, function, bytes_in: 1, bytes_out, outcome, fuel: None }
    }

    fn result(output: &[u8], made: Vec<NestedCallEntry>) -> ObservedCall {
        ObservedCall { outcome: "ok".into(), error: None, output: Output::Bytes(output.to_vec()), fuel: Some(7), made }
    }

    #[test]
    fn the_first_difference_is_told() {
        let before = result(b"a", vec![made("cart-2", 1), made("cart", 1)]);
        assert_eq!(before.difference(&result(b"a", vec![made("cart", 1), made("cart-7", 1)])), None);
        let told = |again| before.difference(&again).unwrap();
        assert_eq!(told(result(b"b", vec![])), "the output was 1 byte: a, and is 1 byte: b");
        assert_eq!(
            told(result(b"a", vec![made("cart", 1)])),
            "nested call 2 was front → cart.run 1 → 1 bytes ok, and is none"
        );
        let failed = ObservedCall { outcome: "error".into(), error: Some("1:x.f: no".into()), ..result(b"", vec![]) };
        assert_eq!(told(failed), "the outcome was ok, and is error (1:x.f: no)");
    }

    #[test]
    fn an_output_is_known_by_its_bytes_its_hash_or_its_length() {
        let long = Output::Hash { sha256: sha256_hex(b"abc"), bytes: 3 };
        assert!(long.is(b"abc") && !long.is(b"abd"));
        assert!(Output::Length(3).is(b"xyz") && !Output::Length(3).is(b"xy"));
    }
}
