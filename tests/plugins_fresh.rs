//! The committed plugins match their sources: compares `plugins/` with the hashes in `plugins/wasm/SOURCES`, which
//! `scripts/build-plugins` writes. Needs no wasm target; `scripts/build-plugins --check` rebuilds the plugins.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const WASM_BYTES_MAX: u64 = 150 * 1024;

/// The hashes in `plugins/wasm/SOURCES`, by name, of the sources and of the wasm files.
#[derive(Default)]
struct Manifest {
    sources: BTreeMap<String, String>,
    wasm: BTreeMap<String, String>,
}

impl Manifest {
    fn parse(text: &str) -> Self {
        let mut manifest = Self::default();
        for line in text.lines() {
            let mut words = line.splitn(3, ' ');
            let part = match words.next() {
                Some("source") => &mut manifest.sources,
                Some("wasm") => &mut manifest.wasm,
                _ => continue,
            };
            let (Some(hash), Some(name)) = (words.next(), words.next()) else {
                panic!("SOURCES has a broken line: `{line}`; run scripts/build-plugins");
            };
            part.insert(name.to_owned(), hash.to_owned());
        }
        manifest
    }
}

fn plugins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins")
}

fn manifest() -> Manifest {
    let path = plugins().join("wasm/SOURCES");
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read `{}`: {error}; run scripts/build-plugins", path.display()));
    Manifest::parse(&text)
}

fn hash(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()));
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listing = fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot list `{}`: {error}", folder.display()));
    listing.map(|entry| entry.expect("an entry of a folder").path()).collect()
}

/// The sources of the plugins, found as the script does: the workspace's two files, and each package's `Cargo.toml` and
/// `src/`.
fn sources() -> BTreeMap<String, String> {
    let root = plugins();
    let mut files = vec![root.join("Cargo.toml"), root.join("Cargo.lock")];
    for package in entries(&root).into_iter().filter(|path| path.join("Cargo.toml").is_file()) {
        files.push(package.join("Cargo.toml"));
        let mut folders = vec![package.join("src")];
        while let Some(folder) = folders.pop() {
            let (deeper, found): (Vec<_>, Vec<_>) = entries(&folder).into_iter().partition(|path| path.is_dir());
            folders.extend(deeper);
            files.extend(found);
        }
    }
    let name = |path: &Path| path.strip_prefix(&root).expect("a file below plugins/").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), hash(path))).collect()
}

/// The added, changed and removed names between two sets of hashes, a line each.
fn differences(committed: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, hash) in found {
        match committed.get(name) {
            None => lines.push(format!("`{name}` is new")),
            Some(known) if known != hash => lines.push(format!("`{name}` changed")),
            Some(_) => {}
        }
    }
    lines.extend(committed.keys().filter(|name| !found.contains_key(*name)).map(|name| format!("`{name}` is gone")));
    lines
}

#[test]
fn committed_plugins_are_built_from_these_sources() {
    let stale = differences(&manifest().sources, &sources());
    assert!(stale.is_empty(), "plugins/wasm is stale; run scripts/build-plugins:\n{}", stale.join("\n"));
}

#[test]
fn committed_plugins_are_what_the_script_wrote() {
    let found = entries(&plugins().join("wasm"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .map(|path| (path.file_name().expect("a file's name").to_string_lossy().into_owned(), hash(&path)))
        .collect();
    let strange = differences(&manifest().wasm, &found);
    assert!(strange.is_empty(), "plugins/wasm is not as built; run scripts/build-plugins:\n{}", strange.join("\n"));
}

#[test]
fn each_plugin_has_a_small_wasm_file() {
    let root = plugins();
    let is_plugin = |package: &Path| {
        fs::read_to_string(package.join("Cargo.toml")).is_ok_and(|manifest| manifest.contains("\"cdylib\""))
    };
    let packages: Vec<PathBuf> = entries(&root).into_iter().filter(|path| is_plugin(path)).collect();
    assert!(!packages.is_empty(), "no plugin was found in `{}`", root.display());
    for package in packages {
        let name = package.file_name().expect("a package's folder").to_string_lossy();
        let path = root.join(format!("wasm/{name}.wasm"));
        let file = fs::metadata(&path)
            .unwrap_or_else(|error| panic!("plugin `{name}` has no wasm ({error}); run scripts/build-plugins"));
        let size = file.len();
        assert!(
            size <= WASM_BYTES_MAX,
            "`{name}.wasm` has {size} bytes, {WASM_BYTES_MAX} are allowed; make it smaller"
        );
    }
}

#[test]
fn each_difference_is_named() {
    let set = |entries: &[(&str, &str)]| {
        entries.iter().map(|&(name, hash)| (name.to_owned(), hash.to_owned())).collect::<BTreeMap<_, _>>()
    };
    let committed = set(&[("same", "1"), ("changed", "1"), ("gone", "1")]);
    let found = set(&[("same", "1"), ("changed", "2"), ("new", "1")]);
    assert_eq!(differences(&committed, &found), ["`changed` changed", "`new` is new", "`gone` is gone"]);
}
