//! Generated hostile modules: bulk instructions of every size, many memories, tables, globals and segments, deep
//! nesting, large functions, and wasm proposals. A seed always gives one and the same module.

use std::fmt::Write as _;

use fastrand::Rng;

/// The module of a seed, as wat.
pub fn module(seed: u64) -> String {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::new(&mut rng);
    let mut functions = String::new();
    for name in 0..rng.usize(2..7) {
        let body = world.body(&mut rng);
        writeln!(functions, "(func (export \"run{name}\") (local $i i32) (local $n i64) {body})").unwrap();
    }
    let extra = extra(&mut rng);
    let World { memories, tables, declarations, .. } = world;
    let memories: String = memories.iter().map(Memory::text).collect();
    let tables: String = tables.iter().map(|table| table.text.as_str()).collect();
    format!(
        "(module (type $cell (struct (field (mut (ref null $cell))) (field i64)))
          (type $bytes (array (mut i8))) (type $refs (array (mut (ref null any)))) (type $unit (func))
          (tag $thrown (param i64)) {memories} {tables} {declarations}
          (global $list (mut (ref null $cell)) (ref.null $cell)) (global $array (mut (ref null $bytes)) (ref.null $bytes))
          (global $any (mut (ref null $refs)) (ref.null $refs))
          (func $nothing) (elem declare func $nothing)
          {extra} {functions})"
    )
}

struct Memory {
    is_64: bool,
    pages: u64,
}

impl Memory {
    fn text(&self) -> String {
        let width = if self.is_64 { "i64 " } else { "" };
        format!("(memory {width}{})", self.pages)
    }
}

struct Table {
    elements: u32,
    text: String,
}

/// The entities that the functions use.
struct World {
    memories: Vec<Memory>,
    tables: Vec<Table>,
    segments: usize,
    elements: usize,
    declarations: String,
}

/// A size of a random order of magnitude, up to `most`.
fn size(rng: &mut Rng, most: u64) -> u64 {
    let bits = 64 - most.leading_zeros();
    let shift = rng.u32(0..bits.max(1));
    let within = rng.u64(0..=most >> shift);
    if rng.u8(0..10) == 0 { most.wrapping_add(rng.u64(0..4)).wrapping_sub(2) } else { within }
}

impl World {
    fn new(rng: &mut Rng) -> World {
        let many = |rng: &mut Rng, most: usize| if rng.u8(0..6) == 0 { rng.usize(1..=most) } else { rng.usize(1..4) };
        let memories = (0..many(rng, 40))
            .map(|_| Memory { is_64: rng.u8(0..3) == 0, pages: size(rng, 3_000) })
            .collect::<Vec<_>>();
        let tables = (0..many(rng, 40))
            .map(|_| {
                let elements = size(rng, 2_000_000) as u32;
                Table { elements, text: format!("(table {elements} funcref)") }
            })
            .collect::<Vec<_>>();
        let mut declarations = String::new();
        for _ in 0..if rng.u8(0..5) == 0 { rng.usize(0..60_000) } else { 3 } {
            declarations.push_str("(global (mut i64) (i64.const 1))");
        }
        let segments = many(rng, 200);
        for _ in 0..segments {
            let bytes = "\\01\\02".repeat(rng.usize(0..2_000));
            write!(declarations, "(data \"{bytes}\")").unwrap();
        }
        let elements = many(rng, 50);
        for _ in 0..elements {
            let functions = " $nothing".repeat(rng.usize(0..2_000));
            write!(declarations, "(elem func{functions})").unwrap();
        }
        World { memories, tables, segments, elements, declarations }
    }

    /// A function's body: steps in sequence, in a loop, in nested blocks, or in a recursion.
    fn body(&mut self, rng: &mut Rng) -> String {
        let steps: String = (0..rng.usize(1..6)).map(|_| self.step(rng)).collect();
        match rng.u8(0..6) {
            0 => steps.repeat(rng.usize(1..2_000)),
            1 => format!("(loop $again {steps} (br $again))"),
            2 => {
                let depth = rng.usize(1..400);
                format!("{}{steps}{}", "(block ".repeat(depth), ")".repeat(depth))
            }
            3 => format!("{steps} (return_call $nothing)"),
            4 => format!("(block $caught (try_table (catch_all $caught) {steps} (throw $thrown (i64.const 1))))"),
            _ => steps,
        }
    }

    /// One long instruction, or one that allocates.
    fn step(&mut self, rng: &mut Rng) -> String {
        let at = rng.usize(0..self.memories.len());
        let other = rng.usize(0..self.memories.len());
        let (to, from) = (&self.memories[at], &self.memories[other]);
        let both = to.is_64 && from.is_64;
        let number = |is_64: bool, value: u64| {
            let width = if is_64 { 64 } else { 32 };
            let value = if is_64 { value } else { value & 0xffff_ffff };
            format!("(i{width}.const {value})")
        };
        let bytes = to.pages << 16;
        let (one, two, length) = (size(rng, bytes), size(rng, from.pages << 16), size(rng, bytes));
        let table = rng.usize(0..self.tables.len());
        let source = rng.usize(0..self.tables.len());
        let items = u64::from(self.tables[table].elements);
        let (first, second, count) = (size(rng, items) as u32, size(rng, items) as u32, size(rng, items) as u32);
        let elements = size(rng, 40_000_000) as u32;
        let segment = rng.usize(0..self.segments);
        let elem = rng.usize(0..self.elements);
        match rng.u8(0..20) {
            0 | 1 => format!(
                "(memory.fill {at} {} (i32.const 7) {})",
                number(to.is_64, one), number(to.is_64, length)
            ),
            2 | 3 => format!(
                "(memory.copy {at} {other} {} {} {})",
                number(to.is_64, one), number(from.is_64, two), number(both, length)
            ),
            4 => format!(
                "(memory.init {at} {segment} {} (i32.const 0) (i32.const {}))",
                number(to.is_64, one), size(rng, 4_000) as u32
            ),
            5 => format!("(drop (memory.grow {at} {}))", number(to.is_64, size(rng, 70_000))),
            6 | 7 => format!("(table.fill {table} (i32.const {first}) (ref.func $nothing) (i32.const {count}))"),
            8 | 9 => format!("(table.copy {table} {source} (i32.const {first}) (i32.const {second}) (i32.const {count}))"),
            10 => format!("(table.init {table} {elem} (i32.const {first}) (i32.const 0) (i32.const {}))", size(rng, 2_000) as u32),
            11 => format!("(drop (table.grow {table} (ref.null func) (i32.const {})))", elements / 4),
            12 => format!("(global.set $array (array.new_default $bytes (i32.const {elements})))"),
            13 => format!("(array.fill $bytes (global.get $array) (i32.const 0) (i32.const 3) (i32.const {elements}))"),
            14 => format!(
                "(array.copy $bytes $bytes (global.get $array) (i32.const 1) (global.get $array) (i32.const 0) (i32.const {elements}))"
            ),
            15 => format!("(global.set $any (array.new $refs (global.get $list) (i32.const {elements})))"),
            16 => format!(
                "(local.set $i (i32.const 0)) (loop $make (global.set $list (struct.new $cell (global.get $list) (i64.const 1)))
                   (br_if $make (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {}))))",
                elements / 20
            ),
            17 => "(global.set $list (ref.null $cell))".into(),
            18 => format!("(global.set $array (array.new_data $bytes {segment} (i32.const 0) (i32.const {})))", size(rng, 4_000) as u32),
            _ => "(if (i32.eqz (local.get $i)) (then (local.set $i (i32.const 1)) (call $nothing)))".into(),
        }
    }
}

/// A large addition: functions, nesting, exports or constants.
fn extra(rng: &mut Rng) -> String {
    match rng.u8(0..10) {
        0 => "(func)".repeat(rng.usize(1..20_000)),
        1 => format!("(func (local {}))", "i64 ".repeat(rng.usize(1..20_000))),
        2 => format!("(func {})", "(drop (i32.const 1)) ".repeat(rng.usize(1..60_000))),
        3 => (0..rng.usize(1..3_000)).map(|at| format!("(export \"e{at}\" (func $nothing))")).collect(),
        4 => format!("(global (ref $bytes) (array.new_default $bytes (i32.const {})))", size(rng, 4_000_000) as u32),
        5 => format!("(func $deep (result i32) {} (i32.const 0) {})", "(i32.eqz ".repeat(300), ")".repeat(300)),
        _ => String::new(),
    }
}
