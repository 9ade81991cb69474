//! `plugsh test --coverage`: programs whose lines that run are known from their sources, in Rust, C and Zig.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use common::{Plugsh, normalised, plugsh};

/// The lines of a file that have code, and whether each ran.
type Lines = BTreeMap<u32, bool>;

fn guest(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(name)
}

fn with_guests(names: &[&str]) -> Plugsh {
    names.iter().fold(plugsh(), |run, name| run.file(name, fs::read(guest(name)).expect("a guest")))
}

/// Runs a test file that holds; the lines of each source file.
fn covered(guests: &[&str], test: &str) -> BTreeMap<String, Lines> {
    let run = with_guests(guests).file("a.plugsh", test).args(["test", "--coverage", "lines.info", "a.plugsh"]);
    let path = run.dir().join("lines.info");
    let _ended = run.run().code(0);
    read(&fs::read_to_string(path).expect("a report"))
}

/// Reads a report, and checks that its sums are those of its lines.
fn read(report: &str) -> BTreeMap<String, Lines> {
    let (mut files, mut file, mut lines) = (BTreeMap::new(), String::new(), Lines::new());
    for line in report.lines() {
        let (word, rest) = line.split_once(':').unwrap_or((line, ""));
        match word {
            "SF" => file = rest.to_owned(),
            "DA" => {
                let (line, count) = rest.split_once(',').expect("a line and a count");
                lines.insert(line.parse().expect("a line"), count != "0");
            }
            "LF" => assert_eq!(rest, lines.len().to_string(), "{file}"),
            "LH" => assert_eq!(rest, lines.values().filter(|ran| **ran).count().to_string(), "{file}"),
            "end_of_record" => {
                files.insert(std::mem::take(&mut file), std::mem::take(&mut lines));
            }
            "TN" | "FN" | "FNDA" | "FNF" | "FNH" => {}
            other => panic!("`{other}` is no word of lcov"),
        }
    }
    files
}

/// The lines of the file whose path ends so.
fn of_source<'a>(files: &'a BTreeMap<String, Lines>, name: &str) -> &'a Lines {
    let found = files.iter().find(|(path, _)| path.ends_with(name));
    found.map(|(_, lines)| lines).unwrap_or_else(|| panic!("no {name} in {:?}", files.keys()))
}

/// The lines of a source from one that has a text to the next that is `}`.
fn function(source: &str, text: &str) -> std::ops::RangeInclusive<u32> {
    let lines: Vec<&str> = source.lines().collect();
    let first = lines.iter().position(|line| line.contains(text)).expect("the text");
    let last = first + lines[first..].iter().position(|line| *line == "}").expect("an end");
    first as u32 + 1..=last as u32 + 1
}

fn line(source: &str, text: &str) -> u32 {
    source.lines().position(|line| line.contains(text)).expect("the text") as u32 + 1
}

#[test]
fn in_rust_the_lines_of_the_called_function_ran() {
    let source = fs::read_to_string(guest("src/tax.rs")).expect("its source");
    let test = "load ./tax.wasm\nexpect-error '*code: 7*' call tax refuse\n";
    let files = covered(&["tax.wasm"], test);
    let lines = of_source(&files, "src/tax.rs");
    let body = function(&source, "fn refuse()");
    assert!(lines.keys().any(|line| body.contains(line)) && lines.len() > 20, "{lines:?}");
    assert!(lines.keys().all(|line| *line as usize <= source.lines().count()), "lines of other files: {lines:?}");
    for (line, ran) in lines {
        assert_eq!(*ran, body.contains(line), "line {line}: {lines:?}");
    }
}

#[test]
fn in_rust_lines_before_a_panic_ran_and_others_did_not() {
    let source = fs::read_to_string(guest("src/tax.rs")).expect("its source");
    let test = "load ./tax.wasm\nexpect-error '*panicked*' call tax rate\n";
    let files = covered(&["tax.wasm"], test);
    let lines = of_source(&files, "src/tax.rs");
    for text in ["let rate = Rate::of(country);", "rate.percent()", "rate_of(black_box", "fn percent(&self)"] {
        assert_eq!(lines.get(&line(&source, text)), Some(&true), "`{text}` ran: {lines:?}");
    }
    for text in ["nth(black_box(7))", "black_box(&RATES)[at].1", "while black_box(round)"] {
        assert_eq!(lines.get(&line(&source, text)), Some(&false), "`{text}` did not run: {lines:?}");
    }
    for function in ["fn rate_of(", "fn rate()"].map(|text| function(&source, text)) {
        assert_eq!(lines.get(function.end()), Some(&false), "a panic leaves no function by its end: {lines:?}");
    }
}

#[test]
fn in_c_a_failed_assertion_ends_what_runs() {
    let source = fs::read_to_string(guest("src/ledger.c")).expect("its source");
    let files = covered(&["ledger.wasm"], "load ./ledger.wasm\nexpect-error '*' call ledger check\n");
    let lines = of_source(&files, "src/ledger.c");
    assert!(lines[&line(&source, "assert(cents >= 0")]);
    assert!(lines[&line(&source, "book(amount);")]);
    for text in ["rows[0] += cents", "return rows[index]", "return sum / parts", "EXPORT(stop)"] {
        assert!(!lines[&line(&source, text)], "{text}: {lines:?}");
    }
}

#[test]
fn in_zig_the_lines_of_the_called_functions_ran() {
    let source = fs::read_to_string(guest("src/parcels.zig")).expect("its source");
    let files = covered(&["parcels.wasm"], "load ./parcels.wasm\ncall parcels ship\n");
    let lines = of_source(&files, "src/parcels.zig");
    let ran = ["fn sort(", "fn ship("].map(|text| function(&source, text));
    let not = ["fn refund(", "fn take_back("].map(|text| function(&source, text));
    assert!(lines.len() > 8, "{lines:?}");
    for (line, has_run) in lines {
        let is_in = |bodies: &[std::ops::RangeInclusive<u32>]| bodies.iter().any(|body| body.contains(line));
        assert_eq!((is_in(&ran), is_in(&not)), (*has_run, !has_run), "line {line}: {lines:?}");
    }
}

#[test]
fn lines_of_branches_are_told_apart() {
    let source = fs::read_to_string(guest("src/stock.c")).expect("its source");
    let files = covered(&["stock.wasm"], "load ./stock.wasm\ncall stock heaviest\n");
    let lines = of_source(&files, "src/stock.c");
    assert!(lines.len() > 10 && lines[&line(&source, "heavy += at->count")], "{lines:?}");
    assert!(lines.values().all(|ran| *ran), "each of its lines runs: {lines:?}");
}

#[test]
fn plugins_that_others_call_count_too() {
    let source = fs::read_to_string(guest("src/tax.rs")).expect("its source");
    let test = "load ./tax.wasm\nload ./cart.wasm\nexpect-error '*code: 7*' call cart total refuse\n";
    let files = covered(&["tax.wasm", "cart.wasm"], test);
    let body = function(&source, "fn refuse()");
    assert!(of_source(&files, "src/tax.rs").iter().any(|(line, ran)| *ran && body.contains(line)));
    let cart = fs::read_to_string(guest("src/cart.rs")).expect("its source");
    let lines = of_source(&files, "src/cart.rs");
    assert!(lines[&line(&cart, "call(tax, function, 0)")], "{lines:?}");
    assert!(!lines[&line(&cart, "ask_tax(try_call_plugin)")], "{lines:?}");
}

#[test]
fn a_table_names_what_did_not_run() {
    let test = "load ./stock.wasm\ncall stock heaviest\nload echo\ncall echo echo hi\nexpect hi\n";
    let run = with_guests(&["stock.wasm"]).file("a.plugsh", test);
    let ended = run.args(["test", "--coverage", "lines.info", "a.plugsh"]).run().code(0).stderr("");
    let printed = normalised(&String::from_utf8_lossy(&ended.stdout));
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[..2], ["ok  a.plugsh  #", "1 passed, 0 failed  #"], "{printed}");
    assert!(lines[2].starts_with("FILE") && lines[2].ends_with("DID NOT RUN"), "{printed}");
    assert!(lines[3].starts_with("src/stock.c") && lines[3].ends_with("100"), "{printed}");
    assert!(printed.contains("no debug information in main: build with it"), "{printed}");
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let run = with_guests(&["stock.wasm"]).file("a.plugsh", "load ./stock.wasm\ncall stock heaviest\n");
    run.args(["test", "--coverage", "none/lines.info", "a.plugsh"])
        .run()
        .code(1)
        .stderr_has("`none/lines.info`: no such");
}
