//! Golden sessions: each file in `tests/sessions` is a transcript, played on the built binary and compared.
//!
//! A line that starts with `$ ` is typed, those after it that start with `> ` belong to it, the rest is what it prints,
//! standard error included. Lines before the first `$ ` are comments, and `# file NAME` with the lines after it (each
//! after `# | `) makes a file; `# guest NAME` copies one from `tests/guests`. Each file is a test of its own: `cargo
//! test --test sessions pipes` plays one. `UPDATE_SESSIONS=1 cargo test --test sessions` writes down what is printed
//! now.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use common::{normalised, plugsh};

/// The line printed between two commands, to separate their outputs.
const MARK: &str = "@@ next @@";

/// A transcript.
struct Transcript {
    head: Vec<String>,
    steps: Vec<Step>,
}

/// A typed text and its output.
struct Step {
    lines: Vec<String>,
    output: String,
}

impl Transcript {
    fn read(text: &str) -> Transcript {
        let mut transcript = Transcript { head: Vec::new(), steps: Vec::new() };
        for line in text.lines() {
            if let Some(typed) = line.strip_prefix("$ ") {
                transcript.steps.push(Step { lines: vec![typed.to_owned()], output: String::new() });
                continue;
            }
            match (transcript.steps.last_mut(), line.strip_prefix("> ").or((line == ">").then_some(""))) {
                (None, _) => transcript.head.push(line.to_owned()),
                (Some(step), Some(more)) if step.output.is_empty() => step.lines.push(more.to_owned()),
                (Some(step), _) => step.output.push_str(&format!("{line}\n")),
            }
        }
        transcript
    }

    fn script(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(|step| step.lines.join("\n")).collect();
        steps.join(&format!("\necho '{MARK}'\n"))
    }

    /// The files of the transcript's head.
    fn files(&self) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> = Vec::new();
        for line in &self.head {
            if let Some(name) = line.strip_prefix("# file ") {
                files.push((name.to_owned(), String::new()));
            } else if let (Some(text), Some(file)) = (line.strip_prefix("# | "), files.last_mut()) {
                file.1.push_str(&format!("{text}\n"));
            }
        }
        files
    }

    /// The transcript with its current outputs.
    fn played(&self) -> Transcript {
        let mut run = plugsh().file("session", self.script()).args(["--keep-going", "session"]);
        for guest in self.head.iter().filter_map(|line| line.strip_prefix("# guest ")) {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(guest);
            run = run.file(guest, fs::read(&path).expect("a guest"));
        }
        for (name, text) in self.files() {
            run = run.file(&name, text);
        }
        let printed = run.transcript();
        let mark = format!("{MARK}\n");
        let mut outputs = printed.split(&mark).map(normalised);
        let steps = self.steps.iter().map(|step| Step {
            lines: step.lines.clone(),
            output: outputs.next().unwrap_or_else(|| "(not reached)\n".to_owned()),
        });
        Transcript { head: self.head.clone(), steps: steps.collect() }
    }

    fn text(&self) -> String {
        let mut text: String = self.head.iter().map(|line| format!("{line}\n")).collect();
        for step in &self.steps {
            for (index, line) in step.lines.iter().enumerate() {
                let sign = if index == 0 { "$" } else { ">" };
                text.push_str(format!("{sign} {line}").trim_end());
                text.push('\n');
            }
            text.push_str(&step.output);
        }
        text
    }
}

fn sessions() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("tests/sessions")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "session"))
        .collect();
    paths.sort();
    paths
}

/// Plays one transcript; a difference to the file is the failure.
fn play(path: &Path) -> Result<(), Failed> {
    let written = fs::read_to_string(path)?;
    let played = Transcript::read(&written).played().text();
    if std::env::var_os("UPDATE_SESSIONS").is_some() {
        fs::write(path, &played)?;
    } else if played != written {
        let diff = similar::TextDiff::from_lines(&written, &played);
        let diff = diff.unified_diff().context_radius(2).to_string();
        return Err(format!("{diff}\n(UPDATE_SESSIONS=1 writes down what is printed now)").into());
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tests = sessions().into_iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name, move || play(&path))
    });
    libtest_mimic::run(&arguments, tests.collect()).exit_code()
}
