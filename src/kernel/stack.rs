//! The stack of a failed or held call: where the guest of each plugin of its chain stood, the innermost plugin first.

use std::sync::Arc;

use serde::Serialize;

use super::view::ProcessLabel;
use crate::journal::Symbol;
use crate::runtime::{Backtrace, GuestFrame, Program, Symbols};
use crate::text::escape_control;

/// Most plugins of one stack, the innermost first.
const PLUGINS_MAX: usize = 64;

/// One plugin of a stack, with its frames as they were captured.
pub struct PluginFrames {
    /// The number of the call's record; `None` for the start of an instance.
    pub seq: Option<u64>,
    /// Record number of the calling call; 0: the shell.
    pub parent_seq: u64,
    pub process: ProcessLabel,
    pub function: Symbol,
    pub program: Arc<Program>,
    /// `None` for a call that gave its error by itself, and where the host could not tell.
    pub backtrace: Option<Box<Backtrace>>,
    pub symbols: Arc<Symbols>,
}

/// A stack that grows outwards as its failure passes through the callers. Cheap to clone and to extend.
#[derive(Clone, Default)]
pub struct CallStack {
    plugins: Vec<Arc<PluginFrames>>,
    /// True when there were more plugins.
    cut: bool,
}

/// A stack with symbols.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackView {
    /// The innermost first.
    pub plugins: Vec<PluginStack>,
    /// True when there were more plugins.
    pub cut: bool,
}

/// The frames of one plugin of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginStack {
    /// The number of the call's record; `None` for the start of an instance.
    pub seq: Option<u64>,
    #[serde(flatten)]
    pub process: ProcessLabel,
    pub function: String,
    /// The innermost first; empty for a call that gave its error by itself.
    pub frames: Vec<GuestFrame>,
    /// True when there were more frames.
    pub cut: bool,
}

impl CallStack {
    /// The stack with one more caller around it.
    pub fn within(mut self, caller: PluginFrames) -> CallStack {
        if self.plugins.len() < PLUGINS_MAX {
            self.plugins.push(Arc::new(caller));
        } else {
            self.cut = true;
        }
        self
    }

    /// The calls of the stack, the innermost first.
    pub fn calls(&self) -> impl Iterator<Item = (&ProcessLabel, Symbol)> {
        self.plugins.iter().map(|plugin| (&plugin.process, plugin.function))
    }

    /// The number of the outermost call that failed.
    pub fn seq(&self) -> Option<u64> {
        self.plugins.last().and_then(|plugin| plugin.seq)
    }

    /// The number of the outermost call's caller.
    pub fn parent_seq(&self) -> u64 {
        self.plugins.last().map_or(0, |plugin| plugin.parent_seq)
    }

    /// Whether a call is part of the stack.
    pub fn has(&self, seq: u64) -> bool {
        self.plugins.iter().any(|plugin| plugin.seq == Some(seq))
    }

    /// The programs of the stack, for an account of their bytes.
    pub fn programs(&self) -> impl Iterator<Item = &Arc<Program>> {
        self.plugins.iter().map(|plugin| &plugin.program)
    }

    /// The stack with symbols. The first look into a module takes some milliseconds.
    pub fn view(&self) -> StackView {
        StackView { plugins: self.plugins.iter().map(|plugin| plugin.view()).collect(), cut: self.cut }
    }
}

impl PluginFrames {
    fn view(&self) -> PluginStack {
        let frames = self.backtrace.as_ref().map(|backtrace| self.symbols.frames(&self.program, backtrace));
        PluginStack {
            seq: self.seq,
            process: self.process.clone(),
            function: escape_control(self.function.as_str()),
            frames: frames.unwrap_or_default(),
            cut: self.backtrace.as_ref().is_some_and(|backtrace| backtrace.cut),
        }
    }
}

impl StackView {
    /// Whether any frame has a line.
    pub fn has_lines(&self) -> bool {
        self.plugins.iter().flat_map(|plugin| &plugin.frames).any(|frame| frame.line.is_some())
    }

    /// Whether any frame was captured.
    pub fn has_frames(&self) -> bool {
        self.plugins.iter().any(|plugin| !plugin.frames.is_empty())
    }
}

/// Stacks are equal when they are of the same calls.
impl PartialEq for CallStack {
    fn eq(&self, other: &CallStack) -> bool {
        let seqs = |stack: &CallStack| stack.plugins.iter().map(|plugin| plugin.seq).collect::<Vec<_>>();
        seqs(self) == seqs(other)
    }
}

impl Eq for CallStack {}

impl std::fmt::Debug for CallStack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.plugins.iter().map(|plugin| plugin.process.to_string())).finish()
    }
}
