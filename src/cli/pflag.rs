//! The spellings of pflag, the parser of `extism call`: the words of `plugsh call` are rewritten so that clap reads
//! them as pflag would. The options come from clap's definition; the rules of spelling are here.
//!
//! Not here: the meaning of options, and the errors about wrong ones.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The subcommand whose words are rewritten.
const CALL: &str = "call";
/// Options with a number in Go's notation: `0x10`, `1_000`, `+5`.
const NUMBERS: [&str; 5] = ["loop", "timeout", "memory-max", "http-response-max", "var-max"];
/// Options whose empty value extism ignores.
const EMPTY_SAYS_NOTHING: [&str; 1] = ["log-level"];

/// Whether the words after the program's name may be those of `plugsh call`.
pub fn may_be_call(words: &[OsString]) -> bool {
    words.iter().any(|word| word == CALL)
}

/// The words after the program's name, rewritten if they are those of `plugsh call`. `definition` is the program's
/// built clap definition.
pub fn rewritten(words: Vec<OsString>, definition: &clap::Command) -> Vec<OsString> {
    let Some(call) = definition.find_subcommand(CALL) else { return words };
    let options = Options { program: definition, call };
    let Some(place) = options.place_of_call(&words) else { return words };
    let (before, rest) = words.split_at(place);
    let mut line = CommandLine::default();
    options.read_before(before, &mut line);
    options.read(rest.get(1..).unwrap_or_default(), &mut line);
    line.into_words()
}

/// The options before and after `call`.
struct Options<'a> {
    program: &'a clap::Command,
    call: &'a clap::Command,
}

/// The words read so far.
#[derive(Default)]
struct CommandLine {
    /// Options of the program alone, as typed.
    program: Vec<OsString>,
    /// Options with their values, as `--name=value`.
    values: Vec<OsString>,
    /// Flags with their last values.
    flags: Vec<(String, bool)>,
    positionals: Vec<OsString>,
    /// The last word, if it is an option without its value.
    lacking: Option<OsString>,
}

impl CommandLine {
    fn into_words(self) -> Vec<OsString> {
        let mut words = self.program;
        words.push(CALL.into());
        words.extend(self.values);
        words.extend(self.flags.into_iter().filter(|(_, on)| *on).map(|(name, _)| format!("--{name}").into()));
        // The option comes last, so that clap finds no value for it and reports that.
        if let Some(option) = self.lacking {
            words.push(option);
        } else if !self.positionals.is_empty() {
            words.push("--".into());
            words.extend(self.positionals);
        }
        words
    }

    fn set(&mut self, name: &str, on: bool) {
        self.flags.retain(|(known, _)| known != name);
        self.flags.push((name.to_owned(), on));
    }

    fn value(&mut self, name: &str, value: &OsStr) {
        if value.is_empty() && EMPTY_SAYS_NOTHING.contains(&name) {
            return;
        }
        let number = value.to_str().filter(|_| NUMBERS.contains(&name)).and_then(go_integer);
        let mut word = OsString::from(format!("--{name}="));
        match number {
            Some(number) => word.push(number.to_string()),
            None => word.push(value),
        }
        self.values.push(word);
    }
}

impl Options<'_> {
    /// The index of `call`, if it is the first word that is neither an option nor an option's value.
    fn place_of_call(&self, words: &[OsString]) -> Option<usize> {
        let mut at = 0;
        loop {
            let word = words.get(at)?;
            if word == "--" {
                return None;
            }
            if !is_option(word) {
                return (word == CALL).then_some(at);
            }
            let next = words.get(at + 1);
            // `-i` is the program's own flag, unless a word follows that is no option and not `call`: then it is the
            // input.
            let is_input = word == "-i" && next.is_some_and(|next| next != CALL && !is_option(next));
            if is_input && words.get(at + 2).is_some_and(|word| word == CALL) {
                return Some(at + 2);
            }
            at += 1 + usize::from(self.takes_next(word, next));
        }
    }

    /// Whether the word after an option before `call` is its value.
    fn takes_next(&self, word: &OsStr, next: Option<&OsString>) -> bool {
        let Some(text) = word.to_str() else { return false };
        match text.strip_prefix("--") {
            Some(name) if name.contains('=') => false,
            Some(name) => [self.program, self.call].into_iter().find_map(|of| long(of, name)).is_some_and(takes_value),
            // extism's `-v` is a flag; plugsh's takes `NAME=VALUE`.
            None if text == "-v" => next.is_some_and(|next| is_assignment(next)),
            None if text.len() == 2 => {
                text.chars().nth(1).and_then(|c| short(self.program, c)).is_some_and(takes_value)
            }
            None => false,
        }
    }

    /// Reads the options before `call`: the program's own stay there, the others move behind it.
    fn read_before(&self, words: &[OsString], line: &mut CommandLine) {
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let next = words.get(at + 1);
            let takes_next = self.takes_next(word, next) || (word == "-i" && next.is_some_and(|next| !is_option(next)));
            let taken = 1 + usize::from(takes_next);
            let group = words.get(at..at + taken).unwrap_or_default();
            if self.is_programs_own(word, takes_next) {
                line.program.extend(group.iter().cloned());
            } else {
                self.read(group, line);
            }
            at += taken;
        }
    }

    fn is_programs_own(&self, word: &OsStr, takes_next: bool) -> bool {
        let Some(text) = word.to_str() else { return true };
        if let Some(name) = text.strip_prefix("--") {
            let name = name.split('=').next().unwrap_or(name);
            return long(self.call, name).is_none() && long(self.program, name).is_some();
        }
        match text.get(1..).unwrap_or_default() {
            "v" => takes_next,
            "i" => !takes_next,
            letters => letters.chars().next().is_some_and(|c| short(self.call, c).is_none()),
        }
    }

    /// Reads the words after `call` as pflag does.
    fn read(&self, words: &[OsString], line: &mut CommandLine) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                line.positionals.extend(words.by_ref().cloned());
            } else if !is_option(word) {
                line.positionals.push(word.clone());
            } else if let Some(name) = word.as_bytes().strip_prefix(b"--") {
                self.read_long(word, name, &mut words, line);
            } else {
                self.read_shorts(word, &mut words, line);
            }
        }
    }

    fn read_long<'w>(
        &self,
        word: &OsStr,
        text: &[u8],
        rest: &mut impl Iterator<Item = &'w OsString>,
        line: &mut CommandLine,
    ) {
        let mut parts = text.splitn(2, |byte| *byte == b'=');
        let name = parts.next().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
        let given = parts.next().map(OsStr::from_bytes);
        let Some(argument) = long(self.call, name) else { return line.values.push(word.to_owned()) };
        if !takes_value(argument) {
            return match given.map_or(Some(true), go_bool) {
                Some(on) => line.set(name, on),
                None => line.values.push(word.to_owned()),
            };
        }
        match given.or_else(|| rest.next().map(OsString::as_os_str)) {
            Some(value) => line.value(name, value),
            None => line.lacking = Some(word.to_owned()),
        }
    }

    /// Reads a word of short options: `-m`, `-vq`, `-i hi`, `-ihi`, `-i=hi`, `-mi hi`.
    fn read_shorts<'w>(&self, word: &OsStr, rest: &mut impl Iterator<Item = &'w OsString>, line: &mut CommandLine) {
        let mut letters = word.as_bytes().get(1..).unwrap_or_default();
        while let Some((letter, after)) = letters.split_first() {
            let argument = short(self.call, char::from(*letter));
            let name = argument.and_then(clap::Arg::get_long);
            let (Some(argument), Some(name)) = (argument, name) else {
                return line.values.push(OsString::from_vec([b"-", letters].concat()));
            };
            let given =
                after.strip_prefix(b"=").or(Some(after).filter(|after| !after.is_empty())).map(OsStr::from_bytes);
            if takes_value(argument) {
                return match given.or_else(|| rest.next().map(OsString::as_os_str)) {
                    Some(value) => line.value(name, value),
                    None => line.lacking = Some(format!("--{name}").into()),
                };
            }
            match after.strip_prefix(b"=").map(|value| go_bool(OsStr::from_bytes(value))) {
                None => line.set(name, true),
                Some(Some(on)) => return line.set(name, on),
                Some(None) => return line.values.push(OsString::from_vec([b"-", letters].concat())),
            }
            letters = after;
        }
    }
}

/// Whether a word has the form of an option; `-` alone has not.
fn is_option(word: &OsStr) -> bool {
    word.len() > 1 && word.as_bytes().starts_with(b"-")
}

/// Whether a word has the form `NAME=VALUE`.
fn is_assignment(word: &OsStr) -> bool {
    let name = word.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default();
    let has_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    has_name && name.len() < word.len()
}

fn long<'a>(of: &'a clap::Command, name: &str) -> Option<&'a clap::Arg> {
    of.get_arguments().find(|argument| argument.get_long() == Some(name))
}

fn short(of: &clap::Command, letter: char) -> Option<&clap::Arg> {
    of.get_arguments().find(|argument| argument.get_short() == Some(letter))
}

fn takes_value(argument: &clap::Arg) -> bool {
    argument.get_action().takes_values()
}

/// A boolean in Go's notation.
fn go_bool(word: &OsStr) -> Option<bool> {
    match word.to_str()? {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// An integer in Go's notation: a sign, `0x`, `0o`, `0b` or a leading 0, and `_` between digits.
fn go_integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, lower.get(2..)?),
        Some("0o") => (8, lower.get(2..)?),
        Some("0b") => (2, lower.get(2..)?),
        Some(prefix) if prefix.starts_with('0') => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    // A `_` may stand between digits and after a prefix.
    let digits = if radix == 10 { digits } else { digits.strip_prefix('_').unwrap_or(digits) };
    let apart = digits.split('_').all(|part| !part.is_empty() && part.chars().all(|c| c.is_digit(radix)));
    let number = i64::from_str_radix(&digits.replace('_', ""), radix).ok().filter(|_| apart)?;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').filter(|word| !word.is_empty()).map(|word| word.replace('␣', " ").into()).collect()
    }

    fn read(line: &str) -> String {
        let mut definition = crate::cli::Cli::definition();
        definition.build();
        let read = rewritten(words(line), &definition);
        read.iter().map(|word| word.to_string_lossy().replace(' ', "␣")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_spelling_becomes_one() {
        for (typed, meant) in [
            ("call a f", "call -- a f"),
            ("call a -i hi f", "call --input=hi -- a f"),
            ("call a f -ihi", "call --input=hi -- a f"),
            ("call a f -i=hi", "call --input=hi -- a f"),
            ("call a f -i -5", "call --input=-5 -- a f"),
            ("call a f --input ---␣a", "call --input=---␣a -- a f"),
            ("call a f --input --stdin", "call --input=--stdin -- a f"),
            ("call a f --input=", "call --input= -- a f"),
            ("call a f --input -- x", "call --input=-- -- a f x"),
            ("call -- a -i", "call -- a -i"),
            ("call - f", "call -- - f"),
            ("call a f -mvq", "call --manifest --verbose --quiet -- a f"),
            ("call a f -mi hi", "call --input=hi --manifest -- a f"),
            ("call a f -m=false", "call -- a f"),
            ("call a f --wasi=T --stdin=0", "call --wasi -- a f"),
            ("call a f --wasi --wasi=false", "call -- a f"),
            ("call a f --wasi true", "call --wasi -- a f true"),
            ("call a f --loop 0x10 --timeout 1_000", "call --loop=16 --timeout=1000 -- a f"),
            ("call a f --memory-max -1 --var-max +7", "call --memory-max=-1 --var-max=7 -- a f"),
            ("call a f --timeout 2s", "call --timeout=2s -- a f"),
            ("call a f --log-level=", "call -- a f"),
            ("-v call a f", "call --verbose -- a f"),
            ("-q --verbose=true call a f", "call --quiet --verbose -- a f"),
            ("-vq call a f", "call --verbose --quiet -- a f"),
            ("--github-token x call a f", "call --github-token=x -- a f"),
            ("--github-token=x call a f", "call --github-token=x -- a f"),
            ("--input call call a f", "call --input=call -- a f"),
            ("-i hi call a f", "call --input=hi -- a f"),
            ("--no-rc --json -e call a f", "--no-rc -e call --json -- a f"),
            ("-v x=1 call a f", "-v x=1 call -- a f"),
            ("-c ps -i call a f", "-c ps -i call -- a f"),
            ("call a f --bogus", "call --bogus -- a f"),
            ("call a f -x", "call -x -- a f"),
            ("call a f --input", "call --input"),
            ("call a f -mi", "call --manifest --input"),
            ("call a f --wasi=maybe", "call --wasi=maybe -- a f"),
        ] {
            assert_eq!(read(typed), meant, "`{typed}`");
        }
    }

    #[test]
    fn other_modes_are_left_alone() {
        for typed in
            ["", "test a --junit x", "-c ps", "a.plugsh call", "-v x=1 a.plugsh", "-- call a f", "-c call", "-i a"]
        {
            assert_eq!(read(typed), typed);
        }
    }

    #[test]
    fn numbers_are_gos() {
        for (text, number) in
            [("0", Some(0)), ("010", Some(8)), ("0b11", Some(3)), ("0x_ff", Some(255)), ("1__0", None)]
        {
            assert_eq!(go_integer(text), number, "{text}");
        }
        for text in ["", "-", "2s", "08", "0x", "_1", "1_", "99999999999999999999"] {
            assert_eq!(go_integer(text), None, "{text}");
        }
    }
}
