//! Errors for a word or a stage in a command's place that is no command, with a way on for each slip of newcomers.

use std::collections::HashSet;
use std::path::Path;

use super::command::find;
use super::grammar::split_dotted;
use super::line::{Stage, Word};
use super::reply::ShellError;
use super::session::Session;
use crate::kernel::ProcessView;
use crate::text::did_you_mean;

/// Words, separated by blanks, and the rest of their message.
static WORDS: &[(&str, &str)] = &[
    ("q bye logout :q", "`exit` leaves the shell"),
    ("? h man usage commands", "`help` lists the commands"),
    ("ls dir", "`ps` lists processes, `plugins` what can be loaded, `!ls` files"),
    ("top htop", "`pane on` shows processes and calls live, `watch ps` again and again"),
    ("pstree tree", "`ps -t` draws the tree"),
    ("strace ltrace", "`trace` lists calls, `trace -f` follows them"),
    ("run exec spawn start open register register_plugin", "`load SOURCE` starts a plugin"),
    ("invoke call_plugin", "`call PLUGIN FUNCTION INPUT` calls a function"),
    ("stop unload rm pkill killall free free_plugin", "`kill PROCESS` ends a process"),
    ("functions exports describe inspect", "`info PLUGIN` shows its functions"),
    ("cat less head", "`set x @FILE` reads a file, `!cat FILE` shows one"),
    ("pwd", "`!pwd` shows the directory, `cd DIR` moves to another"),
    ("env printenv declare", "`set` lists the variables"),
    ("let var const", "`set NAME VALUE` sets a variable"),
    ("unalias", "`alias -d NAME` removes an alias"),
    ("unset", "`set -d NAME` forgets a variable"),
    ("disown nohup", "`&` after a call runs it in the background"),
    ("while case foreach elif fi done function", "`for`, `repeat`, `if` and `retry` are what there is (`help blocks`)"),
    (". include", "`source FILE` runs the lines of a file"),
    ("cls", "`clear` and Ctrl-L clear the screen"),
    ("c cont", "`continue` lets a held job go on"),
    ("n", "`next` goes on over the held call"),
    ("s", "`step` goes on to the next call"),
    ("b", "`break EXPR` holds calls"),
    ("p", "`show SEQ` prints a call, `echo $NAME` a variable"),
    ("where backtrace", "`bt` shows where a held job stands"),
    ("sudo", "plugins have no users; `help policy` says what they may do"),
];

/// The most sources whose functions are looked through for a word.
const SOURCES_MAX: usize = 256;

/// The way on for a word of another shell or program.
fn way_on(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(words, _)| words.split(' ').any(|known| known == word)).map(|(_, way_on)| *way_on)
}

impl Session {
    /// The error for a pipe like `ps | grep`, where the stage before or after `|` is no call.
    pub(super) fn not_a_call(&mut self, name: &str, next: &Stage) -> ShellError {
        let next = match next {
            Stage::Command(words) => words.first().and_then(Word::literal_text).unwrap_or_default().into_owned(),
            Stage::System(_) => return ShellError::usage("`| !COMMAND` must come last"),
            Stage::Block(_) => return ShellError::usage("`|` joins plugin calls, and a block is none"),
        };
        if find(self.table(), &next).is_none() && split_dotted(&next).is_none() {
            return ShellError::usage(format!("`|` joins plugin calls; for the system's program write `| !{next}`"));
        }
        ShellError::usage(format!(
            "`|` joins plugin calls, and `{name}` is none; give its output as INPUT with `$({name} ...)`"
        ))
    }

    /// The error for a word that names no command.
    pub(super) fn unknown_command(&self, word: &str) -> ShellError {
        let views = self.kernel().processes(false);
        if let Ok(id) = self.kernel().find(word) {
            let function = self.kernel().process(id).and_then(|detail| detail.functions.first().cloned());
            let function = function.unwrap_or_else(|| "FUNCTION".to_owned());
            return ShellError::usage(format!("`{word}` is a process, no command; write `call {word} {function}`"));
        }
        if let Some(owner) = self.owner_of(word, &views) {
            return ShellError::usage(format!(
                "`{word}` is a function of `{owner}`, no command; write `call {owner} {word}`"
            ));
        }
        if let Some(way_on) = way_on(word) {
            return ShellError::usage(format!("no command `{word}`; {way_on}"));
        }
        if self.kernel().loadable().iter().any(|name| name == word) {
            return ShellError::usage(format!("`{word}` is a plugin, no command; `load {word}` starts it"));
        }
        if let Some((name, value)) = word.split_once('=').filter(|(name, _)| super::line::is_variable_name(name)) {
            return ShellError::usage(format!("no command `{word}`; write `set {name} {value}`"));
        }
        if word.contains('/') && Path::new(word).is_file() {
            return ShellError::usage(format!(
                "`{word}` is a file, no command; `load` takes a plugin, `source` a script"
            ));
        }
        let aliases = self.settings().aliases.list();
        let names = self.table().iter().map(|command| command.name);
        let near =
            did_you_mean(word, names.chain(aliases.iter().map(|(name, _)| name.as_str()).filter(|name| *name != word)));
        let hint = if near.is_empty() { "; see `help`, or run a program with `!COMMAND`" } else { &near };
        ShellError::usage(format!("no command `{word}`{hint}"))
    }

    /// The living process that has a function of this name, the one with the lowest id.
    fn owner_of(&self, function: &str, views: &[ProcessView]) -> Option<String> {
        let has = |view: &&ProcessView| {
            self.kernel().process(view.id).is_some_and(|detail| detail.functions.iter().any(|known| known == function))
        };
        one_of_each_source(views).find(has).map(|view| view.name.clone())
    }
}

/// The first process of each source, at most [`SOURCES_MAX`]: processes of one source have the same functions.
fn one_of_each_source(views: &[ProcessView]) -> impl Iterator<Item = &ProcessView> {
    let mut seen = HashSet::new();
    views.iter().filter(move |view| seen.insert(view.source.as_str())).take(SOURCES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Kernel, KernelOptions, LoadRequest};
    use crate::shell::command::{TABLE, find};

    #[test]
    fn of_many_processes_of_one_source_the_first_is_looked_at() {
        let kernel = Kernel::new(KernelOptions::default());
        for (name, source) in [("a", "echo"), ("b", "echo"), ("c", "text"), ("d", "echo")] {
            let program = kernel.resolve(source, &mut |_, _| true).unwrap();
            let name = Some(name.to_owned());
            kernel.load(LoadRequest { name, ..LoadRequest::plain(program) }).unwrap();
        }
        let views = kernel.processes(false);
        let looked_at: Vec<&str> = one_of_each_source(&views).map(|view| view.name.as_str()).collect();
        assert_eq!(looked_at, ["a", "c"]);
    }

    #[test]
    fn no_word_is_a_command_and_each_way_on_begins_with_one() {
        for (words, way_on) in WORDS {
            assert!(words.split(' ').all(|word| find(TABLE, word).is_none()), "{words}");
            for quoted in way_on.split('`').skip(1).step_by(2) {
                let first = quoted.split(' ').next().unwrap_or_default();
                let known =
                    find(TABLE, first).is_some() || first.starts_with('!') || "& plugsh for repeat if".contains(first);
                assert!(known, "`{quoted}` is no command");
            }
        }
        assert_eq!(way_on("bye"), Some("`exit` leaves the shell"));
        assert_eq!(way_on("load"), None);
    }
}
