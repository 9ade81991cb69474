//! The conformance suite: the same plugins, inputs and manifests through plugsh's own host and through the extism SDK.
//!
//! Each case runs in a fresh world in both hosts; what can be seen of it (outputs, failures, log lines, requests to a
//! loopback server, files in a folder) is compared. Where the hosts differ, and are meant to, `differences` says so and
//! why: a difference that it does not list fails the suite, and so does one that it lists and that is not there. The
//! counts are printed at the end. `cargo test --test conformance WORD` runs the cases whose name contains the word,
//! `cargo test --test conformance -- --table` prints the table.

mod case;
mod cases;
mod differences;
mod prelude;
mod seen;
mod server;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::Case;
use plugsh::runtime::Host;
use seen::Seen;

/// How many cases run at the same time.
const WORKERS: usize = 2;

/// How a case came out.
enum Verdict {
    Agrees,
    /// The hosts differ, as the table says they do.
    Known,
    Fails(String),
}

fn main() -> ExitCode {
    if std::env::args().any(|word| word == "--table") {
        return print_table();
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let all = cases::all();
    let mut failures = suite_is_whole(&all);
    let chosen: Vec<&Case> = all.iter().filter(|case| wanted(case.name)).collect();
    let verdicts = run_all(&chosen);
    let count = |which: fn(&Verdict) -> bool| verdicts.iter().filter(|(_, verdict)| which(verdict)).count();
    let agree = count(|verdict| matches!(verdict, Verdict::Agrees));
    let known = count(|verdict| matches!(verdict, Verdict::Known));
    for (name, verdict) in &verdicts {
        if let Verdict::Fails(why) = verdict {
            failures.push(format!("{name}: {why}"));
        }
    }
    for failure in &failures {
        println!("FAILED {failure}\n");
    }
    println!(
        "conformance: of {} cases {agree} agree in both hosts, {known} differ as listed, {} fail",
        verdicts.len(),
        verdicts.len() - agree - known,
    );
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The table of differences, as the README has it.
fn print_table() -> ExitCode {
    println!("| difference | why |\n|---|---|");
    for difference in differences::ALL {
        println!("| {} | {} |", difference.what, difference.why);
    }
    ExitCode::SUCCESS
}

/// Names are unique, the table names cases that exist, and every import and manifest field has a case.
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
    for what in prelude::IMPORTS.iter().chain(prelude::GUEST_FUNCTIONS).chain(prelude::MANIFEST_FIELDS) {
        if !covered.contains(what) {
            failures.push(format!("no case covers `{what}`"));
        }
    }
    failures
}

fn run_all<'a>(cases: &[&'a Case]) -> Vec<(&'a str, Verdict)> {
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            std::thread::Builder::new()
                // A chain of nested calls uses the native stack of the thread that runs it.
                .stack_size(64 << 20)
                .spawn_scoped(scope, || {
                    while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let verdict = catch_unwind(AssertUnwindSafe(|| compare(case)))
                            .unwrap_or_else(|_| Verdict::Fails("it panicked; see above".to_owned()));
                        verdicts.lock().expect("no panic").push((case.name, verdict));
                    }
                })
                .expect("a thread");
        }
    });
    let mut verdicts = verdicts.into_inner().expect("no panic");
    verdicts.sort_by_key(|(name, _)| *name);
    verdicts
}

fn compare(case: &Case) -> Verdict {
    let native = case.run(Host::Native);
    let sdk = case.run(Host::Extism);
    let listed = differences::ALL.iter().find(|difference| difference.cases.contains(&case.name));
    match (native == sdk, listed) {
        (true, None) => case.check(&native).map_or_else(Verdict::Fails, |()| Verdict::Agrees),
        (false, Some(_)) => case.check(&native).map_or_else(Verdict::Fails, |()| Verdict::Known),
        (true, Some(difference)) => {
            Verdict::Fails(format!("the hosts agree, yet it is listed as `{}`\n  both: {native}", difference.what))
        }
        (false, None) => Verdict::Fails(difference(&native, &sdk)),
    }
}

fn difference(native: &Seen, sdk: &Seen) -> String {
    format!("the hosts differ\n  native: {native}\n  extism: {sdk}")
}
