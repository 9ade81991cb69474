//! The variables in scope at a position, by the functions and blocks around it.

use gimli::{AttributeValue, Reader, constants};

use crate::runtime::dwarf::{Budget, ENTRY_WORK, Entry, EntryAt, OutOfBudget, Slice, Units, entry_ranges};

/// Most variables of a frame, and of a module's statics.
const VARIABLES_MAX: usize = 1_024;
/// Deepest nesting of scopes.
const SCOPES_MAX: usize = 256;

/// The variables of a function at a position, the outermost block first.
#[derive(Debug, Default)]
pub struct ScopeFrame {
    pub variables: Vec<ScopeVariable>,
}

/// A variable by its entry.
#[derive(Debug, Clone, Copy)]
pub struct ScopeVariable {
    pub at: EntryAt,
    pub is_parameter: bool,
}

/// All that is in scope at a position.
#[derive(Debug, Default)]
pub struct Scopes<'a> {
    /// The unit that the position is in.
    pub unit: usize,
    /// The functions around the position, the innermost first, each inlined into the next.
    pub frames: Vec<ScopeFrame>,
    /// The expression of the frame base of the outermost of them.
    pub frame_base: Option<Slice<'a>>,
    /// Variables outside of functions.
    pub statics: Vec<ScopeVariable>,
}

impl<'a> Scopes<'a> {
    /// The scopes around an address, which is from the start of the code section's contents.
    ///
    /// # Errors
    /// The budget is used up, or no function with debug information is there.
    pub fn at(units: &Units<'a>, address: u64, budget: &mut Budget) -> Result<Scopes<'a>, OutOfBudget> {
        for unit in 0..units.len() {
            if contains(units, unit, address, budget).unwrap_or(false) {
                let scopes = Scopes::of_unit(units, unit, address, budget)?;
                if !scopes.frames.is_empty() {
                    return Ok(scopes);
                }
            }
        }
        Err(OutOfBudget)
    }

    fn of_unit(units: &Units<'a>, at: usize, address: u64, budget: &mut Budget) -> Result<Scopes<'a>, OutOfBudget> {
        let mut scopes = Scopes { unit: at, ..Scopes::default() };
        let unit = units.unit(at, budget)?;
        // The depths of the scopes around the entry, and of one that the address is not in.
        let (mut around, mut outside): (Vec<isize>, Option<isize>) = (Vec::new(), None);
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            budget.take(ENTRY_WORK + entry.attrs().len() as u64)?;
            let depth = entry.depth();
            if outside.is_some_and(|outside| depth > outside) {
                continue;
            }
            outside = None;
            while around.pop_if(|scope| *scope >= depth).is_some() {}
            match entry.tag() {
                constants::DW_TAG_subprogram
                | constants::DW_TAG_inlined_subroutine
                | constants::DW_TAG_lexical_block => {
                    let mut is_around = false;
                    entry_ranges(&units.dwarf, unit, entry, budget, &mut |range| {
                        is_around |= range.contains(&address)
                    })?;
                    if is_around && around.len() < SCOPES_MAX {
                        around.push(depth);
                        scopes.enter(entry);
                    } else {
                        outside = Some(depth);
                    }
                }
                tag @ (constants::DW_TAG_variable | constants::DW_TAG_formal_parameter) => {
                    let at = EntryAt { unit: at, offset: entry.offset() };
                    let is_parameter = tag == constants::DW_TAG_formal_parameter;
                    scopes.add(ScopeVariable { at, is_parameter }, around.last().is_some());
                }
                _ => {}
            }
        }
        scopes.frames.reverse();
        Ok(scopes)
    }

    fn enter(&mut self, entry: &Entry<'a>) {
        match entry.tag() {
            constants::DW_TAG_subprogram => {
                self.frames = vec![ScopeFrame::default()];
                self.frame_base = match entry.attr_value(constants::DW_AT_frame_base) {
                    Some(AttributeValue::Exprloc(expression)) => Some(expression.0),
                    _ => None,
                };
            }
            constants::DW_TAG_inlined_subroutine => self.frames.push(ScopeFrame::default()),
            _ => {}
        }
    }

    fn add(&mut self, variable: ScopeVariable, is_local: bool) {
        let variables = match self.frames.last_mut() {
            Some(frame) if is_local => &mut frame.variables,
            _ if is_local => return,
            _ => &mut self.statics,
        };
        if variables.len() < VARIABLES_MAX {
            variables.push(variable);
        }
    }
}

/// Whether a unit has code at an address.
fn contains(units: &Units<'_>, at: usize, address: u64, budget: &mut Budget) -> Result<bool, OutOfBudget> {
    let unit = units.unit(at, budget)?;
    let mut entries = unit.entries();
    let root = entries.next_dfs()?.ok_or(OutOfBudget)?;
    let mut contains = false;
    entry_ranges(&units.dwarf, unit, root, budget, &mut |range| contains |= range.contains(&address))?;
    Ok(contains)
}

/// The bytes of an expression of a variable at an address; `None` where the compiler keeps it nowhere.
///
/// # Errors
/// The budget is used up, or the information is damaged.
pub fn location<'a>(
    units: &Units<'a>,
    variable: EntryAt,
    address: u64,
    budget: &mut Budget,
) -> Result<Option<Location<'a>>, OutOfBudget> {
    let (unit, entry) = units.entry(variable, budget)?;
    match entry.attr_value(constants::DW_AT_location) {
        Some(AttributeValue::Exprloc(expression)) => Ok(Some(Location::Expression(expression.0))),
        Some(value) => {
            let Some(mut list) = units.dwarf.attr_locations(unit, value)? else { return Ok(None) };
            while let Some(entry) = list.next()? {
                budget.take(ENTRY_WORK + entry.data.0.len() as u64)?;
                if (entry.range.begin..entry.range.end).contains(&address) {
                    return Ok(Some(Location::Expression(entry.data.0)));
                }
            }
            Ok(None)
        }
        None => constant(units, variable, budget),
    }
}

/// Where a variable is.
pub enum Location<'a> {
    Expression(Slice<'a>),
    /// The bytes of a constant.
    Constant(Vec<u8>),
}

/// The constant that a variable, or what it was inlined from, is.
fn constant<'a>(units: &Units<'a>, at: EntryAt, budget: &mut Budget) -> Result<Option<Location<'a>>, OutOfBudget> {
    let (_, entry) = units.entry(at, budget)?;
    let value = match entry.attr_value(constants::DW_AT_const_value) {
        Some(AttributeValue::Block(bytes)) => Some(bytes.slice().to_vec()),
        Some(value) => value
            .sdata_value()
            .map(|value| value as u64)
            .or(value.udata_value())
            .map(|value| value.to_le_bytes().to_vec()),
        None => match units.origin(at.unit, &entry) {
            Some(origin) => return location_of_origin(units, origin, budget),
            None => None,
        },
    };
    Ok(value.map(Location::Constant))
}

/// A constant of an origin: its location, which is another function's, does not count.
fn location_of_origin<'a>(
    units: &Units<'a>,
    at: EntryAt,
    budget: &mut Budget,
) -> Result<Option<Location<'a>>, OutOfBudget> {
    let (_, entry) = units.entry(at, budget)?;
    let value = entry.attr_value(constants::DW_AT_const_value).and_then(|value| value.sdata_value());
    Ok(value.map(|value| Location::Constant(value.to_le_bytes().to_vec())))
}
