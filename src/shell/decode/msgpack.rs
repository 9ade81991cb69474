//! msgpack, value by value.

use rmp::Marker;

use super::budget::{Budget, DecodeError, bytes_text};
use super::cursor::ByteReader;
use super::node::{Item, Node, list, map};

/// Whether the bytes begin as a map or an array: every byte of text is a number in msgpack.
pub fn is_container(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| {
        matches!(
            Marker::from_u8(*first),
            Marker::FixMap(_) | Marker::FixArray(_) | Marker::Array16 | Marker::Array32 | Marker::Map16 | Marker::Map32
        )
    })
}

/// The value of the bytes, and their fault, if they have one.
pub fn read(bytes: &[u8]) -> (Node, Option<DecodeError>) {
    let mut reader = Reader { cursor: ByteReader::new(bytes), budget: Budget::new() };
    let (node, error) = reader.value(0);
    let rest = (!reader.cursor.is_at_end()).then_some(DecodeError::At(reader.cursor.at()));
    (node, error.or(rest))
}

struct Reader<'a> {
    cursor: ByteReader<'a>,
    budget: Budget,
}

type Read = (Node, Option<DecodeError>);

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Read {
        match self.try_value(depth) {
            Ok(read) => read,
            Err(error) => (Node::Missing, Some(error)),
        }
    }

    fn try_value(&mut self, depth: usize) -> Result<Read, DecodeError> {
        self.budget.take(depth)?;
        let at = self.cursor.at();
        let marker = Marker::from_u8(self.cursor.array::<1>()?[0]);
        let node = match marker {
            Marker::FixPos(number) => plain(number),
            Marker::FixNeg(number) => plain(number),
            Marker::Null => plain("null"),
            Marker::True => plain("true"),
            Marker::False => plain("false"),
            Marker::U8 => plain(u8::from_be_bytes(self.cursor.array()?)),
            Marker::U16 => plain(u16::from_be_bytes(self.cursor.array()?)),
            Marker::U32 => plain(u32::from_be_bytes(self.cursor.array()?)),
            Marker::U64 => plain(u64::from_be_bytes(self.cursor.array()?)),
            Marker::I8 => plain(i8::from_be_bytes(self.cursor.array()?)),
            Marker::I16 => plain(i16::from_be_bytes(self.cursor.array()?)),
            Marker::I32 => plain(i32::from_be_bytes(self.cursor.array()?)),
            Marker::I64 => plain(i64::from_be_bytes(self.cursor.array()?)),
            Marker::F32 => Node::Plain(format!("{:?}", f32::from_be_bytes(self.cursor.array()?))),
            Marker::F64 => Node::Plain(format!("{:?}", f64::from_be_bytes(self.cursor.array()?))),
            Marker::FixStr(length) => self.text(length.into())?,
            Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                let length = self.length(marker)?;
                self.text(length)?
            }
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
                let length = self.length(marker)?;
                Node::Plain(bytes_text(self.cursor.take(length)?))
            }
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 | Marker::Ext16 | Marker::Ext32 => {
                let length = self.length(marker)?;
                self.extension(length)?
            }
            Marker::FixArray(count) => return Ok(self.list(count.into(), depth)),
            Marker::Array16 | Marker::Array32 => {
                let count = self.length(marker)?;
                return Ok(self.list(count, depth));
            }
            Marker::FixMap(count) => return Ok(self.map(count.into(), depth)),
            Marker::Map16 | Marker::Map32 => {
                let count = self.length(marker)?;
                return Ok(self.map(count, depth));
            }
            Marker::Reserved => return Err(DecodeError::At(at)),
        };
        Ok((node, None))
    }

    fn list(&mut self, count: usize, depth: usize) -> Read {
        list(Some(count as u64), || self.item(depth))
    }

    fn map(&mut self, count: usize, depth: usize) -> Read {
        map(Some(count as u64), || self.item(depth))
    }

    fn item(&mut self, depth: usize) -> Item {
        let (node, error) = self.value(depth + 1);
        Item::Value(node, error)
    }

    /// The length that follows a marker, in one, two or four bytes.
    fn length(&mut self, marker: Marker) -> Result<usize, DecodeError> {
        Ok(match marker {
            Marker::Str8 | Marker::Bin8 | Marker::Ext8 => u8::from_be_bytes(self.cursor.array()?).into(),
            Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => {
                u16::from_be_bytes(self.cursor.array()?).into()
            }
            _ => usize::try_from(u32::from_be_bytes(self.cursor.array()?)).map_err(|_| DecodeError::End)?,
        })
    }

    /// A text; old writers have bytes as texts.
    fn text(&mut self, length: usize) -> Result<Node, DecodeError> {
        let bytes = self.cursor.take(length)?;
        Ok(match std::str::from_utf8(bytes) {
            Ok(text) => Node::Text(text.to_owned()),
            Err(_) => Node::Plain(bytes_text(bytes)),
        })
    }

    fn extension(&mut self, length: usize) -> Result<Node, DecodeError> {
        let kind = i8::from_be_bytes(self.cursor.array()?);
        let bytes = bytes_text(self.cursor.take(length)?);
        Ok(Node::Tagged(format!("ext {kind} "), Box::new(Node::Plain(bytes))))
    }
}

fn plain(value: impl ToString) -> Node {
    Node::Plain(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_read() {
        let text = |bytes: &[u8]| {
            let (node, error) = read(bytes);
            (node.text().replace("\n", "").replace("  ", ""), error)
        };
        for (bytes, expected) in [
            (&b"\x07"[..], "7"),
            (b"\xff", "-1"),
            (b"\xcd\x01\x00", "256"),
            (b"\xd3\xff\xff\xff\xff\xff\xff\xff\xfe", "-2"),
            (b"\xcb\x3f\xf8\0\0\0\0\0\0", "1.5"),
            (b"\xca\x7f\xc0\0\0", "NaN"),
            (b"\xc4\x02\x00\xff", "h'00ff'"),
            (b"\xa1\xff", "h'ff'"),
            (b"\xd9\x03\xc3\xa9!", "\"é!\""),
            (b"\xd6\xff\0\0\0\x01", "ext -1 (h'00000001')"),
            (b"\xdc\x00\x02\x01\x90", "[1,[]]"),
            (b"\xde\x00\x01\x01\x80", "{1: {}}"),
        ] {
            assert_eq!(text(bytes), (expected.to_owned(), None), "{bytes:?}");
        }
        assert_eq!(text(b"\x01\x02").1, Some(DecodeError::At(1)), "more than one value");
        assert_eq!(text(b"\xdd\xff\xff\xff\xff\x01").1, Some(DecodeError::End), "a count is no size");
        assert_eq!(text(b"\xdb\xff\xff\xff\xff\x01").1, Some(DecodeError::End));
        let many: Vec<u8> = b"\xdd\x00\x01\x00\x00".iter().copied().chain([1; 65_536]).collect();
        assert_eq!(text(&many).1, Some(DecodeError::TooMany));
    }
}
