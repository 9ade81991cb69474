//! Breakpoints in plugins' code: their places as they are written, and the plugins that have to be made to stop there.

use super::exchange::{Exchanged, exchange};
use super::reply::{Line, Reply, ShellError};
use super::session::Session;
use super::words::code::{no_place_text, several_text};
use crate::journal::Filter;
use crate::kernel::hooks::{CodeInProcess, CodeTarget, SourcePlace};
use crate::kernel::{Kernel, ProcessLabel, ReplacementRequest};
use crate::runtime::source_lines::line_query;
use crate::shell::filter::parse_filter;

/// Characters of expressions that names of files and functions do not have.
const EXPR_CHARS: &[char] = &['=', '~', '!', '(', '"'];
/// The end of a module's file name, before a function.
const MODULE_FILE: &str = ".wasm:";

/// The argument of `break`: calls, or a place in code as it was written.
#[derive(Debug, Clone)]
pub enum BreakAt {
    Calls(Filter),
    Code(String),
}

/// Reads what `break` is told.
///
/// # Errors
/// The text is no place, and no expression; one line with the column.
pub fn parse_break(text: &str) -> Result<BreakAt, String> {
    let is_place = line_query(text).is_some() || text.contains("::") || text.contains(MODULE_FILE);
    if is_place && !text.contains(EXPR_CHARS) && !text.contains(char::is_whitespace) {
        return Ok(BreakAt::Code(text.to_owned()));
    }
    parse_filter(text).map(BreakAt::Calls)
}

/// The place of source that a text means: `src/lib.rs:42`, `cart::total`, `cart.wasm:total`, `cart::lib.rs:42`.
/// `unloaded`: of a plugin that may not be loaded yet.
pub fn code_target(kernel: &Kernel, text: &str, unloaded: bool) -> CodeTarget {
    if let Some((file, place)) = text.split_once(MODULE_FILE) {
        let plugin = file.rsplit('/').next().unwrap_or_default().to_owned();
        return CodeTarget { plugin: Some(plugin), place: source_place(place) };
    }
    if let Some((plugin, place)) = text.split_once("::").filter(|(plugin, _)| unloaded || is_plugin(kernel, plugin)) {
        return CodeTarget { plugin: Some(plugin.to_owned()), place: source_place(place) };
    }
    CodeTarget { plugin: None, place: source_place(text) }
}

fn is_plugin(kernel: &Kernel, name: &str) -> bool {
    let is_process = |id| kernel.plugin_of(id).as_deref() == Some(name);
    kernel.processes(false).iter().any(|view| view.name == name || is_process(view.id))
        || kernel.loadable().iter().any(|known| known == name)
}

impl Session {
    /// The processes that have code of a place.
    ///
    /// # Errors
    /// None has, or a line without a plugin's name is in several plugins.
    pub(super) fn processes_with(&self, target: &CodeTarget) -> Result<Vec<CodeInProcess>, ShellError> {
        let looked_at = self.kernel().code_of(target);
        let (found, others): (Vec<_>, Vec<_>) = looked_at.into_iter().partition(|code| code.points.is_ok());
        if found.is_empty() {
            return Err(ShellError::failed(no_place_text(self.kernel().line_tables(), target, &others)));
        }
        let mut plugins: Vec<String> =
            found.iter().filter_map(|code| self.kernel().plugin_of(code.process.id)).collect();
        plugins.sort();
        plugins.dedup();
        match (&target.plugin, &target.place) {
            (None, SourcePlace::Line { .. } | SourcePlace::NearLine { .. }) if plugins.len() > 1 => {
                Err(ShellError::failed(several_text(target, &plugins)))
            }
            _ => Ok(found),
        }
    }

    /// Restarts processes so that they can be stopped in their code, and says so.
    ///
    /// # Errors
    /// A restart fails; the processes before it are restarted.
    pub(super) fn make_stoppable(&mut self, processes: &[ProcessLabel]) -> Result<(), ShellError> {
        for process in processes {
            let more = "it can be stopped in its code now".to_owned();
            match exchange(self, process.id, ReplacementRequest::Debug, more)? {
                Exchanged::Done(done) => self.notice(done.line),
                Exchanged::Parked(Reply::Nothing) => {}
                Exchanged::Parked(_) => self.notice(Line::from(format!("{process} restarts").as_str())),
            }
        }
        Ok(())
    }
}

fn source_place(text: &str) -> SourcePlace {
    match line_query(text) {
        Some((file, line)) => SourcePlace::Line { file: file.to_owned(), line },
        None => SourcePlace::Function(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_expressions_are_told_apart() {
        for place in ["src/lib.rs:42", "lib.rs:1", "cart::total", "cart.wasm:total_of", "cart::src/lib.rs:42"] {
            assert!(matches!(parse_break(place), Ok(BreakAt::Code(text)) if text == place), "{place}");
        }
        for expression in
            ["callee=cart", "cart.total", "2:cart.total", "depth>3", "input~\"a::b\"", "bytes_in > 1", "src/lib.rs"]
        {
            assert!(matches!(parse_break(expression), Ok(BreakAt::Calls(_))), "{expression}");
        }
        assert!(parse_break("callee = ").is_err());
    }

    #[test]
    fn places_are_lines_or_functions() {
        assert_eq!(source_place("a/b.c:7"), SourcePlace::Line { file: "a/b.c".to_owned(), line: 7 });
        assert_eq!(source_place("cart::total"), SourcePlace::Function("cart::total".to_owned()));
    }
}
