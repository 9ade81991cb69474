//! Tests of calls that are held, released and stepped through.

use super::*;
use crate::kernel::OwnerId;
use crate::kernel::hooks::HoldError;

#[test]
fn a_call_is_held_before_it_runs_and_goes_on() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    let id = break_at(&kernel, "callee = count_vowels*", HoldSide::Before);
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
    let changed: Vec<_> = kernel.journal().drain().find(10, is_call).iter().map(|r| (r.callee, r.changed_by)).collect();
    assert_eq!(changed, [(front, ChangedBy::None), (2, ChangedBy::Breakpoint), (echo, ChangedBy::None)]);
    assert!(kernel.release(job.id(), Order::Continue(None)).is_err(), "an ended job is not held");
}

#[test]
fn what_is_held_can_be_given_another_input_or_answer_or_fail() {
    let kernel = kernel();
    let front = load(&kernel, "front");
    break_at(&kernel, "callee = count_vowels*", HoldSide::Before);
    let run = || kernel.start(plan(front, "run", b"abc")).unwrap();

    let job = run();
    held(&kernel, &job);
    kernel.set_held_input(job.id(), b"aeiou"[..].into()).unwrap();
    assert_eq!(&*held(&kernel, &job).input.bytes, b"aeiou");
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert!(text(&end(&job)).contains(r#""count":5"#));
    assert_eq!(kernel.journal().drain().find(10, is_call).last().map(|record| record.bytes_in), Some(5));

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
    break_at(&kernel, "function = echo", HoldSide::After);
    let job = kernel.start(plan(echo, "echo", b"hi")).unwrap();
    let view = held(&kernel, &job);
    assert_eq!((place(&view).as_str(), &*view.output.unwrap().bytes), ("after 1:echo.echo", &b"hi"[..]));
    let used = HoldError::InputUsed { job: job.id(), side: HoldSide::After };
    assert_eq!(kernel.set_held_input(job.id(), b"x"[..].into()), Err(used));
    kernel.release(job.id(), Order::Return(b"bye"[..].into())).unwrap();
    assert_eq!(text(&end(&job)), "bye");

    break_at(&kernel, "outcome = trap", HoldSide::After);
    let trap = load(&kernel, r#"(module (func (export "f") unreachable))"#);
    let job = kernel.start(plan(trap, "f", b"")).unwrap();
    assert!(held(&kernel, &job).error.unwrap().contains("unreachable"));
    kernel.release(job.id(), Order::Return(b"as if"[..].into())).unwrap();
    assert_eq!(text(&end(&job)), "as if");
    let spent = kernel.processes(false).into_iter().find(|process| process.id == trap).unwrap();
    assert_eq!((spent.resets, spent.errors), (1, 0), "its instance was left in the middle");
}

#[test]
fn a_deadline_stands_still_while_a_job_is_held() {
    let kernel = kernel();
    let echo = load(&kernel, "echo");
    break_at(&kernel, "callee = echo", HoldSide::Before);
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
    break_at(&kernel, "function = spin", HoldSide::Before);
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
    for side in [HoldSide::Before, HoldSide::After] {
        break_at(&kernel, "callee = count_vowels*", side);
    }
    let began = Instant::now();
    let job = kernel.start(plan(front, "run", b"abc")).unwrap();
    let mut held_for = Duration::ZERO;
    for _ in [HoldSide::Before, HoldSide::After] {
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
    let records = kernel.journal().drain().find(10, is_call);
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
    break_at(&kernel, "callee = count_vowels*", HoldSide::Before);
    let job = kernel.start(plan(front, "run", b"")).unwrap();
    held(&kernel, &job);
    assert!(kernel.interrupt_foreground(OwnerId::FIRST));
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
    let id = break_at(&kernel, "depth = 1", HoldSide::Before);
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
    break_at(&kernel, "function = echo", HoldSide::Before);
    let job = kernel.start(CallPlan { background: true, ..plan(echo, "echo", b"") }).unwrap();
    held(&kernel, &job);
    assert_eq!(kernel.take_notices(OwnerId::FIRST), [Notice::Held { job: 1 }]);
    job.kill();
    assert!(end(&job).is_err());
}

#[test]
fn an_instance_that_was_replaced_already_is_not_counted_as_lost_by_a_person_s_answer() {
    let kernel = kernel();
    let id = load(&kernel, "misbehave");
    break_at(&kernel, "function = crash", HoldSide::After);
    let job = kernel.start(plan(id, "crash", b"")).unwrap();
    held(&kernel, &job);
    let program = kernel.resolve("misbehave", &mut |_, _| true).unwrap();
    kernel.reload(id, &program, false).unwrap();
    kernel.release(job.id(), Order::Return(b"all is well"[..].into())).unwrap();
    assert_eq!(text(&end(&job)), "all is well");
    assert_eq!(kernel.processes(false)[0].resets, 0);
}
