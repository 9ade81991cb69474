//! Heap allocations of a warm call: none, from the shell and between plugins, with the journal on. Durations are
//! measured by `bench`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plugsh::kernel::{CallPlan, CallStage, Kernel, KernelOptions, LoadRequest, OwnerId, ProcessId};
use plugsh::limits::Limits;

/// The system's allocator with a counter.
struct Counted;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: each call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: `at` came from `alloc` above, and so from the system's allocator.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

fn load(kernel: &Arc<Kernel>, name: &str) -> ProcessId {
    let program = kernel.resolve(name, &mut |_, _| true).expect("a built-in plugin");
    kernel.load(LoadRequest::plain(program)).expect("it starts").id
}

/// The allocations of a job that runs these calls `repeat` times.
fn allocations(kernel: &Arc<Kernel>, stages: &[(ProcessId, &str)], input: &str, repeat: u64) -> u64 {
    let stages =
        stages.iter().map(|(process, function)| CallStage { process: *process, function: function.to_string() });
    let plan = CallPlan {
        stages: stages.collect(),
        input: input.as_bytes().into(),
        repeat,
        timeout: None,
        text: "test".into(),
        background: false,
        owner: OwnerId::FIRST,
    };
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let end = kernel.start(plan).expect("a job starts").wait();
    assert!(end.result.is_ok(), "{:?}", end.result);
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// A single test, since the counter is global.
#[test]
fn a_warm_call_allocates_nothing() {
    // A small journal, which the first calls fill.
    let limits = Limits { journal_records_max: 256, ..Limits::default() };
    let kernel = Kernel::new(KernelOptions { limits, ..KernelOptions::default() });
    let (echo, text) = (load(&kernel, "echo"), load(&kernel, "text"));

    let direct: &[(ProcessId, &str)] = &[(echo, "echo")];
    let pipe: &[(ProcessId, &str)] = &[(echo, "echo"), (text, "trim")];
    for (what, stages) in [("a call", direct), ("a pipe", pipe)] {
        allocations(&kernel, stages, "0123456789abcdef", 1_000);
        let few = allocations(&kernel, stages, "0123456789abcdef", 100);
        let many = allocations(&kernel, stages, "0123456789abcdef", 4_100);
        assert!(many <= few + 40, "{what}: 4,000 more of it allocated {} more times", many - few);
    }

    let spam = |count: u64| allocations(&kernel, &[(echo, "spam")], &format!("{text} trim {count} 16"), 1);
    spam(1_000);
    let (few, many) = (spam(100), spam(4_100));
    assert!(many <= few + 40, "a nested call: 4,000 more of it allocated {} more times", many - few);
}
