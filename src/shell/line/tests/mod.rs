//! Tests of the line, a file for each part of the language. Here: what they share.

mod blocks;
mod completion;
mod errors;
mod input;
mod lines;
mod properties;
mod statements;
mod variables;
mod words;

use std::collections::HashMap;

use anyhow::bail;

use super::{Env, Grammar, Pipe, Script, Stage, SyntaxError, Word, WordKind, parse};

/// `time COMMAND`, `call PLUGIN FUNCTION INPUT` and `PLUGIN.FUNCTION INPUT`, options left out of the count.
pub struct Calls;

impl Grammar for Calls {
    fn input_next(&self, words: &[Word]) -> bool {
        let positional = words.iter().filter(|word| !word.is_option()).count();
        match words.first().and_then(Word::literal_text).as_deref() {
            Some("call") => positional == 3,
            Some(name) => name.contains('.') && positional == 1,
            None => false,
        }
    }

    fn command_next(&self, words: &[Word]) -> bool {
        matches!(words, [word] if word.literal_text().as_deref() == Some("time"))
    }
}

/// Variables, and a `run` that joins the words of each command and leaves its name out.
#[derive(Default)]
pub struct Session {
    variables: HashMap<String, Vec<u8>>,
    pub ran: usize,
}

impl Session {
    pub fn with(variables: &[(&str, &[u8])]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        Self { variables, ran: 0 }
    }
}

impl Env for Session {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        self.variables.get(name).cloned()
    }

    fn run(&mut self, script: &Script) -> anyhow::Result<Vec<u8>> {
        self.ran += 1;
        let mut output = Vec::new();
        for statement in &script.statements {
            for stage in &statement.pipe.stages {
                match stage {
                    Stage::Block(block) => panic!("nothing runs it here: {block:?}"),
                    Stage::System(raw) => output.extend_from_slice(raw.as_bytes()),
                    Stage::Command(words) => {
                        let values: Vec<Vec<u8>> =
                            words.iter().map(|word| word.expand(self)).collect::<Result<_, _>>()?;
                        if values.first().is_some_and(|name| name == b"fail") {
                            bail!("it failed");
                        }
                        output.extend(values.get(1..).unwrap_or_default().join(&b' '));
                    }
                }
            }
        }
        Ok(output)
    }
}

pub fn script(text: &str) -> Script {
    parse(text, &Calls).unwrap_or_else(|error| panic!("`{text}` is no script: {error}"))
}

pub fn error(text: &str) -> SyntaxError {
    match parse(text, &Calls) {
        Ok(script) => panic!("`{text}` should be wrong, but is {script:?}"),
        Err(error) => error,
    }
}

/// The pipes of a script.
pub fn pipes(text: &str) -> Vec<Pipe> {
    script(text).statements.into_iter().map(|statement| statement.pipe).collect()
}

/// The words of a script's only command.
pub fn words(text: &str) -> Vec<Word> {
    match pipes(text).as_slice() {
        [Pipe { stages, .. }] => match stages.as_slice() {
            [Stage::Command(words)] => words.clone(),
            stages => panic!("`{text}` is no single command: {stages:?}"),
        },
        pipes => panic!("`{text}` is no single pipe: {pipes:?}"),
    }
}

/// The values of the words of a script's only command, in an empty session.
pub fn values(text: &str) -> Vec<String> {
    values_in(text, &mut Session::default())
}

pub fn values_in(text: &str, session: &mut Session) -> Vec<String> {
    words(text)
        .iter()
        .map(|word| word.expand_text(session).unwrap_or_else(|error| panic!("`{text}`: {error}")))
        .collect()
}

/// The kind and the bytes of a command's fourth word: of the INPUT of `call a f INPUT`.
pub fn input(text: &str) -> (WordKind, String) {
    let words = words(text);
    let word = words.get(3).unwrap_or_else(|| panic!("`{text}` has no INPUT"));
    let bytes = word.expand(&mut Session::default()).expect("a literal");
    (word.kind, String::from_utf8(bytes).expect("a text"))
}
