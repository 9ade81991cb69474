//! A project's file from what is loaded: the processes that the shell has started, stubs, the policy.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::render::{HEAD, limit, list, plugin, quoted, stub};
use crate::kernel::{Kernel, Policy, ProcessDetail};
use crate::runtime::Spec;
use crate::shell::loading::written::{options_of, source_text};
use crate::shell::reply::ShellError;
use crate::shell::session::Session;

/// The prefix of the source of a process that only stubs answer for.
const STUB: &str = "stub:";
/// The prefix of a built-in plugin's source.
const BUILTIN: &str = "built-in:";
/// The directory and the globs of test files, where there are such.
const TESTS_DIR: &str = "tests";
const TESTS: &str = "tests/*.plugsh";

/// The text of a file in `dir`, and how many plugins it has; `None` where the shell has loaded none and set no stub.
///
/// # Errors
/// The source of a process cannot be read any more.
pub fn of_session(session: &mut Session, dir: &Path) -> Result<Option<(String, usize)>, ShellError> {
    let kernel = Arc::clone(session.kernel());
    let stubs = kernel.stubs();
    let loaded = loaded(&kernel);
    if loaded.is_empty() && stubs.is_empty() {
        return Ok(None);
    }
    let settings = settings(&kernel, dir);
    let blank = if settings.is_empty() { "" } else { "\n" };
    let mut text = format!("{HEAD}{blank}{settings}");
    for (detail, source) in &loaded {
        // A URL is not fetched again for the manifest that it may be.
        let own = match source.contains("://") {
            true => Spec::default(),
            false => session.resolve(source)?.spec.clone(),
        };
        let name = &detail.view.name;
        let source = match source.strip_prefix(BUILTIN) {
            Some(builtin) => builtin.to_owned(),
            None => source_text(source, dir),
        };
        let source = Some(source.as_str()).filter(|source| source != name);
        text.push_str(&format!("\n{}", plugin(name, source, &options_of(detail, &own, dir, &stubs))));
    }
    for view in &stubs {
        text.push_str(&format!("\n{}", stub(&view.spec)));
    }
    Ok(Some((text, loaded.len())))
}

/// The processes that the shell has started from a source, in the order of their ids, each with that source.
fn loaded(kernel: &Kernel) -> Vec<(ProcessDetail, String)> {
    let views = kernel.processes(false).into_iter().filter(|view| view.parent == 0);
    let detailed = views.filter_map(|view| Some((kernel.process(view.id)?, kernel.source_of(view.id)?)));
    detailed.filter(|(_, source)| !source.starts_with(STUB)).collect()
}

/// Directories, policy and test files.
fn settings(kernel: &Kernel, dir: &Path) -> String {
    let within = |path: &Path| {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let below = absolute.strip_prefix(dir).map_or(absolute.clone(), PathBuf::from);
        if below.as_os_str().is_empty() { ".".to_owned() } else { below.to_string_lossy().into_owned() }
    };
    let dirs: Vec<String> = kernel.plugin_dirs().iter().map(|dir| within(dir)).collect();
    let mut text = list("plugin_dirs", &dirs);
    let policy = kernel.policy().map(|policy| PathBuf::from(Policy::source(&policy)));
    if let Some(file) = policy.filter(|file| file.is_file()) {
        text.push_str(&format!("policy = {}\n", quoted(&within(&file))));
    }
    text.push_str(&tests(dir));
    text.push_str(&limits(kernel));
    text
}

/// The limits that are not as they are without an option.
fn limits(kernel: &Kernel) -> String {
    let changed = kernel.limit_views().into_iter().filter(|view| view.value != view.default);
    let lines: String = changed.map(|view| limit(view.row, view.value)).collect();
    if lines.is_empty() { lines } else { format!("\n[limits]\n{lines}") }
}

/// The line of the test files, where there are any.
pub fn tests(dir: &Path) -> String {
    let has_tests = std::fs::read_dir(dir.join(TESTS_DIR)).is_ok_and(|entries| {
        entries.filter_map(Result::ok).any(|entry| entry.path().extension().is_some_and(|suffix| suffix == "plugsh"))
    });
    if has_tests { list("tests", &[TESTS.to_owned()]) } else { String::new() }
}
