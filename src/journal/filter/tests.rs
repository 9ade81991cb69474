//! Tests of the filter language as its users see it: text in, records picked or a message out.

use proptest::prelude::*;

use super::*;
use crate::journal::payload::Payload;
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
        "column 1: no field `colour`; there are: caller callee function outcome depth job bytes_in bytes_out duration held grew fuel kind input output error"
    );
    assert_eq!(refusal("outcome = eror"), "column 11: no outcome `eror`; did you mean `error`?");
    assert_eq!(
        refusal("outcome = bad"),
        "column 11: no outcome `bad`; there are: ok error trap timeout killed oom fuel denied lost running held"
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

fn content_matches(expr: &str, input: &[u8], bytes_max: u64) -> Option<bool> {
    let payload = Payload::keep(input, b"out", bytes_max);
    let record = Record {
        outcome: Outcome::Ok,
        bytes_in: input.len() as u64,
        bytes_out: 3,
        payload: Some(Box::new(payload)),
        ..call()
    };
    Filter::parse(expr).unwrap_or_else(|error| panic!("{expr}: {error}")).answer(&record)
}

#[test]
fn what_was_said_is_searched_and_compared() {
    let json = br#"{"items":[{"qty":5,"id":"a-1","n":"7"}],"on":true,"off":null,"price":2.50}"#;
    for expr in [
        "input ~ 'qty.:[0-9]'",
        "input~qty and output~^out$",
        "input !~ ^x",
        "input contains '\"on\":true'",
        "input./items/0/qty > 3",
        "input./items/0/qty>=5 and input./items/0/qty!=6",
        "input./items/0/qty = 5.0",
        "input./price = 2.5",
        "input./items/0/id = a-*",
        "input./items/0/id ~ ^a and input./items/0/id contains -1",
        "input./on = true and input./off = null",
        "input./on != false",
        "input./items/0/n = '7'",
        "input./items and not input./nothing",
        "input./nothing != 3",
        "output = out and output != 'o*'",
        "error = '' and not error contains x",
        "depth = 99 or input./on=true",
    ] {
        assert_eq!(content_matches(expr, json, 1000), Some(true), "{expr}");
    }
    for expr in [
        "input ~ '^qty'",
        "input./items/0/qty > 5",
        "input./items/0/qty = '5'",
        "input./items/0/n = 7",
        "input./items/0/n > 3",
        "input./on = 'true'",
        "input./nothing = 3",
        "input./items = 3",
        "output contains in",
    ] {
        assert_eq!(content_matches(expr, json, 1000), Some(false), "{expr}");
        assert_eq!(content_matches(&format!("not {expr}"), json, 1000), Some(true), "{expr}");
    }
    assert_eq!(content_matches("input > 41 and input = 42", b"42", 100), Some(true), "a whole input that is a number");
    assert_eq!(content_matches("input./a~1b=1 and input./m~0n=2", br#"{"a/b":1,"m~n":2}"#, 100), Some(true));
    assert_eq!(content_matches("input contains a\\ b", b"x a b", 100), Some(true), "a backslash keeps the space");
}

#[test]
fn what_was_not_kept_is_answered_for_neither_way() {
    let json = br#"{"first":12,"last":"z"}"#;
    for expr in ["input./last = z", "input contains last", "input ~ z", "input = '{}'", "not input ~ z", "input !~ z"] {
        assert_eq!(content_matches(expr, json, 12), None, "{expr}");
    }
    assert_eq!(content_matches("input./first = 12", json, 12), Some(true), "what is there is known");
    assert_eq!(content_matches("input contains first", json, 12), Some(true));
    assert_eq!(content_matches("input ~ z and depth = 99", json, 12), Some(false), "the rest decides");
    assert_eq!(content_matches("input ~ z or depth = 2", json, 12), Some(true));
    let not_kept = Record { payload: None, ..call() };
    let answer = |expr: &str, record: &Record| Filter::parse(expr).unwrap().answer(record);
    assert_eq!(answer("input ~ x", &not_kept), None);
    assert_eq!(
        answer("input ~ x", &Record { bytes_in: 0, ..not_kept.clone() }),
        Some(false),
        "nothing was content_matches"
    );
    assert_eq!(answer("output ~ x", &not_kept), Some(false), "a failed call gave nothing");
    let private = Record { payload: Some(Box::new(Payload::private(5, 5))), ..call() };
    assert_eq!(answer("input ~ x", &private), None);
    let failed = Record { error: Some("2:cart.total: no disk".into()), ..call() };
    assert_eq!(answer("error contains disk and error ~ '^2:cart'", &failed), Some(true));
    let running = Record { outcome: Outcome::Running, ..call() };
    assert_eq!(answer("error ~ x", &running), None);
    assert!(!Filter::parse("not input ~ x").unwrap().matches(&not_kept));
}

#[test]
fn what_is_wrong_in_a_search_is_pointed_at() {
    assert_eq!(refusal("depth=1 and input ~ 'a(b'"), "column 23: unclosed group");
    assert_eq!(refusal("input ~ a["), "column 10: unclosed character class");
    assert_eq!(refusal("input > many"), "column 9: `>` compares numbers, and `many` is none");
    assert_eq!(refusal("input./qty < '3'"), "column 14: `<` compares numbers, and `3` is none");
    assert_eq!(refusal("input.qty > 3"), "column 1: a path into JSON starts with `/`: write `input./qty`");
    assert_eq!(refusal("callee ~ cart"), "column 8: `callee` takes no `~`; `input`, `output` and `error` do");
    assert_eq!(refusal("depth contains 1"), "column 7: `depth` takes no `contains`; `input`, `output` and `error` do");
    assert_eq!(refusal("input ~"), "column 8: expected a value after `~`");
    assert_eq!(refusal("input contains"), "column 15: expected a value after `contains`");
    assert_eq!(refusal("~ x"), "column 1: no field before `~`");
    assert_eq!(refusal("cart !~ x"), "column 6: no field before `!~`");
    assert_eq!(refusal("error"), "column 1: `error` is compared with something; quote it if it is meant as a name");
    assert!(refusal(&format!("input.{}", "/x".repeat(40))).starts_with("column 1: a path of more than"));
    assert!(Filter::parse("'error'").is_ok() && Filter::parse("a~b").is_ok(), "names as before");
}

#[test]
fn tests_of_payloads_come_last() {
    let filter = Filter::parse("input ~ x and depth = 1 and (output ~ y or job = 1)").unwrap();
    let Expr::All(parts) = &filter.expr else { panic!("{filter:?}") };
    assert!(matches!(parts[0], Expr::Test(Test::Number { .. })), "{filter:?}");
    assert!(matches!(&parts[2], Expr::Any(parts) if matches!(parts[0], Expr::Test(Test::Number { .. }))), "{filter:?}");
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
    assert!(needs_end("output ~ x") && needs_end("not error./a = 1") && !needs_end("input ~ x"));
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
        "<", "<=", ">", ">=", "~", "!~", "contains", "error", "error./a", "error.b", "(", ")", "and", "or", "not",
        "64k", "5ms", "%1", "1:front", "*", "[!a", "'x y'", "\"", "\\", "é",
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
