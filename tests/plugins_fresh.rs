//! The committed plugins match their sources: compares `plugins/` with the hashes in `plugins/wasm/SOURCES`, which
//! `scripts/build-plugins` writes, and `plugins/guests/` with `plugins/wasm/guests/SOURCES`, which
//! `scripts/build-guests` writes. Needs no wasm target and no toolchain; either script rebuilds and compares with
//! `--check`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const WASM_BYTES_MAX: u64 = 150 * 1024;

/// The folders in `plugins/guests` whose samplers are committed.
const COMMITTED_GUESTS: [&str; 3] = ["c", "zig", "assemblyscript"];

/// The hashes in a `SOURCES` file, by name, of the sources and of the wasm files.
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
                panic!("SOURCES has a broken line: `{line}`; run the script that wrote it");
            };
            part.insert(name.to_owned(), hash.to_owned());
        }
        manifest
    }
}

fn plugins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins")
}

/// The manifest of a folder of wasm files.
fn manifest(wasm: &Path) -> Manifest {
    let path = wasm.join("SOURCES");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()));
    Manifest::parse(&text)
}

/// The hashes of the wasm files in a folder, by name.
fn wasm_files(folder: &Path) -> BTreeMap<String, String> {
    let is_wasm = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
    let name = |path: &Path| path.file_name().expect("a file's name").to_string_lossy().into_owned();
    entries(folder).into_iter().filter(is_wasm).map(|path| (name(&path), hash(&path))).collect()
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
        files.extend(files_below(package.join("src")));
    }
    hashes(&root, &files)
}

fn files_below(folder: PathBuf) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        let (deeper, found): (Vec<_>, Vec<_>) = entries(&folder).into_iter().partition(|path| path.is_dir());
        folders.extend(deeper);
        files.extend(found);
    }
    files
}

/// The hashes of files, by name relative to a folder above them.
fn hashes(root: &Path, files: &[PathBuf]) -> BTreeMap<String, String> {
    let name = |path: &Path| path.strip_prefix(root).expect("a file below the root").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), hash(path))).collect()
}

/// The sources of the committed samplers, found as the script does: all but the pages.
fn guest_sources() -> BTreeMap<String, String> {
    let root = plugins().join("guests");
    let mut files: Vec<PathBuf> =
        COMMITTED_GUESTS.iter().flat_map(|language| files_below(root.join(language))).collect();
    files.retain(|path| path.extension().is_none_or(|extension| extension != "md"));
    hashes(&root, &files)
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
    let stale = differences(&manifest(&plugins().join("wasm")).sources, &sources());
    assert!(stale.is_empty(), "plugins/wasm is stale; run scripts/build-plugins:\n{}", stale.join("\n"));
}

#[test]
fn committed_plugins_are_what_the_script_wrote() {
    let folder = plugins().join("wasm");
    let strange = differences(&manifest(&folder).wasm, &wasm_files(&folder));
    assert!(strange.is_empty(), "plugins/wasm is not as built; run scripts/build-plugins:\n{}", strange.join("\n"));
}

#[test]
fn committed_guests_are_as_built_from_these_sources() {
    let folder = plugins().join("wasm/guests");
    let Manifest { sources, wasm } = manifest(&folder);
    let mut stale = differences(&sources, &guest_sources());
    stale.extend(differences(&wasm, &wasm_files(&folder)));
    assert!(stale.is_empty(), "plugins/wasm/guests is stale; run scripts/build-guests:\n{}", stale.join("\n"));
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
