//! Looks into an instance that stands still: its variables and its memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::conversation::NodeConversation;
use super::instances::Taken;
use super::refusal::NodeRefusal;
use super::state::Node;
use crate::runtime::inspect::InspectError;
use crate::runtime::remote::wire::{HomeMessage, Look, LookAnswer, encode_variables};
use crate::runtime::{Failure, Guest};

/// The longest wait for a call to give its guest back: its home has the output a moment before.
const IDLE_MAX: Duration = Duration::from_millis(500);

/// Looks into an instance and tells its home.
pub fn look(node: &Arc<Node>, conversation: &Arc<NodeConversation>, instance: u64, look: Look, value: &[u8]) {
    let held = node.instances.get(conversation.of.home, instance);
    let seen = match held.map(|held| (held.take_idle(Instant::now() + IDLE_MAX), held)) {
        Some((Taken::Guest(mut guest), held)) => {
            let seen = look_into(&mut *guest, look, value);
            drop(held.put(Some(guest)));
            seen
        }
        Some((Taken::InCall, _)) => Err(NodeRefusal::InCall.failure(node.name())),
        Some((Taken::Gone, _)) | None => Err(NodeRefusal::NoInstance.failure(node.name())),
    };
    let (message, payload) = match seen {
        Ok((seen, payload)) => (HomeMessage::Looked(seen), payload),
        Err(failure) => (HomeMessage::Refused(failure), Vec::new()),
    };
    // The home may be gone: nobody needs the answer then.
    let _ = node.send(conversation, &message, &payload);
}

fn look_into(guest: &mut dyn Guest, look: Look, value: &[u8]) -> Result<(LookAnswer, Vec<u8>), Failure> {
    // A node has the native host alone, which shows its instances.
    let inspected = guest.inspect().ok_or_else(|| Failure::denied("its host shows no variables or memory"))?;
    Ok(match look {
        Look::Variables => (LookAnswer::Variables, encode_variables(&inspected.variables()?)),
        Look::SetVariable { key, removes } => {
            inspected.set_variable(&key, (!removes).then_some(value))?;
            (LookAnswer::VariableSet, Vec::new())
        }
        Look::Memory { offset, length } => match inspected.read_memory(offset, length) {
            Ok(part) => (LookAnswer::Memory { memory_bytes: part.memory_bytes }, part.bytes),
            Err(InspectError::Memory(error)) => (LookAnswer::NoMemory(error), Vec::new()),
            Err(InspectError::Unanswered(failure)) => return Err(*failure),
        },
    })
}
