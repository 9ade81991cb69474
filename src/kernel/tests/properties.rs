//! Random trees of processes with random calls, kills and restarts: compared with a plain model after each step, and from
//! several threads at once with what must add up in the end. A failure prints the seed that repeats it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{call, kernel, load};
use crate::journal::Record;
use crate::kernel::{Kernel, ProcessId};

const STEPS: usize = 120;

/// The process table as anyone would write it down: who lives, under whom.
#[derive(Default)]
struct Model {
    parents: BTreeMap<ProcessId, ProcessId>,
    next: ProcessId,
}

impl Model {
    fn add(&mut self, parent: ProcessId) -> ProcessId {
        self.next += 1;
        self.parents.insert(self.next, parent);
        self.next
    }

    fn children(&self, id: ProcessId) -> Vec<ProcessId> {
        self.parents.iter().filter(|(_, parent)| **parent == id).map(|(child, _)| *child).collect()
    }

    fn kill(&mut self, id: ProcessId, subtree: bool) {
        let Some(parent) = self.parents.remove(&id) else { return };
        for child in self.children(id) {
            match subtree {
                true => self.kill(child, true),
                false => drop(self.parents.insert(child, parent)),
            }
        }
    }

    fn is_below(&self, id: ProcessId, ancestor: ProcessId) -> bool {
        let parent = self.parents.get(&id).copied().unwrap_or(0);
        parent != 0 && (parent == ancestor || self.is_below(parent, ancestor))
    }
}

fn ask(kernel: &Arc<Kernel>, id: ProcessId, function: &str, input: &str) -> Result<String, String> {
    let output = call(kernel, id, function, input.as_bytes()).map_err(|error| error.message)?;
    Ok(String::from_utf8(output).unwrap())
}

fn step(kernel: &Arc<Kernel>, model: &mut Model, rng: &mut fastrand::Rng) {
    let living: Vec<ProcessId> = model.parents.keys().copied().collect();
    let Some(some) = rng.choice(&living).copied() else {
        assert_eq!(load(kernel, "spawner"), model.add(0));
        return;
    };
    let other = rng.choice(&living).copied().unwrap_or(some);
    match rng.u8(0..12) {
        0 => assert_eq!(load(kernel, "spawner"), model.add(0)),
        1..=4 => assert_eq!(ask(kernel, some, "spawn", "spawner"), Ok(model.add(some).to_string())),
        5 => {
            let subtree = rng.bool();
            kernel.kill(some, subtree).unwrap();
            model.kill(some, subtree);
        }
        6 => {
            let freed = ask(kernel, some, "free", &other.to_string());
            assert_eq!(freed.is_ok(), model.is_below(other, some), "{some} frees {other}: {freed:?}");
            if freed.is_ok() {
                model.kill(other, false);
            }
        }
        7 => drop(kernel.restart(some).unwrap()),
        8 => {
            let program = kernel.resolve("spawner", &mut |_, _| true).unwrap();
            kernel.reload(some, &program, false).unwrap();
        }
        _ => {
            let called = ask(kernel, some, "try_call", &format!("{other} whoami x")).unwrap();
            let parent = model.parents[&other];
            let expected = match some == other {
                true => "failed: call in a circle".to_owned(),
                false => format!("ok: {{\"id\":{other},\"parent\":{parent}}}"),
            };
            assert!(called.starts_with(&expected), "{called} is not {expected}");
        }
    }
}

fn compare(kernel: &Arc<Kernel>, model: &Model) {
    let views = kernel.processes(false);
    let parents: BTreeMap<ProcessId, ProcessId> = views.iter().map(|view| (view.id, view.parent)).collect();
    assert_eq!(parents, model.parents);
    for view in &views {
        let children: Vec<ProcessId> = kernel.process(view.id).unwrap().children.iter().map(|child| child.id).collect();
        assert_eq!(children, model.children(view.id), "the children of {}", view.id);
    }
    let names: BTreeSet<&str> = views.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names.len(), views.len(), "a name is there twice");
    add_up(kernel);
}

/// What must be so whenever no call runs.
fn add_up(kernel: &Arc<Kernel>) {
    assert!(kernel.running().is_empty());
    let views = kernel.processes(true);
    let living: u64 = kernel.processes(false).iter().map(|view| view.memory.committed_bytes()).sum();
    assert_eq!(kernel.memory_bytes(), living, "memory is counted that nobody has");
    let records = kernel.journal().records(usize::MAX);
    let numbers: BTreeSet<u64> = records.iter().map(|record| record.seq).collect();
    assert_eq!(numbers.len(), records.len(), "a call ended twice");
    for view in &views {
        // A refused call is a record too, but no call.
        let of = |record: &&Record| record.callee == view.id && record.duration_ns > 0;
        let (calls, bytes_out) = records.iter().filter(of).fold((0, 0), |(n, b), record| (n + 1, b + record.bytes_out));
        // Of one that died in a call, the view is from before that call's end.
        if !matches!(view.state, crate::kernel::ProcessState::Dead { .. }) {
            assert_eq!((view.calls, view.bytes_out), (calls, bytes_out), "the calls of {}", view.label());
        }
    }
}

fn with_seed(seed: u64, run: impl FnOnce(fastrand::Rng) + std::panic::UnwindSafe) {
    let ran = std::panic::catch_unwind(|| run(fastrand::Rng::with_seed(seed)));
    if let Err(panic) = ran {
        eprintln!("the seed that repeats it: {seed}");
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn the_table_is_what_a_model_says() {
    for seed in 1..=4 {
        with_seed(seed, |mut rng| {
            let (kernel, mut model) = (kernel(), Model::default());
            for _ in 0..STEPS {
                step(&kernel, &mut model, &mut rng);
                compare(&kernel, &model);
            }
        });
    }
}

/// One thread's part in a crowd: what it meets may have gone meanwhile, so that any of it may fail, but not hang.
fn act(kernel: &Arc<Kernel>, rng: &mut fastrand::Rng) {
    let living: Vec<ProcessId> = kernel.processes(false).iter().map(|view| view.id).collect();
    let some = rng.choice(&living).copied().unwrap_or(1);
    let other = rng.choice(&living).copied().unwrap_or(1);
    match rng.u8(0..16) {
        0 | 1 => drop(load(kernel, "spawner")),
        2 => drop(load(kernel, "misbehave")),
        3..=5 => drop(ask(kernel, some, "spawn", "spawner")),
        6 => drop(kernel.kill(some, rng.bool())),
        7 => drop(ask(kernel, some, "free", &other.to_string())),
        8 => drop(kernel.restart(some)),
        9 => drop(ask(kernel, some, "try_call", &format!("{other} crash x"))),
        10 => {
            let mut plan = super::plan(some, "call", format!("{other} spin x").as_bytes());
            plan.timeout = Some(std::time::Duration::from_millis(rng.u64(0..5)));
            drop(kernel.start(plan).map(|job| job.wait()));
        }
        11 => {
            let job = kernel.start(super::plan(some, "spin", b""));
            if let Ok(job) = job {
                drop(kernel.kill(some, false));
                job.interrupt();
                job.wait();
            }
        }
        _ => drop(ask(kernel, some, "try_call", &format!("{other} try_call {some} whoami x"))),
    }
}

#[test]
fn a_crowd_leaves_nothing_behind() {
    for seed in 1..=3 {
        with_seed(seed, |mut rng| {
            let kernel = kernel();
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let (kernel, mut rng) = (kernel.clone(), fastrand::Rng::with_seed(rng.u64(..)));
                    std::thread::spawn(move || (0..STEPS / 2).for_each(|_| act(&kernel, &mut rng)))
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            add_up(&kernel);
            while let Some(view) = kernel.processes(false).first() {
                kernel.kill(view.id, true).unwrap();
            }
            assert_eq!((kernel.process_count(), kernel.memory_bytes()), (0, 0));
        });
    }
}
