//! `init`: a file from what is loaded, or from the modules of a directory.

use super::common::plugsh;
use super::{SHOP, printed, project};

#[test]
fn a_directory_of_modules_gives_a_file_to_begin_with() {
    let run = plugsh().file("build/shop.wat", SHOP).file("a.wat", "(module (func (export \"f\")))");
    let ended = run.file("broken.wasm", "no module").args(["init"]).run().code(0);
    assert_eq!(printed(&ended), "wrote plugsh.toml: 2 plugins\n");
    let text = std::fs::read_to_string(ended.dir.path().join("plugsh.toml")).unwrap();
    assert!(text.contains("# functions: f\n[plugin.a]\nsource = \"a.wat\"\n"), "{text}");
    assert!(text.contains("# functions: buy\n[plugin.shop]\nsource = \"build/shop.wat\"\n"), "{text}");
    assert!(text.contains("\n# \"broken.wasm\": "), "{text}");
}

#[test]
fn its_comments_are_right_when_they_are_no_comments() {
    let ended = plugsh().args(["init"]).run().code(0);
    let text = std::fs::read_to_string(ended.dir.path().join("plugsh.toml")).unwrap();
    let is_code = |line: &&str| line.contains(" = ") || line.starts_with("# [");
    let lines: Vec<&str> = text.lines().filter(is_code).map(|line| line.trim_start_matches("# ")).collect();
    let run = plugsh().file("plugsh.toml", lines.join("\n")).env("API_KEY", "x").file("policy.toml", "");
    let run =
        run.file("plugins/kv.wat", "(module (func (export \"get\")))").file("tests/a.plugsh", "").file("data/x", "");
    let run = run.file("build/front.wasm", "(module (import \"env\" \"kv_get\" (func (param i64) (result i64))))");
    let ended = run.args(["up", "--check"]).run();
    // The one mistake: there is no plugin to stand in.
    assert_eq!(printed(&ended).lines().count(), 1, "{}", printed(&ended));
    assert!(printed(&ended).contains("no plugin `kv` in the project"), "{}", printed(&ended));
}

#[test]
fn a_file_that_is_there_stays() {
    let ended = project().args(["init"]).run().code(1);
    assert_eq!(ended.stderr, "plugsh: `plugsh.toml`: it exists; `init --force` overwrites it\n");
    let ended = project().args(["init", "--force"]).run().code(0);
    assert_eq!(printed(&ended), "wrote plugsh.toml: 1 plugin\n");
}

#[test]
fn what_is_up_is_written_as_it_was() {
    let lines = "init --force; down; up; ps -t; init --force";
    let first = project().args(["up", "-c", "init --force"]).run().code(0);
    let again = project().args(["up", "-c", lines]).run().code(0);
    let text = |ended: &super::common::Ended| std::fs::read_to_string(ended.dir.path().join("plugsh.toml")).unwrap();
    assert_eq!(text(&first), text(&again));
    assert!(text(&first).contains("import = { \"env.kv_put(handle) -> handle\" = \"kv.echo\" }"), "{}", text(&first));
    assert!(text(&first).contains("[limits]\nmax_depth = 20\n"), "{}", text(&first));
    assert!(printed(&again).contains("shell\n├─ 3:kv idle\n└─ 4:shop idle\n"), "{}", printed(&again));
}
