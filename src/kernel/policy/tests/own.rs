//! Tests of the grants that a person gave one process.

use super::*;

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
