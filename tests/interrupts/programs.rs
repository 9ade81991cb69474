//! Programs of the system at a prompt: they have the terminal and its keys, stop and go on with the shell.

use super::*;

/// Waits until the state of a system process, as `ps` prints it, satisfies `is`.
fn wait_state(pid: &str, what: &str, is: impl Fn(&str) -> bool) {
    until(what, || {
        let state = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap().stdout;
        is(&String::from_utf8_lossy(&state))
    });
}

/// Waits for a file that contains a process id.
fn number_in(file: &Path) -> String {
    until("the program's number", || std::fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n')));
    std::fs::read_to_string(file).unwrap().trim().to_owned()
}

#[test]
fn a_program_at_a_prompt_has_the_terminal_and_its_keys() {
    let setup = Setup::new(30, 100);
    let pid = setup.home().join("pid");
    let mut terminal = setup.start();
    terminal.wait_prompt();
    terminal.line("load echo");
    terminal.wait_for("\n1:echo");
    terminal.wait_prompt();
    // A program can read typed lines, wherever it stands in a line.
    for (number, line) in [
        "!echo ready > /dev/tty; read x; echo got-$x",
        "echo $(!echo ready > /dev/tty; read x; echo got-$x)",
        "echo.echo hi | !echo ready > /dev/tty; read x < /dev/tty; echo got-$x",
    ]
    .into_iter()
    .enumerate()
    {
        terminal.line(line);
        terminal.wait_for("\nready");
        terminal.line(&format!("typed-{number}"));
        terminal.wait_for(&format!("\ngot-typed-{number}"));
        terminal.wait_prompt();
        terminal.send(CTRL_L);
        terminal.wait_gone("ready");
    }
    // Ctrl-C that the program handles does not reach the shell.
    terminal.line("!trap 'echo heard; exit 0' INT; echo $$ > pid; read x");
    wait_state(&number_in(&pid), "the foreground", |state| state.contains('+'));
    terminal.send(CTRL_C);
    terminal.wait_for("heard");
    terminal.wait_prompt();
    terminal.line("echo \"code-$?\"");
    terminal.wait_for("\ncode-0");
    terminal.wait_prompt();
    // No shell is behind this terminal, so a stopped program continues and gets the keys typed meanwhile.
    terminal.line("!echo waits; read x; echo went-on-$x");
    terminal.wait_for("\nwaits");
    terminal.send(&format!("{CTRL_Z}typed{ENTER}"));
    terminal.wait_for("\nwent-on-typed");
    terminal.wait_prompt();
    // SIGTSTP sent to the shell alone has the effect of Ctrl-Z.
    terminal.line("!kill -TSTP $PPID; echo sent; read x; echo heard-$x");
    terminal.wait_for("\nsent");
    terminal.line("more");
    terminal.wait_for("\nheard-more");
    terminal.wait_prompt();
}

#[test]
fn ctrl_z_stops_the_shell_with_its_program_and_both_go_on() {
    for line in ["!echo $$ > pid; exec sleep 1000", "set x $(!echo $$ > pid; exec sleep 1000)"] {
        let setup = Setup::new(30, 100).argument("--norc").argument("-i").variable("PS1", "outer$ ");
        let pid = setup.home().join("pid");
        let mut terminal = setup.start_program("bash");
        terminal.wait_for("outer$ ");
        terminal.line(&pty::plugsh());
        terminal.wait_prompt();
        terminal.line(line);
        let pid = number_in(&pid);
        for _ in 0..2 {
            wait_state(&pid, "the foreground", |state| state.contains('+') && !state.starts_with('T'));
            terminal.send(CTRL_Z);
            terminal.wait("the outer prompt", |screen| screen.contents().trim_end().ends_with("outer$"));
            wait_state(&pid, "the stop", |state| state.starts_with('T'));
            terminal.line("clear; fg");
        }
        wait_state(&pid, "the foreground", |state| state.contains('+') && !state.starts_with('T'));
        terminal.send(CTRL_C);
        terminal.wait_prompt();
        terminal.line("echo \"code-$?\"");
        terminal.wait_for("\ncode-130");
        terminal.wait_prompt();
    }
}

#[test]
fn a_script_in_the_background_stops_where_it_wants_the_terminal() {
    let setup = Setup::new(30, 100).argument("--norc").argument("-i").variable("PS1", "outer$ ");
    let pid = setup.home().join("pid");
    let mut terminal = setup.start_program("bash");
    terminal.wait_for("outer$ ");
    terminal.line(&format!("{} -c '!echo $$ > pid; read x; echo \"got-$x\"' &", pty::plugsh()));
    let pid = number_in(&pid);
    wait_state(&pid, "the stop", |state| state.starts_with('T'));
    // bash reports the stop with its next prompt.
    until("the stop of the shell", || {
        terminal.line("clear; jobs");
        terminal.wait_for("echo $$ > pid");
        terminal.text().contains("Stopped")
    });
    terminal.line("fg");
    wait_state(&pid, "the foreground", |state| state.contains('+'));
    terminal.line("typed");
    terminal.wait_for("\ngot-typed");
    terminal.wait("the outer prompt", |screen| screen.contents().trim_end().ends_with("outer$"));
}

#[test]
fn a_terminated_shell_gives_the_terminal_back_from_its_program() {
    // Without job control the outer shell cannot take the terminal itself.
    let setup = Setup::new(30, 100)
        .argument("-c")
        .argument(format!("{} -c '!echo $PPID > pid; sleep 1000'; read x; echo got-$x", pty::plugsh()));
    let pid = setup.home().join("pid");
    let mut terminal = setup.start_program("sh");
    let shell = number_in(&pid);
    signal(shell.parse().unwrap(), "TERM");
    until("its end", || kill(Pid::from_raw(shell.parse().unwrap()), None).is_err());
    terminal.line("typed");
    terminal.wait_for("\ngot-typed");
}
