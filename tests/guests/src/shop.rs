//! The first plugin of a chain: says what an order costs. It asks `till`.

#[path = "chain/plugin.rs"]
mod plugin;

#[unsafe(no_mangle)]
pub extern "C" fn order() -> i32 {
    let cents = plugin::number(&plugin::ask("till", "bill", &plugin::input()));
    let mut text = b"to pay: ".to_vec();
    text.extend(plugin::digits(cents));
    text.extend(b" cents");
    plugin::output(&text);
    0
}
