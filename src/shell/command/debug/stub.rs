//! `stub`, `stubs`, `unstub`: answers in place of a plugin's function.

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::{Filter, KeptBytes};
use crate::kernel::hooks::{StubAnswer, StubSpec, StubView};
use crate::runtime::Explained;
use crate::runtime::stand_in::StandInTypes;
use crate::shell::command::{Kind, syntax_with};
use crate::shell::filter::parse_filter;
use crate::shell::grammar::{CommandGrammar, split_dotted};
use crate::shell::listing::{self, Column};
use crate::shell::loading::imports::{ImportName, import_name};
use crate::shell::loading::literal::typed_answer;
use crate::shell::recording::Entry;
use crate::shell::reply::{Line, Reply, Role, ShellError, cell, plain};
use crate::shell::script::check_commands;
use crate::shell::session::Session;
use crate::shell::units::parse_hex;
use crate::shell::words::SHELL;
use crate::shell::words::payload::{JsonPayload, preview};

/// The command `stub`.
pub static STUB: Command = Command {
    name: "stub",
    group: Group::Debugging,
    summary: "answer for a function of a plugin",
    description: "Calls of NAME.FUNCTION get this answer and the plugin does not run: bytes, `@FILE`, the call's own input \
        (`--echo`), or what commands print (`--run`; they find the input in `$INPUT`). NAME is a process's name or that of its \
        source, so that all of them answer alike. When there is no such plugin, its name can be loaded and called, by \
        guests too. `trace` marks the calls. With `-e EXPR` it answers just the calls that EXPR asks for; a function may have \
        several such stubs, of which the first that fits answers. MODULE:FUNCTION answers for a product's host function: a plugin that imports it \
        and is loaded from then on calls a process named by the module, which only stubs answer for. What the function gets \
        and gives is as with `load --import`: the bytes of one handle, else a JSON array of its arguments; bytes for a \
        handle, else a number. INPUT may have its type with it, and several results have theirs: `i64:42`, \
        `handle:some text`, `(f64:0.5, handle:\"a, b\")`; the types are handle, i32, i64, f32, f64 and v128. `help load` has \
        those that may stand after the name.",
    examples: &[
        "\
        stub cart.total = 42\n\
        load cart\n\
        # 1:cart\n\
        call cart total {\"id\": 7}\n\
        # 42",
        "\
        load text\n\
        # 1:text\n\
        load front\n\
        # 2:front\n\
        stub count_vowels.count_vowels --run 'call text upper $INPUT'\n\
        call front run abc\n\
        # ABC",
        "\
        load text\n\
        # 1:text\n\
        stub text.upper -e 'input contains secret' = ***\n\
        text.upper 'a secret'\n\
        # ***\n\
        text.upper 'a word'\n\
        # A WORD",
    ],
    syntax: syntax::<StubWords>(),
    run: Run::Plain(run_stub),
};

/// The command `stubs`.
pub static STUBS: Command = Command {
    name: "stubs",
    group: Group::Debugging,
    summary: "list stubs",
    description: "One row a stub, with how many calls it has answered.",
    examples: &["\
        stub cart.total = 42\n\
        stub cart.add --echo\n\
        stubs\n\
        # STUB        ANSWER       HITS\n\
        # cart.total  2 bytes: 42     0\n\
        # cart.add    --echo          0"],
    syntax: syntax::<StubsWords>(),
    run: Run::Plain(run_stubs),
};

/// The command `unstub`.
pub static UNSTUB: Command = Command {
    name: "unstub",
    group: Group::Debugging,
    summary: "take stubs away",
    description: "NAME.FUNCTION takes one away, NAME all of that plugin's; `--all` every one. Processes that only stubs \
        answered for stay, and fail.",
    examples: &["\
        stub text.upper = NO\n\
        load text\n\
        # 1:text\n\
        text.upper hi\n\
        # NO\n\
        unstub text.upper\n\
        text.upper hi\n\
        # HI"],
    syntax: syntax_with::<UnstubWords>(|_| Some(Kind::Stub)),
    run: Run::Plain(run_unstub),
};

#[derive(Debug, clap::Args)]
struct StubWords {
    /// a name that nothing has yet is meant: no warning
    #[arg(long)]
    pending: bool,
    #[arg(value_name = "NAME.FUNCTION")]
    target: String,
    #[arg(value_name = "=", value_parser = ["="])]
    equals: Option<String>,
    #[arg(id = "input", value_name = "INPUT")]
    input: Option<String>,
    /// answer only these calls, as 'input./qty>3'; the others go to the plugin, or to a stub without EXPR
    #[arg(short = 'e', value_name = "EXPR", value_parser = parse_filter)]
    filter: Option<Filter>,
    /// answer with the call's own input
    #[arg(long)]
    echo: bool,
    /// answer with what these commands print
    #[arg(long, value_name = "COMMANDS")]
    run: Option<String>,
    /// INPUT is hexadecimal
    #[arg(long)]
    hex: bool,
}

#[derive(Debug, clap::Args)]
struct StubsWords {
    /// write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct UnstubWords {
    #[arg(value_name = "NAME[.FUNCTION]", required_unless_present = "all")]
    targets: Vec<String>,
    /// take every stub away
    #[arg(long)]
    all: bool,
}

fn run_stub(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let spec = spec_of(session, arguments)?;
    set(session, &spec)?;
    Ok(Reply::done(serde_json::json!({ "stub": spec.name(), "answer": answer_text(&spec.answer) })))
}

/// Sets a stub.
///
/// # Errors
/// There are too many stubs, or it stands in for a living process's import that has another.
pub fn set(session: &Session, spec: &StubSpec) -> Result<(), ShellError> {
    session.kernel().set_stub(spec.clone()).map_err(|why| ShellError::failed(why.line(SHELL)))?;
    session.record(|| Entry::Stub(spec.into()));
    Ok(())
}

/// The stub that the words of `stub` ask for.
///
/// # Errors
/// The words are wrong, or ask for no answer or several.
pub fn spec_of(session: &mut Session, arguments: Arguments) -> Result<StubSpec, ShellError> {
    let (words, input) = arguments.parse::<StubWords>()?;
    let answer = match (input, words.echo, words.run) {
        (Some(bytes), false, None) if words.hex => {
            StubAnswer::Bytes(parse_hex(&bytes).map_err(ShellError::usage)?.into())
        }
        (Some(bytes), false, None) => StubAnswer::Bytes(bytes.into()),
        (None, true, None) => StubAnswer::Echo,
        (None, false, Some(commands)) => {
            check_commands(&CommandGrammar(session.table()), &commands)?;
            StubAnswer::Run(commands)
        }
        _ => {
            return Err(ShellError::usage(
                "`stub` wants one answer: `= BYTES`, `= @FILE`, `--echo` or `--run COMMANDS`",
            ));
        }
    };
    let import = import_name(&words.target).transpose();
    if let Some(import) = import.map_err(|why| ShellError::usage(format!("`{}`: {why}", words.target)))? {
        let ImportName { module, function, types } = import;
        let (types, answer) = if words.hex { (types, answer) } else { typed(&words.target, types, answer)? };
        return Ok(StubSpec { filter: words.filter, ..StubSpec::of_import(&module, &function, types, answer) });
    }
    let (plugin, function) = split(session, &words.target)?;
    // A stub may precede its plugin; only a name close to an existing one is taken for a typo.
    let unknown = session.unknown_call(&plugin, &function).filter(|unknown| unknown.near.is_some());
    if let Some(unknown) = unknown.filter(|_| !words.pending) {
        session.notice(Line::new().with(Role::Warn, unknown.message()));
    }
    Ok(StubSpec { plugin, function, filter: words.filter, answer, import: None })
}

/// The types and the answer of an import's stub, where the answer may have its types with it: `i64:42`. Where other
/// types stand after the name, the answer is bytes.
fn typed(
    target: &str,
    named: Option<StandInTypes>,
    answer: StubAnswer,
) -> Result<(Option<StandInTypes>, StubAnswer), ShellError> {
    let StubAnswer::Bytes(bytes) = &answer else { return Ok((named, answer)) };
    let Some(literal) = typed_answer(bytes) else { return Ok((named, answer)) };
    let literal = literal.map_err(|why| ShellError::usage(format!("answer of `{target}`: {why}")))?;
    let results = named.as_ref().and_then(|named| named.results.as_ref());
    if results.is_some_and(|results| *results != literal.types) {
        return Ok((named, answer));
    }
    let types = StandInTypes { params: named.and_then(|named| named.params), results: Some(literal.types) };
    Ok((Some(types), StubAnswer::Bytes(literal.bytes.into())))
}

/// Splits `NAME.FUNCTION`: at the longest living name that matches, else at the last dot.
fn split(session: &Session, target: &str) -> Result<(String, String), ShellError> {
    let wrong = || ShellError::usage(format!("`{target}` is no NAME.FUNCTION"));
    split_dotted(target).ok_or_else(wrong)?;
    let [plugin, function] = <[String; 2]>::try_from(session.split_call(target)).map_err(|_| wrong())?;
    match target.rsplit_once('.') {
        Some((longest, rest)) if !rest.is_empty() && session.kernel().find(&plugin).is_err() => {
            Ok((longest.to_owned(), rest.to_owned()))
        }
        _ => Ok((plugin, function)),
    }
}

fn run_stubs(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<StubsWords>()?;
    let stubs = session.kernel().stubs();
    if session.wants_json(words.json) {
        return Ok(Reply::json(&stubs.iter().map(StubRow::of).collect::<Vec<_>>()));
    }
    Ok(Reply::Table(listing::table(&stubs, &COLUMNS)))
}

const COLUMNS: [Column<StubView>; 4] = [
    Column::left("stub", |stub| cell(Role::Name, stub.spec.name())),
    Column::left("expr", |stub| plain(expr_of(stub).unwrap_or_default().to_owned())).optional(),
    Column::left("answer", |stub| plain(answer_text(&stub.spec.answer))),
    Column::right("hits", |stub: &StubView| plain(stub.hits.to_string())).importance(1),
];

fn expr_of(stub: &StubView) -> Option<&str> {
    stub.spec.filter.as_ref().map(Filter::source)
}

fn answer_text(answer: &StubAnswer) -> String {
    match answer {
        StubAnswer::Bytes(bytes) => preview(&KeptBytes::keep(bytes, u64::MAX)),
        StubAnswer::Echo => "--echo".to_owned(),
        StubAnswer::Run(commands) => format!("--run {commands}"),
    }
}

/// A stub in JSON.
#[derive(Serialize)]
struct StubRow<'a> {
    plugin: &'a str,
    function: &'a str,
    /// Module of an import's stub; `None` for a stub of a plugin's function.
    module: Option<&'a str>,
    /// The calls that it answers; `None`: all.
    expr: Option<&'a str>,
    kind: &'static str,
    #[serde(flatten)]
    output: JsonPayload<'a>,
    run: Option<&'a str>,
    hits: u64,
}

impl StubRow<'_> {
    fn of(stub: &StubView) -> StubRow<'_> {
        let spec = &stub.spec;
        let (kind, bytes, run) = match &spec.answer {
            StubAnswer::Bytes(bytes) => ("bytes", Some(&**bytes), None),
            StubAnswer::Echo => ("echo", None, None),
            StubAnswer::Run(commands) => ("run", None, Some(commands.as_str())),
        };
        StubRow {
            plugin: &spec.plugin,
            function: &spec.function,
            module: spec.import.as_ref().map(|import| import.module.as_str()),
            expr: expr_of(stub),
            kind,
            output: JsonPayload::whole("output", bytes),
            run,
            hits: stub.hits,
        }
    }
}

fn run_unstub(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<UnstubWords>()?;
    let before = session.kernel().stubs();
    if words.all {
        for stub in &before {
            unstub(session, &stub.spec.plugin, None);
        }
    }
    for target in &words.targets {
        let stubs = session.kernel().stubs();
        let removed = match stubs.iter().find(|stub| stub.spec.name() == *target) {
            Some(stub) if stub.spec.import.is_some() => unstub_import(session, &stub.spec),
            Some(stub) => unstub(session, &stub.spec.plugin, Some(&stub.spec.function)),
            None => unstub(session, target, None),
        };
        if removed == 0 {
            return Err(ShellError::failed(format!("no stub `{target}`; `stubs` lists them")));
        }
    }
    let left: Vec<String> = session.kernel().stubs().iter().map(|stub| stub.spec.name()).collect();
    let removed = before.iter().map(|stub| stub.spec.name()).filter(|name| !left.contains(name));
    Ok(Reply::done(serde_json::json!({ "unstubbed": removed.collect::<Vec<_>>() })))
}

/// Removes an import's stub; returns the number of removed stubs, 0 or 1.
pub fn unstub_import(session: &Session, spec: &StubSpec) -> usize {
    session.record(|| Entry::Unstub { plugin: spec.plugin.clone(), function: Some(spec.function.clone()) });
    usize::from(session.kernel().unstub_import(&spec.name()))
}

/// Removes the stubs of a plugin, or of one function; returns the number of removed stubs.
pub fn unstub(session: &Session, plugin: &str, function: Option<&str>) -> usize {
    session.record(|| Entry::Unstub { plugin: plugin.to_owned(), function: function.map(str::to_owned) });
    session.kernel().unstub(plugin, function)
}
