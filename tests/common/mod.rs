//! Runs of the built binary: a builder, assertions on the result, and the normalisation of transcripts.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod missing_tool;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The longest run; a hang fails the test.
const RUN_MAX: Duration = Duration::from_secs(120);

/// One run of `plugsh`, in a directory of its own.
pub struct Plugsh {
    dir: tempfile::TempDir,
    arguments: Vec<String>,
    stdin: Vec<u8>,
    environment: Vec<(String, String)>,
    superpowers: bool,
}

/// The result of a run.
pub struct Ended {
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub code: Option<i32>,
    pub dir: tempfile::TempDir,
}

/// A run without arguments.
pub fn plugsh() -> Plugsh {
    Plugsh {
        dir: tempfile::tempdir().expect("a temporary directory"),
        arguments: Vec::new(),
        stdin: Vec::new(),
        environment: Vec::new(),
        superpowers: true,
    }
}

/// `plugsh -c commands`.
pub fn commands(commands: &str) -> Plugsh {
    plugsh().args(["-c", commands])
}

impl Plugsh {
    pub fn args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Plugsh {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Plugsh {
        self.stdin = bytes.into();
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Plugsh {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Plugsh {
        let path = self.dir.path().join(name);
        path.parent().map(std::fs::create_dir_all).transpose().expect("a directory for the test");
        std::fs::write(path, bytes).expect("a file for the test");
        self
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Runs without the super-user's capabilities to pass over file permissions.
    pub fn without_superpowers(mut self) -> Plugsh {
        self.superpowers = false;
        self
    }

    /// The command, ready to start.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plugsh"));
        command.args(&self.arguments).current_dir(self.dir.path());
        for name in ["COLUMNS", "NO_COLOR", "PLUGSH_PATH", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        for home in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
            command.env(home, self.dir.path().join(".home"));
        }
        command.env("XDG_RUNTIME_DIR", self.dir.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if !self.superpowers {
            drop_superpowers(&mut command);
        }
        command
    }

    /// Runs it to its end.
    pub fn run(self) -> Ended {
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("plugsh starts");
        let mut stdin = child.stdin.take().expect("its input");
        let mut stdout = child.stdout.take().expect("its output");
        let mut stderr = child.stderr.take().expect("its errors");
        let input = self.stdin;
        // The program may end before it has read all input.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let errors = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).map(|_| text)
        });
        let output = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).map(|_| bytes)
        });
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("its end") {
                break status;
            }
            if started.elapsed() > RUN_MAX {
                child.kill().ok();
                panic!("`plugsh {}` did not end", self.arguments.join(" "));
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        drop(feeder.join());
        Ended {
            stdout: output.join().expect("reading").expect("its output"),
            stderr: String::from_utf8_lossy(&errors.join().expect("reading").expect("its errors")).into_owned(),
            code: status.code(),
            dir: self.dir,
        }
    }

    /// Runs to the end; returns standard output and error in one, as on a terminal.
    pub fn transcript(self) -> String {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = self.command();
        let errors = writer.try_clone().expect("a second end");
        let mut child = command.stdin(Stdio::null()).stdout(writer).stderr(errors).spawn().expect("plugsh starts");
        drop(command);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).expect("its output");
        child.wait().expect("its end");
        String::from_utf8_lossy(&bytes).replace(&self.dir.path().display().to_string(), "$DIR")
    }
}

/// Drops the super-user's capabilities to pass over permissions.
#[cfg(target_os = "linux")]
fn drop_superpowers(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    /// CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, of linux/capability.h.
    const PASS_OVER_PERMISSIONS: [libc::c_int; 2] = [1, 2];
    let drop = || {
        for capability in PASS_OVER_PERMISSIONS {
            // SAFETY: `prctl` takes only numbers, and changes this process, which is about to become the command.
            // Without the super-user's rights it fails, and there is nothing to drop.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
        Ok(())
    };
    // SAFETY: between fork and exec only a system call is made; nothing is allocated or locked.
    unsafe { command.pre_exec(drop) };
}

#[cfg(not(target_os = "linux"))]
fn drop_superpowers(_: &mut Command) {}

impl Ended {
    pub fn stdout(self, expected: impl AsRef<[u8]>) -> Ended {
        let expected = expected.as_ref();
        assert!(
            self.stdout == expected,
            "standard output:\n{}\nexpected:\n{}\nstandard error:\n{}",
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(expected),
            self.stderr
        );
        self
    }

    pub fn stderr(self, expected: &str) -> Ended {
        assert_eq!(self.stderr, expected, "standard error");
        self
    }

    pub fn stderr_has(self, part: &str) -> Ended {
        assert!(self.stderr.contains(part), "standard error lacks `{part}`:\n{}", self.stderr);
        self
    }

    pub fn stdout_has(self, part: &str) -> Ended {
        let text = String::from_utf8_lossy(&self.stdout);
        assert!(text.contains(part), "standard output lacks `{part}`:\n{text}\nstandard error:\n{}", self.stderr);
        self
    }

    pub fn code(self, expected: i32) -> Ended {
        assert_eq!(self.code, Some(expected), "exit code; standard error:\n{}", self.stderr);
        self
    }

    pub fn file(self, name: &str, expected: impl AsRef<[u8]>) -> Ended {
        let bytes = std::fs::read(self.dir.path().join(name)).expect("the file that was written");
        assert!(bytes == expected.as_ref(), "`{name}` holds {:?}", String::from_utf8_lossy(&bytes));
        self
    }

    pub fn no_file(self, name: &str) -> Ended {
        assert!(!self.dir.path().join(name).exists(), "`{name}` was made");
        self
    }
}

/// A text with the values replaced that differ between runs and systems: measured times, ages, resident memory, hashes,
/// and the widths of columns. Limits and configured times stay.
pub fn normalised(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", normalised_line(line))).collect()
}

/// JSON fields of measured times, of memory that depends on the system, and of places that depend on the build.
const VOLATILE_FIELDS: [&str; 28] = [
    "at_us",
    "duration_us",
    "held_us",
    "runs_per_second",
    "busy_us",
    "self_us",
    "loads_us",
    "lookup_us",
    "image_us",
    "instance_us",
    "start_us",
    "avg_us",
    "age_ms",
    "elapsed_ms",
    "memory_bytes",
    "resident_bytes",
    "committed_bytes",
    "kept_bytes",
    "total_us",
    "mean_us",
    "p50_us",
    "p90_us",
    "p99_us",
    "max_us",
    "share",
    "time_left_ms",
    "offset",
    "function_index",
];

fn normalised_line(line: &str) -> String {
    let mut line = line.to_owned();
    for field in VOLATILE_FIELDS {
        line = without_figures(&line, &format!("\"{field}\":"));
    }
    if line.contains(r#""kind":"load""#) {
        // The size of its modules.
        line = without_figures(&line, r#""bytes_in":"#);
    }
    if line.trim_start().starts_with("modules ") && line.ends_with(" bytes") {
        line = "  modules SIZE bytes".to_owned();
    }
    // A load in a sequence diagram, with the same size.
    line = without_figures(&line, ": load (");
    let is_row = line.trim_start().starts_with(|c: char| c.is_ascii_digit()) || line.trim_start().starts_with("total ");
    let words: Vec<&str> = line.split(' ').collect();
    let normal: Vec<String> = (0..words.len())
        .map(|at| {
            let before: Vec<&str> = words[..at].iter().rev().filter(|word| !word.is_empty()).take(3).copied().collect();
            let after = words.get(at + 1).copied().unwrap_or_default();
            normalised_word(words[at], is_configured(&before), is_row || is_resident(&before, after))
        })
        .collect();
    let line = normal.join(" ");
    collapsed(line.trim_end())
}

/// The figures after each `field` replaced by `#`.
fn without_figures(line: &str, field: &str) -> String {
    let mut parts = line.split(field);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '-'));
        let figure = if rest.len() < part.len() { "#" } else { "" };
        text.push_str(&format!("{field}{figure}{rest}"));
    }
    text
}

/// Whether a time after these words, the last one first, is configured and not measured.
fn is_configured(before: &[&str]) -> bool {
    matches!(before, ["timeout", ..] | ["in", "times", ..] | ["after", "out", "timed"])
}

/// Whether a size between these words is memory that depends on the system or on the build.
fn is_resident(before: &[&str], after: &str) -> bool {
    after.starts_with("resident") || after.starts_with("committed") || matches!(before, ["it", "for", "kept"])
}

/// A measured time (`12ms`, `3.4µs`, `1m05s`) as `#`, a share as `#%`, a rate as `#/s`, a resident size as `SIZE`, a
/// SHA-256 as `SHA`, also with punctuation after it.
fn normalised_word(word: &str, is_configured: bool, is_resident: bool) -> String {
    let core = word.trim_end_matches([',', ')', ';', ':', '.']);
    let tail = word.get(core.len()..).unwrap_or_default();
    if core.strip_prefix("sha256:").is_some_and(|hash| hash.len() == 64) {
        return format!("sha256:SHA{tail}");
    }
    if core.strip_prefix("0x").is_some_and(|digits| digits.chars().all(|c| c.is_ascii_hexdigit())) {
        return format!("0x#{tail}");
    }
    let is_time = core.starts_with(|c: char| c.is_ascii_digit())
        && core.ends_with(['s', 'm'])
        && core.chars().all(|c| c.is_ascii_digit() || ".µmsnh".contains(c));
    if core.strip_suffix('%').is_some_and(|figure| figure.parse::<f64>().is_ok()) {
        return format!("#%{tail}");
    }
    if core.strip_suffix("/s").is_some_and(|rate| rate.parse::<u64>().is_ok()) {
        return format!("#/s{tail}");
    }
    let is_size = core.len() > 1
        && core.starts_with(|c: char| c.is_ascii_digit())
        && core.strip_suffix(['k', 'M', 'G']).is_some_and(|figure| figure.parse::<f64>().is_ok());
    match (is_time && !is_configured, is_size && is_resident) {
        (true, _) => format!("#{tail}"),
        (_, true) => format!("SIZE{tail}"),
        _ => word.to_owned(),
    }
}

/// Runs of blanks as two: columns are as wide as the figures in them.
fn collapsed(line: &str) -> String {
    let mut text = String::new();
    let mut blanks = 0;
    for c in line.chars() {
        blanks = if c == ' ' { blanks + 1 } else { 0 };
        if blanks <= 2 {
            text.push(c);
        }
    }
    text
}

/// Whether a text is as expected, where `…` stands for anything on its line, and a line of just `…` for any lines.
pub fn matches(expected: &str, text: &str) -> bool {
    let expected: Vec<&str> = expected.lines().collect();
    let text: Vec<&str> = text.lines().collect();
    lines_match(&expected, &text)
}

fn lines_match(expected: &[&str], text: &[&str]) -> bool {
    match expected.split_first() {
        None => text.is_empty(),
        Some((&"…", rest)) => {
            (0..=text.len()).any(|skipped| lines_match(rest, text.get(skipped..).unwrap_or_default()))
        }
        Some((first, rest)) => match text.split_first() {
            Some((line, lines)) => line_matches(first, line) && lines_match(rest, lines),
            None => false,
        },
    }
}

fn line_matches(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.trim().strip_prefix(first) else { return false };
    let mut open = false;
    for part in parts {
        open = true;
        match rest.find(part) {
            Some(at) if !part.is_empty() => rest = rest.get(at + part.len()..).unwrap_or_default(),
            Some(_) => {}
            None => return false,
        }
    }
    open && (expected.ends_with('…') || rest.is_empty()) || rest.is_empty()
}
