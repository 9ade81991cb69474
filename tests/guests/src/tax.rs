//! Taxes: fails in every way that Rust knows, one function each.

#![allow(unconditional_recursion)]

use std::hint::black_box;

const RATES: [(&str, u32); 3] = [("DE", 19), ("FR", 20), ("LU", 17)];

struct Rate {
    percent: Option<u32>,
}

impl Rate {
    #[inline(never)]
    fn of(country: &str) -> Rate {
        let found = RATES.iter().find(|(name, _)| *name == country);
        Rate { percent: found.map(|(_, percent)| *percent) }
    }

    #[inline(never)]
    fn percent(&self) -> u32 {
        self.percent.unwrap()
    }
}

#[inline(never)]
fn rate_of(country: &str) -> u32 {
    let rate = Rate::of(country);
    rate.percent()
}

#[unsafe(no_mangle)]
pub extern "C" fn rate() -> i32 {
    rate_of(black_box("XX")) as i32 * 0
}

#[unsafe(no_mangle)]
pub extern "C" fn bounds() -> i32 {
    nth(black_box(7)) as i32 * 0
}

#[inline(never)]
fn nth(at: usize) -> u32 {
    black_box(&RATES)[at].1
}

#[unsafe(no_mangle)]
pub extern "C" fn overflow() -> i32 {
    scaled(black_box(u32::MAX)) as i32 * 0
}

#[inline(always)]
fn double(amount: u32) -> u32 {
    amount * 2
}

#[inline(never)]
fn scaled(amount: u32) -> u32 {
    double(amount) + 1
}

#[unsafe(no_mangle)]
pub extern "C" fn wild() -> i32 {
    let wild = black_box(u32::MAX as usize & !7) as *const u32;
    // No sound program does this: it is the trap that is wanted.
    unsafe { wild.read_volatile() as i32 * 0 }
}

#[unsafe(no_mangle)]
pub extern "C" fn recurse() -> i32 {
    deeper(black_box(1)) as i32 * 0
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    black_box(depth) + deeper(depth + 1)
}

#[unsafe(no_mangle)]
pub extern "C" fn refuse() -> i32 {
    7
}

#[unsafe(no_mangle)]
pub extern "C" fn spin() -> i32 {
    let mut round = 0u64;
    while black_box(round) < u64::MAX {
        round += 1;
    }
    0
}

#[unsafe(no_mangle)]
pub extern "C" fn copied() -> i32 {
    // Copied in chunks by the host, which moves the code behind it.
    let from = black_box([7u8; 4096]);
    let mut to = [0u8; 8192];
    let length = black_box(3000);
    to[..length].copy_from_slice(&from[..length]);
    black_box(&to);
    nth(length) as i32 * 0
}
