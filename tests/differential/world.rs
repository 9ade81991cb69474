//! Two instances of the interpreter in one host, and the observations of the programs that they run.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use plugsh::runtime::{
    Exchange, Failure, FailureKind, Guest, Host, Image, Images, LogLevel, ModuleBytes, Program as Plugin, Spec,
    Upcalls, Wording,
};
use sha2::{Digest, Sha256};

use super::generate::CONFIG_KEYS;
use super::program::Session;

const INTERPRETER: &str = include_str!("interpreter.wat");
/// The limit of an instance's vars, small enough to be reached.
const VAR_BYTES_MAX: u64 = 900;
/// The limit of responses, below the size of the server's large answer.
const HTTP_RESPONSE_BYTES_MAX: u64 = 4_000;

/// The replacement of a message or log line that is not UTF-8.
const NO_TEXT: &str = "(no text)";

static IMAGES: LazyLock<Images> = LazyLock::new(|| Images::new(None));

/// The end of a call, as far as the hosts must agree.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Output(Vec<u8>),
    /// The kind, the code, and the message, unless the wording is the host's.
    Failure {
        kind: FailureKind,
        code: Option<i32>,
        message: String,
    },
}

/// The observations of a session in one host.
#[derive(Debug, PartialEq)]
pub struct Seen {
    pub ends: Vec<End>,
    /// The instances' notes at their ends, by id.
    pub notes: Vec<(u64, Vec<u64>)>,
    pub logs: Vec<(LogLevel, String)>,
}

/// One host, ready for sessions.
pub struct Runner {
    image: Arc<dyn Image>,
    spec: Arc<Spec>,
}

impl Runner {
    pub fn new(host: Host) -> Self {
        let module = ModuleBytes {
            name: "main".to_owned(),
            bytes: Arc::from(INTERPRETER.as_bytes()),
            sha256: format!("{:x}", Sha256::digest(INTERPRETER)),
            linked_from: None,
        };
        let mut spec = Spec {
            allowed_hosts: vec!["127.0.0.1".to_owned()],
            var_bytes_max: VAR_BYTES_MAX,
            http_response_bytes_max: HTTP_RESPONSE_BYTES_MAX,
            ..Spec::default()
        };
        let values = CONFIG_KEYS.iter().map(|key| (key.to_string(), "v".repeat(key.len())));
        let long = [("empty", 0), ("long", 300), ("longer", 70_000)];
        spec.config.extend(values.chain(long.map(|(key, length)| (key.to_owned(), "w".repeat(length)))));
        let plugin = Plugin { modules: vec![module], spec, origin: "test".to_owned(), stem: "test".to_owned() };
        let world = World::new();
        let (image, _) =
            IMAGES.get(host, &plugin, &*world, None).unwrap_or_else(|error| panic!("the interpreter: {error}"));
        Runner { image, spec: Arc::new(plugin.spec) }
    }

    /// Runs a session in two new instances.
    pub fn run(&self, session: &Session) -> Seen {
        let world = World::new();
        *world.code.lock() = Some((Arc::clone(&self.image), Arc::clone(&self.spec)));
        let mut ends = Vec::new();
        for program in &session.programs {
            ends.push(match world.call_instance(1, "run", &program.input()) {
                Ok(output) => End::Output(output),
                Err(failure) => normal(&failure),
            });
        }
        for id in [1, 2] {
            world.take_notes(id);
        }
        let state = std::mem::take(&mut *world.state.lock());
        Seen { ends, notes: state.notes, logs: state.logs }
    }
}

/// A failure without the intended differences of wording.
fn normal(failure: &Failure) -> End {
    // The SDK loses the kind of a failure whose message is not UTF-8.
    if text(&failure.line(Wording::default())) == NO_TEXT {
        return End::Failure { kind: FailureKind::Guest, code: None, message: NO_TEXT.to_owned() };
    }
    let message = match failure.kind {
        FailureKind::Guest | FailureKind::Nested | FailureKind::Denied => {
            once(&failure.line(Wording::default())).to_owned()
        }
        _ => String::new(),
    };
    End::Failure { kind: failure.kind, code: failure.code, message }
}

/// The message without a repetition: a guest may report the nested call's error (`it (it)`), where the SDK's error has
/// it once.
fn once(message: &str) -> &str {
    let said = message.get(..message.len().saturating_sub(3) / 2).unwrap_or_default();
    let rest =
        message.strip_prefix(said).and_then(|rest| rest.strip_prefix(" (")).and_then(|rest| rest.strip_suffix(')'));
    if rest == Some(said) { said } else { message }
}

/// A text that is not UTF-8 replaced: one host shows its valid part, the other an error.
fn text(message: &str) -> String {
    const SAID: [&str; 2] = ["unable to load error message from memory", "unable to log message: "];
    if message.contains('\u{fffd}') || SAID.iter().any(|words| message.contains(words)) {
        return NO_TEXT.to_owned();
    }
    message.to_owned()
}

/// The parts that instances are made from.
type Code = (Arc<dyn Image>, Arc<Spec>);

/// The kernel above the instances.
struct World {
    me: Weak<World>,
    code: Mutex<Option<Code>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    guests: BTreeMap<u64, Box<dyn Guest>>,
    chain: Vec<u64>,
    notes: Vec<(u64, Vec<u64>)>,
    logs: Vec<(LogLevel, String)>,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new_cyclic(|me| World { me: Weak::clone(me), code: Mutex::default(), state: Mutex::default() })
    }

    fn up(&self) -> Arc<dyn Upcalls> {
        self.me.upgrade().expect("alive while it runs")
    }

    /// Calls an instance, which is created if necessary.
    fn call_instance(&self, id: u64, function: &str, input: &[u8]) -> Result<Vec<u8>, Failure> {
        let (image, spec) = self.code.lock().clone().expect("set before the first call");
        if !(1..=2).contains(&id) {
            return Err(Failure::new(FailureKind::Denied, format!("no plugin has the id {id}")));
        }
        let guest = {
            let mut state = self.state.lock();
            if state.chain.contains(&id) {
                return Err(Failure::new(FailureKind::Denied, "a call in a circle"));
            }
            state.guests.remove(&id)
        };
        let Some(function) = image.interface().function(function) else {
            if let Some(guest) = guest {
                self.state.lock().guests.insert(id, guest);
            }
            return Err(Failure::new(FailureKind::Denied, format!("no function `{function}`")));
        };
        self.state.lock().chain.push(id);
        let mut guest = guest.map_or_else(|| image.instantiate(&spec, self.up()), Ok).expect("an instance");
        let result = guest.set_input(input, &*self.up()).and_then(|()| guest.run(function, self.up()));
        let output = result.map(|_| guest.output().to_vec());
        let is_text = |failure: &Failure| text(&failure.line(Wording::default())) != NO_TEXT;
        let kept = output.as_ref().err().is_none_or(|failure| failure.keeps_instance() && is_text(failure));
        if !kept {
            // The notes of a failed instance are taken too.
            self.note(id, &mut *guest, &*image);
        }
        let mut state = self.state.lock();
        state.chain.pop();
        if kept {
            state.guests.insert(id, guest);
        }
        output
    }

    fn take_notes(&self, id: u64) {
        let (image, _) = self.code.lock().clone().expect("set before the first call");
        let guest = self.state.lock().guests.remove(&id);
        if let Some(mut guest) = guest {
            self.note(id, &mut *guest, &*image);
        }
    }

    fn note(&self, id: u64, guest: &mut dyn Guest, image: &dyn Image) {
        let function = image.interface().function("notes").expect("the interpreter's");
        let said = guest.set_input(b"", &*self.up()).and_then(|()| guest.run(function, self.up()));
        said.unwrap_or_else(|failure| panic!("the notes: {failure}"));
        let words = guest.output().chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")));
        let words = words.collect();
        self.state.lock().notes.push((id, words));
    }
}

impl Upcalls for World {
    fn interrupted(&self) -> bool {
        false
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn sleep(&self, _: Duration) -> Result<(), Failure> {
        Ok(())
    }

    fn register(&self, _: &str) -> Result<u64, Failure> {
        Err(Failure::new(FailureKind::Denied, "there are two, and there will be no more"))
    }

    fn call(self: Arc<Self>, id: u64, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        let result = self.call_instance(id, exchange.function()?, exchange.input());
        let nested = |failure: Failure| match normal(&failure) {
            End::Failure { kind, message, .. } => {
                Failure::new(FailureKind::Nested, format!("{id}: {kind:?} {message}"))
            }
            End::Output(_) => failure,
        };
        exchange.deliver(&result.map_err(nested)?)
    }

    fn start(self: Arc<Self>, _: u64, _: &mut dyn Exchange) -> Result<u64, Failure> {
        Err(Failure::new(FailureKind::Denied, "no calls side by side"))
    }

    fn has_ended(&self, ticket: u64) -> Result<bool, Failure> {
        Err(Failure::new(FailureKind::Denied, format!("no started call `{ticket}`")))
    }

    fn join(self: Arc<Self>, ticket: u64, _: &mut dyn Exchange) -> Result<(), Failure> {
        self.has_ended(ticket).map(drop)
    }

    fn free(&self, id: u64) -> Result<(), Failure> {
        Err(Failure::new(FailureKind::Denied, format!("{id} is not to be freed")))
    }

    fn find(&self, name: &str) -> u64 {
        name.len() as u64
    }

    fn current(&self) -> u64 {
        self.state.lock().chain.last().copied().unwrap_or(0)
    }

    fn parent(&self) -> u64 {
        0
    }

    fn log(&self, level: LogLevel, line: &str) {
        let line = text(line);
        // The stock host logs it at another level.
        let level = if line == NO_TEXT { LogLevel::Error } else { level };
        self.state.lock().logs.push((level, line));
    }

    fn log_level(&self) -> LogLevel {
        LogLevel::Trace
    }

    fn import(self: Arc<Self>, _: usize, _: &mut dyn Exchange) -> Result<(), Failure> {
        Err(Failure::new(FailureKind::Denied, "no stand-ins"))
    }

    fn grow(&self, _: u64) -> bool {
        true
    }

    fn shrink(&self, _: u64) {}
}
