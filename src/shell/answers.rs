//! The host's answers in a deep recording: a line of the file for each, and their source in a replay.

use std::collections::{BTreeMap, HashMap, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::reply::ShellError;
use crate::runtime::{AnswerFailure, AnswerKind, GivenBytes, HostAnswer};
use crate::text::{escape_control, quoted};

/// Bytes of answers that a recording keeps unless it is told otherwise.
pub const DEEP_BYTES_MAX_DEFAULT: u64 = 256 << 20;

/// One answer of the host to a process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerEntry {
    pub process: String,
    /// The host function.
    pub function: String,
    /// The request in words.
    pub asked: String,
    pub result: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<GivenEntry>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub fuel: u64,
    pub kind: AnswerKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<AnswerFailure>,
}

/// Bytes that the host wrote to the guest's memory at `at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenEntry {
    pub at: u32,
    pub base64: String,
}

impl AnswerEntry {
    /// The line of an answer.
    pub fn new(process: &str, answer: HostAnswer) -> AnswerEntry {
        let given = |given: GivenBytes| GivenEntry { at: given.at, base64: STANDARD.encode(given.bytes) };
        AnswerEntry {
            process: process.to_owned(),
            function: answer.function,
            asked: answer.asked,
            result: answer.result,
            given: answer.given.into_iter().map(given).collect(),
            headers: answer.headers,
            fuel: answer.fuel,
            kind: answer.kind,
            failure: answer.failure,
        }
    }

    /// The answer of a line; `None` where its bytes are no base64.
    fn answer(self) -> Option<HostAnswer> {
        let bytes = |given: GivenEntry| Some(GivenBytes { at: given.at, bytes: STANDARD.decode(given.base64).ok()? });
        Some(HostAnswer {
            function: self.function,
            asked: self.asked,
            result: self.result,
            given: self.given.into_iter().map(bytes).collect::<Option<_>>()?,
            headers: self.headers,
            fuel: self.fuel,
            kind: self.kind,
            failure: self.failure,
        })
    }
}

/// The answers of a recording, by the process that got them, in their order. One call at a time runs in an instance,
/// so that order is one.
#[derive(Debug, Default)]
pub struct Answers(Mutex<AnswersLeft>);

#[derive(Debug, Default)]
struct AnswersLeft {
    of_process: HashMap<String, VecDeque<HostAnswer>>,
    taken: u64,
    /// The first request that the recording does not answer.
    difference: Option<String>,
}

impl Answers {
    /// The answers of some lines.
    ///
    /// # Errors
    /// The bytes of one are no base64.
    pub fn new(name: &str, entries: impl IntoIterator<Item = AnswerEntry>) -> Result<Answers, ShellError> {
        let mut left = AnswersLeft::default();
        for entry in entries {
            let (process, function) = (entry.process.clone(), entry.function.clone());
            let answer = entry.answer().ok_or_else(|| {
                let (function, process) = (quoted(&function), quoted(&process));
                ShellError::failed(format!(
                    "`{name}`: the answer to `{function}` of `{process}` has bytes that are no base64; record it again"
                ))
            })?;
            left.of_process.entry(process).or_default().push_back(answer);
        }
        Ok(Answers(Mutex::new(left)))
    }

    /// The next answer for a process.
    ///
    /// # Errors
    /// It is none to this request; in words, and kept for [`Answers::difference`].
    pub fn take(&self, process: &str, function: &str, asked: &str) -> Result<HostAnswer, String> {
        let mut left = self.0.lock();
        let next = left.of_process.get_mut(process).and_then(VecDeque::pop_front);
        if let Some(answer) = next.as_ref().filter(|answer| answer.kind == AnswerKind::Private) {
            let why = format!("`{process}` is private: its answer from `{}` was not kept", quoted(&answer.function));
            return Err(left.differ(why));
        }
        match next {
            Some(answer) if answer.function == function && answer.asked == asked => {
                left.taken += 1;
                Ok(answer)
            }
            next => {
                let recorded = next.map_or("no further answer".to_owned(), |answer| {
                    format!("an answer to {}", request_text(&answer.function, &answer.asked))
                });
                let asked = request_text(function, asked);
                let why = format!("`{process}` asked the host for {asked}, and the recording has {recorded}");
                Err(left.differ(why))
            }
        }
    }

    /// The first request that was not answered, in words.
    pub fn difference(&self) -> Option<String> {
        self.0.lock().difference.clone()
    }

    /// Count of answers that were given.
    pub fn taken(&self) -> u64 {
        self.0.lock().taken
    }

    /// Count of answers that nothing has asked for yet.
    pub fn left(&self) -> u64 {
        self.0.lock().of_process.values().map(|answers| answers.len() as u64).sum()
    }
}

impl AnswersLeft {
    /// Keeps the first difference; gives back its words.
    fn differ(&mut self, why: String) -> String {
        self.difference.get_or_insert(why).clone()
    }
}

fn request_text(function: &str, asked: &str) -> String {
    let (function, asked) = (quoted(function), escape_control(asked));
    if asked.is_empty() { format!("`{function}`") } else { format!("`{function}` ({asked})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(process: &str, function: &str, asked: &str) -> AnswerEntry {
        let answer = HostAnswer {
            function: function.to_owned(),
            asked: asked.to_owned(),
            result: 7,
            given: vec![GivenBytes { at: 4, bytes: vec![1, 2, 3] }],
            ..HostAnswer::default()
        };
        AnswerEntry::new(process, answer)
    }

    #[test]
    fn each_process_gets_its_own_answers_in_order() {
        let entries = [entry("a", "random_get", "0 3"), entry("b", "fd_read", "3"), entry("a", "clock_time_get", "0")];
        let answers = Answers::new("x", entries).unwrap();
        assert_eq!(answers.take("a", "random_get", "0 3").unwrap().given[0].bytes, [1, 2, 3]);
        assert_eq!(answers.take("a", "clock_time_get", "0").unwrap().result, 7);
        assert_eq!((answers.taken(), answers.left(), answers.difference()), (2, 1, None));
    }

    #[test]
    fn the_first_other_request_is_told() {
        let answers = Answers::new("x", [entry("a", "random_get", "0 3"), entry("a", "fd_read", "3")]).unwrap();
        let told = answers.take("a", "random_get", "0 4").unwrap_err();
        let says = "`a` asked the host for `random_get` (0 4), and the recording has an answer to `random_get` (0 3)";
        assert_eq!(told, says);
        let _ = answers.take("a", "fd_read", "3");
        answers.take("a", "fd_read", "3").unwrap_err();
        assert_eq!(answers.difference().unwrap(), says);
    }

    #[test]
    fn bytes_that_are_none_are_refused() {
        let mut bad = entry("a", "random_get", "0 3");
        bad.given[0].base64 = "!".to_owned();
        let error = Answers::new("x", [bad]).unwrap_err();
        assert!(error.to_string().contains("no base64"), "{error}");
    }
}
