//! A project's file to begin with: the modules of a directory as plugins, and what else can be said, as comments.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::init::tests;
use super::render::{HEAD, plugin, quoted};
use crate::runtime::Program;
use crate::runtime::about::About;
use crate::shell::loading::directory::modules;
use crate::shell::session::Session;
use crate::text::escape_control;

/// The directories that are looked into, below the one where the file will be.
const DIRECTORIES: [&str; 6] = [".", "plugins", "wasm", "build", "dist", "target/wasm32-unknown-unknown/release"];
/// Most functions that a comment names.
const FUNCTIONS_MAX: usize = 8;

/// The keys that a plugin can have besides its source.
const OPTIONS: &str = "\
# What else a plugin can have: every option of `load` (`help load`), with `_` for `-`.
# config = { lang = \"en\", key = \"${API_KEY}\" }
# allow_host = [\"api.example.com\"]
# allow_path = [\"ro:data:/data\"]
# memory_max = \"16M\"
# timeout = \"2s\"
# restart = \"on-crash=5/10s\"
# watch = true
# import = { \"env.kv_get\" = \"kv.get\" }
";
/// The parts that the file can have besides plugins.
const REST: &str = "\
# Answers for functions that are not there: of a plugin, or of the product's host (`help stub`).
# [[stub]]
# function = \"env:now() -> i64\"
# answer = \"1700000000\"

# The program's own limits (`help limits`).
# [limits]
# max_memory = \"2G\"
";
/// Settings at the top.
const SETTINGS: &str = "\
# plugin_dirs = [\"plugins\"]   # where names are looked for
# policy = \"policy.toml\"      # what plugins may do (`help policy`)
";

/// The text of a file for `dir`, and how many plugins it has.
pub fn of_directory(session: &mut Session, dir: &Path) -> (String, usize) {
    let mut text = format!("{HEAD}\n{SETTINGS}");
    text.push_str(&match tests(dir) {
        line if line.is_empty() => "# tests = [\"tests/*.plugsh\"]\n".to_owned(),
        line => line,
    });
    let mut names: Vec<String> = Vec::new();
    for file in found(dir) {
        let shown = file.to_string_lossy().into_owned();
        match session.resolve(&dir.join(&file).to_string_lossy()) {
            Ok(program) => {
                let name = free_name(&names, &program.stem);
                text.push_str(&format!("\n{}{}", about(&program), plugin(&name, Some(&shown), &[])));
                names.push(name);
            }
            Err(error) => text.push_str(&format!("\n# {}: {error}\n", quoted(&shown))),
        }
    }
    if names.is_empty() {
        text.push_str("\n# [plugin.front]\n# source = \"build/front.wasm\"\n");
    }
    text.push_str(&format!("{OPTIONS}\n{REST}"));
    (text, names.len())
}

/// The modules, relative to `dir`. A directory without any, or that is not there, has none.
fn found(dir: &Path) -> Vec<PathBuf> {
    let files = DIRECTORIES.iter().filter_map(|below| modules(&dir.join(below)).ok()).flatten();
    files.filter_map(|file| Some(file.strip_prefix(dir).ok()?.components().collect())).collect()
}

/// The functions of a plugin as a comment.
fn about(program: &Arc<Program>) -> String {
    let functions = program.modules.last().map(|main| About::read(&main.bytes).functions).unwrap_or_default();
    let names: Vec<String> = functions.iter().take(FUNCTIONS_MAX).map(|known| escape_control(&known.name)).collect();
    let more = if functions.len() > FUNCTIONS_MAX { " ..." } else { "" };
    if names.is_empty() { String::new() } else { format!("# functions: {}{more}\n", names.join(" ")) }
}

/// A name, with `-2`, `-3` behind it where it is taken.
fn free_name(taken: &[String], stem: &str) -> String {
    let is_free = |name: &String| !taken.contains(name);
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    std::iter::once(stem.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}
