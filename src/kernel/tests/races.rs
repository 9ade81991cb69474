//! Kills raced against the starts of calls: whoever comes first, the call ends and says of what. How many and in which
//! order is a seed's; a failure prints it.

use std::sync::Arc;
use std::time::Duration;

use super::{SPIN, kernel, load, plan, program};
use crate::journal::Outcome;
use crate::kernel::{Job, Kernel, LoadRequest, ProcessId};

/// Longer than any machine needs to end a call; a later end means a lost cancel.
const ENDED_WITHIN: Duration = Duration::from_secs(20);
/// Longest pause between a call's start and its end from outside, in turns of an empty loop: longer than a start takes.
const PAUSE_TURNS_MAX: u32 = 40_000;

/// Target and initiator of an end.
#[derive(Debug, Clone, Copy)]
enum Race {
    /// The process that the prompt calls.
    Kill,
    /// The process that a plugin calls.
    KillNested,
    /// The job, by Ctrl-C.
    Interrupt,
    /// The job, by `kill %N`.
    KillJob,
}

const RACES: [Race; 4] = [Race::Kill, Race::KillNested, Race::Interrupt, Race::KillJob];

/// Starts a call that never ends by itself, pauses for a random moment, and ends it.
fn race(kernel: &Arc<Kernel>, spin: ProcessId, caller: ProcessId, race: Race, rng: &mut fastrand::Rng) -> Job {
    let plan = match race {
        Race::KillNested => plan(caller, "call", format!("{spin} spin x").as_bytes()),
        Race::Kill | Race::Interrupt | Race::KillJob => plan(spin, "spin", b""),
    };
    let job = kernel.start(plan).unwrap();
    for _ in 0..rng.u32(..PAUSE_TURNS_MAX) >> rng.u32(..16) {
        std::hint::spin_loop();
    }
    match race {
        Race::Kill | Race::KillNested => drop(kernel.kill(spin, false).unwrap()),
        Race::Interrupt => job.interrupt(),
        Race::KillJob => job.kill(),
    }
    job
}

/// The error that a lost race ends with; nothing else may come of one.
fn check(job: &Job, race: Race, at: &str) {
    let end = job.wait_for(ENDED_WITHIN).unwrap_or_else(|| panic!("{at}: lost: the call goes on"));
    let error = end.result.as_ref().expect_err(at);
    // Before it had its process, the call found that one dead; else it was ended.
    let dead = error.to_string().contains("is dead: killed by the shell");
    let ended = match race {
        Race::Interrupt => error.to_string().contains("interrupted"),
        Race::Kill | Race::KillNested | Race::KillJob => error.to_string().contains("killed by the shell"),
    };
    assert!(dead || ended && matches!(error.outcome, Outcome::Killed | Outcome::Error), "{at}: {}", error);
}

/// A count of ends, each raced against the start of its target call.
fn kills_raced_against_call_starts(kills: u64, seed: u64) {
    let (kernel, mut rng) = (kernel(), fastrand::Rng::with_seed(seed));
    let (program, caller) = (Arc::new(program(SPIN)), load(&kernel, "spawner"));
    let fresh = || kernel.load(LoadRequest::plain(program.clone())).unwrap().id;
    let mut spin = fresh();
    for kill in 0..kills {
        let what = RACES[kill as usize % RACES.len()];
        let job = race(&kernel, spin, caller, what, &mut rng);
        check(&job, what, &format!("{what:?} {kill} of seed {seed}"));
        if matches!(what, Race::Kill | Race::KillNested) {
            spin = fresh();
        }
    }
    assert!(kernel.running().is_empty());
    assert_eq!(kernel.processes(false).len(), 2, "the caller, and the last that was loaded");
}

#[test]
fn a_thousand_kills_lose_none() {
    kills_raced_against_call_starts(1_000, 1);
}

/// Minutes; for a release build: `cargo test --release --lib a_million_kills -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
fn a_million_kills_lose_none() {
    let started = std::time::Instant::now();
    let (kills, racers) = (250_000, 4);
    let racing = (1..=racers).map(|seed| std::thread::spawn(move || kills_raced_against_call_starts(kills, seed)));
    let racing: Vec<_> = racing.collect();
    racing.into_iter().for_each(|racer| racer.join().unwrap());
    eprintln!("{} kills raced against call starts, none lost, in {:.0?}", kills * racers, started.elapsed());
}
