//! Processes, calls and snapshots for the pane's tests.

use std::sync::Arc;
use std::time::Duration;

use crate::journal::{FailedCall, Outcome, Payload, Record, RecordedError, Symbol, stats};
use crate::kernel::hooks::Step;
use crate::kernel::{
    CallFailure, Crash, JobId, Killed, LifeChange, LifeEvent, LogLine, ProcessDetail, ProcessId, ProcessLabel,
    ProcessState, ProcessView, Supervision,
};
use crate::kernel::{PluginStack, StackView};
use crate::runtime::stand_in::NumberType;
use crate::runtime::{Export, FrameRole, FunctionType, GuestFrame, Host, ItemType, LogLevel, MemoryUse, Spec};

use super::snapshot::HeldPlace;
use super::snapshot::{ActionError, Extent, Snapshot, SnapshotQuery, SnapshotSource, Toggled, Totals};
use super::subject::Subject;
use crate::shell::excerpt::Excerpt;

/// An idle process.
pub fn process(id: ProcessId, parent: ProcessId, name: &str) -> ProcessView {
    ProcessView {
        id,
        name: name.to_owned(),
        parent,
        state: ProcessState::Idle,
        calls: 0,
        errors: 0,
        resets: 0,
        bytes_in: 0,
        bytes_out: 0,
        busy: Duration::ZERO,
        self_time: Duration::ZERO,
        age: Duration::from_secs(5),
        memory: MemoryUse { guest_bytes: 1_179_648, block_bytes: 65_536, ..MemoryUse::default() },
        source: format!("built-in:{name}"),
        host: Host::Native,
        node: None,
    }
}

/// A call that ended well after 1.5 ms.
pub fn call(seq: u64, depth: u16, caller: (u32, &str), callee: (u32, &str), function: &str) -> Record {
    Record {
        seq,
        at_ns: seq * 1_000_000,
        duration_ns: 1_500_000,
        caller: caller.0,
        caller_name: Symbol::intern(caller.1),
        callee: callee.0,
        callee_name: Symbol::intern(callee.1),
        function: Symbol::intern(function),
        bytes_in: 12,
        bytes_out: 3_456,
        depth,
        outcome: Outcome::Ok,
        ..Record::default()
    }
}

/// A change of `1:a`, at a time in milliseconds.
pub fn life(at_ms: u64, change: LifeChange) -> LifeEvent {
    LifeEvent { at_ns: at_ms * 1_000_000, process: 1, name: Symbol::intern("a"), change }
}

/// A failure of a call, or of no call.
pub fn failure(call: Option<(u32, &str, &str)>, cause: &str) -> Arc<CallFailure> {
    let call = call.map(|(process, name, function)| failed_call(process, name, function));
    Arc::new(CallFailure::new(call, cause.to_owned(), crate::runtime::Wording::default()))
}

/// An export that can be called.
fn export(name: &str) -> Export {
    let ty = FunctionType::new([] as [NumberType; 0], [NumberType::I32]);
    Export { name: name.to_owned(), ty: ItemType::Function(Some(ty)) }
}

/// The call that an error is about.
pub fn failed_call(process: u32, name: &str, function: &str) -> FailedCall {
    FailedCall { process, name: name.into(), function: Symbol::intern(function) }
}

/// A line that `5:log` logged: in call `3 + seq`.
pub fn log_line(seq: u64, level: LogLevel, text: &str) -> LogLine {
    let process = ProcessLabel { id: 5, name: "log".to_owned() };
    let (at, text) = (Duration::from_millis(seq * 10), text.to_owned());
    LogLine { seq, at, process, call_seq: Some(3 + seq), function: Some("write"), level, text }
}

/// A stack of two plugins: the panic in `4:stock` with a frame of its runtime, and where `1:front` called it.
pub fn stack() -> StackView {
    let frame = |function: &str, file: Option<&str>, line, role| GuestFrame {
        function: Some(function.to_owned()),
        is_export: false,
        file: file.map(str::to_owned),
        line,
        column: line.map(|_| 5),
        inlined: false,
        role,
        module: None,
        function_index: None,
        offset: Some(100),
        language: None,
    };
    let plugin = |id, name: &str, function: &str, frames| PluginStack {
        seq: Some(4),
        process: ProcessLabel { id, name: name.to_owned() },
        function: function.to_owned(),
        frames,
        cut: false,
    };
    let panic = frame("core::panicking::panic", Some("library/core/src/panicking.rs"), Some(150), FrameRole::Runtime);
    let at = frame("stock::shelf", Some("src/lib.rs"), Some(12), FrameRole::Own);
    let stock = plugin(4, "stock", "check", vec![panic, at]);
    let front = plugin(1, "front", "run", vec![frame("front::run", None, None, FrameRole::Own)]);
    StackView { plugins: vec![stock, front], cut: false }
}

/// The call with its bytes kept.
pub fn with_payload(mut call: Record, input: &[u8], output: &[u8]) -> Record {
    call.payload = Some(Box::new(Payload::keep(input, output, 1 << 16)));
    call
}

/// A snapshot with five processes, one of them crashed, and a chain of running calls.
pub fn shop() -> Snapshot {
    let mut processes = vec![
        process(1, 0, "front"),
        process(2, 1, "cart"),
        process(3, 2, "tax"),
        process(4, 1, "stock"),
        process(5, 0, "log"),
    ];
    processes[0].state = ProcessState::Waiting { on: 2 };
    processes[0].calls = 12_345;
    processes[0].busy = Duration::from_millis(2_500);
    processes[1].state = ProcessState::Running;
    processes[1].calls = 7;
    processes[3].state = ProcessState::Crashed { crash: Crash::Call(failure(None, "unreachable")) };
    processes[3].calls = 4;
    processes[3].errors = 1;
    let mut failed = call(4, 2, (1, "front"), (4, "stock"), "check");
    failed.outcome = Outcome::Trap;
    failed.error = Some(RecordedError::new(Some(failed_call(4, "stock", "check")), "wasm trap: unreachable"));
    let mut running = [call(1, 1, (0, "shell"), (1, "front"), "run"), call(5, 2, (1, "front"), (2, "cart"), "total")];
    for call in &mut running {
        call.outcome = Outcome::Running;
        call.duration_ns = 250_000_000;
    }
    let [first, last] = running;
    let calls = vec![
        first,
        call(2, 2, (1, "front"), (2, "cart"), "add"),
        call(3, 3, (2, "cart"), (3, "tax"), "rate"),
        failed,
        last,
    ];
    let totals = Totals { calls: 12_356, errors: 1, bytes: 3_000_000, memory_bytes: 6_225_920 };
    Snapshot { at: Duration::from_millis(83_210), processes, calls, totals, ..Snapshot::default() }
}

/// A snapshot with `count` processes, ten children to a parent.
pub fn forest(count: u32) -> Snapshot {
    let processes = (1..=count).map(|id| process(id, (id - 1) / 10, &format!("plugin_{id:05}"))).collect();
    Snapshot { at: Duration::from_secs(60), processes, ..Snapshot::default() }
}

/// The jobs that were let go on, and how far.
type Released = std::sync::Arc<parking_lot::Mutex<Vec<(JobId, Option<Step>)>>>;

/// A source that always returns one snapshot, and records kills and releases.
pub struct FixedSource {
    pub snapshot: Snapshot,
    pub killed: std::sync::Arc<parking_lot::Mutex<Vec<(ProcessId, Extent)>>>,
    pub released: Released,
    /// The processes and calls whose jobs were held, or let go on.
    pub held: std::sync::Arc<parking_lot::Mutex<Vec<Subject>>>,
    asked: Option<(SnapshotQuery, usize)>,
}

impl FixedSource {
    /// A source that always gives this snapshot.
    pub fn new(snapshot: Snapshot) -> FixedSource {
        FixedSource {
            snapshot,
            killed: std::sync::Arc::default(),
            released: std::sync::Arc::default(),
            held: std::sync::Arc::default(),
            asked: None,
        }
    }
}

impl SnapshotSource for FixedSource {
    fn sample(&mut self, query: &SnapshotQuery, calls_max: usize) -> Option<Snapshot> {
        let ask = (query.clone(), calls_max);
        if self.asked.as_ref() == Some(&ask) {
            return None;
        }
        self.asked = Some(ask);
        let mut snapshot = self.snapshot.clone();
        snapshot.calls.retain(|call| query.matches(call));
        snapshot.calls.drain(..snapshot.calls.len().saturating_sub(calls_max));
        Some(snapshot)
    }

    fn force_next_sample(&mut self) {
        self.asked = None;
    }

    fn calls_until(&self, query: &SnapshotQuery, seq_max: u64, calls_max: usize) -> Vec<Record> {
        let matching = self.snapshot.calls.iter().filter(|call| call.seq <= seq_max && query.matches(call));
        let mut calls: Vec<Record> = matching.cloned().collect();
        calls.drain(..calls.len().saturating_sub(calls_max));
        calls
    }

    fn log(&self, query: &SnapshotQuery, _lines_max: usize) -> Vec<LogLine> {
        self.snapshot.log.iter().filter(|line| query.matches_log(line)).cloned().collect()
    }

    fn log_of_call(&self, seq: u64, _lines_max: usize) -> Vec<LogLine> {
        self.snapshot.log.iter().filter(|line| line.call_seq == Some(seq)).cloned().collect()
    }

    fn call(&self, seq: u64) -> Option<Record> {
        self.snapshot.calls.iter().find(|call| call.seq == seq).cloned()
    }

    fn process(&self, id: ProcessId) -> Option<ProcessDetail> {
        let view = self.snapshot.process(id)?.clone();
        let functions = ["run", "total", "checkout"].map(str::to_owned).to_vec();
        let children =
            self.snapshot.processes.iter().filter(|child| child.parent == id).map(ProcessView::label).collect();
        Some(ProcessDetail {
            view,
            spec: Spec { timeout: Some(Duration::from_secs(2)), ..Spec::default() },
            called: Vec::new(),
            growth: None,
            exports: functions.iter().map(|name| export(name)).collect(),
            functions,
            imports: vec![crate::runtime::ImportName { module: "extism:host/user".into(), name: "call_plugin".into() }],
            modules: vec![("main".to_owned(), "ab".repeat(32))],
            links: Vec::new(),
            last_error: None,
            children,
            supervision: Supervision::default(),
            is_watched: false,
        })
    }

    fn edges(&self, id: ProcessId) -> Vec<stats::StatsRow> {
        let edges = self.snapshot.calls.iter().filter(|call| call.caller == id || call.callee == id);
        stats::Stats::of(stats::By::Edge, None, edges).into_rows()
    }

    fn held_place(&self, _: Subject) -> Option<HeldPlace> {
        // A tab and an escape, as a source may have them.
        let lines = ["fn total(items: &[Item]) {", "\tlet mut at = 1; // \u{1b}[2J", "}"].map(str::to_owned).to_vec();
        let source = Excerpt { file: "src/cart.rs".to_owned(), line: 9, first_line: 8, lines };
        self.snapshot.held.first().map(|_| HeldPlace { stack: stack(), source: Some(source) })
    }

    fn toggle_hold(&self, subject: Subject) -> Result<Toggled, ActionError> {
        self.held.lock().push(subject);
        Ok(Toggled::Held(1))
    }

    fn stack_of_call(&self, seq: u64) -> Option<StackView> {
        self.call(seq).filter(|call| call.outcome.is_failure()).map(|_| stack())
    }

    fn stack_of_process(&self, id: ProcessId) -> Option<StackView> {
        self.snapshot.process(id).filter(|view| view.errors > 0).map(|_| stack())
    }

    fn release(&self, job: JobId, step: Option<Step>) -> Result<(), ActionError> {
        self.released.lock().push((job, step));
        Ok(())
    }

    fn kill(&self, id: ProcessId, extent: Extent) -> Result<Killed, ActionError> {
        self.killed.lock().push((id, extent));
        let ended = self.snapshot.process(id).map(ProcessView::label);
        Ok(Killed { ended: ended.into_iter().collect(), moved: Vec::new() })
    }
}
