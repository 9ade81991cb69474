//! `calls`: records of the trace after a number, and those to come.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::journal::{Filter, Record};
use crate::serve::caller::Caller;
use crate::serve::outbox::OnFull;
use crate::serve::wire::{WireError, notification, params_of};
use crate::shell::command::trace::records_json;

/// The most records of one answer.
const RECORDS_MAX: usize = 10_000;
/// Records of an answer where no limit is asked for: the newest.
const RECORDS_DEFAULT: usize = 1_000;
/// Interval at which one who follows looks whether it is to end.
const FOLLOW_STEP: Duration = Duration::from_millis(50);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallsParams {
    /// Records with greater numbers alone.
    #[serde(default)]
    after: u64,
    /// An expression, as `trace -e` has it.
    filter: Option<String>,
    limit: Option<usize>,
    /// Records to come are sent in `calls`, until `interrupt` with this request's id.
    #[serde(default)]
    follow: bool,
}

/// Answers with the newest records, oldest first, as `trace --json` has them; then those to come, where asked for.
///
/// # Errors
/// The fields are wrong.
pub fn calls(caller: &Arc<Caller>, id: &Value, params: Map<String, Value>) -> Result<Option<Value>, WireError> {
    let CallsParams { after, filter, limit, follow } = params_of(params)?;
    let filter =
        filter.map(|text| Filter::parse(&text).map_err(|error| WireError::params(format!("`filter`: {error}"))));
    let filter = filter.transpose()?;
    let wanted = |record: &Record| record.seq > after && filter.as_ref().is_none_or(|filter| filter.matches(record));
    let limit = limit.unwrap_or(RECORDS_DEFAULT).min(RECORDS_MAX);
    let kernel = &caller.shared.kernel;
    let (records, mut cursor) = {
        let drained = kernel.journal().drain();
        (drained.find(limit, wanted), drained.cursor_at_end())
    };
    let last = records.iter().map(|record| record.seq).max().unwrap_or(after);
    let answer = json!({ "calls": records_json(kernel, &records), "last": last });
    if !follow {
        return Ok(Some(answer));
    }
    caller.link.followed.lock().push(id.clone());
    caller.answer(id, &Ok(answer));
    let outbox = &caller.link.outbox;
    let is_followed = || caller.link.followed.lock().contains(id);
    while !outbox.is_closed() && is_followed() {
        kernel.journal().wait(&cursor, FOLLOW_STEP);
        let mut news = kernel.journal().follow(&mut cursor);
        news.records.retain(wanted);
        if news.records.is_empty() && news.missed == 0 {
            continue;
        }
        let params = json!({ "id": id, "calls": records_json(kernel, &news.records), "missed": news.missed });
        if outbox.send(notification("calls", &params), OnFull::Drop).is_err() {
            break;
        }
    }
    Ok(None)
}
