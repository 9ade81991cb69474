//! Completion candidates by kind of word: names, numbers, files, expressions.

use std::path::Path;

use super::candidate::Candidate;
use super::places::{lines_at_stop, places, variables_at_stop};
use crate::journal::Outcome;
use crate::journal::filter::FIELDS;
use crate::kernel::Kernel;
use crate::shell::AliasGrammar;
use crate::shell::command::{FAULT_WORDS, Kind, TABLE, read_project, topics};
use crate::shell::line::{CompletionContext, Quote, quote};
use crate::shell::project::line::load_line;
use crate::shell::session::ChosenFrame;
use crate::shell::split_dotted;
use crate::shell::words::code::what_text;

/// The most call numbers that are offered, the newest calls first.
const SEQS_MAX: usize = 20;

/// Context of completion besides the line.
pub struct Known<'a> {
    pub kernel: &'a Kernel,
    pub grammar: &'a AliasGrammar,
    /// Names of variables.
    pub variables: &'a [String],
    /// The project's file, where one was named.
    pub project: Option<&'a Path>,
    /// The frame that was chosen at a stop.
    pub chosen: Option<ChosenFrame>,
}

/// The project's plugins whose name starts with `typed`; the words that load one replace it, its options included.
fn project_loads(file: Option<&Path>, typed: &str) -> Vec<Candidate> {
    // A file with mistakes completes nothing: `up --check` tells them.
    let Ok(project) = read_project(file) else { return Vec::new() };
    let plugins = project.plugins.iter().filter(|plugin| plugin.name.starts_with(typed));
    let candidate = |(name, line): (&str, String)| {
        let about = format!("as in {}: {line}", project.file);
        Candidate::word(name).about(&about).replacing(&format!("{line} "))
    };
    plugins.filter_map(|plugin| Some(candidate((&plugin.name, load_line(&project, plugin)?)))).collect()
}

/// The names of the project's plugins.
fn project_plugins(file: Option<&Path>) -> Vec<String> {
    let plugins = read_project(file).map(|project| project.plugins).unwrap_or_default();
    plugins.into_iter().map(|plugin| plugin.name).collect()
}

/// The words that start with `typed`.
pub fn starting<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Vec<Candidate> {
    words.into_iter().filter(|word| word.starts_with(typed)).map(Candidate::word).collect()
}

/// `PLUGIN.FUNCTION` for each function of the process.
pub fn dotted_functions(kernel: &Kernel, plugin: &str, typed: &str) -> Vec<Candidate> {
    let named = functions(kernel, plugin).into_iter();
    let named = named.map(|function| Candidate::word(&format!("{plugin}.{}", function.shown)).about(&function.about));
    named.filter(|candidate| candidate.shown.starts_with(typed)).collect()
}

/// The functions of the process that `plugin` names, with their summaries; none if there is no such process.
pub fn functions(kernel: &Kernel, plugin: &str) -> Vec<Candidate> {
    let about = kernel.find(plugin).ok().and_then(|id| kernel.about_process(id));
    let described = about.map(|about| about.functions).unwrap_or_default().into_iter();
    described.map(|function| Candidate::word(&function.name).about(&function.summary.unwrap_or_default())).collect()
}

/// The words of a kind that start with the typed text. `function_of` gives the functions that a FUNCTION can be.
pub fn of_kind(
    known: &Known<'_>,
    kind: &Kind,
    cursor: &CompletionContext,
    function_of: impl Fn() -> Vec<Candidate>,
) -> Vec<Candidate> {
    let Known { kernel, variables, .. } = *known;
    let typed = cursor.typed.as_str();
    let starting_owned = |words: Vec<String>| starting(typed, words.iter().map(String::as_str));
    let processes = || {
        let views = kernel.processes(false).into_iter().filter(|view| view.name.starts_with(typed));
        views.map(|view| Candidate::word(&view.name).about(&view.source)).collect::<Vec<_>>()
    };
    let jobs = || {
        let views = kernel.jobs().into_iter().map(|job| job.view());
        let named = views.map(|view| Candidate::word(&format!("%{}", view.id)).about(&view.text));
        named.filter(|candidate| candidate.shown.starts_with(typed)).collect::<Vec<_>>()
    };
    match kind {
        Kind::Command => commands(typed, |_| true),
        Kind::Topic => commands(typed, |_| true).into_iter().chain(starting(typed, topics())).collect(),
        Kind::Process => processes(),
        Kind::Job => jobs(),
        Kind::ProcessOrJob => processes().into_iter().chain(jobs()).collect(),
        Kind::Function => function_of().into_iter().filter(|function| function.shown.starts_with(typed)).collect(),
        Kind::Loadable => {
            let named = starting(typed, kernel.loadable().iter().map(String::as_str));
            named.into_iter().chain(files(typed)).collect()
        }
        Kind::Load => {
            let mut candidates = project_loads(known.project, typed);
            candidates.extend(of_kind(known, &Kind::Loadable, cursor, function_of));
            candidates
        }
        Kind::ProjectPlugin => starting_owned(project_plugins(known.project)),
        Kind::File | Kind::FileOrSeq => files(typed),
        Kind::Dir => files(typed).into_iter().filter(|file| file.shown.ends_with('/')).collect(),
        Kind::Alias => aliases(known.grammar, typed),
        Kind::Node => starting_owned(kernel.node_names()),
        Kind::Seq => starting_owned(newest_seqs(kernel)),
        Kind::Call => calls(kernel, typed),
        Kind::ProcessOrSpawn => processes().into_iter().chain(starting(typed, ["spawn"])).collect(),
        Kind::Filter => expressions(kernel, cursor),
        Kind::FilterOrPlace => {
            let places = if cursor.quote.is_none() { places(kernel, typed) } else { Vec::new() };
            expressions(kernel, cursor).into_iter().chain(places).collect()
        }
        Kind::Line => lines_at_stop(kernel, known.chosen, typed),
        Kind::FrameVariable => variables_at_stop(kernel, known.chosen, typed),
        Kind::Variable => starting_owned(variables.to_vec()),
        Kind::Breakpoint => numbered(typed, kernel.breakpoints().iter().map(|view| (view.id, what_text(view)))),
        Kind::Fault => numbered(typed, kernel.faults().into_iter().map(|view| (view.id, view.filter))),
        Kind::Stub => starting_owned(stubs(kernel)),
        Kind::FaultWord => fault_words(cursor),
        Kind::Words(words) => {
            words.iter().filter(|word| word.starts_with(typed)).map(|word| Candidate::word_or_start(word)).collect()
        }
        Kind::Input | Kind::None => Vec::new(),
    }
}

/// The numbers of the newest calls, the newest first.
fn newest_seqs(kernel: &Kernel) -> Vec<String> {
    let newest = kernel.journal().drain().records(SEQS_MAX);
    newest.iter().rev().map(|record| record.seq.to_string()).collect()
}

/// `PLUGIN.FUNCTION` of each stub.
fn stubs(kernel: &Kernel) -> Vec<String> {
    kernel.stubs().iter().map(|stub| format!("{}.{}", stub.spec.plugin, stub.spec.function)).collect()
}

/// The commands that start with `typed`, with their summaries.
pub fn commands(typed: &str, is_offered: impl Fn(&str) -> bool) -> Vec<Candidate> {
    let named = TABLE.iter().filter(|command| command.name.starts_with(typed) && is_offered(command.name));
    named.map(|command| Candidate::word(command.name).about(command.summary)).collect()
}

/// The aliases that start with `typed`, with their lines.
pub fn aliases(grammar: &AliasGrammar, typed: &str) -> Vec<Candidate> {
    let named = grammar.aliases.list().into_iter().filter(|(name, _)| name.starts_with(typed));
    named.map(|(name, alias)| Candidate::word(&name).about(&alias.line)).collect()
}

fn numbered<T: ToString>(typed: &str, views: impl Iterator<Item = (u32, T)>) -> Vec<Candidate> {
    let named = views.map(|(id, what)| Candidate::word(&id.to_string()).about(&what.to_string()));
    named.filter(|candidate| candidate.shown.starts_with(typed)).collect()
}

/// The words of a fault that still fit.
fn fault_words(cursor: &CompletionContext) -> Vec<Candidate> {
    let given: Vec<_> = cursor.words.iter().filter_map(|word| word.literal_text()).collect();
    let given: Vec<&str> = given.iter().map(|word| &**word).collect();
    let offered = FAULT_WORDS.iter().filter(|fault| fault.word.starts_with(&cursor.typed) && fault.fits(&given));
    offered.map(|fault| Candidate::word_or_start(fault.word).about(fault.about)).collect()
}

/// `PLUGIN.` for each process; after the dot, the functions of that process.
fn calls(kernel: &Kernel, typed: &str) -> Vec<Candidate> {
    match split_dotted(&format!("{typed}x")) {
        Some((plugin, _)) => dotted_functions(kernel, plugin, typed),
        None => dotted_processes(kernel, typed),
    }
}

/// `PLUGIN.` for each process.
pub fn dotted_processes(kernel: &Kernel, typed: &str) -> Vec<Candidate> {
    let named = kernel.processes(false).into_iter().map(|view| (format!("{}.", view.name), view.source));
    let named = named.filter(|(name, _)| name.starts_with(typed));
    named.map(|(name, source)| Candidate::bare(&name, false).about(&source)).collect()
}

/// The next words of a filter expression: a field, a name, an outcome, or an operator between two tests.
fn expressions(kernel: &Kernel, cursor: &CompletionContext) -> Vec<Candidate> {
    let typed = cursor.typed.as_str();
    let begins = typed.rfind([' ', '(', '=', '<', '>']).map_or(0, |at| at + 1);
    let (before, word) = typed.split_at_checked(begins).unwrap_or((typed, ""));
    let field = before.strip_suffix(['=', '<', '>']).map(|field| field.trim_end_matches(['!', '<', '>', ' ']));
    let field = field.map(|field| field.rsplit([' ', '(']).next().unwrap_or(field));
    let names = || kernel.processes(false).into_iter().map(|view| view.name);
    let words: Vec<String> = match field {
        Some("outcome") => Outcome::ALL.iter().map(|outcome| outcome.as_str().to_owned()).collect(),
        Some("callee") => names().collect(),
        Some("caller") => names().chain(["shell".to_owned()]).collect(),
        Some(_) => Vec::new(),
        None => FIELDS.iter().map(|field| (*field).to_owned()).chain(names()).collect(),
    };
    // An open quote is kept open: the expression may continue.
    let quote = match cursor.quote {
        Some(Quote::Single) => "'",
        Some(Quote::Double) => "\"",
        None => "",
    };
    let going_on =
        |candidate: String| Candidate::bare(&candidate, false).replacing(&format!("{quote}{before}{candidate}"));
    words.into_iter().filter(|candidate| candidate.starts_with(word)).map(going_on).collect()
}

/// Files whose path starts with `typed`; a directory ends with `/`. An unquoted `~/` is the home directory, and stays.
pub fn files(typed: &str) -> Vec<Candidate> {
    files_with(typed, std::env::home_dir().filter(|home| home.is_absolute()).as_deref())
}

fn files_with(typed: &str, home: Option<&Path>) -> Vec<Candidate> {
    let (folder, start) = typed.rsplit_once('/').map_or(("", typed), |(folder, start)| (folder, start));
    let prefix = if typed.contains('/') { format!("{folder}/") } else { String::new() };
    let read = match (prefix.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => std::fs::read_dir(home.join(below)),
        _ if prefix.is_empty() => std::fs::read_dir("."),
        _ => std::fs::read_dir(&prefix),
    };
    // An unreadable directory has no candidates.
    let Ok(entries) = read else { return Vec::new() };
    let mut candidates: Vec<Candidate> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let hidden = name.starts_with('.') && !start.starts_with('.');
            if !name.starts_with(start) || hidden {
                return None;
            }
            let is_dir = std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            Some(file_candidate(&prefix, &name, is_dir))
        })
        .collect();
    candidates.sort_by(|one, other| one.shown.cmp(&other.shown));
    candidates
}

fn file_candidate(prefix: &str, name: &str, is_dir: bool) -> Candidate {
    // A quoted `~` is no home directory: what follows it is quoted.
    let (home, below) = match prefix.strip_prefix("~/") {
        Some(below) => ("~/", below),
        None => ("", prefix),
    };
    if !is_dir {
        let word = Candidate::word(&format!("{below}{name}"));
        return Candidate::bare(name, false).replacing(&format!("{home}{}", word.replacement));
    }
    let path = format!("{below}{name}/");
    let quoted = quote(path.as_bytes());
    // The quote is kept open: the path continues inside the directory.
    let replacement = if quoted == path { quoted } else { quoted.trim_end_matches(['\'', '"']).to_owned() };
    Candidate::bare(&format!("{name}/"), false).replacing(&format!("{home}{replacement}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_directory_stays_as_typed() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("sub")).unwrap();
        std::fs::write(home.path().join("sub/one two"), "").unwrap();
        let offered = |typed: &str| -> Vec<String> {
            files_with(typed, Some(home.path())).into_iter().map(|file| file.replacement).collect()
        };
        assert_eq!(
            (offered("~/s"), offered("~/sub/")),
            (vec!["~/sub/".to_owned()], vec!["~/'sub/one two' ".to_owned()])
        );
        assert!(files_with("~/s", None).is_empty());
    }

    #[test]
    fn files_are_offered_quoted() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["one two", "plain", ".hidden"] {
            std::fs::write(dir.path().join(file), "").unwrap();
        }
        std::fs::create_dir(dir.path().join("sub dir")).unwrap();
        let base = dir.path().display();
        let offered: Vec<String> = files(&format!("{base}/")).into_iter().map(|file| file.replacement).collect();
        assert_eq!(offered, [format!("'{base}/one two' "), format!("{base}/plain "), format!("'{base}/sub dir/")]);
        assert_eq!(files(&format!("{base}/.h")).len(), 1);
        assert!(files("/no such folder/x").is_empty());
    }
}
