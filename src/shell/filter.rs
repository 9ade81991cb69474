//! EXPR, as commands read it.

use crate::journal::filter::FIELDS;
use crate::journal::{Drained, Filter, RecordKind};
use crate::text::counted;

/// Reads EXPR, for every command that takes one.
///
/// # Errors
/// The text is no expression; one line with the column.
pub fn parse_filter(text: &str) -> Result<Filter, String> {
    // Only the first word of `callee = cart` without quotes has come here.
    if FIELDS.contains(&text) {
        return Err(format!("`{text}` is compared with something: EXPR is one word, quote it, as '{text}=...'"));
    }
    Filter::parse(text).map_err(|error| error.to_string())
}

/// Note on the ended calls whose kept payloads do not decide whether `filter` matches; `None` when there are none.
pub fn undecided_note(journal: &Drained<'_>, filter: &Filter) -> Option<String> {
    let undecided = journal.with_records(|records| {
        records.filter(|record| record.kind == RecordKind::Call && filter.answer(record).is_none()).count()
    });
    let calls = || counted(undecided as u64, "more call");
    (undecided > 0).then(|| {
        format!("{} may be meant: the payloads that would tell were not kept; `trace payloads 64k` keeps them", calls())
    })
}
