//! Tests of deadlines and fuel: whose call they end, and what its callers are told.

use super::ends::*;
use super::*;

#[test]
fn a_deadline_goes_down_the_chain_and_names_who_was_running() {
    let (kernel, _dir) = kernel_with(&[("spin.wat", SPIN)], Limits::default());
    // Loaded beforehand, as their starts take time too.
    let echo = load(&kernel, "echo");
    let mut stops: Vec<String> = (0..9).map(|_| load(&kernel, "echo").to_string()).collect();
    let spin = kernel.resolve("spin", &mut |_, _| true).unwrap();
    stops.push(kernel.load(LoadRequest::plain(spin)).unwrap().id.to_string());
    let way = format!("{{\"to\":[{}],\"function\":\"spin\"}}", stops.join(","));
    let message = error(&start(&kernel, echo, "relay", &way, Duration::from_millis(100)));
    assert!(message.starts_with("11:spin.spin: timed out after 100ms (1:echo.relay → 2:echo-2.relay → "), "{message}");
    assert!(message.ends_with("→ 11:spin.spin)"), "{message}");
    let records = kernel.journal().drain().records(100);
    let timed_out = records.iter().filter(|record| record.outcome == Outcome::Timeout).count();
    assert_eq!(timed_out, 11, "each call of the chain ended by the deadline");
}

#[test]
fn a_callee_s_own_timeout_is_an_error_of_its_call_alone() {
    let (kernel, _dir) = kernel_with(&[("spin.wat", SPIN)], Limits::default());
    let spawner = load(&kernel, "spawner");
    let program = kernel.resolve("spin", &mut |_, _| true).unwrap();
    let spec = Spec { timeout: Some(SHORT), ..Spec::default() };
    kernel.load(LoadRequest { spec, ..LoadRequest::plain(program) }).unwrap();
    let output = text(call(&kernel, spawner, "try_call", b"2 spin x"));
    assert_eq!(output, "failed: 2:spin.spin: timed out after 50ms (1:spawner.try_call → 2:spin.spin)");
}

#[test]
fn fuel_is_for_each_call() {
    let kernel = kernel();
    let wat = r#"(module (func (export "spin") (loop (br 0))) (func (export "ok")))"#;
    let spec = Spec { fuel: Some(10_000), ..Spec::default() };
    let id = kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(wat))) }).unwrap().id;
    for _ in 0..3 {
        let error = call(&kernel, id, "spin", b"").unwrap_err();
        assert_eq!((error.outcome, error.to_string().as_str()), (Outcome::Fuel, "1:test.spin: out of fuel"));
        assert!(call(&kernel, id, "ok", b"").is_ok());
    }
}

/// Calls `spin` of process 1, as one that takes its failure as a value, and then spins itself.
const TRIES_AND_SPINS: &str = r#"(module
  (func (export "go") (local $name i64)
    (local.set $name (call $alloc (i64.const 4)))
    (call $store_u8 (local.get $name) (i32.const 115))
    (call $store_u8 (i64.add (local.get $name) (i64.const 1)) (i32.const 112))
    (call $store_u8 (i64.add (local.get $name) (i64.const 2)) (i32.const 105))
    (call $store_u8 (i64.add (local.get $name) (i64.const 3)) (i32.const 110))
    (drop (call $try_call_plugin (i64.const 1) (local.get $name) (i64.const 0)))
    (loop (br 0))))"#;

#[test]
fn a_callee_s_own_timeout_does_not_take_its_caller_s_away() {
    let kernel = kernel();
    let spec = Spec { timeout: Some(SHORT), ..Spec::default() };
    kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(SPIN))) }).unwrap();
    let id = load(&kernel, TRIES_AND_SPINS);
    let job = start(&kernel, id, "go", "", 4 * SHORT);
    assert_eq!(error(&job), "2:test-2.go: timed out after 200ms");
}
