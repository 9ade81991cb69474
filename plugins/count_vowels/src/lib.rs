//! Extism's classic first plugin, to the letter of its output. `total` lives in the instance's variables: it adds up
//! over the calls of an instance, and a new instance begins with none.

use extism_pdk::{plugin_fn, var, FnResult, Json, ToBytes};
use serde::Serialize;

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "counts vowels, and keeps the total";
    count_vowels("Hello, World!"): "the vowels of its input, and the total of all calls";
}

const VOWELS: &str = "aeiouAEIOU";

#[derive(Serialize, ToBytes)]
#[encoding(Json)]
pub struct Report {
    count: u64,
    total: u64,
    vowels: &'static str,
}

/// Counts the vowels of its input: `{"count":3,"total":3,"vowels":"aeiouAEIOU"}`.
#[plugin_fn]
pub fn count_vowels(text: String) -> FnResult<Report> {
    let count = text.chars().filter(|c| VOWELS.contains(*c)).count() as u64;
    let total = var::get::<u64>("total")?.unwrap_or(0).saturating_add(count);
    var::set("total", total)?;
    Ok(Report { count, total, vowels: VOWELS })
}
