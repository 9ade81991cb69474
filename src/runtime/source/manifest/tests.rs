//! Manifests in, programs or one-line errors out.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use tempfile::TempDir;
use tiny_http::{Response, Server};

use super::super::format::Format;
use super::{Base, Loaded, load, parse};
use crate::runtime::Failure;
use crate::runtime::source::{Access, Sources};

const WAT: &str = "(module)";
const WAT_SHA256: &str = "1885772b94ca41b360d9bd07535547f4c8ef16cbe7e49d2c8e9780247e26c4de";

fn from_dir(dir: &Path, format: Format, text: &str) -> Result<Loaded, Failure> {
    load(text.as_bytes(), format, &Base::Dir(dir), "m".into(), "m".into(), &mut |_, _| true)
}

fn json(text: &str) -> Result<Loaded, Failure> {
    from_dir(Path::new("/nonexistent"), Format::Json, text)
}

fn message(text: &str) -> String {
    json(text).expect_err("refused").message
}

fn folder() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for name in ["a", "b", "c"] {
        std::fs::write(dir.path().join(format!("{name}.wat")), format!("(module ${name})")).expect("written");
    }
    dir
}

/// The names that modules get, and the module each has, in the order of the program.
fn names(entries: &str) -> Result<Vec<(String, String)>, Failure> {
    let dir = folder();
    let loaded = from_dir(dir.path(), Format::Json, &format!("{{\"wasm\": [{entries}]}}"))?;
    let modules = loaded.program.modules.into_iter();
    Ok(modules.map(|module| (module.name, String::from_utf8_lossy(&module.bytes).into_owned())).collect())
}

fn pair(name: &str, module: &str) -> (String, String) {
    (name.to_owned(), format!("(module ${module})"))
}

#[test]
fn modules_are_named_as_extism_names_them() {
    let single = names(r#"{"path": "a.wat", "name": "other"}"#).expect("loaded");
    assert_eq!(single, [pair("main", "a")], "a single module is main");
    let last = names(r#"{"path": "a.wat", "name": "x"}, {"path": "b.wat", "name": "y"}"#).expect("loaded");
    assert_eq!(last, [pair("x", "a"), pair("main", "b")], "the last becomes main");
    let first = names(r#"{"path": "a.wat"}, {"path": "b.wat", "name": "y"}"#).expect("loaded");
    assert_eq!(first, [pair("y", "b"), pair("main", "a")], "without a name is main, and main goes last");
    let named = names(r#"{"path": "a.wat", "name": "main"}, {"path": "b.wat", "name": "y"}"#).expect("loaded");
    assert_eq!(named, [pair("y", "b"), pair("main", "a")]);
    for twice in [
        r#"{"path": "a.wat"}, {"path": "b.wat"}"#,
        r#"{"path": "a.wat", "name": "x"}, {"path": "b.wat", "name": "x"}, {"path": "c.wat"}"#,
        r#"{"path": "a.wat", "name": "extism:host/env"}, {"path": "b.wat"}"#,
    ] {
        let failure = names(twice).expect_err("two of a name");
        assert!(failure.message.starts_with("manifest `m`: two modules are named `"), "{}", failure.message);
    }
}

/// Every manifest that the SDK can write is read, and means the same.
#[test]
fn every_field_of_the_sdks_manifest_is_read() {
    let mut manifest = extism::Manifest::new([extism::Wasm::data(WAT)]);
    manifest.wasm[0].meta_mut().name = Some("n".into());
    manifest.memory.max_pages = Some(5);
    manifest.memory.max_http_response_bytes = Some(7);
    manifest.memory.max_var_bytes = Some(8);
    manifest = manifest
        .with_config_key("k", "v")
        .with_allowed_host("*.example.com")
        .with_allowed_path("ro:/nonexistent/x".into(), "/x")
        .with_allowed_path("y".into(), "/y")
        .with_timeout(Duration::from_millis(1500));
    let as_json = serde_json::to_string(&manifest).expect("written");
    let as_toml = toml::to_string(&manifest).expect("written");
    for (format, text) in [(Format::Json, as_json), (Format::Toml, as_toml)] {
        let spec = from_dir(Path::new("/nonexistent"), format, &text).expect("loaded").program.spec;
        assert_eq!(spec.memory_bytes_max, Some(5 * 65536));
        assert_eq!(spec.http_response_bytes_max, 7);
        assert_eq!(spec.var_bytes_max, 8);
        assert_eq!(spec.config.get("k").map(String::as_str), Some("v"));
        assert_eq!(spec.allowed_hosts, ["*.example.com"]);
        assert_eq!(spec.timeout, Some(Duration::from_millis(1500)));
        let paths: Vec<_> =
            spec.allowed_paths.iter().map(|p| (p.host.to_str(), p.guest.as_str(), p.read_only)).collect();
        assert_eq!(paths, [(Some("/nonexistent/x"), "/x", true), (Some("/nonexistent/y"), "/y", false)]);
    }
}

#[test]
fn what_is_not_said_has_extisms_defaults() {
    let spec = json(&format!("{{\"wasm\": [{{\"data\": \"{}\"}}]}}", base64(WAT))).expect("loaded").program.spec;
    assert_eq!(spec, crate::runtime::Spec::default());
}

#[test]
fn what_a_manifest_allows_is_bounded_in_number() {
    let wasm = format!("\"wasm\": [{{\"data\": \"{}\"}}]", base64(WAT));
    let hosts = |count| serde_json::to_string(&vec!["h"; count]).expect("written");
    assert!(json(&format!("{{{wasm}, \"allowed_hosts\": {}}}", hosts(256))).is_ok());
    let says = message(&format!("{{{wasm}, \"allowed_hosts\": {}}}", hosts(257)));
    assert_eq!(says, "manifest `m`: 257 `allowed_hosts`; at most 256 can be given");
    let paths: Vec<String> = (0..65).map(|n| format!("\"/{n}\": \"/\"")).collect();
    let says = message(&format!("{{{wasm}, \"allowed_paths\": {{{}}}}}", paths.join(",")));
    assert_eq!(says, "manifest `m`: 65 `allowed_paths`; at most 64 can be given");
}

#[test]
fn data_is_never_a_place_in_memory() {
    for format in [Format::Json, Format::Toml] {
        let text = match format {
            Format::Json => r#"{"wasm": [{"data": {"ptr": 4096, "len": 8}}]}"#,
            Format::Toml => "[[wasm]]\ndata = { ptr = 4096, len = 8 }",
        };
        let cause = parse(text.as_bytes(), format).expect_err("refused");
        assert!(cause.to_string().starts_with("invalid type: map, expected a string"), "{cause}");
    }
}

#[test]
fn errors_are_one_line_that_say_where() {
    assert_eq!(
        message(r#"{"wasm": [], "memroy": {}}"#),
        "manifest `m`: unknown field `memroy`, expected one of `wasm`, `memory`, `config`, `allowed_hosts`, \
         `allowed_paths`, `timeout_ms` at line 1 column 21"
    );
    assert_eq!(message("{}"), "manifest `m`: it names no wasm; give at least one `wasm` entry");
    assert_eq!(message(r#"{"wasm": [{}]}"#), "manifest `m`: `wasm[0]` needs one of `path`, `data` and `url`");
    assert_eq!(message(r#"{"wasm": [{"path": "x.wasm"}]}"#), "manifest `m`: no file `/nonexistent/x.wasm`");
    assert_eq!(
        message(r#"{"wasm": [{"path": "x", "method": "GET"}]}"#),
        "manifest `m`: `wasm[0]` has `headers` or `method` without a `url`"
    );
    for (data, why) in [
        ("?", "byte 0 is `?`"),
        ("AAA", "it wants other `=` at its end"),
        ("A", "it ends in the middle of a byte"),
        ("AAB=", "byte 2, `B`, cannot be its end"),
    ] {
        let refused = message(&format!(r#"{{"wasm": [{{"data": "{data}"}}]}}"#));
        assert_eq!(refused, format!("manifest `m`: `wasm[0].data` is not base64: {why}"));
    }
    assert!(message(r#"{"wasm": [{"data": ""}]}"#).ends_with("`wasm[0].data` is empty"));
    assert!(message(r#"{"wasm": [{"url": "x"}]}"#).contains("`x` is not a URL"));
    assert!(message(r#"{"wasm": [{"url": "file:///x"}]}"#).contains("only http and https"));
    let toml = from_dir(Path::new("/"), Format::Toml, "timeout_ms = 1\n\n[memory]\npages = 4\n").expect_err("refused");
    assert!(toml.message.ends_with("at line 4"), "{}", toml.message);
    assert!(!toml.message.contains('\n'));
}

#[test]
fn a_hash_is_checked_and_both_are_named() {
    let text = |hash: &str| format!(r#"{{"wasm": [{{"data": "{}", "hash": "{hash}"}}]}}"#, base64(WAT));
    let message = json(&text(&"0".repeat(64))).expect_err("refused").message;
    let zeros = "0".repeat(64);
    assert_eq!(message, format!("manifest `m`: hash mismatch for `wasm[0]`: found {WAT_SHA256}, expected {zeros}"));
    json(&text(&WAT_SHA256.to_uppercase())).expect("in any case");
}

#[test]
fn paths_start_at_the_manifest_then_at_the_working_directory() {
    let dir = folder();
    let loaded = from_dir(dir.path(), Format::Json, r#"{"wasm": [{"path": "a.wat"}]}"#).expect("beside the manifest");
    assert_eq!(&*loaded.program.modules[0].bytes, b"(module $a)");
    assert_eq!(loaded.stamps.len(), 1);
    // Tests run in the package's root.
    let failure = from_dir(dir.path(), Format::Json, r#"{"wasm": [{"path": "Cargo.toml"}]}"#).expect_err("no wasm");
    assert!(failure.message.ends_with("is not wasm, and not wat text either"), "{}", failure.message);
}

#[test]
fn a_manifest_from_a_url_stays_out_of_local_files() {
    let server = Server::http("127.0.0.1:0").expect("a port");
    let url = url::Url::parse(&format!("http://{}/dir/m.json", server.server_addr())).expect("a URL");
    let asked = std::thread::spawn(move || {
        let request = server.recv().expect("a request");
        let seen = (request.method().to_string(), request.url().to_owned());
        request.respond(Response::from_string(WAT)).expect("answered");
        seen
    });
    let remote =
        |text: &str| load(text.as_bytes(), Format::Json, &Base::Url(&url), "m".into(), "m".into(), &mut |_, _| true);
    let absolute = remote(r#"{"wasm": [{"path": "/etc/x.wasm"}]}"#).expect_err("refused").message;
    assert_eq!(absolute, "manifest `m`: a manifest from a URL cannot name the local file `/etc/x.wasm`");
    let inline = base64(WAT);
    let paths = remote(&format!(r#"{{"wasm": [{{"data": "{inline}"}}], "allowed_paths": {{"/": "/"}}}}"#));
    assert!(paths.expect_err("refused").message.contains("cannot allow paths"));
    let loaded = remote(r#"{"wasm": [{"path": "x.wat"}]}"#).expect("fetched");
    assert!(loaded.fetched);
    assert_eq!(asked.join().expect("served"), ("GET".to_owned(), "/dir/x.wat".to_owned()));
}

#[test]
fn a_url_is_asked_with_its_method_and_headers() {
    let server = Server::http("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/x", server.server_addr());
    let asked = std::thread::spawn(move || {
        let request = server.recv().expect("a request");
        let key = request.headers().iter().find(|header| header.field.equiv("x-key")).map(|h| h.value.to_string());
        let method = request.method().to_string();
        request.respond(Response::from_string(WAT)).expect("answered");
        (method, key)
    });
    let text = format!(
        r#"{{"wasm": [{{"url": "{url}", "method": "post", "headers": {{"X-Key": "k"}}, "hash": "{WAT_SHA256}"}}]}}"#
    );
    let loaded = json(&text).expect("fetched");
    assert!(!loaded.fetched, "a hash makes it safe to keep");
    assert_eq!(asked.join().expect("served"), ("POST".to_owned(), Some("k".to_owned())));
}

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn a_module_inside_may_be_large_and_what_is_around_it_may_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let sources = Sources::new(Vec::new());
    let load = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("written");
        sources.resolve(&path.to_string_lossy(), Access::Person)
    };
    let wat = format!("(module (;{};))", "x".repeat(3 << 20));
    let data = base64::engine::general_purpose::STANDARD.encode(&wat);
    for (name, text) in [
        ("m.json", format!("{{\"wasm\": [{{\"data\": \"{data}\"}}]}}")),
        ("m.toml", format!("[[wasm]]\ndata = \"{data}\"\n")),
        ("m", format!("[[wasm]]\ndata = '{data}'\n")),
    ] {
        let program = load(name, text).unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert_eq!(&*program.modules[0].bytes, wat.as_bytes(), "{name}");
    }
    let empty = vec!["{}"; 1 << 19].join(",");
    let refused = load("wide.json", format!("{{\"wasm\": [{empty}]}}")).expect_err("refused").message;
    assert!(
        refused.ends_with("more than 1 MiB beside what stands in quotes, the most a manifest may have"),
        "{refused}"
    );
}
