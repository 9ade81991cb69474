//! A product's own host functions, in both hosts: values, memory, errors, panics, ends, and their records.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{call, kernel, message, plan, program, put_word, text};
use crate::journal::{Outcome, Record, RecordKind};
use crate::kernel::hooks::{StubAnswer, StubSpec};
use crate::kernel::{CallError, Kernel, KernelOptions, LoadRequest, ProcessId, ProcessState};
use crate::runtime::product_function::{ProductFunction, ProductFunctions};
use crate::runtime::stand_in::Scalar;
use crate::runtime::stand_in::StandInType::{F32, F64, Handle, I32, I64};
use crate::runtime::{Host, Program, Spec};
use crate::shell::words::SHELL;

const HOSTS: [Host; 2] = [Host::Native, Host::Extism];

/// A function for each host function of [`functions`].
fn guest() -> String {
    format!(
        r#"(module
          (import "shop" "greet" (func $greet (param i64) (result i64)))
          (import "shop" "mix" (func $mix (param i32 i64 f32 f64) (result f64 i32)))
          (import "shop" "fail" (func $fail (param i64)))
          (import "shop" "panic" (func $panic))
          (import "shop" "wrong" (func $wrong (result i64)))
          (import "shop" "large" (func $large (result i64)))
          (import "shop" "wait" (func $wait))
          (import "shop" "upper" (func $upper (param i64)))
          (memory (export "memory") 1)
          (func (export "greet") (local $got i64)
            (local.set $got (call $greet (call $input_offset)))
            (call $output_set (local.get $got) (call $length (local.get $got))))
          (func (export "mix") (result i32) (local $count i32) (local $sum f64)
            (call $mix (i32.const -7) (i64.const 5000000000) (f32.const 0.5) (f64.const 2))
            (local.set $count)
            (local.set $sum)
            (i32.or (f64.ne (local.get $sum) (f64.const 4999999995.5)) (i32.ne (local.get $count) (i32.const 9))))
          (func (export "fail") (call $fail (call $input_offset)))
          (func (export "wild") (call $fail (i64.const 12345)))
          (func (export "panic") (call $panic))
          (func (export "wrong") (drop (call $wrong)))
          (func (export "large") (drop (call $large)))
          (func (export "wait") (call $wait))
          (func (export "upper") (local $block i64)
            {}
            (call $upper (local.get $block))
            (call $output_set (local.get $block) (i64.const 4)))
          (func (export "ok")))"#,
        put_word("word", "$block")
    )
}

fn functions() -> Vec<ProductFunction> {
    let shop =
        |name,
         params: &[_],
         results: &[_],
         body: fn(&mut crate::runtime::product_function::CallingPlugin<'_>, &[Scalar], &mut [Scalar]) -> _| {
            ProductFunction::new("shop", name, params.to_vec(), results.to_vec(), body)
        };
    vec![
        shop("greet", &[Handle], &[Handle], |plugin, inputs, outputs| {
            let name = plugin.read_text(inputs[0])?;
            assert_eq!(plugin.length(inputs[0]), Some(name.len() as u64));
            plugin.free(inputs[0])?;
            outputs[0] = plugin.write(format!("{} greets {name}", plugin.process()))?;
            Ok(())
        }),
        shop("mix", &[I32, I64, F32, F64], &[F64, I32], |_, inputs, outputs| {
            outputs[0] = inputs.iter().map(|value| value.as_f64()).sum::<f64>().into();
            outputs[1] = 9.into();
            Ok(())
        }),
        shop("fail", &[Handle], &[], |plugin, inputs, _| Err(plugin.read_text(inputs[0])?.into())),
        shop("panic", &[], &[], |_, _, _| panic!("till {} is open", 4)),
        shop("wrong", &[], &[I64], |_, _, outputs| {
            outputs[0] = Scalar::F32(1.0);
            Ok(())
        }),
        shop("large", &[], &[Handle], |plugin, _, outputs| {
            outputs[0] = plugin.write(vec![0; 64 << 20])?;
            Ok(())
        }),
        shop("wait", &[], &[], |plugin, _, _| {
            WAITING.fetch_add(1, Ordering::SeqCst);
            while !plugin.is_cancelled() {
                std::thread::yield_now();
            }
            Ok(())
        }),
        shop("upper", &[Handle], &[], |plugin, inputs, _| {
            let text = plugin.read_text(inputs[0])?.to_uppercase();
            plugin.overwrite(inputs[0], text)
        }),
    ]
}

/// Count of calls that wait in the function `wait`.
static WAITING: AtomicUsize = AtomicUsize::new(0);

fn product() -> Arc<Kernel> {
    let host_functions = ProductFunctions::new(functions()).unwrap();
    Kernel::new(KernelOptions { host_functions, wording: SHELL, ..KernelOptions::default() })
}

fn load(kernel: &Arc<Kernel>, host: Host, wat: &str) -> Result<ProcessId, CallError> {
    let spec = Spec { memory_bytes_max: Some(16 << 20), ..Spec::default() };
    let request = LoadRequest { host, spec, ..LoadRequest::plain(Arc::new(program(wat))) };
    kernel.load(request).map(|label| label.id)
}

fn failed(kernel: &Arc<Kernel>, id: ProcessId, function: &str, input: &[u8]) -> (Outcome, String) {
    let error = call(kernel, id, function, input).unwrap_err();
    (error.outcome, error.to_string())
}

#[test]
fn values_and_blocks_go_both_ways() {
    for host in HOSTS {
        let kernel = product();
        let id = load(&kernel, host, &guest()).unwrap();
        assert_eq!(text(call(&kernel, id, "greet", b"Ada")), "1 greets Ada", "{host:?}");
        assert_eq!(text(call(&kernel, id, "greet", b"")), "1 greets ", "{host:?}");
        assert_eq!(text(call(&kernel, id, "mix", b"")), "", "{host:?}: the guest gives a code for another result");
        assert_eq!(text(call(&kernel, id, "upper", b"")), "WORD", "{host:?}");
    }
}

#[test]
fn errors_are_the_guests_and_panics_are_traps() {
    for host in HOSTS {
        let kernel = product();
        let id = load(&kernel, host, &guest()).unwrap();
        let (outcome, line) = failed(&kernel, id, "fail", b"no tea");
        assert_eq!((outcome, &*line), (Outcome::Error, "1:test.fail: host function `shop.fail`: no tea"), "{host:?}");
        let is_crashed = || matches!(kernel.processes(false)[0].state, ProcessState::Crashed { .. });
        assert!(is_crashed(), "{host:?}: wasm was left in the middle");
        assert!(call(&kernel, id, "ok", b"").is_ok(), "{host:?}");
        let (outcome, line) = failed(&kernel, id, "panic", b"");
        assert_eq!(outcome, Outcome::Trap, "{host:?}");
        assert_eq!(line, "1:test.panic: host function `shop.panic` panicked: till 4 is open", "{host:?}");
        assert!(call(&kernel, id, "ok", b"").is_ok(), "{host:?}");
        let (outcome, line) = failed(&kernel, id, "wrong", b"");
        assert_eq!(outcome, Outcome::Trap, "{host:?}");
        assert_eq!(line, "1:test.wrong: host function `shop.wrong` gave an f32 for an i64", "{host:?}");
        let (outcome, line) = failed(&kernel, id, "wild", b"");
        assert_eq!(outcome, Outcome::Trap, "{host:?}");
        assert!(line.starts_with("1:test.wild: host function `shop.fail` invalid handle for"), "{host:?}: {line}");
        assert_eq!(failed(&kernel, id, "large", b"").0, Outcome::Oom, "{host:?}");
        assert!(call(&kernel, id, "ok", b"").is_ok(), "{host:?}");
    }
}

#[test]
fn a_function_that_waits_ends_with_its_call() {
    for host in HOSTS {
        let kernel = product();
        let id = load(&kernel, host, &guest()).unwrap();
        let before = WAITING.load(Ordering::SeqCst);
        let job = kernel.start(plan(id, "wait", b"")).unwrap();
        super::until("it waits", || WAITING.load(Ordering::SeqCst) > before);
        kernel.kill(id, false).unwrap();
        let error = job.wait().result.clone().unwrap_err();
        assert_eq!((error.outcome, &*error.to_string()), (Outcome::Killed, "1:test.wait: killed by the shell"));
    }
}

#[test]
fn the_trace_has_what_a_function_was_given_and_gave() {
    for host in HOSTS {
        let kernel = product();
        let id = load(&kernel, host, &guest()).unwrap();
        call(&kernel, id, "greet", b"nobody watches").unwrap();
        kernel.trace_host(None);
        call(&kernel, id, "greet", b"Ada").unwrap();
        call(&kernel, id, "mix", b"").unwrap();
        call(&kernel, id, "fail", b"no tea").unwrap_err();
        let records = kernel.journal().drain().records(100);
        let row = |record: &Record| {
            let of_product = ["greet", "mix", "fail"].contains(&record.function.as_str());
            let is_request = record.kind == RecordKind::Host && of_product;
            let (bytes, outcome) = ((record.bytes_in, record.bytes_out), record.outcome);
            is_request.then(|| (record.detail().unwrap_or_default().to_owned(), bytes, outcome))
        };
        let rows: Vec<_> = records.iter().filter_map(row).collect();
        let expected = [
            ("(\"Ada\") -> \"1 greets Ada\"".to_owned(), (3, 12), Outcome::Ok),
            ("(-7, 5000000000, 0.5, 2) -> 4999999995.5, 9".to_owned(), (0, 0), Outcome::Ok),
            ("(\"no tea\")".to_owned(), (6, 0), Outcome::Error),
        ];
        assert_eq!(rows, expected, "{host:?}");
        let last = records.iter().rfind(|record| record.error.is_some() && record.kind == RecordKind::Host);
        let error = last.and_then(Record::error_line);
        assert_eq!(error.as_deref(), Some("host function `shop.fail`: no tea"), "{host:?}");
    }
}

#[test]
fn imports_that_do_not_fit_are_told_at_the_load() {
    for host in HOSTS {
        let kernel = product();
        let module =
            |name: &str, ty: &str| format!(r#"(module (import "shop" "{name}" (func {ty})) (func (export "f")))"#);
        let wrong = message(load(&kernel, host, &module("greet", "(param i32) (result i64)")));
        assert!(wrong.contains("import `shop.greet` has another type: the plugin asks for"), "{host:?}: {wrong}");
        let near = message(load(&kernel, host, &module("gret", "(param i64) (result i64)")));
        assert!(
            near.contains("unknown import `shop.gret`") && near.contains("did you mean `greet`?"),
            "{host:?}: {near}"
        );
    }
    let without = message(load(&kernel(), Host::Native, r#"(module (import "shop" "greet" (func)))"#));
    assert!(without.contains("unknown import `shop.greet`"), "{without}");
}

#[test]
fn a_stub_takes_the_place_of_a_function() {
    for host in HOSTS {
        let kernel = product();
        let answer = StubAnswer::Bytes(b"nobody".as_slice().into());
        kernel.set_stub(StubSpec::of_import("shop", "greet", None, answer)).unwrap();
        let id = load(&kernel, host, &guest()).unwrap();
        assert_eq!(text(call(&kernel, id, "greet", b"Ada")), "nobody", "{host:?}");
        let error = failed(&kernel, id, "fail", b"no tea").1;
        assert!(
            error.starts_with("1:test.fail: host function `shop.fail`: no tea"),
            "{host:?}: the others stay: {error}"
        );
    }
}

#[test]
fn a_plugin_that_imports_one_is_not_sent_to_a_node() {
    let kernel = product();
    let load = |wat: &str| {
        let spec = Spec { on: Some("n1".into()), ..Spec::default() };
        let request = LoadRequest { spec: spec.clone(), ..LoadRequest::plain(Arc::new(program(wat))) };
        let program = Program { spec, ..(*request.program).clone() };
        kernel.load(LoadRequest { program: Arc::new(program), ..request }).unwrap_err().to_string()
    };
    let error = load("(module (import \"shop\" \"greet\" (func (param i64) (result i64))) (func (export \"f\")))");
    assert!(error.contains("`shop.greet` is a host function of the product, and nodes have none"), "{error}");
    let error = load("(module (import \"shop\" \"other\" (func)) (func (export \"f\")))");
    assert!(error.contains("no nodes are connected"), "{error}");
}
