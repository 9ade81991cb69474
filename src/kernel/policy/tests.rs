//! The policy, from its text to what a real plugin may do under it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::grant::child_spec;
use super::learn::{Spawn, Spawns};
use super::{Asked, ChildGrants, Policy, Who};
use crate::journal::{Outcome, Record, Symbol};
use crate::kernel::tests::{call, kernel, load};
use crate::kernel::{Kernel, KernelOptions, LoadRequest, ProcessId};
use crate::runtime::{AllowedPath, Config, Spec};
use crate::shell::words::SHELL;

fn policy(text: &str) -> Policy {
    Policy::parse(text, "policy.toml", Path::new("/")).unwrap()
}

fn who(name: &str) -> Who<'_> {
    Who { name, plugin: name }
}

fn refused(text: &str) -> String {
    Policy::parse(text, "policy.toml", Path::new("/")).unwrap_err().message
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
        Err(error) => Err(error.message),
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
    assert!(policy.load(who("front"), &Asked::Name("echo".into())).is_ok(), "from the default");
    assert!(policy.load(who("other"), &Asked::Name("echo".into())).is_err());
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
    let may = |source: &str| Asked::of(source).is_ok_and(|asked| policy.load(who("x"), &asked).is_ok());
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
    let may = |path: &Path| Asked::of(&path.to_string_lossy()).is_ok_and(|asked| policy.load(who("x"), &asked).is_ok());
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
    assert_eq!(record.error.as_deref(), Some(expected));
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
fn children_share_the_config_that_they_have_in_common() {
    let parent = Spec { config: config(&[("a", "1"), ("b", "2")]), ..Spec::default() };
    let child = child_spec(&parent.clone(), &parent, &ChildGrants::default()).0;
    assert!(child.config.is_shared_with(&parent.config), "as its manifest says");
    let policy = policy("[default.children]\nconfig = ['*']");
    let child = child_spec(&Spec::default(), &parent, policy.children(who("x")).0).0;
    assert!(child.config.is_shared_with(&parent.config), "as its parent has it");
}

#[test]
fn a_glob_that_ends_like_a_wider_one_is_not_within_it() {
    let parent = Spec { allowed_hosts: vec!["*::1]".into()], ..Spec::default() };
    let asked = Spec { allowed_hosts: vec!["*[abc::1]".into()], ..Spec::default() };
    assert!(child_spec(&asked, &parent, &ChildGrants::default()).0.allowed_hosts.is_empty(), "it fits `evil.a` too");
}

#[test]
fn a_child_holds_no_more_than_its_parent() {
    let parent = Spec {
        allowed_hosts: vec!["*.good.example".into(), "one.example".into()],
        memory_bytes_max: Some(1000),
        timeout: Some(Duration::from_secs(1)),
        config: config(&[("a", "1"), ("b", "2")]),
        ..Spec::default()
    };
    let asked = Spec {
        allowed_hosts: vec!["api.good.example".into(), "*.example".into(), "evil.test".into()],
        memory_bytes_max: Some(2000),
        fuel: Some(7),
        config: config(&[("a", "1"), ("b", "other")]),
        ..Spec::default()
    };
    let (child, refused) = child_spec(&asked, &parent, &ChildGrants::default());
    assert_eq!(child.allowed_hosts, ["*.good.example", "api.good.example", "one.example"]);
    assert_eq!((child.memory_bytes_max, child.timeout, child.fuel), (Some(1000), parent.timeout, Some(7)));
    assert_eq!(child.config, config(&[("a", "1")]));
    assert_eq!(refused, ["config `b`", "host `evil.test`"]);
    let none = child_spec(&asked, &Spec::default(), &ChildGrants::default()).0;
    assert!(none.allowed_hosts.is_empty() && none.config.is_empty());
}

#[test]
fn a_policy_says_what_children_get_within_what_the_parent_has() {
    let policy = policy(
        "[default.children]\nhosts = ['a.example', 'b.example']\nmemory_max = '2p'\nfuel = 10\ntimeout = '50ms'\n\
         config = ['shared*', 'mode=child']",
    );
    let parent = Spec {
        allowed_hosts: vec!["a.example".into(), "c.example".into()],
        config: config(&[("shared_key", "k"), ("secret", "s")]),
        fuel: Some(5),
        ..Spec::default()
    };
    let (child, _) = child_spec(&Spec::default(), &parent, policy.children(who("x")).0);
    assert_eq!(child.allowed_hosts, ["a.example"]);
    let limits = (child.memory_bytes_max, child.fuel, child.timeout);
    assert_eq!(limits, (Some(2 * 65_536), Some(5), Some(Duration::from_millis(50))));
    let config: Vec<_> = child.config.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(config, ["mode=child", "shared_key=k"]);
}

#[cfg(unix)]
#[test]
fn a_childs_paths_are_resolved_and_lie_within_its_parents() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    for name in ["held/sub", "other"] {
        std::fs::create_dir_all(root.join(name)).unwrap();
    }
    std::os::unix::fs::symlink(root.join("other"), root.join("held/link")).unwrap();
    let path = |name: &str, read_only| AllowedPath { host: root.join(name), guest: "/g".into(), read_only };
    let parent = Spec { allowed_paths: vec![path("held", true)], ..Spec::default() };
    let asked = ["held/sub", "held/../other", "held/link", "held/none", "."].map(|name| path(name, false));
    let (child, refused) =
        child_spec(&Spec { allowed_paths: asked.into(), ..Spec::default() }, &parent, &ChildGrants::default());
    assert_eq!(child.allowed_paths, [path("held/sub", true)], "only what is inside, and read-only as the parent's");
    assert!(child.paths_resolved);
    assert_eq!(refused.len(), 4);
    // The parent's granted path has become a link since.
    let mut parent = Spec { allowed_paths: vec![path("held/sub", false)], ..Spec::default() };
    parent.resolve_paths();
    std::fs::remove_dir(root.join("held/sub")).unwrap();
    std::os::unix::fs::symlink(root.join("other"), root.join("held/sub")).unwrap();
    let asked = Spec { allowed_paths: vec![path("held/sub", false)], ..Spec::default() };
    let (child, refused) = child_spec(&asked, &parent, &ChildGrants::default());
    assert_eq!((child.allowed_paths, refused.len()), (vec![], 1));
}

#[test]
fn a_manifest_grants_a_guests_child_nothing_that_the_guest_lacks() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("m.wat"), r#"(module (func (export "f")))"#).unwrap();
    let manifest =
        "allowed_hosts = ['*']\nconfig = { key = 'secret' }\n[allowed_paths]\n'/' = '/'\n[[wasm]]\npath = 'm.wat'";
    std::fs::write(dir.path().join("greedy.toml"), manifest).unwrap();
    let kernel =
        Kernel::new(KernelOptions { plugin_dirs: vec![dir.path().into()], wording: SHELL, ..KernelOptions::default() });
    let spawner = load(&kernel, "spawner");
    assert_eq!(ask(&kernel, spawner, "spawn", "greedy"), Ok("2".into()));
    let child = kernel.process(2).unwrap().spec;
    assert!(child.allowed_hosts.is_empty() && child.allowed_paths.is_empty() && child.config.is_empty());
    let logged: Vec<String> = kernel.logs(0, Some(2)).into_iter().map(|line| line.text).collect();
    assert_eq!(logged.len(), 3, "{logged:?}");
    assert_eq!(logged[0], "its manifest asks for config `key`, which its parent `1:spawner` does not hold");
    let program = kernel.resolve("greedy", &mut |_, _| true).unwrap();
    kernel.load(LoadRequest::plain(program)).unwrap();
    assert_eq!(kernel.process(3).unwrap().spec.allowed_hosts, ["*"], "a person's load is as its manifest says");
}

#[test]
fn what_was_learned_allows_what_was_seen_and_no_more() {
    let kernel = kernel();
    let spawner = load(&kernel, "spawner");
    let steps = [("spawn", "echo"), ("spawn", "spawner"), ("call", "2 echo hi"), ("call", "3 spawn text")];
    for (function, input) in steps {
        ask(&kernel, spawner, function, input).unwrap();
    }
    let learned = kernel.learn_policy();
    let policy =
        Policy::parse(&learned, "learned", Path::new("/")).unwrap_or_else(|error| panic!("{error:?}\n{learned}"));
    let fresh = crate::kernel::tests::kernel();
    let spawner = load(&fresh, "spawner");
    fresh.set_policy(Some(policy));
    for (function, input) in steps {
        assert!(ask(&fresh, spawner, function, input).is_ok(), "{function} {input} under\n{learned}");
    }
    for (function, input) in [("spawn", "counter"), ("call", "2 nothing x"), ("call", "2 relay {}")] {
        assert!(ask(&fresh, spawner, function, input).is_err(), "{function} {input} under\n{learned}");
    }
}

/// Notes a spawn by plugin `a`: the process `id` from `source` with `spec`.
fn seen(spawns: &mut Spawns, id: ProcessId, source: &str, spec: &Spec) {
    let spawn = Spawn { id, plugin: "b".into(), parent: 1, source: source.into(), children: 1, ..Spawn::default() };
    spawns.note(spawn.with(spec), None, Some("a"));
}

#[test]
fn what_was_learned_is_a_policy_whatever_was_named() {
    let spec = Spec {
        allowed_paths: vec![AllowedPath { host: "/a:b\\c".into(), guest: "/g:h".into(), read_only: true }],
        config: config(&[("k=v", "1"), ("[x]", "2")]),
        ..Spec::default()
    };
    let mut spawns = Spawns::default();
    seen(&mut spawns, 2, "/p/{x,y}}[1].wasm", &spec);
    let whole = spawns.learn(&[]);
    seen(&mut spawns, 0, &"x".repeat(2_000), &spec);
    let learned = spawns.learn(&[]);
    assert!(!whole.contains("Not all of it") && learned.contains("Not all of it"), "{learned}");
    let policy = policy(&learned);
    let load = |path: &str| policy.load(who("a"), &Asked::Path(path.into()));
    assert!(load("/p/{x,y}}[1].wasm").is_ok() && load("/p/x.wasm").is_err(), "{learned}");
    let grants = policy.children(who("a")).0;
    assert_eq!(grants.paths.as_ref(), Some(&spec.allowed_paths), "{learned}");
    let parent = Spec { allowed_paths: vec![], ..spec.clone() };
    assert_eq!(child_spec(&Spec::default(), &parent, grants).0.config, spec.config, "{learned}");
}

#[test]
fn what_was_learned_is_not_forgotten_and_does_not_grow() {
    let mut spawns = Spawns::default();
    let spec = Spec { config: config(&[(&"k".repeat(1_000), "")]), ..Spec::default() };
    seen(&mut spawns, 2, "first", &spec);
    let once = spawns.learn(&[]).len();
    for id in 0..70_000 {
        seen(&mut spawns, id, "second", &spec);
    }
    let learned = spawns.learn(&[]);
    assert!(learned.contains("\"first\"") && learned.len() < once + 100, "{learned}");
    for id in 0..70_000 {
        seen(&mut spawns, id, &format!("other{id}"), &spec);
    }
    let learned = spawns.learn(&[]);
    assert!(learned.contains("Not all of it") && learned.len() < 8 << 20);
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
    let loads = |name, plugin, what: &str| policy.load(Who { name, plugin }, &Asked::Name(what.into())).is_ok();
    assert!(loads("a", "b", "of_b") && !loads("a", "b", "of_a"), "{learned}");
    assert!(loads("a-2", "a", "of_a") && !loads("a-2", "a", "of_b"), "{learned}");
}

#[test]
fn a_failed_call_is_learned_unless_it_named_nothing() {
    let record = |unresolved| Record {
        caller: 1,
        callee: 2,
        caller_name: Symbol::intern("a"),
        callee_name: Symbol::intern("b"),
        function: Symbol::intern("take"),
        outcome: Outcome::Error,
        unresolved,
        error: Some("no function `take` in `2:b`".into()),
        ..Record::default()
    };
    assert!(Spawns::default().learn(&[record(false)]).contains("b.take"));
    assert!(!Spawns::default().learn(&[record(true)]).contains("b.take"));
    let cut = Record { function: Symbol::intern(&"f".repeat(300)), ..record(false) };
    let policy = policy(&Spawns::default().learn(&[cut]));
    assert!(policy.call(who("a"), who("b"), &"f".repeat(300)).is_ok());
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "(\\[\\[plugin\\]\\]|\\[default\\]|\\[plugin.children\\]|[a-z_]{1,8} ?= ?|'[^']{0,12}'|\\[|\\]|,|\n|[0-9]{1,20}|.){0,40}") {
        // A policy or one line of an error.
        if let Err(problem) = Policy::parse(&text, "p", Path::new("/")) {
            proptest::prop_assert!(!problem.message.contains('\n'), "{problem:?}");
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

/// A kernel with a `spawner` that was loaded with grants of its own.
fn granted(may_load: &[&str], may_call: Option<&[&str]>) -> (Arc<Kernel>, ProcessId) {
    let kernel = kernel();
    let program = kernel.resolve("spawner", &mut |_, _| true).unwrap();
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let spec = Spec { may_load: texts(may_load), may_call: may_call.map(texts), ..Spec::default() };
    let id = kernel.load(LoadRequest { spec, ..LoadRequest::plain(program) }).unwrap().id;
    (kernel, id)
}

#[test]
fn what_a_person_granted_is_loaded_without_a_policy_and_under_one() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let path = |name: &str| root.join(name).to_string_lossy().into_owned();
    for name in ["a.wat", "b.wat"] {
        std::fs::write(path(name), r#"(module (func (export "f")))"#).unwrap();
    }
    let (kernel, spawner) = granted(&[&path("a.*")], None);
    assert_eq!(ask(&kernel, spawner, "spawn", &path("a.wat")), Ok("2".into()));
    assert_eq!(ask(&kernel, spawner, "spawn", "echo"), Ok("3".into()), "names as ever");
    let denied = ask(&kernel, spawner, "spawn", &path("b.wat")).unwrap_err();
    assert!(denied.contains(&format!("`--may-load '{}'` to allow it", path("b.wat"))), "{denied}");
    // A second process of the plugin has no such grants, nor has a child.
    let other = load(&kernel, "spawner");
    assert!(ask(&kernel, other, "spawn", &path("a.wat")).is_err());
    assert_eq!(ask(&kernel, spawner, "spawn", "spawner"), Ok("5".into()));
    let denied = ask(&kernel, 5, "spawn", &path("a.wat")).unwrap_err();
    assert!(denied.contains("load a policy with a rule for `spawner`"), "{denied}");
    kernel.set_policy(Some(policy("[default]\nload = []")));
    assert_eq!(ask(&kernel, spawner, "spawn", &path("a.wat")), Ok("6".into()));
    assert!(ask(&kernel, spawner, "spawn", "echo").is_err());
    kernel.restart(spawner).unwrap();
    assert_eq!(ask(&kernel, spawner, "spawn", &path("a.wat")), Ok("7".into()), "a restart keeps it");
}

#[test]
fn what_may_be_called_binds_children_too_and_no_policy_widens_it() {
    let (kernel, spawner) = granted(&[], Some(&["text.lower", "spawner.*"]));
    for name in ["text", "spawner"] {
        ask(&kernel, spawner, "spawn", name).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(ask(&kernel, spawner, "call", "2 lower X"), Ok("x".into()));
        let denied = ask(&kernel, spawner, "call", "2 upper x").unwrap_err();
        assert!(denied.contains("load it with `--may-call 'text.upper'` too"), "{denied}");
        kernel.set_policy(Some(policy("[default]\ncall = ['*']")));
    }
    assert!(ask(&kernel, spawner, "call", "3 call 2 upper x").is_err(), "a child is bound by it");
    kernel.set_policy(Some(policy("[default]\ncall = []")));
    assert!(ask(&kernel, spawner, "call", "2 lower X").is_err(), "the policy says no");
    kernel.set_policy(None);
    assert_eq!(ask(&kernel, spawner, "call", "2 lower X"), Ok("x".into()));
    // A process without a list is not restricted.
    let other = load(&kernel, "spawner");
    assert_eq!(ask(&kernel, other, "call", "2 upper x"), Ok("X".into()));
}

#[test]
fn patterns_that_are_wrong_do_not_load() {
    let kernel = kernel();
    let program = kernel.resolve("echo", &mut |_, _| true).unwrap();
    let load = |spec: Spec| kernel.load(LoadRequest { spec, ..LoadRequest::plain(program.clone()) });
    let spec = |may_load: &str| Spec { may_load: vec![may_load.into()], ..Spec::default() };
    assert!(load(spec(&format!("/{}a{}", "{".repeat(250), "}".repeat(250)))).is_err());
    assert!(load(Spec { may_call: Some(vec!["nothing".into()]), ..Spec::default() }).is_err());
    assert!(load(Spec { may_load: vec!["a".into(); 257], ..Spec::default() }).is_err());
    assert!(load(spec("a*")).is_ok());
}
