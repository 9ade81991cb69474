//! `lint`: likely faults in the calls of the trace and in the processes.

use serde::Serialize;

use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::RecordKind;
use crate::journal::lint::{CallFinding, lint};
use crate::kernel::lint::ProcessFinding;
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Line, Paragraph, Reply, Role, ShellError, cell, plain};
use crate::shell::session::Session;
use crate::shell::words::lint::{call_finding_text, process_finding_text};
use crate::text::counted;

/// The command `lint`.
pub static COMMAND: Command = Command {
    name: "lint",
    group: Group::Watching,
    summary: "say what looks wrong in the calls of the trace",
    description: "Reads the trace and the processes, and lists, each with its figures and the numbers of calls that show \
        it (`show SEQ`): one call that makes the same call ten times or more (repeated), calls that wait for a busy process \
        (queued), calls that fail while their caller ends well (swallowed), inputs that come back unchanged (echoed) or are \
        only handed on (passed_on), memory that grows with every call after the first (grown), functions that are never \
        called (unused_functions), grants that are not used: hosts, paths, sources, calls, imports, configuration, of which \
        `trace host on` tells more (unused_grants). With KINDs it looks for those alone. What is \
        said of payloads is seen while `trace payloads 64k` keeps them. `--strict` fails when there is a finding, for CI.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        load echo\n\
        # 2:echo-2\n\
        echo.echo hi\n\
        # hi\n\
        lint repeated queued swallowed\n\
        # nothing looks wrong in 1 call"],
    syntax: syntax::<LintOptions>(),
    run: Run::Plain(run),
};

/// The kinds of findings, in the order of the list.
const KINDS: [&str; 8] =
    ["repeated", "queued", "swallowed", "echoed", "passed_on", "grown", "unused_functions", "unused_grants"];

#[derive(Debug, clap::Args)]
struct LintOptions {
    #[arg(value_name = "KIND", value_parser = KINDS)]
    kinds: Vec<String>,
    /// fail when there is a finding
    #[arg(long)]
    strict: bool,
    /// write JSON
    #[arg(long)]
    json: bool,
}

/// A finding of either room.
#[derive(Serialize)]
#[serde(untagged)]
enum Finding {
    Call(CallFinding),
    Process(ProcessFinding),
}

impl Finding {
    fn kind(&self) -> &'static str {
        match self {
            Finding::Call(CallFinding::Repeated { .. }) => "repeated",
            Finding::Call(CallFinding::Queued { .. }) => "queued",
            Finding::Call(CallFinding::Swallowed { .. }) => "swallowed",
            Finding::Call(CallFinding::Echoed { .. }) => "echoed",
            Finding::Call(CallFinding::PassedOn { .. }) => "passed_on",
            Finding::Process(ProcessFinding::Grown { .. }) => "grown",
            Finding::Process(ProcessFinding::UnusedFunctions { .. }) => "unused_functions",
            Finding::Process(ProcessFinding::UnusedGrants { .. }) => "unused_grants",
        }
    }

    fn text(&self) -> String {
        match self {
            Finding::Call(finding) => call_finding_text(finding),
            Finding::Process(finding) => process_finding_text(finding),
        }
    }

    fn seqs(&self) -> String {
        match self {
            Finding::Call(finding) => numbers(finding.seqs()),
            Finding::Process(ProcessFinding::Grown { seqs, .. }) => numbers(seqs),
            Finding::Process(_) => String::new(),
        }
    }

    /// The finding for a person, as wide as it is, and below it the calls that show it.
    fn paragraphs(&self) -> impl Iterator<Item = Paragraph> {
        let line = Line::new().with(Role::Warn, self.kind()).plain(format!("  {}", self.text()));
        let seqs = Some(self.seqs()).filter(|seqs| !seqs.is_empty());
        let calls = seqs.map(|seqs| Line::new().with(Role::Dim, format!("{}calls {seqs}", " ".repeat(HANG))));
        std::iter::once(line).chain(calls).map(|line| Paragraph { line, hang: HANG })
    }
}

fn numbers(seqs: &[u64]) -> String {
    seqs.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

/// Blanks before the further rows of a finding.
const HANG: usize = 2;

const COLUMNS: [Column<Finding>; 3] = [
    Column::left("kind", |finding: &Finding| cell(Role::Warn, finding.kind())),
    Column::left("finding", |finding| plain(finding.text())),
    Column::left("seqs", |finding: &Finding| cell(Role::Dim, finding.seqs())).importance(1),
];

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<LintOptions>()?;
    // The records are copied: the journal must not stay locked while they are read.
    let journal = session.kernel().journal().clone();
    let records = journal.drain().records(usize::MAX);
    let calls = lint(&records).into_iter().map(Finding::Call);
    let processes = session.kernel().lint_processes().into_iter().map(Finding::Process);
    let is_wanted =
        |finding: &Finding| options.kinds.is_empty() || options.kinds.iter().any(|kind| kind == finding.kind());
    let findings: Vec<Finding> = calls.chain(processes).filter(is_wanted).collect();
    let reply = match (session.wants_json(options.json), findings.is_empty()) {
        (true, _) => Reply::json(&findings),
        (false, true) => {
            let calls = records.iter().filter(|record| record.kind == RecordKind::Call).count();
            Reply::Lines(vec![nothing(calls)])
        }
        (false, false) if session.is_read_by_person() => {
            Reply::prose(findings.iter().flat_map(Finding::paragraphs).collect())
        }
        (false, false) => Reply::Table(listing::table(&findings, &COLUMNS)),
    };
    if options.strict && !findings.is_empty() {
        session.emit(&reply)?;
        return Err(ShellError::failed(format!(
            "{}, and `--strict` wants none",
            counted(findings.len() as u64, "finding")
        )));
    }
    Ok(reply)
}

fn nothing(calls: usize) -> Line {
    Line::new().with(Role::Good, format!("nothing looks wrong in {}", counted(calls as u64, "call")))
}
