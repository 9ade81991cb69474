//! `--perf-map`: the file that tells Linux's `perf` which compiled functions are where.

#![cfg(target_os = "linux")]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::{Ended, plugsh};

const GUEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/tax.wasm");

/// A run that loads the guest and prints where its map is; compiled modules are kept below `home`.
fn run(home: &Path, options: &[&str], load: &str) -> Ended {
    let guest = std::fs::read(GUEST).expect("the guest");
    let script = format!("{load}\n!echo /tmp/perf-$PPID.map\n");
    let run =
        plugsh().file("tax.wasm", guest).file("script", script).env("XDG_CACHE_HOME", &home.display().to_string());
    run.args(options.iter().copied()).args(["-q", "script"]).run().code(0)
}

/// The names in a map whose lines are all whole, and whose ranges are apart. Removes the file.
fn names(ended: &Ended) -> BTreeSet<String> {
    let path = PathBuf::from(String::from_utf8_lossy(&ended.stdout).trim().to_owned());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    std::fs::remove_file(&path).expect("removed");
    let number = |word: Option<&str>| {
        let word = word.expect("a number");
        u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap_or_else(|_| panic!("`{word}` is no number"))
    };
    let mut ranges = BTreeSet::new();
    let names = text.lines().map(|line| {
        let mut words = line.splitn(3, ' ');
        let (start, length) = (number(words.next()), number(words.next()));
        assert!(length > 0 && ranges.insert((start, start + length)), "an empty or second range: {line}");
        words.next().expect("a name").to_owned()
    });
    let names = names.collect();
    let ranges: Vec<_> = ranges.into_iter().collect();
    assert!(ranges.windows(2).all(|two| two[0].1 <= two[1].0), "ranges overlap");
    names
}

/// Whether a function is among the names, which may end with a hash.
fn has(names: &BTreeSet<String>, function: &str) -> bool {
    names.iter().any(|name| name.strip_prefix(function).is_some_and(|rest| rest.is_empty() || rest.starts_with("::h")))
}

#[test]
fn compiled_functions_stand_in_the_map_also_those_out_of_the_cache() {
    let home = tempfile::tempdir().expect("a directory");
    let load = "load tax.wasm\nload tax.wasm --as counted --fuel 1000000";
    let first = names(&run(home.path(), &["--perf-map"], load));
    for name in ["tax::Rate::percent", "tax::rate_of", "rate"] {
        assert!(has(&first, name), "no `{name}` in {first:?}");
    }
    let cached = std::fs::read_dir(home.path().join("plugsh")).expect("a cache").count();
    assert!(cached >= 2, "nothing is kept for either engine");
    let second = names(&run(home.path(), &["--perf-map"], load));
    assert_eq!(first, second, "a module out of the cache has other functions");
}

#[test]
fn the_stock_host_writes_it_too() {
    let home = tempfile::tempdir().expect("a directory");
    let names = names(&run(home.path(), &["--perf-map"], "load tax.wasm --host extism"));
    assert!(has(&names, "tax::rate_of"), "{names:?}");
}

#[test]
fn no_map_without_the_option() {
    let home = tempfile::tempdir().expect("a directory");
    let ended = run(home.path(), &[], "load tax.wasm");
    let path = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
    assert!(path.starts_with("/tmp/perf-") && !Path::new(&path).exists(), "{path}");
}
