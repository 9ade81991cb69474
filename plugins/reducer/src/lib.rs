//! The reducer of `wordcount`: adds up what mappers counted. Keeps nothing between calls.

use std::collections::BTreeMap;

use extism_pdk::{plugin_fn, FnResult, Json};

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "adds up counts of words, for wordcount";
    reduce(r#"[{"a":1},{"a":2,"b":1}]"#): "the sum of a list of counts";
}

/// Adds up a JSON array of counts: `[{"a":1},{"a":2,"b":1}]` gives `{"a":3,"b":1}`, words in order.
#[plugin_fn]
pub fn reduce(Json(parts): Json<Vec<BTreeMap<String, u64>>>) -> FnResult<Json<BTreeMap<String, u64>>> {
    let mut counts = BTreeMap::<String, u64>::new();
    for (word, count) in parts.into_iter().flatten() {
        let sum = counts.entry(word).or_default();
        *sum = sum.saturating_add(count);
    }
    Ok(Json(counts))
}
