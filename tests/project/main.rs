//! A project's file: what `up`, `down`, `init` and `plugsh test` do with it, in the built binary.

#[path = "../common/mod.rs"]
mod common;
#[path = "../pty/mod.rs"]
mod pty;

mod check;
mod completion;
mod init;
mod round_trip;
mod serve;
mod up;

/// A plugin that calls an import of a product, for which a plugin stands in.
const SHOP: &str = r#"(module
  (import "env" "kv_put" (func $put (param i64) (result i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (memory (export "memory") 1)
  (func (export "buy") (result i32) (local $block i64)
    (local.set $block (call $alloc (i64.const 2)))
    (local.set $block (call $put (local.get $block)))
    (call $output (local.get $block) (i64.const 2))
    (i32.const 0)))"#;

/// A project with a stand-in, a stub, a grant, limits, a policy and a test file.
const FILE: &str = r#"plugin_dirs = "build"
policy = "policy.toml"
tests = ["tests/*.plugsh"]

[limits]
max_depth = 20

[plugin.shop]
source = "build/shop.wat"
config = { lang = "en", n = 3 }
allow_path = "ro:data:/data"
memory_max = "64p"
timeout = "2s"
import = { "env.kv_put(handle) -> handle" = "kv.echo" }

[plugin.kv]
source = "echo"

[[stub]]
function = "cart.total"
answer = { n = 1 }
"#;

/// A run in a directory with that project.
fn project() -> common::Plugsh {
    common::plugsh()
        .file("plugsh.toml", FILE)
        .file("policy.toml", "[[plugin]]\nname = \"shop\"\ncall = [\"kv.*\"]\n")
        .file("build/shop.wat", SHOP)
        .file("data/one", "1")
        .file("tests/a.plugsh", "up\nload cart\ncart.total\nexpect-json /n 1\nlimits | !grep -q 'depth *20'\n")
}

/// Standard output as text.
fn printed(ended: &common::Ended) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}
