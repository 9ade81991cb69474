//! Protobuf's wire form, as `protoc --decode_raw` shows it: fields by number, their types guessed from lengths and
//! shapes. Groups, which nothing writes any more, are not read.

use super::budget::{Budget, DecodeError, bytes_text};
use super::cursor::ByteReader;

/// The highest number of a field.
const NUMBER_MAX: u64 = (1 << 29) - 1;
/// The highest number of a field that is taken for protobuf unasked.
const PLAUSIBLE_NUMBER_MAX: u64 = 1_000;

/// A field as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    number: u64,
    value: FieldValue,
}

#[derive(Clone, Debug, PartialEq)]
enum FieldValue {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Text(String),
    Bytes(String),
    Message(Vec<Field>),
}

/// The fields of a message, and the fault of its bytes, if they have one.
pub fn read(bytes: &[u8]) -> (Vec<Field>, Option<DecodeError>) {
    let mut reader = Reader { cursor: ByteReader::new(bytes) };
    let mut budget = Budget::new();
    let mut fields = Vec::new();
    while !reader.cursor.is_at_end() {
        match reader.field(&mut budget, 0) {
            Ok(field) => fields.push(field),
            Err(error) => return (fields, Some(error)),
        }
    }
    (fields, None)
}

/// Whether the fields' numbers look like those that people give.
pub fn is_plausible(fields: &[Field]) -> bool {
    !fields.is_empty() && fields.iter().all(|field| field.number <= PLAUSIBLE_NUMBER_MAX)
}

/// A line a field, without a final newline.
pub fn text(fields: &[Field]) -> String {
    let mut lines = Vec::new();
    push_lines(fields, 0, &mut lines);
    lines.join("\n")
}

fn push_lines(fields: &[Field], depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    for Field { number, value } in fields {
        let shown = match value {
            FieldValue::Varint(number) => number.to_string(),
            FieldValue::Fixed64(bits) => format!("{bits:#018x} ({:?})", f64::from_bits(*bits)),
            FieldValue::Fixed32(bits) => format!("{bits:#010x} ({:?})", f32::from_bits(*bits)),
            FieldValue::Text(text) => serde_json::to_string(text).unwrap_or_default(),
            FieldValue::Bytes(text) => text.clone(),
            FieldValue::Message(fields) => {
                lines.push(format!("{indent}{number} {{"));
                push_lines(fields, depth + 1, lines);
                lines.push(format!("{indent}}}"));
                continue;
            }
        };
        lines.push(format!("{indent}{number}: {shown}"));
    }
}

struct Reader<'a> {
    cursor: ByteReader<'a>,
}

impl<'a> Reader<'a> {
    fn field(&mut self, budget: &mut Budget, depth: usize) -> Result<Field, DecodeError> {
        budget.take(depth)?;
        let at = self.cursor.at();
        let key = self.varint()?;
        let number = key >> 3;
        if number == 0 || number > NUMBER_MAX {
            return Err(DecodeError::At(at));
        }
        let value = match key & 7 {
            0 => FieldValue::Varint(self.varint()?),
            1 => FieldValue::Fixed64(u64::from_le_bytes(self.cursor.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| DecodeError::End)?;
                content(self.cursor.take(length)?, budget, depth)?
            }
            5 => FieldValue::Fixed32(u32::from_le_bytes(self.cursor.array()?)),
            _ => return Err(DecodeError::At(at)),
        };
        Ok(Field { number, value })
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let start = self.cursor.at();
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let [byte] = self.cursor.array::<1>()?;
            // The tenth byte has one bit of a number of 64.
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::At(start))
    }
}

/// Value of a field of bytes: a text without control characters, else a message, else bytes. A message that is nested
/// too deep is shown as bytes.
fn content(bytes: &[u8], budget: &mut Budget, depth: usize) -> Result<FieldValue, DecodeError> {
    let text = std::str::from_utf8(bytes).ok();
    let is_plain = |text: &&str| !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r'));
    if let Some(text) = text.filter(is_plain) {
        return Ok(FieldValue::Text(text.to_owned()));
    }
    let mut reader = Reader { cursor: ByteReader::new(bytes) };
    let mut fields = Vec::new();
    while !reader.cursor.is_at_end() {
        match reader.field(budget, depth + 1) {
            Ok(field) => fields.push(field),
            Err(DecodeError::TooMany) => return Err(DecodeError::TooMany),
            Err(_) => return Ok(FieldValue::Bytes(bytes_text(bytes))),
        }
    }
    Ok(FieldValue::Message(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_field_is_read() {
        let shown = |bytes: &[u8]| {
            let (fields, error) = read(bytes);
            (text(&fields), error)
        };
        let whole = |text: &str| (text.to_owned(), None);
        assert_eq!(shown(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), whole("1: 18446744073709551615"));
        assert_eq!(shown(b"\x0d\xdb\x0f\x49\x40"), whole("1: 0x40490fdb (3.1415927)"));
        assert_eq!(shown(b"\x09\0\0\0\0\0\0\xf8\x3f"), whole("1: 0x3ff8000000000000 (1.5)"));
        assert_eq!(shown(b"\x12\x03\xff\x00\x01"), whole("2: h'ff0001'"));
        assert_eq!(shown(b"\x12\x00"), whole("2: \"\""));
        assert_eq!(shown(b"\x12\x06\x0a\x01\x01\x10\x96\x01"), whole("2 {\n  1: h'01'\n  2: 150\n}"));
        assert_eq!(shown(b"\x0b\x0c").1, Some(DecodeError::At(0)), "a group");
        assert_eq!(shown(b"\x00").1, Some(DecodeError::At(0)), "no field has the number 0");
        assert_eq!(shown(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f").1, Some(DecodeError::At(1)));
        assert_eq!(shown(b"\x08\x01\x12\x7f").0, "1: 1", "what there is of a message that is cut");
        let mut deep = vec![0x08, 0x01];
        for _ in 0..60 {
            let length = deep.len() as u8;
            deep.splice(0..0, if length < 0x80 { vec![0x0a, length] } else { vec![0x0a, length | 0x80, 1] });
        }
        let (fields, error) = read(&deep);
        assert_eq!(error, None);
        assert!(text(&fields).contains("h'"), "too deep, and so bytes");
    }
}
