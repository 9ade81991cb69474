//! Refusals of modules with an instruction that could not be interrupted, before they are compiled.

use super::super::outline::Outline;

/// Most array elements in all constant expressions of a module: their evaluation, at an instance's start or for a
/// table, cannot be interrupted.
const CONSTANT_ELEMENTS_MAX: u64 = 1 << 20;
/// Most items that `array.new_elem` reads at once, for an array that cannot be written in chunks afterwards.
const SEGMENT_ITEMS_MAX: u32 = 1 << 16;

/// Checks the arrays of constant expressions.
///
/// # Errors
///
/// The reason of a refusal, as the end of a sentence about the module.
pub fn check(outline: &Outline) -> Result<(), String> {
    let mut elements = 0u64;
    for length in &outline.constant_arrays {
        let Some(length) = length else {
            return Err("a constant expression makes an array whose length is not a plain number".into());
        };
        elements += u64::from(*length);
    }
    if elements > CONSTANT_ELEMENTS_MAX {
        return Err(format!(
            "its constant expressions make arrays of {elements} elements; at most {CONSTANT_ELEMENTS_MAX} are made before code runs"
        ));
    }
    Ok(())
}

/// Checks a segment that becomes an array in one step.
///
/// # Errors
///
/// The reason of a refusal.
pub fn check_segment(outline: &Outline, segment: u32) -> Result<(), String> {
    match outline.elements.get(segment as usize) {
        Some(items) if *items > SEGMENT_ITEMS_MAX => Err(format!(
            "`array.new_elem` makes an array that cannot be written of a segment of {items} elements; at most \
             {SEGMENT_ITEMS_MAX} can be"
        )),
        _ => Ok(()),
    }
}
