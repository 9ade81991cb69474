//! Havoc: several threads do anything to anybody's processes at once, so that starts, calls, restarts, reloads,
//! crashes, kills and Ctrl-C overlap as they may. What comes of each nobody can say; but everything ends, nothing is
//! left in a state that sticks, and all that was counted adds up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::adds_up::{Asked, add_up};
use super::for_seeds;
use crate::journal::{Filter, PayloadSettings};
use crate::kernel::OwnerId;
use crate::kernel::hooks::{FaultKind, FaultSpec, FaultWhen};
use crate::kernel::tests::{kernel_with, plan, put_word, until};
use crate::kernel::{
    CallPlan, CrashesMax, Job, Kernel, LoadRequest, OnCrash, ProcessId, ReplacementRequest, Restart, Supervision,
};
use crate::limits::Limits;
use crate::runtime::Program;

const THREADS: usize = 4;
const STEPS: usize = 60;
/// Longer than any machine needs; a later end means a lost cancel.
const ENDED_WITHIN: Duration = Duration::from_secs(30);
/// Plugins that can be started: of the last two the one calls another process before it has started, the other never
/// starts.
const NAMES: [&str; 4] = ["spawner", "misbehave", "starter", "slow"];

const SLOW: &str = include_str!("../../../../plugins/wat/start_loop.wat");

/// A start function that calls `spawner.whoami`, whoever is `spawner` then.
fn starter() -> String {
    format!(
        r#"(module
        (memory (export "memory") 1)
        (func $s (local $name i64) (local $function i64) {} {}
            (drop (call $call_plugin (call $find_plugin (local.get $name)) (local.get $function) (i64.const 0))))
        (start $s)
        (func (export "whoami"))
        (func (export "spin") (loop (br 0)))
        (func (export "crash") unreachable))"#,
        put_word("spawner", "$name"),
        put_word("whoami", "$function"),
    )
}

struct Vandal {
    kernel: Arc<Kernel>,
    programs: Arc<Vec<Arc<Program>>>,
    asked: Vec<Asked>,
    /// Restarts that were told to have taken place.
    restarts: BTreeMap<ProcessId, u64>,
    rng: fastrand::Rng,
}

impl Vandal {
    fn short(&mut self) -> Duration {
        Duration::from_micros(self.rng.u64(0..8_000))
    }

    fn program(&mut self) -> Arc<Program> {
        self.programs[self.rng.usize(..self.programs.len())].clone()
    }

    fn supervision(&mut self) -> Supervision {
        let few = CrashesMax { crashes_max: 1, window: Duration::from_secs(1) };
        let restarts = [Restart::OnCrash(None), Restart::OnCrash(Some(few)), Restart::Never];
        let on_crash = if self.rng.u8(0..4) == 0 { OnCrash::Kill } else { OnCrash::Reset };
        Supervision { on_crash, restart: restarts[self.rng.usize(..restarts.len())] }
    }

    fn load(&mut self) {
        let (program, supervision, timeout) = (self.program(), self.supervision(), Some(self.short()));
        // Refused, killed, interrupted or timed out: whatever comes.
        drop(self.kernel.load(LoadRequest { supervision, timeout, ..LoadRequest::plain(program) }));
    }

    fn begin(&mut self, id: ProcessId, function: &str, input: &str) -> Job {
        let timeout = Some(self.short());
        self.kernel.start(CallPlan { timeout, ..plan(id, function, input.as_bytes()) }).unwrap()
    }

    fn end(&mut self, job: &Job, bytes_in: usize) {
        let end = job.wait_for(ENDED_WITHIN).unwrap_or_else(|| panic!("a call hangs: {:?}", job.view()));
        if let Err(error) = &end.result {
            assert!(!error.to_string().contains("plugsh itself failed"), "{error}");
        }
        let bytes_out = end.result.as_ref().map(crate::kernel::JobOutput::byte_count).ok();
        self.asked.push(Asked { job: job.id(), bytes_in: bytes_in as u64, bytes_out });
    }

    fn ask(&mut self, id: ProcessId, function: &str, input: &str) {
        let job = self.begin(id, function, input);
        self.end(&job, input.len());
    }

    fn restart(&mut self, id: ProcessId) {
        if self.kernel.restart(id).is_ok() {
            *self.restarts.entry(id).or_default() += 1;
        }
    }

    /// New code, perhaps with as little time as it takes to be cut anywhere.
    fn reload(&mut self, id: ProcessId) {
        let what = ReplacementRequest::Reload { program: self.program(), force: self.rng.bool() };
        let timeout = Some(self.short());
        drop(self.kernel.replace_in(&self.kernel.new_task(0), id, &what, timeout));
    }

    /// A reload as a job, which is killed or is not.
    fn reload_as_job(&mut self, id: ProcessId) {
        // A job that ends by itself.
        let what = ReplacementRequest::Reload { program: self.programs[self.rng.usize(..2)].clone(), force: true };
        let job = self.kernel.start_replace(id, what, "reload".into(), OwnerId::FIRST).unwrap();
        if self.rng.bool() {
            job.kill();
        }
        job.wait_for(ENDED_WITHIN).expect("a reload hangs");
    }

    fn spin(&mut self, id: ProcessId) {
        let job = self.begin(id, "spin", "");
        match self.rng.u8(0..3) {
            0 => job.interrupt(),
            1 => job.kill(),
            _ => {}
        }
        self.end(&job, 0);
    }

    /// Calls that run beside each other, which others kill, restart and end meanwhile.
    fn side_by_side(&mut self, some: ProcessId, other: ProcessId) {
        let functions = ["join_all", "try_join_all", "poll_all", "start_all"];
        let function = functions[self.rng.usize(..functions.len())];
        let calls = ["whoami x", "crash x", "spin x", "spawn spawner"];
        let mut orders: Vec<String> = (0..self.rng.usize(1..8))
            .map(|_| {
                let called = if self.rng.bool() { some } else { other };
                match self.rng.u8(0..4) {
                    0 => format!("{called} try_join_all {other} whoami x"),
                    1 => format!("{called} start_all {other} spin x"),
                    _ => format!("{called} {}", calls[self.rng.usize(..calls.len())]),
                }
            })
            .collect();
        self.rng.shuffle(&mut orders);
        self.ask(some, function, &orders.join("\n"));
    }

    fn step(&mut self) {
        let living: Vec<ProcessId> = self.kernel.processes(self.rng.bool()).iter().map(|view| view.id).collect();
        let (Some(some), Some(other)) = (self.rng.choice(&living).copied(), self.rng.choice(&living).copied()) else {
            return self.load();
        };
        match self.rng.u8(0..22) {
            0..=2 => self.load(),
            3 | 4 => {
                let name = NAMES[self.rng.usize(..NAMES.len())];
                self.ask(some, "spawn", name);
            }
            5 => drop(self.kernel.kill(some, self.rng.bool())),
            6 => self.ask(some, "free", &other.to_string()),
            7 | 8 => self.restart(some),
            9 | 10 => self.reload(some),
            11 => self.reload_as_job(some),
            12 => drop(self.kernel.interrupt_foreground(OwnerId::FIRST)),
            13 => self.ask(some, "try_call", &format!("{other} crash x")),
            14 => self.ask(some, "call", &format!("{other} spin x")),
            15 => self.spin(some),
            16..=19 => self.side_by_side(some, other),
            _ => self.ask(some, "try_call", &format!("{other} try_call {some} whoami x")),
        }
    }
}

/// Checks that only records are left of the threads' work.
fn look_at_all(kernel: &Arc<Kernel>, vandals: &[Vandal]) {
    // A job's thread may hold its chain a moment longer.
    until("all chains are gone", || kernel.chain_table().all().is_empty());
    let asked: Vec<Asked> = vandals.iter().flat_map(|vandal| vandal.asked.clone()).collect();
    add_up(kernel, &asked);
    assert!(kernel.waits().is_empty(), "a chain waits");
    assert_eq!(kernel.started_budget().started_count(), 0, "a started call is not over");
    for view in kernel.processes(false) {
        assert!(matches!(view.state.word(), "idle" | "crashed"), "{} is {}", view.label(), view.state.word());
        let restarts: u64 = vandals.iter().filter_map(|vandal| vandal.restarts.get(&view.id)).sum();
        assert!(view.resets >= restarts, "{}: {} resets, {restarts} restarts", view.label(), view.resets);
        let process = kernel.living(view.id).unwrap();
        let mut slot = process.lock_slot();
        assert!(slot.occupant.is_none() && slot.queue.is_empty(), "{} is taken", view.label());
        assert!(slot.pending.is_none(), "a fresh instance of {} waits for ever", view.label());
        assert!(slot.replacements.take().is_empty(), "{} is being replaced for ever", view.label());
        drop(slot);
        let children = kernel.process(view.id).unwrap().children.len();
        let counted = process.counters.children.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(children, counted as usize, "the children of {}", view.label());
    }
    assert!(!kernel.table().read().is_unsettled(), "of the dead one is not settled");
}

#[test]
fn whatever_overlaps_ends_and_adds_up() {
    let starter = starter();
    for_seeds(3, |mut rng| {
        let (kernel, _dir) = kernel_with(&[("starter.wat", &starter), ("slow.wat", SLOW)], Limits::default());
        if rng.bool() {
            // The calls of half of all go the way of those that the debugger looks at.
            let no = FaultKind::Error("no".into());
            for (kind, chance) in
                [(no, 0.1), (FaultKind::Trap, 0.05), (FaultKind::Delay(Duration::from_millis(1)), 0.1)]
            {
                let filter = Filter::parse("depth > 0").unwrap();
                let (chance, seed) = (Some(chance), Some(rng.u64(..)));
                kernel.inject(FaultSpec { filter, kind, when: FaultWhen::ALWAYS, chance, seed }).unwrap();
            }
            kernel.set_payloads(PayloadSettings::all(64, 1 << 20));
        }
        let programs = Arc::new(NAMES.map(|name| kernel.resolve(name, &mut |_, _| true).unwrap()).to_vec());
        let vandals = std::thread::scope(|scope| {
            let crowd: Vec<_> = (0..THREADS)
                .map(|_| {
                    let (kernel, programs) = (kernel.clone(), programs.clone());
                    let rng = fastrand::Rng::with_seed(rng.u64(..));
                    let mut vandal = Vandal { kernel, programs, asked: Vec::new(), restarts: BTreeMap::new(), rng };
                    scope.spawn(move || {
                        (0..STEPS).for_each(|_| vandal.step());
                        vandal
                    })
                })
                .collect();
            crowd.into_iter().map(|vandal| vandal.join()).collect::<Vec<_>>()
        });
        let vandals: Vec<Vandal> = vandals.into_iter().map(|vandal| vandal.expect("a vandal failed")).collect();
        look_at_all(&kernel, &vandals);
        drop(vandals);
        for view in kernel.processes(false) {
            kernel.kill(view.id, false).unwrap();
        }
        assert_eq!((kernel.process_count(), kernel.memory_bytes()), (0, 0));
        let weak = Arc::downgrade(&kernel);
        drop(kernel);
        until("nobody keeps the kernel", || weak.strong_count() == 0);
    });
}
