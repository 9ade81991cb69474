//! Completion at the cursor, from the table of commands, the session's aliases and the kernel's names.

use serde::{Deserialize, Serialize};

use super::candidate::Candidate;
use super::candidates::{Known, aliases, commands, dotted_functions, dotted_processes, files, functions, of_kind};
use super::programs::complete_system;
use crate::shell::command::{ArgSlot, Kind, Shape, TABLE};
use crate::shell::line::{BLOCKS, CompletionContext, CursorPlace, Word, complete_at};
use crate::shell::{AliasGrammar, resolve, split_dotted};
use crate::text::quoted_within;

/// The most candidates that are offered.
const CANDIDATES_MAX: usize = 2_000;
/// The most characters of a candidate in the list, and of its description.
const SHOWN_CHARS_MAX: usize = 100;

/// The completions at the cursor.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completions {
    /// Byte offset of the word that a candidate replaces.
    pub start: usize,
    pub candidates: Vec<Candidate>,
}

/// The completions at byte `pos` of a line.
pub fn complete(known: &Known<'_>, line: &str, pos: usize) -> Completions {
    let cursor = complete_at(line, pos, known.grammar);
    let candidates = match cursor.place {
        CursorPlace::Command if cursor.quote.is_none() => commands_at(known, &cursor),
        CursorPlace::Argument | CursorPlace::Input => arguments(known, &cursor),
        CursorPlace::InputFile | CursorPlace::File => files(&cursor.typed),
        CursorPlace::System => complete_system(&cursor, line.get(..pos).unwrap_or(line)),
        CursorPlace::Variable => known
            .variables
            .iter()
            .filter(|name| name.starts_with(&cursor.typed))
            .map(|name| Candidate::bare(name, false))
            .collect(),
        _ => Vec::new(),
    };
    shown(&cursor, candidates)
}

/// The candidates at the cursor, bounded and safe.
fn shown(context: &CompletionContext, mut candidates: Vec<Candidate>) -> Completions {
    candidates.truncate(CANDIDATES_MAX);
    // Names of functions and files are untrusted, and rustyline writes them unescaped.
    for candidate in &mut candidates {
        candidate.shown = quoted_within(&candidate.shown, SHOWN_CHARS_MAX);
        candidate.about = quoted_within(&candidate.about, SHOWN_CHARS_MAX);
    }
    Completions { start: context.span.start, candidates }
}

/// The completions at byte `pos` of a line inside `!COMMAND`; `None` elsewhere. They need no kernel.
pub fn complete_here(grammar: &AliasGrammar, line: &str, pos: usize) -> Option<Completions> {
    let cursor = complete_at(line, pos, grammar);
    let programs = || complete_system(&cursor, line.get(..pos).unwrap_or(line));
    (cursor.place == CursorPlace::System).then(|| shown(&cursor, programs()))
}

/// The usage of the arguments that the command at the end of `line` still takes: `FUNCTION [INPUT]`. `None` unless the
/// line ends with a blank.
pub fn expected_arguments(grammar: &AliasGrammar, line: &str) -> Option<String> {
    let cursor = complete_at(line, line.len(), grammar);
    let words = grammar.aliases.expanded(TABLE, &cursor.words);
    let (command, taken, words) = resolve(TABLE, &words)?;
    let between_words = cursor.typed.is_empty() && cursor.quote.is_none() && line.ends_with(' ');
    if !between_words || !matches!(cursor.place, CursorPlace::Argument | CursorPlace::Input) {
        return None;
    }
    let shape = command.shape();
    match shape.slot_after(words, taken) {
        slot @ ArgSlot::Value(_) => shape.value_name(slot).map(str::to_owned),
        ArgSlot::Positional(first) => Some(shape.positionals_usage(first).trim_start().to_owned()),
        _ => None,
    }
}

/// Candidates at the start of a statement, or of a later stage of a pipe.
fn commands_at(known: &Known<'_>, cursor: &CompletionContext) -> Vec<Candidate> {
    let blocks = BLOCKS.iter().filter(|(word, _)| !cursor.piped && word.starts_with(&cursor.typed));
    let mut candidates = first_words(known, cursor);
    candidates.extend(blocks.map(|(word, about)| Candidate::word(word).about(about)));
    candidates
}

/// Commands, aliases and calls.
fn first_words(known: &Known<'_>, cursor: &CompletionContext) -> Vec<Candidate> {
    let typed = cursor.typed.as_str();
    if let Some((plugin, _)) = split_dotted(&format!("{typed}x")) {
        return dotted_functions(known.kernel, plugin, typed);
    }
    let mut candidates = commands(typed, |name| !cursor.piped || name == "call");
    candidates.extend(aliases(known.grammar, typed));
    candidates.extend(dotted_processes(known.kernel, typed));
    candidates
}

fn arguments(known: &Known<'_>, cursor: &CompletionContext) -> Vec<Candidate> {
    let words = known.grammar.aliases.expanded(TABLE, &cursor.words);
    let Some((command, taken, words)) = resolve(TABLE, &words) else { return Vec::new() };
    let shape = command.shape();
    let slot = shape.slot_after(words, taken);
    if cursor.typed.starts_with('-') && cursor.quote.is_none() && !matches!(slot, ArgSlot::Value(_)) {
        return match cursor.typed.split_once('=') {
            Some((option, value)) => value_of_option(known, shape, cursor, option, value),
            None => options(shape, &cursor.typed),
        };
    }
    if slot == ArgSlot::Inner {
        return first_words(known, cursor);
    }
    let function_of = || {
        let process = command.process_word(words, taken).and_then(Word::literal_text);
        process.map(|process| functions(known.kernel, &process)).unwrap_or_default()
    };
    of_kind(known, &command.kind_at(slot, words), cursor, function_of)
}

fn options(shape: &Shape, typed: &str) -> Vec<Candidate> {
    let longs = shape.options.iter().filter_map(|option| {
        let long = format!("--{}", option.long.as_ref()?);
        let value = option.value.as_ref().map(|(name, _)| format!(" {name}")).unwrap_or_default();
        Some(Candidate::bare(&format!("{long}{value}"), false).replacing(&format!("{long} ")).about(&option.help))
    });
    let help = Candidate::bare("--help", true).about("explain the command");
    longs.chain([help]).filter(|candidate| candidate.replacement.starts_with(typed)).collect()
}

/// The values of `--option=VALUE`.
fn value_of_option(
    known: &Known<'_>,
    shape: &Shape,
    cursor: &CompletionContext,
    option: &str,
    value: &str,
) -> Vec<Candidate> {
    let kind = shape.option_index(option).and_then(|index| shape.kind(ArgSlot::Value(index)));
    let inside = CompletionContext { typed: value.to_owned(), ..cursor.clone() };
    let values = of_kind(known, kind.unwrap_or(&Kind::None), &inside, Vec::new);
    let whole = |candidate: Candidate| {
        let replacement = format!("{option}={}", candidate.replacement);
        candidate.replacing(&replacement)
    };
    values.into_iter().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Kernel, KernelOptions, LoadRequest};
    use crate::shell::alias::{Alias, Aliases};
    use crate::shell::line::parse;

    fn grammar() -> AliasGrammar {
        AliasGrammar { table: TABLE, aliases: Aliases::default() }
    }

    fn found(kernel: &Kernel, line: &str) -> Vec<Candidate> {
        let known =
            Known { kernel, grammar: &grammar(), variables: &["greeting".to_owned()], project: None, chosen: None };
        complete(&known, line, line.len()).candidates
    }

    fn replacements(kernel: &Kernel, line: &str) -> Vec<String> {
        found(kernel, line).into_iter().map(|candidate| candidate.replacement).collect()
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
        assert_eq!(replacements(&kernel, "trace "), ["on ", "off ", "clear ", "payloads ", "host ", "fuel "]);
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
    fn a_command_stands_behind_others_too() {
        let kernel = Kernel::new(KernelOptions::default());
        let program = kernel.resolve("text", &mut |_, _| true).unwrap();
        kernel.load(LoadRequest::plain(program)).unwrap();
        for before in ["time ", "retry 3 ", "watch -n 1 ", "watch ", "if ", "repeat 2; ", "for x in a; ", "x; "] {
            assert_eq!(replacements(&kernel, &format!("{before}hist")), ["history "], "{before}");
            assert_eq!(replacements(&kernel, &format!("{before}text.uppe")), ["text.upper "], "{before}");
            assert_eq!(replacements(&kernel, &format!("{before}te")), ["text."], "{before}");
        }
        assert_eq!(replacements(&kernel, "rep"), ["replay ", "repeat "]);
        assert_eq!(replacements(&kernel, "time repe"), [""; 0]);
    }

    #[test]
    fn words_of_faults_and_values_of_options_are_offered() {
        let kernel = Kernel::new(KernelOptions::default());
        let all = ["error=", "trap ", "delay=", "drop-output ", "when=", "p=", "seed="];
        assert_eq!(replacements(&kernel, "inject text.upper "), all);
        assert_eq!(replacements(&kernel, "inject text.upper trap "), ["when=", "p=", "seed="]);
        assert_eq!(replacements(&kernel, "inject text.upper when=3 error=x p"), ["p="]);
        assert_eq!(replacements(&kernel, "load x --restart "), ["never ", "on-crash ", "on-crash="]);
        assert_eq!(replacements(&kernel, "load x --restart=n"), ["--restart=never "]);
        assert_eq!(replacements(&kernel, "load x --host=ex"), ["--host=extism "]);
        assert_eq!(replacements(&kernel, "set -o "), ["emacs ", "vi "]);
        // A value that the table knows words for is completed; the others are numbers and free text.
        let free = ["N", "SIZE", "DURATION", "K=V", "JSON", "GLOB", "TEXT", "UNITS", "NAME", "COMMANDS", "MESSAGE"];
        for command in TABLE {
            for (name, kind) in command.shape().options.iter().filter_map(|option| option.value.as_ref()) {
                let is_free = *kind == Kind::None;
                assert!(
                    !is_free || free.contains(&name.as_str()) || FREE_TOO.contains(&name.as_str()),
                    "{}: {name}",
                    command.name
                );
            }
        }
    }

    /// Free text of one command alone.
    const FREE_TOO: [&str; 9] = [
        "ADDRESS",
        "COLSxROWS",
        "HZ",
        "LAST",
        "BYTES",
        "URL",
        "CALLS",
        "WHAT",
        "MODULE.FUNCTION[(TYPES)]=PLUGIN.FUNCTION",
    ];

    #[test]
    fn candidates_say_what_they_are() {
        let kernel = Kernel::new(KernelOptions::default());
        let about =
            |line: &str| found(&kernel, line).first().map(|candidate| candidate.about.clone()).unwrap_or_default();
        assert_eq!(about("hist"), "list what was typed");
        assert_eq!(about("time hist"), "list what was typed");
        assert_eq!(about("ps --js"), "write JSON");
        assert_eq!(about("inject text.upper tr"), "fails it and takes the plugin's instance with it");
    }

    #[test]
    fn an_alias_is_completed_as_what_it_stands_for() {
        let kernel = Kernel::new(KernelOptions::default());
        let grammar = grammar();
        let alias = |line: &str| Alias { line: line.to_owned(), script: parse(line, &grammar).unwrap() };
        assert!(grammar.aliases.set("lift", alias("load --as up")));
        let known = Known { kernel: &kernel, grammar: &grammar, variables: &[], project: None, chosen: None };
        let replacements = |line: &str| -> Vec<String> {
            complete(&known, line, line.len()).candidates.into_iter().map(|candidate| candidate.replacement).collect()
        };
        assert_eq!(replacements("lif"), ["lift "]);
        assert_eq!(replacements("lift wordc"), ["wordcount "]);
        assert_eq!(replacements("time lift wordc"), ["wordcount "]);
        assert_eq!(replacements("alias -d l"), ["lift "]);
        assert_eq!(expected_arguments(&grammar, "lift ").as_deref(), Some("SOURCE"));
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
            let found = found(&kernel, line);
            assert!(!found.is_empty(), "{line}");
            for text in found.iter().flat_map(|candidate| [&candidate.shown, &candidate.replacement, &candidate.about])
            {
                assert!(!text.contains(crate::text::is_control_or_bidi), "{line}: {text:?}");
            }
        }
    }

    #[test]
    fn what_a_command_still_takes_is_said_between_words() {
        assert_eq!(expected_arguments(&grammar(), "load ").as_deref(), Some("SOURCE"));
        assert_eq!(expected_arguments(&grammar(), "ps ").as_deref(), Some("[PROCESS]..."));
        assert_eq!(expected_arguments(&grammar(), "call ").as_deref(), Some("PLUGIN FUNCTION [INPUT]"));
        assert_eq!(expected_arguments(&grammar(), "call --loop ").as_deref(), Some("N"));
        assert_eq!(expected_arguments(&grammar(), "time call 1 ").as_deref(), Some("FUNCTION [INPUT]"));
        assert_eq!(expected_arguments(&grammar(), "1.run ").as_deref(), Some("[INPUT]"));
        for line in ["", "load", "load x", "quit 1 ", "call a f x ", "nonsense ", "echo 'a ", "# load "] {
            assert_eq!(expected_arguments(&grammar(), line), None, "{line}");
        }
    }
}
