//! Refusals of modules with an instruction that could not be interrupted, before they are compiled.

use super::super::outline::Outline;
use super::rewrite_error::Uninterruptible;

/// Most array elements in all constant expressions of a module: their evaluation, at an instance's start or for a
/// table, cannot be interrupted.
const CONSTANT_ELEMENTS_MAX: u64 = 1 << 20;
/// Most items that `array.new_elem` reads at once, for an array that cannot be written in chunks afterwards.
const SEGMENT_ITEMS_MAX: u32 = 1 << 16;

/// Checks the arrays of constant expressions.
///
/// # Errors
/// They are too long, or of unknown length.
pub fn check(outline: &Outline) -> Result<(), Uninterruptible> {
    let mut elements = 0u64;
    for length in &outline.constant_arrays {
        let Some(length) = length else {
            return Err(Uninterruptible::ComputedArray);
        };
        elements += u64::from(*length);
    }
    if elements > CONSTANT_ELEMENTS_MAX {
        return Err(Uninterruptible::ConstantArrays { elements, elements_max: CONSTANT_ELEMENTS_MAX });
    }
    Ok(())
}

/// Checks a segment that becomes an array in one step.
///
/// # Errors
/// The segment is too long.
pub fn check_segment(outline: &Outline, segment: u32) -> Result<(), Uninterruptible> {
    match outline.elements.get(segment as usize) {
        Some(items) if *items > SEGMENT_ITEMS_MAX => {
            Err(Uninterruptible::Segment { elements: *items, elements_max: SEGMENT_ITEMS_MAX })
        }
        _ => Ok(()),
    }
}
