//! Completion at the cursor, from the table of commands and the kernel's names.

use super::candidates::{Candidate, dotted_functions, files, functions, of_kind, starting};
use crate::kernel::Kernel;
use crate::shell::command::{ArgSlot, Command, Kind, TABLE};
use crate::shell::line::{Cursor, Place, Word, complete_at};
use crate::shell::{CommandGrammar, resolve, split_dotted};
use crate::text::quoted_within;

/// The most candidates that are offered.
const CANDIDATES_MAX: usize = 2_000;
/// The most characters of a candidate in the list.
const SHOWN_CHARS_MAX: usize = 100;

/// The completions at the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// Byte offset of the word that a candidate replaces.
    pub start: usize,
    pub candidates: Vec<Candidate>,
}

/// The completions at byte `pos` of a line.
pub fn complete(kernel: &Kernel, variables: &[String], line: &str, pos: usize) -> Completions {
    let cursor = complete_at(line, pos, &CommandGrammar(TABLE));
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
    // Names of functions and files are untrusted, and rustyline writes them unescaped.
    for candidate in &mut candidates {
        candidate.shown = quoted_within(&candidate.shown, SHOWN_CHARS_MAX);
    }
    Completions { start: cursor.span.start, candidates }
}

/// The usage of the arguments that the command at the end of `line` still takes: `FUNCTION [INPUT]`. `None` unless the
/// line ends with a blank.
pub fn expected_arguments(line: &str) -> Option<String> {
    let cursor = complete_at(line, line.len(), &CommandGrammar(TABLE));
    let (command, taken, words) = resolve(TABLE, &cursor.words)?;
    let between_words = cursor.typed.is_empty() && cursor.quote.is_none() && line.ends_with(' ');
    if !between_words || !matches!(cursor.place, Place::Argument | Place::Input) {
        return None;
    }
    let shape = command.shape();
    match shape.slot_after(words, taken) {
        slot @ ArgSlot::Value(_) => shape.value_name(slot).map(str::to_owned),
        ArgSlot::Positional(first) => Some(shape.positionals_usage(first).trim_start().to_owned()),
        _ => None,
    }
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

fn arguments(kernel: &Kernel, variables: &[String], cursor: &Cursor) -> Vec<Candidate> {
    let Some((command, taken, words)) = resolve(TABLE, &cursor.words) else { return Vec::new() };
    let shape = command.shape();
    let slot = shape.slot_after(words, taken);
    if cursor.typed.starts_with('-') && cursor.quote.is_none() && !matches!(slot, ArgSlot::Value(_)) {
        let longs = shape.options.iter().filter_map(|option| {
            let long = format!("--{}", option.long.as_ref()?);
            let value = option.value.as_ref().map(|(name, _)| format!(" {name}")).unwrap_or_default();
            Some(Candidate { shown: format!("{long}{value}"), replacement: format!("{long} ") })
        });
        let typed = |candidate: &Candidate| candidate.replacement.starts_with(&cursor.typed);
        return longs.chain([Candidate::bare("--help", true)]).filter(typed).collect();
    }
    if let ArgSlot::Positional(_) = slot
        && let Some(kind) = kind_from_context(command, words)
    {
        return of_kind(kernel, variables, &kind, cursor, Vec::new);
    }
    let kind = match slot {
        ArgSlot::Inner => Some(&Kind::Command),
        slot => shape.kind(slot),
    };
    let function_of =
        || plugin_of_function(command, words, taken).map(|plugin| functions(kernel, &plugin)).unwrap_or_default();
    of_kind(kernel, variables, kind.unwrap_or(&Kind::None), cursor, function_of)
}

/// The kind of a positional argument whose kind depends on the words before it.
fn kind_from_context(command: &Command, words: &[Word]) -> Option<Kind> {
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

/// The plugin word that the FUNCTION at the cursor belongs to.
fn plugin_of_function(command: &Command, words: &[Word], taken: usize) -> Option<String> {
    let shape = command.shape();
    let slots = shape.slots(words, taken);
    let plugin = shape.positionals.iter().position(|positional| positional.kind == Kind::Process)?;
    let (word, _) = words.iter().zip(slots).find(|(_, slot)| *slot == ArgSlot::Positional(plugin))?;
    word.literal_text().map(|text| text.into_owned())
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
    fn a_strangers_names_are_offered_without_what_a_terminal_obeys() {
        let dir = tempfile::tempdir().unwrap();
        let wat = r#"(module (func (export "f\1b]0;title\07\e2\80\ae\c2\9b2J")))"#;
        let file = dir.path().join("evil.wat");
        std::fs::write(&file, wat).unwrap();
        std::fs::create_dir(dir.path().join("d\x1b[2J")).unwrap();
        let kernel = Kernel::new(KernelOptions::default());
        let program = kernel.resolve(&file.to_string_lossy(), &mut |_, _| true).unwrap();
        kernel.load(LoadRequest::plain(program)).unwrap();
        let files = format!("load {}/d", dir.path().display());
        for line in ["call evil f", "evil.f", &files] {
            let found = complete(&kernel, &[], line, line.len()).candidates;
            assert!(!found.is_empty(), "{line}");
            for text in found.iter().flat_map(|candidate| [&candidate.shown, &candidate.replacement]) {
                assert!(!text.contains(crate::text::is_control_or_bidi), "{line}: {text:?}");
            }
        }
    }

    #[test]
    fn what_a_command_still_takes_is_said_between_words() {
        assert_eq!(expected_arguments("load ").as_deref(), Some("SOURCE"));
        assert_eq!(expected_arguments("ps ").as_deref(), Some("[PROCESS]..."));
        assert_eq!(expected_arguments("call ").as_deref(), Some("PLUGIN FUNCTION [INPUT]"));
        assert_eq!(expected_arguments("call --loop ").as_deref(), Some("N"));
        assert_eq!(expected_arguments("time call 1 ").as_deref(), Some("FUNCTION [INPUT]"));
        assert_eq!(expected_arguments("1.run ").as_deref(), Some("[INPUT]"));
        for line in ["", "load", "load x", "jobs ", "call a f x ", "nonsense ", "echo 'a ", "# load "] {
            assert_eq!(expected_arguments(line), None, "{line}");
        }
    }
}
