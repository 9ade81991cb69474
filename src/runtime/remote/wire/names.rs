//! The names of systems and nodes, and the subjects made of them. A name is one part of a subject: what another system
//! says is on other subjects.

use std::fmt;

use super::ConversationId;
use crate::text::quoted;

/// Longest name of a system or a node, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// A name that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    text: String,
    of: &'static str,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, of) = (quoted(&self.text), self.of);
        write!(f, "`{text}` cannot name a {of}: a name is letters, digits, `_`, `-`, at most {NAME_BYTES_MAX}")
    }
}

impl std::error::Error for NameError {}

fn checked(text: &str, of: &'static str) -> Result<String, NameError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(NameError { text: text.to_owned(), of }),
    }
}

/// The name of a system: homes and nodes of one system see each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemName(String);

impl SystemName {
    /// Checks a name.
    ///
    /// # Errors
    /// It is empty, too long, or has characters that a subject cannot have.
    pub fn new(text: &str) -> Result<SystemName, NameError> {
        checked(text, "system").map(SystemName)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SystemName {
    fn default() -> Self {
        SystemName("plugsh".to_owned())
    }
}

/// The name of a node, one of its system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeName(String);

impl NodeName {
    /// Checks a name.
    ///
    /// # Errors
    /// It is empty, too long, or has characters that a subject cannot have.
    pub fn new(text: &str) -> Result<NodeName, NameError> {
        checked(text, "node").map(NodeName)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for NodeName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        NodeName::new(&text)
    }
}

impl From<NodeName> for String {
    fn from(name: NodeName) -> String {
        name.0
    }
}

/// The subjects of one system.
#[derive(Debug, Clone)]
pub struct Subjects {
    prefix: String,
}

impl Subjects {
    /// The subjects of a system.
    pub fn of(system: &SystemName) -> Subjects {
        Subjects { prefix: format!("plugsh.{}", system.0) }
    }

    /// The heartbeats of nodes.
    pub fn node_beats(&self) -> String {
        format!("{}.nodes", self.prefix)
    }

    /// The heartbeats of homes.
    pub fn home_beats(&self) -> String {
        format!("{}.homes", self.prefix)
    }

    /// The messages to a node.
    pub fn node(&self, node: &NodeName) -> String {
        format!("{}.node.{node}", self.prefix)
    }

    /// The messages to a home in one conversation.
    pub fn home(&self, conversation: ConversationId) -> String {
        format!("{}.home.{:x}.{:x}", self.prefix, conversation.home, conversation.number)
    }

    /// All messages to a home.
    pub fn home_all(&self, home: u64) -> String {
        format!("{}.home.{home:x}.*", self.prefix)
    }

    /// The number of the conversation that a subject of [`Subjects::home`] is of.
    pub fn conversation_number(subject: &str) -> Option<u64> {
        u64::from_str_radix(subject.rsplit_once('.')?.1, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_subject() {
        for wrong in ["", "a.b", "a b", "*", ">", "gpu\u{e9}", &"n".repeat(65)] {
            assert!(NodeName::new(wrong).is_err() && SystemName::new(wrong).is_err(), "{wrong}");
        }
        assert_eq!(NodeName::new("gpu-1_a").map(String::from), Ok("gpu-1_a".to_owned()));
        assert!(serde_json::from_str::<NodeName>("\"a.*\"").is_err());
    }

    #[test]
    fn a_home_finds_its_conversation_in_the_subject() {
        let subjects = Subjects::of(&SystemName::default());
        let subject = subjects.home(ConversationId { home: 7, number: 0xabc });
        assert_eq!(Subjects::conversation_number(&subject), Some(0xabc));
        assert_eq!(Subjects::conversation_number("plugsh"), None);
    }
}
