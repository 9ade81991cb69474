//! Why a call, a load or a request failed: the call, the cause and the path apart, and the line that they make.

use std::fmt;

use crate::journal::{FailedCall, RecordedError};
use crate::secrets::owned_without_secrets;
use crate::text::{escape_control, many_lines, quoted_within};

/// Why a call, a load or a request failed. In a line: `2:cart.total: killed by the shell (1:front.run → 2:cart.total)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFailure {
    /// The call that is to blame; `None` where the cause names its subject.
    call: Option<FailedCall>,
    /// One line, with the way on.
    cause: String,
    /// The cause with a guest's line breaks, where it has any; other control characters are escaped.
    cause_lines: Option<Box<str>>,
    /// The path of the chain, outermost first; empty where there is none.
    path: String,
    /// Tail of the failing call's WASI standard error, if it may hold the reason; unescaped.
    stderr_tail: Option<String>,
}

impl CallFailure {
    /// A failure of this cause, without secrets in its URLs.
    pub fn new(call: Option<FailedCall>, cause: String) -> Self {
        CallFailure {
            call,
            cause: owned_without_secrets(cause),
            cause_lines: None,
            path: String::new(),
            stderr_tail: None,
        }
    }

    /// A failure of `call` of a cause in which a guest may have its say.
    pub fn in_call(call: FailedCall, cause: &str) -> Self {
        let lines = cause.contains('\n').then(|| owned_without_secrets(many_lines(cause).into_owned()).into());
        CallFailure { cause_lines: lines, ..CallFailure::new(Some(call), escape_control(cause)) }
    }

    /// The failure in a chain of this path.
    pub fn with_path(self, path: String) -> Self {
        CallFailure { path, ..self }
    }

    /// The failure with the tail of its plugin's standard error.
    pub fn with_stderr_tail(self, stderr_tail: Option<String>) -> Self {
        CallFailure { stderr_tail, ..self }
    }

    /// The cause without the call and the path.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// The line, with the tail of the plugin's standard error.
    pub fn with_reason(&self) -> String {
        format!("{self}{}", self.stderr_words())
    }

    /// The line with the tail of the plugin's standard error, for a reader who sees beside it which process failed.
    pub fn beside(&self, process: u32) -> String {
        match &self.call {
            Some(call) if call.process == process => {
                format!("{}: {}{}", call.function(), self.own_words(), self.stderr_words())
            }
            _ => self.with_reason(),
        }
    }

    /// The failure with a guest's line breaks, without the tail of its standard error.
    pub fn lines(&self) -> String {
        let cause = self.cause_lines.as_deref().unwrap_or(&self.cause);
        let call = self.call.as_ref().map_or(String::new(), |call| format!("{call}: "));
        format!("{call}{}", self.on_path(cause))
    }

    /// A few lines of the plugin's standard error, escaped; none where it wrote nothing.
    pub fn stderr_lines(&self) -> Vec<String> {
        self.stderr_tail.as_deref().map(lines_in).unwrap_or_default()
    }

    /// The failure as a record keeps it.
    pub fn recorded(&self) -> RecordedError {
        RecordedError::new(self.call.clone(), &format!("{}{}", self.own_words(), self.stderr_words()))
    }

    /// The cause and the path.
    fn own_words(&self) -> String {
        self.on_path(&self.cause)
    }

    fn on_path(&self, cause: &str) -> String {
        if self.path.is_empty() { cause.to_owned() } else { format!("{cause} ({})", self.path) }
    }

    fn stderr_words(&self) -> String {
        stderr_words(&self.stderr_lines())
    }
}

/// The words behind a message about lines of a plugin's standard error; empty where there are none.
pub fn stderr_words(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("; on its standard error: {}", lines.join(" | ")) }
}

/// Without the tail of the plugin's standard error.
impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = &self.call {
            write!(f, "{call}: ")?;
        }
        f.write_str(&self.own_words())
    }
}

/// A few lines of a standard error's tail. Languages differ in whether a panic's reason comes first or last.
fn lines_in(tail: &str) -> Vec<String> {
    const LINES_MAX: usize = 4;
    const LINE_CHARS_MAX: usize = 160;
    let lines: Vec<&str> = tail.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let shown = |line: &&str| quoted_within(line, LINE_CHARS_MAX);
    match lines.as_slice() {
        [first, .., before, last] if lines.len() > LINES_MAX => {
            vec![shown(first), "…".to_owned(), shown(before), shown(last)]
        }
        lines => lines.iter().map(shown).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Symbol;

    #[test]
    fn a_reason_is_a_few_safe_lines() {
        let told = |tail: &str| {
            CallFailure::new(None, "trap".to_owned()).with_stderr_tail(Some(tail.to_owned())).with_reason()
        };
        assert_eq!(told("index 9\n  out of 3\n\n"), "trap; on its standard error: index 9 | out of 3");
        assert_eq!(told("\n \n"), "trap");
        assert_eq!(told("1\n2\n3\n4\n5"), "trap; on its standard error: 1 | … | 4 | 5");
        assert_eq!(told("\x1b[2J"), "trap; on its standard error: \\x1b[2J");
        assert!(told(&"x".repeat(100_000)).len() < 300);
    }

    #[test]
    fn a_guests_line_breaks_are_kept_apart_from_the_line() {
        let call = || FailedCall { process: 2, name: "cart".into(), function: Symbol::intern("total") };
        let failure =
            CallFailure::in_call(call(), "no rate\nat \x1b[2J").with_path("1:front.run → 2:cart.total".into());
        assert_eq!(failure.to_string(), "2:cart.total: no rate\\nat \\x1b[2J (1:front.run → 2:cart.total)");
        assert_eq!(failure.lines(), "2:cart.total: no rate\nat \\x1b[2J (1:front.run → 2:cart.total)");
        assert_eq!(CallFailure::in_call(call(), "a\tb").lines(), "2:cart.total: a b");
    }

    #[test]
    fn beside_its_process_the_function_is_named_alone() {
        let call = FailedCall { process: 2, name: "cart".into(), function: Symbol::intern("total") };
        let failure = CallFailure::new(Some(call), "trap".into()).with_path("1:front.run → 2:cart.total".into());
        assert_eq!(failure.to_string(), "2:cart.total: trap (1:front.run → 2:cart.total)");
        assert_eq!(failure.beside(2), "total: trap (1:front.run → 2:cart.total)");
        assert_eq!(failure.beside(1), failure.to_string());
        assert_eq!(failure.recorded().cause(), "trap (1:front.run → 2:cart.total)");
    }
}
