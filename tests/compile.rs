//! Heavy modules: each is compiled in a child process, which is listed, bounded, shared by all jobs that need the
//! module, and ended when no job needs it.

mod common;
mod pty;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use common::{Plugsh, plugsh};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The longest wait for an event.
const WAIT_MAX: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A line that no command prints.
const MARK: &str = "@@ answered @@";

/// A module with nested loops, whose compilation takes minutes.
fn nested(loops: usize) -> Vec<u8> {
    module(&nested_body(loops))
}

fn nested_body(loops: usize) -> Vec<u8> {
    let mut body = vec![0];
    body.extend(std::iter::repeat_n([0x03, 0x40], loops).flatten());
    body.extend(std::iter::repeat_n(0x0b, loops + 1));
    body
}

/// A module of four functions: three compile at once, the last takes minutes.
fn three_of_four() -> Vec<u8> {
    let (empty, nested) = (&[0, 0x0b][..], nested_body(50_002));
    module_of(&[empty, empty, empty, &nested])
}

/// A module with one long function: quick to compile, but too large to be compiled in the shell's process.
fn long() -> Vec<u8> {
    let mut body = vec![0];
    body.extend(std::iter::repeat_n([0x41, 1, 0x1a], 50_000).flatten());
    body.push(0x0b);
    module(&body)
}

/// A module that exports a function with `body` as `run`.
fn module(body: &[u8]) -> Vec<u8> {
    module_of(&[body])
}

/// A module of functions, the first of which it exports as `run`.
fn module_of(bodies: &[&[u8]]) -> Vec<u8> {
    let section = |id: u8, bytes: &[u8]| [&[id][..], &leb(bytes.len()), bytes].concat();
    let count = leb(bodies.len());
    let functions = [count.clone(), vec![0; bodies.len()]].concat();
    let code = bodies.iter().fold(count, |code, body| [&code[..], &leb(body.len()), body].concat());
    let types = section(1, b"\x01\x60\0\0");
    let exports = section(7, b"\x01\x03run\0\0");
    [&b"\0asm\x01\0\0\0"[..], &types, &section(3, &functions), &exports, &section(10, &code)].concat()
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

/// A shell that is given one line at a time.
struct Shell {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    /// Keeps the home directory.
    _setup: Plugsh,
}

impl Shell {
    /// A shell with the plugins `nest0`, `nest1` and `three-of-four`, and one compilation at a time.
    fn new() -> Shell {
        let setup = plugsh()
            .file("nest0.wasm", nested(50_000))
            .file("nest1.wasm", nested(50_001))
            .file("three-of-four.wasm", three_of_four());
        let mut command = setup.command();
        command.args(["--keep-going", "--max-compilations", "1", "--plugins", "."]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let stdin = child.stdin.take().unwrap();
        Shell { child, stdin, lines, _setup: setup }
    }

    fn type_line(&mut self, line: &str) {
        writeln!(self.stdin, "{line}\necho '{MARK}'").unwrap();
    }

    /// The output up to the shell's answer.
    fn answer(&self) -> String {
        let mut printed = String::new();
        loop {
            match self.lines.recv_timeout(WAIT_MAX).expect("the shell does not answer").as_str() {
                MARK => return printed,
                line => printed = printed + line + "\n",
            }
        }
    }

    fn run(&mut self, line: &str) -> String {
        self.type_line(line);
        self.answer()
    }

    /// Waits until the compilations in `jobs` satisfy `are_so`; returns their rows.
    fn compilations(&mut self, what: &str, are_so: impl Fn(&[serde_json::Value]) -> bool) -> Vec<serde_json::Value> {
        let started = Instant::now();
        loop {
            let rows: Vec<serde_json::Value> = serde_json::from_str(&self.run("jobs --json")).unwrap();
            let rows: Vec<serde_json::Value> = rows.into_iter().filter(|row| row["state"] == "compiling").collect();
            if are_so(&rows) {
                return rows;
            }
            assert!(started.elapsed() < WAIT_MAX, "never {what}: {rows:?}");
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < WAIT_MAX, "never {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The running children of a process.
fn children_of(parent: u32) -> Vec<u32> {
    let is_child = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let (state, of) = (fields.next()?, fields.next()?);
        (of == parent.to_string() && state != "Z").then_some(pid)
    };
    let entries = std::fs::read_dir("/proc").expect("this test needs /proc");
    entries.filter_map(|entry| is_child(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

fn lives(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z')))
}

fn pid(row: &serde_json::Value) -> u32 {
    row["pid"].as_u64().unwrap().try_into().unwrap()
}

#[test]
fn what_is_light_or_kept_waits_for_no_heavy_module() {
    let mut shell = Shell::new();
    shell.run("load echo\nload spawner\nload spawner\ncall spawner spawn nest0 &\ncall spawner-2 spawn nest1 &");
    let rows = shell.compilations("two heavy modules, one at a time", |rows| {
        rows.len() == 2 && rows.iter().filter(|row| row["pid"].is_number()).count() == 1
    });
    let row = rows.iter().find(|row| row["pid"].is_number()).unwrap();
    let running = pid(row);
    // Either job may have come first.
    let (first, second) = if row["text"].as_str().unwrap().contains("nest0") { (1, 2) } else { (2, 1) };
    shell.run("load text\nload echo");
    let processes: Vec<serde_json::Value> = serde_json::from_str(&shell.run("ps --json")).unwrap();
    let runs = |name: &str| processes.iter().any(|row| row["name"] == name);
    assert!(runs("text"), "light, and not compiled before: {processes:?}");
    assert!(runs("echo-2"), "compiled before: {processes:?}");
    let table = shell.run("jobs");
    assert!(table.contains(&format!("process {running}")) && table.contains("waits for its turn"), "{table}");
    let limits: Vec<serde_json::Value> = serde_json::from_str(&shell.run("limits --json")).unwrap();
    let row = limits.iter().find(|row| row["name"] == "compilations").unwrap();
    assert_eq!((&row["value"], &row["used"]), (&1.into(), &1.into()));
    // A killed job stops waiting; the compilation ends with its last waiting job, and the next one starts.
    shell.run(&format!("kill %{first}"));
    until("the compiler ends", || !lives(running));
    let rows = shell.compilations("the other's turn", |rows| rows.len() == 1 && rows[0]["pid"].is_number());
    let next = pid(&rows[0]);
    shell.run(&format!("kill %{second}"));
    until("the other compiler ends", || !lives(next));
    shell.compilations("none", <[_]>::is_empty);
    assert_eq!(shell.run("spawner.whoami").lines().count(), 1, "who wanted it lives on");
}

#[test]
fn a_compilation_says_how_far_it_is() {
    let mut shell = Shell::new();
    shell.run("load spawner\ncall spawner spawn three-of-four &");
    let rows = shell.compilations("three of four functions are compiled", |rows| {
        rows.first().is_some_and(|row| row["percent"] == 75)
    });
    let table = shell.run("jobs");
    assert!(table.contains(&format!("process {}, 75%", pid(&rows[0]))), "{table}");
    shell.run("kill %1");
}

#[test]
fn a_load_at_a_terminal_says_how_far_its_compilation_is() {
    let mut terminal = pty::Setup::new(24, 80).file("three-of-four.wasm", three_of_four()).start();
    terminal.wait_prompt();
    terminal.start("load ./three-of-four.wasm");
    terminal.wait_for("compiling three-of-four.wasm: 75% after ");
    terminal.wait_for("s; Ctrl-C ends it (");
    terminal.send(pty::CTRL_C);
    terminal.wait_gone("compiling");
    terminal.wait_prompt();
}

#[test]
fn who_wants_the_same_shares_one_compilation() {
    let mut shell = Shell::new();
    shell.run("load spawner\nload spawner\ncall spawner spawn nest0 &\ncall spawner-2 spawn nest0 &");
    let shared = |rows: &[serde_json::Value], by: u64| {
        rows.len() == 1 && rows[0]["wanted_by"] == by && rows[0]["pid"].is_number()
    };
    let both = shell.compilations("one for both", |rows| shared(rows, 2));
    shell.run("kill %1");
    let one = shell.compilations("one for the other", |rows| shared(rows, 1));
    assert_eq!(pid(&one[0]), pid(&both[0]), "it goes on");
    shell.run("kill %2");
    until("it ends", || !lives(pid(&both[0])));
}

#[test]
fn the_load_timeout_and_ctrl_c_end_a_compilation() {
    let mut shell = Shell::new();
    shell.run("load nest0 --load-timeout 300ms");
    shell.compilations("none", <[_]>::is_empty);
    until("the compiler ends", || children_of(shell.child.id()).is_empty());
    shell.type_line("load nest0");
    let own = shell.child.id();
    until("the compiler runs", || !children_of(own).is_empty());
    let compiler = children_of(own)[0];
    kill(Pid::from_raw(own.try_into().unwrap()), Signal::SIGINT).unwrap();
    let code = shell.child.wait().unwrap().code();
    assert_eq!(code, Some(130), "Ctrl-C ends a script");
    until("the compiler ends", || !lives(compiler));
}

#[test]
fn a_compilation_ends_with_its_shell() {
    let mut shell = Shell::new();
    shell.type_line("load nest0");
    let own = shell.child.id();
    until("the compiler runs", || !children_of(own).is_empty());
    let compiler = children_of(own)[0];
    shell.child.kill().unwrap();
    until("the compiler ends", || !lives(compiler));
}

#[test]
fn what_was_compiled_elsewhere_runs_and_is_kept() {
    let run = |memory: &str, home: &std::path::Path| {
        let home = home.display().to_string();
        let call = ["call", "./long.wasm", "run", "--max-compile-memory", memory];
        let setup = plugsh().file("long.wasm", long());
        ["HOME", "XDG_CACHE_HOME"].iter().fold(setup, |setup, name| setup.env(name, &home)).args(call).run()
    };
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let says = "to compile it takes more than 8 MiB of memory; `--max-compile-memory` allows more";
    run("8M", home.path()).code(1).stderr_has(says);
    run("2G", home.path()).code(0).stderr("");
    run("8M", home.path()).code(0).stderr("");
    run("8M", other.path()).code(1).stderr_has(says);
}

#[test]
fn a_heavy_module_that_is_none_is_refused_in_the_same_words() {
    let mut broken = long();
    let end = broken.len();
    // Operators without operands on the stack.
    broken[end - 4..end - 1].copy_from_slice(&[0x1a, 0x1a, 0x1a]);
    let ended = plugsh().file("broken.wasm", broken).args(["-c", "load ./broken.wasm"]).run();
    ended.code(1).stderr_has("not a valid wasm module: ").stderr_has("type mismatch");
}

#[test]
fn a_compiler_whose_parent_says_nothing_ends() {
    let ended = plugsh().args(["compile", "--memory-max", "1000000000", "--cpu-max", "60"]).run();
    ended.code(1).stdout("");
}
