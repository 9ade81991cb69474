//! Answers of a product's host function with their types: `i64:42`, `handle:value`, `(f64:0.5, handle:"a, b")`.

use crate::runtime::stand_in::{Scalar, StandInType};

/// An answer whose types are written with it.
#[derive(Debug, PartialEq, Eq)]
pub struct TypedAnswer {
    pub types: Vec<StandInType>,
    /// The answer as a stand-in gives it: the bytes of one handle, the text of one number, a JSON array of several.
    pub bytes: Vec<u8>,
}

/// Reads `TYPE:VALUE`, or `(TYPE:VALUE, ...)` for several results. A value in double quotes is a JSON string. `None`:
/// the answer begins with no type.
pub fn typed_answer(input: &[u8]) -> Option<Result<TypedAnswer, String>> {
    if let Some((ty, value)) = StandInType::ALL.into_iter().find_map(|ty| Some((ty, after_type(input, ty)?))) {
        let checked = match ty {
            StandInType::Handle => Ok(()),
            ty => check_number(ty, &String::from_utf8_lossy(value)),
        };
        return Some(checked.map(|()| TypedAnswer { types: vec![ty], bytes: value.to_vec() }));
    }
    let inner = std::str::from_utf8(input).ok()?.trim().strip_prefix('(')?;
    let begins = StandInType::ALL.into_iter().any(|ty| after_type(inner.trim_start().as_bytes(), ty).is_some());
    begins.then(|| several(inner))
}

fn after_type(input: &[u8], ty: StandInType) -> Option<&[u8]> {
    input.strip_prefix(ty.as_str().as_bytes())?.strip_prefix(b":")
}

/// The entries up to the `)`.
fn several(text: &str) -> Result<TypedAnswer, String> {
    let (mut types, mut values, mut rest) = (Vec::new(), Vec::new(), text);
    loop {
        let (ty, after) = type_and_rest(rest)?;
        let (value, after) = value_and_rest(after)?;
        if ty != StandInType::Handle {
            check_number(ty, &value)?;
        }
        types.push(ty);
        values.push(value);
        rest = match after.trim_start().split_at_checked(1) {
            Some((",", more)) => more,
            Some((")", end)) if end.trim().is_empty() => break,
            _ => return Err("several results are `(TYPE:VALUE, TYPE:VALUE)`".to_owned()),
        };
    }
    let bytes = match values.as_slice() {
        [one] => one.clone().into_bytes(),
        values => serde_json::to_vec(values).map_err(|error| error.to_string())?,
    };
    Ok(TypedAnswer { types, bytes })
}

fn type_and_rest(text: &str) -> Result<(StandInType, &str), String> {
    let known = || StandInType::ALL.map(StandInType::as_str).join(", ");
    let (word, rest) = text.trim_start().split_once(':').ok_or("several results are `(TYPE:VALUE, TYPE:VALUE)`")?;
    let found = StandInType::ALL.into_iter().find(|ty| ty.as_str() == word);
    found.map(|ty| (ty, rest)).ok_or_else(|| format!("no type `{}`; there are {}", crate::text::quoted(word), known()))
}

/// A value, which ends before a `,` or a `)`, and all after it.
fn value_and_rest(text: &str) -> Result<(String, &str), String> {
    if !text.starts_with('"') {
        let end = text.find([',', ')']).unwrap_or(text.len());
        return Ok((text[..end].trim().to_owned(), &text[end..]));
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = values.next().and_then(Result::ok).ok_or("a value in double quotes is a JSON string")?;
    let rest = text.get(values.byte_offset()..).unwrap_or_default();
    Ok((value, rest))
}

fn check_number(ty: StandInType, text: &str) -> Result<(), String> {
    let read = Scalar::parse(ty.number(), text.trim());
    read.map(drop).ok_or_else(|| format!("`{}` is no {}", crate::text::quoted(text), ty.as_str()))
}

#[cfg(test)]
mod tests {
    use super::StandInType::{F64, Handle, I32, I64, V128};
    use super::*;

    fn read(text: &str) -> Option<Result<(Vec<StandInType>, String), String>> {
        let answer = typed_answer(text.as_bytes())?;
        Some(answer.map(|answer| (answer.types, String::from_utf8(answer.bytes).unwrap())))
    }

    #[test]
    fn one_answer_and_several_have_their_types() {
        for (text, types, bytes) in [
            ("i64:42", vec![I64], "42"),
            ("i32:-1", vec![I32], "-1"),
            ("f64:inf", vec![F64], "inf"),
            ("v128:0xff", vec![V128], "0xff"),
            ("handle:i64:5", vec![Handle], "i64:5"),
            ("handle:", vec![Handle], ""),
            ("(i32:7)", vec![I32], "7"),
            ("( i64:1 , handle:a b,f64:0.5 )", vec![I64, Handle, F64], r#"["1","a b","0.5"]"#),
            (r#"(handle:"a, (b)", handle:"")"#, vec![Handle, Handle], r#"["a, (b)",""]"#),
        ] {
            assert_eq!(read(text), Some(Ok((types, bytes.to_owned()))), "{text}");
        }
    }

    #[test]
    fn other_answers_are_bytes() {
        for text in ["", "42", "i64", "i64 5", "{\"i64\":5}", "(module)", "(a:b)", "i16:5"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_wrong_value_is_told_when_it_is_written() {
        for (text, words) in [
            ("i64:soon", "`soon` is no i64"),
            ("i32:5000000000", "`5000000000` is no i32"),
            ("(i64:1, i16:2)", "no type `i16`; there are handle, i32, i64, f32, f64, v128"),
            ("(i64:1", "several results are `(TYPE:VALUE, TYPE:VALUE)`"),
            ("(i64:1) x", "several results are `(TYPE:VALUE, TYPE:VALUE)`"),
            ("(i64:1, 2)", "several results are `(TYPE:VALUE, TYPE:VALUE)`"),
            (r#"(handle:"a)"#, "a value in double quotes is a JSON string"),
        ] {
            assert_eq!(read(text), Some(Err(words.to_owned())), "{text}");
        }
    }
}
