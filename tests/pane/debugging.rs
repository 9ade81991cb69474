//! Held jobs, hooks, recordings and log lines in the pane.

use super::pty::{CTRL_C, Setup};
use super::with_pane;

#[test]
fn held_jobs_breakpoints_faults_and_stubs_are_shown_and_go() {
    let mut terminal = with_pane();
    terminal.line("pane size 60%; load front; break 'function=count_vowels'; call front run &");
    terminal.wait_for("1 job held · 1 breakpoint");
    terminal.wait_for("‖ 2:count_vowels.count_vowels");
    terminal.line("inject 'callee=nobody' error=no; stub ghost.walk = boo");
    terminal.wait_for("1 job held · 1 breakpoint · 1 fault · 1 stub");
    terminal.line("continue; delete; unstub --all");
    terminal.wait_gone("1 breakpoint");
    terminal.wait_gone("‖");
    terminal.wait_gone("1 stub");
    terminal.line("faults clear; record session.rec");
    terminal.wait_gone("1 fault");
    terminal.wait_for("recording");
    terminal.wait_prompt();
}

#[test]
fn a_held_job_is_stepped_and_continued_from_the_pane() {
    let mut terminal = Setup::new(24, 80).start();
    terminal.wait_prompt();
    terminal.line("pane on; load front; break 'function=run'; call front run hello");
    terminal.wait_for("‖ 1:front");
    terminal.line("pane focus");
    terminal.wait_for("c continue");
    terminal.send("i");
    terminal.wait_for("‖ 2:count_vowels");
    terminal.send("c");
    terminal.wait_gone("‖");
    terminal.send("q");
    terminal.line("wait");
    terminal.wait_for("{\"count\":2");
    terminal.wait_prompt();
}

#[test]
fn starts_restarts_and_ends_stand_in_the_log_of_calls() {
    let mut terminal = Setup::new(24, 80).start();
    terminal.wait_prompt();
    terminal.line("pane on; load front; front.run hello; restart front; kill front; pane focus");
    terminal.wait_for("▌processes");
    terminal.send("\t");
    for line in [
        "shell → load 1:front (compiled)",
        "1:front → load 2:count_vowels (compiled)",
        "↻ 1:front restarted",
        "† 1:front ended: killed by",
    ] {
        terminal.wait_for(line);
    }
    terminal.send("q");
    terminal.wait_prompt();
}

#[test]
fn log_lines_are_a_view_of_their_own() {
    let mut terminal = Setup::new(24, 80).start();
    terminal.wait_prompt();
    terminal.line("pane on; load misbehave; misbehave.log hello; pane focus");
    terminal.wait_for("▌processes");
    terminal.send("L");
    terminal.wait_for("error 1:misbehave.log hello");
    terminal.send("L");
    terminal.wait_for("1:misbehave.log");
    terminal.send("q");
    terminal.wait_prompt();
}

#[test]
fn what_a_fault_or_a_stub_changed_is_marked() {
    let mut terminal = with_pane();
    terminal.line("load echo; inject 'callee=echo' error='by order'; call echo echo x");
    terminal.wait_for("✗ shell → 1:echo.echo [fault] error: by order");
    terminal.line("faults clear; stub echo.echo = 'not me'; call echo echo x");
    terminal.wait_for("[stub");
    terminal.wait_prompt();
}

#[test]
fn ctrl_c_that_ended_one_command_does_not_end_those_of_a_breakpoint() {
    let mut terminal = with_pane();
    terminal.line("load echo");
    terminal.wait_for("○ 1:echo");
    terminal.line("break callee=echo --do 'echo served'");
    terminal.wait_for("\nbreakpoint 1");
    // The next prompt runs them: held jobs are not served while a command sleeps.
    terminal.line("echo.echo hi & sleep 600s");
    terminal.wait_for("‖ 1:echo");
    terminal.send(CTRL_C);
    terminal.wait_for("\nserved");
}

#[test]
fn a_running_call_is_held_by_a_key_that_shows_its_stack_and_lets_it_go() {
    let guest = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/tax.wasm")).expect("a guest");
    let mut terminal = Setup::new(24, 80).file("tax.wasm", guest).start();
    terminal.wait_prompt();
    terminal.line("pane on; load tax.wasm; tax.spin &");
    terminal.wait_for("1 job");
    terminal.line("pane focus");
    terminal.wait_for("▌processes");
    terminal.send("jH");
    terminal.wait_for("%1 is held");
    terminal.wait_for("held, where it stands");
    terminal.wait_for("spin at src/tax.rs:87");
    terminal.send("H");
    terminal.wait_for("%1 goes on");
    terminal.wait_gone("‖");
    terminal.send("q");
    terminal.wait_for("▌processes");
    terminal.send("q");
    terminal.line("kill %1");
    terminal.wait_for("killed %1");
    terminal.wait_prompt();
}
