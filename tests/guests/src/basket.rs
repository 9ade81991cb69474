//! A basket: variables of every kind, which a debugger shows; `black_box` keeps them.

#![no_std]

extern crate alloc;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::hint::black_box;

/// Gives memory out once: the basket is small.
struct Bump(UnsafeCell<usize>, UnsafeCell<[u64; 256]>);

// A guest has one thread.
unsafe impl Sync for Bump {}

unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = unsafe { &mut *self.0.get() };
        let start = used.next_multiple_of(layout.align());
        *used = start + layout.size();
        if *used > 2048 { core::ptr::null_mut() } else { unsafe { self.1.get().cast::<u8>().add(start) } }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static BUMP: Bump = Bump(UnsafeCell::new(0), UnsafeCell::new([0; 256]));

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}


#[derive(Clone, Copy)]
enum Currency {
    Euro,
    Franc,
}

enum Discount {
    None,
    Percent(u8),
    Voucher { code: u32, cents: i64 },
}

struct Item {
    name: String,
    cents: i64,
    discount: Discount,
    note: Option<&'static str>,
}

struct Basket<'a> {
    owner: &'a str,
    currency: Currency,
    items: Vec<Item>,
    total: Option<u64>,
}

fn item(name: &str, cents: i64, discount: Discount) -> Item {
    Item { name: name.to_owned(), cents, discount, note: (cents > 500).then_some("dear") }
}

#[inline(never)]
fn shown(total: &i64) -> i64 {
    *black_box(total)
}

#[inline(never)]
fn total_of(basket: &Basket, rates: &[u16], factor: f64) -> i64 {
    let mut total = 0i64;
    let grid = [[1u8, 2], [3, 4]];
    let letter = 'é';
    let flags = (true, false, -7i8);
    let first = basket.items.first();
    let parsed: Result<u32, String> = Err("no number".to_owned());
    let boxed = Box::new(0x1234_5678u32);
    let unit = ();
    for at in 0..basket.items.len() {
        let item = &basket.items[at];
        total += item.cents;
    }
    black_box((&grid, &letter, &flags, &first, &parsed, &boxed, &unit, rates, factor));
    black_box((&rates, &factor, &basket));
    shown(&total)
}

#[unsafe(no_mangle)]
pub extern "C" fn checkout() -> i32 {
    let items = vec![
        item("apple", 120, Discount::None),
        item("pear", 80, Discount::Percent(5)),
        item("melon", 900, Discount::Voucher { code: 77, cents: -150 }),
    ];
    let basket = Basket { owner: "Ada", currency: Currency::Franc, items, total: None };
    let rates = [19u16, 7];
    let total = total_of(black_box(&basket), &rates, 1.5);
    let kept = Basket { owner: "Bo", currency: Currency::Euro, items: Vec::new(), total: Some(total as u64) };
    black_box(&kept);
    (total != 1100) as i32
}
