//! Answers of a host to a plugin, as a deep recording keeps them and a replay gives them again. Data only: the native
//! host asks and answers, the kernel knows whose answers they are, the shell writes and reads them.

use std::collections::BTreeMap;

use super::FailureKind;

/// Longest sum of the bytes of one answer that is kept.
pub const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// Where the answers of the host come from, and where they go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AnswerMode {
    /// From the world; they go nowhere else.
    #[default]
    Live,
    /// From the world, and they are kept.
    Kept,
    /// From a recording.
    Replayed,
}

/// One answer of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostAnswer {
    /// The host function by its name.
    pub function: String,
    /// The request, in words that are equal in every run of it.
    pub asked: String,
    /// The function's result, an errno, an HTTP status or a ticket among them.
    pub result: i64,
    /// Bytes that the host gave.
    pub given: Vec<GivenBytes>,
    /// Headers of an HTTP response.
    pub headers: BTreeMap<String, String>,
    /// Fuel that the function took; 0 where none is counted.
    pub fuel: u64,
    pub kind: AnswerKind,
    /// The failure that ended the call.
    pub failure: Option<AnswerFailure>,
}

/// How far an answer is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerKind {
    #[default]
    Whole,
    /// The host does it again and must come to an equal answer: output to the plugin's own log.
    Repeated,
    /// Left out: the plugin is private.
    Private,
    /// Left out: longer than [`ANSWER_BYTES_MAX`].
    TooLong,
}

/// Bytes that the host wrote to the guest's memory at `at`; 0 for those that become a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenBytes {
    pub at: u32,
    pub bytes: Vec<u8>,
}

/// A failed host function.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AnswerFailure {
    pub kind: FailureKind,
    pub message: String,
}

impl HostAnswer {
    /// Bytes of the answer: what was given, and its words.
    pub fn bytes(&self) -> u64 {
        let given: usize = self.given.iter().map(|given| given.bytes.len()).sum();
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let failure = self.failure.as_ref().map_or(0, |failure| failure.message.len());
        (given + headers + failure + self.asked.len() + self.function.len()) as u64
    }
}
