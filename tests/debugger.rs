//! Held jobs in the background, blocking each other, and at a script's end. Their notices come at any time, so these
//! tests are no golden sessions.

mod common;

use common::{commands, plugsh};

#[test]
fn a_breakpoints_commands_let_a_background_job_go_on() {
    let script = "load echo
        break 'function=echo' --do 'return from-the-breakpoint'
        call echo echo hi &
        wait %1
        breaks";
    let breaks = "N  SIDE    EXPR           HITS  DO\n1  before  function=echo     1  return from-the-breakpoint\n";
    let ended = commands(script).run().code(0).stdout(format!("from-the-breakpoint\n{breaks}"));
    ended.stderr_has("1:echo\nbreakpoint 1: before function=echo\n");
}

#[test]
fn a_held_background_job_is_told_and_brought_to_the_front() {
    let script = "load echo
        break 'function=echo'
        call echo echo hi &
        wait %1
        echo not-reached";
    let ended = commands(script).run().code(1).stdout("");
    ended.stderr_has("%1 is held before 1:echo.echo (breakpoint 1); `continue %1` lets it go on");
    let script = script.replace("wait %1\n", "sleep 1ms\nfg %1\n").replace("break 'function=echo'", "");
    commands(&script).run().code(0).stdout_has("hi\nnot-reached");
}

#[test]
fn a_call_of_a_process_that_a_held_job_has_gives_the_prompt_back() {
    let script = "load echo
        break 'function=echo'
        call echo echo first
        call echo echo second
        delete
        continue %1
        wait %2";
    let ended = commands(script).run().code(0);
    let ended = ended.stdout("first\nsecond\n");
    ended.stderr_has("%2 waits for `1:echo`, where %1 is held; `continue %1` lets that go on");
}

#[test]
fn a_held_job_is_killed_and_its_process_serves_on() {
    let script = "load echo
        break 'function=echo'
        call echo echo first
        kill %1
        delete
        call echo echo second
        ps --json";
    // A failed job that was not waited for fails the script.
    let ended = commands(script).run().code(1).stdout_has("second\n").stderr_has("killed %1\n");
    // The killed call never ran, so the process was not reset.
    ended.stdout_has("\"calls\":2,\"errors\":1,\"resets\":0");
}

#[test]
fn a_script_that_ends_with_a_held_job_fails() {
    let ended = commands("load echo; break 'function=echo'; call echo echo hi").run().code(1);
    ended.stderr_has("%1 is held before 1:echo.echo (breakpoint 1); `continue %1` lets it go on");
}

#[test]
fn commands_of_a_breakpoint_that_fail_end_the_script() {
    let script = "load echo; break 'function=echo' --do 'set-input x; bogus'; call echo echo hi; echo not-reached";
    let ended = commands(script).run().code(2).stdout("");
    ended.stderr_has("breakpoint 1:1: no command `bogus`");
}

#[test]
fn a_stub_takes_bytes_from_a_file_and_a_seed_holds_for_the_session() {
    let run = plugsh().file("answer", b"\xff\x00").args(["-c", "stub a.b = @answer; load a; call a b > out"]).run();
    run.code(0).file("out", b"\xff\x00");
    let script = "load echo; inject 'callee=echo' drop-output p=0.5; set x ''
        echo.echo 1; echo.echo 2; echo.echo 3; echo.echo 4; echo.echo 5; echo.echo 6; echo.echo 7; echo.echo 8";
    let run = || commands(script).args(["--seed", "11"]).run().code(0).stdout;
    assert_eq!(run(), run());
}

#[test]
fn a_recording_that_cannot_be_written_says_so() {
    let ended = commands("record /dev/full; load echo; call echo echo hi; record off").run().code(1);
    ended.stderr_has("`/dev/full`: no space left on device; the recording ends there");
}

#[test]
fn a_private_plugin_is_recorded_without_its_bytes() {
    let script = "record calls; load echo --private; call echo echo secret; record off; replay calls; !cat calls";
    let ended = commands(script).run().code(0).stdout_has("\"input_base64\":null");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(!text.contains("c2VjcmV0") && text.contains("0 calls replayed"), "{text}");
    ended.stderr_has("1 call not replayed: the recording has no input");
}
