//! Payloads of failed calls: kept from the start, within bounds, and of no other call.

use super::{call, kernel, load, program};
use crate::journal::{KeptState, PayloadSettings, Record};
use crate::kernel::{Kernel, LoadRequest};
use crate::runtime::Host;
use std::sync::Arc;

/// `trap` traps, `free` frees its input and traps, `ok` ends well.
const FAILING: &str = r#"(module
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (func (export "trap") (result i32) unreachable)
  (func (export "free") (result i32) (call $free (call $input_offset)) unreachable)
  (func (export "ok") (result i32) (i32.const 0)))"#;

fn last(kernel: &Arc<Kernel>) -> Record {
    kernel.journal().drain().records(1).pop().unwrap()
}

fn load_on(kernel: &Arc<Kernel>, host: Host, private: bool) -> u32 {
    let mut request = LoadRequest { host, ..LoadRequest::plain(Arc::new(program(FAILING))) };
    request.spec.private = private;
    kernel.load(request).unwrap().id
}

#[test]
fn the_input_of_a_failed_call_is_there_in_both_hosts() {
    for host in [Host::Native, Host::Extism] {
        let kernel = kernel();
        let id = load_on(&kernel, host, false);
        call(&kernel, id, "trap", b"the cause").unwrap_err();
        let payload = last(&kernel).payload.unwrap();
        assert_eq!((&*payload.input.bytes, payload.input.state), (&b"the cause"[..], KeptState::Whole), "{host:?}");
        assert_eq!(payload.output.full_len, 0);
        call(&kernel, id, "ok", b"fine").unwrap();
        assert_eq!(last(&kernel).payload, None, "a call that does not fail keeps nothing");
        call(&kernel, id, "trap", &[b'x'; 10_000]).unwrap_err();
        let kept = last(&kernel).payload.unwrap().input;
        assert_eq!((kept.bytes.len(), kept.full_len, kept.state), (4096, 10_000, KeptState::Cut), "{host:?}");
    }
}

#[test]
fn a_freed_input_a_private_one_and_one_that_is_not_wanted_are_not_kept() {
    let kernel = kernel();
    let id = load_on(&kernel, Host::Native, false);
    call(&kernel, id, "free", b"gone").unwrap_err();
    assert_eq!(last(&kernel).payload, None);
    let private = load_on(&kernel, Host::Native, true);
    call(&kernel, private, "trap", b"secret").unwrap_err();
    let kept = last(&kernel).payload.unwrap().input;
    assert_eq!((kept.state, kept.full_len, kept.bytes.len()), (KeptState::Private, 6, 0));
    kernel.set_payloads(PayloadSettings::default());
    call(&kernel, id, "trap", b"unseen").unwrap_err();
    assert_eq!(last(&kernel).payload, None);
    kernel.set_payloads(PayloadSettings::FAILED);
    call(&kernel, id, "trap", b"seen").unwrap_err();
    assert!(last(&kernel).payload.is_some());
}

#[test]
fn they_are_bounded_in_all_and_every_failed_call_of_a_chain_has_its_own() {
    let kernel = kernel();
    let id = load_on(&kernel, Host::Native, false);
    for _ in 0..300 {
        call(&kernel, id, "trap", &[b'x'; 4096]).unwrap_err();
    }
    assert_eq!(kernel.journal().payload_bytes(), PayloadSettings::FAILED.bytes_total_max);
    let echo = load(&kernel, "echo");
    call(&kernel, echo, "relay", br#"{"to":["nobody"],"input":"hi"}"#).unwrap_err();
    let failed = kernel.journal().drain().find(2, |record| record.callee == echo);
    assert!(failed.iter().all(|record| record.payload.is_some()), "{failed:?}");
}
