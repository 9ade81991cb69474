//! `export`: the journal in the formats of other tools, as a file or to a collector.

#[cfg(feature = "exports")]
mod collector;

use std::path::Path;

#[cfg(feature = "exports")]
use self::collector::send;
use super::{Arguments, Command, Group, Run, syntax};
use crate::journal::export::Format;
use crate::journal::{Filter, Record, RecordKind, merge_running};
use crate::secrets::without_secrets;
use crate::shell::filter::parse_filter;
use crate::shell::redirect::FileSink;
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;
use crate::text::{counted, io_cause};

/// The command `export`.
pub static COMMAND: Command = Command {
    name: "export",
    group: Group::Debugging,
    summary: "write calls for other tools",
    description: "Writes the calls and loads that the trace keeps; the file's suffix says how: `.jsonl` a record a line, `.json` \
        Chrome trace events (open it in Perfetto), `.svg` a flame graph, `.mmd` a Mermaid sequence diagram. `--otlp URL` \
        sends the ended ones to an OpenTelemetry collector: a trace a chain, a span a call.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        call echo echo hi\n\
        # hi\n\
        export calls.json\n\
        # 1 call and 1 load in `calls.json`\n\
        export echo.mmd -e 'function=echo'\n\
        # 1 call in `echo.mmd`\n\
        !cat echo.mmd\n\
        # sequenceDiagram\n\
        #     participant p0 as shell\n\
        #     participant p1 as 1:echo\n\
        #     p0->>p1: echo (2 bytes)\n\
        #     p1-->>p0: 2 bytes, 135µs, grew 64k bytes"],
    syntax: syntax::<ExportOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct ExportOptions {
    #[arg(value_name = "FILE", conflicts_with = "otlp")]
    file: Option<String>,
    /// only the calls that an expression asks for, as 'callee=cart and duration>1ms'
    #[arg(short = 'e', value_name = "EXPR", value_parser = parse_filter)]
    filter: Option<Filter>,
    /// send them to the OpenTelemetry collector there, as http://localhost:4318
    #[arg(long, value_name = "URL")]
    otlp: Option<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<ExportOptions>()?;
    match (options.file, options.otlp) {
        (Some(file), _) => write(session, &file, options.filter.as_ref()),
        (None, Some(url)) => {
            let records = records(session, options.filter.as_ref());
            let spans = send(session, &url, records)?;
            let url = without_secrets(&url);
            let json = serde_json::json!({ "spans": spans, "url": url });
            Ok(Reply::answer(format!("{} sent to `{url}`", counted(spans as u64, "span")), json))
        }
        (None, None) => Err(ShellError::usage("`export` wants FILE, or `--otlp URL`; see `help export`")),
    }
}

/// The answer of a build that cannot send.
#[cfg(not(feature = "exports"))]
fn send(_session: &Session, _url: &str, _records: Vec<Record>) -> Result<usize, ShellError> {
    Err(ShellError::failed("`export --otlp`: plugsh was built without its feature `exports`"))
}

fn write(session: &Session, file: &str, filter: Option<&Filter>) -> Result<Reply, ShellError> {
    let format = Format::of_path(Path::new(file)).map_err(ShellError::usage)?;
    let is_cancelled = || session.interrupt().is_raised();
    let mut sink = FileSink::open(file, false, &is_cancelled)?;
    let records = records(session, filter);
    let mut bytes = Vec::new();
    let written = format.write(&records, &mut bytes);
    written.map_err(|error| ShellError::failed(format!("`{file}`: {}", io_cause(&error))))?;
    sink.write(&bytes, &is_cancelled)?;
    sink.commit()?;
    let loads = records.iter().filter(|record| record.kind == RecordKind::Load).count();
    let calls = records.len() - loads;
    let json = serde_json::json!({ "calls": calls, "loads": loads, "file": file });
    let written = match (counted(calls as u64, "call"), counted(loads as u64, "load")) {
        (calls, _) if loads == 0 => calls,
        (_, loads) if calls == 0 => loads,
        (calls, loads) => format!("{calls} and {loads}"),
    };
    Ok(Reply::answer(format!("{written} in `{file}`"), json))
}

/// The calls that are asked for in order of seq, running ones too.
fn records(session: &Session, filter: Option<&Filter>) -> Vec<Record> {
    let wanted = |record: &Record| filter.is_none_or(|filter| filter.matches(record));
    // The running ones first: a call that ends between the two looks is then in both, and not lost.
    let running = session.kernel().running().into_iter().filter(wanted).collect();
    merge_running(session.kernel().journal().drain().find(usize::MAX, wanted), running)
}
