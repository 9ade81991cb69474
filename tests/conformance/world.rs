//! A small kernel with one chain, which implements `Upcalls`: starts, finds, calls, frees and kills plugins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use plugsh::runtime::source::{Access, Sources};
use plugsh::runtime::{
    AnswerMode, Exchange, Failure, FailureKind, Guest, Host, Image, Images, LogLevel, Program, Spec, Upcalls,
};
use plugsh::shell::words::SHELL;

use super::node;

/// How often the native host is interrupted to see a deadline or a kill.
const KICK_EVERY: Duration = Duration::from_millis(5);

/// Images are shared, so that each plugin is compiled once in each host.
pub static IMAGES: LazyLock<Images> = LazyLock::new(|| Images::new(None));

/// Where the instances of a case are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Runner {
    Native,
    Extism,
    /// In the native host of a node.
    Node,
    /// In the native host, on the engine for a debugger.
    Debugged,
    /// In the native host, whose answers are kept as by a deep recording.
    Kept,
}

impl Runner {
    fn host(self) -> Host {
        match self {
            Runner::Native | Runner::Node | Runner::Debugged | Runner::Kept => Host::Native,
            Runner::Extism => Host::Extism,
        }
    }
}

/// The processes of one case in one host, with one chain of calls.
pub struct World {
    runner: Runner,
    sources: Sources,
    me: Weak<World>,
    log_level: LogLevel,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    processes: BTreeMap<u64, Process>,
    last_id: u64,
    /// The chain of calls, the deepest last.
    chain: Vec<u64>,
    killed: BTreeSet<u64>,
    kill_at_log: Option<u64>,
    deadline: Option<Instant>,
    logs: Vec<(LogLevel, String)>,
    /// The results of started calls, by their tickets. They are run as they are started.
    started: BTreeMap<u64, Result<Vec<u8>, Failure>>,
    last_ticket: u64,
}

/// The instance, if it can be called again.
type Survivor = Option<Box<dyn Guest>>;

struct Process {
    name: String,
    parent: u64,
    image: Arc<dyn Image>,
    spec: Arc<Spec>,
    /// `None` while the instance runs, and after a call that it did not survive.
    guest: Option<Box<dyn Guest>>,
}

impl World {
    pub fn new(runner: Runner, log_level: LogLevel) -> Arc<Self> {
        Arc::new_cyclic(|me| World {
            runner,
            sources: Sources::new(Vec::new()),
            me: Weak::clone(me),
            log_level,
            state: Mutex::default(),
        })
    }

    fn up(&self) -> Arc<dyn Upcalls> {
        self.me.upgrade().expect("alive while it runs")
    }

    /// Starts a process as the shell does.
    pub fn load(&self, program: &Program) -> Result<u64, Failure> {
        self.spawn(program, &program.stem, 0)
    }

    fn spawn(&self, program: &Program, name: &str, parent: u64) -> Result<u64, Failure> {
        let on = (self.runner == Runner::Node).then(|| node::NAME.to_owned());
        let debugged = self.runner == Runner::Debugged;
        let program = Program { spec: Spec { on, debugged, ..program.spec.clone() }, ..program.clone() };
        let (image, _) = IMAGES.get(self.runner.host(), &program, &*self.up(), None)?;
        let spec = Arc::new(program.spec);
        let id = {
            let mut state = self.state.lock();
            state.last_id += 1;
            let id = state.last_id;
            state.chain.push(id);
            id
        };
        let guest = image.instantiate(&spec, self.up());
        let mut state = self.state.lock();
        state.chain.pop();
        let process = Process { name: name.to_owned(), parent, image, spec, guest: Some(guest?) };
        state.processes.insert(id, process);
        Ok(id)
    }

    pub fn image(&self, id: u64) -> Arc<dyn Image> {
        Arc::clone(&self.state.lock().processes[&id].image)
    }

    pub fn logs(&self) -> Vec<(LogLevel, String)> {
        self.state.lock().logs.clone()
    }

    /// Kills `id` at its next log line.
    pub fn kill_at_log(&self, id: u64) {
        self.state.lock().kill_at_log = Some(id);
    }

    /// A call from the shell; returns the result and whether the instance survives.
    pub fn call_from_shell(&self, id: u64, function: &str, input: &[u8]) -> (Result<Vec<u8>, Failure>, bool) {
        let timeout = self.state.lock().processes[&id].spec.timeout;
        self.state.lock().deadline = timeout.map(|timeout| Instant::now() + timeout);
        let result = std::thread::scope(|scope| {
            let (running, ended) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || {
                // The kernel interrupts once, when a cancel flag is set or a deadline is due; here it is repeated.
                while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(KICK_EVERY) {
                    if self.interrupted() {
                        IMAGES.interrupt_epoch();
                    }
                }
            });
            let result = self.call_process(id, function, input);
            drop(running);
            result
        });
        let mut state = self.state.lock();
        state.deadline = None;
        state.killed.clear();
        let kept = state.processes.get(&id).is_some_and(|process| process.guest.is_some());
        (result, kept)
    }

    /// Runs a function of a process, in a fresh instance if the last one was lost.
    fn call_process(&self, id: u64, function: &str, input: &[u8]) -> Result<Vec<u8>, Failure> {
        let (image, spec, guest) = {
            let mut state = self.state.lock();
            let Some(process) = state.processes.get_mut(&id) else {
                return Err(Failure::new(FailureKind::Denied, format!("no plugin has the id {id}")));
            };
            let (image, spec, guest) = (Arc::clone(&process.image), Arc::clone(&process.spec), process.guest.take());
            if guest.is_none() && state.chain.contains(&id) {
                return Err(Failure::new(FailureKind::Denied, "a call in a circle"));
            }
            state.chain.push(id);
            (image, spec, guest)
        };
        let result = self.run(&*image, &spec, guest, function, input);
        let mut state = self.state.lock();
        state.chain.pop();
        let (result, guest) = result;
        if let Some(process) = state.processes.get_mut(&id) {
            process.guest = guest;
        }
        result
    }

    fn run(
        &self,
        image: &dyn Image,
        spec: &Arc<Spec>,
        guest: Option<Box<dyn Guest>>,
        function: &str,
        input: &[u8],
    ) -> (Result<Vec<u8>, Failure>, Survivor) {
        let Some(function) = image.interface().function(function) else {
            return (Err(Failure::new(FailureKind::Denied, format!("no function `{function}`"))), guest);
        };
        let mut guest = match guest.map_or_else(|| image.instantiate(spec, self.up()), Ok) {
            Ok(guest) => guest,
            Err(failure) => return (Err(failure), None),
        };
        let up = self.up();
        let result = guest.set_input(input, &*up).and_then(|()| guest.run(function, up));
        let output = result.map(|_| guest.output().to_vec());
        let kept = !guest.spent() && output.as_ref().err().is_none_or(Failure::keeps_instance);
        (output, kept.then_some(guest))
    }

    fn top(&self) -> u64 {
        self.state.lock().chain.last().copied().unwrap_or(0)
    }
}

impl Upcalls for World {
    fn interrupted(&self) -> bool {
        let state = self.state.lock();
        let killed = state.chain.last().is_some_and(|top| state.killed.contains(top));
        killed || state.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    fn deadline(&self) -> Option<Instant> {
        self.state.lock().deadline
    }

    fn sleep(&self, at_most: Duration) -> Result<(), Failure> {
        let until = Instant::now() + at_most;
        while Instant::now() < until {
            if self.interrupted() {
                return Err(Failure::interrupted());
            }
            std::thread::sleep(KICK_EVERY);
        }
        Ok(())
    }

    fn register(&self, name: &str) -> Result<u64, Failure> {
        let parent = self.top();
        let own = self
            .state
            .lock()
            .processes
            .get(&parent)
            .filter(|process| name == process.name)
            .map(|process| (Arc::clone(&process.image), Arc::clone(&process.spec)));
        // A plugin that is not built in can still start itself.
        if let Some((image, spec)) = own {
            let guest = image.instantiate(&spec, self.up())?;
            let mut state = self.state.lock();
            state.last_id += 1;
            let id = state.last_id;
            state.processes.insert(id, Process { name: name.to_owned(), parent, image, spec, guest: Some(guest) });
            return Ok(id);
        }
        let program = self.sources.resolve(name, Access::Guest)?;
        self.spawn(&program, name, parent)
    }

    fn call(self: Arc<Self>, id: u64, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        let result = self.call_process(id, exchange.function()?, exchange.input());
        if self.interrupted() {
            return Err(Failure::interrupted());
        }
        let nested = |failure: Failure| Failure::new(FailureKind::Nested, format!("{id}: {}", failure.line(SHELL)));
        exchange.deliver(&result.map_err(nested)?)
    }

    fn start(self: Arc<Self>, id: u64, exchange: &mut dyn Exchange) -> Result<u64, Failure> {
        let result = self.call_process(id, exchange.function()?, exchange.input());
        let mut state = self.state.lock();
        state.last_ticket += 1;
        let ticket = state.last_ticket;
        let nested = |failure: Failure| Failure::new(FailureKind::Nested, format!("{id}: {}", failure.line(SHELL)));
        state.started.insert(ticket, result.map_err(nested));
        Ok(ticket)
    }

    fn has_ended(&self, ticket: u64) -> Result<bool, Failure> {
        match self.state.lock().started.contains_key(&ticket) {
            true => Ok(true),
            false => Err(no_ticket(ticket)),
        }
    }

    fn join(self: Arc<Self>, ticket: u64, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        let given = self.state.lock().started.remove(&ticket).ok_or_else(|| no_ticket(ticket))?;
        exchange.deliver(&given?)
    }

    fn free(&self, id: u64) -> Result<(), Failure> {
        let freed = self.state.lock().processes.remove(&id);
        freed.map(drop).ok_or_else(|| Failure::new(FailureKind::Denied, format!("no plugin has the id {id}")))
    }

    fn find(&self, name: &str) -> u64 {
        let state = self.state.lock();
        let found = state.processes.iter().find(|(_, process)| process.name == name);
        found.map_or(0, |(id, _)| *id)
    }

    fn current(&self) -> u64 {
        self.top()
    }

    fn parent(&self) -> u64 {
        let state = self.state.lock();
        state.chain.last().and_then(|top| state.processes.get(top)).map_or(0, |process| process.parent)
    }

    fn log(&self, level: LogLevel, text: &str) {
        let mut state = self.state.lock();
        state.logs.push((level, text.to_owned()));
        if let Some(id) = state.kill_at_log.filter(|id| state.chain.last() == Some(id)) {
            state.kill_at_log = None;
            state.killed.insert(id);
        }
    }

    fn answer_mode(&self) -> AnswerMode {
        if self.runner == Runner::Kept { AnswerMode::Kept } else { AnswerMode::Live }
    }

    fn log_level(&self) -> LogLevel {
        self.log_level
    }

    fn import(self: Arc<Self>, index: usize, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        let output = [format!("{index}:").as_bytes(), exchange.input()].concat();
        exchange.deliver(&output)
    }

    fn shrink(&self, _bytes: u64) {}

    fn grow(&self, _bytes: u64) -> bool {
        true
    }
}

fn no_ticket(ticket: u64) -> Failure {
    Failure::new(FailureKind::Denied, format!("no started call `{ticket}`"))
}
