//! The content of a project's file as data. Reading looks at the text alone: no other file, no environment.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clap::FromArgMatches;
use toml::de::{DeTable, DeValue};

use super::document::{Key, Mistake, MistakeKind, Place, Placed, Reader, Value, entries, json_of, scalar};
use super::keys::{OptionWord, ResolvedWord, expanded_at, option_words, path_within, source_within};
use crate::kernel::names;
use crate::shell::command::definition::shape_of;
use crate::shell::command::{Argument, Shape, Subject};
use crate::shell::limit_args::LimitArgs;
use crate::shell::loading::words::LoadWords;
use crate::shell::reply::ShellError;
use crate::text::quoted;

/// Most plugins of a project.
pub const PLUGINS_MAX: usize = 1_000;
/// Most stubs of a project.
pub const STUBS_MAX: usize = 1_000;
/// The keys of the file.
pub const KEYS: [&str; 6] = ["plugin_dirs", "policy", "tests", "limits", "plugin", "stub"];
/// The keys of a `[[stub]]` that are no options of `stub`.
pub const STUB_KEYS: [&str; 2] = ["function", "answer"];
/// The key of a plugin that is no option of `load`.
pub const PLUGIN_KEYS: [&str; 1] = ["source"];
/// The options of `load` that a plugin has no key for: its name is the table's.
pub const LEFT_OUT: [&str; 1] = ["as"];

/// The options of `load`.
pub static LOAD: LazyLock<Shape> = LazyLock::new(|| shape_of::<LoadWords>("load"));
/// The options of the program that set limits.
pub static LIMIT_OPTIONS: LazyLock<Shape> = LazyLock::new(|| shape_of::<LimitArgs>("plugsh"));

/// A project's file.
#[derive(Debug, Clone)]
pub struct Project {
    /// The file's name in messages.
    pub file: String,
    /// The directory in which its paths begin; empty: the working directory.
    pub dir: PathBuf,
    pub plugin_dirs: Vec<Placed<String>>,
    pub policy: Option<Placed<String>>,
    /// Globs of test files.
    pub tests: Vec<Placed<String>>,
    pub limits: Vec<OptionWord>,
    /// In the order of the file, at most [`PLUGINS_MAX`].
    pub plugins: Vec<PluginEntry>,
    /// In the order of the file, at most [`STUBS_MAX`].
    pub stubs: Vec<StubEntry>,
}

/// A plugin of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginEntry {
    pub name: String,
    /// The place of its name.
    pub at: Place,
    /// `None`: its name is its source.
    pub source: Option<Placed<String>>,
    pub options: Vec<OptionWord>,
}

impl PluginEntry {
    /// Whether it runs on a node.
    pub fn is_elsewhere(&self) -> bool {
        self.options.iter().any(|word| word.option == "--on")
    }
}

/// A stub of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StubEntry {
    /// The function that it answers for: `PLUGIN.FUNCTION` or `MODULE:FUNCTION`.
    pub function: Placed<String>,
    pub answer: Option<Placed<String>>,
    pub options: Vec<OptionWord>,
}

impl Project {
    /// Reads the text of a file. `stub` has the options of the command of that name.
    ///
    /// # Errors
    /// The mistakes in the text, in the order of their places.
    pub fn parse(text: &str, file: &str, dir: &Path, stub: &Shape) -> Result<Project, Vec<Mistake>> {
        let mut reader = Reader::new(file, text);
        let mut project = Project {
            file: file.to_owned(),
            dir: dir.to_owned(),
            plugin_dirs: Vec::new(),
            policy: None,
            tests: Vec::new(),
            limits: Vec::new(),
            plugins: Vec::new(),
            stubs: Vec::new(),
        };
        if let Some(root) = reader.root() {
            for (key, value) in entries(&root) {
                project.read_key(&mut reader, stub, key, value);
            }
        }
        project.link_own_plugins();
        let mistakes = reader.into_mistakes();
        if mistakes.is_empty() { Ok(project) } else { Err(mistakes) }
    }

    fn read_key<'t>(&mut self, reader: &mut Reader<'t>, stub: &Shape, key: &Key<'t>, value: &Value<'t>) {
        match key.get_ref().as_ref() {
            "plugin_dirs" => self.plugin_dirs = reader.texts(key, value),
            "policy" => self.policy = reader.text(key, value),
            "tests" => self.tests = reader.texts(key, value),
            "limits" => {
                if let Some(table) = reader.table(key, value) {
                    self.limits = option_words(reader, &LIMIT_OPTIONS, &[], &[], (table, "`[limits]`"));
                }
            }
            "plugin" => {
                let plugins = reader.table(key, value).map(entries).unwrap_or_default();
                self.plugins = plugins.into_iter().filter_map(|(name, table)| plugin(reader, name, table)).collect();
                if self.plugins.len() > PLUGINS_MAX {
                    reader.wrong(&key.span(), format!("more than {PLUGINS_MAX} plugins"));
                }
            }
            "stub" => match value.get_ref() {
                DeValue::Array(tables) => {
                    self.stubs = tables.iter().filter_map(|table| stub_entry(reader, stub, key, table)).collect();
                    if self.stubs.len() > STUBS_MAX {
                        reader.wrong(&key.span(), format!("more than {STUBS_MAX} stubs"));
                    }
                }
                _ => reader.wrong(&key.span(), "each stub is a `[[stub]]`, in two brackets"),
            },
            _ => reader.unknown_key(key, "the file", &KEYS),
        }
    }

    /// A link that names a plugin of the project means its source.
    fn link_own_plugins(&mut self) {
        let sources: Vec<(String, String)> = self
            .plugins
            .iter()
            .filter_map(|plugin| Some((plugin.name.clone(), plugin.source.clone()?.value)))
            .collect();
        let links = self.plugins.iter_mut().flat_map(|plugin| &mut plugin.options);
        for written in links.filter(|word| word.option == "--link").filter_map(|word| word.written.as_mut()) {
            let (name, source) = written.split_once('=').unwrap_or((written.as_str(), written.as_str()));
            if let Some((_, own)) = sources.iter().find(|(plugin, _)| plugin == source) {
                *written = format!("{name}={own}");
            }
        }
    }

    /// The plugin of a name.
    pub fn plugin(&self, name: &str) -> Option<&PluginEntry> {
        self.plugins.iter().find(|plugin| plugin.name == name)
    }

    /// The directories for names of plugins, absolute, without those that are missing.
    ///
    /// # Errors
    /// A reference to the environment cannot be replaced.
    pub fn plugin_dirs(&self) -> Result<Vec<PathBuf>, Mistake> {
        let absolute = |dir: PathBuf| std::path::absolute(&dir).unwrap_or(dir);
        let dirs = self.plugin_dirs.iter().map(|dir| path_within(&self.dir, dir, &self.file).map(absolute));
        Ok(dirs.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|dir| dir.is_dir()).collect())
    }

    /// The file of the policy.
    ///
    /// # Errors
    /// A reference to the environment cannot be replaced.
    pub fn policy_file(&self) -> Result<Option<PathBuf>, Mistake> {
        self.policy.as_ref().map(|policy| path_within(&self.dir, policy, &self.file)).transpose()
    }

    /// The limits as the program's options.
    ///
    /// # Errors
    /// A limit's value is wrong; with its place.
    pub fn limit_args(&self) -> Result<LimitArgs, Mistake> {
        let words = self.resolved(&self.limits)?;
        let parse = |words: &[ResolvedWord]| parsed::<LimitArgs>(&LIMIT_OPTIONS, "`[limits]`", words, None);
        parse(&words).map_err(|error| self.blamed(&error, &self.limits, &words, None, |word| parse(word).is_err()))
    }

    /// The words of `load` for a plugin. Paths that it may reach on a node are the node's, and stay as they are.
    ///
    /// # Errors
    /// An option's value is wrong, or a reference to the environment cannot be replaced; with its place.
    pub fn load_words(&self, plugin: &PluginEntry) -> Result<LoadWords, Mistake> {
        let words = plugin.options.iter().map(|word| {
            let is_of_node = plugin.is_elsewhere() && word.is_allowed_path();
            word.resolved(&self.file, if is_of_node { Path::new("") } else { &self.dir })
        });
        let words = words.collect::<Result<Vec<_>, _>>()?;
        let source = self.source(plugin)?;
        let subject = format!("`{}`", plugin.name);
        let parse = |words: &[ResolvedWord]| parsed::<LoadWords>(&LOAD, &subject, words, Some(&source));
        let mut load = parse(&words).map_err(|error| {
            self.blamed(&error, &plugin.options, &words, Some(plugin.at), |word| parse(word).is_err())
        })?;
        load.name = Some(plugin.name.clone());
        for word in &words {
            let Some((key, written)) = word.written.as_deref().and_then(|written| written.split_once('=')) else {
                continue;
            };
            let kept = match word.option.as_str() {
                "--config" => &mut load.options.written.config,
                "--env" => &mut load.options.written.env,
                _ => continue,
            };
            kept.insert(key.to_owned(), written.to_owned());
        }
        Ok(load)
    }

    /// The source of a plugin, as `load` takes it.
    ///
    /// # Errors
    /// A reference to the environment cannot be replaced.
    pub fn source(&self, plugin: &PluginEntry) -> Result<String, Mistake> {
        match &plugin.source {
            Some(source) => {
                let written = expanded_at(&source.value, source.at, &self.file)?;
                Ok(source_within(&written.value, &self.dir))
            }
            None => Ok(plugin.name.clone()),
        }
    }

    /// The words of `stub` for a stub.
    ///
    /// # Errors
    /// A reference to the environment cannot be replaced.
    pub fn stub_words(&self, stub: &StubEntry) -> Result<Vec<Argument>, Mistake> {
        let mut words: Vec<Argument> = Vec::new();
        for option in self.resolved(&stub.options)? {
            words.extend(option.arguments());
        }
        words.push(Argument::data(stub.function.value.clone()));
        if let Some(answer) = &stub.answer {
            let answer = expanded_at(&answer.value, answer.at, &self.file)?.value;
            words.extend([Argument::data("="), Argument::data(answer)]);
        }
        Ok(words)
    }

    fn resolved(&self, words: &[OptionWord]) -> Result<Vec<ResolvedWord>, Mistake> {
        words.iter().map(|word| word.resolved(&self.file, &self.dir)).collect()
    }

    /// The mistake of the first word that is wrong alone; else that of them together, at `at`.
    fn blamed(
        &self,
        error: &ShellError,
        options: &[OptionWord],
        words: &[ResolvedWord],
        at: Option<Place>,
        is_wrong: impl Fn(&[ResolvedWord]) -> bool,
    ) -> Mistake {
        let alone = words.iter().position(|word| is_wrong(std::slice::from_ref(word)));
        let at = alone.and_then(|index| options.get(index)).map(|option| option.at).or(at);
        self.mistake(at, MistakeKind::Invalid, error.message.clone())
    }

    /// A mistake in this file.
    pub fn mistake(&self, at: Option<Place>, kind: MistakeKind, message: impl Into<String>) -> Mistake {
        Mistake::new(&self.file, at, kind, message)
    }
}

/// Options as their struct. `subject` has them in messages.
fn parsed<A: FromArgMatches>(
    shape: &Shape,
    subject: &str,
    words: &[ResolvedWord],
    source: Option<&str>,
) -> Result<A, ShellError> {
    let positional = source.into_iter().flat_map(|source| ["--".to_owned(), source.to_owned()]);
    let line = words.iter().map(ResolvedWord::text).chain(positional);
    let matches = shape.definition.clone().try_get_matches_from(line);
    let matches = matches.and_then(|matches| A::from_arg_matches(&matches));
    matches.map_err(|error| Subject { name: subject.to_owned(), ..Subject::of(shape) }.mistake(&error))
}

fn plugin<'t>(reader: &mut Reader<'t>, key: &Key<'t>, value: &Value<'t>) -> Option<PluginEntry> {
    let name = key.get_ref().clone().into_owned();
    if !names::is_valid(&name) {
        let form = "letters, digits, `_`, `-` and `.`, a letter or `_` first";
        reader.wrong(&key.span(), format!("`{}` is no name of a process; write {form}", quoted(&name)));
        return None;
    }
    let DeValue::Table(table) = value.get_ref() else {
        reader.wrong(&value.span(), format!("`{name}` is a table: `[plugin.{name}]`"));
        return None;
    };
    let source = own(table, "source").and_then(|(key, value)| reader.text(key, value));
    let options = option_words(reader, &LOAD, &PLUGIN_KEYS, &LEFT_OUT, (table, &format!("`[plugin.{name}]`")));
    Some(PluginEntry { name, at: reader.place(&key.span()), source, options })
}

fn stub_entry<'t>(reader: &mut Reader<'t>, stub: &Shape, key: &Key<'t>, value: &Value<'t>) -> Option<StubEntry> {
    let table = reader.table(key, value)?;
    let options = option_words(reader, stub, &STUB_KEYS, &[], (table, "`[[stub]]`"));
    let answer = own(table, "answer").map(|(_, value)| {
        let text = scalar(value.get_ref()).unwrap_or_else(|| json_of(value.get_ref()).to_string());
        Placed { at: reader.place(&value.span()), value: text }
    });
    let Some((key, value)) = own(table, "function") else {
        reader.wrong(&value.span(), "a `[[stub]]` needs its `function`: `PLUGIN.FUNCTION` or `MODULE:FUNCTION`");
        return None;
    };
    Some(StubEntry { function: reader.text(key, value)?, answer, options })
}

/// An entry of a table by its key.
fn own<'a, 't>(table: &'a DeTable<'t>, name: &str) -> Option<(&'a Key<'t>, &'a Value<'t>)> {
    table.iter().find(|(key, _)| key.get_ref() == name)
}
