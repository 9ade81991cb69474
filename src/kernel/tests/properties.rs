//! Random trees of processes with random calls, kills, timeouts, restarts and reloads, compared with a plain model
//! after each step: by one thread, which knows every figure, and by several at once, each of which knows the part of
//! the tree that is its own. A failure prints the seed that repeats it; `PLUGSH_SEED=N` runs that one alone.

mod adds_up;
mod havoc;
mod model;

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use self::adds_up::{Asked, add_up};
use self::model::{Counted, Kind, Model};
use super::{kernel, load};
use crate::kernel::{Kernel, ProcessId};

/// Of one thread alone.
const STEPS: usize = 150;
/// Of each of several threads, between two looks at the whole.
const CROWD_STEPS: usize = 20;
const ROUNDS: usize = 4;
const THREADS: usize = 4;

/// A thread's part: the forest that nobody else adds to or takes from, and what it has asked.
struct Hand {
    kernel: Arc<Kernel>,
    model: Model,
    asked: Vec<Asked>,
    rng: fastrand::Rng,
}

impl Hand {
    fn new(kernel: &Arc<Kernel>, rng: fastrand::Rng) -> Hand {
        Hand { kernel: kernel.clone(), model: Model::default(), asked: Vec::new(), rng }
    }

    /// Calls a function of a process, and notes what came of it.
    fn ask(&mut self, id: ProcessId, function: &str, input: &str) -> Result<String, String> {
        self.ask_within(id, function, input, None)
    }

    fn ask_within(
        &mut self,
        id: ProcessId,
        function: &str,
        input: &str,
        timeout: Option<Duration>,
    ) -> Result<String, String> {
        let plan = super::CallPlan { timeout, ..super::plan(id, function, input.as_bytes()) };
        let job = self.kernel.start(plan).unwrap();
        let end = job.wait_for(Duration::from_secs(30)).unwrap_or_else(|| panic!("{id}.{function} {input} hangs"));
        self.asked.push(Asked {
            job: job.id(),
            bytes_in: input.len() as u64,
            bytes_out: end.result.as_ref().map(crate::kernel::JobOutput::byte_count).ok(),
        });
        match end.bytes() {
            Ok(output) => Ok(String::from_utf8(output.to_vec()).unwrap()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// One of those that can start and call others.
    fn some(&mut self) -> Option<ProcessId> {
        let spawners = self.model.of_kind(Kind::Spawner);
        self.rng.choice(&spawners).copied()
    }

    fn any(&mut self) -> Option<ProcessId> {
        let living: Vec<ProcessId> = self.model.living().collect();
        self.rng.choice(&living).copied()
    }

    /// Starts one at the prompt.
    fn load(&mut self) {
        let id = load(&self.kernel, "spawner");
        self.model.add(id, 0, Kind::Spawner);
    }

    /// Starts one under another.
    fn spawn(&mut self, parent: ProcessId, kind: Kind) {
        let spawned = self.ask(parent, "spawn", kind.name()).unwrap();
        self.model.count(parent, Counted::ok(kind.name(), &spawned));
        self.model.add(spawned.parse().unwrap(), parent, kind);
    }

    fn kill(&mut self, id: ProcessId, subtree: bool) {
        let killed = self.kernel.kill(id, subtree).unwrap();
        let (mut ended, moved) = self.model.kill(id, subtree);
        let mut told: Vec<ProcessId> = killed.ended.iter().map(|label| label.id).collect();
        assert_eq!(told.first(), Some(&id), "the named one comes first");
        told.sort_unstable();
        ended.sort_unstable();
        assert_eq!(told, ended, "who ended");
        let told = killed.moved.iter().map(|(child, to)| (child.id, to.as_ref().map_or(0, |to| to.id)));
        assert_eq!(told.collect::<BTreeMap<_, _>>(), moved, "who moved where");
    }

    fn free(&mut self, some: ProcessId, other: ProcessId) {
        let input = other.to_string();
        let freed = self.ask(some, "free", &input);
        assert_eq!(freed.is_ok(), self.model.is_below(other, some), "{some} frees {other}: {freed:?}");
        if freed.is_ok() {
            self.model.kill(other, false);
        }
        self.model.count(some, Counted::of(&input, &freed));
        if freed.is_err() {
            // A refusal stops the guest in the middle of its code.
            self.model.crash(some);
        }
    }

    fn restart(&mut self, id: ProcessId) {
        self.kernel.restart(id).unwrap();
        self.model.reset(id);
    }

    fn reload(&mut self, id: ProcessId) {
        let program = self.kernel.resolve(self.model.kind(id).name(), &mut |_, _| true).unwrap();
        self.kernel.reload(id, &program, false).unwrap();
        self.model.revive(id);
    }

    /// Steps that every thread may take with its own part: its processes live, and no other thread adds or takes any.
    fn change(&mut self) {
        let Some(some) = self.some() else { return self.load() };
        let Some(any) = self.any() else { return self.load() };
        match self.rng.u8(0..9) {
            0 => self.load(),
            1..=3 => self.spawn(some, Kind::Spawner),
            4 => self.spawn(some, Kind::Misbehave),
            5 => {
                let subtree = self.rng.bool();
                self.kill(any, subtree);
            }
            6 => self.free(some, any),
            7 => self.restart(any),
            _ => self.reload(any),
        }
    }

    /// Compares the own part of the table with the model, without its figures: others call into it meanwhile.
    fn compare(&self) {
        for id in self.model.living() {
            let detail = self.kernel.process(id).unwrap_or_else(|| panic!("{id} is gone"));
            assert_eq!(detail.view.parent, self.model.parent(id), "the parent of {id}");
            let children: Vec<ProcessId> = detail.children.iter().map(|child| child.id).collect();
            assert_eq!(children, self.model.children(id), "the children of {id}");
        }
        for id in self.model.dead() {
            assert!(self.kernel.process(id).is_none(), "{id} lives");
        }
    }
}

// One thread, every figure.

/// A call that one process makes of another: by a chain of two.
fn call_across(hand: &mut Hand, some: ProcessId, other: ProcessId) {
    let input = format!("{other} whoami x");
    let whoami = format!("{{\"id\":{other},\"parent\":{}}}", hand.model.parent(other));
    let called = hand.ask(some, "try_call", &input).unwrap();
    let spawner = hand.model.kind(other) == Kind::Spawner;
    match (some == other, spawner) {
        (true, _) => assert!(called.starts_with("failed: call in a circle: "), "{called}"),
        (false, true) => assert_eq!(called, format!("ok: {whoami}")),
        (false, false) => assert!(called.starts_with("failed: no function `whoami`"), "{called}"),
    }
    hand.model.count(some, Counted::ok(&input, &called));
    if some != other && spawner {
        hand.model.count(other, Counted::ok("x", &whoami));
    }
}

/// Calls that one process makes of others side by side, and joins. A started call that calls on calls one of a higher
/// id, so that no ring can come of it.
fn call_side_by_side(hand: &mut Hand, some: ProcessId) {
    let (mut orders, mut expected, mut counted) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..hand.rng.usize(1..6) {
        let Some(other) = hand.any() else { return };
        let whoami = |hand: &Hand, id| format!("{{\"id\":{id},\"parent\":{}}}", hand.model.parent(id));
        let is_spawner = hand.model.kind(other) == Kind::Spawner;
        let above = hand.model.of_kind(Kind::Spawner).into_iter().filter(|id| *id > other && *id != some);
        let above: Vec<ProcessId> = above.collect();
        let third = hand.rng.choice(&above).copied();
        let (order, told) = match (other == some, is_spawner, third) {
            (true, _, _) => ("whoami x".to_owned(), "failed: call in a circle: ".to_owned()),
            (false, false, _) => {
                counted.push((other, Counted::of("x", &Err(String::new())), true));
                ("crash x".to_owned(), format!("failed: {other}:"))
            }
            (false, true, Some(third)) if hand.rng.bool() => {
                let (input, answer) = (format!("{third} whoami x"), whoami(hand, third));
                counted.push((third, Counted::ok("x", &answer), false));
                counted.push((other, Counted::ok(&input, &answer), false));
                (format!("call {input}"), format!("ok: {answer}"))
            }
            (false, true, _) => {
                let answer = whoami(hand, other);
                counted.push((other, Counted::ok("x", &answer), false));
                ("whoami x".to_owned(), format!("ok: {answer}"))
            }
        };
        orders.push(format!("{other} {order}"));
        expected.push(told);
    }
    let input = orders.join("\n");
    let function = if hand.rng.bool() { "try_join_all" } else { "poll_all" };
    let told = hand.ask(some, function, &input).unwrap();
    let mut told_lines: Vec<&str> = told.lines().collect();
    if function == "poll_all" {
        // In the order of their ends.
        told_lines.sort_unstable();
        expected.sort_unstable();
    }
    assert_eq!(told_lines.len(), expected.len(), "{told}");
    for (line, expected) in told_lines.iter().zip(&expected) {
        assert!(line.starts_with(expected.as_str()), "`{line}` for `{expected}`");
    }
    hand.model.count(some, Counted::ok(&input, &told));
    for (id, counted, crashed) in counted {
        hand.model.count(id, counted);
        if crashed {
            hand.model.crash(id);
        }
    }
}

/// A call that crashes the callee, or that a deadline ends in it with its caller.
fn harm(hand: &mut Hand, some: ProcessId, bad: ProcessId) {
    let failed: Result<String, String> = Err(String::new());
    if hand.rng.bool() {
        let input = format!("{bad} crash x");
        let called = hand.ask(some, "try_call", &input).unwrap();
        assert!(called.contains(": trap"), "{called}");
        hand.model.count(some, Counted::ok(&input, &called));
    } else {
        let input = format!("{bad} spin x");
        let timeout = Some(Duration::from_millis(hand.rng.u64(5..20)));
        let error = hand.ask_within(some, "call", &input, timeout).unwrap_err();
        assert!(error.contains("timed out after"), "{error}");
        hand.model.count(some, Counted::of(&input, &failed));
        hand.model.crash(some);
        // The deadline may have passed before the nested call began.
        if !error.contains(" → ") {
            return;
        }
    }
    hand.model.count(bad, Counted::of("x", &failed));
    hand.model.crash(bad);
}

#[test]
fn the_table_is_what_a_model_says() {
    for_seeds(4, |rng| {
        let mut hand = Hand::new(&kernel(), rng);
        for _ in 0..STEPS {
            let (some, any) = (hand.some(), hand.any());
            let bad = hand.model.of_kind(Kind::Misbehave);
            match (some, any, hand.rng.u8(0..8)) {
                (Some(some), Some(any), 0..=1) => call_across(&mut hand, some, any),
                (Some(some), Some(_), 2) => call_side_by_side(&mut hand, some),
                (Some(some), _, 3) if !bad.is_empty() => harm(&mut hand, some, bad[0]),
                _ => hand.change(),
            }
            hand.compare();
            let figures = hand.kernel.processes(false).into_iter();
            let figures = figures.map(|view| (view.id, (Counted::seen(&view), view.state.word())));
            assert_eq!(figures.collect::<BTreeMap<_, _>>(), hand.model.figures());
            add_up(&hand.kernel, &hand.asked);
        }
    });
}

// Several threads at once.

/// A call into anybody's processes: it may fail of what others do meanwhile, and of nothing else.
fn call_anyone(hand: &mut Hand) {
    let living: Vec<ProcessId> = hand.kernel.processes(false).iter().map(|view| view.id).collect();
    let mut pick = || hand.rng.choice(&living).copied().unwrap_or(1);
    let (first, second, third) = (pick(), pick(), pick());
    let timeout = Some(Duration::from_millis(hand.rng.u64(0..8)));
    let side_by_side =
        format!("{second} whoami x\n{third} try_call {second} whoami x\n{second} crash x\n{third} whoami x");
    let ended = match hand.rng.u8(0..10) {
        6 => hand.ask(first, "try_join_all", &side_by_side),
        7 => hand.ask_within(first, "join_all", &format!("{side_by_side}\n{second} spin x"), timeout),
        8 => hand.ask(first, "start_all", &side_by_side),
        9 => hand.ask_within(first, "poll_all", &side_by_side, timeout),
        0 => hand.ask_within(first, "call", &format!("{second} spin x"), timeout),
        1 => hand.ask(first, "try_call", &format!("{second} crash x")),
        2 => hand.ask_within(first, "call", &format!("{second} call {third} whoami x"), timeout),
        3 => {
            let job = hand.kernel.start(super::plan(first, "spin", b"")).unwrap();
            job.interrupt();
            assert!(job.wait_for(Duration::from_secs(30)).expect("an interrupt is lost").result.is_err());
            return;
        }
        _ => hand.ask(first, "try_call", &format!("{second} try_call {third} whoami x")),
    };
    let (Ok(answer) | Err(answer)) = ended;
    let known = [
        "no process",
        "is dead",
        "died while it was waited for",
        "killed by",
        "in a circle",
        "a circle of waiting jobs",
        "timed out after",
        "trap",
        "no function",
        "{\"id\":",
        "before it joined",
    ];
    assert!(answer.is_empty() || known.iter().any(|words| answer.contains(words)), "{answer}");
}

#[test]
fn a_crowd_does_to_the_table_what_each_one_s_model_says() {
    for_seeds(3, |mut rng| {
        let (kernel, barrier) = (kernel(), Arc::new(Barrier::new(THREADS)));
        let hands = std::thread::scope(|scope| {
            let crowd: Vec<_> = (0..THREADS)
                .map(|_| {
                    let hand = Hand::new(&kernel, fastrand::Rng::with_seed(rng.u64(..)));
                    let barrier = barrier.clone();
                    scope.spawn(move || work(hand, &barrier))
                })
                .collect();
            crowd.into_iter().map(|hand| hand.join()).collect::<Vec<_>>()
        });
        let mut hands: Vec<Hand> = hands.into_iter().map(|hand| hand.expect("a thread of the crowd failed")).collect();
        look_at_all(&kernel, &hands);
        for hand in &mut hands {
            while let Some(id) = hand.any() {
                hand.kill(id, true);
            }
        }
        assert_eq!((kernel.process_count(), kernel.memory_bytes()), (0, 0));
    });
}

/// One thread's rounds. Between two, all stand still and each compares its own part and all that adds up.
fn work(mut hand: Hand, barrier: &Barrier) -> Hand {
    for round in 1..=ROUNDS {
        // A thread that failed must not leave the others waiting for it: its failure is kept until the round is over.
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..CROWD_STEPS {
                if hand.rng.bool() {
                    hand.change()
                } else {
                    call_anyone(&mut hand)
                }
                hand.compare();
            }
        }));
        barrier.wait();
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| add_up(&hand.kernel, &hand.asked)));
        barrier.wait();
        if let Err(panic) = worked.and(looked) {
            for _ in 0..2 * (ROUNDS - round) {
                barrier.wait();
            }
            std::panic::resume_unwind(panic);
        }
    }
    hand
}

/// All parts together are the table, and nothing else is in it.
fn look_at_all(kernel: &Arc<Kernel>, hands: &[Hand]) {
    let parents = |model: &Model| model.living().map(|id| (id, model.parent(id))).collect::<Vec<_>>();
    let expected: BTreeMap<ProcessId, ProcessId> = hands.iter().flat_map(|hand| parents(&hand.model)).collect();
    let views = kernel.processes(false);
    assert_eq!(views.iter().map(|view| (view.id, view.parent)).collect::<BTreeMap<_, _>>(), expected);
    for view in &views {
        assert!(matches!(view.state.word(), "idle" | "crashed"), "{} is {}", view.label(), view.state.word());
    }
    let asked: Vec<Asked> = hands.iter().flat_map(|hand| hand.asked.clone()).collect();
    add_up(kernel, &asked);
}

/// Runs a test once for each seed, or for the one that `PLUGSH_SEED` names; says which one failed.
fn for_seeds(count: u64, run: impl Fn(fastrand::Rng) + std::panic::RefUnwindSafe) {
    let given = std::env::var("PLUGSH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = given.map_or(1..=count, |seed| seed..=seed);
    for seed in seeds {
        let ran = std::panic::catch_unwind(|| run(fastrand::Rng::with_seed(seed)));
        if let Err(panic) = ran {
            eprintln!("`PLUGSH_SEED={seed}` repeats it");
            std::panic::resume_unwind(panic);
        }
    }
}
