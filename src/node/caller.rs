//! A guest's requests: those about this machine are answered here, the others go to the guest's home.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::conversation::NodeConversation;
use super::lease::Lease;
use super::state::Node;
use crate::kernel::Policy;
use crate::kernel::policy::{Denial, RequestedSource, Who};
use crate::locks::{Mutex, Rank};
use crate::runtime::remote::payload::Payload;
use crate::runtime::remote::wire::{
    HomeMessage, NodeMessage, Note, PAYLOAD_BYTES_MAX, Request, RequestAnswer, RunContext,
};
use crate::runtime::{
    Exchange, Failure, HostRequest, InstanceStack, LogLevel, ProcessNames, StandardStream, Stopped, Upcalls,
};
use crate::text::bounded;

/// Most bytes of the detail of one request to the host.
const DETAIL_BYTES_MAX: usize = 4096;

/// Most processes whose names are kept for one run.
const NAMES_MAX: usize = 1024;
/// Most bytes of one process's names, in JSON.
const NAMES_BYTES_MAX: usize = 4096;

/// The caller of one run.
pub struct NodeCaller {
    pub node: Arc<Node>,
    pub conversation: Arc<NodeConversation>,
    pub run: RunContext,
    pub lease: Arc<Lease>,
    pub plugin: Arc<str>,
    /// Nanoseconds that requests took.
    pub requests_ns: AtomicU64,
    /// Processes that the guest has called, where this node's policy asks for their names.
    pub names: Mutex<HashMap<u64, ProcessNames>>,
}

impl NodeCaller {
    /// Names of no process yet.
    pub(super) fn no_names() -> Mutex<HashMap<u64, ProcessNames>> {
        Mutex::new(Rank::NodeNames, HashMap::new())
    }

    /// Sends a request to the home, and waits for the answer. The deadline is suspended meanwhile.
    fn ask(&self, request: Request, payload: &[u8]) -> Result<(u64, Payload), Failure> {
        let began = Instant::now();
        self.conversation.suspend_deadline();
        let sent = self.node.send(&self.conversation, &HomeMessage::Request(request), payload);
        let answer = sent.ok().and_then(|()| self.node.next(&self.conversation));
        self.requests_ns.fetch_add(began.elapsed().as_nanos() as u64, Ordering::Relaxed);
        let Some((NodeMessage::Answer(RequestAnswer { result, is_cancelled, remaining_us }), output)) = answer else {
            // The home is gone.
            self.conversation.cancel();
            return Err(Failure::interrupted());
        };
        self.conversation.set_remaining(remaining_us);
        if is_cancelled {
            self.conversation.cancel();
        }
        result.map(|value| (value, output)).map_err(Failure::from_elsewhere)
    }

    fn send_note(&self, note: Note, payload: &[u8]) {
        // The home may be gone: nobody needs the note then.
        let _ = self.node.send(&self.conversation, &HomeMessage::Note(note), payload);
    }

    fn exchange(
        &self,
        request: impl FnOnce(String) -> Request,
        exchange: &mut dyn Exchange,
    ) -> Result<(u64, Payload), Failure> {
        let (function, input) = exchange.request()?;
        if input.len() as u64 > PAYLOAD_BYTES_MAX {
            let why = format!("an input of {} bytes; a node sends {PAYLOAD_BYTES_MAX} at most", input.len());
            return Err(Failure::denied(why));
        }
        self.ask(request(function.to_owned()), input)
    }

    /// Whether this node's policy lets the guest load a source.
    fn check_load(&self, policy: &Policy, name: &str) -> Result<(), Failure> {
        let who = Who { name: &self.plugin, plugin: &self.plugin };
        let asked = RequestedSource::of(name).map_err(Failure::denied)?;
        let denied = |denial: Denial| {
            let name = self.node.name();
            Failure::denied(format!("cannot load `{}` from node `{name}`: {denial}", asked.text()))
        };
        policy.load(who, &asked).map(drop).map_err(denied)
    }

    /// Whether this node's policy lets the guest make a call. The home says whom the id names.
    fn check_call(&self, id: u64, exchange: &dyn Exchange) -> Result<(), Failure> {
        let Some(policy) = self.node.policy() else { return Ok(()) };
        let caller = Who { name: &self.plugin, plugin: &self.plugin };
        if policy.rule(caller).call_texts().is_none() {
            return Ok(());
        }
        let Some(ProcessNames { name, plugin }) = self.names(id)? else {
            // The home's error names the id.
            return Ok(());
        };
        let allowed = policy.call(caller, Who { name: &name, plugin: &plugin }, exchange.function()?);
        let node = self.node.name();
        allowed.map_err(|why| Failure::denied(format!("by the policy of node `{node}`, {why}")))
    }

    /// The names of a process of the home; `None`: none has the id.
    fn names(&self, id: u64) -> Result<Option<ProcessNames>, Failure> {
        if let Some(names) = self.names.lock().get(&id) {
            return Ok(Some(names.clone()));
        }
        let (has_names, json) = self.ask(Request::Names { id }, &[])?;
        if has_names == 0 || json.len() > NAMES_BYTES_MAX {
            return Ok(None);
        }
        let names: Option<ProcessNames> = serde_json::from_slice(&json).ok();
        let mut known = self.names.lock();
        if let Some(names) = &names
            && known.len() < NAMES_MAX
        {
            known.insert(id, names.clone());
        }
        Ok(names)
    }
}

impl Upcalls for NodeCaller {
    fn interrupted(&self) -> bool {
        self.conversation.is_cancelled()
    }

    fn deadline(&self) -> Option<Instant> {
        self.conversation.deadline()
    }

    fn sleep(&self, at_most: Duration) -> Result<(), Failure> {
        self.node.sleep(&self.conversation, at_most);
        if self.conversation.is_cancelled() { Err(Failure::interrupted()) } else { Ok(()) }
    }

    fn register(&self, name: &str) -> Result<u64, Failure> {
        if let Some(policy) = self.node.policy() {
            self.check_load(policy, name)?;
        }
        self.ask(Request::Register { name: name.to_owned() }, &[]).map(|(id, _)| id)
    }

    fn call(self: Arc<Self>, id: u64, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        self.check_call(id, exchange)?;
        let (_, output) = self.exchange(|function| Request::Call { id, function }, exchange)?;
        exchange.deliver(&output)
    }

    fn start(self: Arc<Self>, id: u64, exchange: &mut dyn Exchange) -> Result<u64, Failure> {
        self.check_call(id, exchange)?;
        self.exchange(|function| Request::Start { id, function }, exchange).map(|(ticket, _)| ticket)
    }

    fn has_ended(&self, ticket: u64) -> Result<bool, Failure> {
        self.ask(Request::HasEnded { ticket }, &[]).map(|(has_ended, _)| has_ended != 0)
    }

    fn join(self: Arc<Self>, ticket: u64, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        let (_, output) = self.ask(Request::Join { ticket }, &[])?;
        exchange.deliver(&output)
    }

    fn caught(&self, stands: Vec<InstanceStack>) {
        if let Some(stand) = stands.into_iter().next() {
            self.send_note(Note::Caught { at: stand.backtrace }, &[]);
        }
    }

    fn is_stop_wanted(&self) -> bool {
        self.conversation.is_halted()
    }

    fn stop(&self, stands: Vec<InstanceStack>, _at: Option<Stopped<'_>>) -> Result<(), Failure> {
        self.conversation.resume();
        let Some(stand) = stands.into_iter().next() else { return Ok(()) };
        self.ask(Request::Stopped { at: stand.backtrace }, &[]).map(drop)
    }

    fn ran_start(&self, took: Duration) {
        self.send_note(Note::RanStart { took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX) }, &[]);
    }

    fn free(&self, id: u64) -> Result<(), Failure> {
        self.ask(Request::Free { id }, &[]).map(drop)
    }

    fn find(&self, name: &str) -> u64 {
        self.ask(Request::Find { name: name.to_owned() }, &[]).map_or(0, |(id, _)| id)
    }

    fn current(&self) -> u64 {
        self.run.process
    }

    fn parent(&self) -> u64 {
        self.ask(Request::Parent, &[]).map_or(0, |(id, _)| id)
    }

    fn wrote(&self, stream: StandardStream, bytes: &[u8]) -> bool {
        if self.run.takes_streams {
            self.send_note(Note::Wrote { stream }, bytes);
        }
        self.run.takes_streams
    }

    fn takes_streams(&self) -> bool {
        self.run.takes_streams
    }

    fn watches_host(&self) -> bool {
        self.run.watches_host
    }

    fn asked_host(&self, request: HostRequest<'_>) {
        let took_us = u64::try_from(request.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let HostRequest { function, detail, bytes_in, bytes_out, error, .. } = request;
        let error = error.map(|error| bounded(&error, DETAIL_BYTES_MAX).into_owned());
        let note = Note::AskedHost { function: function.to_owned(), bytes_in, bytes_out, took_us, error };
        self.send_note(note, bounded(detail, DETAIL_BYTES_MAX).as_bytes());
    }

    fn log(&self, level: LogLevel, text: &str) {
        if level >= self.run.log_level {
            self.send_note(Note::Log { level }, bounded(text, DETAIL_BYTES_MAX).as_bytes());
        }
    }

    fn log_level(&self) -> LogLevel {
        self.run.log_level
    }

    fn import(self: Arc<Self>, index: usize, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        let (_, output) = self.ask(Request::Import { index }, exchange.input())?;
        exchange.deliver(&output)
    }

    fn grow(&self, bytes: u64) -> bool {
        let ask = |bytes| {
            self.node.has_room(bytes) && self.ask(Request::Grow { bytes }, &[]).is_ok_and(|(granted, _)| granted != 0)
        };
        self.lease.grow(bytes, ask)
    }

    fn shrink(&self, bytes: u64) {
        self.lease.shrink(bytes);
    }
}
