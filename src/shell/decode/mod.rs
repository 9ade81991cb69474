//! Payloads by their format: JSON, msgpack, CBOR, protobuf's wire form, text, or bytes in hexadecimal. The bytes are a
//! plugin's: every reader is bounded in depth and size, and gives up instead of guessing on.
//!
//! `budget` bounds the reading; `node` is the tree that msgpack and CBOR are read into, and its text; `protobuf` has
//! fields with numbers instead.

mod budget;
mod cbor;
mod cursor;
mod msgpack;
mod node;
mod protobuf;

use std::str::FromStr;

use serde_json::Value;

use super::dump::hex_dump;
use super::words::payload::text_of;
use crate::journal::KeptBytes;
use budget::DecodeError;

/// Bytes of the largest payload that is decoded.
pub const DECODED_BYTES_MAX: usize = 256 << 10;
/// Bytes of the smallest payload that is taken for a binary form unasked.
const DETECTED_BYTES_MIN: usize = 3;

/// A form of payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadFormat {
    Json,
    Msgpack,
    Cbor,
    Protobuf,
    Text,
    Hex,
}

/// A payload in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    pub form: PayloadFormat,
    /// Reason for this format.
    pub why: FormatReason,
    pub text: String,
}

/// Why a payload is shown in a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatReason {
    /// The payload has the format, or the format was asked for.
    Is,
    /// The bytes read as it to their end, which others might too.
    LooksLike,
    /// The payload does not have the format that was asked for.
    IsNo(PayloadFormat, String),
}

impl PayloadFormat {
    /// Every form, in the order of help.
    pub const ALL: [PayloadFormat; 6] = [
        PayloadFormat::Json,
        PayloadFormat::Msgpack,
        PayloadFormat::Cbor,
        PayloadFormat::Protobuf,
        PayloadFormat::Text,
        PayloadFormat::Hex,
    ];

    /// The word of `--as`.
    pub const fn as_str(self) -> &'static str {
        match self {
            PayloadFormat::Json => "json",
            PayloadFormat::Msgpack => "msgpack",
            PayloadFormat::Cbor => "cbor",
            PayloadFormat::Protobuf => "protobuf",
            PayloadFormat::Text => "text",
            PayloadFormat::Hex => "hex",
        }
    }

    /// The name in a title.
    pub const fn title(self) -> &'static str {
        match self {
            PayloadFormat::Json => "JSON",
            PayloadFormat::Cbor => "CBOR",
            form => form.as_str(),
        }
    }
}

impl FromStr for PayloadFormat {
    type Err = ();

    fn from_str(word: &str) -> Result<PayloadFormat, ()> {
        PayloadFormat::ALL.into_iter().find(|form| form.as_str() == word).ok_or(())
    }
}

impl Decoded {
    fn is(form: PayloadFormat, text: String) -> Decoded {
        Decoded { form, why: FormatReason::Is, text }
    }

    /// Text after the size: `, JSON`, `, looks like CBOR`.
    pub fn title(&self) -> String {
        match &self.why {
            FormatReason::Is => format!(", {}", self.form.title()),
            FormatReason::LooksLike => format!(", looks like {}", self.form.title()),
            FormatReason::IsNo(form, why) => format!(", {}: no {}: {why}", self.form.title(), form.title()),
        }
    }
}

/// A payload in the form that it has, or that is wanted.
pub fn decode(kept: &KeptBytes, wanted: Option<PayloadFormat>) -> Decoded {
    match wanted {
        None => detected(kept),
        Some(form) => as_form(kept, form),
    }
}

/// A form that whole bytes are read as to their end. Text without control characters is text: many a text reads as
/// protobuf.
fn detected(kept: &KeptBytes) -> Decoded {
    let text = text_of(kept);
    if let Some(json) = text.and_then(json) {
        return Decoded::is(PayloadFormat::Json, json);
    }
    let is_plain = |text: &str| !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r'));
    match text {
        Some(text) if is_plain(text) => Decoded::is(PayloadFormat::Text, text.to_owned()),
        text => binary(kept).unwrap_or_else(|| match text {
            Some(text) => Decoded::is(PayloadFormat::Text, text.to_owned()),
            None => Decoded::is(PayloadFormat::Hex, hex_dump(&kept.bytes)),
        }),
    }
}

/// A form in which bytes that are no text make sense as a whole, the stricter first.
fn binary(kept: &KeptBytes) -> Option<Decoded> {
    let bytes = &*kept.bytes;
    if !kept.is_whole() || !(DETECTED_BYTES_MIN..=DECODED_BYTES_MAX).contains(&bytes.len()) {
        return None;
    }
    let looks_like = |form, text| Some(Decoded { form, why: FormatReason::LooksLike, text });
    if msgpack::is_container(bytes)
        && let (node, None) = msgpack::read(bytes)
    {
        return looks_like(PayloadFormat::Msgpack, node.text());
    }
    if cbor::is_container(bytes)
        && let (node, None) = cbor::read(bytes)
    {
        return looks_like(PayloadFormat::Cbor, node.text());
    }
    match protobuf::read(bytes) {
        (fields, None) if protobuf::is_plausible(&fields) => {
            looks_like(PayloadFormat::Protobuf, protobuf::text(&fields))
        }
        _ => None,
    }
}

/// A payload in the requested form; of a cut one, the part that is there.
fn as_form(kept: &KeptBytes, form: PayloadFormat) -> Decoded {
    let bytes = kept.bytes.get(..DECODED_BYTES_MAX).unwrap_or(&kept.bytes);
    let is_cut = !kept.is_whole() || bytes.len() < kept.bytes.len();
    let read = |text: String, error: Option<DecodeError>| match error {
        None => Decoded::is(form, text),
        Some(DecodeError::End) if is_cut => Decoded::is(form, text),
        Some(error) => {
            Decoded { form: PayloadFormat::Hex, why: FormatReason::IsNo(form, error.text()), text: hex_dump(bytes) }
        }
    };
    match form {
        PayloadFormat::Json => match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => Decoded::is(form, serde_json::to_string_pretty(&value).unwrap_or_default()),
            Err(error) => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                Decoded { form: PayloadFormat::Text, why: FormatReason::IsNo(form, error.to_string()), text }
            }
        },
        PayloadFormat::Text => Decoded::is(form, String::from_utf8_lossy(&kept.bytes).into_owned()),
        PayloadFormat::Hex => Decoded::is(form, hex_dump(&kept.bytes)),
        PayloadFormat::Msgpack => {
            let (node, error) = msgpack::read(bytes);
            read(node.text(), error)
        }
        PayloadFormat::Cbor => {
            let (node, error) = cbor::read(bytes);
            read(node.text(), error)
        }
        PayloadFormat::Protobuf => {
            let (fields, error) = protobuf::read(bytes);
            read(protobuf::text(&fields), error)
        }
    }
}

/// A JSON object or array, over several lines.
fn json(text: &str) -> Option<String> {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => serde_json::to_string_pretty(&value).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn detect(bytes: &[u8]) -> (PayloadFormat, FormatReason, String) {
        let Decoded { form, why, text } = decode(&KeptBytes::keep(bytes, u64::MAX), None);
        (form, why, text)
    }

    fn looks_like(form: PayloadFormat, text: &str) -> (PayloadFormat, FormatReason, String) {
        (form, FormatReason::LooksLike, text.to_owned())
    }

    #[test]
    fn bytes_are_taken_for_what_they_read_as() {
        assert_eq!(detect(br#"{"a":1}"#).0, PayloadFormat::Json);
        assert_eq!(detect(b"plain").0, PayloadFormat::Text);
        assert_eq!(detect(b"a\x1b[2J").0, PayloadFormat::Text, "reads as nothing else");
        assert_eq!(detect(b"\xff\x00\x1b").0, PayloadFormat::Hex);
        assert_eq!(detect(b"\x00asm\x01\0\0\0").0, PayloadFormat::Text, "reads as nothing else");
        // {"n": 1, "a": [true, null, "x"]}
        let msgpack = b"\x82\xa1n\x01\xa1a\x93\xc3\xc0\xa1x";
        let text = "{\n  \"n\": 1,\n  \"a\": [\n    true,\n    null,\n    \"x\"\n  ]\n}";
        assert_eq!(detect(msgpack), looks_like(PayloadFormat::Msgpack, text));
        let cbor = b"\xa2\x61n\x01\x61a\x83\xf5\xf6\x61x";
        assert_eq!(detect(cbor), looks_like(PayloadFormat::Cbor, text));
        // {1: 150, 2: "testing", 3: {1: 1}}
        let protobuf = b"\x08\x96\x01\x12\x07testing\x1a\x02\x08\x01";
        assert_eq!(detect(protobuf), looks_like(PayloadFormat::Protobuf, "1: 150\n2: \"testing\"\n3 {\n  1: 1\n}"));
    }

    #[test]
    fn a_form_that_is_asked_for_is_tried_and_else_said_why_not() {
        let shown = |bytes: &[u8], max: u64, form| decode(&KeptBytes::keep(bytes, max), Some(form));
        assert_eq!(shown(b"\x93\x01\x02\x03", 9, PayloadFormat::Msgpack).text, "[\n  1,\n  2,\n  3\n]");
        assert_eq!(shown(b"\x93\x01\x02\x03", 3, PayloadFormat::Msgpack).text, "[\n  1,\n  2,\n  …\n]", "cut");
        let no = shown(b"\x93\xc1", 9, PayloadFormat::Msgpack);
        assert_eq!((no.form, no.title().as_str()), (PayloadFormat::Hex, ", hex: no msgpack: byte 1 begins no value"));
        assert_eq!(shown(b"7", 9, PayloadFormat::Json).title(), ", JSON");
        assert!(shown(b"{", 9, PayloadFormat::Json).title().starts_with(", text: no JSON: EOF"));
        assert_eq!(shown(b"hi", 9, PayloadFormat::Hex).title(), ", hex");
        assert_eq!(shown(b"\xffhi", 9, PayloadFormat::Text).text, "\u{fffd}hi");
        assert!(shown(&[0x91; 1000], 1000, PayloadFormat::Msgpack).title().contains("nested deeper than"));
        assert!(shown(&[0x81; 1000], 1000, PayloadFormat::Cbor).title().contains("nested deeper than"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_shown_in_every_form_within_bounds(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            max in 0u64..400,
        ) {
            let kept = KeptBytes::keep(&bytes, max);
            for form in PayloadFormat::ALL.map(Some).into_iter().chain([None]) {
                let decoded = decode(&kept, form);
                prop_assert!(decoded.text.len() <= 400 * 200, "{:?}", form);
            }
        }
    }
}
