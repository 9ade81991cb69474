//! Rewritten modules behave as before: random bulk instructions are compared with wasmtime's own.

use std::fmt::Write as _;

use wasmtime::{Config, Engine, Instance, Module, Store, Trap, Val};

use super::{Chunks, rewritten};

/// Small chunks: some hundred bytes are many of them.
const SMALL: Chunks = Chunks { bytes: 48, elements: 7, fuel: 0 };
const SMALL_FUELLED: Chunks = Chunks { bytes: 64, elements: 8, fuel: 1 };
const MODULES: u64 = 40;
const STEPS: usize = 24;
/// Elements of each segment, table and array, and bytes of each memory.
const ITEMS: u32 = 700;
const PAGE: u32 = 65_536;

fn engine(fuelled: bool) -> Engine {
    let mut config = Config::new();
    config.consume_fuel(fuelled).memory_may_move(false).memory_reservation(1 << 20).memory_guard_size(1 << 16);
    config.wasm_tail_call(true).wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
    Engine::new(&config).unwrap()
}

fn wasm(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

/// The module of the random steps: memories and tables of both widths, segments, arrays in globals, and `hash` over all
/// of them.
fn world(steps: &str) -> String {
    let data: String = (0..ITEMS * 8).map(|at| format!("\\{:02x}", (at * 7 + at / 256) % 256)).collect();
    let functions: String = (0..9).map(|n| format!("(func $f{n} (result i32) (i32.const {n}))")).collect();
    let names: String = (0..ITEMS).map(|at| format!(" $f{}", at % 9)).collect();
    let numbers: String = (0..ITEMS).map(|at| format!(" (ref.i31 (i32.const {at}))")).collect();
    let arrays: String = ["b", "l", "r"]
        .iter()
        .flat_map(|ty| {
            [0, 1].map(|n| {
                format!("(global $g{ty}{n} (mut (ref null ${ty})) (array.new_default ${ty} (i32.const {ITEMS})))")
            })
        })
        .collect();
    format!(
        r#"(module
          (type $b (array (mut i8))) (type $l (array (mut i64))) (type $r (array (mut (ref null i31))))
          (type $c (array i16)) (type $i (func (result i32)))
          (memory $m0 (export "m0") 1 3) (memory $m1 (export "m1") i64 1 2)
          (table $t0 {ITEMS} funcref) (table $t1 i64 {ITEMS} funcref)
          {functions} {arrays}
          (data $d "{data}") (data $e "{data}") (data (memory $m0) (i32.const 100) "{data}")
          (data (memory $m1) (i64.const 3000) "{data}")
          (elem $s func{names}) (elem $n (ref null i31){numbers}) (elem (table $t0) (i32.const 0) func{names})
          (func (export "hash") (result i32) (local $h i32) (local $i i32)
            (loop $next
              (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (call $item (table.get $t0 (local.get $i)))))
              (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31))
                (call $item (table.get $t1 (i64.extend_i32_u (local.get $i))))))
              (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (call $bytes (global.get $gb0) (local.get $i))))
              (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (call $bytes (global.get $gb1) (local.get $i))))
              (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (call $longs (global.get $gl0) (local.get $i))))
              (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (call $longs (global.get $gl1) (local.get $i))))
              (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (call $refs (global.get $gr0) (local.get $i))))
              (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (call $refs (global.get $gr1) (local.get $i))))
              (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {ITEMS}))))
            (local.get $h))
          (func $item (param funcref) (result i32)
            (if (result i32) (ref.is_null (local.get 0)) (then (i32.const 77))
              (else (call_ref $i (ref.cast (ref $i) (local.get 0))))))
          (func $bytes (param (ref null $b) i32) (result i32)
            (if (result i32) (ref.is_null (local.get 0)) (then (i32.const 5)) (else
              (if (result i32) (i32.ge_u (local.get 1) (array.len (local.get 0))) (then (i32.const 6))
                (else (array.get_u $b (local.get 0) (local.get 1)))))))
          (func $longs (param (ref null $l) i32) (result i32)
            (if (result i32) (ref.is_null (local.get 0)) (then (i32.const 5)) (else
              (if (result i32) (i32.ge_u (local.get 1) (array.len (local.get 0))) (then (i32.const 6))
                (else (i32.wrap_i64 (array.get $l (local.get 0) (local.get 1))))))))
          (func $refs (param (ref null $r) i32) (result i32)
            (if (result i32) (ref.is_null (local.get 0)) (then (i32.const 5)) (else
              (if (result i32) (i32.ge_u (local.get 1) (array.len (local.get 0))) (then (i32.const 6)) (else
                (if (result i32) (ref.is_null (array.get $r (local.get 0) (local.get 1))) (then (i32.const 7))
                  (else (i31.get_u (array.get $r (local.get 0) (local.get 1))))))))))
          {steps})"#
    )
}

/// A number of 32 or 64 bits, written as a sum that the rewrite does not see through.
fn number(rng: &mut fastrand::Rng, wide: bool, value: u32) -> String {
    let width = if wide { 64 } else { 32 };
    match rng.u8(0..4) {
        0 => format!("(i{width}.const {value})"),
        _ => format!("(i{width}.add (i{width}.const 0) (i{width}.const {value}))"),
    }
}

/// An offset or a length: mostly within `most`, sometimes at its edge, past it, or at the largest number.
fn place(rng: &mut fastrand::Rng, most: u32) -> u32 {
    match rng.u8(0..24) {
        0 => 0,
        1 => most,
        2 => most + 1,
        3 => u32::MAX - rng.u32(0..most),
        4 => u32::MAX,
        5..8 => rng.u32(0..64),
        _ => rng.u32(0..=most / 2),
    }
}

/// One instruction on the world, with its operands.
fn step(rng: &mut fastrand::Rng) -> String {
    if rng.bool() { step_in_rooms(rng) } else { step_in_arrays(rng) }
}

fn bytes(rng: &mut fastrand::Rng, wide: bool) -> String {
    let at = place(rng, PAGE);
    number(rng, wide, at)
}

fn items(rng: &mut fastrand::Rng, wide: bool) -> String {
    let at = place(rng, ITEMS);
    number(rng, wide, at)
}

/// On memories and tables.
fn step_in_rooms(rng: &mut fastrand::Rng) -> String {
    let (wide, other) = (rng.bool(), rng.bool());
    let (at, from, both) = (u8::from(wide), u8::from(other), wide && other);
    let segment = if rng.bool() { "$d" } else { "$e" };
    match rng.u8(0..10) {
        0 | 1 => format!("(memory.fill $m{at} {} (i32.const {}) {})", bytes(rng, wide), rng.u8(..), bytes(rng, wide)),
        2 | 3 => {
            let (to, source, length) = (bytes(rng, wide), bytes(rng, other), bytes(rng, both));
            format!("(memory.copy $m{at} $m{from} {to} {source} {length})")
        }
        4 => {
            let (to, source, length) = (bytes(rng, wide), items(rng, false), items(rng, false));
            format!("(memory.init $m{at} {segment} {to} {source} {length})")
        }
        5 => format!("(table.fill $t{at} {} (ref.func $f{}) {})", items(rng, wide), rng.u8(0..9), items(rng, wide)),
        6 | 7 => {
            let (to, source, length) = (items(rng, wide), items(rng, other), items(rng, both));
            format!("(table.copy $t{at} $t{from} {to} {source} {length})")
        }
        8 => format!("(table.init $t{at} $s {} {} {})", items(rng, wide), items(rng, false), items(rng, false)),
        _ => match rng.u8(0..8) {
            0 => format!("(data.drop {segment})"),
            1 => "(elem.drop $s)".into(),
            2..5 => format!("(drop (memory.grow $m{at} (i{}.const 1)))", if wide { 64 } else { 32 }),
            _ => format!("(drop (table.grow $t{at} (ref.func $f1) {}))", number(rng, wide, 1)),
        },
    }
}

/// On arrays.
fn step_in_arrays(rng: &mut fastrand::Rng) -> String {
    let ty = *rng.choice(&["b", "l", "r"]).unwrap();
    let (one, two) = (rng.u8(0..2), rng.u8(0..2));
    let value = match ty {
        "b" => format!("(i32.const {})", rng.u8(..)),
        "l" => format!("(i64.const {})", rng.u32(..)),
        _ => format!("(ref.i31 (i32.const {}))", rng.u8(..)),
    };
    let segment = if rng.bool() { "$d" } else { "$e" };
    let (at, source, length) = (items(rng, false), items(rng, false), items(rng, false));
    match rng.u8(0..8) {
        0 => format!("(array.fill ${ty} (global.get $g{ty}{one}) {at} {value} {length})"),
        1 | 2 => {
            format!("(array.copy ${ty} ${ty} (global.get $g{ty}{one}) {at} (global.get $g{ty}{two}) {source} {length})")
        }
        3 if ty == "r" => format!("(array.init_elem $r $n (global.get $gr{one}) {at} {source} {length})"),
        3 => format!("(array.init_data ${ty} {segment} (global.get $g{ty}{one}) {at} {source} {length})"),
        4 if ty == "r" => format!("(global.set $gr{one} (array.new_elem $r $n {source} {length}))"),
        4 => format!("(global.set $g{ty}{one} (array.new_data ${ty} {segment} {source} {length}))"),
        5 => format!("(global.set $g{ty}{one} (array.new ${ty} {value} {}))", number(rng, false, 650)),
        6 => match rng.u8(0..8) {
            0 => "(elem.drop $n)".into(),
            1 => format!("(global.set $g{ty}{one} (ref.null ${ty}))"),
            _ => format!("(drop (array.new_data $c {segment} {source} {length}))"),
        },
        _ => format!("(drop (array.new_default ${ty} {}))", number(rng, false, 300)),
    }
}

/// The results of each step and of all steps.
fn outcome(engine: &Engine, wasm: &[u8]) -> (Vec<Option<Trap>>, i32, Vec<Vec<u8>>) {
    let module = Module::new(engine, wasm).unwrap_or_else(|error| panic!("{error:?}"));
    let mut store = Store::new(engine, ());
    if store.get_fuel().is_ok() {
        store.set_fuel(u64::MAX / 4).unwrap();
    }
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let traps = (0..STEPS).map(|at| {
        let function = instance.get_typed_func::<(), ()>(&mut store, &format!("s{at}")).unwrap();
        let error = function.call(&mut store, ()).err()?;
        Some(*error.downcast_ref::<Trap>().unwrap_or_else(|| panic!("{error:?}")))
    });
    let traps = traps.collect();
    let hash = instance.get_typed_func::<(), i32>(&mut store, "hash").unwrap().call(&mut store, ()).unwrap();
    let memories = ["m0", "m1"].map(|name| instance.get_memory(&mut store, name).unwrap().data(&store).to_vec());
    (traps, hash, memories.into())
}

#[test]
fn rewritten_modules_do_what_they_did() {
    let engines = [engine(false), engine(true)];
    let (mut trapped, mut ended) = (0, 0);
    for seed in 0..MODULES {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut steps = String::new();
        for at in 0..STEPS {
            writeln!(steps, "(func (export \"s{at}\") {})", step(&mut rng)).unwrap();
        }
        let wasm = wasm(&world(&steps));
        let expected = outcome(&engines[0], &wasm);
        for (engine, chunks) in [(&engines[0], SMALL), (&engines[1], SMALL_FUELLED)] {
            let changed = rewritten(&wasm, chunks).unwrap().expect("there is something to rewrite");
            let found = outcome(engine, &changed);
            assert_eq!(found.0, expected.0, "seed {seed}: what traps\n{steps}");
            assert_eq!(found.1, expected.1, "seed {seed}: tables and arrays\n{steps}");
            assert!(found.2 == expected.2, "seed {seed}: memories\n{steps}");
        }
        trapped += expected.0.iter().flatten().count();
        ended += expected.0.iter().filter(|trap| trap.is_none()).count();
    }
    assert!(trapped > 100 && ended > 300, "{trapped} steps trapped and {ended} did not: both have to be tried");
}

#[test]
fn what_is_short_or_has_no_bulk_instruction_stays_byte_for_byte() {
    for wat in [
        "(module)",
        "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 1) (i32.const 1024))))",
        "(module (table 9 funcref) (func (table.fill (i32.const 0) (ref.null func) (i32.const 128))))",
        "(module (memory 1) (func (param i32) (drop (memory.grow (local.get 0)))) (func (loop (br 0))))",
    ] {
        assert_eq!(rewritten(&wasm(wat), Chunks::PLAIN), Ok(None), "{wat}");
    }
    assert_eq!(rewritten(b"\0asm\x01\0\0\0\x0a\x05nonsense", Chunks::PLAIN), Ok(None));
    let long = "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 1) (i32.const 1025))))";
    assert!(rewritten(&wasm(long), Chunks::PLAIN).unwrap().is_some());
}

#[test]
fn names_and_custom_sections_stay() {
    let wat = r#"(module (@custom "first" (before first) "one") (memory 1)
      (func $named (export "f") (param $n i32) (memory.fill (i32.const 0) (i32.const 1) (local.get $n)))
      (@custom "last" "two"))"#;
    let wasm = wasm(wat);
    let custom = |wasm: &[u8]| {
        let payloads = wasmparser::Parser::new(0).parse_all(wasm).map(Result::unwrap);
        let sections = payloads.filter_map(|payload| match payload {
            wasmparser::Payload::CustomSection(section) => Some((section.name().to_owned(), section.data().to_vec())),
            _ => None,
        });
        sections.collect::<Vec<_>>()
    };
    let changed = rewritten(&wasm, Chunks::PLAIN).unwrap().unwrap();
    assert_eq!(custom(&changed), custom(&wasm));
    assert_eq!(custom(&wasm).len(), 3);
    let engine = engine(false);
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &Module::new(&engine, &changed).unwrap(), &[]).unwrap();
    let function = instance.get_func(&mut store, "f").unwrap();
    let error = function.call(&mut store, &[Val::I32(65_537)], &mut []).unwrap_err();
    let backtrace = error.downcast_ref::<wasmtime::WasmBacktrace>().unwrap();
    let names: Vec<_> = backtrace.frames().iter().map(wasmtime::FrameInfo::func_name).collect();
    assert_eq!(names, [None, Some("named")], "a helper has no name, its caller keeps its own");
}

#[test]
fn a_function_with_as_many_locals_as_there_may_be_is_rewritten_too() {
    let locals = "i64 ".repeat(49_999);
    let wat = format!(
        "(module (memory (export \"m\") 1) (func (export \"f\") (param i32) (local {locals})
          (memory.fill (i32.const 0) (i32.const 7) (local.get 0))))"
    );
    let engine = engine(false);
    let changed = rewritten(&wasm(&wat), SMALL).unwrap().unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &Module::new(&engine, &changed).unwrap(), &[]).unwrap();
    instance.get_typed_func::<i32, ()>(&mut store, "f").unwrap().call(&mut store, 5_000).unwrap();
    let memory = instance.get_memory(&mut store, "m").unwrap();
    assert!(memory.data(&store)[..5_000].iter().all(|byte| *byte == 7) && memory.data(&store)[5_000] == 0);
}

#[test]
fn fuel_is_charged_by_the_byte() {
    let wat = r#"(module (type $a (array (mut i8))) (memory 64) (table 100000 funcref)
      (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))
      (func (export "table") (param i32) (table.fill (i32.const 0) (ref.null func) (local.get 0)))
      (func (export "array") (param i32) (drop (array.new_default $a (local.get 0)))))"#;
    let engine = engine(true);
    let changed = rewritten(&wasm(wat), Chunks::FUELLED).unwrap().unwrap();
    let module = Module::new(&engine, &changed).unwrap();
    let cost = |name: &str, length: i32| {
        let mut store = Store::new(&engine, ());
        store.set_fuel(1 << 40).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let before = store.get_fuel().unwrap();
        instance.get_typed_func::<i32, ()>(&mut store, name).unwrap().call(&mut store, length).unwrap();
        before - store.get_fuel().unwrap()
    };
    assert!(cost("fill", 1_000) < 50);
    for (name, least, length) in [("fill", 1 << 16, 4 << 20), ("table", 12_000, 100_000)] {
        let cost = cost(name, length);
        assert!((least..2 * least).contains(&cost), "`{name}` of {length} costs {cost}");
    }
    // wasmtime writes this loop itself and charges for it.
    assert!(cost("array", 100_000) > 100_000);
}

#[test]
fn a_long_function_without_loops_is_looked_at() {
    let body = "(drop (i32.const 1000000)) ".repeat(60_000);
    let wasm = wasm(&format!("(module (func (export \"f\") {body}))"));
    let changed = rewritten(&wasm, Chunks::PLAIN).unwrap().expect("it is long");
    // The code has 60,000 times six bytes, with a check after each 128 KiB.
    assert_eq!(changed.len() - wasm.len(), 2 * 3);
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config).unwrap();
    let looks = |wasm: &[u8]| {
        let mut store = Store::new(&engine, 0);
        store.set_epoch_deadline(0);
        store.epoch_deadline_callback(|mut context| {
            *context.data_mut() += 1;
            Ok(wasmtime::UpdateDeadline::Continue(0))
        });
        let instance = Instance::new(&mut store, &Module::new(&engine, wasm).unwrap(), &[]).unwrap();
        instance.get_typed_func::<(), ()>(&mut store, "f").unwrap().call(&mut store, ()).unwrap();
        *store.data()
    };
    assert_eq!(looks(&changed) - looks(&wasm), 2);
}

#[test]
fn memories_of_a_module_with_a_heap_do_not_grow_as_it_does() {
    let text = |memory: &str, heap: &str| wasm(&format!("(module {heap} {memory})"));
    let maximum = |wasm: &[u8]| {
        let module = Module::new(&engine(false), rewritten(wasm, Chunks::PLAIN).unwrap().as_deref().unwrap_or(wasm));
        module.unwrap().exports().next().unwrap().ty().unwrap_memory().maximum()
    };
    for (memory, with_heap, without) in [
        ("(memory (export \"m\") 1)", Some(65_535), None),
        ("(memory (export \"m\") 1 65536)", Some(65_535), Some(65_536)),
        ("(memory (export \"m\") 1 7)", Some(7), Some(7)),
        ("(memory (export \"m\") i64 1 65536)", Some(65_535), Some(65_536)),
        ("(memory (export \"m\") i64 1)", None, None),
        ("(memory (export \"m\") 65536)", None, None),
    ] {
        assert_eq!(maximum(&text(memory, "(type (struct))")), with_heap, "{memory}");
        assert_eq!(maximum(&text(memory, "")), without, "{memory}");
    }
}

#[test]
fn what_cannot_be_bounded_is_refused() {
    let refused = |wat: &str| rewritten(&wasm(wat), Chunks::PLAIN).unwrap_err().to_string();
    let array = "(type $a (array i8))";
    let long = refused(&format!("(module {array} (global (ref $a) (array.new_default $a (i32.const 2000000))))"));
    assert!(long.contains("arrays of 2000000 elements"), "{long}");
    let unknown = refused(&format!(
        "(module {array} (global $n i32 (i32.const 9)) (global (ref $a) (array.new_default $a (global.get $n))))"
    ));
    assert!(unknown.contains("not a plain number"), "{unknown}");
    let items = " func".repeat(70_000).replace(" func", " $f");
    let elements = refused(&format!(
        "(module (type $a (array funcref)) (func $f) (elem $e func{items})
          (func (param i32) (drop (array.new_elem $a $e (i32.const 0) (local.get 0)))))"
    ));
    assert!(elements.contains("of a segment of 70000 elements"), "{elements}");
}
