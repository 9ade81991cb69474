//! The third plugin of a chain: adds prices. Its loop has a bug, which README's reader finds.

#[path = "chain/plugin.rs"]
mod plugin;

#[inline(never)]
fn sum(prices: &[u32]) -> u32 {
    let mut total = 0;
    let mut at = 1;
    while at < prices.len() {
        total += prices[at];
        at += 1;
    }
    total
}

#[unsafe(no_mangle)]
pub extern "C" fn total() -> i32 {
    let input = plugin::input();
    let prices: Vec<u32> = input.split(|byte| *byte == b',').map(plugin::number).collect();
    plugin::output(&plugin::digits(sum(&prices)));
    0
}
