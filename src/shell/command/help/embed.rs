//! `help embed`.

use super::topic::Part::{self, *};
use super::topic::Topic;

/// A system of plugins inside of a product.
pub const EMBED: Topic = Topic { name: "embed", column: 29, parts: PARTS };

const PARTS: &[Part] = &[
    Text(
        "A product in Rust links plugsh as its host: `plugsh::System` is what runs here, without the prompt, with host \
            functions of the product's own. What its module has is promised; `cargo doc` shows it with examples.",
    ),
    Blank,
    Example(&[
        "let system = System::builder()",
        "    .plugin_dir(\"plugins\")",
        "    .host_function(\"shop\", \"price_of\", [Handle], [Handle], move |plugin, inputs, outputs| { ... })",
        "    .build()?;",
        "let till = system.load(Load::new(\"till\").memory_max(16 << 20))?;",
        "let price = system.call(till, \"price\", \"cake\")?;",
        "let _door = system.serve(\"shop\")?;",
    ]),
    Blank,
    Heading("The product's side"),
    Row("System::builder()", "limits, plugin directories, a policy, host functions; `build` makes the system"),
    Row("load, kill, kill_tree", "start and end plugins: by name, by path or from bytes, with the options of `load`"),
    Row(
        "call, call_within, start",
        "call and wait, with a deadline, or beside; an error has outcome, message and path",
    ),
    Row("processes, calls, follow", "what `ps` and `trace` show, as values"),
    Row("trace_host_requests", "what plugins ask of the host becomes records, the product's own functions too"),
    Row("serve", "opens the door for `plugsh attach`, for as long as what it gives lives"),
    Blank,
    Heading("From this side"),
    Row(
        "plugsh attach shop",
        "all of this shell at the product's system: breakpoints, faults, stacks, kills, the pane",
    ),
    Row("trace host on", "what each function of the product was given and gave, in both hosts"),
    Row("stub shop:price_of = 3.50", "an answer in place of a product's function, for a plugin without its product"),
    Blank,
    Heading("A product in another language"),
    Note("`plugsh serve` beside it, and calls over the socket: `help wire`."),
    Blank,
    Heading("What a product links"),
    Example(&["plugsh = { version = \"0.1\", default-features = false }"]),
    Note("leaves out shell, terminal, exports and nodes; the feature `shell` brings back what `System::serve` needs."),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The promised interface, as it is written.
    const INTERFACE: [&str; 4] = [
        include_str!("../../../system/mod.rs"),
        include_str!("../../../system/builder.rs"),
        include_str!("../../../system/load.rs"),
        include_str!("../../../system/service.rs"),
    ];

    #[test]
    fn what_it_names_is_there() {
        let has = |name: &str| INTERFACE.iter().any(|text| text.contains(&format!("pub fn {name}")));
        let rows = PARTS.iter().skip_while(|part| !matches!(part, Heading("The product's side")));
        let rows = rows.skip(1).map_while(|part| if let Row(names, _) = part { Some(*names) } else { None });
        let names: Vec<&str> = rows.flat_map(|names| names.split(", ")).collect();
        assert_eq!(names.len(), 12, "{names:?}");
        for name in names {
            let name = name.trim_start_matches("System::").trim_end_matches("()");
            assert!(has(name), "no `{name}` in plugsh::system");
        }
        for typed in EMBED.text().split('.').skip(1).filter_map(|text| text.split_once('(')).map(|(name, _)| name) {
            let is_name = typed.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            assert!(!is_name || has(typed), "no `{typed}` in plugsh::system");
        }
    }
}
