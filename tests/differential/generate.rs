//! Random programs: sequences of steps, many of them related (a key, a value, their use), so that most steps have an
//! effect.

use fastrand::Rng;

use super::program::{Program, SLOTS, Session, Slot, Step};

/// The most programs of a session.
const PROGRAMS_MAX: usize = 16;
/// The most steps of a program; related steps count as one.
const STEPS_MAX: usize = 14;
/// The deepest nesting of programs.
const DEPTH_MAX: usize = 2;
/// One in this many steps sends a request, which costs far more than a program.
const HTTP_ONE_IN: u32 = 3_000;

/// A random session. `url` is that of a server that answers any path.
pub fn session(rng: &mut Rng, url: &str) -> Session {
    let mut programs = Vec::new();
    for _ in 0..1 + rng.usize(..PROGRAMS_MAX) {
        let tail = match rng.u8(..8) {
            0..=4 => 0,
            5 => rng.u32(..10),
            6 => rng.u32(..300),
            _ => rng.u32(..9_000),
        };
        programs.push(Program { steps: steps(rng, url, 0), tail });
    }
    Session { programs }
}

fn steps(rng: &mut Rng, url: &str, depth: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..rng.usize(..STEPS_MAX) {
        step(rng, url, depth, &mut steps);
    }
    steps
}

fn slot(rng: &mut Rng) -> Slot {
    // Few slots, so that a used one is likely.
    if rng.bool() { rng.u8(..3) } else { rng.u8(..SLOTS) }
}

/// A size: mostly small, or near the threshold at which a block is split, or near the end of a page.
fn size(rng: &mut Rng) -> u32 {
    match rng.u8(..16) {
        0 => 0,
        1..=7 => rng.u32(1..10),
        8..=9 => rng.u32(10..140),
        10..=11 => rng.u32(140..2_000),
        12 => rng.u32(2_000..20_000),
        13 => rng.u32(64_900..65_600),
        14 => rng.u32(20_000..150_000),
        _ => [1, 8, 116, 128, 140, 65_395][rng.usize(..6)],
    }
}

fn near(rng: &mut Rng) -> i16 {
    match rng.u8(..8) {
        0..=4 => 0,
        5 => rng.i16(-13..14),
        6 => rng.i16(-200..200),
        _ => rng.i16(..),
    }
}

fn at(rng: &mut Rng) -> u16 {
    match rng.u8(..4) {
        0..=1 => rng.u16(..10),
        2 => rng.u16(..140),
        _ => rng.u16(..4_000),
    }
}

/// A key of 1 to 9 bytes: one of the config's, one near them, or rarely one that is not UTF-8.
pub fn key(rng: &mut Rng) -> Vec<u8> {
    match rng.u8(..12) {
        0 => vec![b'v'; rng.usize(1..10)],
        1 => vec![0xff, b'k'],
        2 => b"empty".to_vec(),
        3 => b"long".to_vec(),
        4 => b"longer".to_vec(),
        _ => CONFIG_KEYS[rng.usize(..CONFIG_KEYS.len())].as_bytes().to_vec(),
    }
}

/// Keys of 1 to 9 bytes.
pub const CONFIG_KEYS: [&str; 9] = ["k", "ke", "key", "key4", "key-5", "key--6", "key---7", "key----8", "key-----9"];

fn words(rng: &mut Rng) -> Vec<u8> {
    let length = if rng.bool() { rng.usize(..10) } else { rng.usize(..200) };
    (0..length).map(|_| b'a' + rng.u8(..26)).collect()
}

/// Adds a step or a few related steps.
fn step(rng: &mut Rng, url: &str, depth: usize, steps: &mut Vec<Step>) {
    if rng.u32(..HTTP_ONE_IN) == 0 {
        return http(rng, url, steps);
    }
    match rng.u8(..44) {
        kind @ 0..=26 => steps.extend(of_blocks(rng, kind)),
        36 if depth < DEPTH_MAX => nested(rng, url, depth, steps),
        kind => steps.extend(of_data(rng, kind)),
    }
}

/// Blocks, the input, the output and the error.
fn of_blocks(rng: &mut Rng, kind: u8) -> Vec<Step> {
    let slot = slot(rng);
    let step = match kind {
        0..=2 => Step::Alloc { to: slot, size: size(rng) },
        3 => return vec![Step::Alloc { to: slot, size: size(rng) }, Step::Fill { slot, seed: rng.u8(..) }],
        4..=5 => Step::Text { to: slot, text: words(rng) },
        6 => Step::Fill { slot, seed: rng.u8(..) },
        7..=11 => Step::Free { slot },
        12 => Step::Length { slot, plus: near(rng) },
        13 => Step::LengthUnsafe { slot, plus: near(rng) },
        14 => Step::LoadU8 { slot, at: at(rng) },
        15 => Step::LoadU64 { slot, at: at(rng) },
        16 => Step::StoreU8 { slot, at: at(rng), value: rng.u8(..) },
        17 => Step::StoreU64 { slot, at: at(rng), value: rng.u8(..) },
        18 => Step::InputLoadU8 { at: near(rng) },
        19 => Step::InputLoadU64 { at: near(rng) },
        20 => Step::Input { to: slot },
        21..=23 => {
            let length = if rng.bool() { rng.u32(..10) } else { size(rng) };
            Step::OutputSet { slot, plus: near(rng), length }
        }
        24 => Step::OutputInput,
        25 => Step::ErrorSet { slot, plus: if rng.bool() { 0 } else { near(rng) } },
        _ => Step::ErrorGet,
    };
    vec![step]
}

/// Config, vars, logs, the state after requests and calls, and the rest.
fn of_data(rng: &mut Rng, kind: u8) -> Vec<Step> {
    let (a, b, c) = (slot(rng), slot(rng), slot(rng));
    match kind {
        27..=28 => vec![Step::Text { to: a, text: key(rng) }, Step::ConfigGet { key: a, to: b }],
        29 => vec![Step::Text { to: a, text: key(rng) }, Step::VarGet { key: a, to: b }],
        30 => vec![Step::Text { to: a, text: key(rng) }, Step::VarSet { key: a, value: c }],
        31 => vec![
            Step::Text { to: a, text: key(rng) },
            Step::Text { to: b, text: words(rng) },
            Step::VarSet { key: a, value: b },
        ],
        32 => vec![Step::VarDelete { key: a }],
        33 => vec![Step::Text { to: a, text: words(rng) }, Step::Log { level: rng.u8(..5), slot: a }],
        34 => vec![bare(rng, a, b, c)],
        35 => vec![Step::HttpHeaders { to: a }],
        37 => vec![Step::CallError { to: a }],
        38 => vec![Step::MemoryBytes],
        39 => vec![Step::Copy { from: a, plus: near(rng), to: b }],
        40..=41 => {
            let count_max = if rng.bool() { 6 } else { 90 };
            let (count, size) = (rng.u8(..count_max), size(rng).min(30_000));
            vec![Step::Many { to: a, count, size, free_every: rng.u8(..4) }]
        }
        42 => vec![end(rng)],
        _ => vec![Step::LogLevel],
    }
}

/// A host function with arguments from the slots.
fn bare(rng: &mut Rng, a: Slot, b: Slot, c: Slot) -> Step {
    match rng.u8(..8) {
        0 => Step::ConfigGet { key: a, to: b },
        1 => Step::VarGet { key: a, to: b },
        2 => Step::VarSet { key: a, value: b },
        3 => Step::Log { level: rng.u8(..5), slot: a },
        4 => Step::Http { request: a, body: b, to: c },
        5 => Step::Call { id: rng.u8(..4), function: a, input: b, to: c },
        6 => Step::TryCall { id: rng.u8(..4), function: a, input: b, to: c },
        _ => Step::Find { name: a },
    }
}

/// The end of a call; rare, since later steps do not run.
fn end(rng: &mut Rng) -> Step {
    match rng.u8(..6) {
        0 => Step::Trap,
        1..=3 => Step::Return { code: [0, 1, -1, 127][rng.usize(..4)] },
        _ => Step::ErrorGet,
    }
}

fn nested(rng: &mut Rng, url: &str, depth: usize, steps: &mut Vec<Step>) {
    let (function, input, to) = (slot(rng), slot(rng), slot(rng));
    // Mostly the other one of the two instances.
    let id = if rng.u8(..8) == 0 { rng.u8(..4) } else { 2 - depth as u8 % 2 };
    let name: &[u8] = if rng.u8(..12) == 0 { b"nothing" } else { b"run" };
    steps.push(Step::Text { to: function, text: name.to_vec() });
    if rng.u8(..10) > 0 {
        steps.push(Step::Program { to: input, steps: self::steps(rng, url, depth + 1) });
    }
    match rng.u8(..3) {
        0 => steps.push(Step::Call { id, function, input, to }),
        _ => steps.push(Step::TryCall { id, function, input, to }),
    }
    if rng.bool() {
        steps.push(Step::CallError { to: slot(rng) });
    }
    for slot in [function, input, to] {
        if rng.u8(..3) == 0 {
            steps.push(Step::Free { slot });
        }
    }
}

fn http(rng: &mut Rng, url: &str, steps: &mut Vec<Step>) {
    let (request, body, to) = (rng.u8(..SLOTS), rng.u8(..SLOTS), slot(rng));
    let path = ["small", "large", "missing"][rng.usize(..3)];
    let (method, header) = (["GET", "POST", "G T"][rng.usize(..3)], ["x", "x\\n"][usize::from(rng.u8(..8) == 0)]);
    let text = format!("{{\"url\":\"{url}/{path}\",\"method\":\"{method}\",\"headers\":{{\"x-a\":\"{header}\"}}}}");
    steps.push(Step::Text { to: request, text: text.into_bytes() });
    if rng.bool() {
        steps.push(Step::Text { to: body, text: words(rng) });
    }
    steps.extend([Step::Http { request, body, to }, Step::HttpHeaders { to: slot(rng) }]);
}
