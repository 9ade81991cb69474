//! Descriptions that plugins have of themselves, in words.

use crate::runtime::about::{About, FunctionAbout};
use crate::shell::line::quote;
use crate::shell::reply::{Line, Role};
use crate::text::{quoted_within, wrapped};

/// Width at which texts wrap, in columns.
const TEXT_WIDTH: usize = 78;
/// Widest call that its text stands beside, in columns; the text of a wider one stands below it.
const CALL_WIDTH_MAX: usize = 34;
/// Longest call with an example, in characters.
const CALL_CHARS_MAX: usize = 120;
/// The texts for a module without a description, and for one that is not read before it is loaded.
const NOTHING_SAID: &str = "its module does not say what it does";
const NOT_READ: &str = "its functions are known once it is loaded";

/// A plugin: its summary, and each function with its usage and summary.
pub fn plugin_lines(name: &str, source: Option<&str>, about: &About) -> Vec<Line> {
    let nothing_said = if *about == About::default() { NOT_READ } else { NOTHING_SAID };
    let summary = about.summary.as_deref().unwrap_or(nothing_said);
    let mut lines = vec![Line::new().with(Role::Name, name).plain(format!(": {summary}"))];
    if let Some(source) = source {
        lines.push(Line::new().with(Role::Dim, format!("source {}", quoted_within(source, CALL_CHARS_MAX))));
    }
    if let Some(problem) = &about.problem {
        let what = format!("its section `{}` cannot be read: {problem}", crate::runtime::about::SECTION);
        lines.push(Line::new().with(Role::Warn, what));
    }
    let calls: Vec<String> = about.functions.iter().map(|function| call(name, function)).collect();
    let widths = calls.iter().map(|call| call.chars().count());
    let width = widths.filter(|width| *width <= CALL_WIDTH_MAX).max().unwrap_or(0) + 2;
    if !calls.is_empty() {
        lines.push(Line::new());
    }
    for (call, function) in calls.iter().zip(&about.functions) {
        let texts = wrapped(function.summary.as_deref().unwrap_or_default(), TEXT_WIDTH.saturating_sub(width + 2));
        let mut texts = texts.into_iter();
        let mut first = Line::new().with(Role::Code, format!("  {call}"));
        let columns = call.chars().count();
        if columns < width
            && let Some(text) = texts.next()
        {
            first = first.plain(format!("{}{text}", " ".repeat(width - columns)));
        }
        lines.push(first);
        lines.extend(texts.map(|text| Line::new().plain(format!("{}{text}", " ".repeat(width + 2)))));
    }
    lines
}

/// A function: its usage, its summary, and an example.
pub fn function_lines(plugin: &str, function: &FunctionAbout) -> Vec<Line> {
    let usage = format!("{} [INPUT]", without_input(plugin, function));
    let mut lines = vec![Line::new().with(Role::Code, usage), Line::new()];
    let summary = function.summary.as_deref().unwrap_or(NOTHING_SAID);
    lines.extend(wrapped(summary, TEXT_WIDTH).into_iter().map(Line::from));
    if function.input.is_some() {
        lines.push(Line::new());
        lines.push(Line::new().with(Role::Code, call(plugin, function)));
    }
    lines
}

/// A call to paste, with the example of an input where there is one that is not too long.
fn call(plugin: &str, function: &FunctionAbout) -> String {
    let bare = without_input(plugin, function);
    let whole = function.input.as_ref().map(|input| format!("{bare} {}", quote(input.as_bytes())));
    whole.filter(|whole| whole.chars().count() <= CALL_CHARS_MAX).unwrap_or(bare)
}

/// `text.upper`; `call text 'odd name'` for a name that is no word.
fn without_input(plugin: &str, function: &FunctionAbout) -> String {
    let word = quote(function.name.as_bytes());
    if word == function.name { format!("{plugin}.{word}") } else { format!("call {plugin} {word}") }
}
