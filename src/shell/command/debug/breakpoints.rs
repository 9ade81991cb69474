//! `break`, `breaks`, `delete`: breakpoints, which hold calls.

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::Filter;
use crate::kernel::hooks::{BreakPlace, BreakSpec, BreakpointView, HoldSide, RuleRefusal};
use crate::runtime::Explained;
use crate::shell::breaking::{BreakAt, code_target, parse_break};
use crate::shell::command::{Kind, syntax_with};
use crate::shell::filter::parse_filter;
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Line, Reply, Role, ShellError, cell, plain};
use crate::shell::script::check_commands;
use crate::shell::session::Session;
use crate::shell::units::parse_within;
use crate::shell::words::SHELL;
use crate::shell::words::code::{places_text, what_text};

/// The command `break`.
pub static BREAK: Command = Command {
    name: "break",
    group: Group::Debugging,
    summary: "hold calls that an expression asks for, or stop in a plugin's code",
    description: "Holds the job before each call that EXPR asks for (`--on return`: when the call has ended), with its \
        deadlines standing still, and gives the prompt back. \
        A name in EXPR is a process's or that of the plugin it was loaded from: `cart.total` holds in `cart-2` too, \
        `cart-2.total` and `2:cart.total` in that one; `help filters` says more. `bt` shows where it stands; `continue`, `step`, `next` and \
        `finish` let it go on; `set-input`, `return` and `fail` change the call. `--do` runs commands when it is hit: \
        in a script, or to look and go on. Other jobs go on; `kill %N` ends a held one. \
        What a plugin calls while it is loaded is held too. \
        PLACE is in a plugin's code: `src/lib.rs:42` (a file by the end of its path), `cart::total` or `cart.wasm:total` (a \
        function of the source, or an export), `cart::lib.rs:42` where several plugins have the file; `--on trap` is wherever \
        a plugin traps, and `-e EXPR` leaves calls out. The first breakpoint in a plugin's code restarts it, so that it can be \
        stopped there, and says so; `load --debug` does it from the start. At the stop `bt`, `frame`, `list`, `locals` and \
        `print` show what is there, `step`, `next`, `finish` and `until` go on by lines.",
    examples: &[
        "\
        load front\n\
        # 1:front\n\
        break 'callee=count_vowels'\n\
        # breakpoint 1: before callee=count_vowels\n\
        call front run abc\n\
        # %1 is held before 2:count_vowels.count_vowels (breakpoint 1)\n\
        #   chain   1:front.run → 2:count_vowels.count_vowels\n\
        #   input   3 bytes: abc\n\
        #   limits  depth 2 of 64\n\
        # `continue`, `step`, `next`, `finish`, `set-input`, `return` …\n\
        continue\n\
        # {\"count\":1,\"total\":1,\"vowels\":\"aeiouAEIOU\"}",
        "\
        load echo\n\
        # 1:echo\n\
        break 'function=echo' --on return --do 'return changed'\n\
        # breakpoint 1: after function=echo\n\
        call echo echo hi\n\
        # changed",
        "\
        load echo\n\
        # 1:echo\n\
        break echo::echo\n\
        # 1:echo restarted; it can be stopped in its code now\n\
        # breakpoint 1: echo in 1:echo\n\
        call echo echo hi\n\
        # %1 is held in 1:echo.echo (breakpoint 1)\n\
        # …\n\
        continue\n\
        # hi",
    ],
    syntax: syntax::<BreakWords>(),
    run: Run::Plain(run_break),
};

/// The command `breaks`.
pub static BREAKS: Command = Command {
    name: "breaks",
    group: Group::Debugging,
    summary: "list breakpoints",
    description: "One row a breakpoint, with how many calls it has held.",
    examples: &["\
        break 'depth>3'\n\
        # breakpoint 1: before depth>3\n\
        breaks\n\
        # N  SIDE    EXPR     HITS  DO\n\
        # 1  before  depth>3     0"],
    syntax: syntax::<BreaksWords>(),
    run: Run::Plain(run_breaks),
};

/// The command `delete`.
pub static DELETE: Command = Command {
    name: "delete",
    group: Group::Debugging,
    summary: "take breakpoints away",
    description: "N is a number of `breaks`. Without one all are taken away. A job that is held stays held.",
    examples: &["\
        break 'depth>3'\n\
        # breakpoint 1: before depth>3\n\
        delete 1\n\
        breaks\n\
        # N  SIDE  EXPR  HITS  DO"],
    syntax: syntax_with::<DeleteWords>(|_| Some(Kind::Breakpoint)),
    run: Run::Plain(run_delete),
};

#[derive(Debug, clap::Args)]
struct BreakWords {
    /// a name that nothing has yet is meant: no warning
    #[arg(long)]
    pending: bool,
    /// as 'callee=cart and bytes_in>1k'; or a place in code, as src/lib.rs:42 or cart::total
    #[arg(value_name = "EXPR|PLACE", value_parser = parse_break)]
    at: Option<BreakAt>,
    /// only in these calls, for a place in code and for traps
    #[arg(short = 'e', long = "expr", value_name = "EXPR", value_parser = parse_filter)]
    filter: Option<Filter>,
    /// hold it before it runs, when it has ended, or where a plugin traps
    #[arg(long)]
    on: Option<On>,
    /// what to run when it is hit
    #[arg(long = "do", value_name = "COMMANDS")]
    commands: Option<String>,
}

#[derive(Debug, clap::Args)]
struct BreaksWords {
    /// write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct DeleteWords {
    #[arg(value_name = "N", value_parser = |text: &str| parse_within(text, 0..=u32::MAX))]
    numbers: Vec<u32>,
}

fn run_break(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<BreakWords>()?;
    if let Some(commands) = &words.commands {
        check_commands(&session.grammar(), commands)?;
    }
    let (place, filter, place_words) = match (words.at, words.on) {
        (None, Some(On::Trap)) => at_traps(session, words.filter)?,
        (Some(BreakAt::Code(text)), None) => at_code(session, &text, words.filter, words.pending)?,
        (Some(BreakAt::Calls(filter)), on) if on != Some(On::Trap) && words.filter.is_none() => {
            session.warn_of_unknown(&filter, words.pending);
            let side = if on == Some(On::Return) { HoldSide::After } else { HoldSide::Before };
            let place_words = format!("{} {}", side.as_str(), filter.source());
            (BreakPlace::Call(side), Some(filter), place_words)
        }
        (Some(BreakAt::Calls(_)), Some(On::Trap)) => {
            return Err(usage("`--on trap` takes its expression as `-e EXPR`"));
        }
        (Some(BreakAt::Calls(_)), _) => return Err(usage("`-e EXPR` is for a place in code; here, EXPR says it all")),
        (Some(BreakAt::Code(_)), _) => return Err(usage("a place in code has no `--on`")),
        (None, _) => {
            let usage = "`break` wants EXPR or PLACE, as src/lib.rs:42; `--on trap` alone goes without";
            return Err(ShellError::usage(usage.to_owned()));
        }
    };
    let text = filter.as_ref().map(|filter| filter.source().to_owned());
    let on = match &place {
        BreakPlace::Call(side) => side.as_str(),
        BreakPlace::Code(_) => "code",
        BreakPlace::Trap => "trap",
    };
    let spec = BreakSpec { place, filter, commands: words.commands, owner: session.owner() };
    let refused = |why: RuleRefusal| {
        let why = why.line(SHELL);
        ShellError::failed(text.as_ref().map_or_else(|| why.clone(), |text| format!("`{text}`: {why}")))
    };
    let id = session.kernel().set_breakpoint(spec).map_err(refused)?;
    let line = Line::new().with(Role::Strong, format!("breakpoint {id}")).plain(format!(": {place_words}"));
    Ok(Reply::news(line, serde_json::json!({ "breakpoint": id, "on": on, "filter": text })))
}

/// The moment at which a job is held, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum On {
    Call,
    Return,
    Trap,
}

fn usage(why: &str) -> ShellError {
    ShellError::usage(format!("`break`: {why}"))
}

/// A breakpoint's place, its expression, and its place in words.
type Placed = (BreakPlace, Option<Filter>, String);

/// Makes the plugins that have code of a place stop there.
fn at_code(session: &mut Session, text: &str, filter: Option<Filter>, pending: bool) -> Result<Placed, ShellError> {
    let target = code_target(session.kernel(), text, false);
    let found = match session.processes_with(&target) {
        Err(_) if pending => {
            let target = code_target(session.kernel(), text, true);
            let place_words = format!("{target}, in what is loaded from now on");
            return Ok((BreakPlace::Code(target), filter, place_words));
        }
        found => found?,
    };
    let stopped: Vec<_> = found.iter().filter(|code| !code.is_debugged).map(|code| code.process.clone()).collect();
    session.make_stoppable(&stopped)?;
    let tables = session.kernel().line_tables();
    let places = found.iter().filter_map(|code| Some(places_text(tables, code, code.points.as_ref().ok()?)));
    let places: Vec<String> = places.collect();
    Ok((BreakPlace::Code(target), filter, places.join(", ")))
}

/// Makes all plugins stop where they trap.
fn at_traps(session: &mut Session, filter: Option<Filter>) -> Result<Placed, ShellError> {
    let stopped = session.kernel().not_debugged();
    session.make_stoppable(&stopped)?;
    let place_words = filter.as_ref().map_or_else(String::new, |filter| format!(" of calls with {}", filter.source()));
    Ok((BreakPlace::Trap, filter, format!("at traps{place_words}")))
}

fn run_breaks(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<BreaksWords>()?;
    let breakpoints = session.kernel().breakpoints();
    Ok(listing::reply(&breakpoints, &COLUMNS, session.wants_json(words.json)))
}

const COLUMNS: [Column<BreakpointView>; 5] = [
    Column::right("n", |breakpoint| cell(Role::Strong, breakpoint.id.to_string())),
    Column::left("side", |breakpoint: &BreakpointView| plain(breakpoint.side.as_str())).importance(1),
    Column::left("expr", |breakpoint: &BreakpointView| cell(Role::Code, what_text(breakpoint))),
    Column::right("hits", |breakpoint: &BreakpointView| plain(breakpoint.hits.to_string())).importance(2),
    Column::left("do", |breakpoint: &BreakpointView| plain(breakpoint.commands.clone().unwrap_or_default()))
        .importance(3),
];

fn run_delete(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<DeleteWords>()?;
    let all = || session.kernel().breakpoints().iter().map(|breakpoint| breakpoint.id).collect();
    let numbers: Vec<u32> = if words.numbers.is_empty() { all() } else { words.numbers };
    for number in &numbers {
        if !session.kernel().delete_breakpoint(*number) {
            return Err(ShellError::failed(format!("no breakpoint `{number}`; `breaks` lists them")));
        }
    }
    Ok(Reply::done(serde_json::json!({ "deleted": numbers })))
}
