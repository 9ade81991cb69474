//! Ctrl-C around statements: before one, between two, and in those that it is meant to end.

use std::io;
use std::sync::{Arc, OnceLock};

use crate::kernel::{Kernel, KernelOptions};
use crate::shell::front::Front;
use crate::shell::line::parse;
use crate::shell::reply::{ErrorKind, Line, Reply};
use crate::shell::session::LinesFrom;
use crate::shell::{Interrupter, Session, SessionOptions, Stdin};

/// A front whose person presses Ctrl-C as soon as anything is shown.
struct Impatient(Arc<OnceLock<Interrupter>>);

impl Front for Impatient {
    fn show(&mut self, reply: &Reply) -> io::Result<()> {
        if *reply != Reply::Nothing {
            self.0.get().map(Interrupter::interrupt);
        }
        Ok(())
    }
    fn notice(&mut self, _: &Line) {}
}

fn session(lines_from: LinesFrom) -> Session {
    let interrupter = Arc::new(OnceLock::new());
    let options = SessionOptions { lines_from, ..SessionOptions::default() };
    let kernel = Kernel::new(KernelOptions::default());
    let session = crate::shell::start(kernel, Box::new(Impatient(Arc::clone(&interrupter))), options, Stdin::Used);
    assert!(interrupter.set(session.interrupter()).is_ok());
    session
}

/// The kind of error that a line ends with, and whether `set ran` in it was reached.
fn run(session: &mut Session, line: &str) -> (Option<ErrorKind>, bool) {
    let script = parse(line, &session.grammar()).unwrap();
    let result = session.run_statements(&script);
    (result.err().map(|error| error.kind), session.variables().contains_key("ran"))
}

#[test]
fn ctrl_c_that_comes_before_its_line_has_begun_ends_it() {
    for lines_from in [LinesFrom::Prompt, LinesFrom::Script] {
        let mut session = session(lines_from);
        session.interrupter().interrupt();
        assert_eq!(run(&mut session, "set ran yes"), (Some(ErrorKind::Interrupted), false));
        assert_eq!(session.last_code(), 130);
    }
}

#[test]
fn ctrl_c_between_two_statements_ends_the_line() {
    for lines_from in [LinesFrom::Prompt, LinesFrom::Script] {
        let mut session = session(lines_from);
        assert_eq!(run(&mut session, "echo hi; set ran yes"), (Some(ErrorKind::Interrupted), false));
    }
}

#[test]
fn what_ctrl_c_is_meant_to_end_ends_well_at_the_prompt_and_ends_a_script() {
    for command in ["trace -f --last 1", "logs -f", "watch -n 1h echo hi"] {
        let line = format!("{command}; set ran yes");
        assert_eq!(run(&mut session(LinesFrom::Prompt), &line), (None, true), "`{command}` at the prompt");
        let ended = run(&mut session(LinesFrom::Script), &line);
        assert_eq!(ended, (Some(ErrorKind::Interrupted), false), "`{command}` in a script");
    }
}

#[test]
fn a_panic_of_a_command_is_its_error() {
    assert!(!super::panics_are_caught());
    let error = super::caught::<()>(|| {
        assert!(super::panics_are_caught());
        // A caught panic within a caught function: the outer one still catches afterwards.
        let inner = super::caught::<()>(|| panic!("a \x1b[2J fault"));
        assert!(super::panics_are_caught());
        inner
    });
    let error = error.unwrap_err();
    assert!(!super::panics_are_caught());
    assert_eq!((error.kind, error.code()), (ErrorKind::Failed, 1));
    let beginning = "the command panicked: a \\x1b[2J fault; this is a fault of plugsh ";
    assert!(error.message.starts_with(beginning) && error.message.contains("please report it"), "{}", error.message);
}
