//! Calls of `trace --json`: their lines of the journal, with the stacks of those that failed.

use serde::Serialize;

use crate::journal::Record;
use crate::journal::export::jsonl;
use crate::kernel::{Kernel, StackView};
use crate::shell::reply::Reply;
use crate::shell::words::stack::{StackRow, stack_rows};

/// A call in JSON.
#[derive(Serialize)]
struct TracedCall<'a> {
    #[serde(flatten)]
    line: jsonl::Line<'a>,
    /// Where the plugins stood, for a call that failed; null too once newer failures needed its place.
    stack: Option<Vec<StackRow<'a>>>,
}

/// The calls as lines of JSON.
pub fn calls(kernel: &Kernel, records: &[Record]) -> Reply {
    let failed = |record: &&Record| record.outcome.is_failure();
    let stack = |record: &Record| Some(record).filter(failed).and_then(|record| kernel.stack(record.seq));
    let stacks: Vec<Option<StackView>> = records.iter().map(stack).collect();
    let traced = records.iter().zip(&stacks);
    Reply::json_lines(
        traced
            .map(|(record, stack)| TracedCall { line: jsonl::Line::of(record), stack: stack.as_ref().map(stack_rows) }),
    )
}
