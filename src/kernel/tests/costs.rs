//! The cost of a call: the memory that it adds and leaves, and its fuel.

use std::sync::Arc;

use super::{call, is_call, kernel, load, program};
use crate::journal::{Filter, Record};
use crate::kernel::{Kernel, LoadRequest, ProcessId};
use crate::runtime::{FuelCount, Host, Spec};

/// `grow` adds two pages, `keep` none, `lose` three and traps, `loop` runs some thousand instructions.
const GROWER: &str = r#"(module (memory (export "memory") 1)
  (func (export "grow") (drop (memory.grow (i32.const 2))))
  (func (export "keep"))
  (func (export "lose") (drop (memory.grow (i32.const 3))) unreachable)
  (func (export "loop") (local $n i32)
    (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 1000))))))"#;

fn records(kernel: &Arc<Kernel>) -> Vec<Record> {
    let mut records = kernel.journal().drain().find(usize::MAX, is_call);
    records.sort_by_key(|record| record.seq);
    records
}

fn counted(kernel: &Arc<Kernel>, host: Host) -> ProcessId {
    let spec = Spec { fuel_count: FuelCount::Asked, ..Spec::default() };
    kernel.load(LoadRequest { spec, host, ..LoadRequest::plain(Arc::new(program(GROWER))) }).unwrap().id
}

#[test]
fn memory_that_a_call_adds_and_leaves_is_in_its_record() {
    let kernel = kernel();
    let id = load(&kernel, GROWER);
    for function in ["keep", "grow", "grow", "lose", "keep"] {
        let _ = call(&kernel, id, function, b"x");
    }
    // An input that does not fit grows the blocks, which are no linear memory of the plugin.
    call(&kernel, id, "keep", &vec![0; 5 << 20]).unwrap();
    let grown: Vec<Option<u64>> = records(&kernel).iter().map(|record| record.grew.bytes()).collect();
    assert_eq!(grown, [0, 2 << 16, 2 << 16, 0, 0, 0].map(Some), "a trap leaves no memory");
    let filter = Filter::parse("grew >= 128k").unwrap();
    assert_eq!(records(&kernel).iter().filter(|record| filter.matches(record)).count(), 2);
    assert!(filter.needs_end());
}

#[test]
fn the_stock_host_counts_fuel_and_does_not_tell_growth() {
    let kernel = kernel();
    let id = counted(&kernel, Host::Extism);
    for function in ["loop", "loop", "grow"] {
        call(&kernel, id, function, b"").unwrap();
    }
    let records = records(&kernel);
    assert!(records[0].fuel > 4_000, "{}", records[0].fuel);
    assert_eq!(records[0].fuel, records[1].fuel);
    assert!(records.iter().all(|record| record.grew.bytes().is_none()));
}

#[test]
fn fuel_is_equal_in_ten_runs_and_in_a_busy_kernel() {
    let run = |busy: bool| {
        let kernel = kernel();
        kernel.set_counts_fuel(true);
        let front = load(&kernel, "wordcount");
        let others =
            if busy { vec![counted(&kernel, Host::Native), counted(&kernel, Host::Native)] } else { Vec::new() };
        std::thread::scope(|scope| {
            for id in &others {
                scope.spawn(|| (0..50).for_each(|_| drop(call(&kernel, *id, "loop", b""))));
            }
            for text in ["a b a", "the cat and the dog", "a b a"] {
                call(&kernel, front, "run", text.as_bytes()).unwrap();
            }
        });
        let records = records(&kernel);
        let of = records.iter().filter(|record| !others.contains(&record.callee));
        of.map(|record| (record.callee_name.as_str(), record.function.as_str(), record.fuel)).collect::<Vec<_>>()
    };
    let first = run(false);
    assert!(first.len() > 9 && first.iter().all(|(_, _, fuel)| *fuel > 100), "{first:?}");
    for turn in 1..10 {
        assert_eq!(run(turn % 2 == 0), first, "run {turn}");
    }
}

#[test]
fn a_failed_call_has_its_fuel_and_a_limit_counts_too() {
    let kernel = kernel();
    let id = counted(&kernel, Host::Native);
    assert!(call(&kernel, id, "lose", b"").is_err());
    let spec = Spec { fuel: Some(2_000), ..Spec::default() };
    let limited = kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(GROWER))) }).unwrap().id;
    assert!(call(&kernel, limited, "loop", b"").unwrap_err().to_string().contains("out of fuel"));
    let fuel: Vec<u64> = records(&kernel).iter().map(|record| record.fuel).collect();
    assert!(fuel[0] > 0 && fuel[0] < 20, "{fuel:?}");
    assert!((1_900..=2_000).contains(&fuel[1]), "{fuel:?}");
}

#[test]
fn the_switch_is_for_what_is_loaded_or_reloaded_from_then_on() {
    let kernel = kernel();
    let (plain, asked) = (load(&kernel, GROWER), counted(&kernel, Host::Native));
    let reload = |id| drop(kernel.reload(id, &Arc::new(program(GROWER)), false).unwrap());
    let counts = |id| {
        call(&kernel, id, "loop", b"").unwrap();
        records(&kernel).last().unwrap().counted_fuel().is_some()
    };
    assert!(!counts(plain) && counts(asked));
    kernel.set_counts_fuel(true);
    assert!(!counts(plain), "it was loaded before");
    assert!(counts(load(&kernel, GROWER)));
    reload(plain);
    assert!(counts(plain), "reloaded");
    kernel.set_counts_fuel(false);
    kernel.restart(plain).unwrap();
    assert!(counts(plain), "a restart keeps the code");
    reload(plain);
    reload(asked);
    assert!(!counts(plain) && counts(asked), "what was asked for at the load stays");
}
