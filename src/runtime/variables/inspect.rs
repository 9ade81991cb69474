//! The variables of one module's frames.

use std::borrow::Cow;

use gimli::constants;
use serde::Serialize;
use wasmparser::{Parser, Payload};

use super::expression::{Evaluator, Place};
use super::frame_state::FrameState;
use super::path::{PathStep, VariablePath};
use super::read::ValueReader;
use super::scope::{Location, ScopeVariable, Scopes, location};
use super::types::{Type, TypeKind};
use super::value::Value;
use crate::runtime::dwarf::{Budget, EntryAt, HOPS_MAX, OutOfBudget, Sections, Units};
use crate::text::{closest, escape_control};

/// The work that one request may take, about a byte each.
const WORK_MAX: u64 = 128 << 20;
/// Levels of its parts that are shown of a value that was asked for.
const PRINTED_LEVELS: usize = 1;

/// A variable in scope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variable {
    pub name: String,
    pub value: Value,
    pub is_parameter: bool,
}

/// Why a variable has no value.
#[derive(Debug, Clone, PartialEq)]
pub enum VariableError {
    /// The module has no debug information of variables, or none at this place.
    NoDebugInfo,
    /// The text is no path.
    NoPath,
    /// No variable of this name is in scope.
    NoVariable {
        closest: Option<String>,
    },
    /// The value has no such part.
    NoField {
        of: String,
        closest: Option<String>,
    },
    /// The value is no list, or no pointer.
    NoItems {
        of: String,
    },
    NoPointer {
        of: String,
    },
    /// The list has fewer items.
    Beyond {
        length: u64,
    },
    /// A value on the way is not to be had: optimised out, or outside of the memory.
    NoValue(Value),
}

/// Where variables of a module's frames are, by its debug information.
pub struct Variables<'a> {
    wasm: Cow<'a, [u8]>,
    sections: Sections,
    /// Where the contents of the code section start.
    code_start: u64,
}

impl<'a> Variables<'a> {
    /// The variables of a module, wasm or text.
    pub fn of(module: &'a [u8]) -> Variables<'a> {
        let wasm = wat::parse_bytes(module).unwrap_or(Cow::Borrowed(&[]));
        let (mut sections, mut code_start) = (Sections::default(), 0);
        for payload in Parser::new(0).parse_all(&wasm) {
            match payload {
                Ok(Payload::CodeSectionStart { range, .. }) => code_start = range.start as u64,
                Ok(Payload::CustomSection(custom)) => {
                    sections.add(custom.name(), custom.data_offset()..custom.range().end);
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Variables { wasm, sections, code_start }
    }

    /// The variables in scope at an instruction, parameters first. `inlined`: 0 for the innermost function, 1 for the
    /// one that it is inlined into, and so on.
    ///
    /// # Errors
    /// [`VariableError::NoDebugInfo`].
    pub fn in_scope(
        &self,
        pc: u32,
        inlined: usize,
        frame: &mut dyn FrameState,
    ) -> Result<Vec<Variable>, VariableError> {
        self.with_scope(pc, frame, |scope| {
            let mut shown: Vec<Variable> = Vec::new();
            let variables = scope.scopes.frames.get(inlined).map(|frame| frame.variables.clone());
            for variable in variables.unwrap_or_default() {
                let Some(name) = scope.name(variable) else { continue };
                let value = scope.value(variable, 0);
                // An inner variable hides an outer one of its name.
                shown.retain(|other| other.name != name);
                shown.push(Variable { name, value, is_parameter: variable.is_parameter });
            }
            shown.sort_by_key(|variable| !variable.is_parameter);
            Ok(shown)
        })
    }

    /// The value of a variable, or of a part of it, at an instruction, with one level of its parts.
    ///
    /// # Errors
    /// The text names no variable in scope, or the value has no such part.
    pub fn value(
        &self,
        pc: u32,
        inlined: usize,
        path: &str,
        frame: &mut dyn FrameState,
    ) -> Result<Value, VariableError> {
        let path = VariablePath::parse(path).ok_or(VariableError::NoPath)?;
        self.with_scope(pc, frame, |scope| {
            let variable = scope.find(&path.variable, inlined)?;
            if path.steps.is_empty() {
                return Ok(scope.value(variable, PRINTED_LEVELS));
            }
            let (mut ty, place) = (scope.type_of(variable)?, scope.place(variable));
            let mut place = place.ok_or(VariableError::NoValue(Value::OptimisedOut))?;
            for step in &path.steps {
                (ty, place) = scope.step(ty, &place, step)?;
            }
            Ok(scope.reader.value(ty, &place, PRINTED_LEVELS))
        })
    }

    fn with_scope<T>(
        &self,
        pc: u32,
        frame: &mut dyn FrameState,
        then: impl FnOnce(&mut Scope<'_, '_, '_>) -> Result<T, VariableError>,
    ) -> Result<T, VariableError> {
        let address = u64::from(pc).checked_sub(self.code_start).filter(|_| self.sections.is_readable());
        let address = address.ok_or(VariableError::NoDebugInfo)?;
        let mut budget = Budget::new(WORK_MAX);
        let units = Units::new(&self.wasm, &self.sections, &mut budget);
        let scopes = Scopes::at(&units, address, &mut budget).map_err(|OutOfBudget| VariableError::NoDebugInfo)?;
        let unit = units.unit(scopes.unit, &mut budget).map_err(|OutOfBudget| VariableError::NoDebugInfo)?;
        let evaluator = Evaluator { frame, unit, frame_base: scopes.frame_base };
        let reader = ValueReader { units: &units, evaluator, budget, types: 0 };
        then(&mut Scope { scopes, reader, address })
    }
}

/// The variables at one instruction.
struct Scope<'f, 'u, 'a> {
    scopes: Scopes<'a>,
    reader: ValueReader<'f, 'u, 'a>,
    address: u64,
}

impl Scope<'_, '_, '_> {
    fn name(&mut self, variable: ScopeVariable) -> Option<String> {
        let name = self.reader.units.text(variable.at, constants::DW_AT_name, &mut self.reader.budget)?;
        Some(escape_control(&name))
    }

    /// The innermost variable of a name: of the function, else of those outside of functions.
    fn find(&mut self, name: &str, inlined: usize) -> Result<ScopeVariable, VariableError> {
        let locals = self.scopes.frames.get(inlined).map(|frame| frame.variables.clone()).unwrap_or_default();
        let all: Vec<_> = locals.into_iter().rev().chain(self.scopes.statics.clone()).collect();
        let mut names = Vec::new();
        for variable in all {
            match self.name(variable) {
                Some(found) if found == name => return Ok(variable),
                found => names.extend(found),
            }
        }
        let closest = closest(name, names.iter().map(String::as_str)).map(str::to_owned);
        Err(VariableError::NoVariable { closest })
    }

    fn type_of(&mut self, variable: ScopeVariable) -> Result<EntryAt, VariableError> {
        let (units, budget) = (self.reader.units, &mut self.reader.budget);
        let mut at = variable.at;
        for _ in 0..HOPS_MAX {
            let (_, entry) = units.entry(at, budget).map_err(|OutOfBudget| VariableError::NoDebugInfo)?;
            if let Some(ty) = units.reference(at.unit, &entry, constants::DW_AT_type) {
                return Ok(ty);
            }
            at = units.origin(at.unit, &entry).ok_or(VariableError::NoDebugInfo)?;
        }
        Err(VariableError::NoDebugInfo)
    }

    /// Where a variable is; `None` where the compiler keeps it nowhere.
    fn place(&mut self, variable: ScopeVariable) -> Option<Place> {
        let budget = &mut self.reader.budget;
        match location(self.reader.units, variable.at, self.address, budget).ok()?? {
            Location::Expression(expression) => self.reader.evaluator.place(expression, budget).ok()?,
            Location::Constant(bytes) => Some(Place::of_bytes(&bytes)),
        }
    }

    fn value(&mut self, variable: ScopeVariable, levels: usize) -> Value {
        let Some(place) = self.place(variable) else { return Value::OptimisedOut };
        match self.type_of(variable) {
            Ok(ty) => self.reader.value(ty, &place, levels),
            Err(_) => Value::Unreadable,
        }
    }

    fn read_type(&mut self, at: EntryAt) -> Result<Type, VariableError> {
        self.reader.ty(at).ok_or(VariableError::NoValue(Value::Unreadable))
    }

    /// A part of a value: its type and place.
    fn step(&mut self, at: EntryAt, place: &Place, step: &PathStep) -> Result<(EntryAt, Place), VariableError> {
        let ty = self.read_type(at)?;
        match step {
            PathStep::Target => match ty.kind {
                TypeKind::Pointer { to: Some(to) } => Ok((to, self.target(&ty, place)?)),
                _ => Err(VariableError::NoPointer { of: ty.name }),
            },
            PathStep::Item(at) => self.item(ty, place, *at),
            PathStep::Field(name) => self.field(ty, place, name),
        }
    }

    fn target(&mut self, ty: &Type, place: &Place) -> Result<Place, VariableError> {
        self.reader.address(ty, place).map(Place::Memory).map_err(VariableError::NoValue)
    }

    fn item(&mut self, ty: Type, place: &Place, at: u64) -> Result<(EntryAt, Place), VariableError> {
        let (mut ty, mut place) = (ty, place.clone());
        for _ in 0..HOPS_MAX {
            match &ty.kind {
                // A reference to a list is as good as the list.
                TypeKind::Pointer { to: Some(to) } if is_reference(&ty) => {
                    place = self.target(&ty, &place)?;
                    ty = self.read_type(*to)?;
                }
                TypeKind::Pointer { to: Some(to) } => {
                    let first = self.target(&ty, &place)?;
                    return self.nth(*to, first, at);
                }
                TypeKind::Array { length, .. } if at >= *length => {
                    return Err(VariableError::Beyond { length: *length });
                }
                TypeKind::Array { item, .. } => return self.nth(*item, place, at),
                _ => {
                    let Some(parts) = self.reader.list_of(&ty, &place) else { break };
                    let parts = parts.map_err(VariableError::NoValue)?;
                    let Some(item) = parts.item else { break };
                    if at >= parts.length {
                        return Err(VariableError::Beyond { length: parts.length });
                    }
                    return self.nth(item, Place::Memory(parts.address), at);
                }
            }
        }
        Err(VariableError::NoItems { of: ty.name })
    }

    fn nth(&mut self, item: EntryAt, first: Place, at: u64) -> Result<(EntryAt, Place), VariableError> {
        let bytes = self.read_type(item)?.bytes;
        let place = at.checked_mul(bytes).and_then(|offset| first.part(offset));
        Ok((item, place.ok_or(VariableError::NoValue(Value::Unreadable))?))
    }

    fn field(&mut self, ty: Type, place: &Place, name: &str) -> Result<(EntryAt, Place), VariableError> {
        let (mut ty, mut place) = (ty, place.clone());
        for _ in 0..HOPS_MAX {
            match &ty.kind {
                TypeKind::Pointer { to: Some(to) } => {
                    place = self.target(&ty, &place)?;
                    ty = self.read_type(*to)?;
                }
                TypeKind::Struct { variants: Some(variants), .. } => {
                    let member = self.reader.active_variant(variants, &place).map_err(VariableError::NoValue)?;
                    place = place.part(member.offset).ok_or(VariableError::NoValue(Value::OptimisedOut))?;
                    ty = self.read_type(member.ty)?;
                }
                TypeKind::Struct { members, .. } => {
                    let Some(member) = members.iter().find(|member| member.name == name) else {
                        let names = members.iter().map(|member| member.name.as_str());
                        let closest = closest(name, names).map(str::to_owned);
                        return Err(VariableError::NoField { of: ty.name.clone(), closest });
                    };
                    let place = place.part(member.offset).ok_or(VariableError::NoValue(Value::OptimisedOut))?;
                    return Ok((member.ty, place));
                }
                _ => break,
            }
        }
        Err(VariableError::NoField { of: ty.name, closest: None })
    }
}

/// Whether a pointer is one of Rust's references or boxes.
fn is_reference(ty: &Type) -> bool {
    ty.name.starts_with('&') || ty.name == "Box"
}
