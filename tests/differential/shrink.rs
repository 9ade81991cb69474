//! Shrinking of a failing session: fewer programs and steps, smaller numbers.

use super::program::{Program, Session, Step};

/// The most sessions that are tried.
const TRIES_MAX: usize = 3_000;

/// The smallest session that was found for which `fails` holds; it must hold for `session`.
pub fn shrink(session: &Session, fails: impl Fn(&Session) -> bool) -> Session {
    let mut best = session.clone();
    let mut tries = 0;
    while let Some(smaller) = candidates(&best).into_iter().find(|candidate| {
        tries += 1;
        tries <= TRIES_MAX && fails(candidate)
    }) {
        best = smaller;
    }
    best
}

/// Sessions made smaller by one change, the largest changes first.
fn candidates(session: &Session) -> Vec<Session> {
    let mut found = Vec::new();
    for at in 0..session.programs.len() {
        let mut smaller = session.clone();
        smaller.programs.remove(at);
        found.push(smaller);
    }
    for (at, program) in session.programs.iter().enumerate() {
        let with = |program: Program| {
            let mut smaller = session.clone();
            smaller.programs[at] = program;
            smaller
        };
        for tail in [0, program.tail / 2].into_iter().filter(|tail| *tail < program.tail) {
            found.push(with(Program { tail, ..program.clone() }));
        }
        found.extend(fewer(&program.steps).into_iter().map(|steps| with(Program { steps, ..program.clone() })));
    }
    found
}

/// Sequences of steps made smaller by one change.
fn fewer(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    let mut part = steps.len() / 2;
    while part > 0 {
        for start in (0..steps.len()).step_by(part) {
            let end = steps.len().min(start + part);
            found.push([&steps[..start], &steps[end..]].concat());
        }
        part /= 2;
    }
    if steps.len() == 1 {
        found.push(Vec::new());
    }
    for (at, step) in steps.iter().enumerate() {
        for smaller in simpler(step) {
            let mut steps = steps.to_vec();
            steps[at] = smaller;
            found.push(steps);
        }
    }
    found
}

/// A step with a smaller number, a shorter text or a smaller program in it.
fn simpler(step: &Step) -> Vec<Step> {
    let halves = |number: u32| [number / 2, number.saturating_sub(1)].into_iter().filter(move |half| *half < number);
    let nearer = |plus: i16| [0, plus / 2].into_iter().filter(move |half| *half != plus);
    match step.clone() {
        Step::Alloc { to, size } => halves(size).map(|size| Step::Alloc { to, size }).collect(),
        Step::Text { to, text } => {
            halves(text.len() as u32).map(|length| Step::Text { to, text: text[..length as usize].to_vec() }).collect()
        }
        Step::Program { to, steps } => fewer(&steps).into_iter().map(|steps| Step::Program { to, steps }).collect(),
        Step::Many { to, count, size, free_every } => {
            let fewer = halves(u32::from(count)).map(|count| Step::Many { to, count: count as u8, size, free_every });
            fewer.chain(halves(size).map(|size| Step::Many { to, count, size, free_every })).collect()
        }
        Step::OutputSet { slot, plus, length } => {
            let shorter = halves(length).map(|length| Step::OutputSet { slot, plus, length });
            shorter.chain(nearer(plus).map(|plus| Step::OutputSet { slot, plus, length })).collect()
        }
        Step::Length { slot, plus } => nearer(plus).map(|plus| Step::Length { slot, plus }).collect(),
        Step::LengthUnsafe { slot, plus } => nearer(plus).map(|plus| Step::LengthUnsafe { slot, plus }).collect(),
        Step::ErrorSet { slot, plus } => nearer(plus).map(|plus| Step::ErrorSet { slot, plus }).collect(),
        Step::Copy { from, plus, to } => nearer(plus).map(|plus| Step::Copy { from, plus, to }).collect(),
        _ => Vec::new(),
    }
}
