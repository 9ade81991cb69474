//! Types of variables, as the debug information has them.

use gimli::{AttributeValue, constants};

use crate::runtime::dwarf::{Budget, ENTRY_WORK, Entry, EntryAt, HOPS_MAX, OutOfBudget, Units, attr_text};
use crate::text::{bounded, escape_control};

/// Most members, enumerators or variants of a type that are read.
const MEMBERS_MAX: usize = 256;
/// Longest name of a type or member, in bytes.
const NAME_BYTES_MAX: usize = 120;
/// Most names that a type goes by: of `typedef`, `const` and the like.
const NAMES_MAX: usize = 16;

/// A type with its name and size.
#[derive(Debug, Clone)]
pub struct Type {
    pub name: String,
    pub bytes: u64,
    pub kind: TypeKind,
}

/// The kind of a type.
#[derive(Debug, Clone)]
pub enum TypeKind {
    Base(gimli::DwAte),
    Pointer {
        to: Option<EntryAt>,
    },
    Struct {
        members: Vec<Member>,
        variants: Option<Variants>,
        arguments: Vec<EntryAt>,
    },
    /// Names and values.
    Enumeration {
        names: Vec<(String, u64)>,
    },
    Array {
        item: EntryAt,
        length: u64,
    },
    Other,
}

/// A member of a structure.
#[derive(Debug, Clone)]
pub struct Member {
    pub name: String,
    pub ty: EntryAt,
    pub offset: u64,
}

/// The variants of an enum with fields.
#[derive(Debug, Clone)]
pub struct Variants {
    pub discriminant: Option<Member>,
    /// Each with its discriminant's value; `None`: all others.
    pub variants: Vec<(Option<u64>, Member)>,
}

/// Reads a type.
///
/// # Errors
/// The budget is used up, or the information is damaged.
pub fn type_at(units: &Units<'_>, at: EntryAt, budget: &mut Budget) -> Result<Type, OutOfBudget> {
    nested_type_at(units, at, 0, budget)
}

/// Reads a type that is the item of so many arrays around it.
fn nested_type_at(units: &Units<'_>, at: EntryAt, arrays: usize, budget: &mut Budget) -> Result<Type, OutOfBudget> {
    let (mut at, mut given_name) = (at, None);
    for _ in 0..NAMES_MAX {
        let (unit, entry) = units.entry(at, budget)?;
        let own_name = entry.attr_value(constants::DW_AT_name).and_then(|name| attr_text(&units.dwarf, unit, name));
        let number = |name| entry.attr_value(name).and_then(|value| value.udata_value());
        let target = units.reference(at.unit, &entry, constants::DW_AT_type);
        let address_bytes = u64::from(unit.encoding().address_size.clamp(1, 8));
        let bytes = number(constants::DW_AT_byte_size);
        let (kind, bytes) = match entry.tag() {
            constants::DW_TAG_typedef => {
                given_name = given_name.or(own_name);
                at = target.ok_or(OutOfBudget)?;
                continue;
            }
            constants::DW_TAG_const_type
            | constants::DW_TAG_volatile_type
            | constants::DW_TAG_restrict_type
            | constants::DW_TAG_atomic_type
            | constants::DW_TAG_immutable_type => {
                at = target.ok_or(OutOfBudget)?;
                continue;
            }
            constants::DW_TAG_base_type => match entry.attr_value(constants::DW_AT_encoding) {
                Some(AttributeValue::Encoding(encoding)) => (TypeKind::Base(encoding), bytes.unwrap_or(0)),
                _ => (TypeKind::Other, bytes.unwrap_or(0)),
            },
            constants::DW_TAG_pointer_type
            | constants::DW_TAG_reference_type
            | constants::DW_TAG_rvalue_reference_type => {
                (TypeKind::Pointer { to: target }, bytes.unwrap_or(address_bytes))
            }
            constants::DW_TAG_structure_type | constants::DW_TAG_class_type | constants::DW_TAG_union_type => {
                (members(units, at, budget)?, bytes.unwrap_or(0))
            }
            constants::DW_TAG_enumeration_type => {
                (TypeKind::Enumeration { names: enumerators(units, at, budget)? }, bytes.unwrap_or(4))
            }
            constants::DW_TAG_array_type => array(units, at, target, arrays, budget)?,
            _ => (TypeKind::Other, bytes.unwrap_or(0)),
        };
        let name = name_of(&given_name.or(own_name).unwrap_or_default());
        return Ok(Type { name, bytes, kind });
    }
    Err(OutOfBudget)
}

/// A name without the arguments of types; `Vec<u8, Global>` is `Vec`.
fn name_of(name: &str) -> String {
    let is_plain = name.starts_with(['&', '(', '*', '[']);
    let name = if is_plain { name } else { name.split_once('<').map_or(name, |(name, _)| name) };
    escape_control(&bounded(name, NAME_BYTES_MAX))
}

/// Gives the children of an entry, and the children of those that `each` says true for, to `each`.
fn children(
    units: &Units<'_>,
    at: EntryAt,
    budget: &mut Budget,
    each: &mut dyn FnMut(&Entry<'_>, isize, &mut Budget) -> bool,
) -> Result<(), OutOfBudget> {
    let unit = units.unit(at.unit, budget)?;
    let mut entries = unit.entries_at_offset(at.offset)?;
    let top = entries.next_dfs()?.ok_or(OutOfBudget)?.depth();
    let mut within = 1;
    while let Some(entry) = entries.next_dfs()? {
        budget.take(ENTRY_WORK + entry.attrs().len() as u64)?;
        let depth = entry.depth() - top;
        if depth <= 0 {
            break;
        }
        if depth <= within {
            within = if each(entry, depth, budget) { depth + 1 } else { depth };
        }
    }
    Ok(())
}

fn member(units: &Units<'_>, unit: usize, entry: &Entry<'_>, budget: &mut Budget) -> Option<Member> {
    let name = entry.attr_value(constants::DW_AT_name);
    let name = name.and_then(|name| attr_text(&units.dwarf, units.unit(unit, budget).ok()?, name)).unwrap_or_default();
    // `__0` is how compilers write `.0`.
    let name = match name.strip_prefix("__") {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => digits,
        _ => &name,
    };
    let reference = match entry.attr_value(constants::DW_AT_type)? {
        AttributeValue::UnitRef(offset) => EntryAt { unit, offset },
        AttributeValue::DebugInfoRef(offset) => units.at(offset)?,
        _ => return None,
    };
    let offset = entry.attr_value(constants::DW_AT_data_member_location).and_then(|value| value.udata_value());
    Some(Member { name: escape_control(&bounded(name, NAME_BYTES_MAX)), ty: reference, offset: offset.unwrap_or(0) })
}

fn members(units: &Units<'_>, at: EntryAt, budget: &mut Budget) -> Result<TypeKind, OutOfBudget> {
    let (mut plain, mut arguments): (Vec<Member>, Vec<EntryAt>) = (Vec::new(), Vec::new());
    let mut variants: Option<Variants> = None;
    let mut discriminant: Option<u64> = None;
    children(units, at, budget, &mut |entry, depth, budget| match (entry.tag(), depth) {
        (constants::DW_TAG_variant_part, 1) => {
            variants = Some(Variants { discriminant: None, variants: Vec::new() });
            true
        }
        (constants::DW_TAG_variant, 2) => {
            let value = entry.attr_value(constants::DW_AT_discr_value);
            discriminant =
                value.and_then(|value| value.udata_value().or(value.sdata_value().map(|value| value as u64)));
            true
        }
        (constants::DW_TAG_member, _) => {
            if let Some(member) = member(units, at.unit, entry, budget) {
                match (depth, &mut variants) {
                    (1, _) if plain.len() < MEMBERS_MAX => plain.push(member),
                    (2, Some(variants)) => variants.discriminant = Some(member),
                    (3, Some(variants)) if variants.variants.len() < MEMBERS_MAX => {
                        variants.variants.push((discriminant, member));
                    }
                    _ => {}
                }
            }
            false
        }
        (constants::DW_TAG_template_type_parameter, 1) => {
            arguments.extend(member(units, at.unit, entry, budget).filter(|_| arguments.len() < 8).map(|it| it.ty));
            false
        }
        _ => false,
    })?;
    Ok(TypeKind::Struct { members: plain, variants, arguments })
}

fn enumerators(units: &Units<'_>, at: EntryAt, budget: &mut Budget) -> Result<Vec<(String, u64)>, OutOfBudget> {
    let mut names = Vec::new();
    children(units, at, budget, &mut |entry, _, budget| {
        let name = entry.attr_value(constants::DW_AT_name);
        let name = name.and_then(|name| attr_text(&units.dwarf, units.unit(at.unit, budget).ok()?, name));
        let value = entry.attr_value(constants::DW_AT_const_value);
        let value = value.and_then(|value| value.udata_value().or(value.sdata_value().map(|value| value as u64)));
        if let (Some(name), Some(value), true) = (name, value, names.len() < MEMBERS_MAX) {
            names.push((escape_control(&bounded(&name, NAME_BYTES_MAX)), value));
        }
        false
    })?;
    Ok(names)
}

/// An array's kind and size. Of one with several dimensions the items are those of all rows.
fn array(
    units: &Units<'_>,
    at: EntryAt,
    item: Option<EntryAt>,
    arrays: usize,
    budget: &mut Budget,
) -> Result<(TypeKind, u64), OutOfBudget> {
    let item = item.filter(|_| arrays < HOPS_MAX).ok_or(OutOfBudget)?;
    let mut lengths = Vec::new();
    children(units, at, budget, &mut |entry, _, _| {
        if entry.tag() == constants::DW_TAG_subrange_type {
            let number = |name| entry.attr_value(name).and_then(|value| value.udata_value());
            let count = number(constants::DW_AT_count);
            lengths.push(count.or_else(|| number(constants::DW_AT_upper_bound)?.checked_add(1)).unwrap_or(0));
        }
        false
    })?;
    let length = lengths.iter().take(HOPS_MAX).fold(1u64, |product, length| product.saturating_mul(*length));
    let item_bytes = nested_type_at(units, item, arrays + 1, budget)?.bytes;
    Ok((TypeKind::Array { item, length }, length.saturating_mul(item_bytes)))
}
