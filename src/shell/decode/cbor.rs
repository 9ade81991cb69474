//! CBOR, value by value.

use minicbor::data::{Int, Type};
use minicbor::decode::{Decoder, Error};

use super::budget::{Budget, DecodeError, bytes_text};
use super::node::{Item, Node, list, map};

/// Whether the bytes begin as a map, an array or a tagged value: every byte of text is a number in CBOR.
pub fn is_container(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| matches!(first >> 5, 4..=6))
}

/// The value of the bytes, and their fault, if they have one.
pub fn read(bytes: &[u8]) -> (Node, Option<DecodeError>) {
    let mut reader = Reader { decoder: Decoder::new(bytes), budget: Budget::new() };
    let (node, error) = reader.value(0);
    let at = reader.decoder.position();
    (node, error.or((at < bytes.len()).then_some(DecodeError::At(at))))
}

struct Reader<'a> {
    decoder: Decoder<'a>,
    budget: Budget,
}

type Read = (Node, Option<DecodeError>);

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Read {
        match self.try_value(depth) {
            Ok(read) => read,
            Err(error) => (Node::Missing, Some(error)),
        }
    }

    fn try_value(&mut self, depth: usize) -> Result<Read, DecodeError> {
        self.budget.take(depth)?;
        let at = self.decoder.position();
        let failed = |error: Error| if error.is_end_of_input() { DecodeError::End } else { DecodeError::At(at) };
        let decoder = &mut self.decoder;
        let node = match decoder.datatype().map_err(failed)? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => integer(decoder.int().map_err(failed)?),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => integer(decoder.int().map_err(failed)?),
            Type::F16 => Node::Plain(format!("{:?}", self.half()?)),
            Type::F32 => Node::Plain(format!("{:?}", decoder.f32().map_err(failed)?)),
            Type::F64 => Node::Plain(format!("{:?}", decoder.f64().map_err(failed)?)),
            Type::Bool => Node::Plain(decoder.bool().map_err(failed)?.to_string()),
            Type::Null => decoder.null().map(|()| Node::Plain("null".to_owned())).map_err(failed)?,
            Type::Undefined => decoder.undefined().map(|()| Node::Plain("undefined".to_owned())).map_err(failed)?,
            Type::Simple => Node::Plain(format!("simple({})", decoder.simple().map_err(failed)?)),
            Type::Bytes => Node::Plain(bytes_text(decoder.bytes().map_err(failed)?)),
            Type::String => Node::Text(decoder.str().map_err(failed)?.to_owned()),
            Type::BytesIndef => {
                let pieces: Result<Vec<&[u8]>, Error> = decoder.bytes_iter().map_err(failed)?.collect();
                Node::Plain(bytes_text(&pieces.map_err(failed)?.concat()))
            }
            Type::StringIndef => {
                let pieces: Result<Vec<&str>, Error> = decoder.str_iter().map_err(failed)?.collect();
                Node::Text(pieces.map_err(failed)?.concat())
            }
            Type::Array | Type::ArrayIndef => {
                let count = decoder.array().map_err(failed)?;
                return Ok(list(count, || self.item(count.is_none(), depth)));
            }
            Type::Map | Type::MapIndef => {
                let count = decoder.map().map_err(failed)?;
                return Ok(map(count, || self.item(count.is_none(), depth)));
            }
            Type::Tag => {
                let tag = decoder.tag().map_err(failed)?.as_u64();
                let (node, error) = self.value(depth + 1);
                return Ok((Node::Tagged(tag.to_string(), Box::new(node)), error));
            }
            Type::Break | Type::Unknown(_) => return Err(DecodeError::At(at)),
        };
        Ok((node, None))
    }

    /// The next item; a list without a count ends at its mark.
    fn item(&mut self, may_end: bool, depth: usize) -> Item {
        if may_end && matches!(self.decoder.datatype(), Ok(Type::Break)) {
            self.decoder.set_position(self.decoder.position() + 1);
            return Item::End;
        }
        let (node, error) = self.value(depth + 1);
        Item::Value(node, error)
    }

    /// A number of 16 bits.
    fn half(&mut self) -> Result<f32, DecodeError> {
        let at = self.decoder.position() + 1;
        let bytes: &[u8; 2] = self.decoder.input().get(at..).and_then(<[u8]>::first_chunk).ok_or(DecodeError::End)?;
        self.decoder.set_position(at + 2);
        let bits = u16::from_be_bytes(*bytes);
        let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
        let size = match exponent {
            0 => fraction * 2f32.powi(-24),
            0x1f if fraction == 0.0 => f32::INFINITY,
            0x1f => f32::NAN,
            _ => (fraction + 1024.0) * 2f32.powi(exponent - 25),
        };
        Ok(if bits >> 15 == 1 { -size } else { size })
    }
}

fn integer(number: Int) -> Node {
    Node::Plain(i128::from(number).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_read() {
        let text = |bytes: &[u8]| {
            let (node, error) = read(bytes);
            (node.text().replace('\n', "").replace("  ", ""), error)
        };
        for (bytes, expected) in [
            (&b"\x18\x64"[..], "100"),
            (b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "-18446744073709551616"),
            (b"\xf9\x3e\x00", "1.5"),
            (b"\xf9\xc4\x00", "-4.0"),
            (b"\xf9\x00\x01", "5.9604645e-8"),
            (b"\xf9\x7c\x00", "inf"),
            (b"\xfa\x47\xc3\x50\x00", "100000.0"),
            (b"\xf7", "undefined"),
            (b"\xf0", "simple(16)"),
            (b"\x43\x01\x02\x03", "h'010203'"),
            (b"\x5f\x42\x01\x02\x41\x03\xff", "h'010203'"),
            (b"\x7f\x61a\x61b\xff", "\"ab\""),
            (b"\xc0\x61t", "0(\"t\")"),
            (b"\x9f\x01\x9f\xff\xff", "[1,[]]"),
            (b"\xbf\x01\xa0\xff", "{1: {}}"),
        ] {
            assert_eq!(text(bytes), (expected.to_owned(), None), "{bytes:?}");
        }
        assert_eq!(text(b"\x01\x02").1, Some(DecodeError::At(1)), "more than one value");
        assert_eq!(text(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01").1, Some(DecodeError::End), "a count is no size");
        assert_eq!(text(b"\x82\x01\xff").1, Some(DecodeError::At(2)), "a mark where no list may end");
        assert_eq!(text(b"\x9f\x01").1, Some(DecodeError::End));
    }
}
