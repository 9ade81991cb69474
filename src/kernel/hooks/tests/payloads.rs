//! Tests of the payloads that the journal keeps.

use super::*;

#[test]
fn payloads_are_kept_as_far_as_they_may_be() {
    let kernel = kernel();
    let echo = load(&kernel, "echo");
    call(&kernel, echo, "echo", b"before").unwrap();
    kernel.set_payloads(PayloadSettings::all(4, 1000));
    call(&kernel, echo, "echo", b"hi").unwrap();
    call(&kernel, echo, "echo", b"longer").unwrap();
    call(&kernel, echo, "relay", b"{").unwrap_err();
    kernel.set_payloads(PayloadSettings::all(0, 1000));
    call(&kernel, echo, "echo", b"after").unwrap();
    let records = kernel.journal().drain().find(10, is_call);
    let kept: Vec<_> = records.iter().map(|record| record.payload.as_deref()).collect();
    assert_eq!((kept[0], kept[4]), (None, None));
    let (input, output) = (&kept[1].unwrap().input, &kept[1].unwrap().output);
    assert_eq!((&*input.bytes, &*output.bytes, output.is_whole()), (&b"hi"[..], &b"hi"[..], true));
    let cut = &kept[2].unwrap().output;
    assert_eq!((&*cut.bytes, cut.full_len, cut.state), (&b"long"[..], 6, KeptState::Cut));
    assert_eq!((&*kept[3].unwrap().input.bytes, kept[3].unwrap().output.full_len), (&b"{"[..], 0));
}

#[test]
fn a_private_plugin_and_what_it_calls_is_never_kept() {
    let kernel = kernel();
    let program = kernel.resolve("front", &mut |_, _| true).unwrap();
    let mut request = LoadRequest::plain(program);
    request.spec.private = true;
    let front = kernel.load(request).unwrap().id;
    kernel.set_payloads(PayloadSettings::all(1000, 1000));
    break_at(&kernel, "depth = 2", HoldSide::Before);
    let job = kernel.start(plan(front, "run", b"secret")).unwrap();
    assert_eq!(held(&kernel, &job).input.state, KeptState::Private);
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    end(&job).unwrap();
    let records = kernel.journal().drain().find(10, is_call);
    assert_eq!(records.len(), 2);
    for record in records {
        let payload = record.payload.unwrap();
        assert_eq!((payload.input.state, payload.input.full_len), (KeptState::Private, 6));
        assert_eq!((payload.output.state, payload.kept_bytes()), (KeptState::Private, 0));
    }
}
