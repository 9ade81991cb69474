//! Sessions that may look and not touch: which commands they may run.

use super::command::{ArgSlot, Command};
use super::line::Word;
use super::reply::ShellError;
use super::session::{Access, Session};

/// Commands that change nothing that others see, whatever their words are.
const LOOKS: [&str; 40] = [
    "ps",
    "info",
    "plugins",
    "stats",
    "lint",
    "logs",
    "show",
    "breaks",
    "faults",
    "stubs",
    "bt",
    "frame",
    "list",
    "locals",
    "print",
    "peek",
    "jobs",
    "watch",
    "time",
    "pane",
    "set",
    "echo",
    "sleep",
    "retry",
    "json",
    "source",
    "alias",
    "history",
    "clear",
    "help",
    "exit",
    "quit",
    "expect",
    "expect-json",
    "expect-error",
    "expect-calls",
    "expect-duration",
    "expect-fuel",
    "expect-tree",
    "cd",
];
/// Commands that only look as long as nothing stands after them but options.
const LOOKS_ALONE: [&str; 4] = ["trace", "limits", "policy", "log-level"];
/// Commands that only look with this option.
const LOOKS_WITH: [(&str, &str); 2] = [("up", "--check"), ("up", "--schema")];

impl Session {
    /// Refuses a command that changes something, where the session may only look.
    ///
    /// # Errors
    /// The command touches what the session may only look at.
    pub(super) fn check_access(&self, command: &Command, words: &[Word]) -> Result<(), ShellError> {
        if self.options().access == Access::Full || LOOKS.contains(&command.name) {
            return Ok(());
        }
        let slots = command.shape().slots(words, 0);
        let has_positional = slots.iter().any(|slot| matches!(slot, ArgSlot::Positional(_)));
        // A word behind `--` is no option.
        let has_option = |option: &str| {
            let mut options = slots.iter().zip(words).filter(|(slot, _)| **slot == ArgSlot::Option);
            options.any(|(_, word)| word.literal_start() == option.as_bytes())
        };
        let looks = (LOOKS_ALONE.contains(&command.name) && !has_positional)
            || LOOKS_WITH.iter().any(|(name, option)| *name == command.name && has_option(option));
        if looks { Ok(()) } else { self.check_touch(&format!("`{}`", command.name)) }
    }

    /// Refuses a change, where the session may only look. `what`: its words, for the error.
    ///
    /// # Errors
    /// The session may only look.
    pub(super) fn check_touch(&self, what: &str) -> Result<(), ShellError> {
        match self.options().access {
            Access::Full => Ok(()),
            Access::ReadOnly => Err(ShellError::failed(format!(
                "{what}: a read-only session may look and not touch; `ps`, `trace` and their like look"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Kernel, KernelOptions};
    use crate::shell::command::{TABLE, find};
    use crate::shell::headless::Headless;
    use crate::shell::line::parse;
    use crate::shell::{SessionOptions, Stdin, start};

    #[test]
    fn what_looks_is_in_the_table() {
        for name in LOOKS.iter().chain(&LOOKS_ALONE).chain(LOOKS_WITH.iter().map(|(name, _)| name)) {
            assert!(find(TABLE, name).is_some(), "no command `{name}`");
        }
    }

    #[test]
    fn a_read_only_session_looks_and_touches_nothing() {
        let options = SessionOptions { access: Access::ReadOnly, ..SessionOptions::default() };
        let (front, _) = Headless::new();
        let mut session = start(Kernel::new(KernelOptions::default()), Box::new(front), options, Stdin::Used);
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (looks, touches) = (file("looks", "ps\necho 1\n"), file("touches", "ps\nload echo\n"));
        let mut run = |line: &str| {
            let script = parse(line, &session.grammar()).unwrap();
            session.run_statements(&script).map_err(|error| error.message)
        };
        for line in [
            "ps",
            "trace -n 3",
            "limits",
            "time ps",
            "set x 1; echo $x",
            "if ps; echo 1; end",
            "alias a = ps; a",
            "log-level",
        ] {
            assert_eq!(run(line), Ok(()), "{line}");
        }
        assert_eq!(run(&format!("source {looks}")), Ok(()));
        assert!(run(&format!("source {touches}")).unwrap_err().contains(":2: `load`: a read-only session may look"));
        assert!(run("up --check").unwrap_err().contains("no `plugsh.toml`"), "it looks for the file");
        let touching = [
            "log-level debug",
            "up",
            "up x",
            "up -- --check",
            "load echo",
            "trace clear",
            "echo.echo hi",
            "ps > f",
            "time load echo",
            "echo $(load echo)",
            "kill 1",
            "alias b = load echo; b",
        ];
        for line in touching {
            assert!(run(line).unwrap_err().contains("may look and not touch"), "{line}");
        }
    }
}
