//! The examples of every command print what its help shows, and every list of commands is complete.

mod common;

use common::{commands, matches, normalised, plugsh};
use plugsh::shell::CommandGrammar;
use plugsh::shell::command::{TABLE, find};
use plugsh::shell::line::{Lines, quote};
use unicode_width::UnicodeWidthStr;

/// The line printed between two steps, to separate their outputs.
const MARK: &str = "@@ next @@";
/// The widest line of an example, in columns: help at 80 columns does not wrap it, whatever it is pasted into.
const COLUMNS_MAX: usize = 76;

/// A logical line of an example, and what stands below it without the signs of its comments.
struct Step {
    typed: String,
    printed: String,
}

/// The steps of an example.
fn steps(example: &str) -> Vec<Step> {
    let grammar = CommandGrammar(TABLE);
    let (mut steps, mut pos) = (Vec::<Step>::new(), 0);
    while let Some(rest) = example.get(pos..).filter(|rest| !rest.is_empty()) {
        let line = rest.lines().next().unwrap_or_default();
        if let Some(comment) = line.strip_prefix('#') {
            let step = steps.last_mut().unwrap_or_else(|| panic!("what is printed comes first in\n{example}"));
            step.printed.push_str(&format!("{}\n", comment.strip_prefix(' ').unwrap_or(comment)));
            pos += line.len() + 1;
            continue;
        }
        let mut lines = Lines::new(rest);
        lines.next(&grammar).expect("a line").unwrap_or_else(|error| panic!("{error} in\n{example}"));
        let typed = rest.get(..lines.pos()).unwrap_or_default().trim_end().to_owned();
        steps.push(Step { typed, printed: String::new() });
        pos += lines.pos();
    }
    steps
}

/// The output of each step as at a prompt: without the place of an error.
fn printed_by(steps: &[Step]) -> Vec<String> {
    let typed: Vec<&str> = steps.iter().map(|step| step.typed.as_str()).collect();
    let script = typed.join(&format!("\necho '{MARK}'\n"));
    let printed = plugsh().file("example", script).args(["--keep-going", "example"]).transcript();
    let at_prompt = |output: &str| output.lines().map(|line| format!("{}\n", without_place(line))).collect();
    printed.split(&format!("{MARK}\n")).map(at_prompt).collect()
}

/// An error's line without `example:3: `.
fn without_place(line: &str) -> &str {
    let place = line.strip_prefix("example:").and_then(|rest| rest.split_once(": "));
    place.filter(|(number, _)| number.parse::<usize>().is_ok()).map_or(line, |(_, message)| message)
}

#[test]
fn every_line_of_an_example_prints_what_help_says() {
    let mut wrong = Vec::new();
    for command in TABLE {
        assert!(!command.examples.is_empty(), "`{}` has no example", command.name);
        for example in command.examples {
            let steps = steps(example);
            // Lines behind `exit` are not reached.
            let printed = printed_by(&steps).into_iter().chain(std::iter::repeat(String::new()));
            for (step, printed) in steps.iter().zip(printed) {
                if !matches(&normalised(&step.printed), &normalised(&printed)) {
                    wrong.push(format!(
                        "`help {}` says that\n{}\nprints\n{}and it prints\n{printed}",
                        command.name, step.typed, step.printed
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn help_shows_each_example_as_it_is_pasted() {
    for command in TABLE {
        let help = String::from_utf8(commands(&format!("help {}", command.name)).run().code(0).stdout).unwrap();
        for example in command.examples {
            for line in example.lines() {
                assert!(line.width() <= COLUMNS_MAX, "`help {}` is wider than {COLUMNS_MAX}: {line}", command.name);
            }
            assert!(help.contains(&format!("\n\n{example}\n")), "`help {}` lacks\n{example}", command.name);
        }
    }
}

#[test]
fn help_knows_every_command_and_option() {
    let printed = |line: &str| String::from_utf8(commands(line).run().code(0).stdout).unwrap();
    let (overview, all) = (printed("help"), printed("help all"));
    assert!(overview.lines().count() <= 24, "`help` fits a screen");
    for topic in ["language", "blocks", "filters", "debugging", "guests"] {
        assert!(overview.contains(&format!("`help {topic}`")), "`help` lacks the topic `{topic}`");
        commands(&format!("help {topic}")).run().code(0);
    }
    for command in TABLE {
        assert!(overview.split_whitespace().any(|word| word == command.name), "`help` lacks `{}`", command.name);
        assert!(all.contains(&format!("  {} ", command.name)), "`help all` lacks `{}`", command.name);
        assert!(!command.summary.is_empty() && !command.description.is_empty(), "`{}` is not explained", command.name);
        let help = commands(&format!("help {}", command.name)).run().code(0).stdout;
        let help = String::from_utf8_lossy(&help).into_owned();
        for option in &command.shape().options {
            let name = option.long.as_ref().map(|long| format!("--{long}")).unwrap_or_default();
            assert!(help.contains(&name), "`help {}` lacks `{name}`", command.name);
            assert!(!option.help.is_empty(), "`{name}` of `{}` is not explained", command.name);
        }
        let asked = commands(&format!("{} --help", command.name)).run().code(0).stdout;
        assert_eq!(String::from_utf8_lossy(&asked), help, "`{} --help`", command.name);
    }
}

#[test]
fn each_example_that_a_built_in_plugin_gives_can_be_called() {
    let printed = commands("plugins --json").run().code(0).stdout;
    let plugins: serde_json::Value = serde_json::from_slice(&printed).unwrap();
    let mut script = String::new();
    for plugin in plugins.as_array().unwrap() {
        let name = plugin["name"].as_str().unwrap();
        assert!(plugin["problem"].is_null(), "`{name}`: {}", plugin["problem"]);
        assert!(plugin["summary"].is_string(), "`{name}` does not say what it does");
        script.push_str(&format!("load {name}\n"));
        for function in plugin["functions"].as_array().unwrap() {
            let call = format!("{name}.{}", function["name"].as_str().unwrap());
            assert!(function["summary"].is_string(), "`{call}` is not explained");
            // The functions of the plugin fail, each in its way.
            if let Some(input) = function["input"].as_str().filter(|_| name != "misbehave") {
                script.push_str(&format!("{call} {}\n", quote(input.as_bytes())));
            }
        }
    }
    assert!(script.contains("\ntext.upper hello\n"), "{script}");
    plugsh().file("calls", script).args(["calls"]).run().code(0);
}

#[test]
fn the_demo_plays() {
    // The pauses are left out.
    let demo = include_str!("../scripts/demo.plugsh");
    let demo: String =
        demo.lines().filter(|line| !line.starts_with(" sleep ")).map(|line| format!("{line}\n")).collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("demo.plugsh");
    std::fs::write(&path, demo).unwrap();
    let ended = plugsh().args(["-e", path.to_str().unwrap()]).run().code(0);
    let ended = ended.stdout_has("{\"the\":3}\n").stdout_has("{\"and\":2,\"bird\":1,\"cat\":1,\"dog\":1,\"the\":3}\n");
    let ended = ended.stdout_has("{\"and\":1,\"dog\":1,\"the\":3}\n");
    let ended = ended.stdout_has("panicked at misbehave/src/lib.rs:").stdout_has(" misbehave::panic");
    ended.stderr_has("is held after 3:mapper-2.map (breakpoint 1)\n").stderr_has("fault 1: trap on callee=reducer\n");
}

#[test]
fn names_are_found_once() {
    for command in TABLE {
        let found = find(TABLE, command.name).map(|found| found.summary);
        assert_eq!(found, Some(command.summary), "`{}` stands twice in the table", command.name);
    }
}
