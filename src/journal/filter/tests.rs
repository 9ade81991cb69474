//! Tests of the filter language as its users see it: text in, records picked or a message out.

use proptest::prelude::*;

use super::*;
use crate::journal::record::Outcome;
use crate::journal::symbol::Symbol;

fn call() -> Record {
    Record {
        seq: 7,
        job: 3,
        caller: 1,
        caller_name: Symbol::intern("front"),
        callee: 2,
        callee_name: Symbol::intern("cart"),
        function: Symbol::intern("total"),
        bytes_in: 65_536,
        bytes_out: 100,
        duration_ns: 5_000_000,
        depth: 2,
        outcome: Outcome::Error,
        ..Record::default()
    }
}

fn matches(expr: &str) -> bool {
    Filter::parse(expr).unwrap_or_else(|error| panic!("{expr}: {error}")).matches(&call())
}

fn refusal(expr: &str) -> String {
    match Filter::parse(expr) {
        Ok(filter) => panic!("`{expr}` was read as {filter:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn names_match_by_name_id_and_both() {
    for expr in
        ["caller=front", "caller = 1", "caller = 1:front", "caller = fr*", "caller = ?:*", "callee = 2:c[a-b]rt"]
    {
        assert!(matches(expr), "{expr}");
    }
    for expr in ["caller=cart", "caller = 2", "callee = 1:cart", "callee = car", "function = 2", "callee != cart"] {
        assert!(!matches(expr), "{expr}");
    }
    assert!(matches("function != tot") && matches("function = tot*"));
    assert!(!matches("function = 'tot*'"), "a quoted word is no glob");
}

#[test]
fn other_names_are_as_good_and_an_id_means_one_process() {
    let second = Record { callee: 4, callee_name: Symbol::intern("cart-2"), ..call() };
    let also = AlsoNamed { caller: Some("shop"), callee: Some("cart") };
    let matches = |expr: &str| Filter::parse(expr).unwrap().matches_also(&second, also);
    for expr in
        ["callee = cart", "cart", "cart.total", "cart-2.total", "callee = cart-2", "4:cart-2.total", "caller=shop"]
    {
        assert!(matches(expr), "{expr}");
    }
    for expr in ["callee != cart", "2:cart.total", "4:cart.total", "cart-3.total", "cart.add"] {
        assert!(!matches(expr), "{expr}");
    }
    assert!(!Filter::parse("callee = cart").unwrap().matches(&second), "where they are not known");
}

#[test]
fn the_shell_is_a_caller_and_nobody_is_no_callee() {
    let record = Record { caller: 0, caller_name: Symbol::SHELL, callee: 0, callee_name: Symbol::NONE, ..call() };
    let matches = |expr: &str| Filter::parse(expr).unwrap().matches(&record);
    assert!(matches("caller = shell") && matches("caller = 0") && matches("callee = ''"));
    assert!(!matches("callee = 0") && !matches("callee = ?*"));
}

#[test]
fn numbers_have_units() {
    for expr in [
        "bytes_in = 64k",
        "bytes_in >= 65536",
        "bytes_out < 0.1k",
        "duration = 5",
        "duration = 5ms",
        "duration > 4999us",
        "duration <= 0.005s",
        "depth > 1",
        "depth != 3",
        "job = 3",
        "job = %3",
    ] {
        assert!(matches(expr), "{expr}");
    }
    assert!(!matches("duration < 5ms") && !matches("bytes_in > 10M"));
}

#[test]
fn and_binds_tighter_than_or_and_not_tightest() {
    assert!(matches("outcome = error or outcome = ok and depth = 99"));
    assert!(!matches("(outcome = error or outcome = ok) and depth = 99"));
    assert!(matches("not outcome = ok and depth = 2"));
    assert!(!matches("not (outcome = error and depth = 2)"));
    assert!(matches("not not outcome=error"));
}

#[test]
fn a_bare_word_is_a_glob_over_the_names() {
    assert!(matches("cart") && matches("front") && matches("tot*") && matches("1") && matches("2:cart"));
    assert!(!matches("shell") && matches("not shell and cart"));
    assert!(matches("cart.total") && matches("c*.t*") && matches("2:cart.total") && matches("'cart.total'"));
    assert!(
        !matches("front.total") && !matches("cart.tot") && !matches("1:cart.total") && !matches("callee = cart.total")
    );
    assert!(matches("'cart'") && !matches("'car*'"));
    assert!(!matches("'duration'"));
}

#[test]
fn an_error_points_at_its_column_and_knows_what_was_meant() {
    assert_eq!(refusal("depth > 1 and calee = x"), "column 15: no field `calee`; did you mean `callee`?");
    assert_eq!(
        refusal("colour = x"),
        "column 1: no field `colour`; there are: caller callee function outcome depth job bytes_in bytes_out duration held"
    );
    assert_eq!(refusal("outcome = eror"), "column 11: no outcome `eror`; did you mean `error`?");
    assert_eq!(
        refusal("outcome = bad"),
        "column 11: no outcome `bad`; there are: ok error trap timeout killed oom fuel denied running held"
    );
    let hostile = refusal("outcome = '\x1b[2J\n'");
    assert!(hostile.starts_with("column 11: no outcome `") && hostile.contains("[2J"), "{hostile:?}");
    assert!(hostile.contains("`; there are: ok") && !hostile.contains(char::is_control), "{hostile:?}");
    assert_eq!(refusal("outcome < ok"), "column 9: `outcome` is compared with `=` or `!=`");
    assert_eq!(refusal("duration > 5 parsecs"), "column 14: expected `and` or `or` before this");
    assert_eq!(refusal("duration > 5x"), "column 12: `5x` is no duration; write `300ms`, `2s` or milliseconds");
    assert_eq!(refusal("bytes_in > many"), "column 12: `many` is no size; write bytes, `64k`, `10M` or `1G`");
    assert_eq!(refusal("depth = x"), "column 9: `x` is no number");
    assert_eq!(refusal(""), "column 1: expected a comparison, like `outcome = error`");
    assert_eq!(refusal("depth = 1 and"), "column 14: expected a comparison, like `outcome = error`");
    assert_eq!(refusal("and"), "column 1: expected a comparison here, like `outcome = error`");
    assert_eq!(refusal("(depth = 1"), "column 1: this `(` is not closed");
    assert_eq!(refusal("(a b)"), "column 4: expected `and`, `or` or `)` before this");
    assert_eq!(refusal("depth = 1)"), "column 10: this `)` closes nothing");
    assert_eq!(refusal("()"), "column 2: expected a comparison before `)`");
    assert_eq!(refusal("= 1"), "column 1: no field before `=`");
    assert_eq!(refusal("'x' = 1"), "column 5: no field before `=`");
    assert_eq!(refusal("depth ="), "column 8: expected a value after `=`");
    assert_eq!(refusal("callee = not"), "column 10: expected a value; quote it if this word is meant");
    assert_eq!(
        refusal("duration"),
        "column 1: `duration` is compared with something; quote it if it is meant as a name"
    );
    assert_eq!(Filter::parse("é and = 1").unwrap_err().pointer(), "      ^");
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}x{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(FILTER_DEPTH_MAX)).is_ok());
    assert_eq!(refusal(&nested(FILTER_DEPTH_MAX + 1)), "column 65: nested deeper than 64");
    assert_eq!(refusal(&"not ".repeat(1000)), "column 257: nested deeper than 64");
}

#[test]
fn it_knows_what_only_the_end_of_a_call_can_tell() {
    let needs_end = |expr: &str| Filter::parse(expr).unwrap().needs_end();
    assert!(needs_end("callee = x or not (duration > 5ms)") && needs_end("outcome = ok") && needs_end("bytes_out > 1"));
    assert!(!needs_end("callee = x and depth > 1 and job = 1 and bytes_in > 5 or y"));
}

#[test]
fn it_is_shown_as_it_was_written() {
    let filter: Filter = " depth>1 ".parse().unwrap();
    assert_eq!((filter.source(), filter.to_string().as_str()), (" depth>1 ", " depth>1 "));
}

/// Expressions that are nearly right: every word of the language, in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "caller", "callee", "function", "outcome", "depth", "duration", "bytes_in", "job", "ok", "error", "=", "!=",
        "<", "<=", ">", ">=", "(", ")", "and", "or", "not", "64k", "5ms", "%1", "1:front", "*", "[!a", "'x y'", "\"",
        "\\", "é",
    ]);
    prop::collection::vec((words, prop::sample::select(vec!["", " "])), 0..24)
        .prop_map(|parts| parts.into_iter().flat_map(|(word, space)| [word, space]).collect())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_within_itself(text in "[\\PC\n\x1b]{0,60}") {
        check(&text)?;
    }

    #[test]
    fn any_soup_of_words_is_read_or_refused_within_itself(text in soup()) {
        check(&text)?;
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match Filter::parse(text) {
        Ok(filter) => {
            // Either answer is right; what counts is that its negation gives the other one.
            let negated = Filter::parse(&format!("not ({text})"));
            if let Ok(negated) = negated {
                prop_assert_ne!(filter.matches(&call()), negated.matches(&call()));
            }
        }
        Err(error) => {
            prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1, "{}", error);
            prop_assert!(!error.to_string().contains('\n'), "{}", error);
        }
    }
    Ok(())
}
