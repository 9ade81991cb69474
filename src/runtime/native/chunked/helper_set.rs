//! The helpers of a module, with their function indices.

use std::collections::HashMap;

use super::chunks::Chunks;
use super::instruction::Bulk;
use crate::runtime::native::outline::Outline;

/// The needed helpers of a module, each once.
pub(super) struct HelperSet<'a> {
    pub(super) outline: &'a Outline,
    pub(super) chunks: Chunks,
    known: HashMap<Bulk, u32>,
    /// In the order of their indices.
    pub(super) wanted: Vec<Bulk>,
}

impl<'a> HelperSet<'a> {
    /// A set without helpers.
    pub(super) fn new(outline: &'a Outline, chunks: Chunks) -> Self {
        HelperSet { outline, chunks, known: HashMap::new(), wanted: Vec::new() }
    }

    /// The place of a helper among the helpers.
    pub(super) fn place(&mut self, bulk: Bulk) -> u32 {
        *self.known.entry(bulk).or_insert_with(|| {
            self.wanted.push(bulk);
            self.wanted.len() as u32 - 1
        })
    }

    /// The function index of the helper at a place.
    pub(super) fn function(&self, place: u32) -> u32 {
        self.outline.imported_functions + self.outline.functions.len() as u32 + place
    }

    /// The index of that function's type.
    pub(super) fn ty(&self, place: u32) -> u32 {
        self.outline.types.len() as u32 + place
    }
}
