//! The name of a record, and the characters of a name that no export writes. Each format escapes further ones in its
//! own file.

use crate::journal::record::{Record, RecordKind};
use crate::text::{cut_at_char, is_control_or_bidi};

/// `2:cart.total`; of a load `load 2:cart`, and of one that failed `load` with its source.
pub(super) fn record_name(record: &Record) -> String {
    match (record.kind, record.load()) {
        (RecordKind::Load, Some(steps)) if record.callee == 0 => format!("load {}", steps.source),
        (RecordKind::Load, _) => format!("load {}", record.callee_label()),
        (RecordKind::Call | RecordKind::Host, _) => format!("{}.{}", record.callee_label(), record.function),
    }
}

/// True for control and direction characters, and for characters that XML forbids.
pub(super) fn is_odd(c: char) -> bool {
    is_control_or_bidi(c) || matches!(c, '\u{fffe}'..='\u{ffff}')
}

/// A name as a frame of a flame graph, cut to `bytes_max`: the separator of stacks, and what no XML may hold, become
/// `_`.
pub fn frame_name(name: &str, bytes_max: usize) -> String {
    let safe: String = name.chars().map(|c| if c == ';' || is_odd(c) { '_' } else { c }).collect();
    cut_at_char(&safe, bytes_max).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reorders_or_hides_is_odd_in_an_export_too() {
        for c in ['\u{202e}', '\u{61c}', '\u{200b}', '\u{feff}', '\u{e0041}', '\u{fffe}', '\u{1b}'] {
            assert!(is_odd(c), "U+{:04X}", u32::from(c));
        }
        assert!("Größe-2.naïve_値".chars().all(|c| !is_odd(c)));
    }
}
