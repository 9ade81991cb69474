//! The conformance suite: the same plugins, inputs and manifests through plugsh's own host and through the extism SDK.
//!
//! Each case runs in a fresh world in both hosts, and everything observable is compared: outputs, failures, log lines,
//! requests to a loopback server, files in a folder. `differences` lists the intended differences with their reasons:
//! an unlisted difference fails the suite, and so does a listed one that does not occur. Each case is a test of its
//! own; the counts are printed at the end. Each case runs on the engine for a debugger too, and where nats-server is
//! there on a node, without any difference. `cargo test --test conformance WORD` runs the cases whose name contains the
//! word, `cargo test --test conformance -- --table` prints the table.

mod case;
mod cases;
mod differences;
#[path = "../common/missing_tool.rs"]
mod missing_tool;
mod node;
mod prelude;
mod seen;
mod server;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::Case;
use libtest_mimic::{Arguments, Failed, Trial};
use node::Scene;
use world::Runner;

/// The native stack of a case's thread, which nested calls use.
const STACK_BYTES: usize = 64 << 20;
/// The numbers of cases that agreed, and that differed as listed.
static AGREE: AtomicUsize = AtomicUsize::new(0);
static DIFFER: AtomicUsize = AtomicUsize::new(0);
/// The number of cases that gave the same on the engine for a debugger.
static AGREE_DEBUGGED: AtomicUsize = AtomicUsize::new(0);
/// The number of cases that gave the same on a node.
static AGREE_ON_NODE: AtomicUsize = AtomicUsize::new(0);

fn main() -> ExitCode {
    if std::env::args().any(|word| word == "--table") {
        return print_table();
    }
    let arguments = Arguments::from_args();
    let cases = cases::all();
    let whole = suite_is_whole(&cases);
    let mut trials = vec![Trial::test("the_suite_is_whole", move || match whole.as_slice() {
        [] => Ok(()),
        failures => Err(failures.join("\n").into()),
    })];
    trials
        .extend(cases.into_iter().map(|case| Trial::test(case.name, move || on_a_large_stack(move || compare(&case)))));
    let debugged = |case: Case| {
        let name = format!("for a debugger: {}", case.name);
        Trial::test(name, move || on_a_large_stack(move || compare_debugged(&case)))
    };
    trials.extend(cases::all().into_iter().map(debugged));
    let kept = |case: Case| {
        let name = format!("under a deep recording: {}", case.name);
        Trial::test(name, move || on_a_large_stack(move || compare_kept(&case)))
    };
    trials.extend(cases::all().into_iter().map(kept));
    let scene = if arguments.list { None } else { Scene::start() };
    if arguments.list || scene.is_some() {
        let on_node = |case: Case| {
            let name = format!("on a node: {}", case.name);
            Trial::test(name, move || on_a_large_stack(move || compare_on_node(&case)))
        };
        trials.extend(cases::all().into_iter().map(on_node));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The server ends with it.
    drop(scene);
    if !arguments.list {
        let (agree, differ) = (AGREE.load(Ordering::Relaxed), DIFFER.load(Ordering::Relaxed));
        let failed = conclusion.num_failed;
        println!("conformance: {agree} cases agree in both hosts, {differ} differ as listed, {failed} fail");
        println!("for a debugger: {} cases agree", AGREE_DEBUGGED.load(Ordering::Relaxed));
        println!("on a node: {} cases agree", AGREE_ON_NODE.load(Ordering::Relaxed));
    }
    conclusion.exit_code()
}

/// Prints the table of differences as in the README.
fn print_table() -> ExitCode {
    println!("| difference | why |\n|---|---|");
    for difference in differences::ALL {
        println!("| {} | {} |", difference.what, difference.why);
    }
    ExitCode::SUCCESS
}

/// Checks that names are unique, that the table's cases exist, and that every import and manifest field has a case.
fn suite_is_whole(all: &[Case]) -> Vec<String> {
    let mut failures = Vec::new();
    let mut names = BTreeSet::new();
    for case in all {
        if !names.insert(case.name) {
            failures.push(format!("two cases are named `{}`", case.name));
        }
    }
    for name in differences::ALL.iter().flat_map(|difference| difference.cases) {
        if !names.contains(name) {
            failures.push(format!("the table of differences names `{name}`, and there is no such case"));
        }
    }
    let covered: BTreeSet<&str> = all.iter().flat_map(|case| case.covers.iter().copied()).collect();
    let functions = prelude::functions().map(|function| function.name);
    for what in functions.chain(prelude::MANIFEST_FIELDS.iter().copied()) {
        if !covered.contains(what) {
            failures.push(format!("no case covers `{what}`"));
        }
    }
    failures
}

/// Runs a case on a thread of its own; a panic is a failure.
fn on_a_large_stack(compare: impl FnOnce() -> Result<(), String> + Send + 'static) -> Result<(), Failed> {
    let run = move || catch_unwind(AssertUnwindSafe(compare));
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run)?;
    match thread.join() {
        Ok(Ok(verdict)) => verdict.map_err(Failed::from),
        _ => Err("it panicked; see above".into()),
    }
}

/// Checks that both hosts agree, or differ as listed.
fn compare(case: &Case) -> Result<(), String> {
    let native = case.run(Runner::Native);
    let sdk = case.run(Runner::Extism);
    let listed = differences::ALL.iter().find(|difference| difference.cases.contains(&case.name));
    let counted = match (native == sdk, listed) {
        (true, None) => &AGREE,
        (false, Some(_)) => &DIFFER,
        (true, Some(difference)) => {
            let what = difference.what;
            return Err(format!("the hosts agree, yet it is listed as `{what}`\n  both: {native}"));
        }
        (false, None) => return Err(format!("the hosts differ\n  native: {native}\n  extism: {sdk}")),
    };
    case.check(&native)?;
    counted.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Checks that a case gives on the engine for a debugger what it gives on the common one.
fn compare_debugged(case: &Case) -> Result<(), String> {
    let (common, debugged) = (case.run(Runner::Native), case.run(Runner::Debugged));
    if common != debugged {
        return Err(format!("the engine for a debugger differs\n  common: {common}\n  debugged: {debugged}"));
    }
    AGREE_DEBUGGED.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Checks that a case gives the same while the host's answers are kept.
fn compare_kept(case: &Case) -> Result<(), String> {
    let (live, kept) = (case.run(Runner::Native), case.run(Runner::Kept));
    if live == kept { Ok(()) } else { Err(format!("a deep recording differs\n  live: {live}\n  kept: {kept}")) }
}

/// Checks that a case gives on a node what it gives here.
fn compare_on_node(case: &Case) -> Result<(), String> {
    let (here, there) = (case.run(Runner::Native), case.run(Runner::Node));
    if here != there {
        return Err(format!("a node differs\n  here: {here}\n  there: {there}"));
    }
    AGREE_ON_NODE.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
