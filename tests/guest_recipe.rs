//! The guest crate's recipe builds where a reader puts it, and its plugin does what the README says.
//!
//! Builds without the network. Where the wasm target or the plugins' crates are missing the tests are
//! NOT RUN: `rustup target add wasm32-unknown-unknown`, `cargo fetch --manifest-path plugins/Cargo.toml`.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::missing_tool::not_run;
use common::plugsh;

const TARGET: &str = "wasm32-unknown-unknown";
/// The dependency as the recipe has it.
const PATH: &str = "\"../plugsh-guest\"";

fn plugins() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins")
}

/// The README's blocks of one kind, in order.
fn blocks(kind: &str) -> Vec<String> {
    let readme = fs::read_to_string(plugins().join("plugsh-guest/README.md")).unwrap();
    let fence = format!("```{kind}\n");
    let parts = readme.split(&fence).skip(1).map(|part| part.split("\n```").next());
    parts.map(|block| format!("{}\n", block.expect("its end"))).collect()
}

/// The recipe's two files: the first block of each kind.
fn recipe() -> (String, String) {
    (blocks("toml").swap_remove(0), blocks("rust").swap_remove(0))
}

/// Writes the recipe's plugin to a folder, with another path to the guest crate.
fn write_plugin(folder: &Path, guest: Option<&Path>) {
    let (mut manifest, source) = recipe();
    assert!(manifest.contains(PATH), "the recipe names the guest crate by {PATH}");
    if let Some(guest) = guest {
        manifest = manifest.replace(PATH, &format!("{:?}", guest.to_str().unwrap()));
    }
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), source).unwrap();
    // Cargo takes the versions of the plugins', which are those in its cache.
    fs::copy(plugins().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        match path.is_dir() {
            true if name == "target" || name == "wasm" || name == "wat" => {}
            true => copy(&path, &to.join(name)),
            false => drop(fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

/// Why nothing can be built here, if so.
fn missing() -> Option<&'static str> {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?.stdout;
    let sysroot = PathBuf::from(String::from_utf8(sysroot).ok()?.trim());
    if !sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        return Some("the target wasm32-unknown-unknown is not installed");
    }
    let crates = Command::new("cargo")
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--manifest-path"])
        .arg(plugins().join("Cargo.toml"))
        .output();
    (!crates.ok()?.status.success()).then_some("the plugins' crates are not in cargo's cache")
}

/// Builds the plugin in a folder; `None` where nothing can be built. All tests share what the dependencies become.
fn build(folder: &Path) -> Option<PathBuf> {
    if let Some(missing) = missing() {
        not_run("the guest crate's recipe", missing);
        return None;
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recipe");
    let _one_at_a_time = LOCK.lock().unwrap();
    let built = Command::new("cargo")
        .args(["build", "--release", "--offline", "--quiet", "--target", TARGET, "--target-dir"])
        .arg(&target)
        .current_dir(folder)
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let wasm = folder.join("shout.wasm");
    fs::copy(target.join(TARGET).join("release/shout.wasm"), &wasm).unwrap();
    Some(wasm)
}

static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Builds the plugin in a folder: it runs, and says of itself what the recipe has it say.
fn try_plugin(folder: &Path) {
    let Some(wasm) = build(folder) else { return };
    let lines = format!("load {}\ncall shout run hello\nplugins shout\n", wasm.display());
    let ended = plugsh().args(["-q", "-c", &lines]).run().code(0);
    ended.stdout_has("HELLO!\nshout: makes text loud\n").stdout_has("\n  shout.run hello  its input in upper case");
}

#[test]
fn the_recipe_builds_in_a_folder_outside_of_the_checkout() {
    let dir = tempfile::tempdir().unwrap();
    write_plugin(dir.path(), Some(&plugins().join("plugsh-guest")));
    try_plugin(dir.path());
}

#[test]
fn the_recipe_builds_beside_the_guest_crate_as_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    copy(&plugins(), dir.path());
    let folder = dir.path().join("shout");
    write_plugin(&folder, None);
    try_plugin(&folder);
}

#[test]
fn the_recipe_builds_beside_a_copy_of_the_guest_crate() {
    let dir = tempfile::tempdir().unwrap();
    copy(&plugins().join("plugsh-guest"), &dir.path().join("plugsh-guest"));
    let folder = dir.path().join("shout");
    write_plugin(&folder, None);
    try_plugin(&folder);
}

/// The README's plugin with the functions in the PDK's own form, in both hosts.
#[test]
fn the_pdks_own_host_functions_reach_other_plugins() {
    let dir = tempfile::tempdir().unwrap();
    write_plugin(dir.path(), Some(&plugins().join("plugsh-guest")));
    let source = blocks("rust").into_iter().find(|block| block.contains("plugsh:blocks")).expect("its block");
    fs::write(dir.path().join("src/lib.rs"), source).unwrap();
    let Some(wasm) = build(dir.path()) else { return };
    for host in ["native", "extism"] {
        let lines = format!("load {} --host {host}\ncall shout run hello\nps --json", wasm.display());
        let ended = plugsh().args(["-q", "-c", &lines]).run().code(0);
        ended.stdout_has("HELLO! 1 below 0: no function `upwards` in `2:text`").stdout_has("\"name\":\"shout\"");
    }
}
