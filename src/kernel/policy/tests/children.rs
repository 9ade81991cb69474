//! Tests of what children are given: no more than their parents have.

use super::*;

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
    assert_eq!(refused.iter().map(ToString::to_string).collect::<Vec<_>>(), ["config `b`", "host `evil.test`"]);
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
