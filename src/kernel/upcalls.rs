//! The system calls of a running instance, answered for the deepest call of its chain.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::LoadRequest;
use super::call::CallRequest;
use super::error::CallError;
use super::logbook::LogWriter;
use super::parent_call::ParentChain;
use super::policy::Who;
use super::process::Process;
use super::task::Task;
use super::view::ProcessId;
use crate::journal::Symbol;
use crate::runtime::{
    AnswerMode, Backtrace, Coverage, Exchange, Failure, FailureKind, HostAnswer, HostData, HostRequest, InstanceStack,
    LogLevel, ModuleBytes, ProcessNames, SourceLines, StandardStream, StopPlan, Stopped, Upcalls,
};

impl Task {
    fn me(&self) -> Result<Arc<Task>, Failure> {
        // A task outlives its calls: a job holds it until the last one has returned.
        self.this.upgrade().ok_or_else(Failure::interrupted)
    }

    /// A living process by its id, or the error that names the id. The calling instance caches its last callees.
    fn callee(&self, id: u64, host_data: &mut HostData) -> Result<Arc<Process>, CallError> {
        let short = ProcessId::try_from(id).ok().filter(|id| *id != 0);
        let known = host_data.as_mut().and_then(|host_data| host_data.downcast_mut::<CalleeCache>());
        if let Some(process) = short.and_then(|id| known?.take(id)) {
            return Ok(process);
        }
        short.and_then(|id| self.kernel.living(id)).ok_or_else(|| self.kernel.no_process(short, id))
    }

    /// The process and function that stand in for an import. A process of stubs alone is started by its first call.
    fn stand_in(&self, target: &str) -> Result<(Arc<Process>, String), CallError> {
        let missing = match self.kernel.split_target(target) {
            Ok(found) => return Ok(found),
            Err(missing) => missing,
        };
        let program = target.split_once('.').and_then(|(plugin, _)| self.kernel.hooks().stub_program(plugin));
        let Some(program) = program else { return Err(missing) };
        self.spawn_for_shell(LoadRequest::plain(program))?;
        self.kernel.split_target(target)
    }

    fn nested(
        self: &Arc<Self>,
        process: &Arc<Process>,
        function: Option<&str>,
        exchange: &mut dyn Exchange,
    ) -> Result<(), Failure> {
        let result = self.run_nested(process, function, exchange);
        if self.chain.samples.is_open() {
            self.add_to_samples(|| exchange.place());
        }
        result
    }

    fn run_nested(
        self: &Arc<Self>,
        process: &Arc<Process>,
        function: Option<&str>,
        exchange: &mut dyn Exchange,
    ) -> Result<(), Failure> {
        let finished = {
            let (function, input) = match function {
                Some(function) => (function, exchange.input()),
                None => exchange.request()?,
            };
            let entered = self.enter(process, CallRequest::waiting(function, input.len() as u64));
            match entered.map_err(|error| error.as_nested())? {
                Some(entered) => entered.run(input).map_err(|error| error.as_nested())?,
                None => return Err(Failure::interrupted()),
            }
        };
        exchange.deliver(finished.output())
    }
}

/// Cache of an instance's last callees: a repeated call needs no look-up in the table. An entry is moved out for the
/// call and back after it, which saves reference counting. Dead entries are harmless: their slot refuses the call.
#[derive(Default)]
struct CalleeCache([Option<Arc<Process>>; CALLEES_MAX]);

/// Most cached callees of an instance.
const CALLEES_MAX: usize = 8;

impl CalleeCache {
    /// Adds a process to an instance's cache.
    fn keep(host_data: &mut HostData, process: Arc<Process>) {
        match host_data.as_mut().and_then(|host_data| host_data.downcast_mut::<CalleeCache>()) {
            Some(callees) => callees.put(process),
            None => {
                let mut callees = Box::<CalleeCache>::default();
                callees.put(process);
                *host_data = Some(callees);
            }
        }
    }

    fn take(&mut self, id: ProcessId) -> Option<Arc<Process>> {
        self.0[id as usize % CALLEES_MAX].take_if(|process| process.id == id)
    }

    fn put(&mut self, process: Arc<Process>) {
        let place = process.id as usize % CALLEES_MAX;
        self.0[place] = Some(process);
    }
}

impl Upcalls for Task {
    fn interrupted(&self) -> bool {
        self.chain.is_cancelled()
    }

    fn sample_due(&self) -> bool {
        self.chain.samples.is_due() || self.chain.samples.is_open()
    }

    fn sample(&self, at: Backtrace) {
        self.take_sample(at);
    }

    fn deadline(&self) -> Option<Instant> {
        ParentChain::deadline(&*self.chain)
    }

    fn sleep(&self, at_most: Duration) -> Result<(), Failure> {
        self.chain.sleep_until(Instant::now() + at_most);
        if self.chain.is_cancelled() { Err(Failure::interrupted()) } else { Ok(()) }
    }

    fn register(&self, name: &str) -> Result<u64, Failure> {
        let me = self.me()?;
        let Some((parent, _, _)) = self.chain.top() else { return Err(Failure::interrupted()) };
        self.kernel.register(&me, &parent, name).map(u64::from)
    }

    fn call(self: Arc<Self>, id: u64, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        match self.callee(id, exchange.host_data()) {
            Ok(process) => {
                let result = self.nested(&process, None, exchange);
                CalleeCache::keep(exchange.host_data(), process);
                result
            }
            Err(error) => {
                let function = exchange.function().map_or(Symbol::OTHER, Symbol::intern);
                Err(self.no_callee(function, exchange.input().len() as u64, error).as_nested())
            }
        }
    }

    fn start(self: Arc<Self>, id: u64, exchange: &mut dyn Exchange) -> Result<u64, Failure> {
        let process = self.callee(id, exchange.host_data());
        let callee = process.as_ref().ok().cloned();
        let started = self.start_call(process, exchange);
        if let Some(callee) = callee {
            CalleeCache::keep(exchange.host_data(), callee);
        }
        started
    }

    fn has_ended(&self, ticket: u64) -> Result<bool, Failure> {
        self.has_call_ended(ticket)
    }

    fn join(self: Arc<Self>, ticket: u64, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        self.join_call(ticket, exchange)
    }

    fn caught(&self, stands: Vec<InstanceStack>) {
        self.keep_caught(stands);
    }

    fn is_stop_wanted(&self) -> bool {
        self.chain.is_stop_wanted()
    }

    fn stop(&self, stands: Vec<InstanceStack>, at: Option<Stopped<'_>>) -> Result<(), Failure> {
        Task::stop(self, stands, at)
    }

    fn stop_plan(&self, known: Option<u64>, modules: &[ModuleBytes]) -> Option<StopPlan> {
        self.plan_of_stops(known, modules)
    }

    fn coverage(&self) -> Option<&Coverage> {
        self.kernel.coverage.as_deref()
    }

    fn source_lines(&self, module: &ModuleBytes) -> Arc<SourceLines> {
        self.kernel.line_tables().of(module)
    }

    fn ran_start(&self, took: Duration) {
        self.note_start(took);
    }

    fn free(&self, id: u64) -> Result<(), Failure> {
        let Some((caller, _, _)) = self.chain.top() else { return Err(Failure::interrupted()) };
        self.kernel.free(&caller, id).map_err(|error| Failure::new(FailureKind::Denied, error.to_string()))
    }

    fn find(&self, name: &str) -> u64 {
        self.kernel.id_of(name).map_or(0, u64::from)
    }

    fn names_of(&self, id: u64) -> Option<ProcessNames> {
        let process = self.kernel.living(ProcessId::try_from(id).ok()?)?;
        let Who { name, plugin } = process.who();
        Some(ProcessNames { name: name.to_owned(), plugin: plugin.to_owned() })
    }

    fn current(&self) -> u64 {
        self.chain.top().map_or(0, |(process, _, _)| u64::from(process.id))
    }

    fn parent(&self) -> u64 {
        self.chain.top().map_or(0, |(process, _, _)| u64::from(process.parent_id()))
    }

    fn wrote(&self, stream: StandardStream, bytes: &[u8]) -> bool {
        let taker = self.kernel.stream_taker().get();
        taker.is_some_and(|taker| {
            taker(stream, bytes);
            true
        })
    }

    fn takes_streams(&self) -> bool {
        self.kernel.stream_taker().get().is_some()
    }

    fn watches_host(&self) -> bool {
        self.kernel.host_trace().is_on()
    }

    fn asked_host(&self, request: HostRequest<'_>) {
        self.note_host(&request);
    }

    fn answer_mode(&self) -> AnswerMode {
        self.kernel.hooks().answer_mode()
    }

    fn keep_answer(&self, answer: HostAnswer) {
        self.keep_host_answer(answer);
    }

    fn recorded_answer(&self, function: &str, asked: &str) -> Result<HostAnswer, Failure> {
        self.recorded_host_answer(function, asked)
    }

    fn log(&self, level: LogLevel, text: &str) {
        let writer = self.chain.with_frames(|frames| {
            let frame = frames.stack.last()?;
            let call = frame.record_seq().map(|seq| (seq, frame.function.as_str()));
            Some(LogWriter { process: frame.process.label(), call })
        });
        if let Some(writer) = writer {
            self.kernel.logbook().add(writer, level, text);
        }
    }

    fn log_level(&self) -> LogLevel {
        self.kernel.log_level()
    }

    fn import(self: Arc<Self>, index: usize, exchange: &mut dyn Exchange) -> Result<(), Failure> {
        let Some((caller, _, _)) = self.chain.top() else { return Err(Failure::interrupted()) };
        let target = caller.with_slot(|slot| slot.code.spec.imports.get(index).map(|import| import.target.clone()));
        let Some(target) = target else { return Err(Failure::new(FailureKind::Trap, "no such stand-in")) };
        match self.stand_in(&target) {
            Ok((process, function)) => self.nested(&process, Some(&function), exchange),
            Err(error) => {
                let function = target.rsplit_once('.').map_or(target.as_str(), |(_, function)| function);
                Err(self.no_callee(Symbol::intern(function), exchange.input().len() as u64, error).as_nested())
            }
        }
    }

    fn grow(&self, bytes: u64) -> bool {
        match self.chain.top() {
            Some((process, _, _)) => process.account.commit(bytes, self.kernel.limits().memory_bytes_max),
            None => true,
        }
    }

    fn shrink(&self, bytes: u64) {
        if let Some((process, _, _)) = self.chain.top() {
            process.account.uncommit(bytes);
        }
    }
}
