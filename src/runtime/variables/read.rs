//! Values of variables, by their types and places.

use gimli::constants;

use super::expression::{Evaluator, Place, little_endian};
use super::types::{Member, Type, TypeKind, Variants, type_at};
use super::value::{Field, Value};
use crate::runtime::dwarf::{Budget, EntryAt, Units};
use crate::text::escape_control;

/// Most types that are read for one request: of a value and all its parts.
const TYPES_MAX: usize = 16_000;
/// Deepest nesting of what is shown without being unfolded.
const NESTING_MAX: usize = 4;
/// Most fields of a value.
const FIELDS_MAX: usize = 64;
/// Most items of a list.
const ITEMS_MAX: u64 = 16;
/// Most bytes of a text.
const TEXT_BYTES_MAX: u64 = 256;
/// Most members between a list and the pointer to its items.
const POINTER_DEPTH_MAX: usize = 8;
/// Largest number, in bytes.
const NUMBER_BYTES_MAX: u64 = 16;

/// A reader of values in one frame.
pub struct ValueReader<'f, 'u, 'a> {
    pub units: &'u Units<'a>,
    pub evaluator: Evaluator<'f, 'u, 'a>,
    pub budget: Budget,
    /// Types that were read.
    pub types: usize,
}

/// How much of a value is read.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Levels of parts that are unfolded.
    levels: usize,
    /// Values around this one.
    nesting: usize,
}

impl Extent {
    fn inner(self) -> Extent {
        Extent { nesting: self.nesting + 1, ..self }
    }

    fn part(self) -> Extent {
        Extent { levels: self.levels.saturating_sub(1), nesting: self.nesting + 1 }
    }
}

impl ValueReader<'_, '_, '_> {
    /// The value at a place, with so many levels of its parts.
    pub fn value(&mut self, ty: EntryAt, place: &Place, levels: usize) -> Value {
        self.read(ty, place, Extent { levels, nesting: 0 })
    }

    /// A type; `None` for a damaged one, and where the request has read too many.
    pub fn ty(&mut self, at: EntryAt) -> Option<Type> {
        self.types += 1;
        if self.types > TYPES_MAX {
            return None;
        }
        type_at(self.units, at, &mut self.budget).ok()
    }

    fn read(&mut self, at: EntryAt, place: &Place, extent: Extent) -> Value {
        let Some(ty) = self.ty(at) else { return Value::Unreadable };
        let is_too_deep = extent.nesting > NESTING_MAX;
        match &ty.kind {
            TypeKind::Base(encoding) => self.base(&ty, *encoding, place),
            TypeKind::Enumeration { names } => self.enumeration(&ty, names, place),
            TypeKind::Pointer { to } => self.pointer(&ty, *to, place, extent),
            TypeKind::Other => Value::Unreadable,
            _ if is_too_deep => Value::Folded { name: ty.name },
            TypeKind::Array { item, length } => self.array(*item, *length, place, extent),
            TypeKind::Struct { .. } => self.structure(&ty, place, extent),
        }
    }

    /// The bytes at a place.
    ///
    /// # Errors
    /// The value that stands for bytes that cannot be read.
    pub fn bytes(&mut self, place: &Place, bytes: u64) -> Result<Vec<u8>, Value> {
        let bytes = usize::try_from(bytes).map_err(|_| Value::Unreadable)?;
        match place {
            Place::Memory(address) => {
                self.budget.take(bytes as u64).map_err(|_| Value::Unreadable)?;
                self.evaluator.frame.memory(*address, bytes).ok_or(Value::Unreadable)
            }
            Place::Bytes(all) => {
                let part = all.get(..bytes).ok_or(Value::OptimisedOut)?;
                part.iter().copied().collect::<Option<Vec<u8>>>().ok_or(Value::OptimisedOut)
            }
        }
    }

    /// The address that a pointer holds.
    ///
    /// # Errors
    /// The value that stands for a pointer that cannot be read.
    pub fn address(&mut self, ty: &Type, place: &Place) -> Result<u64, Value> {
        self.bytes(place, ty.bytes.clamp(1, 8)).map(|bytes| little_endian(&bytes))
    }

    fn base(&mut self, ty: &Type, encoding: gimli::DwAte, place: &Place) -> Value {
        if ty.bytes == 0 {
            return Value::Unit;
        }
        if ty.bytes > NUMBER_BYTES_MAX {
            return Value::Unreadable;
        }
        let bytes = match self.bytes(place, ty.bytes) {
            Ok(bytes) => bytes,
            Err(value) => return value,
        };
        let unsigned = bytes.iter().rev().fold(0u128, |value, byte| value << 8 | u128::from(*byte));
        let unused = 128 - 8 * bytes.len() as u32;
        match encoding {
            constants::DW_ATE_boolean => Value::Bool(unsigned != 0),
            constants::DW_ATE_signed | constants::DW_ATE_signed_char => {
                Value::Integer((unsigned << unused) as i128 >> unused)
            }
            constants::DW_ATE_float => match bytes.len() {
                4 => Value::Float32(f32::from_bits(unsigned as u32)),
                8 => Value::Float64(f64::from_bits(unsigned as u64)),
                _ => Value::Unreadable,
            },
            constants::DW_ATE_UTF => {
                u32::try_from(unsigned).ok().and_then(char::from_u32).map_or(Value::Unreadable, Value::Char)
            }
            _ => Value::Integer(unsigned as i128),
        }
    }

    fn enumeration(&mut self, ty: &Type, names: &[(String, u64)], place: &Place) -> Value {
        let bytes = match self.bytes(place, ty.bytes.clamp(1, 8)) {
            Ok(bytes) => bytes,
            Err(value) => return value,
        };
        let value = little_endian(&bytes);
        match names.iter().find(|(_, other)| is_same(*other, value, bytes.len())) {
            Some((variant, _)) => {
                Value::Variant { name: ty.name.clone(), variant: variant.clone(), fields: Vec::new() }
            }
            None => Value::Integer(i128::from(value)),
        }
    }

    fn pointer(&mut self, ty: &Type, to: Option<EntryAt>, place: &Place, extent: Extent) -> Value {
        let address = match self.address(ty, place) {
            Ok(address) => address,
            Err(value) => return value,
        };
        let target = to.filter(|_| address != 0 && extent.nesting < NESTING_MAX).and_then(|to| {
            let target = self.ty(to)?;
            if is_c_char(&target) {
                return Some(self.c_text(address));
            }
            let value = self.read(to, &Place::Memory(address), extent.inner());
            (!matches!(value, Value::Unreadable | Value::Unit)).then_some(value)
        });
        Value::Pointer { address, target: target.map(Box::new) }
    }

    /// The text of C's at an address, up to its end.
    fn c_text(&mut self, address: u64) -> Value {
        // A text at the end of the memory may be shorter than what is read at most.
        let mut length = TEXT_BYTES_MAX;
        while length > 0 {
            if let Ok(bytes) = self.bytes(&Place::Memory(address), length) {
                return c_text_of(&bytes);
            }
            length /= 2;
        }
        Value::Unreadable
    }

    fn text(&mut self, address: u64, length: u64) -> Value {
        match self.bytes(&Place::Memory(address), length.min(TEXT_BYTES_MAX)) {
            Ok(bytes) => text_of(&bytes, length),
            Err(value) => value,
        }
    }

    fn array(&mut self, item: EntryAt, length: u64, place: &Place, extent: Extent) -> Value {
        let Some(ty) = self.ty(item) else { return Value::Unreadable };
        if is_c_char(&ty) {
            return match self.bytes(place, length.min(TEXT_BYTES_MAX)) {
                Ok(bytes) => c_text_of(&bytes),
                Err(value) => value,
            };
        }
        self.list(item, ty.bytes, length, place, extent)
    }

    fn list(&mut self, item: EntryAt, item_bytes: u64, length: u64, place: &Place, extent: Extent) -> Value {
        let mut items = Vec::new();
        for at in 0..length.min(ITEMS_MAX) {
            let Some(place) = at.checked_mul(item_bytes).and_then(|offset| place.part(offset)) else { break };
            items.push(self.read(item, &place, extent.inner()));
        }
        Value::List { items, length }
    }

    fn structure(&mut self, ty: &Type, place: &Place, extent: Extent) -> Value {
        let TypeKind::Struct { members, variants, .. } = &ty.kind else { return Value::Unreadable };
        if let Some(variants) = variants {
            return self.variant(ty, variants, place, extent);
        }
        if let Some(list) = self.list_of(ty, place) {
            return match list {
                Ok(ListParts { item: None, address, length }) => self.text(address, length),
                Ok(ListParts { item: Some(item), address, length }) => {
                    let Some(bytes) = self.ty(item).map(|item| item.bytes) else { return Value::Unreadable };
                    self.list(item, bytes, length, &Place::Memory(address), extent)
                }
                Err(value) => value,
            };
        }
        if extent.levels == 0 && !members.is_empty() {
            return Value::Folded { name: ty.name.clone() };
        }
        Value::Struct { name: ty.name.clone(), fields: self.fields(members, place, extent.part()) }
    }

    fn fields(&mut self, members: &[Member], place: &Place, extent: Extent) -> Vec<Field> {
        let members = members.iter().take(FIELDS_MAX);
        let field = |member: &Member| {
            let value = place.part(member.offset).map(|place| self.read(member.ty, &place, extent));
            Field { name: member.name.clone(), value: value.unwrap_or(Value::OptimisedOut) }
        };
        members.map(field).collect()
    }

    fn variant(&mut self, ty: &Type, variants: &Variants, place: &Place, extent: Extent) -> Value {
        let member = match self.active_variant(variants, place) {
            Ok(member) => member,
            Err(value) => return value,
        };
        let Some(TypeKind::Struct { members, .. }) = self.ty(member.ty).map(|ty| ty.kind) else {
            return Value::Unreadable;
        };
        let (name, variant) = (ty.name.clone(), member.name.clone());
        // A variant that only wraps a value is no level of its own.
        let is_wrapper = members.first().is_some_and(|first| first.name == "0") && members.len() == 1;
        if extent.levels == 0 && !members.is_empty() && !is_wrapper {
            return Value::Folded { name: variant };
        }
        let extent = if is_wrapper { extent.inner() } else { extent.part() };
        let fields = place.part(member.offset).map(|place| self.fields(&members, &place, extent));
        fields.map_or(Value::OptimisedOut, |fields| Value::Variant { name, variant, fields })
    }

    /// The variant that an enum has, by its discriminant.
    ///
    /// # Errors
    /// The value that stands for an enum whose discriminant cannot be read.
    pub fn active_variant<'v>(&mut self, variants: &'v Variants, place: &Place) -> Result<&'v Member, Value> {
        let by_value = match &variants.discriminant {
            Some(discriminant) if variants.variants.len() > 1 => {
                let bytes = self.ty(discriminant.ty).ok_or(Value::Unreadable)?.bytes.clamp(1, 8);
                let place = place.part(discriminant.offset).ok_or(Value::OptimisedOut)?;
                let bytes = self.bytes(&place, bytes)?;
                let value = little_endian(&bytes);
                variants.variants.iter().find(|(other, _)| other.is_some_and(|it| is_same(it, value, bytes.len())))
            }
            _ => variants.variants.first(),
        };
        let other = || variants.variants.iter().find(|(value, _)| value.is_none());
        by_value.or_else(other).map(|(_, member)| member).ok_or(Value::Unreadable)
    }

    /// The items of Rust's strings, slices and vectors; `None` for other structures.
    pub fn list_of(&mut self, ty: &Type, place: &Place) -> Option<Result<ListParts, Value>> {
        let TypeKind::Struct { members, arguments, .. } = &ty.kind else { return None };
        let named = |name: &str| members.iter().find(|member| member.name == name);
        if let (Some(data), Some(length)) = (named("data_ptr"), named("length")) {
            let TypeKind::Pointer { to } = self.ty(data.ty)?.kind else { return None };
            let item = to.filter(|_| !ty.name.ends_with("str"));
            return Some(self.list_parts(item, data, length, place));
        }
        if ty.name == "String"
            && let (Some(vec), true) = (named("vec"), members.len() == 1)
        {
            let (inner, place) = (self.ty(vec.ty).filter(|inner| inner.name == "Vec")?, place.part(vec.offset)?);
            let parts = self.list_of(&inner, &place)?;
            return Some(parts.map(|parts| ListParts { item: None, ..parts }));
        }
        match (ty.name.as_str(), named("buf"), named("len"), arguments.first()) {
            ("Vec", Some(buf), Some(len), Some(item)) => Some(self.list_parts(Some(*item), buf, len, place)),
            _ => None,
        }
    }

    fn list_parts(
        &mut self,
        item: Option<EntryAt>,
        data: &Member,
        length: &Member,
        place: &Place,
    ) -> Result<ListParts, Value> {
        let address = self.first_pointer(data, place, 0)?.ok_or(Value::Unreadable)?;
        let bytes = self.ty(length.ty).ok_or(Value::Unreadable)?.bytes.clamp(1, 8);
        let place = place.part(length.offset).ok_or(Value::OptimisedOut)?;
        let length = self.bytes(&place, bytes).map(|bytes| little_endian(&bytes))?;
        Ok(ListParts { item, address, length })
    }

    /// The first pointer in a member, or in its members.
    fn first_pointer(&mut self, member: &Member, place: &Place, depth: usize) -> Result<Option<u64>, Value> {
        let ty = self.ty(member.ty).filter(|_| depth < POINTER_DEPTH_MAX).ok_or(Value::Unreadable)?;
        let place = place.part(member.offset).ok_or(Value::OptimisedOut)?;
        match &ty.kind {
            TypeKind::Pointer { .. } => self.address(&ty, &place).map(Some),
            TypeKind::Struct { members, .. } => {
                for member in members {
                    if let Some(address) = self.first_pointer(member, &place, depth + 1)? {
                        return Ok(Some(address));
                    }
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

/// Where the items of a list are.
#[derive(Debug, Clone, Copy)]
pub struct ListParts {
    /// The items' type; `None`: the bytes of a text.
    pub item: Option<EntryAt>,
    pub address: u64,
    pub length: u64,
}

/// Whether two numbers have the same bits, as many as the type has.
fn is_same(left: u64, right: u64, bytes: usize) -> bool {
    let mask = if bytes >= 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 };
    left & mask == right & mask
}

fn is_c_char(ty: &Type) -> bool {
    let encodings = [constants::DW_ATE_signed_char, constants::DW_ATE_unsigned_char];
    ty.name == "char" && matches!(ty.kind, TypeKind::Base(encoding) if encodings.contains(&encoding))
}

fn c_text_of(bytes: &[u8]) -> Value {
    match bytes.iter().position(|byte| *byte == 0) {
        Some(end) => text_of(bytes.get(..end).unwrap_or_default(), end as u64),
        // The end lies behind what was read.
        None => text_of(bytes, bytes.len() as u64 + 1),
    }
}

fn text_of(bytes: &[u8], length: u64) -> Value {
    let text = String::from_utf8_lossy(bytes);
    // A character that is cut at the end is left out.
    let text = if bytes.len() as u64 == length { &text } else { text.trim_end_matches('\u{fffd}') };
    Value::Text { text: escape_control(text), bytes: length }
}
