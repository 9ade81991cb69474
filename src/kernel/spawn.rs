//! Starting a process: from a name or program to a living process, for the shell and for guests.
//!
//! Start functions and constructors are guest code: they run in a frame of the requesting chain, outside every lock,
//! under its deadline, and can be cancelled like any call. Finding, fetching and compiling a plugin does not count as a
//! call's time: the chain's deadlines are suspended meanwhile, and the load timeout applies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::call_failure::{ChainTooDeep, FailureCause};
use super::cause::{Cause, Deadline};
use super::code::Code;
use super::error::CallError;
use super::frame::{Frame, PoppedFrame, Refusal};
use super::load_record::{LOAD, REGISTER};
use super::load_refusal::LoadRefusal;
use super::names;
use super::notices::Notice;
use super::policy::grant::child_spec;
use super::policy::learn::Spawn;
use super::policy::own::OwnGrants;
use super::policy::{ChildGrants, Denial, Granted, RequestedSource};
use super::process::{Life, NewProcess, Process};
use super::stack::PluginFrames;
use super::task::Task;
use super::view::{ProcessId, ProcessLabel};
use super::{Kernel, LoadRequest};
use crate::image_origin::ImageOrigin;
use crate::journal::{Outcome, Symbol};
use crate::runtime::source::Access;
use crate::runtime::{Failure, FailureKind, Guest, Host, Image, LogLevel, Problem, Program, Worded, sdk};
use crate::secrets::without_secrets;
use crate::text::escape_control;

/// The function name of start functions and constructors in a chain.
const START: &str = "(start)";

impl Kernel {
    /// `register_plugin`: starts a process by name as a child of the caller. Each is a record, a refused one too.
    ///
    /// # Errors
    /// The policy or a limit refuses it, the source is no program, or its start fails.
    pub(super) fn register(
        self: &Arc<Self>,
        task: &Arc<Task>,
        parent: &Arc<Process>,
        name: &str,
    ) -> Result<ProcessId, Failure> {
        let seq = task.begin_load(REGISTER, name, Duration::ZERO);
        let spawned = self.register_inner(task, parent, name);
        if let Ok(label) = &spawned {
            task.end_load(seq, Ok(label));
        }
        spawned.map(|label| label.id).map_err(|failure| {
            let kind = failure.kind;
            let outcome = task.outcome_of_load(kind);
            let error = match kind {
                // A nested failure names its place and the whole chain.
                FailureKind::Nested => match task.chain.take_propagating() {
                    Some(below) => CallError { outcome, ..below.error },
                    None => CallError::new(outcome, FailureCause::failed(failure), self.wording()),
                },
                _ => {
                    let (source, failure) = (escape_control(&without_secrets(name)), failure.without_stack());
                    let cause = FailureCause::Register { source, failure: Box::new(failure) };
                    CallError::new(outcome, cause, self.wording()).with_path(task.chain.path())
                }
            };
            task.end_load(seq, Err((outcome, &error.failure)));
            // A cancelled start fails its caller, which does not count as a crash of the caller.
            if kind == FailureKind::Interrupted && task.chain.is_cancelled() {
                return Failure::new(kind, error.to_string());
            }
            let error = CallError { stack: task.chain.take_start_stack(), ..error };
            task.refuse(error).as_nested()
        })
    }

    fn register_inner(
        self: &Arc<Self>,
        task: &Arc<Task>,
        parent: &Arc<Process>,
        name: &str,
    ) -> Result<ProcessLabel, Failure> {
        let policy = self.policy();
        let (grants, children_max) = match &policy {
            Some(policy) => policy.children(parent.who()),
            None => (&ChildGrants::default(), None),
        };
        // Looked up by id: while new code starts, `parent` may be a stand-in, which has no children.
        let children = self.living(parent.id).map_or(0, |parent| parent.counters.children.load(Ordering::Relaxed));
        let asked = RequestedSource::of(name).map_err(Failure::denied)?;
        let seen = Spawn { source: asked.text(), parent: parent.id, children: children + 1, ..Spawn::default() };
        let granted = match (parent.own.as_ref().and_then(|own| own.load(&asked)), &policy) {
            (Some(granted), _) => Ok(granted),
            (None, Some(policy)) => policy.load(parent.who(), &asked),
            (None, None) => by_name_only(parent, &asked),
        };
        let admitted = self.admit_child(parent, children, children_max).map_err(Problem::from);
        let admitted = admitted.and_then(|()| granted.map_err(Problem::from)).map_err(Failure::denied);
        let granted = admitted.inspect_err(|_| self.note_spawn(seen.clone()))?;
        let deadline = self.load_deadline(None);
        let find = || task.chain.with_paused_deadlines(|| self.granted_program(task, &granted, deadline));
        let program = task.load_step(find, |steps, took_ns| steps.lookup_ns += took_ns)?;
        let held = parent.code().spec.clone();
        let (mut spec, refused) = child_spec(&program.spec, &held, grants);
        spec.wasi_input.prepend_program_name(&program.stem);
        let seen = Spawn { plugin: program.stem.clone(), ..seen }.with(&spec);
        let request = LoadRequest { spec, host: parent.host, deadline, ..LoadRequest::plain(program) };
        let label = self.spawn(task, parent.id, request)?;
        self.note_spawn(Spawn { id: label.id, ..seen });
        for what in refused {
            let why = format!(
                "its manifest asks for {}, which its parent `{}` does not hold",
                escape_control(&what.to_string()),
                parent.label()
            );
            self.logbook().add(label.clone(), LogLevel::Warn, &why);
        }
        Ok(label)
    }

    /// Whether a process may have one more child.
    fn admit_child(&self, parent: &Process, children: u32, by_policy: Option<u32>) -> Result<(), LoadRefusal> {
        let parent = parent.label();
        if let Some(children_max) = by_policy.filter(|most| children >= *most) {
            return Err(LoadRefusal::ChildrenOfPolicy { parent, children, children_max });
        }
        if children as usize >= self.limits().children_max {
            return Err(LoadRefusal::Children { parent, children });
        }
        Ok(())
    }

    /// The program of a granted load. The wait ends when the chain is cancelled, and at the deadline.
    fn granted_program(
        &self,
        task: &Task,
        granted: &Granted,
        deadline: Option<Deadline>,
    ) -> Result<Arc<Program>, Failure> {
        let access = if granted.beyond_names { Access::Granted } else { Access::Guest };
        let (program, _) =
            self.resolve_within(&granted.source, access, deadline, &mut |_, _| !task.chain.is_cancelled());
        let program = program.or_else(|failure| self.hooks().stub_program(&granted.source).ok_or(failure))?;
        match (&granted.sha256, program.modules.last()) {
            (Some(wanted), Some(main)) if *wanted != main.sha256 => {
                Err(LoadRefusal::Hash { found: main.sha256.clone(), wanted: wanted.clone() }.into())
            }
            _ => Ok(program),
        }
    }

    /// Keeps where the guest of a failed start stood for the error of whoever asked for it.
    fn keep_start_stack(&self, task: &Task, popped: &PoppedFrame, code: &Code, failure: &Failure) {
        let below = popped.propagating.as_ref().filter(|_| failure.kind == FailureKind::Nested);
        let below = below.and_then(|below| below.error.stack.as_deref().cloned()).unwrap_or_default();
        let stack = below.within(PluginFrames {
            seq: popped.frame.record_seq(),
            parent_seq: popped.caller.seq,
            process: popped.frame.process.label(),
            function: popped.frame.function,
            program: code.program.clone(),
            backtrace: failure.backtrace.clone(),
            symbols: self.symbols().clone(),
        });
        let dump = failure.core_dump.clone().filter(|_| !popped.frame.private);
        self.keep_core_dump(&popped.frame.process.label(), popped.frame.record_seq(), dump);
        if let Some(seq) = popped.frame.record_seq() {
            self.stacks().put(seq, stack.clone());
        }
        task.chain.with_frames(|frames| frames.start_stack = Some(stack));
    }

    /// Starts a process under `parent`, in a frame at the chain's end, as a part of the load that the task has begun.
    ///
    /// # Errors
    /// A limit refuses it, the name is taken, the program does not compile, or its start fails.
    pub(super) fn spawn(
        self: &Arc<Self>,
        task: &Arc<Task>,
        parent: ProcessId,
        request: LoadRequest,
    ) -> Result<ProcessLabel, Failure> {
        task.note_modules(&request.program);
        let mut program = request.program.clone();
        let mut spec = request.spec.clone();
        if request.host == Host::Extism {
            spec.memory_bytes_max = Some(sdk::memory_bytes_max(&spec, self.limits().memory_bytes_max));
        }
        spec.fuel_count = self.fuel_count(spec.fuel_count);
        let can_stop = request.host == Host::Native && spec.on.is_none();
        let name = request.name.as_deref().unwrap_or(&program.stem);
        let is_covered = || self.coverage.as_ref().is_some_and(|coverage| coverage.wants(&program));
        spec.debugged = can_stop && (spec.debugged || self.wants_debugger(name, &program) || is_covered());
        if program.spec != spec {
            Arc::make_mut(&mut program).spec = spec;
        }
        let stubbed = self.hooks().stubbed_imports(&program.spec);
        if !stubbed.is_empty() {
            Arc::make_mut(&mut program).spec.imports.extend(stubbed);
        }
        let deadline = request.deadline.or_else(|| self.load_deadline(None));
        let image = self.image(task, request.host, &program, deadline)?;
        let spec = Arc::new(program.spec.clone());
        let code = Arc::new(Code::new(image, program, spec));
        let process = self.reserve(task, parent, &request, code.clone())?;
        match self.start_instance(task, &process, &code, request.timeout) {
            Ok(guest) => {
                process.mark_started(guest);
                self.note_started(&process);
                Ok(process.label())
            }
            Err(failure) => {
                self.remove_unstarted(&process);
                Err(failure)
            }
        }
    }

    /// The image of a program, compiled or made of stubs. The wait ends when the chain is cancelled, and at the
    /// deadline.
    ///
    /// # Errors
    /// The program does not compile or link, or the wait ended.
    pub(super) fn image(
        &self,
        task: &Task,
        host: Host,
        program: &Program,
        deadline: Option<Deadline>,
    ) -> Result<Arc<dyn Image>, Failure> {
        if let Some(image) = self.hooks().stub_image(program) {
            task.with_load(|load| load.steps.image = Some(ImageOrigin::Stubs));
            return Ok(image);
        }
        let until = deadline.map(|deadline| deadline.at);
        let get = || task.chain.with_paused_deadlines(|| self.images().get(host, program, task, until));
        let image = task.load_step(get, |steps, took_ns| steps.image_ns += took_ns);
        if let Ok((_, origin)) = &image {
            task.with_load(|load| load.steps.image = Some(*origin));
        }
        if let Some(no_process) = self.images().take_no_process() {
            self.notify(Notice::NoCompiler(no_process));
        }
        image.map(|(image, _)| image).map_err(|failure| match deadline {
            Some(deadline) if failure.kind == FailureKind::Interrupted && !task.chain.is_cancelled() => {
                deadline.load_failure("compiled")
            }
            _ => failure,
        })
    }

    /// Adds a process to the table, occupied by the call that will start it.
    fn reserve(
        self: &Arc<Self>,
        task: &Arc<Task>,
        parent: ProcessId,
        request: &LoadRequest,
        code: Arc<Code>,
    ) -> Result<Arc<Process>, Failure> {
        let depth = task.chain.next_own_depth();
        code.spec.wasi_input.check().map_err(|error| Failure::new(FailureKind::Load, error))?;
        let own = OwnGrants::of(&code.spec).map_err(|error| Failure::new(FailureKind::Load, error))?;
        if own.as_ref().is_some_and(|own| own.limits_calls()) {
            self.gate().check_own_grants();
        }
        let mut table = self.table().write();
        let processes_max = self.limits().processes_max;
        if table.len() >= processes_max {
            return Err(LoadRefusal::Processes { processes_max }.into());
        }
        let name = match &request.name {
            Some(name) if !names::is_valid(name) => {
                return Err(LoadRefusal::InvalidName { name: name.clone() }.into());
            }
            Some(name) if table.has_name(name) => {
                let holder = table.by_name(name).map(|process| process.label().to_string()).unwrap_or_default();
                return Err(LoadRefusal::NameTaken { name: name.clone(), holder }.into());
            }
            Some(name) => name.clone(),
            None => table.free_name(&request.program.stem),
        };
        let new_process = NewProcess {
            id: table.take_id(),
            name,
            host: request.host,
            parent,
            total_bytes: self.total_bytes().clone(),
            supervision: request.supervision,
            own,
        };
        let process =
            Arc::new(Process::new(new_process, code, task.chain.occupant(depth, task.chain.next_start_seq())));
        if !table.insert(process.clone()) {
            return Err(LoadRefusal::ParentEnded.into());
        }
        Ok(process)
    }

    /// Runs the start functions and constructors of a reserved process in a frame of their own, within `timeout` and
    /// the limit for calls.
    ///
    /// # Errors
    /// The chain is too deep or cancelled, or the start fails.
    pub(super) fn start_instance(
        self: &Arc<Self>,
        task: &Arc<Task>,
        process: &Arc<Process>,
        code: &Code,
        timeout: Option<Duration>,
    ) -> Result<Box<dyn Guest>, Failure> {
        let started = Instant::now();
        let seq = process.occupant().map_or(0, |occupant| occupant.seq);
        let frame = Frame {
            deadline: Deadline::first_of(started, [timeout, code.spec.timeout, self.limits().timeout]),
            private: code.spec.private,
            ..Frame::new(process.clone(), Symbol::intern(START), seq, started)
        };
        task.chain.push(frame).map_err(|refusal| match refusal {
            Refusal::Ended { cause, .. } => Failure::new(FailureKind::Interrupted, cause.words(self.wording())),
            Refusal::TooDeep { depth_max } => Failure::denied(ChainTooDeep { depth_max }),
        })?;
        // A kill before the frame was pushed had no call to cancel; it has marked the process dead.
        let killed = process.with_slot(|slot| matches!(slot.life, Life::Dead { .. }));
        let made = match killed {
            true => Err(Failure::interrupted()),
            // A panic in the guest's start must not leave the frame and the process behind.
            false => catch_unwind(AssertUnwindSafe(|| code.image.instantiate(&code.spec, task.clone())))
                .unwrap_or_else(|_| Err(Failure::new(FailureKind::Trap, "the host panicked while it started"))),
        };
        let made = made.map_err(|failure| self.symbols().placed(&code.program, failure));
        task.end_started();
        let elapsed = started.elapsed();
        let popped = task.chain.pop(elapsed, true);
        task.with_load(|load| {
            load.steps.instance_ns = (elapsed.as_nanos() as u64).saturating_sub(load.steps.start_ns);
            load.nested = popped.as_ref().map_or(Duration::ZERO, |popped| popped.frame.nested);
        });
        if let (Err(failure), Some(popped)) = (&made, &popped) {
            self.keep_start_stack(task, popped, code, failure);
        }
        let (cause, below) = popped.map_or((None, None), |popped| (popped.cause, popped.propagating));
        task.chain.set_start_outcome(cause.as_ref().map(Cause::outcome).or(killed.then_some(Outcome::Killed)));
        match (made, cause) {
            (Ok(guest), None) => Ok(guest),
            (Err(failure), None) if killed => Err(Failure::new(failure.kind, "it was killed while it started")),
            (Err(failure), None) => {
                // Who asked for the start fails with the nested call's own error.
                if let Some(below) = below.filter(|_| failure.kind == FailureKind::Nested) {
                    task.chain.set_propagating(*below);
                }
                Err(failure)
            }
            (_, Some(cause)) => {
                let why = format!("its start function was {}", cause.words(self.wording()));
                Err(Failure::new(FailureKind::Interrupted, why))
            }
        }
    }
}

impl Task {
    /// Starts a process for the shell as a load of its own, without a look-up.
    ///
    /// # Errors
    /// As of [`Kernel::spawn`].
    pub(super) fn spawn_for_shell(&self, request: LoadRequest) -> Result<ProcessLabel, CallError> {
        let me = self.this.upgrade().ok_or_else(Failure::interrupted);
        let seq = self.begin_load(LOAD, &request.program.origin, request.lookup);
        let spawned = me.and_then(|me| self.kernel.spawn(&me, 0, request));
        let spawned = spawned.map_err(|failure| {
            let outcome = self.outcome_of_load(failure.kind);
            (outcome, CallError::of(failure, self.kernel.wording()))
        });
        self.end_load(seq, spawned.as_ref().map_err(|(outcome, error)| (*outcome, &*error.failure)));
        spawned.map_err(|(_, error)| error)
    }
}

impl Kernel {
    /// Notes a started or refused process for `policy learn`.
    pub(super) fn note_spawn(&self, seen: Spawn) {
        let (own, parent) = (self.living(seen.id), self.living(seen.parent));
        let name = own.as_ref().map(|process| process.name.as_str());
        self.spawns().lock().note(seen, name, parent.as_ref().map(|parent| parent.plugin.as_str()));
    }
}

/// The built-in default: a guest may load names only.
fn by_name_only(who: &Process, asked: &RequestedSource) -> Result<Granted, Denial> {
    match asked {
        RequestedSource::Name(name) => Ok(Granted { source: name.clone(), beyond_names: false, sha256: None }),
        _ => Err(Denial::names_only(who.who(), asked, who.parent_id() != 0)),
    }
}
