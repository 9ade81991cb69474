//! Fuzz targets: module bytes, manifests, policy files and lines of the wire. `cargo test` runs each on random inputs
//! for a bounded time.
//! A failure prints the shrunk input and the seed; `BOLERO_RANDOM_SEED=N` repeats it. `BOLERO_RANDOM_TEST_TIME_MS` and
//! `BOLERO_RANDOM_ITERATIONS` set longer runs, `cargo bolero test --test fuzz TARGET` runs a target under a
//! coverage-guided engine. Inputs that once failed are kept in `tests/__fuzz__` and run every time.

#[path = "fuzz/cursor.rs"]
mod cursor;
#[path = "fuzz/guest.rs"]
mod guest;
#[path = "fuzz/wire.rs"]
mod wire;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use bolero::check;
use cursor::Cursor;
use plugsh::kernel::{CallPlan, CallStage, Kernel, KernelOptions, LoadRequest, OwnerId, Policy, ProcessId};
use plugsh::limits::Limits;
use plugsh::runtime::{Explained, ModuleBytes, Program, Spec};
use plugsh::shell::words::SHELL;

/// Bounds of one target under `cargo test`.
const TIME_MAX: Duration = Duration::from_secs(6);
const ITERATIONS_MAX: usize = 2_000;
const INPUT_BYTES_MAX: usize = 2_048;

const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// The timeout of a call or start function, and the longest time until it has ended.
const CALL_MAX: Duration = Duration::from_millis(20);
const ENDED_WITHIN: Duration = Duration::from_secs(20);
/// The fuel of a call: an end by fuel is reproducible, an end by deadline is not.
const FUEL: u64 = 100_000;

/// Checks that a message is one line without control characters.
fn is_shown_safely(message: &str) {
    assert!(!message.chars().any(|c| c.is_control()), "control characters in {message:?}");
    assert!(message.len() < 8_192, "{} bytes of message", message.len());
}

// Policies.

const POLICY_WORDS: &[&str] = &[
    "[[plugin]]\n",
    "[default]\n",
    "[plugin.children]\n",
    "[default.children]\n",
    "name = ",
    "load = ",
    "call = ",
    "children_max = ",
    "memory_max = ",
    "fuel = ",
    "timeout = ",
    "hosts = ",
    "paths = ",
    "config = ",
    "'*'\n",
    "'a*'\n",
    "['echo', '**']\n",
    "[{ source = 'x', sha256 = 'ab' }]\n",
    "['../*/**/[a-']\n",
    "['http://*.h/{a,b}/**']\n",
    "[]\n",
    "['a.b', '*', '.']\n",
    "'99999999999p'\n",
    "-1\n",
    "18446744073709551615\n",
    "'1h1ns'\n",
    "['ro:/:/']\n",
    "['k=v', '=', '*']\n",
    "1e400\n",
    "\n",
    "[",
    "]",
    "'",
    "{",
    "}",
    "=",
    "\\",
    "\u{1b}[31m",
    "\u{202e}",
];

#[test]
fn policy_files() {
    check!().with_test_time(TIME_MAX).with_iterations(ITERATIONS_MAX).with_max_len(INPUT_BYTES_MAX).for_each(
        |input: &[u8]| {
            let text = Cursor::new(input).text(POLICY_WORDS);
            match Policy::parse(&text, "p.toml", Path::new("/")) {
                Err(error) => is_shown_safely(&error.to_string()),
                Ok(policy) => asks(&policy, input),
            }
        },
    );
}

/// Evaluates a policy as the kernel does.
fn asks(policy: &Policy, input: &[u8]) {
    use plugsh::kernel::policy::{RequestedSource, Who};
    let text = String::from_utf8_lossy(input);
    for name in ["a", "echo", &text] {
        let who = Who { name, plugin: "x" };
        if let Err(error) = policy.call(who, Who { name: "b", plugin: "b" }, &text) {
            is_shown_safely(&error.line(SHELL));
        }
        for source in ["echo", "./x.wasm", "http://a.h/b", &text] {
            match RequestedSource::of(source) {
                Ok(asked) => drop(policy.load(who, &asked).map_err(|error| is_shown_safely(&error.line(SHELL)))),
                Err(error) => is_shown_safely(&error.to_string()),
            }
        }
        let _ = policy.children(who).0.words();
    }
}

// Manifests.

const MANIFEST_WORDS: &[&str] = &[
    "{\"wasm\":[",
    "{\"path\":\"a.wat\"}",
    "{\"data\":\"AGFzbQEAAAA=\"}",
    "{\"url\":\"http://127.0.0.1:1/x\"}",
    "]",
    "}",
    ",\"hash\":\"00\"",
    ",\"name\":\"main\"",
    ",\"memory\":{\"max_pages\":4294967295}",
    ",\"timeout_ms\":0",
    ",\"config\":{\"k\":\"v\"}",
    ",\"allowed_paths\":{\"ro:/\":\"/\"}",
    ",\"allowed_hosts\":[\"*\",\"[\"]",
    "[[wasm]]\n",
    "path = 'a.wat'\n",
    "path = '../../../../etc/passwd'\n",
    "data = 'AGFzbQEAAAA='\n",
    "name = 'extism:host/env'\n",
    "hash = '0'\n",
    "[memory]\n",
    "max_pages = 1\n",
    "max_var_bytes = 18446744073709551615\n",
    "[config]\n",
    "k = 'v'\n",
    "[allowed_paths]\n",
    "'.' = '/'\n",
    "timeout_ms = -1\n",
    "{\"ptr\":1,\"len\":9}",
    "data = { ptr = 1, len = 9 }\n",
    "\"",
    "{",
    "[",
    ":",
    "\u{1b}[31m",
    "\u{202e}",
];

/// A folder for files, with a module in it.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("a.wat"), "(module)").expect("a module");
    dir
});

#[test]
fn manifests() {
    let kernel = Kernel::new(KernelOptions::default());
    let kernel = std::panic::AssertUnwindSafe(kernel);
    check!().with_test_time(TIME_MAX).with_iterations(ITERATIONS_MAX).with_max_len(INPUT_BYTES_MAX).for_each(
        move |input: &[u8]| {
            let mut cursor = Cursor::new(input);
            let file = ["m.toml", "m.json", "m"][usize::from(cursor.byte()) % 3];
            let text = cursor.text(MANIFEST_WORDS);
            let path: PathBuf = FOLDER.path().join(file);
            std::fs::write(&path, &text).expect("written");
            if let Err(error) = kernel.resolve(&path.to_string_lossy(), &mut |_, _| true) {
                is_shown_safely(&error.to_string());
            }
        },
    );
}

// Modules.

static KERNEL: LazyLock<Mutex<Arc<Kernel>>> = LazyLock::new(|| {
    let limits = Limits {
        processes_max: 50,
        memory_bytes_max: MEMORY_BYTES_MAX,
        log_bytes_max: 1 << 20,
        journal_records_max: 10_000,
        timeout: Some(CALL_MAX),
        ..Limits::default()
    };
    Mutex::new(Kernel::new(KernelOptions { limits, ..KernelOptions::default() }))
});

/// Loads bytes as a plugin, calls its functions, and checks that nothing is left afterwards.
fn live_and_die(bytes: &[u8]) {
    // One target at a time: they share the kernel, and each checks that it is empty. A poisoned lock was reported.
    let kernel = KERNEL.lock().unwrap_or_else(PoisonError::into_inner);
    let sha256 = format!("{:016x}", hash(bytes));
    let module = ModuleBytes { name: "main".into(), bytes: bytes.into(), sha256, linked_from: None };
    let spec = Spec { fuel: Some(FUEL), ..Spec::default() };
    let program = Program { modules: vec![module], spec, origin: "fuzz.wasm".into(), stem: "fuzz".into() };
    match kernel.load(LoadRequest { timeout: Some(CALL_MAX), ..LoadRequest::plain(Arc::new(program)) }) {
        Err(error) => {
            is_shown_safely(&error.to_string());
            assert!(!error.to_string().contains("the loader gave up"), "{}", error.to_string());
        }
        Ok(label) => calls(&kernel, label.id),
    }
    for view in kernel.processes(false) {
        // A process may have ended with another one.
        drop(kernel.kill(view.id, false));
    }
    assert!(kernel.running().is_empty(), "a call runs on");
    assert_eq!((kernel.processes(false).len(), kernel.memory_bytes()), (0, 0), "something is left");
}

fn calls(kernel: &Arc<Kernel>, id: ProcessId) {
    let Some(detail) = kernel.process(id) else { return };
    for function in detail.functions.iter().take(8) {
        let plan = CallPlan {
            stages: vec![CallStage { process: id, function: function.clone() }],
            input: b"\x00\xffinput"[..].into(),
            repeat: 1,
            timeout: Some(CALL_MAX),
            text: "fuzz".into(),
            background: false,
            owner: OwnerId::FIRST,
        };
        let job = kernel.start(plan).expect("a job");
        let end = job.wait_for(ENDED_WITHIN).unwrap_or_else(|| panic!("`{function}` does not end"));
        if let Err(error) = &end.result {
            is_shown_safely(&error.to_string());
        }
        assert!(kernel.memory_bytes() <= MEMORY_BYTES_MAX, "`{function}` broke the budget");
    }
}

fn hash(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// The hostile plugins as bytes, the seeds of random changes.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/wat");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.iter().filter_map(|file| wat::parse_file(file).ok()).collect()
});

#[test]
fn module_bytes() {
    check!().with_test_time(TIME_MAX).with_iterations(ITERATIONS_MAX).with_max_len(INPUT_BYTES_MAX).for_each(
        |input: &[u8]| {
            let mut cursor = Cursor::new(input);
            match cursor.byte() % 8 {
                0 => live_and_die(cursor.rest()),
                1 => live_and_die(&[b"\0asm\x01\0\0\0", cursor.rest()].concat()),
                2 => live_and_die(&[b"(module ", cursor.rest(), b")"].concat()),
                _ => {
                    let seed = &SEEDS[usize::from(cursor.byte()) % SEEDS.len()];
                    live_and_die(&cursor.changed(seed));
                }
            }
        },
    );
}

#[test]
fn guests_that_call_the_host_at_random() {
    check!().with_test_time(TIME_MAX).with_iterations(ITERATIONS_MAX).with_max_len(INPUT_BYTES_MAX).for_each(
        |input: &[u8]| {
            let text = guest::write(&mut Cursor::new(input));
            live_and_die(text.as_bytes());
        },
    );
}

#[test]
fn what_the_guests_are_made_of_is_valid() {
    let text = guest::write(&mut Cursor::new(&[1, 7, 200, 3, 9, 44, 17, 80, 91, 120, 5, 6, 250, 33, 18, 77]));
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    live_and_die(&bytes);
    let empty = guest::write(&mut Cursor::new(&[]));
    assert!(wat::parse_str(&empty).is_ok(), "{empty}");
}
