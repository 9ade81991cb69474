//! What the pane costs: prints the painter's share of a core and how much calls slow down. A measurement and no test: run
//! it by itself and with a release build,
//! `PLUGSH_BIN=$PWD/target/release/plugsh cargo test --test pane_cost -- --ignored --nocapture`.

mod pty;

use std::fs;
use std::time::{Duration, Instant};

use pty::*;

/// How long each figure is taken.
const SPAN: Duration = Duration::from_secs(10);
/// Calls of the runs that are compared.
const CALLS: u32 = 300_000;

/// Time on a processor that the threads with this name have had, in clock ticks of 10 ms.
fn ticks(process: i32, name: &str) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let named = tasks.filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name));
    let stat = named.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    stat.filter_map(|stat| {
        let fields: Vec<u64> =
            stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
        Some(fields.iter().sum::<u64>())
    })
    .sum()
}

/// The painter's share of a core over [`SPAN`], in percent.
fn painter_share(terminal: &Terminal) -> f64 {
    let (before, began) = (ticks(terminal.process_id(), "painter"), Instant::now());
    std::thread::sleep(SPAN);
    (ticks(terminal.process_id(), "painter") - before) as f64 / began.elapsed().as_secs_f64()
}

/// Calls a second of a run of [`CALLS`].
fn calls_per_second(terminal: &mut Terminal, run: u32) -> f64 {
    let began = Instant::now();
    terminal.line(&format!("call echo echo x --loop {CALLS} > /dev/null; echo run-{run}-over"));
    terminal.wait_for(&format!("\nrun-{run}-over\n"));
    f64::from(CALLS) / began.elapsed().as_secs_f64()
}

#[test]
#[ignore = "a measurement that takes a minute and wants the machine for itself"]
fn cost() {
    let mut terminal = Setup::new(40, 120).start();
    terminal.wait_prompt();
    terminal.line("load echo");
    terminal.wait_for("1:echo");
    let without = calls_per_second(&mut terminal, 0).max(calls_per_second(&mut terminal, 1));
    terminal.line("pane on");
    terminal.wait_for("processes");
    let with = calls_per_second(&mut terminal, 2).max(calls_per_second(&mut terminal, 3));
    println!(
        "calls a second: {without:.0} without the pane, {with:.0} with it ({:+.1} %)",
        (with / without - 1.0) * 100.0
    );
    terminal.wait_prompt();
    terminal.wait_for(" 0 calls/s");
    println!("painter while idle: {:.2} % of a core", painter_share(&terminal));
    terminal.line("call echo echo x --loop 1000000000 &");
    terminal.wait_for("● 1:echo");
    println!("painter while calls run as fast as they can: {:.2} % of a core", painter_share(&terminal));
    println!("the screen at the end:\n{}", terminal.text());
}
