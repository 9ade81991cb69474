//! `plugsh up --check`: nothing starts, and what would go wrong is told with its place.

use super::common::plugsh;
use super::{FILE, printed, project};

/// The lines of a check that finds something.
fn checked(run: super::common::Plugsh) -> Vec<String> {
    let ended = run.args(["up", "--check"]).run().code(1);
    printed(&ended).lines().map(str::to_owned).collect()
}

#[test]
fn a_project_without_mistakes_is_said_to_be_one() {
    let ended = project().args(["up", "--check"]).run().code(0).stderr("");
    assert_eq!(printed(&ended), "plugsh.toml: 2 plugins, nothing is wrong\n");
}

#[test]
fn what_is_written_wrong_is_told_at_once_and_in_order() {
    let text = "plugin_dir = \"x\"\npolicy = 1\n[limits]\nmax_dept = 3\n[plugin.a]\nmemory-max = 1\nwatch = 1\n\
        allow_host = [1, [2]]\nhost = [\"native\"]\n[plugin.\"1\"]\n[stub]\n[[other]]\n";
    let expected = [
        "plugsh.toml:1:1: no key `plugin_dir` in the file; did you mean `plugin_dirs`?",
        "plugsh.toml:2:10: `policy` wants a text in quotes",
        "plugsh.toml:4:1: no key `max_dept` in `[limits]`; did you mean `max_depth`?",
        "plugsh.toml:6:1: no key `memory-max` in `[plugin.a]`; did you mean `memory_max`?",
        "plugsh.toml:7:9: `watch` is `true` or `false`",
        "plugsh.toml:8:18: `allow_host` wants texts",
        "plugsh.toml:9:8: `host` wants one text or number",
        "plugsh.toml:10:9: `1` is no name of a process; write letters, digits, `_`, `-` and `.`, a letter or `_` first",
        "plugsh.toml:11:2: each stub is a `[[stub]]`, in two brackets",
    ];
    let found = checked(plugsh().file("plugsh.toml", text));
    assert_eq!(found.get(..expected.len()), Some(expected.map(str::to_owned).as_slice()), "{found:#?}");
    assert!(found.last().is_some_and(|last| last.starts_with("plugsh.toml:12:3: no key `other` in the file; it has ")));
}

#[test]
fn values_are_checked_as_the_options_of_load() {
    let text = "[plugin.a]\nsource = \"echo\"\nmemory_max = \"x\"\nrestart = \"always\"\nallow_path = \"gone\"\nstdin = \"gone\"\n\
        link = \"gone.wasm\"\nmay_call = \"x\"\nconfig = { k = \"${NOT_SET_BY_ANYBODY}\" }\n[limits]\nmax_depth = 0\n";
    let found = checked(plugsh().file("plugsh.toml", text));
    let expected = [
        ("plugsh.toml:3:14: ", "`x` is no size"),
        ("plugsh.toml:4:11: ", "write `never`, `on-crash` or `on-crash=5/10s`"),
        ("plugsh.toml:5:14: ", "no directory or file `gone`"),
        ("plugsh.toml:6:9: ", "`gone` is not there"),
        ("plugsh.toml:7:8: ", "no file `gone.wasm`"),
        ("plugsh.toml:8:12: ", "`x` is no `PLUGIN.FUNCTION`"),
        ("plugsh.toml:9:16: ", "`${NOT_SET_BY_ANYBODY}` is not set in the environment"),
        ("plugsh.toml:11:13: ", "max-depth"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((place, why), line) in expected.iter().zip(&found) {
        assert!(line.starts_with(place) && line.contains(why), "{place}{why}: {line}");
    }
}

#[test]
fn what_the_policy_would_deny_is_told() {
    let run = project()
        .file("policy.toml", "[[plugin]]\nname = \"shop\"\ncall = [\"mapper.*\"]\nload = [\"mappr\", \"cart\"]\n");
    let found =
        checked(run.file("plugsh.toml", FILE.replace("timeout = \"2s\"", "may_call = [\"kv.echo\", \"mapper.*\"]")));
    let [may_call, import, rule] = found.as_slice() else { panic!("{found:#?}") };
    assert!(
        may_call.starts_with("plugsh.toml:13:13: `shop` may not call `kv.echo`: the rule `shop` (policy.toml:2)"),
        "{may_call}"
    );
    assert!(import.starts_with("plugsh.toml:14:45: `shop` may not call `kv.echo`: the rule"), "{import}");
    assert_eq!(rule, "policy.toml:2:1: shop lets load `mappr`, and no plugin has that name; did you mean `mapper`?");
}

#[test]
fn stand_ins_and_imports_fit_the_modules() {
    let with = |import: &str| FILE.replace("\"env.kv_put(handle) -> handle\" = \"kv.echo\"", import);
    let found = |import: &str| checked(project().file("plugsh.toml", with(import)));
    let nobody =
        "plugsh.toml:8:9: `shop` imports `env.kv_put`, which nobody provides; an `import` of it or a `[[stub]]` would";
    assert_eq!(found(""), [nobody]);
    let other = "plugsh.toml:14:28: `shop` imports no function `env.kv_putt`; did you mean `env.kv_put`?";
    assert_eq!(found("\"env.kv_putt\" = \"kv.echo\""), [nobody, other]);
    let function = "plugsh.toml:14:27: no function `ehco` in `kv`; did you mean `echo`?";
    assert_eq!(found("\"env.kv_put\" = \"kv.ehco\""), [function]);
    let plugin = "plugsh.toml:14:27: `kvs.echo`: no plugin `kvs` in the project; did you mean `kv`?";
    assert_eq!(found("\"env.kv_put\" = \"kvs.echo\""), [plugin]);
}

#[test]
fn json_has_a_place_for_each() {
    let run = plugsh().file("plugsh.toml", "x = 1\n[plugin.a]\nsource = \"gone.wasm\"\n");
    let ended = run.args(["--json", "up", "--check"]).run().code(1);
    let json: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    let first = &json[0];
    assert_eq!((&first["file"], &first["line"], &first["column"]), (&"plugsh.toml".into(), &1.into(), &1.into()));
    assert_eq!(first["kind"], "invalid");
}

#[test]
fn files_are_bounded_and_hostile_ones_refused() {
    let large = format!("# {}\n", "x".repeat(1 << 20));
    assert_eq!(
        checked(plugsh().file("plugsh.toml", large)),
        ["plugsh.toml: it is larger than 1 MiB, the most a project's file may have"]
    );
    let deep = format!("plugin = {}1{}\n", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(checked(plugsh().file("plugsh.toml", deep)).len(), 1);
    assert_eq!(checked(plugsh().file("plugsh.toml", b"a = \"\xff\"")), ["plugsh.toml: it is not UTF-8"]);
    let many: String = (0..1_001).map(|number| format!("[plugin.p{number}]\n")).collect();
    assert_eq!(checked(plugsh().file("plugsh.toml", many)), ["plugsh.toml:1:2: more than 1000 plugins"]);
    let bidi = "\"\\u202e\\u001b[2J\" = 1\n";
    let found = checked(plugsh().file("plugsh.toml", bidi));
    assert!(!found[0].contains(['\u{202e}', '\x1b']), "{found:?}");
}

#[test]
fn the_schema_knows_every_key() {
    let ended = plugsh().args(["up", "--schema"]).run().code(0);
    let schema: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    let plugin = &schema["properties"]["plugin"]["additionalProperties"]["properties"];
    for key in ["source", "config", "allow_host", "memory_max", "restart", "watch", "import", "stdin"] {
        assert!(plugin[key]["description"].is_string(), "{key}");
    }
    assert!(plugin["as"].is_null());
    let stub = &schema["properties"]["stub"]["items"]["properties"];
    assert!(stub["function"].is_object() && stub["expr"].is_object() && stub["echo"]["type"] == "boolean");
    assert!(schema["properties"]["limits"]["properties"]["max_depth"].is_object());
}
