//! The second plugin of a chain: bills an order. It asks `sums` for the total.

#[path = "chain/plugin.rs"]
mod plugin;

#[unsafe(no_mangle)]
pub extern "C" fn bill() -> i32 {
    let total = plugin::ask("sums", "total", &plugin::input());
    plugin::output(&total);
    0
}
