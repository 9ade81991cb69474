//! A case: a plugin, the steps to run, and the expectations; written with a builder.

use std::sync::Arc;

use base64::Engine;
use plugsh::runtime::source::{Access, Sources};
use plugsh::runtime::{Failure, FailureKind, LogLevel, ModuleBytes, Program, Spec};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::prelude;
use super::seen::{Ended, Seen, SeenStep, show};
use super::server::Server;
use super::world::{Runner, World};

/// The plugin of a case.
enum Plugin {
    /// wat, with all imports and the helpers of [`prelude::module`] in front.
    Body(String),
    /// wat, as it is.
    Wat(String),
    /// A built-in plugin.
    Name(&'static str),
    /// A manifest, JSON or TOML, in a folder with files beside it.
    Manifest { suffix: &'static str, text: String, files: Vec<(&'static str, String)> },
}

enum Step {
    Call {
        function: &'static str,
        input: Vec<u8>,
        kill: Option<Kill>,
    },
    /// Reads the interface: functions, exports, imports.
    Inspect,
}

/// The target of a kill, and when the kill comes.
#[derive(Clone, Copy)]
pub enum Kill {
    /// The called plugin, once it has logged a line.
    Caller,
    /// The plugin that it calls, once that has logged a line.
    Callee,
}

type SpecChange = dyn Fn(&mut Spec, &Place) + Send + Sync;

/// One case of the suite.
pub struct Case {
    pub name: &'static str,
    pub covers: Vec<&'static str>,
    plugin: Plugin,
    spec: Box<SpecChange>,
    steps: Vec<Step>,
    log_level: LogLevel,
    /// The results that the native host must give: both hosts could be wrong in the same way.
    expect: Vec<(usize, Expected)>,
}

enum Expected {
    Output(Vec<u8>),
    Kind(FailureKind),
}

/// The loopback server and the folder of a case.
pub struct Place {
    pub url: String,
    pub folder: TempDir,
}

/// A case of wat after the prelude.
pub fn body(name: &'static str, body: &str) -> Case {
    Case::new(name, Plugin::Body(body.to_owned()))
}

/// A case of plain wat.
pub fn wat(name: &'static str, wat: &str) -> Case {
    Case::new(name, Plugin::Wat(wat.to_owned()))
}

/// A case of a built-in plugin.
pub fn builtin(name: &'static str, plugin: &'static str) -> Case {
    Case::new(name, Plugin::Name(plugin))
}

/// A case of a manifest. `{wat}`, `{data}` and `{sha256}` stand for [`prelude::ECHO`], `{url}` for the server.
pub fn manifest(name: &'static str, suffix: &'static str, text: &str) -> Case {
    Case::new(name, Plugin::Manifest { suffix, text: text.to_owned(), files: Vec::new() })
}

impl Case {
    fn new(name: &'static str, plugin: Plugin) -> Self {
        Case {
            name,
            covers: Vec::new(),
            plugin,
            spec: Box::new(|_, _| {}),
            steps: Vec::new(),
            log_level: LogLevel::Trace,
            expect: Vec::new(),
        }
    }

    pub fn covers(mut self, what: &[&'static str]) -> Self {
        self.covers.extend(what);
        self
    }

    /// Changes the spec, which can refer to the server and the folder.
    pub fn spec(mut self, change: impl Fn(&mut Spec, &Place) + Send + Sync + 'static) -> Self {
        self.spec = Box::new(change);
        self
    }

    /// A file beside the manifest.
    pub fn file(mut self, name: &'static str, text: &str) -> Self {
        if let Plugin::Manifest { files, .. } = &mut self.plugin {
            files.push((name, text.to_owned()));
        }
        self
    }

    /// Calls a function; `{url}` in the input stands for the server.
    pub fn call(mut self, function: &'static str, input: impl AsRef<[u8]>) -> Self {
        self.steps.push(Step::Call { function, input: input.as_ref().to_vec(), kill: None });
        self
    }

    /// Calls a function that is killed.
    pub fn call_killed(mut self, function: &'static str, input: &str, kill: Kill) -> Self {
        self.steps.push(Step::Call { function, input: input.as_bytes().to_vec(), kill: Some(kill) });
        self
    }

    pub fn inspect(mut self) -> Self {
        self.steps.push(Step::Inspect);
        self
    }

    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = level;
        self
    }

    /// The output that the last step must give.
    pub fn gives(mut self, output: impl AsRef<[u8]>) -> Self {
        self.expect.push((self.steps.len() - 1, Expected::Output(output.as_ref().to_vec())));
        self
    }

    /// The failure that the last step must give.
    pub fn fails(mut self, kind: FailureKind) -> Self {
        self.expect.push((self.steps.len() - 1, Expected::Kind(kind)));
        self
    }

    /// The failure that the load must give.
    pub fn fails_to_load(mut self, kind: FailureKind) -> Self {
        self.expect.push((usize::MAX, Expected::Kind(kind)));
        self
    }

    /// Runs the case in a host.
    pub fn run(&self, runner: Runner) -> Seen {
        let server = Server::start();
        let place = Place { url: server.url(), folder: tempfile::tempdir().expect("a folder") };
        let world = World::new(runner, self.log_level);
        let mut seen =
            Seen { load: Ok(()), steps: Vec::new(), logs: Vec::new(), requests: Vec::new(), files: Vec::new() };
        match self.program(&place).and_then(|program| world.load(&program)) {
            Ok(id) => seen.steps = self.steps.iter().map(|step| run_step(&world, id, step, &place)).collect(),
            Err(failure) => seen.load = Err(Ended::new(&failure, &place)),
        }
        seen.logs = world.logs();
        for (_, line) in &mut seen.logs {
            *line = place.hide(line);
        }
        seen.requests = server.requests();
        seen.files = files(&place);
        seen
    }

    /// Compares the native host's results with the expectations.
    pub fn check(&self, seen: &Seen) -> Result<(), String> {
        for (at, expected) in &self.expect {
            let ok = match (expected, seen.steps.get(*at)) {
                (Expected::Output(output), Some(SeenStep::Call { result: Ok(seen), .. })) => output == seen,
                (Expected::Kind(kind), Some(SeenStep::Call { result: Err(ended), .. })) => ended.kind == *kind,
                (Expected::Kind(kind), None) => seen.load.as_ref().is_err_and(|ended| ended.kind == *kind),
                _ => false,
            };
            if !ok {
                let wanted = match expected {
                    Expected::Output(output) => format!("gives {}", show(output)),
                    Expected::Kind(kind) => format!("fails as {kind:?}"),
                };
                return Err(format!("step {at} {wanted}, but this was seen\n  native: {seen}"));
            }
        }
        Ok(())
    }

    fn program(&self, place: &Place) -> Result<Program, Failure> {
        let mut program = match &self.plugin {
            Plugin::Body(body) => from_wat(&prelude::module(body)),
            Plugin::Wat(wat) => from_wat(wat),
            Plugin::Name(name) => Program::clone(&*Sources::new(Vec::new()).resolve(name, Access::Guest)?),
            Plugin::Manifest { suffix, text, files } => {
                // Beside the folder that plugins can see, not in it.
                let dir = tempfile::tempdir().expect("a folder");
                std::fs::write(dir.path().join("echo.wat"), prelude::ECHO).expect("written");
                for (name, text) in files {
                    std::fs::write(dir.path().join(name), text).expect("written");
                }
                let path = dir.path().join(format!("m.{suffix}"));
                std::fs::write(&path, place.fill(text)).expect("written");
                let sources = Sources::new(Vec::new());
                Program::clone(&*sources.resolve(&path.to_string_lossy(), Access::Person)?)
            }
        };
        (self.spec)(&mut program.spec, place);
        Ok(program)
    }
}

/// A program of one module, as `load` makes it.
pub fn from_wat(wat: &str) -> Program {
    let module = ModuleBytes {
        name: "main".to_owned(),
        bytes: Arc::from(wat.as_bytes()),
        sha256: format!("{:x}", Sha256::digest(wat)),
        linked_from: None,
    };
    Program { modules: vec![module], spec: Spec::default(), origin: "test".to_owned(), stem: "test".to_owned() }
}

fn run_step(world: &Arc<World>, id: u64, step: &Step, place: &Place) -> SeenStep {
    match step {
        Step::Inspect => {
            let image = world.image(id);
            SeenStep::Interface {
                functions: image.interface().functions().to_vec(),
                exports: image.interface().exports().iter().map(ToString::to_string).collect(),
                imports: image.interface().imports().iter().map(ToString::to_string).collect(),
            }
        }
        Step::Call { function, input, kill } => {
            let input = match std::str::from_utf8(input) {
                Ok(text) => place.fill(text).into_bytes(),
                Err(_) => input.clone(),
            };
            if world.image(id).interface().function(function).is_none() {
                return SeenStep::NoFunction;
            }
            if let Some(kill) = kill {
                world.kill_at_log(match kill {
                    Kill::Caller => id,
                    Kill::Callee => id + 1,
                });
            }
            let (result, instance_kept) = world.call_from_shell(id, function, &input);
            let result = result.map_err(|failure| Ended::new(&failure, place));
            let hide = |output: Vec<u8>| match String::from_utf8(output) {
                Ok(text) => place.hide(&text).into_bytes(),
                Err(error) => error.into_bytes(),
            };
            SeenStep::Call { result: result.map(hide), instance_kept }
        }
    }
}

impl Place {
    fn fill(&self, text: &str) -> String {
        text.replace("{url}", &self.url)
            .replace("{folder}", &self.folder.path().to_string_lossy())
            .replace("{data}", &base64::engine::general_purpose::STANDARD.encode(prelude::ECHO))
            .replace("{sha256}", &format!("{:x}", Sha256::digest(prelude::ECHO)))
    }

    /// The text with values replaced that differ between runs.
    pub fn hide(&self, text: &str) -> String {
        text.replace(&self.url, "{url}").replace(&*self.folder.path().to_string_lossy(), "{folder}")
    }
}

fn files(place: &Place) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(place.folder.path())
        .expect("the folder")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let text = std::fs::read_to_string(entry.path()).unwrap_or_else(|error| error.kind().to_string());
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    files.sort();
    files
}
