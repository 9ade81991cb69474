//! How a process begins: a name or program to a living process, at the prompt and from a guest.
//!
//! Start functions and constructors are guest code: they run in a frame of the chain that asked, outside every lock,
//! under its deadline, and can be cut like any call.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::call::leave;
use super::chain::{Chain, Deadline, Frame, Refusal};
use super::error::{CallError, outcome_of};
use super::logbook::safe;
use super::names;
use super::process::{Birth, Code, Occupant, Process};
use super::view::{ProcessId, ProcessLabel};
use super::{Kernel, LoadRequest};
use crate::journal::{ChangedBy, Outcome, Symbol};
use crate::runtime::source::Access;
use crate::runtime::{Failure, FailureKind, Guest, Host};

/// What the journal calls a load that was refused.
const REGISTER: &str = "register_plugin";
/// What a chain calls the start function and the constructors of a new process.
const START: &str = "(start)";

impl Kernel {
    /// `register_plugin`: a process by name, the caller its parent. Refusals are recorded.
    pub(super) fn register(
        self: &Arc<Self>,
        chain: &Arc<Chain>,
        parent: &Arc<Process>,
        name: &str,
    ) -> Result<ProcessId, Failure> {
        let spawned = self.register_inner(chain, parent, name);
        spawned.map_err(|failure| {
            let path = chain.path();
            let message = format!("cannot load `{}`: {} ({path})", safe(name), failure.message);
            let outcome = outcome_of(failure.kind);
            chain.record_refusal(None, Symbol::intern(REGISTER), name.len() as u64, outcome, &message);
            Failure::new(
                if failure.kind == FailureKind::Interrupted { failure.kind } else { FailureKind::Nested },
                message,
            )
        })
    }

    fn register_inner(
        self: &Arc<Self>,
        chain: &Arc<Chain>,
        parent: &Arc<Process>,
        name: &str,
    ) -> Result<ProcessId, Failure> {
        let children = parent.counters.children.load(Ordering::Relaxed) as usize;
        if children >= self.limits().children_max {
            let why = format!("`{}` has {children} children, the limit; `--max-children` allows more", parent.label());
            return Err(Failure::new(FailureKind::Denied, why));
        }
        let program = self.sources().resolve(name, Access::Guest);
        let program = program.or_else(|failure| self.hooks().stub_program(name).ok_or(failure))?;
        let spec = program.spec.clone();
        let request = LoadRequest { program, spec, name: None, host: parent.host, timeout: None };
        self.spawn(chain, parent.id, request).map(|label| label.id)
    }

    /// Starts a process under `parent`, in a frame at the chain's end.
    pub(super) fn spawn(
        self: &Arc<Self>,
        chain: &Arc<Chain>,
        parent: ProcessId,
        request: LoadRequest,
    ) -> Result<ProcessLabel, Failure> {
        let mut program = request.program.clone();
        if program.spec != request.spec {
            let changed = Arc::make_mut(&mut program);
            changed.spec = request.spec.clone();
        }
        let image = match self.hooks().stub_image(&program) {
            Some(image) => image,
            None => self.images().get(request.host, &program, &**chain)?,
        };
        let spec = Arc::new(program.spec.clone());
        let code = Arc::new(Code::new(image, program, spec));
        let process = self.reserve(chain, parent, &request, code.clone())?;
        let started = self.start_instance(chain, &process, &code, request.timeout);
        match started {
            Ok(guest) => {
                leave(&process, Some(guest), None);
                process.slot.lock().calls_of_instance = 0;
                Ok(process.label())
            }
            Err(failure) => {
                leave(&process, None, None);
                self.unborn(&process);
                process.forget_memory();
                Err(failure)
            }
        }
    }

    /// A place in the table, taken by the call that will start it.
    fn reserve(
        self: &Arc<Self>,
        chain: &Arc<Chain>,
        parent: ProcessId,
        request: &LoadRequest,
        code: Arc<Code>,
    ) -> Result<Arc<Process>, Failure> {
        let denied = |message: String| Failure::new(FailureKind::Denied, message);
        let (_, depth) = chain.caller();
        let mut table = self.table().write();
        let most = self.limits().processes_max;
        if table.len() >= most {
            return Err(denied(format!("{most} processes live, the limit; `--max-processes` allows more")));
        }
        let name = match &request.name {
            Some(name) if !names::is_valid(name) => {
                let why = "a name is letters, digits, `_`, `.`, `-`, and begins with a letter or `_`";
                return Err(Failure::new(FailureKind::Load, format!("`{}` cannot be a name: {why}", safe(name))));
            }
            Some(name) if table.has_name(name) => {
                let holder = table.by_name(name).map(|process| process.label().to_string()).unwrap_or_default();
                return Err(Failure::new(FailureKind::Load, format!("the name `{name}` is taken by `{holder}`")));
            }
            Some(name) => name.clone(),
            None => table.free_name(&request.program.stem),
        };
        let seq = self.journal().next_seq();
        let birth =
            Birth { id: table.take_id(), name, host: request.host, parent, total_bytes: self.total_bytes().clone() };
        let process = Arc::new(Process::new(birth, code, Occupant { chain: chain.clone(), depth, seq }));
        if !table.insert(process.clone()) {
            return Err(denied("the parent has ended".into()));
        }
        Ok(process)
    }

    fn start_instance(
        self: &Arc<Self>,
        chain: &Arc<Chain>,
        process: &Arc<Process>,
        code: &Code,
        timeout: Option<Duration>,
    ) -> Result<Box<dyn Guest>, Failure> {
        let started = Instant::now();
        let seq = process.slot.lock().occupant.as_ref().map_or(0, |occupant| occupant.seq);
        let own = [timeout, code.spec.timeout, self.limits().timeout].into_iter().flatten().min();
        let frame = Frame {
            process: process.clone(),
            function: Symbol::intern(START),
            seq,
            started,
            nested: Duration::ZERO,
            bytes_in: 0,
            deadline: own.map(|timeout| Deadline { at: started + timeout, timeout }),
            cause: None,
            held: false,
            private: code.spec.private,
            changed_by: ChangedBy::None,
        };
        chain.push(frame).map_err(|refusal| match refusal {
            Refusal::Ended(cause) => Failure::new(FailureKind::Interrupted, cause.words()),
            Refusal::TooDeep { depth_max, .. } => {
                let why = format!("the chain is {depth_max} calls deep, the limit; `--max-depth` allows more");
                Failure::new(FailureKind::Denied, why)
            }
        })?;
        // Between the table's entry and the frame a kill found nothing to cut: it has marked the process dead.
        let killed = matches!(process.slot.lock().life, super::process::Life::Dead { .. });
        let made = match killed {
            true => Err(Failure::interrupted()),
            false => code.image.instantiate(&code.spec, chain.clone()),
        };
        let popped = chain.pop(started.elapsed(), true);
        match (made, popped.and_then(|popped| popped.cause)) {
            (Ok(guest), None) => Ok(guest),
            (Err(failure), None) if killed => Err(Failure::new(failure.kind, "it was killed while it started")),
            (Err(failure), None) => Err(failure),
            (_, Some(cause)) => {
                let why = format!("its start function was {}", cause.words());
                Err(Failure::new(FailureKind::Interrupted, why))
            }
        }
    }

    /// The same for the shell: a line that names the source.
    pub(super) fn load_error(source: &str, failure: Failure, ended_by: Option<Outcome>) -> CallError {
        let outcome = match failure.kind {
            FailureKind::Interrupted => ended_by.unwrap_or(Outcome::Timeout),
            kind => outcome_of(kind),
        };
        CallError {
            outcome,
            message: format!("cannot load `{}`: {}", safe(source), safe(&failure.message)),
            code: None,
        }
    }
}

/// So that the default host is named where processes begin.
impl LoadRequest {
    /// A request for a program as it is, in the native host, under the name it comes with.
    pub fn plain(program: Arc<crate::runtime::Program>) -> Self {
        LoadRequest { spec: program.spec.clone(), program, name: None, host: Host::Native, timeout: None }
    }
}
