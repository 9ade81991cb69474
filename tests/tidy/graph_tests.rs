//! Tests of the search for circles.

use super::graph::Graph;

#[test]
fn circles_are_found_through_groups_reexports_and_impls() {
    let files = |files: &[(&str, &str)]| -> Vec<(String, String)> {
        files.iter().map(|(path, text)| ((*path).to_string(), (*text).to_string())).collect()
    };
    let straight = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b; mod c; pub use c::Thing;"),
        ("a/b.rs", "use crate::a::{Thing}; pub fn work(_: Thing) {}"),
        ("a/c.rs", "pub struct Thing; #[cfg(test)] mod tests { use crate::a::b::work; }"),
    ];
    assert_eq!(Graph::of(&files(&straight)).circles(), Vec::<Vec<String>>::new());
    for back in [
        "fn f() { super::b::work(Thing) }",
        "use super::{b::work as w};",
        "fn f() { format!(\"{}\", crate::a::b::work()) }",
    ] {
        let round =
            straight.map(|(path, text)| (path, if path == "a/c.rs" { format!("{text} {back}") } else { text.into() }));
        let round: Vec<(&str, &str)> = round.iter().map(|(path, text)| (*path, text.as_str())).collect();
        assert_eq!(Graph::of(&files(&round)).circles(), [["a/b.rs", "a/c.rs"]], "{back}");
    }
    let through_impl = straight.map(|(path, text)| match path {
        "a/b.rs" => (path, "pub trait Work {} impl super::Thing { pub fn work(&self) {} }"),
        "a/c.rs" => (path, "pub struct Thing; use super::b as other; impl other::Work for Thing {}"),
        _ => (path, text),
    });
    assert_eq!(Graph::of(&files(&through_impl)).circles(), [["a/b.rs", "a/c.rs"]]);
}
