//! Completion: what may stand at the cursor, from the table of commands and the kernel's names.

use std::path::Path;

use crate::journal::Outcome;
use crate::journal::filter::FIELDS;
use crate::kernel::Kernel;
use crate::shell::command::{Command, Kind, Slot, TABLE, topics};
use crate::shell::line::{Cursor, Place, Quote, Word, complete_at, quote};
use crate::shell::{CommandGrammar, resolve, split_dotted};

/// The most candidates that are offered.
const CANDIDATES_MAX: usize = 2_000;
/// The newest calls whose numbers are offered.
const SEQS_MAX: usize = 20;

/// What can stand at the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// Where what is replaced begins.
    pub start: usize,
    pub candidates: Vec<Candidate>,
}

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// In the list.
    pub shown: String,
    /// In the line.
    pub replacement: String,
}

impl Candidate {
    /// A whole word: a blank comes after it.
    fn word(text: &str) -> Candidate {
        Candidate { shown: text.to_owned(), replacement: format!("{} ", quote(text.as_bytes())) }
    }

    /// An option, or the start of a word that goes on.
    fn bare(text: &str, ends: bool) -> Candidate {
        let blank = if ends { " " } else { "" };
        Candidate { shown: text.to_owned(), replacement: format!("{text}{blank}") }
    }
}

/// The candidates at byte `pos` of a line.
pub fn complete(kernel: &Kernel, variables: &[String], line: &str, pos: usize) -> Completions {
    let cursor = complete_at(line, pos, &CommandGrammar);
    let mut candidates = match cursor.place {
        Place::Command if cursor.quote.is_none() => commands(kernel, &cursor),
        Place::Argument | Place::Input => arguments(kernel, variables, &cursor),
        Place::InputFile | Place::File | Place::System => files(&cursor.typed),
        Place::Variable => variables
            .iter()
            .filter(|name| name.starts_with(&cursor.typed))
            .map(|name| Candidate::bare(name, false))
            .collect(),
        _ => Vec::new(),
    };
    candidates.truncate(CANDIDATES_MAX);
    Completions { start: cursor.span.start, candidates }
}

/// The arguments that a command still takes where a line ends with a blank: `FUNCTION [INPUT]`.
pub fn wanted(line: &str) -> Option<String> {
    let cursor = complete_at(line, line.len(), &CommandGrammar);
    let (command, taken, words) = resolve(&cursor.words)?;
    let between_words = cursor.typed.is_empty() && cursor.quote.is_none() && line.ends_with(' ');
    if !between_words || !matches!(cursor.place, Place::Argument | Place::Input) {
        return None;
    }
    let shape = command.shape();
    match shape.slot_after(words, taken) {
        Slot::Value(index) => Some(shape.options.get(index)?.value.as_ref()?.0.clone()),
        Slot::Positional(first) => Some(shape.positionals_usage(first).trim_start().to_owned()),
        _ => None,
    }
}

fn starting<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Vec<Candidate> {
    words.into_iter().filter(|word| word.starts_with(typed)).map(Candidate::word).collect()
}

fn commands(kernel: &Kernel, cursor: &Cursor) -> Vec<Candidate> {
    if let Some((plugin, _)) = split_dotted(&format!("{}x", cursor.typed)) {
        return dotted_functions(kernel, plugin, &cursor.typed);
    }
    let is_stage = |command: &&&Command| !cursor.piped || command.name == "call";
    let mut candidates = starting(&cursor.typed, TABLE.iter().filter(is_stage).map(|command| command.name));
    let names: Vec<String> = kernel.processes(false).into_iter().map(|view| format!("{}.", view.name)).collect();
    candidates
        .extend(names.iter().filter(|name| name.starts_with(&cursor.typed)).map(|name| Candidate::bare(name, false)));
    candidates
}

fn dotted_functions(kernel: &Kernel, plugin: &str, typed: &str) -> Vec<Candidate> {
    let words: Vec<String> = functions(kernel, plugin).iter().map(|function| format!("{plugin}.{function}")).collect();
    starting(typed, words.iter().map(String::as_str))
}

fn functions(kernel: &Kernel, plugin: &str) -> Vec<String> {
    let detail = kernel.find(plugin).ok().and_then(|id| kernel.process(id));
    detail.map(|detail| detail.functions).unwrap_or_default()
}

fn arguments(kernel: &Kernel, variables: &[String], cursor: &Cursor) -> Vec<Candidate> {
    let Some((command, taken, words)) = resolve(&cursor.words) else { return Vec::new() };
    let shape = command.shape();
    let slot = shape.slot_after(words, taken);
    if cursor.typed.starts_with('-') && cursor.quote.is_none() && !matches!(slot, Slot::Value(_)) {
        let longs = shape.options.iter().filter_map(|option| {
            let long = format!("--{}", option.long.as_ref()?);
            let value = option.value.as_ref().map(|(name, _)| format!(" {name}")).unwrap_or_default();
            Some(Candidate { shown: format!("{long}{value}"), replacement: format!("{long} ") })
        });
        let typed = |candidate: &Candidate| candidate.replacement.starts_with(&cursor.typed);
        return longs.chain([Candidate::bare("--help", true)]).filter(typed).collect();
    }
    if let Slot::Positional(_) = slot
        && let Some(kind) = by_words_before(command, words)
    {
        return of_kind(kernel, variables, &kind, cursor, Vec::new);
    }
    let kind = match slot {
        Slot::Value(index) => shape.options.get(index).and_then(|option| option.value.as_ref()).map(|(_, kind)| kind),
        Slot::Positional(index) => shape.positionals.get(index).map(|positional| &positional.kind),
        Slot::Inner => Some(&Kind::Command),
        _ => None,
    };
    let function_of =
        || plugin_word(command, words, taken).map(|plugin| functions(kernel, &plugin)).unwrap_or_default();
    of_kind(kernel, variables, kind.unwrap_or(&Kind::None), cursor, function_of)
}

/// What a positional is where the words before it decide that, and not its name.
fn by_words_before(command: &Command, words: &[Word]) -> Option<Kind> {
    let words: Vec<_> = words.iter().map_while(Word::literal_text).collect();
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    Some(match (command.name, words.as_slice()) {
        ("policy", ["check"]) => Kind::Process,
        ("policy", ["check", _]) => Kind::Words(vec!["call".to_owned(), "load".to_owned()]),
        ("policy", ["check", _, "call"]) => Kind::Call,
        ("policy", ["check", _, "load"]) => Kind::Loadable,
        ("policy", [action, ..]) if *action != "load" => Kind::None,
        ("bench", []) => Kind::ProcessOrSpawn,
        ("bench", ["spawn"]) => Kind::Loadable,
        ("trace", ["payloads"]) => Kind::Words(vec!["off".to_owned()]),
        ("pane", ["save"]) => Kind::File,
        ("pane", [_, ..]) => Kind::None,
        ("delete", _) => Kind::Breakpoint,
        ("faults", ["delete", ..]) => Kind::Fault,
        ("unstub", _) => Kind::Stub,
        _ => return None,
    })
}

/// The word that names the plugin whose function is being typed.
fn plugin_word(command: &Command, words: &[Word], taken: usize) -> Option<String> {
    let shape = command.shape();
    let slots = shape.slots(words, taken);
    let plugin = shape.positionals.iter().position(|positional| positional.kind == Kind::Process)?;
    let (word, _) = words.iter().zip(slots).find(|(_, slot)| *slot == Slot::Positional(plugin))?;
    word.literal_text().map(|text| text.into_owned())
}

fn of_kind(
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
        Kind::FileOrSeq => files(typed),
        Kind::Seq => {
            let newest = kernel.journal().records(SEQS_MAX);
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

/// `front.`, then the functions of that process.
fn calls(kernel: &Kernel, typed: &str) -> Vec<Candidate> {
    match split_dotted(&format!("{typed}x")) {
        Some((plugin, _)) => dotted_functions(kernel, plugin, typed),
        None => {
            let names = kernel.processes(false).into_iter().map(|view| format!("{}.", view.name));
            names.filter(|name| name.starts_with(typed)).map(|name| Candidate::bare(&name, false)).collect()
        }
    }
}

/// What the expression that is being typed can go on with: a field, a name, an outcome, a word between two tests.
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
    // A quote that was opened stays open: the expression may go on.
    let quote = match cursor.quote {
        Some(Quote::Single) => "'",
        Some(Quote::Double) => "\"",
        None => "",
    };
    let going_on =
        |candidate: String| Candidate { replacement: format!("{quote}{before}{candidate}"), shown: candidate };
    words.into_iter().filter(|candidate| candidate.starts_with(word)).map(going_on).collect()
}

/// Files whose path begins with what was typed; a directory goes on with `/`.
fn files(typed: &str) -> Vec<Candidate> {
    let (folder, start) = typed.rsplit_once('/').map_or(("", typed), |(folder, start)| (folder, start));
    let prefix = if typed.contains('/') { format!("{folder}/") } else { String::new() };
    let read = std::fs::read_dir(if prefix.is_empty() { Path::new(".") } else { Path::new(&prefix) });
    // A folder that cannot be read has no candidates.
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
    // The quote stays open: the word goes on inside the directory.
    let replacement = if quoted == path { quoted } else { quoted.trim_end_matches(['\'', '"']).to_owned() };
    Candidate { shown: format!("{name}/"), replacement }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{KernelOptions, LoadRequest};

    fn replacements(kernel: &Kernel, line: &str) -> Vec<String> {
        let found = complete(kernel, &["greeting".to_owned()], line, line.len());
        found.candidates.into_iter().map(|candidate| candidate.replacement).collect()
    }

    #[test]
    fn every_command_and_option_is_offered() {
        let kernel = Kernel::new(KernelOptions::default());
        for command in TABLE {
            assert!(replacements(&kernel, "").contains(&format!("{} ", command.name)), "`{}`", command.name);
            for option in command.shape().options.iter().filter_map(|option| option.long.as_ref()) {
                let offered = replacements(&kernel, &format!("{} --{}", command.name, &option[..1]));
                assert!(offered.contains(&format!("--{option} ")), "`--{option}` of `{}`", command.name);
            }
        }
    }

    #[test]
    fn names_are_offered_where_they_belong() {
        let kernel = Kernel::new(KernelOptions::default());
        let program = kernel.resolve("echo", &mut |_, _| true).unwrap();
        kernel.load(LoadRequest { name: Some("parrot".into()), ..LoadRequest::plain(program) }).unwrap();
        assert_eq!(replacements(&kernel, "parr"), ["parrot."]);
        assert_eq!(replacements(&kernel, "parrot.noth"), ["parrot.nothing "]);
        assert_eq!(replacements(&kernel, "1.noth"), ["1.nothing "]);
        assert_eq!(replacements(&kernel, "call "), ["parrot "]);
        assert_eq!(replacements(&kernel, "call --loop 3 parrot noth"), ["nothing "]);
        assert_eq!(replacements(&kernel, "time call 1 noth"), ["nothing "]);
        assert_eq!(replacements(&kernel, "load wordc"), ["wordcount "]);
        assert_eq!(replacements(&kernel, "help lang"), ["language "]);
        assert_eq!(replacements(&kernel, "trace "), ["on ", "off ", "clear ", "payloads "]);
        assert_eq!(replacements(&kernel, "policy check "), ["parrot "]);
        assert_eq!(replacements(&kernel, "policy check parrot "), ["call ", "load "]);
        assert_eq!(replacements(&kernel, "policy check parrot call parrot.noth"), ["parrot.nothing "]);
        assert!(replacements(&kernel, "policy learn ").is_empty());
        assert_eq!(replacements(&kernel, "stub parr"), ["parrot."]);
        assert_eq!(replacements(&kernel, "stub parrot.noth"), ["parrot.nothing "]);
        assert_eq!(replacements(&kernel, "bench "), ["parrot ", "spawn "]);
        assert_eq!(replacements(&kernel, "bench spawn wordc"), ["wordcount "]);
        assert_eq!(replacements(&kernel, "set -d g"), ["greeting "]);
        assert_eq!(replacements(&kernel, "trace -e fun"), ["function"]);
        assert_eq!(replacements(&kernel, "break 'depth>1 and (callee=pa"), ["'depth>1 and (callee=parrot"]);
        assert_eq!(replacements(&kernel, "inject \"outcome=ti"), ["\"outcome=timeout"]);
        assert_eq!(replacements(&kernel, "trace -e caller=s"), ["caller=shell"]);
        assert_eq!(replacements(&kernel, "echo \"$gr"), ["greeting"]);
        assert!(replacements(&kernel, "echo 'call ").is_empty() && replacements(&kernel, "# ca").is_empty());
    }

    #[test]
    fn what_a_command_still_takes_is_said_between_words() {
        assert_eq!(wanted("load ").as_deref(), Some("SOURCE"));
        assert_eq!(wanted("call ").as_deref(), Some("PLUGIN FUNCTION [INPUT]"));
        assert_eq!(wanted("call --loop ").as_deref(), Some("N"));
        assert_eq!(wanted("time call 1 ").as_deref(), Some("FUNCTION [INPUT]"));
        assert_eq!(wanted("1.run ").as_deref(), Some("[INPUT]"));
        for line in ["", "load", "load x", "ps ", "call a f x ", "nonsense ", "echo 'a ", "# load "] {
            assert_eq!(wanted(line), None, "{line}");
        }
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
