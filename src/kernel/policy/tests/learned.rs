//! Tests of policies that are learned from what was done.

use super::*;

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
    let load = |path: &str| policy.load(who("a"), &RequestedSource::Path(path.into()));
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
fn a_failed_call_is_learned_unless_it_named_nothing() {
    let record = |standing| Record {
        caller: 1,
        callee: 2,
        caller_name: Symbol::intern("a"),
        callee_name: Symbol::intern("b"),
        function: Symbol::intern("take"),
        outcome: Outcome::Error,
        standing,
        error: Some("no function `take` in `2:b`".into()),
        ..Record::default()
    };
    assert!(Spawns::default().learn(&[record(CallStanding::Awaited)]).contains("b.take"));
    assert!(!Spawns::default().learn(&[record(CallStanding::Unresolved)]).contains("b.take"));
    let cut = Record { function: Symbol::intern(&"f".repeat(300)), ..record(CallStanding::Awaited) };
    let policy = policy(&Spawns::default().learn(&[cut]));
    assert!(policy.call(who("a"), who("b"), &"f".repeat(300)).is_ok());
}
