//! The samplers of `plugins/guests`, one for each language: `tests/languages/*.plugsh` hold of each in both hosts.
//!
//! Those in `plugins/wasm/guests` are there; the others are built by `scripts/build-guests`, and where one is missing
//! its test is NOT RUN.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use common::missing_tool::not_run;
use common::plugsh;
use plugsh::runtime::host_functions::PluginFunction;
use tiny_http::{Header, Request, Response};

const HOSTS: [&str; 2] = ["native", "extism"];
/// The bindings that import the host's functions themselves, below `plugins/guests`.
const BINDINGS: [&str; 4] = ["c/plugsh.h", "zig/plugsh.zig", "assemblyscript/plugsh.ts", "go/plugsh/plugsh.go"];
/// The least size at which bindings take the bulk path is 64.
const SMALL: usize = 63;
const LARGE: usize = 1 << 20;

/// A loopback server that answers with method, `x-from` and body of the request, and a header.
struct Server {
    server: Arc<tiny_http::Server>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start() -> Server {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").expect("a port"));
        let serving = Arc::clone(&server);
        let thread = std::thread::spawn(move || serving.incoming_requests().for_each(answer));
        Server { server, thread: Some(thread) }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.server.server_addr())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server answers everything");
        }
    }
}

fn answer(mut request: Request) {
    let mut body = String::new();
    request.as_reader().read_to_string(&mut body).expect("a body");
    let from = request.headers().iter().find(|header| header.field.equiv("x-from"));
    let from = from.map_or("nobody", |header| header.value.as_str());
    let text = format!("{} [{from}] {body}", request.method());
    let header = Header::from_bytes("X-Answer", r#"a "pong""#).expect("a header");
    request.respond(Response::from_string(text).with_header(header)).expect("the guest waits for its answer");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The sampler of a language, a module or a manifest: the committed one, or the one that was built.
fn sampler(language: &str) -> Option<PathBuf> {
    let folders = [root().join("plugins/wasm/guests"), root().join("target/guests")];
    let files =
        folders.iter().flat_map(|folder| ["wasm", "json"].map(|kind| folder.join(format!("{language}.{kind}"))));
    files.into_iter().find(|path| path.is_file())
}

/// Bytes of every value, the ends differing.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

/// Runs scripts of expectations in both hosts, for a language whose sampler is there.
fn try_language(language: &str, scripts: &[&str]) {
    let Some(plugin) = sampler(language) else {
        let why = format!("build it with scripts/build-guests {language}");
        return not_run(&format!("the sampler in {language}"), &why);
    };
    for host in HOSTS {
        try_script(&plugin, host, "all");
        scripts.iter().for_each(|script| try_script(&plugin, host, script));
    }
}

fn try_script(plugin: &Path, host: &str, script: &str) {
    let server = Server::start();
    let path = root().join("tests/languages").join(format!("{script}.plugsh"));
    let folder = plugin.parent().expect("a folder");
    let name = plugin.file_stem().expect("a name").display();
    let variables = [
        format!("plugin={}", plugin.display()),
        format!("name={name}"),
        format!("host={host}"),
        format!("url={}", server.url()),
    ];
    let ended = plugsh()
        .file(&SMALL.to_string(), bytes(SMALL))
        .file("mib", bytes(LARGE))
        .args(variables.iter().flat_map(|variable| ["-v", variable]))
        .args(["--no-rc", "--plugins", &folder.display().to_string(), &path.display().to_string()])
        .run();
    assert!(ended.code == Some(0), "{} in {host}:\n{}", plugin.display(), ended.stderr);
    if script == "all" {
        let logged = String::from_utf8_lossy(&ended.stdout).into_owned();
        for level in ["trace", "debug", "info", "warn", "error"] {
            assert!(
                logged.lines().any(|line| line.contains(level) && line.ends_with("greets Ada")),
                "{} in {host} logs at `{level}`:\n{logged}",
                plugin.display()
            );
        }
    }
}

#[test]
fn c() {
    try_language("c", &["asserts"]);
}

#[test]
fn cpp() {
    try_language("cpp", &["asserts"]);
}

#[test]
fn zig() {
    try_language("zig", &["typed", "bounds"]);
}

#[test]
fn assemblyscript() {
    try_language("assemblyscript", &["bounds"]);
}

#[test]
fn go() {
    try_language("go", &["typed", "bounds"]);
}

#[test]
fn javascript() {
    try_language("javascript", &["typed", "bounds"]);
}

#[test]
fn rust() {
    try_language("rust", &["typed"]);
}

#[test]
fn every_binding_has_every_function_that_concerns_plugins() {
    for binding in BINDINGS {
        let text = std::fs::read_to_string(root().join("plugins/guests").join(binding)).expect("a binding");
        for function in PluginFunction::ALL {
            let name = function.row().name;
            assert!(text.contains(name), "{binding} lacks `{name}`");
        }
    }
}
