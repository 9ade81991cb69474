//! The differential fuzzer: random programs over Extism's whole ABI run in plugsh's own host and in the extism SDK.
//! Everything observable must be equal: outputs, errors, codes, vars, logs and handles. Intended differences (README's
//! table) are evened out first.
//!
//! A session runs programs one after the other in one instance, which calls a second one. `cargo test` runs sessions
//! for a few seconds with a new seed. A failure prints the session's seed and the smallest failing session that was
//! found; `PLUGSH_DIFFERENTIAL_SEED=N` repeats it. `PLUGSH_DIFFERENTIAL_PROGRAMS=N` runs N programs and prints the time
//! taken.

mod generate;
mod program;
mod server;
mod shrink;
mod world;

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use fastrand::Rng;
use plugsh::runtime::Host;
use program::{Program, Session, Step};
use world::{End, Runner, Seen};

/// The running time without `PLUGSH_DIFFERENTIAL_PROGRAMS`.
const TIME_MAX: Duration = Duration::from_secs(4);
const SEED: &str = "PLUGSH_DIFFERENTIAL_SEED";
const PROGRAMS: &str = "PLUGSH_DIFFERENTIAL_PROGRAMS";
/// Programs between two progress messages.
const SAID_EVERY: u64 = 100_000;

/// The most characters of one observation in a failure's message.
const SHOWN_CHARS_MAX: usize = 1_000;

static NATIVE: LazyLock<Runner> = LazyLock::new(|| Runner::new(Host::Native));
static STOCK: LazyLock<Runner> = LazyLock::new(|| Runner::new(Host::Extism));

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, and not `{text}`")))
}

/// The observations in both hosts.
struct Both {
    native: Seen,
    stock: Seen,
}

impl Both {
    fn run(session: &Session) -> Self {
        Both { native: NATIVE.run(session), stock: STOCK.run(session) }
    }

    fn alike(&self) -> bool {
        let Both { native, stock } = self;
        native.notes == stock.notes
            && native.logs == stock.logs
            && native.ends.len() == stock.ends.len()
            && native.ends.iter().zip(&stock.ends).all(|(native, stock)| ends_alike(native, stock))
    }
}

/// The SDK gives no code with a message.
fn ends_alike(native: &End, stock: &End) -> bool {
    match (native, stock) {
        (End::Failure { kind, message, .. }, End::Failure { kind: k, message: m, code: None }) => {
            kind == k && message == m
        }
        _ => native == stock,
    }
}

fn fail(session: &Session, seed: u64) -> ! {
    let smallest = shrink::shrink(session, |smaller| !Both::run(smaller).alike());
    let Both { native, stock } = Both::run(&smallest);
    panic!("the hosts differ: {SEED}={seed}\n{smallest}\nnative: {}\nextism: {}", show(&native), show(&stock));
}

fn show(seen: &Seen) -> String {
    let mut text = String::new();
    for end in &seen.ends {
        text += &match end {
            End::Output(output) if output.len() > 200 => {
                format!("\n  gives \"{}\"… ({} bytes)", output[..200].escape_ascii(), output.len())
            }
            End::Output(output) => format!("\n  gives \"{}\"", output.escape_ascii()),
            failure => cut(format!("\n  fails {failure:?}")),
        };
    }
    text + &cut(format!("\n  notes {:?}", seen.notes)) + &cut(format!("\n  logs {:?}", seen.logs))
}

fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(SHOWN_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[test]
fn random_programs_are_alike_in_both_hosts() {
    let seed = number(SEED).unwrap_or_else(|| {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64)
    });
    let wanted = number(PROGRAMS);
    let url = server::start();
    let start = Instant::now();
    let (mut done, mut failed) = (0, 0);
    for seed in (0..).map(|session| seed.wrapping_add(session)) {
        if wanted.map_or_else(|| start.elapsed() >= TIME_MAX, |wanted| done >= wanted) {
            break;
        }
        let session = generate::session(&mut Rng::with_seed(seed), &url);
        let both = Both::run(&session);
        if !both.alike() {
            fail(&session, seed);
        }
        failed += both.native.ends.iter().filter(|end| matches!(end, End::Failure { .. })).count();
        let before = done;
        done += session.programs.len() as u64;
        if before / SAID_EVERY != done / SAID_EVERY {
            println!("{done} programs without a difference in {:.0?}", start.elapsed());
        }
    }
    println!(
        "{done} programs without a difference in {:.0?}, of which {failed} ended with a failure; {SEED}={seed}",
        start.elapsed()
    );
}

/// A session of one program.
fn one(steps: &[Step]) -> Session {
    Session { programs: vec![Program { steps: steps.to_vec(), tail: 0 }] }
}

#[test]
fn the_interpreter_does_what_a_program_says() {
    let session = one(&[
        Step::Text { to: 0, text: b"key".to_vec() },
        Step::ConfigGet { key: 0, to: 1 },
        Step::Log { level: 2, slot: 1 },
        Step::Text { to: 2, text: b"run".to_vec() },
        Step::Program {
            to: 3,
            steps: vec![Step::Text { to: 0, text: b"no".to_vec() }, Step::ErrorSet { slot: 0, plus: 0 }],
        },
        Step::TryCall { id: 2, function: 2, input: 3, to: 4 },
        Step::CallError { to: 5 },
        Step::OutputSet { slot: 5, plus: 0, length: 11 },
    ]);
    let seen = NATIVE.run(&session);
    assert_eq!(seen.ends, [End::Output(b"2: Guest no".to_vec())]);
    assert_eq!(seen.logs, [(plugsh::runtime::LogLevel::Info, "vvv".to_owned())]);
    assert_eq!(seen.notes.len(), 2, "{:?}", seen.notes);
}

#[test]
fn a_failing_program_is_shrunk() {
    let mut rng = Rng::with_seed(3);
    let mut large = generate::session(&mut rng, "http://127.0.0.1:1");
    large
        .programs
        .push(Program { steps: vec![Step::MemoryBytes, Step::Alloc { to: 1, size: 77 }, Step::Trap], tail: 5 });
    let traps = |session: &Session| session.programs.iter().any(|program| program.steps.contains(&Step::Trap));
    assert_eq!(shrink::shrink(&large, traps), one(&[Step::Trap]));
}
