//! EXPR, as commands read it.

use crate::journal::Filter;
use crate::journal::filter::FIELDS;

/// Reads EXPR, for every command that takes one.
pub fn parse_filter(text: &str) -> Result<Filter, String> {
    // Of `callee = cart` without quotes only the first word has come here.
    if FIELDS.contains(&text) {
        return Err(format!("`{text}` is compared with something: EXPR is one word, quote it, as '{text}=...'"));
    }
    Filter::parse(text).map_err(|error| error.to_string())
}
