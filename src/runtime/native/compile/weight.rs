//! An estimate of a module's compile time, from one pass over its code.
//!
//! The cost of most code grows with its length. Counted besides are nested blocks, branches out of them with many live
//! locals, and operators that stand for many values. A module is light when each function and all together compile
//! within a fraction of a second. A module that cannot be read is heavy.

use wasmparser::{BlockType, CompositeInnerType, FuncType, FunctionBody, Operator, Parser, Payload, TypeRef};

/// Largest module that is weighed at all, in bytes of wasm.
const MODULE_BYTES_MAX: usize = 2 << 20;
/// The longest body of one function, in bytes.
const BODY_BYTES_MAX: usize = 128 << 10;
/// The deepest nesting of blocks.
const DEPTH_MAX: u64 = 1_000;
/// Locals of one function: as many as wasmtime takes.
const LOCALS_MAX: u64 = 50_000;
/// The most weight of one function and of all. A unit is the cost of a byte of plain code.
const FUNCTION_WEIGHT_MAX: u64 = 1 << 20;
const MODULE_WEIGHT_MAX: u64 = 4 << 20;
/// The weight of an empty function.
const FUNCTION_WEIGHT: u64 = 1_000;
/// Most types that are looked at.
const TYPES_MAX: usize = 10_000;

/// Whether a module in binary form is sure to be compiled soon.
pub fn is_light(wasm: &[u8]) -> bool {
    wasm.len() <= MODULE_BYTES_MAX && weigh(wasm).is_some()
}

/// The weight of a module's code; `None` for a module that is too heavy, or cannot be read.
fn weigh(wasm: &[u8]) -> Option<u64> {
    let mut scales = Scales::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::TypeSection(types) => {
                for group in types {
                    scales.add_types(group.ok()?.into_types().map(|ty| ty.composite_type.inner))?;
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import.ok()?.ty {
                        scales.functions.push(ty);
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                scales.first_body = scales.functions.len();
                for ty in functions {
                    scales.functions.push(ty.ok()?);
                }
            }
            Payload::CodeSectionEntry(body) => scales.add_body(&body)?,
            _ => {}
        }
    }
    Some(scales.weight)
}

/// Count of values in a type.
#[derive(Clone, Copy, Default)]
struct Arity {
    /// A function's parameters or a structure's fields.
    takes: u64,
    gives: u64,
}

#[derive(Default)]
struct Scales {
    types: Vec<Arity>,
    /// The type of each function, imported ones first.
    functions: Vec<u32>,
    first_body: usize,
    bodies: usize,
    weight: u64,
}

impl Scales {
    fn add_types(&mut self, types: impl Iterator<Item = CompositeInnerType>) -> Option<()> {
        for ty in types {
            self.types.push(match ty {
                CompositeInnerType::Func(ty) => arity(&ty),
                CompositeInnerType::Struct(ty) => Arity { takes: ty.fields.len() as u64, gives: 1 },
                CompositeInnerType::Array(_) | CompositeInnerType::Cont(_) => Arity { takes: 1, gives: 1 },
            });
        }
        (self.types.len() <= TYPES_MAX).then_some(())
    }

    fn arity(&self, ty: u32) -> Arity {
        self.types.get(ty as usize).copied().unwrap_or_default()
    }

    fn values(&self, ty: u32) -> u64 {
        let Arity { takes, gives } = self.arity(ty);
        takes + gives
    }

    fn add_body(&mut self, body: &FunctionBody<'_>) -> Option<()> {
        let ty = self.functions.get(self.first_body + self.bodies).copied()?;
        self.bodies += 1;
        let bytes = body.range().len();
        if bytes > BODY_BYTES_MAX {
            return None;
        }
        let mut locals = self.arity(ty).takes;
        for group in body.get_locals_reader().ok()? {
            locals = locals.saturating_add(u64::from(group.ok()?.0));
        }
        if locals > LOCALS_MAX {
            return None;
        }
        let own = self.body_weight(body, locals)?;
        let weight = own.saturating_add(FUNCTION_WEIGHT + bytes as u64 + locals);
        self.weight = self.weight.saturating_add(weight);
        (weight <= FUNCTION_WEIGHT_MAX && self.weight <= MODULE_WEIGHT_MAX).then_some(())
    }

    /// The weight of a body's operators beyond their bytes.
    fn body_weight(&self, body: &FunctionBody<'_>, locals: u64) -> Option<u64> {
        let mut depth: u64 = 1;
        let mut weight: u64 = 0;
        let mut operators = body.get_operators_reader().ok()?;
        while !operators.eof() {
            let operator = operators.read().ok()?;
            let more = match &operator {
                Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                    depth += 1;
                    depth + joined(locals, depth) + self.block_values(*blockty)
                }
                Operator::TryTable { try_table } => {
                    depth += 1;
                    let joins = 1 + try_table.catches.len() as u64;
                    depth + joins.saturating_mul(joined(locals, depth)) + self.block_values(try_table.ty)
                }
                Operator::End => {
                    depth = depth.saturating_sub(1);
                    0
                }
                Operator::BrTable { targets } => {
                    (u64::from(targets.len()) + 1).saturating_mul(1 + joined(locals, depth))
                }
                Operator::Br { .. }
                | Operator::BrIf { .. }
                | Operator::BrOnNull { .. }
                | Operator::BrOnNonNull { .. }
                | Operator::BrOnCast { .. }
                | Operator::BrOnCastFail { .. } => joined(locals, depth),
                other => self.values_of(other),
            };
            weight = weight.saturating_add(more);
            if depth > DEPTH_MAX || weight > FUNCTION_WEIGHT_MAX {
                return None;
            }
        }
        Some(weight)
    }

    fn block_values(&self, ty: BlockType) -> u64 {
        match ty {
            BlockType::Empty => 0,
            BlockType::Type(_) => 1,
            BlockType::FuncType(ty) => self.values(ty),
        }
    }

    /// Count of values that an operator produces: a short operator may produce many.
    fn values_of(&self, operator: &Operator<'_>) -> u64 {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.functions.get(*function_index as usize).map_or(0, |ty| self.values(*ty))
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => self.values(*type_index),
            Operator::StructNew { struct_type_index } | Operator::StructNewDefault { struct_type_index } => {
                self.values(*struct_type_index)
            }
            Operator::ArrayNewFixed { array_size, .. } => u64::from(*array_size),
            _ => 0,
        }
    }
}

/// Weight of a join of two paths after which `locals` locals may have changed, at this depth: the product of the two,
/// and the square of the locals for the moves between them. Both are bounded by the caller.
fn joined(locals: u64, depth: u64) -> u64 {
    locals * (depth + locals / 8)
}

fn arity(ty: &FuncType) -> Arity {
    Arity { takes: ty.params().len() as u64, gives: ty.results().len() as u64 }
}

#[cfg(test)]
mod tests {
    use super::{is_light, weigh};

    fn light(text: &str) -> bool {
        is_light(&wat::parse_str(text).expect("wat"))
    }

    #[test]
    fn plain_code_weighs_about_what_it_is_long() {
        let body = "(local.set 0 (i32.add (local.get 0) (i32.const 7)))".repeat(1_000);
        let wasm = wat::parse_str(format!("(module (func (param i32) {body}))")).expect("wat");
        let weight = weigh(&wasm).expect("light");
        assert!((wasm.len() as u64..2 * wasm.len() as u64).contains(&weight), "{weight} of {} bytes", wasm.len());
    }

    #[test]
    fn what_ordinary_plugins_are_is_light() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/wasm");
        let mut seen = 0;
        for plugin in std::fs::read_dir(folder).expect("the built-in plugins") {
            let path = plugin.expect("a file").path();
            if path.extension().is_some_and(|suffix| suffix == "wasm") {
                let wasm = std::fs::read(&path).expect("read");
                let weight = weigh(&wasm).unwrap_or_else(|| panic!("{} is heavy", path.display()));
                // Twice as much is light too.
                assert!(weight < super::MODULE_WEIGHT_MAX / 2, "{}: {weight}", path.display());
                seen += 1;
            }
        }
        assert!(seen > 5, "they are not where they were");
    }

    #[test]
    fn what_is_short_and_takes_long_is_not() {
        let many = |count: usize, text: &str| text.repeat(count);
        for (what, module) in [
            ("deep", format!("(func {} {})", many(2_000, "block "), many(2_000, "end "))),
            ("long", format!("(func {})", many(50_000, "(drop (i32.const 1))"))),
            ("many functions", many(30_000, "(func)")),
            ("loops that change many locals", {
                let changes: String =
                    (0..500).map(|n| format!("(local.set {n} (i32.add (local.get {n}) (i32.const 1)))")).collect();
                let (open, close) = (many(100, "loop "), many(100, "(br_if 0 (local.get 0)) end "));
                format!("(func (local {}) {open} {changes} {close})", many(500, "i32 "))
            }),
            ("locals alive at branches", {
                let branches = many(2_000, "(br_if 0 (local.get 0))");
                format!("(func (local {}) {branches})", many(2_000, "i32 "))
            }),
            ("a table of branches", {
                format!(
                    "(func (param i32) (local {}) (br_table {} (local.get 0)))",
                    many(900, "i64 "),
                    many(2_000, "0 ")
                )
            }),
            ("calls of many values", {
                let signature = format!("(param {0}) (result {0})", many(900, "i32 "));
                let calls = many(2_000, "(call $f)");
                format!("(func $f {signature} unreachable) (func {signature} unreachable {calls})")
            }),
            ("structures of many fields", {
                let fields = many(5_000, "(field i32)");
                format!("(type $s (struct {fields})) (func {})", many(1_000, "(drop (struct.new_default $s))"))
            }),
        ] {
            assert!(!light(&format!("(module {module})")), "{what}");
        }
        assert!(!is_light(b"\0asm\x01\0\0\0\x0a\xff"), "what cannot be read");
    }
}
