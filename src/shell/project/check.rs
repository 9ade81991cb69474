//! Mistakes of a project, told without starting anything: what is written wrong, what cannot be found, what the policy
//! would deny. Files are read, nothing is fetched.
//!
//! A policy decides about guests when they call and load. Told here is what the project itself says of that: stand-ins
//! (`import`), functions that a plugin may call (`may_call`), and names that the policy lets it load.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::{Mistake, MistakeKind, Place, Placed};
use super::file::{PluginEntry, Project};
use super::keys::{OptionWord, path_within};
use super::order::stand_in;
use crate::kernel::Policy;
use crate::kernel::policy::Who;
use crate::runtime::about::{About, imported_functions};
use crate::runtime::host_functions::{self, BLOCKS, WASI};
use crate::runtime::imports::name_since_1;
use crate::runtime::source::{Access, Sources, is_name};
use crate::runtime::{Explained, ImportName, ImportStandIn, Problem, Program, Spec};
use crate::shell::loading::check_paths;
use crate::shell::loading::imports::{ImportName as StubbedName, import_name};
use crate::shell::loading::words::LoadWords;
use crate::shell::words::SHELL;
use crate::text::{did_you_mean, escape_control, io_cause, quoted};

/// Most files that the globs of tests may find.
pub const TEST_FILES_MAX: usize = 10_000;

/// The mistakes of a project, in the order of their places. `sources` finds plugins as the shell would.
pub fn check(project: &Project, sources: &Sources) -> Vec<Mistake> {
    let mut checking = Checking { project, sources, policy: None, modules: BTreeMap::new(), mistakes: Vec::new() };
    checking.settings();
    for plugin in &project.plugins {
        checking.plugin(plugin);
    }
    for plugin in &project.plugins {
        checking.calls(plugin);
    }
    checking.rules();
    let mut mistakes = checking.mistakes;
    // Mistakes of the policy's file come last.
    mistakes.sort_by_key(|mistake| (mistake.file != project.file, mistake.at));
    mistakes
}

/// The mistakes of plugin directories: those that are not there.
pub fn missing_dirs(project: &Project) -> Vec<Mistake> {
    let missing = |dir: &Placed<String>| match path_within(&project.dir, dir, &project.file) {
        Ok(path) if path.is_dir() => None,
        Ok(_) => {
            let message = format!("no directory `{}`", quoted(&dir.value));
            Some(project.mistake(Some(dir.at), MistakeKind::Missing, message))
        }
        Err(mistake) => Some(mistake),
    };
    project.plugin_dirs.iter().filter_map(missing).collect()
}

/// The test files of a project, in the order of its globs, each once.
///
/// # Errors
/// A glob is wrong, or finds no file; with its place.
pub fn test_files(project: &Project) -> Result<Vec<PathBuf>, Mistake> {
    let mut files: Vec<PathBuf> = Vec::new();
    for pattern in &project.tests {
        let wrong = |kind, message: String| project.mistake(Some(pattern.at), kind, message);
        let path = path_within(&project.dir, pattern, &project.file)?;
        let text = path.to_string_lossy();
        let found = glob::glob(&text)
            .map_err(|error| wrong(MistakeKind::Invalid, format!("`{}` is no glob: {}", quoted(&text), error.msg)))?;
        let before = files.len();
        // A file that cannot be read is no test file.
        for file in found.filter_map(Result::ok).filter(|file| file.is_file()) {
            if !files.contains(&file) {
                files.push(file);
            }
            if files.len() > TEST_FILES_MAX {
                return Err(wrong(MistakeKind::Invalid, format!("more than {TEST_FILES_MAX} test files")));
            }
        }
        if files.len() == before {
            return Err(wrong(MistakeKind::Missing, format!("no test file fits `{}`", quoted(&pattern.value))));
        }
    }
    Ok(files)
}

/// The state of a check.
struct Checking<'p> {
    project: &'p Project,
    sources: &'p Sources,
    policy: Option<Policy>,
    /// The plugins by name, without those whose source cannot be read.
    modules: BTreeMap<&'p str, Checked>,
    mistakes: Vec<Mistake>,
}

/// A plugin, with the options that are right.
struct Checked {
    entry: PluginEntry,
    words: LoadWords,
    /// `None`: it was not found, or would have to be fetched.
    program: Option<Arc<Program>>,
}

impl Checked {
    /// The name that rules know it by besides its own.
    fn stem<'a>(&'a self, name: &'a str) -> &'a str {
        self.program.as_ref().map_or(name, |program| &program.stem)
    }

    fn main_bytes(&self) -> Option<&[u8]> {
        Some(&self.program.as_ref()?.modules.last()?.bytes)
    }
}

impl<'p> Checking<'p> {
    fn add(&mut self, at: Option<Place>, kind: MistakeKind, message: impl Into<String>) {
        self.mistakes.push(self.project.mistake(at, kind, message));
    }

    /// Directories, policy, limits, test files.
    fn settings(&mut self) {
        let project = self.project;
        self.mistakes.extend(missing_dirs(project));
        match project.limit_args().map(|limits| limits.limits()) {
            Ok(Ok(_)) => {}
            Ok(Err(why)) => self.add(project.limits.first().map(|word| word.at), MistakeKind::Invalid, why),
            Err(mistake) => self.mistakes.push(mistake),
        }
        let at = project.policy.as_ref().map(|policy| policy.at);
        match project.policy_file() {
            Ok(Some(file)) => match Policy::read(&file) {
                Ok(policy) => self.policy = Some(policy),
                Err(error) => self.add(at, policy_kind(&file), Problem::from(error).line(SHELL)),
            },
            Ok(None) => {}
            Err(mistake) => self.mistakes.push(mistake),
        }
        if let Err(mistake) = test_files(project) {
            self.mistakes.push(mistake);
        }
    }

    /// The options and the source of one plugin. What is wrong with one option hides nothing of the others.
    fn plugin(&mut self, plugin: &'p PluginEntry) {
        let mut right = PluginEntry { options: Vec::new(), ..plugin.clone() };
        for option in &plugin.options {
            let alone = PluginEntry { source: None, options: vec![option.clone()], ..plugin.clone() };
            match self.project.load_words(&alone) {
                Ok(words) => {
                    self.option(plugin, option, &words);
                    right.options.push(option.clone());
                }
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        let words = match self.project.load_words(&right) {
            Ok(words) => words,
            Err(mistake) => return self.mistakes.push(mistake),
        };
        let at = Some(plugin.source.as_ref().map_or(plugin.at, |source| source.at));
        let program = self.found(&words.source).unwrap_or_else(|why| {
            self.add(at, MistakeKind::Missing, why);
            None
        });
        self.modules.insert(&plugin.name, Checked { entry: right, words, program });
    }

    /// The program of a source; `None` where it would have to be fetched.
    fn found(&self, source: &str) -> Result<Option<Arc<Program>>, String> {
        if source.contains("://") {
            return Ok(None);
        }
        if Path::new(source).is_dir() {
            return Err(format!("`{}` is a directory; a plugin has one module", quoted(source)));
        }
        if is_name(source) && self.is_stubbed(source) {
            return Ok(None);
        }
        self.sources.resolve(source, Access::Person).map(Some).map_err(|failure| failure.line(SHELL))
    }

    /// Whether a stub of the project answers for a plugin of this name.
    fn is_stubbed(&self, name: &str) -> bool {
        let functions = self.project.stubs.iter().map(|stub| stub.function.value.as_str());
        functions.filter_map(|function| function.rsplit_once('.')).any(|(plugin, _)| plugin == name)
    }

    /// The value of an option: files that are not there, grants that are wrong.
    fn option(&mut self, plugin: &PluginEntry, option: &OptionWord, words: &LoadWords) {
        let kind = if names_file(option) { MistakeKind::Missing } else { MistakeKind::Invalid };
        let options = &words.options;
        let paths = if plugin.is_elsewhere() { &[][..] } else { &options.allow_path };
        let checked = check_paths(paths).and_then(|()| options.apply(Spec::default()));
        if let Err(error) = checked {
            self.add(Some(option.at), kind, error.message);
        }
        for link in &options.link {
            let source = link.split_once('=').map_or(link.as_str(), |(_, source)| source);
            if let Err(why) = self.found(source) {
                self.add(Some(option.at), MistakeKind::Missing, why);
            }
        }
    }

    /// Calls that a plugin announces, by stand-ins and `may_call`; and imports that nobody provides.
    fn calls(&mut self, plugin: &'p PluginEntry) {
        let Some(checked) = self.modules.get(plugin.name.as_str()) else { return };
        let imported = checked.main_bytes().map(imported_functions);
        let mut found: Vec<(Option<Place>, MistakeKind, String)> = Vec::new();
        let given = |option: &'static str| checked.entry.options.iter().filter(move |word| word.option == option);
        for (word, import) in given("--import").zip(&checked.words.options.import) {
            let at = Some(word.at);
            found.extend(self.stand_in(plugin, import).into_iter().map(|(kind, why)| (at, kind, why)));
            let own = imported.as_deref().filter(|_| checked.words.options.link.is_empty());
            found.extend(own.and_then(|own| unused(plugin, import, own)).map(|why| (at, MistakeKind::Missing, why)));
        }
        for (word, pattern) in given("--may-call").zip(&checked.words.options.may_call) {
            let is_glob = pattern.contains(['*', '?', '[']);
            let call = pattern.rsplit_once('.').filter(|_| !is_glob);
            let denied = call.and_then(|(callee, function)| self.denied(plugin, callee, function));
            found.extend(denied.map(|why| (Some(word.at), MistakeKind::Denied, why)));
        }
        if let Some(imported) = &imported {
            let missing = self.unprovided(&checked.words, imported);
            found
                .extend(missing.map(|why| (Some(plugin.at), MistakeKind::Missing, format!("`{}` {why}", plugin.name))));
        }
        for (at, kind, message) in found {
            self.add(at, kind, message);
        }
    }

    /// Mistakes of a stand-in: no such plugin or function, or the policy denies the call.
    fn stand_in(&self, plugin: &PluginEntry, import: &ImportStandIn) -> Option<(MistakeKind, String)> {
        let target = import.target.as_str();
        let Some((callee, function)) = stand_in(self.project, target) else {
            let is_stubbed = self.project.stubs.iter().any(|stub| stub.function.value == target);
            let names = self.project.plugins.iter().map(|plugin| plugin.name.as_str());
            let (name, _) = target.split_once('.').unwrap_or((target, ""));
            let near = did_you_mean(name, names);
            let missing = || format!("`{}`: no plugin `{}` in the project{near}", quoted(target), quoted(name));
            return (!is_stubbed).then(|| (MistakeKind::Missing, missing()));
        };
        let exports = self.modules.get(callee.name.as_str()).and_then(Checked::main_bytes).map(About::read);
        if let Some(exports) = exports.filter(|about| about.functions.iter().all(|known| known.name != function)) {
            let near = did_you_mean(function, exports.functions.iter().map(|known| known.name.as_str()));
            let message = format!("no function `{}` in `{}`{near}", quoted(function), callee.name);
            return Some((MistakeKind::Missing, escape_control(&message)));
        }
        self.denied(plugin, &callee.name, function).map(|why| (MistakeKind::Denied, why))
    }

    /// Why the policy denies a call of a plugin of the project.
    fn denied(&self, plugin: &PluginEntry, callee: &str, function: &str) -> Option<String> {
        let who = |name| Who { name, plugin: self.modules.get(name).map_or(name, |checked| checked.stem(name)) };
        let policy = self.policy.as_ref()?;
        policy.call(who(&plugin.name), who(callee), function).err().map(|why| why.line(SHELL))
    }

    /// The first function that a module imports and nobody provides.
    fn unprovided(&self, words: &LoadWords, imported: &[ImportName]) -> Option<String> {
        let options = &words.options;
        if options.stub_imports.is_some() || !options.link.is_empty() {
            return None;
        }
        let stood_in = |import: &ImportName| {
            options.import.iter().any(|known| known.module == import.module && known.function == import.name)
                || self.stubs_import(import)
        };
        let missing = imported.iter().find(|import| !is_host_function(import) && !stood_in(import))?;
        let name = escape_control(&missing.to_string());
        Some(format!("imports `{name}`, which nobody provides; an `import` of it or a `[[stub]]` would"))
    }

    /// Whether a stub of the project answers for an import.
    fn stubs_import(&self, import: &ImportName) -> bool {
        let names = self.project.stubs.iter().filter_map(|stub| import_name(&stub.function.value)?.ok());
        names.into_iter().any(|StubbedName { module, function, .. }| module == import.module && function == import.name)
    }

    /// Names in the policy's lists of loads that nothing stands for.
    fn rules(&mut self) {
        let Some(policy) = &self.policy else { return };
        let known = self.sources.names();
        let mut missing = Vec::new();
        for rule in policy.rules().iter().chain([policy.default_rule()]) {
            let names = rule.load_texts().unwrap_or_default().into_iter();
            for name in names.filter(|name| is_name(name) && !name.contains(['*', '?', '['])) {
                let is_known = known.iter().any(|known| alike(known, &name)) || self.is_stubbed(&name);
                if !is_known {
                    let near = did_you_mean(&name, known.iter().map(String::as_str));
                    let at = rule.line.map(|line| Place { line, column: 1 });
                    let message =
                        format!("{} lets load `{}`, and no plugin has that name{near}", rule.name, quoted(&name));
                    missing.push(Mistake::new(policy.source(), at, MistakeKind::Missing, message));
                }
            }
        }
        self.mistakes.append(&mut missing);
    }
}

/// Whether names are one for the look-up.
fn alike(one: &str, other: &str) -> bool {
    one.replace('-', "_") == other.replace('-', "_")
}

/// A stand-in that nothing imports.
fn unused(plugin: &PluginEntry, import: &ImportStandIn, imported: &[ImportName]) -> Option<String> {
    let name = format!("{}.{}", import.module, import.function);
    let names: Vec<String> = imported.iter().map(ToString::to_string).collect();
    let near = did_you_mean(&name, names.iter().map(String::as_str));
    let message = format!("`{}` imports no function `{}`{near}", plugin.name, quoted(&name));
    (!names.contains(&name)).then(|| escape_control(&message))
}

fn is_host_function(import: &ImportName) -> bool {
    let is_known = |function: &host_functions::HostFunction| {
        function.name == import.name && function.namespaces.contains(&import.module.as_str())
    };
    [BLOCKS, WASI].contains(&import.module.as_str())
        || name_since_1(&import.module, &import.name).is_some()
        || host_functions::all().any(is_known)
}

fn names_file(option: &OptionWord) -> bool {
    option.is_allowed_path() || matches!(option.value_name.as_str(), "FILE" | "[NAME=]SOURCE")
}

/// A policy that cannot be read is missing, one that can is written wrong.
fn policy_kind(file: &Path) -> MistakeKind {
    match file.metadata().map_err(|error| io_cause(&error)) {
        Ok(meta) if meta.is_file() => MistakeKind::Invalid,
        _ => MistakeKind::Missing,
    }
}
