//! Two terminals on one registry.

use crate::pty::{CTRL_C, CTRL_D, CTRL_Z, F6, Setup, TAB, Terminal, completes, run};
use crate::served::{Served, serve};

fn attach(served: &Served, arguments: &[&str]) -> Terminal {
    let runtime = served.dir.path().display().to_string();
    let setup = Setup::new(24, 80).variable("XDG_RUNTIME_DIR", &runtime).argument("attach").argument("shop");
    let terminal = arguments.iter().fold(setup, |setup, argument| setup.argument(*argument)).start();
    terminal.wait_for("attached to `shop`");
    terminal.wait_prompt();
    terminal
}

#[test]
fn lines_names_and_blocks_are_those_of_a_prompt() {
    let served = serve("load echo");
    let mut one = attach(&served, &[]);
    completes(&mut one, "kill ec", "kill echo ");
    one.line("echo.echo <<END");
    one.wait_for("...>");
    one.line("of two");
    run(&mut one, "END", "of two");
    run(&mut one, "alias again = echo.echo once more", "plugsh>");
    run(&mut one, "again", "once more");
    run(&mut one, "!echo on this side", "on this side");
    run(&mut one, "history -n 1", "history -n 1");
    one.send(CTRL_D);
    assert!(one.wait_end().success());
    assert_eq!(served.attach("echo.echo stays").out(), "stays\n");
}

#[test]
fn ctrl_c_ends_the_line_of_its_own_terminal_alone() {
    let served = serve("load misbehave\nload misbehave --as other");
    let (mut one, mut two) = (attach(&served, &[]), attach(&served, &[]));
    one.start("misbehave.spin");
    one.wait_for("running for");
    two.start("other.spin");
    two.wait_for("running for");
    one.send(CTRL_C);
    one.wait_for("1:misbehave.spin: interrupted");
    two.wait_for("running for");
    two.send(CTRL_C);
    two.wait_for("2:other.spin: interrupted");
}

#[test]
fn a_server_that_dies_ends_a_prompt_that_waits_for_a_key() {
    let served = serve("load echo");
    let mut one = attach(&served, &[]);
    served.signal("-KILL");
    one.wait_for("plugsh: `shop` is gone: its server has ended");
    assert_eq!(one.wait_end().exit_code(), 1);
    one.assert_as_found();
}

#[test]
fn what_one_terminal_holds_the_other_sees() {
    let served = serve("load echo");
    let (mut one, mut two) = (attach(&served, &[]), attach(&served, &[]));
    run(&mut one, "break callee=echo", "breakpoint 1");
    run(&mut one, "echo.echo held", "is held before 1:echo.echo");
    two.wait_for("%1 is held");
    run(&mut two, "continue %1", "held");
    two.wait_prompt();
}

#[test]
fn a_pane_draws_what_another_terminal_does() {
    let served = serve("load echo");
    let (mut one, mut two) = (attach(&served, &[]), attach(&served, &["--pane"]));
    two.wait_for("1:echo");
    run(&mut one, "load front", "2:front");
    two.wait_for("2:front");
    run(&mut one, "echo.echo shown", "shown");
    // The keys go to the pane, and to its view of calls.
    two.send(F6);
    two.send(TAB);
    two.wait_for("echo.echo");
}

#[test]
fn what_follows_ends_by_ctrl_c_and_what_runs_is_left_by_ctrl_z() {
    let served = serve("load echo\nload misbehave");
    let mut one = attach(&served, &[]);
    one.start("trace -f");
    assert_eq!(served.attach("echo.echo seen").out(), "seen\n");
    one.wait_for("1:echo.echo");
    one.send(CTRL_C);
    one.wait_prompt();
    one.start("misbehave.spin");
    one.wait_for("running for");
    one.send(CTRL_Z);
    one.wait_for("goes on in the background");
    one.wait_prompt();
    run(&mut one, "kill %2", "killed %2");
}
