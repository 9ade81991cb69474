//! Hostile plugins: whatever they do, the shell keeps answering and stays within its budget of memory, threads, files
//! and maps. Tested are each function of each plugin in `plugins/wat`, of `misbehave`, and of generated modules.

mod common;
#[path = "hostile/generate.rs"]
mod generate;
#[path = "hostile/wasi.rs"]
mod wasi;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use common::missing_tool::not_run;
use common::{Plugsh, plugsh};

/// The longest time of an answer; unoptimised code gets more.
const ANSWER_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 5 });
/// The timeout of a call.
const CALL_MAX: &str = "100ms";
/// The timeout of a load.
const START_MAX: &str = "3s";
/// A timeout that is never reached, for plugins that have to load.
const LOAD_UNLIMITED: &str = "1h";
/// The memory limit of all plugins, and the shell's own budget: compiled code, input, logs.
const MEMORY_MAX_MIB: u64 = 256;
const SHELL_MAX_MIB: u64 = 768;
/// The most threads, open files and memory maps of the shell, which has up to 200 processes.
const THREADS_MAX: u64 = 150;
const FILES_MAX: usize = 300;
const MAPS_MAX: usize = 20_000;
/// The most functions of a plugin that are called.
const FUNCTIONS_MAX: usize = 64;
/// How often the shell's memory is checked.
const CHECK_EVERY: Duration = Duration::from_millis(5);
/// A line that no plugin of this test prints.
const MARK: &str = "@@ answered @@";

/// A shell whose resources are checked while it runs lines.
struct Watched {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    /// The shell's standard error.
    errors: std::fs::File,
    /// Keeps the home directory.
    _setup: Plugsh,
}

impl Watched {
    fn new(plugins: &Path, load_timeout: &str) -> Watched {
        let setup = plugsh();
        let memory = format!("{MEMORY_MAX_MIB}M");
        let errors = tempfile::tempfile().expect("a file");
        let mut child = setup
            .command()
            .args(["--keep-going", "--max-memory", &memory, "--max-processes", "200"])
            .args(["--load-timeout", load_timeout, "--plugins"])
            .arg(plugins)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().expect("its handle"))
            .spawn()
            .expect("plugsh starts");
        let stdout = child.stdout.take().expect("its output");
        let stdin = child.stdin.take().expect("its input");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        Watched { child, stdin, lines, errors, _setup: setup }
    }

    /// The end of the shell's standard error, for messages.
    fn last_errors(&self) -> String {
        const SHOWN_BYTES: u64 = 2_000;
        let mut end = Vec::new();
        let length = self.errors.metadata().map_or(0, |file| file.len());
        let from = length.saturating_sub(SHOWN_BYTES);
        end.resize(usize::try_from(length - from).unwrap_or(0), 0);
        match self.errors.read_exact_at(&mut end, from) {
            Ok(()) => String::from_utf8_lossy(&end).into_owned(),
            Err(error) => format!("(not to be read: {error})"),
        }
    }

    /// Runs a line to its end and checks the shell's resources meanwhile; returns the output.
    fn run(&mut self, line: &str) -> String {
        writeln!(self.stdin, "{line}\necho '{MARK}'").unwrap_or_else(|error| panic!("`{line}`: {error}"));
        let started = Instant::now();
        let mut printed = String::new();
        loop {
            match self.lines.recv_timeout(CHECK_EVERY) {
                Ok(answer) if answer == MARK => break,
                Ok(answer) => printed = printed + &answer + "\n",
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!("`{line}` ended the shell: {:?}", self.child.wait()),
            }
            self.check_resources(line);
            assert!(started.elapsed() < ANSWER_MAX, "`{line}` hangs the shell");
        }
        self.check_resources(line);
        printed
    }

    fn check_resources(&self, line: &str) {
        let proc = format!("/proc/{}", self.child.id());
        if !cfg!(target_os = "linux") {
            static ONCE: std::sync::Once = std::sync::Once::new();
            ONCE.call_once(|| not_run("memory, threads, files and maps", "only Linux's /proc lists them"));
            return;
        }
        let status = std::fs::read_to_string(format!("{proc}/status"));
        let status = status.unwrap_or_else(|error| panic!("`{line}`: {proc}: {error}"));
        let figure = |name: &str| -> Option<u64> {
            let figure = status.lines().find_map(|line| line.strip_prefix(name))?;
            figure.split_whitespace().next()?.parse().ok()
        };
        // A shell that has ended has no figures; `run` reports its end.
        let (Some(peak_kib), Some(threads)) = (figure("VmHWM:"), figure("Threads:")) else { return };
        let most = MEMORY_MAX_MIB + SHELL_MAX_MIB;
        assert!(peak_kib <= most << 10, "`{line}`: the shell took {} MiB, its budget is {most}", peak_kib >> 10);
        assert!(threads <= THREADS_MAX, "`{line}`: {threads} threads");
        let files = std::fs::read_dir(format!("{proc}/fd")).map_or(0, Iterator::count);
        assert!(files <= FILES_MAX, "`{line}`: {files} open files");
    }

    /// Checks the number of memory maps; slower than the other checks.
    fn check_maps(&self, line: &str) {
        if !cfg!(target_os = "linux") {
            return;
        }
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.child.id())).expect("the shell's maps");
        let maps = maps.lines().count();
        assert!(maps <= MAPS_MAX, "`{line}`: {maps} memory maps");
    }

    /// Loads a plugin and calls each of its functions with an empty input and with wild numbers; returns how many there
    /// are.
    fn exercise(&mut self, name: &str) -> usize {
        self.run(&format!("load spawner\ncall spawner spawn {name} --timeout {START_MAX} > /dev/null"));
        self.exercise_loaded(name)
    }

    /// Calls each function of the plugin, if it is loaded; then kills every process but `echo`. Returns how many
    /// functions there are.
    fn exercise_loaded(&mut self, name: &str) -> usize {
        let info = self.run(&format!("info {name} --json"));
        let info: serde_json::Value = serde_json::from_str(&info).unwrap_or_default();
        let functions: Vec<&str> =
            info["functions"].as_array().into_iter().flatten().filter_map(|f| f.as_str()).collect();
        let called = functions.len().min(FUNCTIONS_MAX);
        for function in functions.into_iter().take(FUNCTIONS_MAX) {
            for input in ["", "'-1 99999999 -8'"] {
                self.run(&format!("call {name} '{function}' {input} --timeout {CALL_MAX} > /dev/null"));
            }
        }
        self.run("logs > /dev/null");
        self.check_maps(name);
        let answer = self.run("echo.echo 'still here'");
        assert_eq!(answer, "still here\n", "after `{name}`; it said: {}", self.last_errors());
        // Every process but `echo`, whatever the plugin has started.
        let rows: serde_json::Value = serde_json::from_str(&self.run("ps --json")).expect("JSON");
        let ids = rows.as_array().into_iter().flatten().filter(|row| row["name"] != "echo").map(|row| &row["id"]);
        let ids: Vec<String> = ids.map(ToString::to_string).collect();
        if !ids.is_empty() {
            self.run(&format!("kill {}", ids.join(" ")));
        }
        let left: serde_json::Value = serde_json::from_str(&self.run("ps --json")).expect("JSON");
        assert_eq!(left.as_array().map(Vec::len), Some(1), "after `{name}`: {left}");
        called
    }

    fn end(mut self) {
        drop(self.stdin);
        let status = self.child.wait().expect("its end");
        assert!(status.code().is_some_and(|code| code != 101), "the shell ended with {status}");
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/wat"))
}

/// Exercises the plugins in one shell; they must have at least `functions_min` functions.
fn exercise_all(plugins: &Path, names: &[String], functions_min: usize) {
    let mut shell = Watched::new(plugins, START_MAX);
    shell.run("load echo");
    let called: usize = names.iter().map(|name| shell.exercise(name)).sum();
    assert!(called >= functions_min, "only {called} functions were called");
    shell.end();
}

#[test]
fn every_bad_plugin_of_the_folder() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    assert!(names.len() > 20, "the folder is not where it was: {names:?}");
    exercise_all(folder(), &names, 100);
}

#[test]
fn a_bad_plugin_in_rust() {
    exercise_all(folder(), &["misbehave".to_owned()], 10);
}

/// Modules that demand too much before their code runs, or that are hard to parse. Each must load or be refused.
fn made() -> Vec<(&'static str, String)> {
    let module = |body: String| format!("(module {body} (func (export \"ok\")))");
    vec![
        ("largest_memory", module("(memory 65536)".into())),
        ("many_memories", module("(memory 1000)".repeat(50))),
        ("largest_table", module("(table 10000000 funcref)".into())),
        ("many_tables", module("(table 1000000 funcref)".repeat(50))),
        ("fifty_thousand_locals", module(format!("(func (export \"run\") (local {}))", "i64 ".repeat(49_999)))),
        ("deep_blocks", module(format!("(func {} {})", "(block ".repeat(900), ")".repeat(900)))),
        ("long_name", module(format!("(func (export \"{}\"))", "x".repeat(90_000)))),
        ("bytes_of_data", module(format!("(memory 100) (data (i32.const 0) \"{}\")", "\\00".repeat(1 << 20)))),
        ("start_spawns", SPAWNS.to_owned()),
        (
            "fills_in_a_row",
            in_a_row("(memory 1024)", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x3ff0000))"),
        ),
        (
            "tables_in_a_row",
            in_a_row("(table 4000000 funcref)", "(table.copy (i32.const 1) (i32.const 0) (i32.const 3999999))"),
        ),
        ("growth_in_a_row", in_a_row("(memory i64 1)", "(drop (memory.grow (i64.const 1)))")),
        ("largest_memory_of_64_bits", module("(memory i64 281474976710656)".into())),
        ("many_globals", module("(global v128 (v128.const i64x2 1 1))".repeat(200_000))),
        ("sixteen_memories", module("(memory 1)".repeat(16))),
        ("blocks_without_end", BLOCKS.to_owned()),
        ("cells_without_end", CELLS.to_owned()),
        (
            "constant_arrays",
            module(format!(
                "(type $a (array i8)) {}",
                "(global (ref $a) (array.new_default $a (i32.const 100000)))".repeat(1_000)
            )),
        ),
        ("long_function", module(format!("(func (export \"run\") {})", "(drop (i32.const 1)) ".repeat(200_000)))),
        ("hundred_thousand_functions", module("(func)".repeat(100_000))),
        ("hundred_thousand_exports", module((0..100_000).map(|n| format!("(export \"e{n}\" (func 0))")).collect())),
    ]
}

/// A function that repeats a step without a loop.
fn in_a_row(of: &str, step: &str) -> String {
    format!("(module {of} (func (export \"run\") {}))", step.repeat(5_000))
}

/// Allocates blocks of one byte until allocation fails.
const BLOCKS: &str = r#"(module (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (func (export "run") (loop (drop (call $alloc (i64.const 1))) (br 0))))"#;

/// Builds an endless list on the collected heap, and drops it at once.
const CELLS: &str = r#"(module (type $cell (struct (field (ref null $cell)))) (global $list (mut (ref null $cell)) (ref.null $cell))
  (func $make (local $i i32) (loop $next (global.set $list (struct.new $cell (global.get $list)))
    (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 500000)))))
  (func (export "keep") (loop (global.set $list (struct.new $cell (global.get $list))) (br 0)))
  (func (export "give_free") (loop (call $make) (global.set $list (ref.null $cell)) (br 0))))"#;

/// Starts `echo` in an endless loop, also from the start function.
const SPAWNS: &str = r#"(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
  (import "extism:host/user" "register_plugin" (func $register (param i64) (result i64)))
  (func $name (result i64) (local $block i64)
    (local.set $block (call $alloc (i64.const 4)))
    (call $store (local.get $block) (i32.const 101))
    (call $store (i64.add (local.get $block) (i64.const 1)) (i32.const 99))
    (call $store (i64.add (local.get $block) (i64.const 2)) (i32.const 104))
    (call $store (i64.add (local.get $block) (i64.const 3)) (i32.const 111))
    (local.get $block))
  (func $run (export "run") (loop (drop (call $register (call $name))) (br 0)))
  (start $run))"#;

#[test]
fn modules_that_ask_for_too_much() {
    let dir = tempfile::tempdir().unwrap();
    let made = made();
    for (name, text) in &made {
        std::fs::write(dir.path().join(format!("{name}.wat")), text).unwrap();
    }
    let names: Vec<String> = made.iter().map(|(name, _)| (*name).to_owned()).collect();
    exercise_all(dir.path(), &names, 5);
}

/// Once as a child without files, once with a directory.
#[test]
fn what_asks_much_of_wasi() {
    let (dir, granted) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut shell = Watched::new(dir.path(), START_MAX);
    shell.run("load echo");
    let mut called = 0;
    for (name, text) in wasi::plugins() {
        std::fs::write(dir.path().join(format!("{name}.wat")), text).unwrap();
        called += shell.exercise(name);
        shell.run(&format!("load {name} --timeout {START_MAX} --allow-path '{}:/'", granted.path().display()));
        called += shell.exercise_loaded(name);
    }
    assert_eq!(called, 2 * wasi::FUNCTIONS, "some were not called, or were where they cannot have started");
    shell.end();
}

/// The large parts of a plugin are shared by its processes.
#[test]
fn many_processes_of_large_plugins() {
    const LARGE: usize = 60_000;
    let dir = tempfile::tempdir().unwrap();
    let exports: String = (0..LARGE).map(|n| format!("(export \"{n:0>100}\" (func 0))")).collect();
    std::fs::write(dir.path().join("exports.wat"), format!("(module (func) {exports})")).unwrap();
    let keys: Vec<String> = (0..LARGE).map(|n| format!("\"{n}\":\"\"")).collect();
    let manifest = format!("{{\"wasm\":[{{\"path\":\"main.wat\"}}],\"config\":{{{}}}}}", keys.join(","));
    std::fs::write(dir.path().join("config.json"), manifest).unwrap();
    std::fs::write(dir.path().join("main.wat"), "(module (func (export \"ok\")))").unwrap();
    let mut shell = Watched::new(dir.path(), LOAD_UNLIMITED);
    shell.run("load echo");
    for _ in 0..90 {
        shell.run("load exports\nload config");
    }
    assert_eq!(shell.run("echo.echo 'still here'"), "still here\n");
    let rows: serde_json::Value = serde_json::from_str(&shell.run("ps --json")).expect("JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(181));
    shell.end();
}

/// Exercises the modules of consecutive seeds, in a new shell for each `MODULES_OF_A_SHELL`.
fn exercise_generated(seeds: impl Iterator<Item = u64>) {
    const MODULES_OF_A_SHELL: usize = 40;
    let mut shell: Option<(Watched, tempfile::TempDir, usize)> = None;
    for seed in seeds {
        println!("seed {seed}");
        let (mut watched, dir, done) = shell.take().unwrap_or_else(|| {
            let dir = tempfile::tempdir().unwrap();
            let mut watched = Watched::new(dir.path(), START_MAX);
            watched.run("load echo");
            (watched, dir, 0)
        });
        let name = format!("seed_{seed}");
        std::fs::write(dir.path().join(format!("{name}.wat")), generate::module(seed)).unwrap();
        watched.exercise(&name);
        shell = if done < MODULES_OF_A_SHELL { Some((watched, dir, done + 1)) } else { None };
    }
}

#[test]
fn generated_modules() {
    exercise_generated(0..10);
}

/// A long run: `PLUGSH_HOSTILE_SECONDS=3600 cargo test --release --test hostile generated -- --ignored --nocapture`.
/// The first seed is `PLUGSH_HOSTILE_SEED` or random; each seed is printed before its module.
#[test]
#[ignore = "takes as long as it is told"]
fn generated_modules_for_a_time() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("PLUGSH_HOSTILE_SECONDS").unwrap_or(60);
    let first = number("PLUGSH_HOSTILE_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    let until = Instant::now() + Duration::from_secs(seconds);
    exercise_generated((first..).take_while(|_| Instant::now() < until));
}

#[test]
fn generated_modules_are_wasm() {
    let (mut valid, mut seeds) = (0, 0);
    for seed in 0..60 {
        let text = generate::module(seed);
        let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        seeds += 1;
        valid += u64::from(
            wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&wasm).is_ok(),
        );
    }
    // A refused module exercises little.
    assert!(valid * 10 >= seeds * 8, "{valid} of {seeds} are valid");
}
