//! Instances made and called, each on a worker.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::caller::{NodeCaller, gone};
use super::grants::granted;
use super::instances::{HeldInstance, INSTANCES_MAX, NewInstance};
use super::lease::Lease;
use super::state::Node;
use super::talk::NodeTalk;
use crate::runtime::remote::wire::{Ended, HomeMessage, Run, Usage};
use crate::runtime::{Cost, Failure, FailureKind, FunctionId, Guest, Spec};

/// Makes an instance and tells its home.
pub fn instantiate(node: &Arc<Node>, talk: &Arc<NodeTalk>, image: u64, plugin: &str, run: Run, spec: &[u8]) {
    let Some(image) = node.programs().program(image) else {
        // The home is to prepare it again.
        let _ = node.say(talk, &HomeMessage::Lacks { modules: Vec::new() }, &[]);
        return;
    };
    let plugin: Arc<str> = plugin.into();
    let lease: Arc<Lease> = Arc::default();
    let caller = caller(node, talk, run, &lease, &plugin);
    talk.set_remaining(run.remaining_us);
    let made =
        read_spec(spec).and_then(|spec| granted(spec, &plugin, node.policy(), node.name().as_str())).and_then(|spec| {
            let start = AssertUnwindSafe(|| image.instantiate(&spec, caller));
            catch_unwind(start).unwrap_or_else(|_| Err(panicked()))
        });
    talk.end();
    let made = made.and_then(|guest| {
        let usage = usage(&*guest, true);
        let new = NewInstance { home: talk.of.home, plugin, lease, guest };
        match node.instances().add(new) {
            Ok(instance) => Ok(HomeMessage::Made { instance, usage }),
            Err(_) => Err(Failure::denied(format!("node `{}` holds {INSTANCES_MAX} instances", node.name()))),
        }
    });
    let message = made.unwrap_or_else(HomeMessage::Refused);
    let sent = node.say(talk, &message, &[]);
    if let (Err(_), HomeMessage::Made { instance, .. }) = (sent, message) {
        drop(node.instances().remove(talk.of.home, instance));
    }
}

fn read_spec(spec: &[u8]) -> Result<Spec, Failure> {
    serde_json::from_slice(spec).map_err(|error| Failure::new(FailureKind::Load, format!("no spec: {error}")))
}

fn panicked() -> Failure {
    Failure::new(FailureKind::Trap, "the node itself failed, which is a mistake of its own")
}

fn caller(node: &Arc<Node>, talk: &Arc<NodeTalk>, run: Run, lease: &Arc<Lease>, plugin: &Arc<str>) -> Arc<NodeCaller> {
    Arc::new(NodeCaller {
        node: node.clone(),
        talk: talk.clone(),
        run,
        lease: lease.clone(),
        plugin: plugin.clone(),
        requests_ns: Default::default(),
    })
}

fn usage(guest: &dyn Guest, kept: bool) -> Usage {
    Usage { memory: guest.memory(), spent: guest.spent(), kept }
}

/// Calls a function of an instance and tells its home.
pub fn call(node: &Arc<Node>, talk: &Arc<NodeTalk>, instance: u64, function: u32, run: Run, input: Vec<u8>) {
    let held = node.instances().get(talk.of.home, instance);
    let taken = held.and_then(|held| Some((held.take()?, held)));
    let Some((guest, held)) = taken else {
        let why = format!("node `{}` does not hold the instance any more", node.name());
        // A home that is not there wants to know nothing.
        let _ = node.say(talk, &HomeMessage::Refused(gone(why)), &[]);
        return;
    };
    let guest = call_in(node, talk, &held, guest, FunctionId(function), run, input);
    let is_gone = guest.is_none();
    drop(held.put(guest));
    if is_gone {
        drop(node.instances().remove(talk.of.home, instance));
    }
}

/// Runs a call in a guest; gives it back where it may be called again.
fn call_in(
    node: &Arc<Node>,
    talk: &Arc<NodeTalk>,
    held: &HeldInstance,
    mut guest: Box<dyn Guest>,
    function: FunctionId,
    run: Run,
    input: Vec<u8>,
) -> Option<Box<dyn Guest>> {
    let caller = caller(node, talk, run, &held.lease, &held.plugin);
    talk.set_remaining(run.remaining_us);
    let began = Instant::now();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        guest.set_input(&input, &*caller)?;
        drop(input);
        guest.run(function, caller.clone())
    }));
    let took = began.elapsed().as_nanos() as u64;
    talk.end();
    let (result, cost) = match ran {
        Ok(result) => (result.map(drop), guest.cost()),
        Err(_) => (Err(panicked()), Cost::NOTHING),
    };
    let kept = !guest.spent() && result.as_ref().err().is_none_or(Failure::keeps_instance);
    let guest_ns = took.saturating_sub(caller.requests_ns.load(Ordering::Relaxed));
    let output = if result.is_ok() { guest.output() } else { &[] };
    let ended = HomeMessage::Ended(Ended { result, cost, usage: usage(&*guest, kept), guest_ns });
    let sent = node.say(talk, &ended, output);
    (kept && sent.is_ok()).then_some(guest)
}
