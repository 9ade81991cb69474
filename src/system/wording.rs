//! The words of a product's errors: the same failures as at a prompt, without its commands and options.

use crate::runtime::{Advice, Wording, Words};

/// The words of a system inside of a product.
pub const PRODUCT: Wording =
    Wording::new(&Words { advice: words, restart: "a restart", shell: "its owner", job: |job| format!("call {job}") });

fn words(advice: &Advice) -> String {
    match advice {
        Advice::DidYouMean(name) => format!("; did you mean `{name}`?"),
        Advice::Functions { first, .. } if !first.is_empty() => format!("; it has `{}`", first.join("`, `")),
        Advice::Raise(limit) => format!("; a higher limit `{}` allows it", limit.row().name),
        Advice::AllowHost(pattern) => format!("; a grant of host `{pattern}` allows it"),
        Advice::WritePath(path) => format!("; did you mean `{path}`?"),
        _ => String::new(),
    }
}
