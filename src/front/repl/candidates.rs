//! Completion candidates by kind of word: names, numbers, files, expressions.

use std::path::Path;

use crate::journal::Outcome;
use crate::journal::filter::FIELDS;
use crate::kernel::Kernel;
use crate::shell::command::{Kind, TABLE, topics};
use crate::shell::line::{Cursor, Quote, quote};
use crate::shell::split_dotted;

/// The most call numbers that are offered, the newest calls first.
const SEQS_MAX: usize = 20;

/// One completion candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The text in the list of candidates.
    pub shown: String,
    /// The text that replaces the word in the line.
    pub replacement: String,
}

impl Candidate {
    /// A whole word, quoted and followed by a blank.
    pub fn word(text: &str) -> Candidate {
        Candidate { shown: text.to_owned(), replacement: format!("{} ", quote(text.as_bytes())) }
    }

    /// An option, or the start of a longer word; `ends`: a blank follows.
    pub fn bare(text: &str, ends: bool) -> Candidate {
        let blank = if ends { " " } else { "" };
        Candidate { shown: text.to_owned(), replacement: format!("{text}{blank}") }
    }
}

/// The words that start with `typed`.
pub fn starting<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Vec<Candidate> {
    words.into_iter().filter(|word| word.starts_with(typed)).map(Candidate::word).collect()
}

/// `PLUGIN.FUNCTION` for each function of the process.
pub fn dotted_functions(kernel: &Kernel, plugin: &str, typed: &str) -> Vec<Candidate> {
    let words: Vec<String> = functions(kernel, plugin).iter().map(|function| format!("{plugin}.{function}")).collect();
    starting(typed, words.iter().map(String::as_str))
}

/// The functions of the process that `plugin` names; none if there is no such process.
pub fn functions(kernel: &Kernel, plugin: &str) -> Vec<String> {
    let detail = kernel.find(plugin).ok().and_then(|id| kernel.process(id));
    detail.map(|detail| detail.functions).unwrap_or_default()
}

/// The words of a kind that start with the typed text. `function_of` gives the functions that a FUNCTION can be.
pub fn of_kind(
    kernel: &Kernel,
    variables: &[String],
    kind: &Kind,
    cursor: &Cursor,
    function_of: impl Fn() -> Vec<String>,
) -> Vec<Candidate> {
    let typed = cursor.typed.as_str();
    let starting_owned = |words: Vec<String>| starting(typed, words.iter().map(String::as_str));
    let processes = || {
        let names: Vec<String> = kernel.processes(false).into_iter().map(|view| view.name).collect();
        starting(typed, names.iter().map(String::as_str))
    };
    let jobs = || {
        let names: Vec<String> = kernel.jobs().iter().map(|job| format!("%{}", job.id())).collect();
        starting(typed, names.iter().map(String::as_str))
    };
    match kind {
        Kind::Command => starting(typed, TABLE.iter().map(|command| command.name)),
        Kind::Topic => starting(typed, TABLE.iter().map(|command| command.name).chain(topics())),
        Kind::Process => processes(),
        Kind::Job => jobs(),
        Kind::ProcessOrJob => processes().into_iter().chain(jobs()).collect(),
        Kind::Function => starting(typed, function_of().iter().map(String::as_str)),
        Kind::Loadable => {
            let mut candidates = starting(typed, kernel.loadable().iter().map(String::as_str));
            candidates.extend(files(typed));
            candidates
        }
        Kind::File => files(typed),
        Kind::Dir => files(typed).into_iter().filter(|file| file.shown.ends_with('/')).collect(),
        Kind::Alias => Vec::new(),
        Kind::FileOrSeq => files(typed),
        Kind::Seq => {
            let newest = kernel.journal().drain().records(SEQS_MAX);
            starting_owned(newest.iter().rev().map(|record| record.seq.to_string()).collect())
        }
        Kind::Call => calls(kernel, typed),
        Kind::ProcessOrSpawn => processes().into_iter().chain(starting(typed, ["spawn"])).collect(),
        Kind::Filter => expressions(kernel, cursor),
        Kind::Variable => starting_owned(variables.to_vec()),
        Kind::Breakpoint => {
            starting_owned(kernel.breakpoints().iter().map(|breakpoint| breakpoint.id.to_string()).collect())
        }
        Kind::Fault => starting_owned(kernel.faults().iter().map(|fault| fault.id.to_string()).collect()),
        Kind::Stub => starting_owned(
            kernel.stubs().iter().map(|stub| format!("{}.{}", stub.spec.plugin, stub.spec.function)).collect(),
        ),
        Kind::Words(words) => starting(typed, words.iter().map(String::as_str)),
        Kind::Input | Kind::None => Vec::new(),
    }
}

/// `PLUGIN.` for each process; after the dot, the functions of that process.
fn calls(kernel: &Kernel, typed: &str) -> Vec<Candidate> {
    match split_dotted(&format!("{typed}x")) {
        Some((plugin, _)) => dotted_functions(kernel, plugin, typed),
        None => {
            let names = kernel.processes(false).into_iter().map(|view| format!("{}.", view.name));
            names.filter(|name| name.starts_with(typed)).map(|name| Candidate::bare(&name, false)).collect()
        }
    }
}

/// The next words of a filter expression: a field, a name, an outcome, or an operator between two tests.
fn expressions(kernel: &Kernel, cursor: &Cursor) -> Vec<Candidate> {
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
        |candidate: String| Candidate { replacement: format!("{quote}{before}{candidate}"), shown: candidate };
    words.into_iter().filter(|candidate| candidate.starts_with(word)).map(going_on).collect()
}

/// Files whose path starts with `typed`; a directory ends with `/`.
pub fn files(typed: &str) -> Vec<Candidate> {
    let (folder, start) = typed.rsplit_once('/').map_or(("", typed), |(folder, start)| (folder, start));
    let prefix = if typed.contains('/') { format!("{folder}/") } else { String::new() };
    let read = std::fs::read_dir(if prefix.is_empty() { Path::new(".") } else { Path::new(&prefix) });
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
    if !is_dir {
        return Candidate { shown: name.to_owned(), ..Candidate::word(&format!("{prefix}{name}")) };
    }
    let path = format!("{prefix}{name}/");
    let quoted = quote(path.as_bytes());
    // The quote is kept open: the path continues inside the directory.
    let replacement = if quoted == path { quoted } else { quoted.trim_end_matches(['\'', '"']).to_owned() };
    Candidate { shown: format!("{name}/"), replacement }
}

#[cfg(test)]
mod tests {
    use super::*;

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
