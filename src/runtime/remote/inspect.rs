//! Looks into an instance on a node: each is a question to the node, which answers while the instance stands still.

use std::time::{Duration, Instant};

use super::guest::RemoteGuest;
use super::mailbox::Mail;
use super::payload::Payload;
use super::request_handler::{lost, not_sent, unexpected};
use super::wire::{HomeMessage, Look, LookAnswer, NodeMessage, decode_variables};
use crate::runtime::inspect::{InspectError, MemoryPart, Variable};
use crate::runtime::{Failure, FailureKind, Inspect};

/// The longest wait for an answer: whoever looks holds the process.
const LOOK_MAX: Duration = Duration::from_secs(2);

impl RemoteGuest {
    fn look(&self, look: Look, value: &[u8]) -> Result<(LookAnswer, Payload), Failure> {
        let (home, node) = (&self.home, &self.node.name);
        let conversation = home.begin(node);
        let until = Instant::now() + LOOK_MAX;
        let message = NodeMessage::Look { instance: self.instance, look };
        let sent = home.send(&conversation, &message, value, &|| Instant::now() > until);
        let answer = sent.map(|()| home.next(&conversation, Some(until)));
        home.end(&conversation);
        match answer.map_err(|error| not_sent(&conversation, home, error))? {
            Mail::Message(HomeMessage::Looked(seen), payload) => Ok((seen, payload)),
            Mail::Message(HomeMessage::Refused(failure), _) => Err(failure.from_elsewhere()),
            Mail::Message(..) => Err(unexpected(&conversation)),
            Mail::Closed(loss) => Err(lost(node, loss)),
            Mail::Nudged | Mail::TimedOut => {
                Err(Failure::new(FailureKind::Lost, format!("it is on node `{node}`, which does not answer")))
            }
        }
    }

    /// The failure of an answer that answers something else.
    fn wrong_answer(&self) -> Failure {
        lost(&self.node.name, super::conversation::Loss::Garbage)
    }
}

impl Inspect for RemoteGuest {
    fn variables(&mut self) -> Result<Vec<Variable>, Failure> {
        match self.look(Look::Variables, &[])? {
            (LookAnswer::Variables, payload) => decode_variables(&payload).map_err(|_| self.wrong_answer()),
            _ => Err(self.wrong_answer()),
        }
    }

    fn set_variable(&mut self, key: &str, value: Option<&[u8]>) -> Result<(), Failure> {
        let look = Look::SetVariable { key: key.to_owned(), removes: value.is_none() };
        match self.look(look, value.unwrap_or_default())? {
            (LookAnswer::VariableSet, _) => Ok(()),
            _ => Err(self.wrong_answer()),
        }
    }

    fn read_memory(&mut self, offset: u64, length: u64) -> Result<MemoryPart, InspectError> {
        match self.look(Look::Memory { offset, length }, &[])? {
            (LookAnswer::Memory { memory_bytes }, payload) if payload.len() as u64 == length => {
                Ok(MemoryPart { bytes: payload.into_vec(), memory_bytes })
            }
            (LookAnswer::NoMemory(error), _) => Err(error.into()),
            _ => Err(self.wrong_answer().into()),
        }
    }
}
