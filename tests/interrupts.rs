//! Ctrl-C ends every wait; failed writes are errors and not signals; a signal that ends the program leaves no files and
//! no child programs.

mod common;
#[path = "interrupts/programs.rs"]
mod programs;
mod pty;

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{commands, plugsh};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pty::*;

/// The least capacity of a pipe.
const PIPE_BYTES_MIN: u64 = 16 << 10;
/// The longest wait for an event.
const WAIT_MAX: Duration = Duration::from_secs(60);

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Waits until `is` holds.
fn until(what: &str, mut is: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is() {
        assert!(started.elapsed() < WAIT_MAX, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal_to(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

/// Starts commands and waits until they have printed `go`; returns the child and its output.
fn started(run: &common::Plugsh) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = run.command().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while line != "go\n" {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "`go` was not printed");
    }
    (child, output)
}

fn errors_of(child: &mut Child) -> String {
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    errors
}

#[test]
fn ctrl_c_at_a_prompt_reaches_everything_that_waits() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = format!("export --otlp http://{}", silent.local_addr().unwrap());
    let setup = Setup::new(30, 100);
    mkfifo(&setup.home().join("fifo"));
    mkfifo(&setup.home().join("fifo.svg"));
    let mut terminal = setup.start();
    terminal.wait_prompt();
    terminal.line("load echo; echo.echo ready");
    terminal.wait_for("\nready");
    terminal.wait_prompt();
    for (number, waits) in [
        "call echo echo @fifo",
        "echo hi > fifo",
        "echo hi >> fifo",
        "echo.echo hi > fifo &",
        "source fifo",
        "record fifo",
        "replay fifo",
        "export fifo.svg",
        &collector,
        "call echo echo @-",
        "!sleep 1000",
        "echo.echo hi | !sleep 1000",
        "set x $(!(sleep 1000 &))",
    ]
    .into_iter()
    .enumerate()
    {
        terminal.line(&format!("echo {number}-waits; {waits}"));
        terminal.wait_for(&format!("\n{number}-waits"));
        terminal.send(CTRL_C);
        terminal.wait_prompt();
        terminal.line(&format!("echo \"{number}-code-$?\""));
        terminal.wait_for(&format!("\n{number}-code-130"));
        terminal.wait_prompt();
    }
}

#[test]
fn ctrl_c_ends_the_wait_for_an_rc_file() {
    let setup = Setup::new(30, 100);
    std::fs::create_dir_all(setup.home().join(".config/plugsh")).unwrap();
    mkfifo(&setup.home().join(".config/plugsh/rc"));
    let mut terminal = setup.start();
    terminal.wait_for("`help` says how to begin");
    terminal.send(CTRL_C);
    terminal.wait_for("interrupted");
    terminal.wait_prompt();
}

#[test]
fn ctrl_c_ends_a_script_that_waits() {
    for waits in [
        "load echo; echo go; echo.echo @fifo",
        "echo go; echo hi > fifo",
        "echo go; source fifo",
        "echo go; set x $(!(sleep 1000 &))",
        "echo go; !sleep 1000 & sleep 1000",
    ] {
        let run = commands(&format!("{waits}; echo never"));
        mkfifo(&run.dir().join("fifo"));
        let (mut child, mut output) = started(&run);
        signal_to(&child, Signal::SIGINT);
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("", Some(130)), "`{waits}`");
    }
}

#[test]
fn a_second_ctrl_c_ends_a_write_that_nobody_reads() {
    let run = commands("load echo > loaded; echo go; echo.echo @in; echo never").file("in", vec![b'x'; 1 << 22]);
    let (mut child, output) = started(&run);
    // The call has ended, and its output does not fit into the pipe.
    until("a full pipe", || rustix::io::ioctl_fionread(output.get_ref()).unwrap() >= PIPE_BYTES_MIN);
    until("the end of the shell", || {
        signal_to(&child, Signal::SIGINT);
        std::thread::sleep(Duration::from_millis(50));
        child.try_wait().unwrap().is_some()
    });
    assert_eq!(child.wait().unwrap().code(), Some(130), "{}", errors_of(&mut child));
    drop(output);
}

#[test]
fn ctrl_c_ends_the_wait_for_the_next_line_of_standard_input() {
    let run = plugsh();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"echo go\n").unwrap();
    let mut child = run.command().stdin(reader).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    signal_to(&child, Signal::SIGINT);
    let errors = errors_of(&mut child);
    assert!(line == "go\n" && errors.ends_with(": interrupted\n"), "{line}{errors}");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(writer);
}

#[test]
fn a_signal_that_ends_it_leaves_no_file_and_no_program() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        // The program writes its own process id and that of its background child.
        let script = "echo go; echo $(!(trap '' TERM; echo $$ > pid; sleep 1000 & echo $! > below; wait)) > out";
        let run = commands(script);
        let (mut child, _output) = started(&run);
        let number = |name: &str| std::fs::read_to_string(run.dir().join(name)).ok()?.trim().parse::<i32>().ok();
        until("the program", || number("below").is_some());
        assert!(
            std::fs::read_dir(run.dir())
                .unwrap()
                .any(|entry| entry.unwrap().path().extension() == Some("tmp".as_ref()))
        );
        signal_to(&child, signal);
        let status = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(signal as i32));
        for name in ["pid", "below"] {
            until("the end of what it started", || kill(Pid::from_raw(number(name).unwrap()), None).is_err());
        }
        let left: Vec<_> = std::fs::read_dir(run.dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "pid" || name == "below" || name == ".home"), "{left:?}");
    }
}

#[test]
fn tests_that_are_interrupted_say_what_they_were_doing() {
    let run = plugsh().file("a", "echo a\n").file("b", "!touch began\nsleep 1h\n").file("c", "echo c\n").args([
        "test",
        "-j",
        "1",
        "--junit",
        "report.xml",
        "a",
        "b",
        "c",
    ]);
    let mut child = run.command().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the second file", || run.dir().join("began").exists());
    signal_to(&child, Signal::SIGINT);
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{output}");
    // Interrupted in the first line or in the second, which the first one started.
    assert!(output.contains("FAILED  b") && output.contains("  b:") && output.contains(": interrupted"), "{output}");
    assert!(output.contains("1 passed, 1 failed, 1 not run"), "{output}");
    assert!(std::fs::read_to_string(run.dir().join("report.xml")).unwrap().contains(": interrupted"));
}

#[test]
fn a_background_call_writes_all_of_its_output() {
    // More than the kept output of a job.
    let bytes: Vec<u8> = (0..20_000_000u32).map(|n| (n % 251) as u8).collect();
    let run = commands("load echo; call echo echo @in > out & wait").file("in", &bytes).run();
    run.code(0).stdout("").stderr_has(" done in ").file("out", &bytes);
    // A job that cannot write fails.
    let full = commands("load echo; call echo echo hi > /dev/full & wait").run().code(1);
    full.stderr_has("`/dev/full`: no space left on device");
    let fifo = commands("load echo; call echo echo @in > fifo & sleep 50ms; kill %1; wait").file("in", &bytes);
    mkfifo(&fifo.dir().join("fifo"));
    let reader = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(fifo.dir().join("fifo")).unwrap();
    fifo.run().code(1);
    drop(reader);
}

#[test]
fn a_full_disk_ends_the_command_and_not_the_shell() {
    let script = "load echo; echo.echo hi > /dev/full; echo on; echo hi >> /dev/full; record /dev/full; record off; \
        export /dev/full; echo alive";
    let run = plugsh().args(["--keep-going", "-c", script]).run().code(1);
    assert_eq!(run.stderr.matches("no space left on device").count(), 3, "{}", run.stderr);
    run.stdout_has("alive\n");
}

#[test]
fn a_limit_on_file_sizes_ends_the_command_and_not_the_shell() {
    let bytes = vec![b'x'; 1 << 20];
    let script = "load echo; echo.echo @in > out; echo.echo @in > out & wait; !ulimit -f; echo alive";
    let run = plugsh().file("in", &bytes).args(["--keep-going", "-c", script]);
    let mut limited = Command::new("sh");
    let inner = run.command();
    limited.args(["-c", "ulimit -f 100; exec \"$@\"", "sh"]).arg(inner.get_program()).args(inner.get_args());
    limited.current_dir(run.dir()).env("HOME", run.dir().join(".home"));
    let output = limited.stdin(Stdio::null()).output().unwrap();
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{printed}{errors}");
    assert!(
        errors.starts_with("1:echo\n") && printed.ends_with("alive\n"),
        "the cache is only a cache: {printed}{errors}"
    );
    assert_eq!(errors.matches("`out`: file too large").count(), 2, "{errors}");
    assert!(!run.dir().join("out").exists());
    // A program of the system is ended by the signal.
    let run = plugsh().args(["-c", "!head -c 1000000 /dev/zero > out"]);
    let mut limited = Command::new("sh");
    let inner = run.command();
    limited.args(["-c", "ulimit -f 100; exec \"$@\"", "sh"]).arg(inner.get_program()).args(inner.get_args());
    let output = limited.current_dir(run.dir()).env("HOME", run.dir().join(".home")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_second_ctrl_c_ends_what_does_not_listen() {
    let run = commands("echo go; !trap '' INT; echo $$ > pid; while :; do sleep 1; done");
    let (mut child, _output) = started(&run);
    let number = || std::fs::read_to_string(run.dir().join("pid")).ok()?.trim().parse::<i32>().ok();
    until("the program", || number().is_some());
    signal_to(&child, Signal::SIGINT);
    // Signals of one kind that come at once are merged.
    until("the end of the shell", || {
        std::thread::sleep(Duration::from_millis(50));
        signal_to(&child, Signal::SIGINT);
        child.try_wait().unwrap().is_some()
    });
    assert_eq!(child.wait().unwrap().code(), Some(130), "{}", errors_of(&mut child));
    until("the end of the program", || kill(Pid::from_raw(number().unwrap()), None).is_err());
}
