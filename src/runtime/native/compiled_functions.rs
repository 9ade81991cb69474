//! Progress of a compilation: a count of the functions that wasmtime's compiler has done, by its timing of passes. It
//! serves a process that compiles one module.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cranelift_codegen::timing::{Pass, Profiler, set_thread_profiler};
use wasmparser::{Parser, Payload};

/// A share in percent, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u8);

impl Percent {
    /// The start: no function is compiled.
    pub const ZERO: Percent = Percent(0);

    /// A percentage; larger numbers are 100.
    pub fn new(percent: u8) -> Percent {
        Percent(percent.min(100))
    }

    /// The share of `done` in `total`, rounded down. `None` for no total.
    fn of(done: usize, total: usize) -> Option<Percent> {
        let percent = done.min(total).saturating_mul(100).checked_div(total)?;
        u8::try_from(percent).ok().map(Percent::new)
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }
}

/// The functions of one module that are compiled.
pub struct CompiledFunctions {
    done: AtomicUsize,
    /// 0 until it is known.
    total: AtomicUsize,
    report: Box<dyn Fn(Percent) + Send + Sync>,
}

impl CompiledFunctions {
    /// None is compiled; `report` gets each new percentage, from the thread that reaches it.
    pub fn new(report: impl Fn(Percent) + Send + Sync + 'static) -> Self {
        CompiledFunctions { done: AtomicUsize::new(0), total: AtomicUsize::new(0), report: Box::new(report) }
    }

    /// Counts in all threads that compile. These must not have started: the pool of a process has one set of threads.
    pub fn count_in_all_threads(self: &Arc<Self>) {
        let compiled = Arc::clone(self);
        let pool = rayon::ThreadPoolBuilder::new().start_handler(move |_| compiled.count_in_this_thread());
        // Without a count nothing is reported. A lack of threads is the compiler's to report.
        let _ = pool.build_global();
    }

    fn count_in_this_thread(self: &Arc<Self>) {
        set_thread_profiler(Box::new(Counter { compiled: Arc::clone(self), translated: Rc::default() }));
    }

    /// Sets the count of functions of the module; bytes that are no module have none.
    pub fn set_total(&self, wasm: &[u8]) {
        self.total.store(usize::try_from(bodies(wasm)).unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    fn add(&self) {
        let total = self.total.load(Ordering::Relaxed);
        let before = self.done.fetch_add(1, Ordering::Relaxed);
        match (Percent::of(before, total), Percent::of(before + 1, total)) {
            (Some(old), Some(new)) if old < new => (self.report)(new),
            _ => {}
        }
    }
}

fn bodies(wasm: &[u8]) -> u32 {
    let count = |payload| match payload {
        Ok(Payload::CodeSectionStart { count, .. }) => Some(count),
        _ => None,
    };
    Parser::new(0).parse_all(wasm).find_map(count).unwrap_or(0)
}

/// The profiler of one thread. A function is translated first and compiled then; a trampoline is compiled alone.
struct Counter {
    compiled: Arc<CompiledFunctions>,
    /// Whether the thread has translated the function that it compiles next.
    translated: Rc<Cell<bool>>,
}

impl Profiler for Counter {
    fn start_pass(&self, pass: Pass) -> Box<dyn Any> {
        match pass {
            Pass::wasm_translate_function => self.translated.set(true),
            Pass::compile if self.translated.take() => return Box::new(InFunction(Arc::clone(&self.compiled))),
            _ => {}
        }
        Box::new(())
    }
}

/// The compilation of one function: it counts when it ends.
struct InFunction(Arc<CompiledFunctions>);

impl Drop for InFunction {
    fn drop(&mut self) {
        self.0.add();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A counter of a module, and the percentages that it has reported.
    fn counted(text: &str) -> (Arc<CompiledFunctions>, Arc<Mutex<Vec<u8>>>) {
        let reported = Arc::<Mutex<Vec<u8>>>::default();
        let reports = Arc::clone(&reported);
        let compiled = CompiledFunctions::new(move |percent| reports.lock().unwrap().push(percent.get()));
        compiled.set_total(&wat::parse_str(text).unwrap());
        (Arc::new(compiled), reported)
    }

    #[test]
    fn functions_count_when_they_are_compiled_and_trampolines_do_not() {
        let (compiled, reported) = counted("(module (func) (func) (func))");
        let counter = Counter { compiled, translated: Rc::default() };
        for _ in 0..3 {
            drop(counter.start_pass(Pass::wasm_translate_function));
            drop(counter.start_pass(Pass::verifier));
            let compiling = counter.start_pass(Pass::compile);
            drop(counter.start_pass(Pass::regalloc));
            drop(compiling);
            drop(counter.start_pass(Pass::compile));
        }
        assert_eq!(*reported.lock().unwrap(), [33, 66, 100]);
    }

    #[test]
    fn each_percentage_is_reported_once() {
        let (compiled, reported) = counted(&format!("(module {})", "(func)".repeat(1_000)));
        (0..1_000).for_each(|_| compiled.add());
        assert_eq!(*reported.lock().unwrap(), (1..=100).collect::<Vec<u8>>());
    }

    #[test]
    fn a_module_without_functions_reports_nothing() {
        let (compiled, reported) = counted("(module)");
        compiled.add();
        assert!(reported.lock().unwrap().is_empty());
    }
}
