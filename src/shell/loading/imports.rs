//! Imports as they are written at the prompt: `MODULE.FUNCTION`, with the types of its arguments and results where they
//! are given: `extism:host/user.kv_write(handle, i64) -> handle`.

use crate::runtime::ImportStandIn;
use crate::runtime::stand_in::{StandInType, StandInTypes, types_text};

/// Reads `MODULE.FUNCTION[(TYPE, ...)][->TYPE]=PLUGIN.FUNCTION`.
///
/// # Errors
/// The text has another form; one line that shows the form.
pub fn import_stand_in(text: &str) -> Result<ImportStandIn, String> {
    let wrong = || format!("`{text}` is no stand-in; write MODULE.FUNCTION=PLUGIN.FUNCTION");
    let (import, target) = text.split_once('=').ok_or_else(wrong)?;
    let (import, target) = (import.trim(), target.trim());
    if target.split_once('.').is_none_or(|(plugin, function)| plugin.is_empty() || function.is_empty()) {
        return Err(wrong());
    }
    let (name, rest) = name_and_types(import);
    let types = rest.map(types).transpose()?;
    let (module, function) = name.rsplit_once('.').ok_or_else(wrong)?;
    if module.is_empty() || function.is_empty() {
        return Err(wrong());
    }
    Ok(ImportStandIn { module: module.into(), function: function.into(), types, target: target.into() })
}

/// A stand-in as [`import_stand_in`] reads it.
pub fn import_text(import: &ImportStandIn) -> String {
    let types = import.types.as_ref().map(types_text).unwrap_or_default();
    format!("{}.{}{types}={}", import.module, import.function, import.target)
}

/// An import as `stub` names it.
#[derive(Debug, PartialEq, Eq)]
pub struct ImportName {
    pub module: String,
    pub function: String,
    pub types: Option<StandInTypes>,
}

/// Reads `MODULE:FUNCTION[(TYPE, ...)][->TYPE]`; `None` for what names a plugin's function: `cart.total`,
/// `1:cart.total`.
pub fn import_name(text: &str) -> Option<Result<ImportName, String>> {
    let (name, rest) = name_and_types(text);
    let (module, function) = name.rsplit_once(':')?;
    let names_process = function.contains('.') || module.bytes().all(|b| b.is_ascii_digit());
    if names_process || function.is_empty() {
        return None;
    }
    let named = |types| ImportName { module: module.to_owned(), function: function.to_owned(), types };
    Some(rest.map(types).transpose().map(named))
}

/// An import's name and its types, which begin at the first `(` or `->`.
fn name_and_types(text: &str) -> (&str, Option<&str>) {
    let at = [text.find('('), text.find("->")].into_iter().flatten().min();
    match at.and_then(|at| text.split_at_checked(at)) {
        Some((name, types)) => (name.trim_end(), Some(types)),
        None => (text, None),
    }
}

/// Reads an import's types: `(TYPE, ...)`, `-> TYPE`, or both.
fn types(text: &str) -> Result<StandInTypes, String> {
    let (params, rest) = match text.strip_prefix('(') {
        Some(inner) => {
            let (params, rest) = inner.split_once(')').ok_or_else(|| format!("`{text}` wants a `)`"))?;
            (Some(list(params)?), rest)
        }
        None => (None, text),
    };
    let rest = rest.trim();
    let results = match rest.strip_prefix("->").map(str::trim) {
        Some(results) => {
            let inner = results.strip_prefix('(').and_then(|results| results.strip_suffix(')')).unwrap_or(results);
            Some(list(inner)?)
        }
        None if rest.is_empty() => None,
        None => return Err(format!("`{rest}` after the types; write `(TYPE, ...) -> TYPE`")),
    };
    Ok(StandInTypes { params, results })
}

fn list(text: &str) -> Result<Vec<StandInType>, String> {
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let known = || StandInType::ALL.iter().map(|ty| ty.as_str()).collect::<Vec<_>>().join(", ");
            let found = StandInType::ALL.into_iter().find(|ty| ty.as_str() == word);
            found.ok_or_else(|| format!("no type `{word}`; there are {}", known()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_read_with_and_without_types() {
        for (text, module, function, types) in [
            ("env.f=a.b", "env", "f", None),
            (
                "extism:host/user.kv_write(handle, handle)=kv.write",
                "extism:host/user",
                "kv_write",
                Some("(handle, handle)"),
            ),
            ("a.b.c(i32 f64)->handle=x.y", "a.b", "c", Some("(i32, f64) -> handle")),
            ("a.b () -> (i32, i64) = x.y", "a", "b", Some("() -> (i32, i64)")),
            ("a.b() -> ()=x.y", "a", "b", Some("() -> ()")),
            ("a.b -> f64=x.y", "a", "b", Some(" -> f64")),
            ("a.b->(v128, i32)=x.y", "a", "b", Some(" -> (v128, i32)")),
        ] {
            let read = import_stand_in(text).unwrap();
            assert_eq!((read.module.as_str(), read.function.as_str()), (module, function), "{text}");
            assert_eq!(read.types.as_ref().map(types_text).as_deref(), types, "{text}");
            assert_eq!(import_stand_in(&import_text(&read)).as_ref(), Ok(&read), "{text}");
        }
    }

    #[test]
    fn an_import_is_told_from_a_function_of_a_process() {
        for text in ["cart.total", "1:cart.total", "1:cart", "cart", ":f", "env:", "env:a.b"] {
            assert_eq!(import_name(text), None, "{text}");
        }
        for (text, module, function, types) in [
            ("env:now", "env", "now", None),
            ("extism:host/user:kv_get", "extism:host/user", "kv_get", None),
            ("env:count(handle) -> i64", "env", "count", Some("(handle) -> i64")),
            ("env:now -> i64", "env", "now", Some(" -> i64")),
        ] {
            let read = import_name(text).unwrap().unwrap();
            assert_eq!((read.module.as_str(), read.function.as_str()), (module, function), "{text}");
            assert_eq!(read.types.as_ref().map(types_text).as_deref(), types, "{text}");
        }
        assert!(import_name("env:f(nothing)").unwrap().is_err());
    }

    #[test]
    fn what_is_no_stand_in_says_how_one_is_written() {
        for (text, words) in [
            ("f=a.b", "write MODULE.FUNCTION=PLUGIN.FUNCTION"),
            ("env.f", "write MODULE.FUNCTION=PLUGIN.FUNCTION"),
            ("env.f=a", "write MODULE.FUNCTION=PLUGIN.FUNCTION"),
            ("env.f(i16)=a.b", "no type `i16`; there are handle, i32, i64, f32, f64, v128"),
            ("env.f(i32=a.b", "wants a `)`"),
            ("env.f(i32) i64=a.b", "write `(TYPE, ...) -> TYPE`"),
        ] {
            let message = import_stand_in(text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
    }
}
