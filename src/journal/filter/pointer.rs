//! JSON pointers: one value of a JSON text, found in one pass that keeps nothing else of it. A text whose end is
//! missing is looked into as far as it goes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Most steps of a pointer.
pub const POINTER_STEPS_MAX: usize = 32;
/// Bytes of the longest JSON text that is looked into.
pub const JSON_BYTES_MAX: usize = 16 << 20;

/// A path into JSON, as RFC 6901 has it: `/items/0/qty`, with `~1` for `/` and `~0` for `~`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Box<[Box<str>]>);

/// A value that a pointer leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'a str),
    /// An object or an array.
    Container,
}

/// A JSON number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Integer(i128),
    Float(f64),
}

/// The result of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<T> {
    Value(T),
    /// No such value, or no JSON.
    Nothing,
    /// The part of the text that would tell is missing, or the text is too long.
    Unknown,
}

impl Pointer {
    /// Reads `/items/0/qty`; `/` alone names the key that is empty.
    ///
    /// # Errors
    /// The text is no pointer, or has more than [`POINTER_STEPS_MAX`] steps.
    pub fn parse(text: &str) -> Result<Pointer, String> {
        let steps = text.strip_prefix('/').ok_or("a path into JSON starts with `/`")?;
        let steps: Box<[Box<str>]> =
            steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~").into()).collect();
        match steps.len() > POINTER_STEPS_MAX {
            true => Err(format!("a path of more than {POINTER_STEPS_MAX} steps")),
            false => Ok(Pointer(steps)),
        }
    }

    /// The value of the whole text.
    pub fn root() -> Pointer {
        Pointer(Box::default())
    }

    /// Result of `look` on the value in a JSON text; `is_whole` is false for a text that was cut.
    pub fn find<T>(&self, json: &[u8], is_whole: bool, look: impl FnMut(Value<'_>) -> T) -> Found<T> {
        if json.len() > JSON_BYTES_MAX {
            return Found::Unknown;
        }
        let mut search = Search { look, found: None, is_settled: true };
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let read = Step { path: &self.0, search: &mut search }.deserialize(&mut deserializer);
        let read = read.and_then(|()| deserializer.end());
        // A number at a cut end may go on: `12` may be the beginning of `123`.
        let is_settled = is_whole || search.is_settled || !json.last().is_some_and(|byte| is_of_number(*byte));
        match (read, search.found) {
            (Ok(()), _) if !is_settled => Found::Unknown,
            (Ok(()), Some(value)) => Found::Value(value),
            (Ok(()), None) => Found::Nothing,
            (Err(error), found) if error.is_eof() && !is_whole => match found {
                Some(value) if is_settled => Found::Value(value),
                _ => Found::Unknown,
            },
            (Err(_), _) => Found::Nothing,
        }
    }
}

impl Number {
    /// Reads a number as JSON writes it.
    pub fn parse(text: &str) -> Option<Number> {
        let number: serde_json::Number = text.parse().ok()?;
        number.as_i128().map(Number::Integer).or_else(|| number.as_f64().map(Number::Float))
    }

    /// The nearest float.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Integer(number) => number as f64,
            Number::Float(number) => number,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Integer(number) => number.fmt(f),
            Number::Float(number) => number.fmt(f),
        }
    }
}

struct Search<T, F> {
    look: F,
    found: Option<T>,
    /// False while the found value is a number after which nothing was read: more digits may follow.
    is_settled: bool,
}

/// One value of the text: the searched one where the path is empty.
struct Step<'a, T, F> {
    path: &'a [Box<str>],
    search: &'a mut Search<T, F>,
}

impl<T, F: FnMut(Value<'_>) -> T> Step<'_, T, F> {
    fn meet<E>(self, value: Value<'_>) -> Result<(), E> {
        if self.path.is_empty() {
            self.search.is_settled = !matches!(value, Value::Number(_));
            self.search.found = Some((self.search.look)(value));
        }
        Ok(())
    }
}

impl<'de, T, F: FnMut(Value<'_>) -> T> DeserializeSeed<'de> for Step<'_, T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, F: FnMut(Value<'_>) -> T> Visitor<'de> for Step<'_, T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.meet(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.meet(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.meet(Value::Number(Number::Integer(value.into())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.meet(Value::Number(Number::Integer(value.into())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.meet(Value::Number(Number::Float(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.meet(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((step, path)) = self.path.split_first() else {
            let search = self.search;
            Step { path: &[], search: &mut *search }.meet(Value::Container)?;
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let wanted = index(step);
        for at in 0usize.. {
            let more = match wanted == Some(at) {
                true => items.next_element_seed(Step { path, search: self.search })?.is_some(),
                false => items.next_element::<IgnoredAny>()?.is_some(),
            };
            // The item that was read, or the end, says that the one before was read to its end.
            self.search.is_settled |= wanted != Some(at);
            if !more {
                return Ok(());
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((step, path)) = self.path.split_first() else {
            let search = self.search;
            Step { path: &[], search: &mut *search }.meet(Value::Container)?;
            while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        while let Some(is_wanted) = entries.next_key_seed(KeyIs(step))? {
            self.search.is_settled = true;
            match is_wanted {
                true => entries.next_value_seed(Step { path, search: self.search })?,
                false => entries.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        self.search.is_settled = true;
        Ok(())
    }
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')
}

/// The place in an array; none with a leading zero.
fn index(step: &str) -> Option<usize> {
    let is_plain = step == "0" || !step.starts_with('0') && step.bytes().all(|byte| byte.is_ascii_digit());
    step.parse().ok().filter(|_| is_plain)
}

/// Whether a key is this one.
struct KeyIs<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pointer: &str, json: &str, is_whole: bool) -> Found<String> {
        let pointer = Pointer::parse(pointer).unwrap();
        pointer.find(json.as_bytes(), is_whole, |value| format!("{value:?}"))
    }

    fn value(text: &str) -> Found<String> {
        Found::Value(text.to_owned())
    }

    #[test]
    fn a_pointer_leads_to_one_value() {
        let json = r#"{"items":[{"qty":1},{"qty":3.5,"a/b":"x\ny","m~n":null}],"on":true,"":7}"#;
        assert_eq!(find("/items/0/qty", json, true), value("Number(Integer(1))"));
        assert_eq!(find("/items/1/qty", json, true), value("Number(Float(3.5))"));
        assert_eq!(find("/items/1/a~1b", json, true), value("Text(\"x\\ny\")"));
        assert_eq!(find("/items/1/m~0n", json, true), value("Null"));
        assert_eq!(find("/on", json, true), value("Bool(true)"));
        assert_eq!(find("/", json, true), value("Number(Integer(7))"));
        assert_eq!(find("/items", json, true), value("Container"));
        for nowhere in ["/items/2", "/items/00", "/items/-", "/items/x", "/on/x", "/nothing"] {
            assert_eq!(find(nowhere, json, true), Found::Nothing, "{nowhere}");
        }
        assert_eq!(
            Pointer::root().find(b" 12 ", true, |value| value == Value::Number(Number::Integer(12))),
            Found::Value(true)
        );
    }

    #[test]
    fn of_a_cut_text_only_what_is_there_is_known() {
        let json = r#"{"a":12,"b":"text","c":[5,6]}"#;
        let cut = |at: usize, pointer: &str| find(pointer, &json[..at], false);
        assert_eq!(cut(7, "/a"), Found::Unknown, "more digits may follow");
        assert_eq!(cut(8, "/a"), value("Number(Integer(12))"), "a comma ends it");
        assert_eq!(cut(11, "/a"), value("Number(Integer(12))"));
        assert_eq!(cut(15, "/b"), Found::Unknown, "within the text");
        assert_eq!(cut(18, "/b"), value("Text(\"text\")"));
        assert_eq!(cut(25, "/c/0"), Found::Unknown, "`5` may be `56`");
        assert_eq!(cut(26, "/c/0"), value("Number(Integer(5))"));
        assert_eq!(cut(25, "/d"), Found::Unknown);
        assert_eq!(find("/d", "{\"a\": nonsense", false), Found::Nothing, "no JSON, however it goes on");
        assert_eq!(find("/a", "{\"a\":1", true), Found::Nothing, "whole, and no JSON");
    }

    #[test]
    fn hostile_texts_are_refused_within_bounds() {
        assert_eq!(find("/a", &"[".repeat(100_000), true), Found::Nothing);
        assert_eq!(find("/0", &"[".repeat(100_000), true), Found::Nothing);
        assert!(Pointer::parse(&"/x".repeat(POINTER_STEPS_MAX + 1)).is_err());
        assert!(Pointer::parse("x").is_err());
        let long = vec![b' '; JSON_BYTES_MAX + 1];
        assert_eq!(Pointer::root().find(&long, true, |_| ()), Found::Unknown);
    }
}
