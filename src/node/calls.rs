//! Instances made and called, each on a worker.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::caller::NodeCaller;
use super::conversation::NodeConversation;
use super::grants::granted;
use super::instances::{HeldInstance, INSTANCES_MAX, NewInstance};
use super::lease::Lease;
use super::refusal::NodeRefusal;
use super::state::Node;
use crate::runtime::remote::payload::Payload;
use crate::runtime::remote::wire::{EndedCall, HomeMessage, InstanceState, RunContext};
use crate::runtime::{Cost, Failure, FailureKind, FunctionId, Guest, Spec};

/// An instance to be made of a compiled program.
pub struct NewGuest {
    /// The program's number.
    pub image: u64,
    pub plugin: Arc<str>,
    /// The run of its start functions.
    pub run: RunContext,
    /// The spec in JSON, as the home sent it.
    pub spec: Payload,
}

/// A call of a function of an instance.
pub struct InstanceCall {
    /// The instance's number.
    pub instance: u64,
    pub function: FunctionId,
    pub run: RunContext,
    pub input: Payload,
}

/// Makes an instance and sends its number to the home.
pub fn instantiate(node: &Arc<Node>, conversation: &Arc<NodeConversation>, new: NewGuest) {
    let NewGuest { image, plugin, run, spec } = new;
    let Some(image) = node.programs.program(image) else {
        // The home is to prepare it again.
        let _ = node.send(conversation, &HomeMessage::Lacks { modules: Vec::new() }, &[]);
        return;
    };
    let lease: Arc<Lease> = Arc::default();
    let caller = caller(node, conversation, run, &lease, &plugin);
    conversation.set_remaining(run.remaining_us);
    let made = read_spec(&spec).and_then(|spec| granted(spec, &plugin, node.policy(), node.name().as_str())).and_then(
        |spec| {
            let start = AssertUnwindSafe(|| image.instantiate(&spec, caller));
            catch_unwind(start).unwrap_or_else(|_| Err(panicked()))
        },
    );
    conversation.end();
    let made = made.and_then(|guest| {
        let usage = usage(&*guest, true);
        let new = NewInstance { home: conversation.of.home, plugin, lease, guest };
        match node.instances.add(new) {
            Ok(instance) => Ok(HomeMessage::Made { instance, usage }),
            Err(_) => Err(NodeRefusal::Instances { max: INSTANCES_MAX }.failure(node.name())),
        }
    });
    let message = made.unwrap_or_else(HomeMessage::Refused);
    let sent = node.send(conversation, &message, &[]);
    if let (Err(_), HomeMessage::Made { instance, .. }) = (sent, message) {
        drop(node.instances.remove(conversation.of.home, instance));
    }
}

fn read_spec(spec: &[u8]) -> Result<Spec, Failure> {
    serde_json::from_slice(spec).map_err(|error| Failure::new(FailureKind::Load, format!("no spec: {error}")))
}

fn panicked() -> Failure {
    Failure::new(FailureKind::Trap, "the node itself failed, which is a mistake of its own")
}

fn caller(
    node: &Arc<Node>,
    conversation: &Arc<NodeConversation>,
    run: RunContext,
    lease: &Arc<Lease>,
    plugin: &Arc<str>,
) -> Arc<NodeCaller> {
    Arc::new(NodeCaller {
        node: node.clone(),
        conversation: conversation.clone(),
        run,
        lease: lease.clone(),
        plugin: plugin.clone(),
        requests_ns: Default::default(),
        names: NodeCaller::no_names(),
    })
}

fn usage(guest: &dyn Guest, kept: bool) -> InstanceState {
    InstanceState { memory: guest.memory(), spent: guest.spent(), kept }
}

/// Calls a function of an instance and sends the result to the home.
pub fn call(node: &Arc<Node>, conversation: &Arc<NodeConversation>, call: InstanceCall) {
    let instance = call.instance;
    let held = node.instances.get(conversation.of.home, instance);
    let taken = held.and_then(|held| Some((held.take()?, held)));
    let Some((guest, held)) = taken else {
        let failure = NodeRefusal::NoInstance.failure(node.name());
        // The home may be gone: nobody needs the answer then.
        let _ = node.send(conversation, &HomeMessage::Refused(failure), &[]);
        return;
    };
    let guest = call_in(node, conversation, &held, guest, call);
    let is_gone = guest.is_none();
    drop(held.put(guest));
    if is_gone {
        drop(node.instances.remove(conversation.of.home, instance));
    }
}

/// Runs a call in a guest; gives it back where it may be called again.
fn call_in(
    node: &Arc<Node>,
    conversation: &Arc<NodeConversation>,
    held: &HeldInstance,
    mut guest: Box<dyn Guest>,
    call: InstanceCall,
) -> Option<Box<dyn Guest>> {
    let InstanceCall { function, run, input, .. } = call;
    let caller = caller(node, conversation, run, &held.lease, &held.plugin);
    conversation.set_remaining(run.remaining_us);
    let began = Instant::now();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        guest.set_input(&input, &*caller)?;
        drop(input);
        guest.run(function, caller.clone())
    }));
    let took = began.elapsed().as_nanos() as u64;
    conversation.end();
    let (result, cost) = match ran {
        Ok(result) => (result.map(drop), guest.cost()),
        Err(_) => (Err(panicked()), Cost::NOTHING),
    };
    let kept = !guest.spent() && result.as_ref().err().is_none_or(Failure::keeps_instance);
    let guest_ns = took.saturating_sub(caller.requests_ns.load(Ordering::Relaxed));
    let output = if result.is_ok() { guest.output() } else { &[] };
    let ended = HomeMessage::Ended(EndedCall { result, cost, usage: usage(&*guest, kept), guest_ns });
    let sent = node.send(conversation, &ended, output);
    if sent.is_err() {
        // A home that has cancelled the call in the middle of its output waits for its end.
        let _ = node.send(conversation, &HomeMessage::Refused(Failure::interrupted()), &[]);
    }
    (kept && sent.is_ok()).then_some(guest)
}
