//! The parser's grammar, answered from the table of commands.

use super::alias::Aliases;
use super::command::{ArgSlot, Command, CommandTable, Run, SlotWord, find};
use super::line::{Grammar, Word};
use super::session::Session;

/// The grammar of the table of commands.
#[derive(Clone, Copy)]
pub struct CommandGrammar(pub CommandTable);

impl Grammar for CommandGrammar {
    fn input_next(&self, words: &[Word]) -> bool {
        let Some((command, taken, inner)) = resolve(self.0, words) else { return false };
        let slot = command.shape().slot_after(inner, taken);
        matches!(slot, ArgSlot::Positional(index) if command.shape().input == Some(index))
    }

    fn command_next(&self, words: &[Word]) -> bool {
        let Some((command, taken, rest)) = resolve(self.0, words) else { return false };
        // A command that keeps its words (`alias`) does not run them.
        matches!(command.run, Run::Prefix(_)) && command.shape().slot_after(rest, taken) == ArgSlot::Inner
    }
}

/// The grammar of a session: the table of commands with the session's aliases.
#[derive(Clone)]
pub struct AliasGrammar {
    pub table: CommandTable,
    pub aliases: Aliases,
}

impl Grammar for AliasGrammar {
    fn input_next(&self, words: &[Word]) -> bool {
        CommandGrammar(self.table).input_next(&self.aliases.expanded(self.table, words))
    }

    fn command_next(&self, words: &[Word]) -> bool {
        CommandGrammar(self.table).command_next(&self.aliases.expanded(self.table, words))
    }
}

impl Session {
    /// The grammar of this session's lines.
    pub fn grammar(&self) -> AliasGrammar {
        AliasGrammar { table: self.table(), aliases: self.settings().aliases.clone() }
    }
}

/// The command that the next word belongs to, looking through `time` and `watch`: how many of its positionals its name
/// has taken, and its words after the name.
pub fn resolve(table: CommandTable, words: &[Word]) -> Option<(&'static Command, usize, &[Word])> {
    let (name, rest) = words.split_first()?;
    let name = name.literal_text()?;
    let Some(command) = find(table, &name) else {
        let call = find(table, "call").filter(|_| split_dotted(&name).is_some())?;
        return Some((call, CALL_POSITIONALS_IN_DOTTED, rest));
    };
    if !command.is_prefix() {
        return Some((command, 0, rest));
    }
    match command.shape().slots(rest, 0).iter().position(|slot| *slot == ArgSlot::Inner) {
        Some(inner) => resolve(table, rest.get(inner..)?),
        None => Some((command, 0, rest)),
    }
}

/// `PLUGIN.FUNCTION` stands for two of `call`'s positionals.
pub const CALL_POSITIONALS_IN_DOTTED: usize = 2;

/// The parts around a word's first dot, where it can be `PLUGIN.FUNCTION`. Names may have dots: only the living
/// processes tell which dot separates the two.
pub fn split_dotted(name: &str) -> Option<(&str, &str)> {
    let (plugin, function) = name.split_once('.')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':');
    (!plugin.is_empty() && !function.is_empty() && plugin.chars().all(is_name)).then_some((plugin, function))
}

impl SlotWord for Word {
    fn option_text(&self) -> Option<&str> {
        if self.is_option() { std::str::from_utf8(self.literal_start()).ok() } else { None }
    }

    fn ends_options(&self) -> bool {
        Word::ends_options(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::command::TABLE;
    use crate::shell::line::{Stage, WordKind, parse};

    /// The kinds of the words of a one-command line.
    fn kinds(text: &str) -> Vec<WordKind> {
        let script = parse(text, &CommandGrammar(TABLE)).unwrap();
        let Some(Stage::Command(words)) = script.statements[0].pipe.stages.first() else { panic!("{text}") };
        words.iter().map(|word| word.kind).collect()
    }

    #[test]
    fn input_is_found_after_options_and_their_values() {
        for text in [
            r#"call a f {"x": 1}"#,
            r#"call --loop 3 a f {"x": 1}"#,
            r#"call a --loop=3 f [1, 2]"#,
            r#"a.f {"x": 1}"#,
            r#"1:a.f --timeout 2s {"x": 1}"#,
            r#"time call a f {"x": 1}"#,
            r#"watch -n 1s time a.f {"x": 1}"#,
            r#"set x {"x": 1}"#,
        ] {
            assert_eq!(kinds(text).last(), Some(&WordKind::Json), "{text}");
        }
        for text in ["echo {a}", "call {a} f", "call a f --loop {1} x"] {
            assert!(!kinds(text).contains(&WordKind::Json), "{text}");
        }
    }

    #[test]
    fn a_dotted_word_has_a_plugin_and_a_function() {
        assert_eq!(split_dotted("1:front.run"), Some(("1:front", "run")));
        assert_eq!(split_dotted("a.b.c"), Some(("a", "b.c")));
        for word in ["front", ".run", "front.", "./x.sh", "a/b.c", ""] {
            assert_eq!(split_dotted(word), None, "{word}");
        }
    }
}
