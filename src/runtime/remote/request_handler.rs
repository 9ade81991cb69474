//! A conversation served to its end: the guest's requests are answered on the thread of the call that it runs for, as a
//! guest's that runs here are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::conversation::{Conversation, ConversationEvent, Loss};
use super::home::Home;
use super::payload::Payload;
use super::transfer::SendError;
use super::wire::{HomeMessage, LEASE_BYTES, NodeMessage, NodeName, Note, Request, RequestAnswer, RunContext};
use crate::runtime::host_functions::NAME_BYTES_MAX;
use crate::runtime::{
    Backtrace, Exchange, Failure, FailureKind, HostData, HostRequest, InstanceStack, Spec, Upcalls, callers,
};
use crate::text::bounded;

/// The longest wait for a cancelled guest to end; the node drops it once the order arrives.
const CANCEL_GRACE: Duration = Duration::from_secs(1);
/// The longest wait for the deadline here, after the node's clock has met it.
const DEADLINE_GRACE: Duration = Duration::from_millis(500);
/// The most bytes of a lease that a node asks for at once.
const LEASE_BYTES_MAX: u64 = 4 << 30;
/// The most bytes of a log line that are taken from a node.
const LOG_BYTES_MAX: usize = 64 << 10;

/// The answers of one conversation to its guest's requests.
pub struct RequestHandler<'a> {
    pub home: &'a Home,
    pub up: &'a Arc<dyn Upcalls>,
    pub spec: &'a Arc<Spec>,
    pub host_data: &'a mut HostData,
    /// The time that the guest's requests took.
    pub requests: Duration,
}

/// The run of the top call of `up`.
pub fn run_of(up: &dyn Upcalls) -> RunContext {
    RunContext {
        process: up.current(),
        remaining_us: remaining_us(up),
        log_level: up.log_level(),
        watches_host: up.watches_host(),
        takes_streams: up.takes_streams(),
    }
}

fn remaining_us(up: &dyn Upcalls) -> Option<u64> {
    let left = up.deadline()?.saturating_duration_since(Instant::now());
    Some(u64::try_from(left.as_micros()).unwrap_or(u64::MAX))
}

/// The failure of a call whose node went away.
pub fn lost(node: &NodeName, loss: Loss) -> Failure {
    let why = match loss {
        Loss::Unheard => "nobody answers for it",
        Loss::Gone => "its heartbeats stopped",
        Loss::Ended => return ended(node),
        Loss::Connection => "the connection broke",
        Loss::Garbage => "it does not speak as a node does",
    };
    Failure::new(FailureKind::Lost, format!("node `{node}` is lost ({why}): it may or may not have run"))
}

/// The failure of a call whose node said that it ends.
fn ended(node: &NodeName) -> Failure {
    Failure::new(FailureKind::Lost, format!("node `{node}` has ended: it may or may not have run"))
}

/// The failure of a message that answers nothing.
pub fn unexpected(conversation: &Conversation) -> Failure {
    lost(&conversation.node, Loss::Garbage)
}

/// The failure of a message that was not sent. A node that has the beginning of one that is not wanted is told.
pub fn not_sent(conversation: &Conversation, home: &Home, error: SendError) -> Failure {
    if error == SendError::Cancelled {
        // Without a connection the node finds out itself.
        let _ = home.send(conversation, &NodeMessage::Cancel, &[], &|| false);
        return Failure::interrupted();
    }
    match conversation.mailbox.end() {
        Some(loss) => lost(&conversation.node, loss),
        None => {
            let (node, server) = (&conversation.node, home.server());
            Failure::new(FailureKind::Lost, format!("node `{node}` is out of reach: no connection to `{server}`"))
        }
    }
}

impl RequestHandler<'_> {
    /// Sends `message`, and answers the guest until it has ended: the node's last message with its payload.
    ///
    /// # Errors
    /// The node is lost, or the call was cancelled and the node does not confirm its end.
    pub fn serve(
        &mut self,
        conversation: &Conversation,
        message: &NodeMessage,
        payload: &[u8],
    ) -> Result<(HomeMessage, Payload), Failure> {
        // The conversation can be nudged from here on: a kill from now on is seen below.
        if self.up.interrupted() {
            return Err(Failure::interrupted());
        }
        self.send(conversation, message, payload)?;
        let mut grace_until: Option<Instant> = None;
        loop {
            match self.home.next(conversation, grace_until) {
                ConversationEvent::Message(HomeMessage::Request(request), payload) => {
                    let began = Instant::now();
                    let (result, output) = self.answer(request, payload);
                    let (is_cancelled, remaining_us) = (self.up.interrupted(), remaining_us(&**self.up));
                    self.requests += began.elapsed();
                    let answer = NodeMessage::Answer(RequestAnswer { result, is_cancelled, remaining_us });
                    self.send(conversation, &answer, &output)?;
                }
                ConversationEvent::Message(HomeMessage::Note(note), payload) => self.note(note, &payload),
                ConversationEvent::Message(message, payload) => return Ok((message, payload)),
                ConversationEvent::Nudged if self.up.interrupted() && grace_until.is_none() => {
                    grace_until = Some(Instant::now() + CANCEL_GRACE);
                    let sent = self.home.send(conversation, &NodeMessage::Cancel, &[], &|| false);
                    sent.map_err(|_| Failure::interrupted())?;
                }
                ConversationEvent::Nudged if self.up.is_stop_wanted() && grace_until.is_none() => {
                    self.send(conversation, &NodeMessage::Halt, &[])?;
                }
                ConversationEvent::Nudged => {}
                ConversationEvent::TimedOut => return Err(Failure::interrupted()),
                ConversationEvent::Closed(_) if grace_until.is_some() => return Err(Failure::interrupted()),
                ConversationEvent::Closed(loss) => return Err(lost(&conversation.node, loss)),
            }
        }
    }

    /// Sends a message, which ends once the call here is to end.
    fn send(&self, conversation: &Conversation, message: &NodeMessage, payload: &[u8]) -> Result<(), Failure> {
        let sent = self.home.send(conversation, message, payload, &|| self.up.interrupted());
        sent.map_err(|error| not_sent(conversation, self.home, error))
    }

    /// The failure of a run as the call here ends with it.
    pub fn failed(&self, failure: Failure) -> Failure {
        if failure.kind == FailureKind::Interrupted && !self.up.interrupted() {
            // The node's clock was first: the deadline here is as near. An error is the awaited interruption.
            let _ = self.up.sleep(DEADLINE_GRACE);
        }
        failure.from_elsewhere()
    }

    /// Carries out a request of the guest.
    fn answer(&mut self, request: Request, payload: Payload) -> (Result<u64, Failure>, Vec<u8>) {
        let up = self.up;
        let none = |result| (result, Vec::new());
        match request {
            Request::Register { name } => none(up.register(bounded_name(&name))),
            Request::Call { id, function } => self.exchange(function, payload, |up, exchange| up.call(id, exchange)),
            Request::Start { id, function } => {
                let mut ticket = 0;
                let started = self.exchange(function, payload, |up, exchange| {
                    ticket = up.start(id, exchange)?;
                    Ok(())
                });
                none(started.0.map(|_| ticket))
            }
            Request::HasEnded { ticket } => none(up.has_ended(ticket).map(u64::from)),
            Request::Join { ticket } => self.exchange(String::new(), payload, |up, exchange| up.join(ticket, exchange)),
            Request::Import { index } => {
                self.exchange(String::new(), payload, |up, exchange| up.import(index, exchange))
            }
            Request::Free { id } => none(up.free(id).map(|()| 0)),
            Request::Find { name } => none(Ok(up.find(bounded_name(&name)))),
            Request::Parent => none(Ok(up.parent())),
            Request::Names { id } => match up.names_of(id).and_then(|names| serde_json::to_vec(&names).ok()) {
                Some(names) => (Ok(1), names),
                None => none(Ok(0)),
            },
            Request::Grow { bytes } => {
                none(Ok(u64::from(bytes.is_multiple_of(LEASE_BYTES) && bytes <= LEASE_BYTES_MAX && up.grow(bytes))))
            }
            Request::Stopped { at } => none(up.stop(self.stands(at), None).map(|()| 0)),
        }
    }

    fn exchange(
        &mut self,
        function: String,
        input: Payload,
        run: impl FnOnce(Arc<dyn Upcalls>, &mut dyn Exchange) -> Result<(), Failure>,
    ) -> (Result<u64, Failure>, Vec<u8>) {
        let mut exchange = WireExchange { host_data: self.host_data, function, input, output: Vec::new() };
        let result = run(self.up.clone(), &mut exchange);
        let output = std::mem::take(&mut exchange.output);
        (result.map(|()| output.len() as u64), output)
    }

    /// Takes a note of the guest.
    fn note(&self, note: Note, payload: &[u8]) {
        let up = self.up;
        match note {
            Note::Log { level } => up.log(level, &bounded(&String::from_utf8_lossy(payload), LOG_BYTES_MAX)),
            Note::Wrote { stream } => drop(up.wrote(stream, payload)),
            Note::RanStart { took_us } => up.ran_start(Duration::from_micros(took_us)),
            Note::Caught { at } => up.caught(self.stands(at)),
            Note::AskedHost { function, bytes_in, bytes_out, took_us, error } => {
                let detail = String::from_utf8_lossy(payload);
                let started = Instant::now().checked_sub(Duration::from_micros(took_us)).unwrap_or_else(Instant::now);
                let (function, detail) = (function.as_str(), &*detail);
                up.asked_host(HostRequest { function, detail, bytes_in, bytes_out, started, error });
            }
        }
    }

    /// Where the guest stands, and the callers that wait on this thread.
    fn stands(&self, mut backtrace: Backtrace) -> Vec<InstanceStack> {
        backtrace.bound();
        let mut stands = vec![InstanceStack { spec: self.spec.clone(), backtrace }];
        stands.extend(callers());
        stands
    }
}

fn bounded_name(name: &str) -> &str {
    crate::text::cut_at_char(name, NAME_BYTES_MAX as usize)
}

/// The bytes of a nested call whose caller is on a node.
struct WireExchange<'a> {
    host_data: &'a mut HostData,
    function: String,
    input: Payload,
    output: Vec<u8>,
}

impl Exchange for WireExchange<'_> {
    fn host_data(&mut self) -> &mut HostData {
        self.host_data
    }

    fn function(&self) -> Result<&str, Failure> {
        match self.function.len() as u64 <= NAME_BYTES_MAX {
            true => Ok(&self.function),
            false => Err(Failure::new(FailureKind::Trap, "the function name is too long")),
        }
    }

    fn input(&self) -> &[u8] {
        &self.input
    }

    fn deliver(&mut self, output: &[u8]) -> Result<(), Failure> {
        self.output = output.to_vec();
        Ok(())
    }
}
