//! `load --watch`: scanned files, unscanned sources, and waits between reloads.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tiny_http::{Response, Server};

use super::{call, kernel, until};
use crate::kernel::OwnerId;
use crate::kernel::{Kernel, KernelOptions, LoadRequest, ProcessId};

/// Writes a whole file with an old modification time.
fn write(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    let file = std::fs::File::options().write(true).open(&beside).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

fn load_watched(kernel: &Arc<Kernel>, path: &Path) -> ProcessId {
    let program = kernel.resolve(&path.to_string_lossy(), &mut |_, _| true).unwrap();
    let id = kernel.load(LoadRequest::plain(program)).unwrap().id;
    kernel.watch(id).unwrap();
    id
}

fn notice(kernel: &Arc<Kernel>) -> String {
    let mut notices = Vec::new();
    until("a notice comes", || {
        notices.extend(kernel.take_notices(OwnerId::FIRST));
        !notices.is_empty()
    });
    crate::shell::words::notice_text(&notices.remove(0))
}

/// A server of one module; how often it was asked.
fn serve(wat: &'static str) -> (String, Arc<AtomicUsize>) {
    let server = Server::http("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x.wat", server.server_addr());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        while let Ok(request) = server.recv() {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = request.respond(Response::from_data(wat));
        }
    });
    (url, asked)
}

fn manifest(url: &str) -> String {
    format!(r#"{{"wasm":[{{"url":"{url}"}}]}}"#)
}

#[test]
fn what_a_manifest_names_on_the_network_is_fetched_when_the_manifest_changes() {
    let dir = tempfile::tempdir().unwrap();
    let (manifest_path, other) = (dir.path().join("m.json"), dir.path().join("other.wat"));
    let (url, asked) = serve(r#"(module (func (export "run")))"#);
    // As young as it can be, so that its time says nothing.
    std::fs::write(&manifest_path, manifest(&url)).unwrap();
    write(&other, r#"(module (func (export "a")))"#);
    let kernel = kernel();
    load_watched(&kernel, &manifest_path);
    let id = load_watched(&kernel, &other);
    for name in ["b", "c", "d"] {
        // Each reload takes two scans of all watched files.
        write(&other, &format!(r#"(module (func (export "{name}")))"#));
        assert!(notice(&kernel).starts_with(&format!("`{id}:other` was reloaded")));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "it was asked again, and nothing had changed");
    let (second, asked_second) = serve(r#"(module (func (export "more")) (func (export "run")))"#);
    write(&manifest_path, &manifest(&second));
    assert!(notice(&kernel).starts_with("`1:m` was reloaded"));
    assert!(call(&kernel, 1, "more", b"").is_ok());
    assert_eq!((asked.load(Ordering::SeqCst), asked_second.load(Ordering::SeqCst)), (1, 1));
}

#[test]
fn a_silent_server_holds_up_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let (manifest_path, other) = (dir.path().join("m.json"), dir.path().join("other.wat"));
    let (url, _asked) = serve(r#"(module (func (export "run")))"#);
    write(&manifest_path, &manifest(&url));
    write(&other, r#"(module (func (export "a")))"#);
    let kernel = kernel();
    let silent = load_watched(&kernel, &manifest_path);
    let id = load_watched(&kernel, &other);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    write(&manifest_path, &manifest(&format!("http://{}/", listener.local_addr().unwrap())));
    let connection = listener.accept().unwrap();
    write(&other, r#"(module (func (export "b")))"#);
    assert!(notice(&kernel).starts_with(&format!("`{id}:other` was reloaded")));
    kernel.kill(silent, false).unwrap();
    until("its watch ends", || !kernel.is_watched(silent));
    write(&other, r#"(module (func (export "c")))"#);
    assert!(notice(&kernel).starts_with(&format!("`{id}:other` was reloaded")));
    assert!(call(&kernel, id, "c", b"").is_ok());
    drop(connection);
}

#[test]
fn a_server_that_cannot_be_reached_is_not_asked_again_until_something_changes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.json");
    let (url, asked) = serve("no module");
    write(&path, r#"{"wasm":[{"data":"AGFzbQEAAAA="}]}"#);
    let kernel = kernel();
    load_watched(&kernel, &path);
    write(&path, &manifest(&url));
    let complaint = notice(&kernel);
    assert!(complaint.starts_with("`1:m` keeps its old code: cannot load"), "{complaint}");
    let other = dir.path().join("other.wat");
    write(&other, "(module)");
    load_watched(&kernel, &other);
    write(&other, "(module (func))");
    assert!(notice(&kernel).starts_with("`2:other` was reloaded"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn what_a_watched_process_starts_is_watched_too() {
    let dir = tempfile::tempdir().unwrap();
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/wasm");
    for name in ["front.wasm", "count_vowels.wasm"] {
        std::fs::copy(plugins.join(name), dir.path().join(name)).unwrap();
    }
    let options = KernelOptions { plugin_dirs: vec![dir.path().into()], ..KernelOptions::default() };
    let kernel = Kernel::new(options);
    let front = load_watched(&kernel, &dir.path().join("front.wasm"));
    assert!(call(&kernel, front, "run", b"abc").is_ok());
    let child = kernel.find("count_vowels").unwrap();
    until("the child is watched", || kernel.is_watched(child));
    let text = r#"(module (func (export "count_vowels")) (func (export "new")))"#;
    write(&dir.path().join("count_vowels.wasm"), text);
    assert_eq!(notice(&kernel).split(" was").next(), Some(format!("`{child}:count_vowels`").as_str()));
    assert!(call(&kernel, child, "new", b"").is_ok());
}
