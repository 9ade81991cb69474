//! `inject`, `faults`: fault injection, which makes calls fail, wait or lose their output.

use std::time::Duration;

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::Filter;
use crate::kernel::hooks::{FaultKind, FaultSpec, FaultView, FaultWhen};
use crate::runtime::Explained;
use crate::shell::command::{Kind, syntax_with};
use crate::shell::filter::parse_filter;
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Line, Reply, Role, ShellError, cell, plain};
use crate::shell::session::Session;
use crate::shell::units::parse_within;
use crate::shell::units::{parse_duration, show_duration};
use crate::shell::words::SHELL;

/// The command `inject`.
pub static INJECT: Command = Command {
    name: "inject",
    group: Group::Debugging,
    summary: "make calls fail, wait or lose their output",
    description: "Does something to each call that EXPR asks for (`help filters`; a name is a process's or its plugin's, so \
        that `cart.total` means `cart-2` too): `error=MESSAGE` fails it as if the plugin had said so, \
        `trap` fails it and takes the plugin's instance with it, `delay=50ms` makes it wait (deadlines go on), \
        `drop-output` loses what it gave. `when=3` means the third such call only, `when=3+` from the third on, `when=3..5`, \
        `when=3+2` every second from the third on; `p=0.1` one in ten by chance, from a seed that is printed: with the same \
        `seed=N` (or `plugsh --seed N`) and the same calls the same ones are hit. `trace` marks what was changed.",
    examples: &[
        "\
        load front\n\
        # 1:front\n\
        inject 'callee=count_vowels' error='no vowels left'\n\
        # fault 1: error=\"no vowels left\" on callee=count_vowels\n\
        call front run abc\n\
        # 2:count_vowels.count_vowels: no vowels left (1:front.run → …",
        "\
        load echo\n\
        # 1:echo\n\
        inject 'callee=echo' drop-output when=2\n\
        # fault 1: drop-output on callee=echo when=2\n\
        call echo echo a\n\
        # a\n\
        call echo echo b\n\
        call echo echo c\n\
        # c",
    ],
    syntax: syntax::<InjectWords>(),
    run: Run::Plain(run_inject),
};

/// The command `faults`.
pub static FAULTS: Command = Command {
    name: "faults",
    group: Group::Debugging,
    summary: "list faults, and take them away",
    description: "One row a fault, with how many calls matched and how many were hit. `faults delete N` takes one away, \
        `faults clear` all.",
    examples: &["\
        inject --pending 'callee=cart' trap when=3+ p=0.5 seed=7\n\
        # fault 1: trap on callee=cart when=3+ p=0.5 seed=7\n\
        faults\n\
        # N  FAULT  EXPR         WHEN    P  SEED  MATCHED  HITS\n\
        # 1  trap   callee=cart  3+    0.5     7        0     0\n\
        faults clear"],
    syntax: syntax_with::<FaultsWords>(fault_after_delete),
    run: Run::Plain(run_faults),
};

/// The words of a fault, each with its effect: first those that change a call, then those that choose the calls. A word
/// that ends with `=` takes a value.
pub const FAULT_WORDS: [FaultWord; 7] = [
    FaultWord::effect("error=", "fails the call with this message"),
    FaultWord::effect("trap", "fails it and takes the plugin's instance with it"),
    FaultWord::effect("delay=", "makes it wait"),
    FaultWord::effect("drop-output", "loses what it gave"),
    FaultWord::condition("when=", "which calls: 3, 3+, 3..5 or 3+2"),
    FaultWord::condition("p=", "by chance, from 0 to 1"),
    FaultWord::condition("seed=", "of the chance"),
];

/// A word of a fault, or the start of one.
#[derive(Debug, Clone, Copy)]
pub struct FaultWord {
    /// The word; its value follows a `=`.
    pub word: &'static str,
    /// A phrase, for lists.
    pub about: &'static str,
    /// Whether the word is the effect, of which a fault has one.
    pub is_effect: bool,
}

impl FaultWord {
    const fn effect(word: &'static str, about: &'static str) -> FaultWord {
        FaultWord { word, about, is_effect: true }
    }

    const fn condition(word: &'static str, about: &'static str) -> FaultWord {
        FaultWord { word, about, is_effect: false }
    }

    /// Whether the word still fits behind those that were given: an effect is given once, as is each condition.
    pub fn fits(&self, given: &[&str]) -> bool {
        let is_given =
            |word: &str| given.iter().any(|given| *given == word || word.ends_with('=') && given.starts_with(word));
        let has_effect = FAULT_WORDS.iter().any(|other| other.is_effect && is_given(other.word));
        !(is_given(self.word) || has_effect && self.is_effect)
    }
}

/// The completion of `faults delete N`.
fn fault_after_delete(words: &[&str]) -> Option<Kind> {
    matches!(words, ["delete", ..]).then_some(Kind::Fault)
}

#[derive(Debug, clap::Args)]
struct InjectWords {
    /// a name that nothing has yet is meant: no warning
    #[arg(long)]
    pending: bool,
    /// as 'callee=cart and depth>2'
    #[arg(value_name = "EXPR", value_parser = parse_filter)]
    filter: Filter,
    /// error=MESSAGE, trap, delay=50ms or drop-output; when=N, p=CHANCE, seed=N
    #[arg(value_name = "FAULT", required = true)]
    words: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct FaultsWords {
    #[arg(value_name = "ACTION", value_parser = ["delete", "clear"])]
    action: Option<String>,
    #[arg(value_name = "N", value_parser = |text: &str| parse_within(text, 0..=u32::MAX))]
    numbers: Vec<u32>,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run_inject(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<InjectWords>()?;
    let filter = words.filter.source().to_owned();
    session.warn_of_unknown(&words.filter, words.pending);
    let spec = read(words.filter, &words.words).map_err(ShellError::usage)?;
    let view =
        session.kernel().inject(spec).map_err(|why| ShellError::failed(format!("`{filter}`: {}", why.line(SHELL))))?;
    let text = format!(": {} on {}{}", kind_text(&view.kind), view.filter, rest_text(&view));
    let line = Line::new().with(Role::Strong, format!("fault {}", view.id)).plain(text);
    Ok(Reply::news(
        line,
        serde_json::json!({ "fault": view.id, "kind": kind_text(&view.kind), "filter": view.filter.to_string() }),
    ))
}

fn read(filter: Filter, words: &[String]) -> Result<FaultSpec, String> {
    let mut kind = None;
    let (mut when, mut chance, mut seed) = (FaultWhen::ALWAYS, None, None);
    for word in words {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let read = match (name, value) {
            ("error", Some(message)) => Some(FaultKind::Error(message.to_owned())),
            ("delay", Some(delay)) => Some(FaultKind::Delay(parse_duration(delay)?)),
            ("drop-output", None) => Some(FaultKind::DropOutput),
            ("trap", None) => Some(FaultKind::Trap),
            ("when", Some(text)) => {
                when = parse_when(text).ok_or_else(|| format!("`when={text}`: write 3, 3+, 3..5 or 3+2"))?;
                None
            }
            ("p", Some(text)) => {
                let number = text.parse().ok().filter(|chance| (0.0..=1.0).contains(chance));
                chance = Some(number.ok_or_else(|| format!("`p={text}`: a chance is from 0 to 1"))?);
                None
            }
            ("seed", Some(text)) => {
                seed = Some(text.parse().map_err(|_| format!("`seed={text}`: a seed is a whole number"))?);
                None
            }
            _ => {
                return Err(format!(
                    "`{word}` is no fault; there are error=MESSAGE, trap, delay=50ms and drop-output, with when=, p= and seed="
                ));
            }
        };
        if read.is_some() && kind.is_some() {
            return Err(format!("`{word}`: one fault at a time; set a second one for it"));
        }
        kind = kind.or(read);
    }
    let kind = kind.ok_or("what is to happen is missing: error=MESSAGE, trap, delay=50ms or drop-output")?;
    Ok(FaultSpec { filter, kind, when, chance, seed })
}

/// Occurrences in their notation: `3`, `3+`, `3..5`, `3+2`, `3..9+2`.
fn parse_when(text: &str) -> Option<FaultWhen> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0);
    let (range, step) = match text.split_once('+') {
        Some((range, "")) => (range, Some(1)),
        Some((range, step)) => (range, Some(number(step)?)),
        None => (text, None),
    };
    let (first, last) = match range.split_once("..") {
        Some((first, last)) => (number(first)?, Some(number(last)?)),
        None => (number(range)?, None),
    };
    if last.is_some_and(|last| last < first) {
        return None;
    }
    let last = last.or(if step.is_none() { Some(first) } else { None });
    Some(FaultWhen { first, last, step: step.unwrap_or(1) })
}

fn when_text(when: FaultWhen) -> String {
    let step = if when.step > 1 { format!("+{}", when.step) } else { String::new() };
    match when.last {
        _ if when == FaultWhen::ALWAYS => String::new(),
        None if when.step > 1 => format!("{}{step}", when.first),
        None => format!("{}+", when.first),
        Some(last) if last == when.first => when.first.to_string(),
        Some(last) => format!("{}..{last}{step}", when.first),
    }
}

fn kind_text(kind: &FaultKind) -> String {
    match kind {
        FaultKind::Error(message) => format!("error={message:?}"),
        FaultKind::Delay(delay) => format!("delay={}", show_duration(Duration::from_millis(delay.as_millis() as u64))),
        FaultKind::DropOutput => "drop-output".to_owned(),
        FaultKind::Trap => "trap".to_owned(),
    }
}

fn rest_text(view: &FaultView) -> String {
    let when = when_text(view.when);
    let when = if when.is_empty() { when } else { format!(" when={when}") };
    let chance = view.chance.map(|chance| format!(" p={chance} seed={}", view.seed)).unwrap_or_default();
    format!("{when}{chance}")
}

fn run_faults(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<FaultsWords>()?;
    match words.action.as_deref() {
        Some("clear") => {
            let faults: Vec<_> = session.kernel().faults().iter().map(|fault| fault.id).collect();
            session.kernel().clear_faults();
            Ok(Reply::done(serde_json::json!({ "deleted": faults })))
        }
        Some(_) => {
            if words.numbers.is_empty() {
                return Err(ShellError::usage("`faults delete` wants N; `faults clear` takes all away"));
            }
            match words.numbers.iter().find(|number| !session.kernel().delete_fault(**number)) {
                Some(number) => Err(ShellError::failed(format!("no fault `{number}`; `faults` lists them"))),
                None => Ok(Reply::done(serde_json::json!({ "deleted": words.numbers }))),
            }
        }
        None => {
            let rows: Vec<FaultRow> = session.kernel().faults().into_iter().map(FaultRow::from).collect();
            Ok(listing::reply(&rows, &COLUMNS, session.wants_json(words.json)))
        }
    }
}

/// A fault as a row of `faults`.
#[derive(Serialize)]
struct FaultRow {
    id: u32,
    fault: String,
    expr: String,
    when: String,
    p: Option<f64>,
    /// Seed of the chance `p`; `None` without a chance.
    seed: Option<u64>,
    matched: u64,
    hits: u64,
}

impl From<FaultView> for FaultRow {
    fn from(view: FaultView) -> FaultRow {
        let FaultView { id, filter: expr, kind, when, chance: p, seed, matched, hits } = view;
        FaultRow { id, fault: kind_text(&kind), expr, when: when_text(when), p, seed: p.map(|_| seed), matched, hits }
    }
}

const COLUMNS: [Column<FaultRow>; 8] = [
    Column::right("n", |row| cell(Role::Strong, row.id.to_string())),
    Column::left("fault", |row| cell(Role::Warn, row.fault.clone())),
    Column::left("expr", |row| cell(Role::Code, row.expr.clone())),
    Column::left("when", |row: &FaultRow| plain(row.when.clone())).importance(3),
    Column::right("p", |row: &FaultRow| plain(row.p.map(|chance| chance.to_string()).unwrap_or_default()))
        .importance(2),
    Column::right("seed", |row: &FaultRow| plain(row.seed.map(|seed| seed.to_string()).unwrap_or_default()))
        .importance(1),
    Column::right("matched", |row: &FaultRow| plain(row.matched.to_string())).importance(4),
    Column::right("hits", |row| plain(row.hits.to_string())),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(words: &[&str]) -> Result<FaultSpec, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        read(Filter::parse("callee=cart").unwrap(), &words)
    }

    #[test]
    fn when_is_read_as_it_is_written() {
        for text in ["3", "3+", "3..5", "3+2", "3..9+2"] {
            assert_eq!(parse_when(text).map(when_text).as_deref(), Some(text));
        }
        for text in ["", "0", "x", "+", "5..3", "3..", "3+0"] {
            assert_eq!(parse_when(text), None, "{text}");
        }
        assert_eq!(when_text(FaultWhen::ALWAYS), "");
    }

    #[test]
    fn a_fault_is_one_thing_with_its_chances() {
        let read = spec(&["when=2", "error=a=b", "p=0.5", "seed=9"]).unwrap();
        assert_eq!((read.kind, read.chance, read.seed), (FaultKind::Error("a=b".into()), Some(0.5), Some(9)));
        for (words, part) in [
            (vec!["trap", "drop-output"], "one fault at a time"),
            (vec!["when=3"], "is missing"),
            (vec!["trap", "p=2"], "from 0 to 1"),
            (vec!["trap=1"], "is no fault"),
            (vec!["delay=soon"], "no duration"),
        ] {
            let error = spec(&words).map(|_| ()).unwrap_err();
            assert!(error.contains(part), "{words:?}: {error}");
        }
    }
}
