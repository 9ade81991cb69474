//! The requests of one client, answered one after the other.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use super::breakpoints::TRAP;
use super::client_view::ClientView;
use super::console::{Console, ConsoleLine};
use super::debuggee::Debuggee;
use super::outlet::{Outlet, Stream};
use super::request::{
    AttachArguments, BreakpointLocations, ClientInfo, Evaluate, LaunchArguments, OfThread, Request, SetBreakpoints,
    SetExceptionBreakpoints, SetFunctionBreakpoints,
};
use super::script::Script;
use super::stops::Stops;
use crate::kernel::hooks::Step;
use crate::kernel::{JobId, Kernel, OwnerId};
use crate::shell::SessionOptions;
use crate::shell::source_text::{SourceMap, SourcePaths};
use crate::shell::words::hold_error::hold_error_text;
use crate::text::{did_you_mean, quoted};

/// The requests that are answered.
const COMMANDS: [&str; 24] = [
    "initialize",
    "launch",
    "attach",
    "configurationDone",
    "setBreakpoints",
    "setFunctionBreakpoints",
    "setExceptionBreakpoints",
    "breakpointLocations",
    "threads",
    "stackTrace",
    "scopes",
    "variables",
    "evaluate",
    "continue",
    "next",
    "stepIn",
    "stepOut",
    "pause",
    "exceptionInfo",
    "source",
    "loadedSources",
    "cancel",
    "terminate",
    "disconnect",
];

/// Whose the kernel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The client's: it launches what runs in it, and all of it ends with the client.
    Launches,
    /// Somebody else's, which goes on after the client.
    Attaches,
}

/// Whether the conversation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    GoesOn,
    Ends,
}

/// The adapter for one client.
pub struct Adapter {
    mode: Mode,
    debuggee: Arc<Debuggee>,
    options: SessionOptions,
    phase: Phase,
    is_configured: bool,
    script: Option<Script>,
    console: Option<Console>,
    /// Ends the thread that tells stops, when dropped.
    stops: Option<(Sender<()>, JoinHandle<()>)>,
}

/// How far the conversation has come.
enum Phase {
    /// `initialize` has not come.
    New,
    /// Neither `launch` nor `attach` has come.
    Initialized,
    /// The client sets breakpoints; this is launched afterwards.
    Configuring(Option<Box<LaunchArguments>>),
    Running,
    Over,
}

/// The answer to a request; `None` where it is sent later.
type Answer = Result<Option<Value>, String>;

impl Adapter {
    /// An adapter for a kernel. `options` are those of the shells that it starts; `owner` is theirs.
    pub fn new(kernel: Arc<Kernel>, mode: Mode, outlet: Outlet, owner: OwnerId, options: SessionOptions) -> Adapter {
        let debuggee = Arc::new(Debuggee::new(kernel, outlet, owner));
        let (phase, is_configured) = (Phase::New, false);
        Adapter { mode, debuggee, options, phase, is_configured, script: None, console: None, stops: None }
    }

    /// Takes a message of the client.
    pub fn handle(&mut self, message: &Value) -> Flow {
        let Some(request) = Request::of(message) else { return self.flow() };
        match self.answer(&request) {
            Ok(None) => {}
            Ok(Some(body)) => self.debuggee.outlet.answer(&request, Ok(body)),
            Err(why) => self.debuggee.outlet.answer(&request, Err(why)),
        }
        // The client configures once its request to start was answered.
        if matches!(request.command.as_str(), "launch" | "attach") && matches!(self.phase, Phase::Configuring(_)) {
            self.debuggee.outlet.event("initialized", json!({}));
        }
        self.begin();
        self.flow()
    }

    fn flow(&self) -> Flow {
        if matches!(self.phase, Phase::Over) { Flow::Ends } else { Flow::GoesOn }
    }

    fn view(&self) -> ClientView<'_> {
        ClientView(&self.debuggee)
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let command = request.command.as_str();
        match (&self.phase, command) {
            (Phase::New, "initialize") => return self.initialize(request).map(Some),
            (_, "initialize") => return Err("`initialize` came before".to_owned()),
            (_, "disconnect") => {
                self.end();
                return Ok(Some(Value::Null));
            }
            (Phase::New, _) => return Err(format!("`{}` came before `initialize`", quoted(command))),
            (Phase::Initialized, "launch") => return self.launch(request.arguments()?).map(Some),
            (Phase::Initialized, "attach") => return self.attach(request.arguments()?).map(Some),
            (_, "launch" | "attach") => return Err("something was launched or attached to before".to_owned()),
            _ => {}
        }
        match command {
            "configurationDone" => {
                self.is_configured = true;
                Ok(Some(Value::Null))
            }
            "terminate" => {
                self.end_script();
                Ok(Some(Value::Null))
            }
            "evaluate" => self.evaluate(request),
            "setBreakpoints" | "setFunctionBreakpoints" | "setExceptionBreakpoints" | "breakpointLocations" => {
                self.breakpoints(request).map(Some)
            }
            "continue" | "next" | "stepIn" | "stepOut" | "pause" => self.go(request).map(Some),
            "threads" => Ok(Some(self.view().threads())),
            "stackTrace" => self.view().stack(request.arguments()?).map(Some),
            "scopes" => self.view().scopes(request.arguments()?).map(Some),
            "variables" => self.view().variables(request.arguments()?).map(Some),
            "exceptionInfo" => self.view().exception(request.arguments()?).map(Some),
            "loadedSources" => Ok(Some(json!({ "sources": [] }))),
            "source" => Err("the source is not here; `sourceDirs` of the launch says where it is".to_owned()),
            "cancel" => {
                self.console.iter().for_each(Console::interrupt);
                Ok(Some(Value::Null))
            }
            other => Err(format!("no request `{}`{}", quoted(other), did_you_mean(other, COMMANDS))),
        }
    }
}

/// Beginning and end.
impl Adapter {
    fn initialize(&mut self, request: &Request) -> Result<Value, String> {
        self.debuggee.known().client = request.arguments::<ClientInfo>()?;
        self.phase = Phase::Initialized;
        Ok(json!({
            "supportsConfigurationDoneRequest": true,
            "supportsFunctionBreakpoints": true,
            "supportsConditionalBreakpoints": true,
            "supportsHitConditionalBreakpoints": true,
            "supportsLogPoints": true,
            "supportsEvaluateForHovers": true,
            "supportsBreakpointLocationsRequest": true,
            "supportsExceptionInfoRequest": true,
            "supportsExceptionFilterOptions": true,
            "supportsTerminateRequest": true,
            "supportTerminateDebuggee": self.mode == Mode::Launches,
            "exceptionBreakpointFilters": [{
                "filter": TRAP,
                "label": "Traps of plugins",
                "description": "Stops where a plugin traps or panics, before its call ends.",
                "default": false,
                "supportsCondition": true,
                "conditionDescription": "an expression over the call, as `callee=cart`",
            }],
        }))
    }

    fn launch(&mut self, arguments: LaunchArguments) -> Result<Value, String> {
        if self.mode == Mode::Attaches {
            return Err("a served system is attached to; `launch` starts its own".to_owned());
        }
        if arguments.program.is_none() && arguments.lines.is_none() {
            return Err("`launch` wants `program`, a file of shell lines, or `lines`".to_owned());
        }
        if let Some(dir) = &arguments.cwd {
            std::env::set_current_dir(dir).map_err(|error| format!("`cwd`: `{}`: {error}", dir.display()))?;
        }
        self.configure(arguments.source_dirs.clone(), arguments.source_map.clone());
        if !arguments.no_debug {
            // Breakpoints may be set at any time, and no process of the client's is worth a restart then.
            self.debuggee.kernel.set_loads_debugged(true);
        }
        self.phase = Phase::Configuring(Some(Box::new(arguments)));
        Ok(Value::Null)
    }

    fn attach(&mut self, arguments: AttachArguments) -> Result<Value, String> {
        if self.mode == Mode::Launches {
            return Err("nothing is served here; `launch` runs a script".to_owned());
        }
        self.configure(arguments.source_dirs, arguments.source_map);
        self.phase = Phase::Configuring(None);
        Ok(Value::Null)
    }

    /// Sets where sources are looked for: in the working directory last.
    fn configure(&mut self, source_dirs: Vec<PathBuf>, source_map: BTreeMap<String, PathBuf>) {
        let mut dirs: Vec<PathBuf> =
            source_dirs.into_iter().map(|dir| std::path::absolute(&dir).unwrap_or(dir)).collect();
        dirs.extend(std::env::current_dir());
        let maps = source_map.into_iter().map(|(from, to)| SourceMap { from, to }).collect();
        self.debuggee.known().sources = SourcePaths { dirs, maps };
    }

    /// Starts what the client wants, once it has set its breakpoints.
    fn begin(&mut self) {
        if !self.is_configured || !matches!(self.phase, Phase::Configuring(_)) {
            return;
        }
        let Phase::Configuring(launch) = std::mem::replace(&mut self.phase, Phase::Running) else { return };
        let stops = Stops::new(Arc::clone(&self.debuggee));
        let (over, is_over) = channel();
        let builder = thread::Builder::new().name("plugsh-stops".to_owned());
        match builder.spawn(move || stops.send(&is_over)) {
            Ok(thread) => self.stops = Some((over, thread)),
            Err(error) => self.fail(&format!("no thread can be started: {error}")),
        }
        let Some(launch) = launch else { return };
        if launch.stop_on_entry && !launch.no_debug {
            let mut known = self.debuggee.known();
            let setter = self.debuggee.setter(known.client);
            known.breakpoints.set_entry(&setter);
        }
        match Script::start(&self.debuggee, *launch, self.options.clone()) {
            Ok(script) => self.script = Some(script),
            Err(why) => self.fail(&why),
        }
    }

    fn fail(&mut self, why: &str) {
        self.debuggee.outlet.output(Stream::Errors, &format!("{why}\n"));
        self.debuggee.outlet.event("terminated", json!({}));
    }

    fn end_script(&self) {
        let Some(script) = &self.script else { return };
        script.end();
        self.debuggee.kernel.jobs().iter().for_each(|job| job.kill());
    }

    /// Ends the conversation: what was launched is killed, what was attached to goes on without breakpoints.
    pub fn end(&mut self) {
        if matches!(self.phase, Phase::Over) {
            return;
        }
        self.phase = Phase::Over;
        self.console.iter().for_each(Console::interrupt);
        self.console = None;
        if let Some((over, thread)) = self.stops.take() {
            drop(over);
            // A panic there was reported by its thread.
            thread.join().ok();
        }
        match self.mode {
            Mode::Launches => self.end_script(),
            Mode::Attaches => self.debuggee.kernel.remove_owner(self.debuggee.owner),
        }
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        self.end();
    }
}

/// Breakpoints and steps.
impl Adapter {
    fn breakpoints(&mut self, request: &Request) -> Result<Value, String> {
        let mut known = self.debuggee.known();
        let client = known.client;
        let setter = self.debuggee.setter(client);
        let set = match request.command.as_str() {
            "setBreakpoints" => {
                let arguments: SetBreakpoints = request.arguments()?;
                let path = arguments.source.path.or(arguments.source.name);
                let path = path.ok_or("`setBreakpoints`: the source has no path")?;
                known.breakpoints.set_lines(&setter, &path, &arguments.breakpoints)
            }
            "setFunctionBreakpoints" => {
                known.breakpoints.set_functions(&setter, &request.arguments::<SetFunctionBreakpoints>()?.breakpoints)
            }
            "setExceptionBreakpoints" => {
                known.breakpoints.set_exceptions(&setter, &request.arguments::<SetExceptionBreakpoints>()?)
            }
            _ => {
                let arguments: BreakpointLocations = request.arguments()?;
                let lines = setter.lines_with_code(arguments.source.path.as_deref().unwrap_or_default());
                let first = client.line_from(arguments.line);
                let last = arguments.end_line.map_or(first, |line| client.line_from(line));
                let within = lines.into_iter().filter(|line| (first..=last).contains(line));
                let within: Vec<Value> = within.map(|line| json!({ "line": client.line_to(line) })).collect();
                return Ok(json!({ "breakpoints": within }));
            }
        };
        Ok(json!({ "breakpoints": set }))
    }

    fn go(&self, request: &Request) -> Result<Value, String> {
        let job = request.arguments::<OfThread>()?.thread_id;
        let step = match request.command.as_str() {
            "pause" => return self.pause(job),
            "next" => Some(Step::Over),
            "stepIn" => Some(Step::Into),
            "stepOut" => Some(Step::Out),
            _ => None,
        };
        self.debuggee.go_on(job, step)?;
        Ok(if step.is_none() { json!({ "allThreadsContinued": false }) } else { Value::Null })
    }

    fn pause(&self, job: JobId) -> Result<Value, String> {
        let kernel = &self.debuggee.kernel;
        let running = kernel.job(job).ok_or_else(|| format!("no job %{job} runs"))?;
        kernel.hold_job(&running).map_err(|error| hold_error_text(&error))?;
        Ok(Value::Null)
    }
}

/// The client's expressions.
impl Adapter {
    fn evaluate(&mut self, request: &Request) -> Answer {
        let arguments: Evaluate = request.arguments()?;
        let frame = arguments.frame_id.map(|id| self.view().frame(id));
        let frame = frame.transpose()?;
        match arguments.context.as_deref() {
            Some("hover" | "watch" | "variables" | "clipboard") => {
                self.view().evaluate(frame, arguments.expression.trim()).map(Some)
            }
            _ => {
                let line = ConsoleLine { request: request.clone(), text: arguments.expression, frame };
                self.console()?.run(line).map(|()| None)
            }
        }
    }

    /// The shell of the client's prompt, started when it is first asked.
    fn console(&mut self) -> Result<&Console, String> {
        if self.console.is_none() {
            self.console = Some(Console::start(&self.debuggee, self.options.clone())?);
        }
        self.console.as_ref().ok_or_else(|| "no shell".to_owned())
    }
}
