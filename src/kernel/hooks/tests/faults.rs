//! Tests of faults: what they do to calls, and which calls they hit.

use super::*;

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
    assert_eq!(
        (error.outcome, error.to_string().as_str()),
        (Outcome::Trap, "2:counter.add: trap: injected by fault 2")
    );
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
    break_at(&kernel, "count_vowels.count_vowels", HoldSide::Before);
    let fault = kernel.inject(fault("count_vowels-3.count_vowels", FaultKind::Trap)).unwrap();
    let job = kernel.start(plan(front, "run", b"")).unwrap();
    assert_eq!(place(&held(&kernel, &job)), "before 3:count_vowels-2.count_vowels");
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert!(end(&job).is_ok());
    break_at(&kernel, "caller = front and depth = 2", HoldSide::After);
    let other = load(&kernel, "front");
    let job = kernel.start(plan(other, "run", b"")).unwrap();
    assert_eq!(place(&held(&kernel, &job)), "before 5:count_vowels-3.count_vowels");
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert_eq!(place(&held(&kernel, &job)), "after 5:count_vowels-3.count_vowels", "`front-2` is a `front`");
    kernel.release(job.id(), Order::Continue(None)).unwrap();
    assert!(end(&job).unwrap_err().to_string().contains("injected by fault"));
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
