//! The mapper of `wordcount`: counts the words of one piece of text. Knows nothing of the other pieces.

use std::collections::BTreeMap;

use extism_pdk::{plugin_fn, FnResult, Json};

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "counts words of one piece, for wordcount";
    map("the cat the dog"): "how often each word is there";
}

/// Counts the words of its input, letter case and punctuation around them aside: `{"the":2,"cat":1}`, words in order.
#[plugin_fn]
pub fn map(text: String) -> FnResult<Json<BTreeMap<String, u64>>> {
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        if !word.is_empty() {
            *counts.entry(word).or_default() += 1;
        }
    }
    Ok(Json(counts))
}
