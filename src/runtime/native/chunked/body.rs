//! Rewrites one function: finds the bulk instructions that may take long, and replaces them.

use std::ops::Range;

use wasm_encoder::{BlockType, Encode, InstructionSink, ValType};
use wasmparser::{FunctionBody, Operator};

use super::check;
use super::helper_set::HelperSet;
use super::instruction::{self, Bulk, Width};
use super::moved::Segment;
use super::rewrite_error::RewriteError;

/// Most bytes or elements of one instruction without a helper.
const INLINE_BYTES_MAX: u64 = 1024;
const INLINE_ELEMENTS_MAX: u64 = 128;
/// Bytes of code between two checks of the epoch in a function without loops: some milliseconds at worst, when each
/// instruction touches a new page.
const UNCHECKED_BYTES_MAX: usize = 128 << 10;
/// wasmparser's own limits.
const LOCALS_MAX: u32 = 50_000;
const BODY_BYTES_MAX: usize = 7_654_321;
/// Count of length widths; each may need a local.
const WIDTHS: u32 = 2;

/// The result of a rewrite.
pub enum Rewritten {
    Same,
    Changed(Changed),
}

/// A rewritten function.
pub struct Changed {
    /// The new body: locals and code.
    pub bytes: Vec<u8>,
    /// The original places of its code.
    pub segments: Vec<Segment>,
}

/// The replacement of a range of code.
enum Edit {
    /// A call of a helper, with the short case in line.
    Bulk { at: Range<usize>, place: u32, width: Width, inline_max: u64 },
    /// An empty loop before the original code.
    Look { at: usize },
}

impl Edit {
    /// Where it begins.
    fn start(&self) -> usize {
        match self {
            Edit::Bulk { at, .. } => at.start,
            Edit::Look { at } => *at,
        }
    }
}

/// Rewrites the function at a place among those with code.
///
/// # Errors
/// The body cannot be read, or has an instruction that is refused.
pub fn rewritten(
    body: &FunctionBody<'_>,
    defined: usize,
    helpers: &mut HelperSet<'_>,
) -> Result<Rewritten, RewriteError> {
    let edits = edits(body, helpers)?;
    if edits.is_empty() {
        return Ok(Rewritten::Same);
    }
    let parameters = helpers.outline.parameters(defined).ok_or(RewriteError::Unreadable)? as u32;
    match encoded(body, &edits, helpers, parameters, false)? {
        Some(changed) if changed.bytes.len() <= BODY_BYTES_MAX => Ok(Rewritten::Changed(changed)),
        // The short case is left out where there is no room for its locals or code.
        _ => encoded(body, &edits, helpers, parameters, true)?.map(Rewritten::Changed).ok_or(RewriteError::Unreadable),
    }
}

fn edits(body: &FunctionBody<'_>, helpers: &mut HelperSet<'_>) -> Result<Vec<Edit>, RewriteError> {
    let mut edits = Vec::new();
    let start = body.range().start;
    let mut reader = body.get_operators_reader()?;
    let mut constant = None;
    let mut looked_at = reader.original_position();
    while !reader.eof() {
        let from = reader.original_position();
        let operator = reader.read()?;
        let to = reader.original_position();
        if from - looked_at >= UNCHECKED_BYTES_MAX {
            edits.push(Edit::Look { at: from - start });
            looked_at = from;
        }
        if let Some((bulk, width)) = Bulk::of(&operator, helpers.outline) {
            let inline_max = if bulk.is_of_bytes() { INLINE_BYTES_MAX } else { INLINE_ELEMENTS_MAX };
            let is_short = constant.is_some_and(|length| length <= inline_max);
            if !is_short && bulk.is_wanted(helpers.chunks) {
                if let Bulk::ArrayNewElem { ty, segment } = bulk
                    && !instruction::can_be_written_later(helpers.outline, ty)
                {
                    check::check_segment(helpers.outline, segment).map_err(RewriteError::Refused)?;
                }
                let place = helpers.place(bulk);
                edits.push(Edit::Bulk { at: from - start..to - start, place, width, inline_max });
            }
        }
        constant = match operator {
            Operator::I32Const { value } => Some(u64::from(value as u32)),
            Operator::I64Const { value } => Some(value as u64),
            _ => None,
        };
    }
    Ok(edits)
}

/// The body with its edits; `None` where there is no room for its locals.
fn encoded(
    body: &FunctionBody<'_>,
    edits: &[Edit],
    helpers: &HelperSet<'_>,
    parameters: u32,
    calls_alone: bool,
) -> Result<Option<Changed>, RewriteError> {
    let locals = Locals::read(body)?;
    let first_length = parameters.saturating_add(locals.count);
    if !calls_alone && first_length.saturating_add(WIDTHS) > LOCALS_MAX {
        return Ok(None);
    }
    let bytes = body.as_bytes();
    let start = body.range().start;
    let code_at = body.get_operators_reader()?.original_position() - start;
    let mut lengths = Lengths::default();
    let mut code = Vec::with_capacity(bytes.len() - code_at + edits.len() * 16);
    let mut segments = Vec::with_capacity(edits.len() * 2 + 1);
    let segment =
        |code: &[u8], original: usize, is_copy| Segment { now: code.len() as u32, original: original as u32, is_copy };
    let mut done = code_at;
    for edit in edits {
        let at = edit.start();
        segments.push(segment(&code, done, true));
        code.extend_from_slice(bytes.get(done..at).ok_or(RewriteError::Unreadable)?);
        segments.push(segment(&code, at, false));
        done = at;
        match edit {
            Edit::Look { .. } => {
                InstructionSink::new(&mut code).loop_(BlockType::Empty).end();
            }
            Edit::Bulk { at, place, .. } if calls_alone => {
                InstructionSink::new(&mut code).call(helpers.function(*place));
                done = at.end;
            }
            Edit::Bulk { at, place, width, inline_max } => {
                let length = lengths.local(*width, first_length);
                let mut sink = InstructionSink::new(&mut code);
                sink.local_tee(length).local_get(length);
                match width {
                    Width::I32 => sink.i32_const(*inline_max as i32).i32_gt_u(),
                    Width::I64 => sink.i64_const(*inline_max as i64).i64_gt_u(),
                };
                sink.if_(BlockType::FunctionType(helpers.ty(*place))).call(helpers.function(*place)).else_();
                code.extend_from_slice(bytes.get(at.clone()).ok_or(RewriteError::Unreadable)?);
                InstructionSink::new(&mut code).end();
                done = at.end;
            }
        }
    }
    segments.push(segment(&code, done, true));
    code.extend_from_slice(bytes.get(done..).ok_or(RewriteError::Unreadable)?);
    let declared = bytes.get(locals.at.clone()).ok_or(RewriteError::Unreadable)?;
    let mut all = with_lengths(locals.groups, declared, &lengths, code.len());
    let before_code = all.len() as u32;
    segments.iter_mut().for_each(|segment| segment.now += before_code);
    all.extend_from_slice(&code);
    Ok(Some(Changed { bytes: all, segments }))
}

/// The `declared` groups of locals with one more for each length, in a buffer with room for `code_bytes` of code.
fn with_lengths(groups: u32, declared: &[u8], lengths: &Lengths, code_bytes: usize) -> Vec<u8> {
    let mut all = Vec::with_capacity(code_bytes + declared.len() + 16);
    groups.saturating_add(lengths.types.len() as u32).encode(&mut all);
    all.extend_from_slice(declared);
    for width in &lengths.types {
        1u32.encode(&mut all);
        ValType::from(*width).encode(&mut all);
    }
    all
}

/// The locals of a function.
struct Locals {
    groups: u32,
    count: u32,
    /// Where their groups are.
    at: Range<usize>,
}

impl Locals {
    fn read(body: &FunctionBody<'_>) -> Result<Self, RewriteError> {
        let start = body.range().start;
        let mut reader = body.get_binary_reader();
        let groups = reader.read_var_u32()?;
        let from = reader.original_position() - start;
        let mut locals = body.get_locals_reader()?;
        let mut count = 0u32;
        for _ in 0..locals.get_count() {
            count = count.checked_add(locals.read()?.0).ok_or(RewriteError::Unreadable)?;
        }
        Ok(Locals { groups, count, at: from..locals.original_position() - start })
    }
}

/// The locals for lengths, at most one of each width.
#[derive(Default)]
struct Lengths {
    types: Vec<Width>,
}

impl Lengths {
    fn local(&mut self, width: Width, first: u32) -> u32 {
        let place = self.types.iter().position(|known| *known == width).unwrap_or_else(|| {
            self.types.push(width);
            self.types.len() - 1
        });
        first + place as u32
    }
}
