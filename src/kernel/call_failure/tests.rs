//! Lines of failures, and what is left out of them.

use super::*;
use crate::journal::Symbol;
use crate::runtime::FailureKind;

fn total() -> FailedCall {
    FailedCall { process: 2, name: "cart".into(), function: Symbol::intern("total") }
}

fn failed(call: Option<FailedCall>, failure: Failure) -> CallFailure {
    CallFailure::new(call, FailureCause::failed(failure), Wording::default())
}

#[test]
fn a_reason_is_a_few_safe_lines() {
    let told = |tail: &str| {
        let mut failure = Failure::new(FailureKind::Trap, "trap");
        failure.stderr_tail = Some(tail.to_owned());
        failed(None, failure).with_reason()
    };
    assert_eq!(told("index 9\n  out of 3\n\n"), "trap; on its standard error: index 9 | out of 3");
    assert_eq!(told("\n \n"), "trap");
    assert_eq!(told("1\n2\n3\n4\n5"), "trap; on its standard error: 1 | … | 4 | 5");
    assert_eq!(told("\x1b[2J"), "trap; on its standard error: \\x1b[2J");
    assert!(told(&"x".repeat(100_000)).len() < 300);
}

#[test]
fn a_guests_line_breaks_are_kept_apart_from_the_line() {
    let told = |message: &str| failed(Some(total()), Failure::new(FailureKind::Guest, message));
    let failure = told("no rate\nat \x1b[2J").with_path("1:front.run → 2:cart.total".into());
    assert_eq!(failure.to_string(), "2:cart.total: no rate\\nat \\x1b[2J (1:front.run → 2:cart.total)");
    assert_eq!(failure.lines(), "2:cart.total: no rate\nat \\x1b[2J (1:front.run → 2:cart.total)");
    assert_eq!(told("a\tb").lines(), "2:cart.total: a b");
}

#[test]
fn beside_its_process_the_function_is_named_alone() {
    let failure = CallFailure::new(Some(total()), "trap".to_owned(), Wording::default())
        .with_path("1:front.run → 2:cart.total".into());
    assert_eq!(failure.to_string(), "2:cart.total: trap (1:front.run → 2:cart.total)");
    assert_eq!(failure.beside(2), "total: trap (1:front.run → 2:cart.total)");
    assert_eq!(failure.beside(1), failure.to_string());
    assert_eq!(failure.recorded().cause(), "trap (1:front.run → 2:cart.total)");
}

#[test]
fn a_load_names_its_source_once() {
    let load = |failure: Failure| {
        let cause = FailureCause::Load { source: "echo.wasm".to_owned(), failure: Box::new(failure) };
        CallFailure::new(None, cause, Wording::default()).to_string()
    };
    let failure = || Failure::new(FailureKind::Load, "no file `echo.wasm`");
    assert_eq!(load(failure()), "cannot load `echo.wasm`: no file `echo.wasm`");
    assert_eq!(load(failure().about("echo.wasm")), "no file `echo.wasm`");
}

#[test]
fn a_crash_that_ended_a_process_is_told_by_a_later_call_of_it() {
    let crash = Arc::new(failed(Some(total()), Failure::new(FailureKind::Trap, "trap")));
    let process = ProcessLabel { id: 2, name: "cart".to_owned() };
    let dead = DeadProcess { process, reason: ExitReason::Crashed(crash) };
    let failure = CallFailure::new(None, FailureCause::Dead(dead), Wording::default());
    assert_eq!(failure.to_string(), "process `2:cart` is dead: crashed: 2:cart.total: trap");
}
