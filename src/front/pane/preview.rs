//! The beginning of a call's payload in one row: `input → output`, as text or as hexadecimal.

use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use crate::front::columns::cut;
use crate::journal::{KeptBytes, KeptState, Payload, Record};
use crate::shell::dump::hex_digits;

use super::cells::trusted;
use super::printable::{is_text, printable};
use super::theme;

/// Bytes of each side that a row needs: the widest preview has as many columns, and hexadecimal needs fewer.
pub const PREVIEW_BYTES_MAX: u64 = 96;
/// The arrow between input and output.
const ARROW: &str = " → ";

/// The call with as much of its payload as a row shows.
pub fn with_preview(call: &Record) -> Record {
    let payload = call.payload.as_ref().map(|payload| {
        Box::new(Payload {
            input: payload.input.prefix(PREVIEW_BYTES_MAX),
            output: payload.output.prefix(PREVIEW_BYTES_MAX),
            detail: payload.detail.clone(),
            load: payload.load.clone(),
            node: payload.node.clone(),
        })
    });
    Record { payload, error: call.error.clone(), ..*call }
}

/// The preview in at most `cols` columns: a side that needs less than half leaves the rest to the other.
pub fn spans(call: &Record, cols: usize) -> Vec<Span<'static>> {
    let Some(payload) = call.kept() else { return Vec::new() };
    let input = text(&payload.input);
    let output = if call.outcome.is_ended() { text(&payload.output) } else { "…".to_owned() };
    let room = cols.saturating_sub(ARROW.width());
    let (input_cols, output_cols) = (input.width(), output.width());
    let for_input = input_cols.min(room.saturating_sub(output_cols.min(room / 2)));
    let for_output = output_cols.min(room - for_input);
    vec![
        trusted(cut(&input, for_input), theme::PLAIN),
        trusted(ARROW, theme::DIM),
        trusted(cut(&output, for_output), theme::PLAIN),
    ]
}

/// The kept bytes as printable text, or the reason why there are none.
fn text(kept: &KeptBytes) -> String {
    match kept.state {
        KeptState::Private => return "(private)".to_owned(),
        KeptState::Dropped => return "(dropped)".to_owned(),
        KeptState::Whole | KeptState::Cut => {}
    }
    let mut text = match std::str::from_utf8(&kept.bytes) {
        Ok(text) if is_text(text) => printable(text).into_owned(),
        // The cut may have gone through a character.
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            let whole = kept.bytes.get(..error.valid_up_to()).unwrap_or_default();
            printable(&String::from_utf8_lossy(whole)).into_owned()
        }
        _ => hex_digits(&kept.bytes),
    };
    if kept.state == KeptState::Cut {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::fixture::{call, with_payload};
    use crate::journal::Outcome;

    fn preview(input: &[u8], output: &[u8], cols: usize) -> String {
        let call = with_payload(call(1, 1, (0, "shell"), (1, "a"), "f"), input, output);
        spans(&with_preview(&call), cols).iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn text_is_text_and_the_rest_is_hexadecimal() {
        assert_eq!(preview(b"hello", br#"{"count":2}"#, 40), r#"hello → {"count":2}"#);
        assert_eq!(preview(b"\x00\xff\x1b[31m", b"", 40), "00ff1b5b33316d → ");
        assert_eq!(
            preview(b"one\ntwo\x1b[2J and so on and on and on", b"", 40),
            "one␊two␛[2J and so on and on and on → "
        );
    }

    #[test]
    fn a_long_side_takes_what_the_other_leaves() {
        let long = "x".repeat(500);
        assert_eq!(preview(long.as_bytes(), b"3", 14), format!("{}… → 3", "x".repeat(9)));
        assert_eq!(preview(b"3", long.as_bytes(), 14), format!("3 → {}…", "x".repeat(9)));
        assert_eq!(preview(long.as_bytes(), long.as_bytes(), 13), "xxxx… → xxxx…");
        for cols in 0..40 {
            let wide = preview("漢字漢字漢字漢字".as_bytes(), "größe größe".as_bytes(), cols.max(3));
            assert!(wide.width() <= cols.max(3), "{cols} columns: {wide}");
        }
    }

    #[test]
    fn a_character_that_the_cut_goes_through_is_left_out() {
        let text = "é".repeat(200);
        let shown = preview(format!("x{text}").as_bytes(), b"", 300);
        assert!(shown.starts_with("xéé") && shown.ends_with("é… → "), "{shown}");
    }

    #[test]
    fn what_is_not_there_says_why() {
        let mut call = call(1, 1, (0, "shell"), (1, "a"), "f");
        assert!(spans(&call, 40).is_empty());
        call.payload = Some(Box::new(Payload::private(3, 4)));
        call.outcome = Outcome::Running;
        let shown: String = spans(&call, 40).iter().map(|span| span.content.as_ref()).collect();
        assert_eq!(shown, "(private) → …");
    }
}
