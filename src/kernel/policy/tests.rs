//! The policy, from its text to what a real plugin may do under it.

mod children;
mod learned;
mod own;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::grant::child_spec;
use super::learn::{Spawn, Spawns};
use super::{ChildGrants, Policy, RequestedSource, Who};
use crate::journal::{CallStanding, Outcome, Record, Symbol};
use crate::kernel::tests::{call, kernel, load};
use crate::kernel::{Kernel, KernelOptions, LoadRequest, ProcessId};
use crate::runtime::{AllowedPath, Config, Explained, Spec};
use crate::shell::words::SHELL;

fn policy(text: &str) -> Policy {
    Policy::parse(text, "policy.toml", Path::new("/")).unwrap()
}

fn who(name: &str) -> Who<'_> {
    Who { name, plugin: name }
}

fn refused(text: &str) -> String {
    Policy::parse(text, "policy.toml", Path::new("/")).unwrap_err().to_string()
}

/// A kernel under a policy, with a `spawner` in it.
fn under(text: &str) -> (Arc<Kernel>, ProcessId) {
    let kernel = kernel();
    let spawner = load(&kernel, "spawner");
    kernel.set_policy(Some(policy(text)));
    (kernel, spawner)
}

fn ask(kernel: &Arc<Kernel>, process: ProcessId, function: &str, input: &str) -> Result<String, String> {
    match call(kernel, process, function, input.as_bytes()) {
        Ok(output) => Ok(String::from_utf8(output).unwrap()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_mistake_is_said_with_its_line() {
    assert_eq!(refused("[[plugin]]\nname = 'a'\nlod = []\n").split(": ").next(), Some("policy `policy.toml`"));
    assert!(refused("[[plugin]]\nname = 'a'\nlod = []\n").ends_with("at line 3"));
    assert_eq!(refused("[[plugin]]\nload = []"), "policy `policy.toml`: a `[[plugin]]` needs a `name`");
    assert_eq!(
        refused("\n[[plugin]]\nname = 'a'\ncall = ['x']"),
        "policy `policy.toml`: the rule at line 3: `x` is no `PLUGIN.FUNCTION`; write `x.*` for all its functions"
    );
    assert!(
        refused("[default]\nload = [{ source = 'a', sha256 = 'xyz' }]").contains("`[default]`: `xyz` is no SHA-256")
    );
    assert!(refused("[default]\nname = 'a'").contains("has no `name`"));
}

#[test]
fn the_first_rule_that_fits_decides_and_default_fills_in() {
    let policy = policy(
        "[default]\nload = ['echo']\n[[plugin]]\nname = 'fr*'\ncall = ['cart.total']\n[[plugin]]\nname = '*'\nload = []",
    );
    assert!(policy.call(who("front"), who("cart"), "total").is_ok());
    assert_eq!(
        policy.call(who("front"), who("cart"), "empty").unwrap_err().line(SHELL),
        "`front` may not call `cart.empty`: the rule `fr*` (policy.toml:4) allows `cart.total`; \
         add \"cart.empty\" to its `call`"
    );
    assert!(policy.load(who("front"), &RequestedSource::Name("echo".into())).is_ok(), "from the default");
    assert!(policy.load(who("other"), &RequestedSource::Name("echo".into())).is_err());
    assert!(policy.call(who("other"), who("cart"), "empty").is_ok(), "nobody said anything about its calls");
}

#[test]
fn a_rule_fits_a_process_by_its_name_or_by_its_plugin() {
    let policy = policy("[[plugin]]\nname = 'front'\ncall = ['cart.total', 'by.dots.*']");
    let second = Who { name: "front-2", plugin: "front" };
    let renamed = Who { name: "shop", plugin: "cart" };
    assert!(policy.call(second, renamed, "total").is_ok());
    assert!(policy.call(second, renamed, "empty").is_err());
    assert!(policy.call(second, who("by.dots"), "x").is_ok() && policy.call(second, who("by"), "dots.x").is_ok());
    assert!(policy.call(second, who("by"), "x").is_err());
}

#[test]
fn sources_are_told_apart_and_urls_by_their_parts() {
    let policy = policy("[default]\nload = ['count-*', 'https://good.example/*.wasm', '/opt/plugins/**']");
    let may = |source: &str| RequestedSource::of(source).is_ok_and(|asked| policy.load(who("x"), &asked).is_ok());
    assert!(may("count_vowels") && !may("echo"));
    assert!(may("https://good.example/a.wasm") && may("HTTPS://GOOD.EXAMPLE:443/x/../a.wasm"));
    for url in [
        "http://good.example/a.wasm",
        "https://good.example/sub/a.wasm",
        "https://good.example@evil.example/a.wasm",
        "https://good.example.evil/a.wasm",
        "https://evil.example/https://good.example/a.wasm",
    ] {
        assert!(!may(url), "{url}");
    }
    assert!(may("/opt/plugins/a/b.wasm") && !may("/opt/other.wasm") && !may("/etc/passwd"));
}

#[cfg(unix)]
#[test]
fn paths_are_resolved_before_they_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let (inside, outside) = (dir.path().join("in"), dir.path().join("out"));
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    for file in [inside.join("a.wat"), outside.join("b.wat")] {
        std::fs::write(file, "(module)").unwrap();
    }
    std::os::unix::fs::symlink(outside.join("b.wat"), inside.join("link.wat")).unwrap();
    let policy = Policy::parse("[default]\nload = ['in/*.wat']", "p", dir.path()).unwrap();
    let may = |path: &Path| {
        RequestedSource::of(&path.to_string_lossy()).is_ok_and(|asked| policy.load(who("x"), &asked).is_ok())
    };
    assert!(may(&inside.join("a.wat")) && may(&inside.join("../in/a.wat")));
    assert!(!may(&inside.join("link.wat")), "a link that leads out");
    assert!(!may(&inside.join("../out/b.wat")), "dots that lead out");
}

#[test]
fn a_call_that_the_policy_denies_is_an_error_and_a_record() {
    let (kernel, spawner) = under("[[plugin]]\nname = 'spawner'\ncall = ['echo.echo']");
    assert_eq!(ask(&kernel, spawner, "spawn", "echo"), Ok("2".into()));
    assert_eq!(ask(&kernel, spawner, "try_call", "2 echo hi"), Ok("ok: hi".into()));
    let message = ask(&kernel, spawner, "try_call", "2 nothing x").unwrap();
    assert!(
        message.starts_with(
            "failed: by the policy, `spawner` may not call `echo.nothing`: the rule `spawner` (policy.toml:2) \
             allows `echo.echo`; add \"echo.nothing\" to its `call`"
        ),
        "{message}"
    );
    let records = kernel.journal().drain().records(100);
    let denied: Vec<_> = records.iter().filter(|record| record.outcome == Outcome::Denied).collect();
    assert_eq!(denied.len(), 1);
    assert_eq!((denied[0].caller, denied[0].callee, denied[0].function.as_str()), (spawner, 2, "nothing"));
    assert!(call(&kernel, 2, "nothing", b"").is_ok(), "the shell may");
    kernel.set_policy(None);
    assert_eq!(ask(&kernel, spawner, "try_call", "2 nothing x"), Ok("ok: ".into()), "an answer outlives its policy");
}

#[test]
fn a_load_that_the_policy_denies_is_an_error_and_a_record() {
    let (kernel, spawner) = under("[[plugin]]\nname = 'spawner'\nload = ['echo']\nchildren_max = 1");
    let message = ask(&kernel, spawner, "spawn", "text").unwrap_err();
    let expected = "cannot load `text`: `spawner` may not load it: the rule `spawner` (policy.toml:2) allows `echo`; \
        add \"text\" to its `load` (1:spawner.spawn)";
    assert_eq!(message, expected);
    let records = kernel.journal().drain().records(100);
    let record = records.iter().find(|record| record.function.as_str() == "register_plugin").unwrap();
    assert_eq!((record.outcome, record.caller, record.callee), (Outcome::Denied, spawner, 0));
    assert_eq!(record.error_line().as_deref(), Some(expected));
    assert!(ask(&kernel, spawner, "spawn", "echo").is_ok());
    let message = ask(&kernel, spawner, "spawn", "echo").unwrap_err();
    assert!(message.contains("`1:spawner` has 1 children; the policy's `children_max` is 1"), "{message}");
}

#[test]
fn without_a_policy_a_guest_loads_names_only() {
    let kernel = kernel();
    let spawner = load(&kernel, "spawner");
    assert!(ask(&kernel, spawner, "spawn", "echo").is_ok());
    for source in ["/etc/passwd", "./echo.wasm", "http://127.0.0.1:1/x.wasm", "built-in:echo"] {
        let message = ask(&kernel, spawner, "spawn", source).unwrap_err();
        assert!(
            message.contains(&format!("a plugin may load only names; load `spawner` with `--may-load '{source}'`")),
            "{message}"
        );
    }
    assert_eq!(kernel.processes(false).len(), 2);
}

#[test]
fn a_granted_path_loads_a_module_with_its_hash_and_no_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("a.wat"), r#"(module (func (export "f")))"#).unwrap();
    std::fs::write(path("m.toml"), "[[wasm]]\npath = '/etc/passwd'").unwrap();
    let main = kernel().resolve(&path("a.wat"), &mut |_, _| true).unwrap();
    let hash = &main.modules[0].sha256;
    let text = |hash: &str| format!("[default]\nload = [{{ source = '*.wat', sha256 = '{hash}' }}, '*.toml']");
    let (kernel, spawner) = under("");
    kernel.set_policy(Some(Policy::parse(&text(hash), "p", dir.path()).unwrap()));
    assert_eq!(ask(&kernel, spawner, "spawn", &path("a.wat")), Ok("2".into()));
    let message = ask(&kernel, spawner, "spawn", &path("m.toml")).unwrap_err();
    assert!(message.contains("is a manifest; a plugin may load those by name only"), "{message}");
    kernel.set_policy(Some(Policy::parse(&text(&"0".repeat(64)), "p", dir.path()).unwrap()));
    let message = ask(&kernel, spawner, "spawn", &path("a.wat")).unwrap_err();
    assert!(message.contains(&format!("its SHA-256 is {hash}")), "{message}");
}

fn config(entries: &[(&str, &str)]) -> Config {
    let entries: BTreeMap<_, _> = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    entries.into()
}

#[test]
fn a_process_named_like_another_plugin_has_its_own_plugins_rule() {
    let mut spawns = Spawns::default();
    // `load b --as a`, `load a`: the latter is `a-2`.
    for (id, plugin, name, source) in [(1, "b", "a", "of_b"), (2, "a", "a-2", "of_a")] {
        spawns.note(Spawn { id, plugin: plugin.into(), ..Spawn::default() }, Some(name), None);
        let child = Spawn { parent: id, source: source.into(), children: 1, ..Spawn::default() };
        spawns.note(child, None, Some(plugin));
    }
    let learned = spawns.learn(&[]);
    let policy = policy(&learned);
    let loads =
        |name, plugin, what: &str| policy.load(Who { name, plugin }, &RequestedSource::Name(what.into())).is_ok();
    assert!(loads("a", "b", "of_b") && !loads("a", "b", "of_a"), "{learned}");
    assert!(loads("a-2", "a", "of_a") && !loads("a-2", "a", "of_b"), "{learned}");
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "(\\[\\[plugin\\]\\]|\\[default\\]|\\[plugin.children\\]|[a-z_]{1,8} ?= ?|'[^']{0,12}'|\\[|\\]|,|\n|[0-9]{1,20}|.){0,40}") {
        // A policy or one line of an error.
        if let Err(problem) = Policy::parse(&text, "p", Path::new("/")) {
            proptest::prop_assert!(!problem.to_string().contains('\n'), "{problem:?}");
        }
    }

    #[test]
    fn no_child_holds_a_host_that_its_parent_lacks(
        asked in proptest::collection::vec("[a*?.]{0,5}", 0..4),
        held in proptest::collection::vec("[a*?.]{0,5}", 0..4),
        host in "[a.]{0,5}",
    ) {
        let spec = |hosts: &[String]| Spec { allowed_hosts: hosts.to_vec(), ..Spec::default() };
        let (child, _) = child_spec(&spec(&asked), &spec(&held), &ChildGrants::default());
        let allows = |hosts: &[String]| hosts.iter().any(|glob| glob::Pattern::new(glob).is_ok_and(|glob| glob.matches(&host)));
        if allows(&child.allowed_hosts) {
            proptest::prop_assert!(allows(&held) && allows(&asked), "{host}: {:?}", child.allowed_hosts);
        }
    }
}
