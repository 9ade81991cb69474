//! Tests of the debugger in the kernel: real plugins, real threads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::journal::{ChangedBy, Filter, KeptState, Outcome, PayloadSettings};
use crate::kernel::tests::{call, kernel, load, program};
use crate::kernel::{CallError, CallPlan, CallStage, Job, JobState, Kernel, LoadRequest, Notice, ProcessId, Waited};
use crate::runtime::Advice;

/// A deadline far above what any step takes: a test that reaches it has failed.
const LONG: Duration = Duration::from_secs(30);

fn plan(process: ProcessId, function: &str, input: &[u8]) -> CallPlan {
    CallPlan {
        stages: vec![CallStage { process, function: function.into() }],
        input: input.into(),
        repeat: 1,
        timeout: None,
        text: format!("call {process} {function}"),
        background: false,
    }
}

fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap()
}

fn break_at(kernel: &Kernel, text: &str, side: Side) -> u32 {
    kernel.set_breakpoint(BreakSpec { filter: filter(text), side, commands: None }).unwrap()
}

fn fault(text: &str, kind: FaultKind) -> FaultSpec {
    FaultSpec { filter: filter(text), kind, when: FaultWhen::ALWAYS, chance: None, seed: None }
}

fn stub(kernel: &Kernel, plugin: &str, function: &str, answer: StubAnswer) {
    kernel
        .set_stub(StubSpec { plugin: plugin.into(), function: function.into(), answer, import: None, filter: None })
        .unwrap();
}

fn bytes(answer: &[u8]) -> StubAnswer {
    StubAnswer::Bytes(answer.into())
}

/// Waits until the job is held and returns its hold.
fn held(kernel: &Kernel, job: &Job) -> HeldView {
    match job.wait_or_hold(LONG) {
        Waited::Held => kernel.held().into_iter().find(|view| view.job == job.id()).expect("a held job has a view"),
        other => panic!("not held: {other:?}"),
    }
}

/// `before 2:count_vowels.count_vowels`.
fn place(view: &HeldView) -> String {
    let frame = view.chain.last().unwrap();
    format!("{} {}.{}", view.side.as_str(), frame.process, frame.function)
}

fn text(result: &Result<Vec<u8>, CallError>) -> String {
    match result {
        Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Err(error) => format!("error: {error}"),
    }
}

fn end(job: &Job) -> Result<Vec<u8>, CallError> {
    job.wait_for(LONG).expect("the job ends").bytes().map(|output| output.to_vec())
}

#[test]
fn nothing_set_leaves_calls_alone() {
    let kernel = kernel();
    assert!(!kernel.hooks().armed());
    let id = break_at(&kernel, "callee = nobody", Side::Before);
    let fault = kernel.inject(fault("callee = nobody", FaultKind::Trap)).unwrap();
    stub(&kernel, "nobody", "f", bytes(b""));
    kernel.set_payloads(PayloadSettings::all(10, 100));
    assert!(kernel.hooks().armed());
    assert!(kernel.delete_breakpoint(id) && !kernel.delete_breakpoint(id));
    assert!(kernel.delete_fault(fault.id) && kernel.clear_faults() == 0);
    assert_eq!(kernel.unstub("nobody", None), 1);
    kernel.set_payloads(PayloadSettings::default());
    assert!(!kernel.hooks().armed());
    assert!(kernel.debug_notes().is_empty());
}

#[test]
fn a_call_is_held_before_it_runs_and_goes_on() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    let id = break_at(&kernel, "callee = count_vowels*", Side::Before);
    let job = kernel.start(plan(front, "run", b"abc")).unwrap();
    let view = held(&kernel, &job);
    assert_eq!(
        (place(&view).as_str(), view.reason),
        ("before 2:count_vowels.count_vowels", HoldReason::Breakpoint(id))
    );
    assert_eq!((&*view.input.bytes, view.input.state), (&b"abc"[..], KeptState::Whole));
    assert_eq!(job.view().state, JobState::Held);
    assert_eq!(kernel.running().last().map(|record| record.outcome), Some(Outcome::Held));
    // Another job runs meanwhile.
    let echo = load(&kernel, "echo");
    assert_eq!(text(&call(&kernel, echo, "echo", b"hi")), "hi");
    assert_eq!(kernel.debug_notes().held.len(), 1);
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert_eq!(text(&end(&job)), r#"{"count":1,"total":1,"vowels":"aeiouAEIOU"}"#);
    assert_eq!(kernel.breakpoints()[0].hits, 1);
    let changed: Vec<_> = kernel.journal().drain().records(10).iter().map(|r| (r.callee, r.changed_by)).collect();
    assert_eq!(changed, [(front, ChangedBy::None), (2, ChangedBy::Breakpoint), (echo, ChangedBy::None)]);
    assert!(kernel.release(job.id(), Order::Continue(None)).is_err(), "an ended job is not held");
}

#[test]
fn what_is_held_can_be_given_another_input_or_answer_or_fail() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    break_at(&kernel, "callee = count_vowels*", Side::Before);
    let run = || kernel.start(plan(front, "run", b"abc")).unwrap();

    let job = run();
    held(&kernel, &job);
    kernel.set_held_input(job.id(), b"aeiou"[..].into()).unwrap();
    assert_eq!(&*held(&kernel, &job).input.bytes, b"aeiou");
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert!(text(&end(&job)).contains(r#""count":5"#));
    assert_eq!(kernel.journal().drain().records(10).last().map(|record| record.bytes_in), Some(5));

    let job = run();
    held(&kernel, &job);
    kernel.release(job.id(), Order::Return(b"none"[..].into())).unwrap();
    assert_eq!(text(&end(&job)), "none");

    let job = run();
    let name = held(&kernel, &job).chain.last().unwrap().process.clone();
    kernel.release(job.id(), Order::Fail("no vowels today".into())).unwrap();
    let message = format!("error: {name}.count_vowels: no vowels today (1:front.run → {name}.count_vowels)");
    assert_eq!(text(&end(&job)), message);
}

#[test]
fn a_call_is_held_on_return_with_its_output_or_error() {
    let kernel = kernel();
    let echo = load(&kernel, "echo");
    break_at(&kernel, "function = echo", Side::After);
    let job = kernel.start(plan(echo, "echo", b"hi")).unwrap();
    let view = held(&kernel, &job);
    assert_eq!((place(&view).as_str(), &*view.output.unwrap().bytes), ("after 1:echo.echo", &b"hi"[..]));
    assert!(kernel.set_held_input(job.id(), b"x"[..].into()).unwrap_err().message.contains("the input was used"));
    kernel.release(job.id(), Order::Return(b"bye"[..].into())).unwrap();
    assert_eq!(text(&end(&job)), "bye");

    break_at(&kernel, "outcome = trap", Side::After);
    let trap = load(&kernel, r#"(module (func (export "f") unreachable))"#);
    let job = kernel.start(plan(trap, "f", b"")).unwrap();
    assert!(held(&kernel, &job).error.unwrap().contains("unreachable"));
    kernel.release(job.id(), Order::Return(b"as if"[..].into())).unwrap();
    assert_eq!(text(&end(&job)), "as if");
    let spent = kernel.processes(false).into_iter().find(|process| process.id == trap).unwrap();
    assert_eq!((spent.resets, spent.errors), (1, 0), "its instance was left in the middle");
}

#[test]
fn an_expression_that_needs_the_end_is_refused_before_it() {
    let kernel = kernel();
    let spec = BreakSpec { filter: filter("outcome = error"), side: Side::Before, commands: None };
    assert_eq!(kernel.set_breakpoint(spec).unwrap_err().advice.as_deref(), Some(&Advice::HoldOnReturn));
    assert!(kernel.inject(fault("duration > 1ms", FaultKind::Trap)).is_err());
}

#[test]
fn a_deadline_stands_still_while_a_job_is_held() {
    let kernel = kernel();
    let echo = load(&kernel, "echo");
    break_at(&kernel, "callee = echo", Side::Before);
    let timeout = Duration::from_millis(300);
    let job = kernel.start(CallPlan { timeout: Some(timeout), ..plan(echo, "echo", b"abc") }).unwrap();
    let view = held(&kernel, &job);
    assert!(view.limits.time_left.is_some_and(|left| left <= timeout));
    // Waiting for another job with a longer run guarantees that the deadline would have passed.
    let spin = load(&kernel, r#"(module (func (export "spin") (loop (br 0))))"#);
    let slow = kernel.start(CallPlan { timeout: Some(timeout * 2), ..plan(spin, "spin", b"") }).unwrap();
    assert_eq!(end(&slow).unwrap_err().outcome, Outcome::Timeout);
    assert!(job.is_held());
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert!(end(&job).is_ok(), "the time at the breakpoint does not count");
}

#[test]
fn the_deadline_goes_on_after_a_hold() {
    let kernel = kernel();
    let spin = load(&kernel, r#"(module (func (export "spin") (loop (br 0))))"#);
    break_at(&kernel, "function = spin", Side::Before);
    let timeout = Some(Duration::from_millis(50));
    let job = kernel.start(CallPlan { timeout, ..plan(spin, "spin", b"") }).unwrap();
    held(&kernel, &job);
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert_eq!(end(&job).unwrap_err().outcome, Outcome::Timeout);
}

#[test]
fn the_time_of_a_hold_is_none_of_the_call_nor_of_its_callers() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    for side in [Side::Before, Side::After] {
        break_at(&kernel, "callee = count_vowels*", side);
    }
    let began = Instant::now();
    let job = kernel.start(plan(front, "run", b"abc")).unwrap();
    let mut held_for = Duration::ZERO;
    for _ in [Side::Before, Side::After] {
        held(&kernel, &job);
        let figures = || kernel.processes(false).iter().map(|view| (view.busy, view.self_time)).collect::<Vec<_>>();
        let before = figures();
        let states: Vec<_> = kernel.processes(false).iter().map(|view| view.state.word()).collect();
        assert_eq!(states, ["waiting", "held"]);
        let running = kernel.running();
        assert_eq!(figures(), before, "the calls' time stands still");
        let last = kernel.running();
        assert_eq!(running[1].duration_ns, last[1].duration_ns);
        assert!(last[1].held_ns > running[1].held_ns && last[0].held_ns >= last[1].held_ns);
        held_for += kernel.held()[0].held_for;
        kernel.release(job.id(), Order::Continue(None)).unwrap();
    }
    let end = job.wait_for(LONG).expect("the job ends");
    let took = began.elapsed();
    let records = kernel.journal().drain().records(10);
    let [outer, inner] = records.as_slice() else { panic!("two calls: {records:?}") };
    for record in [outer, inner] {
        let held = Duration::from_nanos(record.held_ns);
        assert_eq!(held, end.held_for);
        assert!(held >= held_for && Duration::from_nanos(record.duration_ns) + held <= took, "{record:?}");
        assert!(filter("held>0").matches(record) && !filter("held>1h").matches(record));
    }
    assert!(inner.duration_ns <= outer.nested_ns && outer.nested_ns <= outer.duration_ns, "{records:?}");
    let busy: Vec<_> = kernel.processes(false).iter().map(|view| view.busy.as_nanos() as u64).collect();
    assert_eq!(busy, [outer.duration_ns, inner.duration_ns]);
}

#[test]
fn a_held_job_can_be_interrupted_and_its_processes_killed() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    break_at(&kernel, "callee = count_vowels*", Side::Before);
    let job = kernel.start(plan(front, "run", b"")).unwrap();
    held(&kernel, &job);
    assert!(kernel.interrupt_foreground());
    assert_eq!(end(&job).unwrap_err().outcome, Outcome::Killed);

    let job = kernel.start(plan(front, "run", b"")).unwrap();
    let callee = held(&kernel, &job).chain.last().unwrap().process.id;
    kernel.kill(callee, false).unwrap();
    assert!(text(&end(&job)).contains("killed by the shell"));

    let job = kernel.start(plan(front, "run", b"")).unwrap();
    held(&kernel, &job);
    kernel.kill(front, false).unwrap();
    assert!(text(&end(&job)).contains("1:front.run: killed by the shell"));
    assert!(kernel.held().is_empty());
}

#[test]
fn steps_go_into_over_and_out() {
    let kernel = kernel();
    let echo = load(&kernel, "echo");
    let id = break_at(&kernel, "depth = 1", Side::Before);
    let way = br#"{"to":["+echo","+text"],"function":"upper","input":"hi"}"#;
    let job = kernel.start(plan(echo, "relay", way)).unwrap();
    assert_eq!(place(&held(&kernel, &job)), "before 1:echo.relay");
    kernel.delete_breakpoint(id);
    let go = |step| {
        kernel.release(job.id(), Order::Continue(Some(step))).unwrap();
        let view = held(&kernel, &job);
        assert_eq!(view.reason, HoldReason::Step);
        place(&view)
    };
    assert_eq!(go(Step::Into), "before 2:echo-2.relay");
    assert_eq!(go(Step::Into), "before 3:text.upper");
    assert_eq!(go(Step::Out), "after 3:text.upper");
    assert_eq!(go(Step::Over), "after 2:echo-2.relay");
    assert_eq!(go(Step::Out), "after 1:echo.relay");
    kernel.release(job.id(), Order::Continue(Some(Step::Over))).unwrap();
    assert_eq!(text(&end(&job)), "HI");
    drop(job);
    // The step that stopped nowhere was dropped with its chain.
    for _ in 0..1000 {
        if !kernel.hooks().armed() {
            break;
        }
        std::thread::yield_now();
    }
    assert!(!kernel.hooks().armed());
}

#[test]
fn a_background_job_tells_that_it_is_held() {
    let kernel = kernel();
    let echo = load(&kernel, "echo");
    break_at(&kernel, "function = echo", Side::Before);
    let job = kernel.start(CallPlan { background: true, ..plan(echo, "echo", b"") }).unwrap();
    held(&kernel, &job);
    assert_eq!(kernel.take_notices(), [Notice::Held { job: 1 }]);
    job.kill();
    assert!(end(&job).is_err());
}

#[test]
fn faults_fail_trap_and_lose_output() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    let (counter, echo) = (load(&kernel, "counter"), load(&kernel, "echo"));
    let error = FaultKind::Error("the disk is full".into());
    kernel.inject(fault("callee = count_vowels*", error)).unwrap();
    let message = text(&call(&kernel, front, "run", b""));
    assert!(message.contains("count_vowels.count_vowels: the disk is full (1:front.run → "), "{message}");
    assert_eq!(kernel.journal().drain().records(1)[0].changed_by, ChangedBy::Fault);

    assert_eq!(text(&call(&kernel, counter, "add", b"")), "1");
    let trap = FaultSpec {
        when: FaultWhen { first: 2, last: Some(2), step: 1 },
        ..fault("callee = counter", FaultKind::Trap)
    };
    kernel.inject(trap).unwrap();
    assert_eq!(text(&call(&kernel, counter, "add", b"")), "2");
    let error = call(&kernel, counter, "add", b"").unwrap_err();
    assert_eq!((error.outcome, error.message.as_str()), (Outcome::Trap, "2:counter.add: trap: injected by fault 2"));
    assert_eq!(text(&call(&kernel, counter, "add", b"")), "1", "a trap takes the instance with it");

    kernel.inject(fault("callee = echo", FaultKind::DropOutput)).unwrap();
    assert_eq!(text(&call(&kernel, echo, "echo", b"hi")), "");
    let rows: Vec<_> = kernel.faults().iter().map(|view| (view.id, view.matched, view.hits)).collect();
    assert_eq!(rows, [(1, 1, 1), (2, 3, 1), (3, 1, 1)]);
    assert_eq!(kernel.clear_faults(), 3);
    assert_eq!(text(&call(&kernel, echo, "echo", b"hi")), "hi");
}

#[test]
fn a_plugins_name_means_all_its_processes_and_a_process_its_own() {
    let kernel = kernel();
    let (front, _) = (load(&kernel, "front"), load(&kernel, "count_vowels"));
    break_at(&kernel, "count_vowels.count_vowels", Side::Before);
    let fault = kernel.inject(fault("count_vowels-3.count_vowels", FaultKind::Trap)).unwrap();
    let job = kernel.start(plan(front, "run", b"")).unwrap();
    assert_eq!(place(&held(&kernel, &job)), "before 3:count_vowels-2.count_vowels");
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert!(end(&job).is_ok());
    break_at(&kernel, "caller = front and depth = 2", Side::After);
    let other = load(&kernel, "front");
    let job = kernel.start(plan(other, "run", b"")).unwrap();
    assert_eq!(place(&held(&kernel, &job)), "before 5:count_vowels-3.count_vowels");
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert_eq!(place(&held(&kernel, &job)), "after 5:count_vowels-3.count_vowels", "`front-2` is a `front`");
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert!(end(&job).unwrap_err().message.contains("injected by fault"));
    let hits: Vec<u64> = kernel.breakpoints().iter().map(|breakpoint| breakpoint.hits).collect();
    assert_eq!((hits, kernel.faults()[0].id, kernel.faults()[0].hits), (vec![2, 1], fault.id, 1));
}

#[test]
fn a_delay_can_be_cut_by_a_deadline() {
    let kernel = kernel();
    let echo = load(&kernel, "echo");
    kernel.inject(fault("callee = echo", FaultKind::Delay(LONG * 100))).unwrap();
    let timeout = Some(Duration::from_millis(20));
    let job = kernel.start(CallPlan { timeout, ..plan(echo, "echo", b"") }).unwrap();
    assert_eq!(end(&job).unwrap_err().outcome, Outcome::Timeout);
}

#[test]
fn a_call_that_never_came_to_run_leaves_its_process_as_it_was() {
    let kernel = kernel();
    let id = load(&kernel, "misbehave");
    call(&kernel, id, "crash", b"").unwrap_err();
    kernel.inject(fault("function = error", FaultKind::Error("no".into()))).unwrap();
    call(&kernel, id, "error", b"").unwrap_err();
    let view = kernel.processes(false).remove(0);
    assert_eq!((view.state.word(), view.resets), ("crashed", 1));
    stub(&kernel, "misbehave", "spin", bytes(b"no"));
    call(&kernel, id, "spin", b"").unwrap();
    assert_eq!(kernel.processes(false)[0].state.word(), "crashed");
    assert_eq!(kernel.restart(id).unwrap().calls_lost, 0);
    call(&kernel, id, "error", b"").unwrap_err();
    assert_eq!(kernel.restart(id).unwrap().calls_lost, 0, "it had no call");
}

#[test]
fn an_instance_that_was_replaced_already_is_not_counted_as_lost_by_a_person_s_answer() {
    let kernel = kernel();
    let id = load(&kernel, "misbehave");
    break_at(&kernel, "function = crash", Side::After);
    let job = kernel.start(plan(id, "crash", b"")).unwrap();
    held(&kernel, &job);
    let program = kernel.resolve("misbehave", &mut |_, _| true).unwrap();
    kernel.reload(id, &program, false).unwrap();
    kernel.release(job.id(), Order::Return(b"all is well"[..].into())).unwrap();
    assert_eq!(text(&end(&job)), "all is well");
    assert_eq!(kernel.processes(false)[0].resets, 0);
}

#[test]
fn a_seed_hits_the_same_calls_again() {
    let run = |seed| {
        let kernel = kernel();
        let echo = load(&kernel, "echo");
        let spec = FaultSpec { chance: Some(0.5), seed, ..fault("callee = echo", FaultKind::Error("no".into())) };
        let view = kernel.inject(spec).unwrap();
        let hits: String = (0..64).map(|_| if call(&kernel, echo, "echo", b"").is_ok() { '.' } else { 'x' }).collect();
        (hits, view.seed)
    };
    let (first, seed) = run(None);
    assert!(first.contains('x') && first.contains('.'), "{first}");
    assert_eq!(run(Some(seed)), (first, seed));
}

#[test]
fn a_stub_answers_for_a_plugin_that_does_not_exist() {
    let kernel = kernel();
    assert!(kernel.resolve("cart", &mut |_, _| true).is_err());
    stub(&kernel, "cart", "total", bytes(b"42"));
    assert!(kernel.loadable().contains(&"cart".to_string()));
    let cart = load(&kernel, "cart");
    assert_eq!(text(&call(&kernel, cart, "total", b"")), "42");
    // Guests can start and call the stubbed plugin too.
    let echo = load(&kernel, "echo");
    let way = br#"{"to":["+cart"],"function":"total"}"#;
    assert_eq!(text(&call(&kernel, echo, "relay", way)), "42");
    let rows: Vec<_> = kernel.processes(false).into_iter().map(|view| (view.name, view.parent, view.source)).collect();
    assert_eq!(rows[2], ("cart-2".into(), echo, "stub:cart".into()));
    // A function that is stubbed later can be called at once.
    assert!(text(&call(&kernel, cart, "add", b"1")).contains("no function `add`"));
    stub(&kernel, "cart", "add", StubAnswer::Echo);
    assert_eq!(text(&call(&kernel, cart, "add", b"1")), "1");
    let records = kernel.journal().drain().records(1);
    assert_eq!((records[0].function.as_str(), records[0].changed_by), ("add", ChangedBy::Stub));
    assert_eq!(kernel.unstub("cart", Some("total")), 1);
    assert!(text(&call(&kernel, cart, "total", b"")).contains("its stub was taken away"));
}

#[test]
fn a_stub_answers_in_place_of_a_plugin_and_is_taken_away() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    stub(&kernel, "count_vowels", "count_vowels", bytes(b"stubbed"));
    assert_eq!(text(&call(&kernel, front, "run", b"")), "stubbed");
    assert_eq!(text(&call(&kernel, front, "run", b"")), "stubbed", "`count_vowels-2` is one of them");
    let views = kernel.stubs();
    assert_eq!((views.len(), views[0].hits), (1, 2));
    assert_eq!(kernel.unstub("count_vowels", None), 1);
    assert!(text(&call(&kernel, front, "run", b"aa")).contains(r#""count":2"#));
}

#[test]
fn a_stubs_commands_get_the_input_and_give_the_answer() {
    let kernel = kernel();
    kernel.set_stub_runner(Arc::new(|call: StubCall<'_>| match call.commands {
        "fail" => Err("no such thing".into()),
        commands => Ok([commands.as_bytes(), b" ", call.input, b" ", call.process.to_string().as_bytes()].concat()),
    }));
    stub(&kernel, "cart", "total", StubAnswer::Run("print".into()));
    stub(&kernel, "cart", "bad", StubAnswer::Run("fail".into()));
    let cart = load(&kernel, "cart");
    assert_eq!(text(&call(&kernel, cart, "total", b"x")), "print x 1:cart");
    assert_eq!(text(&call(&kernel, cart, "bad", b"")), "error: 1:cart.bad: its stub failed: no such thing");
}

#[test]
fn a_stub_whose_commands_come_back_into_its_own_chain_is_a_circle() {
    let kernel = kernel();
    // The runner reads commands as `PROCESS FUNCTION`.
    kernel.set_stub_runner(Arc::new(|call: StubCall<'_>| {
        let (process, function) = call.commands.split_once(' ').unwrap();
        let job = call.kernel.start(plan(process.parse().unwrap(), function, call.input)).unwrap();
        end(&job).map_err(|error| error.to_string())
    }));
    let run = |commands: &str| StubAnswer::Run(commands.into());
    let front = load(&kernel, "front");
    stub(&kernel, "count_vowels", "count_vowels", run("1 run"));
    let message = text(&call(&kernel, front, "run", b""));
    let ring =
        "a circle of waiting jobs: 1:front → the stub of 2:count_vowels → 1:front (jobs %1, %2 wait for each other)";
    assert!(message.contains(ring), "{message}");

    // A circle through another stub is found. A call onward to a free process is no circle.
    stub(&kernel, "left", "f", run("4 f"));
    stub(&kernel, "right", "f", run("3 f"));
    let left = load(&kernel, "left");
    assert_eq!((left, load(&kernel, "right")), (3, 4));
    let message = text(&call(&kernel, left, "f", b""));
    assert!(message.contains("3:left → the stub of 3:left → the stub of 4:right → 3:left"), "{message}");
    stub(&kernel, "right", "f", StubAnswer::Echo);
    assert_eq!(text(&call(&kernel, left, "f", b"through")), "through");
}

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
    let records = kernel.journal().drain().records(10);
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
    break_at(&kernel, "depth = 2", Side::Before);
    let job = kernel.start(plan(front, "run", b"secret")).unwrap();
    assert_eq!(held(&kernel, &job).input.state, KeptState::Private);
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    end(&job).unwrap();
    let records = kernel.journal().drain().records(10);
    assert_eq!(records.len(), 2);
    for record in records {
        let payload = record.payload.unwrap();
        assert_eq!((payload.input.state, payload.input.full_len), (KeptState::Private, 6));
        assert_eq!((payload.output.state, payload.kept_bytes()), (KeptState::Private, 0));
    }
}

#[test]
fn a_fresh_kernel_has_the_stubs_and_nothing_else() {
    let kernel = kernel();
    stub(&kernel, "cart", "total", bytes(b"42"));
    break_at(&kernel, "depth = 1", Side::Before);
    let fresh = kernel.fresh();
    let cart = load(&fresh, "cart");
    assert_eq!(text(&call(&fresh, cart, "total", b"")), "42");
    assert!(fresh.breakpoints().is_empty() && kernel.processes(false).is_empty());
}

#[test]
fn a_plugin_stands_in_for_a_products_host_function() {
    let kernel = kernel();
    load(&kernel, "text");
    // A plugin of some product: it passes its input to `shop.shout` and returns the answer.
    let program = crate::runtime::Program { origin: "product.wat".into(), stem: "product".into(), ..program(PRODUCT) };
    let mut request = LoadRequest::plain(Arc::new(program));
    let refused = kernel.load(request.clone()).unwrap_err().message;
    assert!(refused.contains("shop.shout"), "{refused}");
    request.spec.imports.push(crate::runtime::ImportStandIn {
        module: "shop".into(),
        function: "shout".into(),
        types: None,
        target: "text.upper".into(),
    });
    let product = kernel.load(request).unwrap().id;
    assert_eq!(text(&call(&kernel, product, "run", b"hi there")), "HI THERE");
    let records = kernel.journal().drain().records(2);
    let calls: Vec<_> = records.iter().map(|r| (r.caller_label(), r.callee_label(), r.depth)).collect();
    assert_eq!(calls, [("shell".into(), "2:product".into(), 1), ("2:product".into(), "1:text".into(), 2),]);
}

const PRODUCT: &str = r#"(module
  (import "shop" "shout" (func $shout (param i64) (result i64)))
  (func (export "run") (result i32)
    (local $block i64) (local $at i64) (local $end i64)
    (local.set $end (call $input_length))
    (local.set $block (call $alloc (local.get $end)))
    (block $done (loop $next
      (br_if $done (i64.ge_u (local.get $at) (local.get $end)))
      (call $store_u8 (i64.add (local.get $block) (local.get $at)) (call $input_load_u8 (local.get $at)))
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (br $next)))
    (local.set $block (call $shout (local.get $block)))
    (call $output_set (local.get $block) (call $length (local.get $block)))
    (i32.const 0)))"#;
