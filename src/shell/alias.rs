//! Aliases: a word in a command's place that stands for a line. The table of them is here, and the words of a command
//! with its alias replaced; `run` runs them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::command::definition::{CommandTable, find};
use super::command::shape::ArgSlot;
use super::line::{Script, Stage, Word, WordKind};

/// The most aliases of a session.
pub const ALIASES_MAX: usize = 1_000;
/// The longest line of an alias, in bytes.
pub const ALIAS_BYTES_MAX: usize = 64 << 10;
/// The most aliases that stand for one another in one command.
pub const ALIAS_DEPTH_MAX: usize = 32;

/// Words of an alias.
pub struct Alias {
    /// The line as typed.
    pub line: String,
    /// At least one statement.
    pub script: Script,
}

/// The aliases of a session by name, at most [`ALIASES_MAX`]. Clones share them.
#[derive(Clone, Default)]
pub struct Aliases {
    named: Arc<Mutex<BTreeMap<String, Arc<Alias>>>>,
}

impl Aliases {
    /// The alias with this name.
    pub fn get(&self, name: &str) -> Option<Arc<Alias>> {
        self.named.lock().get(name).cloned()
    }

    /// All aliases, in the order of their names.
    pub fn list(&self) -> Vec<(String, Arc<Alias>)> {
        self.named.lock().iter().map(|(name, alias)| (name.clone(), Arc::clone(alias))).collect()
    }

    /// Sets an alias; false when there are [`ALIASES_MAX`] others.
    pub fn set(&self, name: &str, alias: Alias) -> bool {
        let mut named = self.named.lock();
        if named.len() >= ALIASES_MAX && !named.contains_key(name) {
            return false;
        }
        named.insert(name.to_owned(), Arc::new(alias));
        true
    }

    /// Removes an alias; false when there is none of this name.
    pub fn remove(&self, name: &str) -> bool {
        self.named.lock().remove(name).is_some()
    }

    /// A command's words with the alias in the command's place replaced, behind `time` and the like too. Of an alias
    /// for several commands the last is taken: words behind the alias are that one's.
    pub fn expanded<'w, S>(&self, table: CommandTable<S>, words: &'w [Word]) -> Cow<'w, [Word]> {
        let mut words = Cow::Borrowed(words);
        if self.named.lock().is_empty() {
            return words;
        }
        let (mut begin, mut used) = (0, Vec::new());
        while let Some(name) = words.get(begin).and_then(plain_text).map(str::to_owned) {
            let alias = self.get(&name).filter(|_| !used.contains(&name) && used.len() < ALIAS_DEPTH_MAX);
            if let Some(alias) = alias {
                let Some(Stage::Command(front)) = last_stage(&alias.script) else { break };
                words.to_mut().splice(begin..=begin, front.iter().cloned());
                used.push(name);
                continue;
            }
            let Some(command) = find(table, &name).filter(|command| command.is_prefix()) else { break };
            let rest = words.get(begin + 1..).unwrap_or_default();
            let Some(inner) = command.shape().slots(rest, 0).iter().position(|slot| *slot == ArgSlot::Inner) else {
                break;
            };
            begin += 1 + inner;
        }
        words
    }
}

/// The text of a word without quotes, variables and substitutions: only such a word is an alias.
pub fn plain_text(word: &Word) -> Option<&str> {
    let is_plain = word.kind == WordKind::Plain { quoted: false } && word.parts.len() == 1;
    std::str::from_utf8(word.literal_start()).ok().filter(|text| is_plain && !text.is_empty())
}

fn last_stage(script: &Script) -> Option<&Stage> {
    script.statements.last()?.pipe.stages.last()
}
