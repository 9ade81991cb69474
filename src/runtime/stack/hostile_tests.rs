//! Debug information that somebody damaged on purpose: it is read within its bounds, and the plugin's names are left.

use std::sync::Arc;

use super::backtrace::{Backtrace, CodePlace, RawFrame, StoppedBy};
use super::symbols::Symbols;
use crate::runtime::dwarf::{Budget, DebugInfo, Sections};
use crate::runtime::{ModuleBytes, Program, Spec};

const TAX: &[u8] = include_bytes!("../../../tests/guests/tax.wasm");

fn program(bytes: &[u8], name: &str) -> Program {
    Program {
        modules: vec![ModuleBytes {
            name: "main".into(),
            bytes: Arc::from(bytes),
            sha256: name.to_owned(),
            linked_from: None,
        }],
        spec: Spec::default(),
        origin: "tax.wasm".into(),
        stem: "tax".into(),
    }
}

/// Where `Rate::percent` unwraps.
fn backtrace() -> Backtrace {
    let (function, place) = (Some(3), CodePlace::Body(10));
    let frame = RawFrame { module: 0, function, name: Some("given".into()), place };
    Backtrace::new(StoppedBy::Trap, std::iter::once(frame))
}

#[test]
fn whole_debug_information_has_lines() {
    let frames = Symbols::default().frames(&program(TAX, "whole"), &backtrace());
    let last = frames.last().unwrap();
    assert_eq!((last.function.as_deref(), last.line), (Some("tax::Rate::percent"), Some(22)), "{frames:?}");
}

#[test]
fn damaged_debug_information_ends_in_time() {
    let symbols = Symbols::default();
    let from = TAX.len() - TAX.len() * 4 / 5;
    let mut state = 1u32;
    for round in 0..400 {
        let mut bytes = TAX.to_vec();
        for _ in 0..8 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = from + state as usize % (bytes.len() - from);
            bytes[at] = (state >> 24) as u8;
        }
        let frames = symbols.frames(&program(&bytes, &round.to_string()), &backtrace());
        assert!(frames.len() <= 256);
        let longest = frames.iter().filter_map(|frame| frame.function.as_ref()).map(String::len).max();
        assert!(longest.unwrap_or(0) < 1_000);
    }
}

#[test]
fn a_module_that_was_cut_has_names_alone() {
    for length in (8..TAX.len()).step_by(997) {
        let frames = Symbols::default().frames(&program(&TAX[..length], "cut"), &backtrace());
        assert!(frames.iter().all(|frame| frame.function.is_some()), "{length}: {frames:?}");
    }
}

#[test]
fn work_is_bounded() {
    // A table of abbreviations that each of a thousand units has to read again.
    let mut abbreviations = Vec::new();
    for _ in 0..30_000 {
        abbreviations.extend([1, 0x11, 0, 3, 8, 0, 0]);
    }
    abbreviations.push(0);
    let unit = [8u8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4, 1];
    let info = unit.repeat(100_000);
    let module = [info.as_slice(), &abbreviations].concat();
    let mut sections = Sections::default();
    sections.add(".debug_info", 0..info.len());
    sections.add(".debug_abbrev", info.len()..module.len());
    let mut budget = Budget::new(1 << 20);
    DebugInfo::read(&module, sections, 1 << 20, &mut budget);
    assert!(budget.left() < 1 << 20, "it was read");
}
