//! The README matches the program: its transcripts are played, its tables compared with those of program and suites.

mod common;
#[path = "conformance/differences.rs"]
#[allow(dead_code, reason = "the suite uses the rest")]
mod differences;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use common::{matches, normalised, plugsh};
use plugsh::runtime::host_functions::PluginFunction;
use plugsh::shell::command::{TABLE, markdown_table};

fn readme() -> (PathBuf, String) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    (path, text)
}

/// The blocks of one kind of code, without their fences.
fn blocks(text: &str, kind: &str) -> Vec<String> {
    let fence = format!("```{kind}\n");
    let parts = text.split(&fence).skip(1);
    parts.map(|part| part.split("\n```").next().unwrap().to_owned()).collect()
}

/// The typed lines of a transcript with their outputs; lines that start with `> ` continue a typed line.
fn steps(block: &str, prompt: &str) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix(prompt), steps.last_mut(), line.strip_prefix("> ")) {
            (Some(typed), _, _) => steps.push((typed.to_owned(), String::new())),
            (None, Some((typed, output)), Some(more)) if output.is_empty() => typed.push_str(&format!("\n{more}")),
            (None, Some((_, output)), _) => output.push_str(&format!("{line}\n")),
            (None, None, _) => panic!("output before the first line: {line}"),
        }
    }
    steps
}

#[test]
fn what_is_typed_at_the_prompt_prints_what_it_shows() {
    const MARK: &str = "@@ next @@";
    let (_, text) = readme();
    let mut played = 0;
    for block in blocks(&text, "console").iter().filter(|block| block.starts_with("plugsh> ")) {
        let steps = steps(block, "plugsh> ");
        let script: Vec<&str> = steps.iter().map(|(typed, _)| typed.as_str()).collect();
        let script = script.join(&format!("\necho '{MARK}'\n"));
        let guest = |name: &str| fs::read(format!("{}/tests/guests/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let guests = ["tax.wasm", "cart.wasm", "shop.wasm", "till.wasm", "sums.wasm", "src/sums.rs"];
        let page = guests.iter().fold(plugsh(), |page, name| page.file(name, guest(name)));
        let printed = page.file("page", script).args(["--plugins", ".", "--keep-going", "page"]).transcript();
        let printed: Vec<&str> = printed.split(&format!("{MARK}\n")).collect();
        for ((typed, shown), printed) in steps.iter().zip(printed) {
            // Errors have their place in a script, and none at the prompt.
            let printed: String = printed.lines().map(|line| format!("{}\n", without_place(line))).collect();
            assert!(matches(&normalised(shown), &normalised(&printed)), "`{typed}` prints\n{printed}\nnot\n{shown}");
            played += 1;
        }
    }
    assert!(played >= 22, "{played} lines at the prompt were played");
}

fn without_place(line: &str) -> &str {
    match line.strip_prefix("page:").and_then(|rest| rest.split_once(": ")) {
        Some((number, message)) if number.bytes().all(|b| b.is_ascii_digit()) => message,
        _ => line,
    }
}

#[test]
fn the_system_shells_lines_print_what_they_show() {
    let (_, text) = readme();
    let bin = PathBuf::from(env!("CARGO_BIN_EXE_plugsh"));
    let path = format!("{}:{}", bin.parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    let home = tempfile::tempdir().unwrap();
    let mut played = 0;
    for block in blocks(&text, "console").iter().filter(|block| block.starts_with("$ ")) {
        for (typed, shown) in steps(block, "$ ") {
            // A file that the page shows is there from then on.
            if let Some(name) = typed.strip_prefix("cat ") {
                std::fs::write(home.path().join(name), &shown).unwrap();
            }
            let mut command = Command::new("sh");
            // Errors and news stand among the output, as at a terminal.
            command
                .args(["-c", &format!("exec 2>&1\n{typed}")])
                .env("PATH", &path)
                .env("HOME", home.path())
                .current_dir(home.path());
            let output = command.env_remove("XDG_CACHE_HOME").output().unwrap();
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(matches(&normalised(&shown), &normalised(&printed)), "`{typed}` prints\n{printed}\nnot\n{shown}");
            played += 1;
        }
    }
    assert!(played > 0, "no line of the system's shell was played");
}

#[test]
fn help_walks_to_where_it_says() {
    let help = plugsh().args(["-c", "help debugging"]).run().code(0).stdout;
    let help = String::from_utf8(help).unwrap();
    let (_, walk) = help.split_once("Try it, in a fresh shell").expect("the walk");
    let typed = walk.lines().filter_map(|line| line.strip_prefix("  "));
    // The explanation follows the line.
    let script: Vec<&str> = typed.map(|line| line.split("  ").next().unwrap_or(line)).collect();
    let printed = plugsh().file("walk", script.join("\n")).args(["--keep-going", "walk"]).transcript();
    let seen = [
        "{\"cat\":1,\"dog\":1,\"the\":2}",
        "ok (stub)",
        "[{\"cat\":1,\"the\":1},{\"the\": 1},{\"dog\":1}]",
        "6  1:wordcount → 3:mapper-2.map  ok (stub)",
        ".reduce: trailing comma",
        "4:mapper-3.map",
        "ok (fault)",
        ":mapper-6.map (breakpoint 1)",
        "{\"and\":1,\"cat\":1,\"dog\":1,\"the\":2}",
    ];
    let printed_all = printed.as_str();
    let mut rest = printed_all;
    for part in seen {
        let (_, after) =
            rest.split_once(part).unwrap_or_else(|| panic!("no `{part}` (in this order) in\n{printed_all}"));
        rest = after;
    }
}

#[test]
fn help_names_every_function_of_plugins_and_its_example_runs() {
    let help = plugsh().args(["-c", "help guests"]).run().code(0).stdout;
    let help = String::from_utf8(help).unwrap();
    for function in PluginFunction::ALL {
        assert!(help.contains(function.row().name), "`help guests` lacks `{}`", function.row().name);
    }
    let (_, walk) = help.split_once("Try it, in a fresh shell").expect("the example");
    let typed = walk.lines().filter_map(|line| line.strip_prefix("  "));
    // The explanation follows the line.
    let script: Vec<&str> = typed.filter_map(|line| line.trim_start().split("  ").next()).collect();
    let printed = plugsh().file("walk", script.join("\n")).args(["walk"]).transcript();
    assert_eq!(printed.lines().last().map(str::trim), Some("2"), "{printed}");
}

/// The part of a document between two marks; `UPDATE_README=1` writes it.
fn holds(document: &str, name: &str, wanted: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = fs::read_to_string(&path).unwrap();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&open).unwrap_or_else(|| panic!("no mark `{name}`"));
    let (held, after) = rest.split_once(&close).unwrap_or_else(|| panic!("no end of `{name}`"));
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(path, format!("{before}{open}{wanted}{close}{after}")).unwrap();
        return;
    }
    assert_eq!(
        held, wanted,
        "`{name}` of {document} is stale; `UPDATE_README=1 cargo test --test readme -- --test-threads 1` writes it"
    );
}

#[test]
fn the_list_of_commands_is_the_table() {
    holds("README.md", "commands", &markdown_table(TABLE));
}

#[test]
fn the_differences_are_the_suites() {
    let mut table = String::from("| what differs | why |\n|---|---|\n");
    for difference in differences::ALL {
        table.push_str(&format!("| {} | {} |\n", difference.what, difference.why));
    }
    holds("README.md", "differences", &table);
}

#[test]
fn the_lists_of_host_functions_are_the_table() {
    let mut table = String::from("| function | meaning |\n|---|---|\n");
    for row in PluginFunction::ALL.iter().map(|function| function.row()) {
        table.push_str(&format!("| `{}` | {} |\n", row.signature(), row.summary));
    }
    holds("README.md", "host-functions", &table);
    holds("plugins/plugsh-guest/README.md", "host-functions", &table);
}

/// The guest crate declares in Rust what the table has.
#[test]
fn the_guest_crate_imports_what_the_table_has() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("plugins/plugsh-guest/src/raw.rs");
    let text = fs::read_to_string(path).unwrap();
    let declared: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("pub safe fn ")).collect();
    let rows = PluginFunction::ALL.iter().map(|function| function.row());
    let wanted: Vec<String> = rows
        .map(|row| {
            let params: Vec<String> = row.params.iter().map(|param| format!("{}: u64", param.name)).collect();
            let result = if row.result.is_some() { " -> u64" } else { "" };
            format!("{}({}){result};", row.name, params.join(", "))
        })
        .collect();
    assert_eq!(declared, wanted);
}
