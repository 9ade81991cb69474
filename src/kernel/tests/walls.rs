//! No one gets in: a guest sees no environment, no file and no network that it was not given, by whatever way it tries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tiny_http::{Header, Response, Server};

use super::wasi::{OK, load_with};
use super::wasi_files::{BADF, answer, files};
use super::{call, kernel, message, text};
use crate::kernel::{Kernel, ProcessId};
use crate::runtime::{AllowedPath, Spec};

fn load(kernel: &Arc<Kernel>, wat: &str, spec: Spec) -> ProcessId {
    load_with(kernel, wat, spec).unwrap()
}

/// The functions give as their return code how many bytes they see, plus 100, so that none of them is 0.
const SNOOP: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "environment") (result i32)
    (drop (call $environ_sizes_get (i32.const 0) (i32.const 4)))
    (i32.add (i32.const 100) (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
  (func (export "arguments") (result i32)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (i32.add (i32.const 100) (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
  (func (export "stdin") (result i32)
    (i32.store (i32.const 32) (i32.const 64))
    (i32.store (i32.const 36) (i32.const 8))
    (drop (call $fd_read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 40)))
    (i32.add (i32.const 100) (i32.load (i32.const 40)))))"#;

#[test]
fn a_guest_sees_no_environment_no_arguments_no_input_and_no_directory() {
    let kernel = kernel();
    let id = load(&kernel, SNOOP, Spec::default());
    for function in ["environment", "arguments", "stdin"] {
        assert_eq!(answer(&kernel, id, function, ""), 0, "{function}");
    }
    let id = load(&kernel, &files(3), Spec::default());
    assert_eq!(answer(&kernel, id, "prestat", ""), BADF);
    assert_eq!(answer(&kernel, id, "read", "etc/passwd"), BADF);
}

#[cfg(unix)]
#[test]
fn a_directory_is_the_only_one_and_nothing_leads_out_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (inside, outside) = (dir.path().join("in"), dir.path().join("out"));
    std::fs::create_dir_all(inside.join("sub")).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    for file in [inside.join("mine"), inside.join("sub/mine"), outside.join("secret")] {
        std::fs::write(file, "text").unwrap();
    }
    std::os::unix::fs::symlink(outside.join("secret"), inside.join("absolute")).unwrap();
    std::os::unix::fs::symlink("../out/secret", inside.join("relative")).unwrap();
    std::os::unix::fs::symlink(&outside, inside.join("directory")).unwrap();
    std::os::unix::fs::symlink("mine", inside.join("within")).unwrap();
    let kernel = kernel();
    let allowed = |read_only| AllowedPath { host: inside.clone(), guest: "/data".into(), read_only };
    let spec = |read_only| Spec { allowed_paths: vec![allowed(read_only)], ..Spec::default() };
    let (id, behind) = (load(&kernel, &files(3), spec(false)), load(&kernel, &files(4), spec(false)));
    assert_eq!((answer(&kernel, id, "prestat", ""), answer(&kernel, behind, "prestat", "")), (OK, BADF));
    for path in ["mine", "sub/../mine", "sub/mine", "within"] {
        assert_eq!(answer(&kernel, id, "read", path), OK, "{path}");
    }
    for path in ["../out/secret", "sub/../../out/secret", "/etc/passwd", "absolute", "relative", "directory/secret"] {
        assert_ne!(answer(&kernel, id, "read", path), OK, "{path} was opened");
    }
    assert_ne!(answer(&kernel, id, "symlink", outside.to_str().unwrap()), OK, "an absolute link was made");
    if answer(&kernel, id, "symlink", "../out/secret") == OK {
        assert_ne!(answer(&kernel, id, "read", "made"), OK, "a link out of the directory was made and followed");
    }
    assert_eq!(answer(&kernel, id, "create", "new"), OK);
    let reader = load(&kernel, &files(3), spec(true));
    assert_eq!(answer(&kernel, reader, "read", "mine"), OK);
    for path in ["mine", "newer"] {
        assert_ne!(answer(&kernel, reader, "create", path), OK, "{path} was written through `ro:`");
    }
    assert!(!inside.join("newer").exists());
}

#[cfg(unix)]
#[test]
fn a_granted_directory_that_became_a_link_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    std::fs::create_dir_all(root.join("sub")).unwrap();
    let kernel = kernel();
    let path = AllowedPath { host: root.join("sub"), guest: "/".into(), read_only: true };
    let spec = |paths_resolved| Spec { allowed_paths: vec![path.clone()], paths_resolved, ..Spec::default() };
    // As a guest's child is granted it, and as a person grants it.
    let ids = [true, false].map(|resolved| load(&kernel, &files(3), spec(resolved)));
    assert_eq!(ids.map(|id| answer(&kernel, id, "prestat", "")), [OK; 2]);
    std::fs::remove_dir(root.join("sub")).unwrap();
    std::os::unix::fs::symlink("/", root.join("sub")).unwrap();
    for id in ids {
        let error = kernel.restart(id).unwrap_err().to_string();
        assert!(error.contains("is not what was granted any more"), "{error}");
    }
}

/// Opens its directory until that is refused, and gives how often it was not; `tidy` closes each again.
const HOARDER: &str = r#"(module
  (memory (export "memory") 1)
  (data (i32.const 0) ".")
  (func $open_one (result i32)
    (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 2)
      (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 8)))
  (func (export "hoard") (result i32) (local $n i32)
    (loop $next
      (if (i32.and (i32.eqz (call $open_one)) (i32.lt_u (local.get $n) (i32.const 2000))) (then
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        ;; Puts it in the place of another, which would hide it from who counts numbers.
        (if (i32.gt_u (local.get $n) (i32.const 1)) (then
          (drop (call $fd_renumber (i32.load (i32.const 8)) (i32.const 4)))))
        (br $next))))
    (local.get $n))
  (func (export "tidy") (result i32) (local $n i32)
    (loop $next
      (if (i32.and (i32.eqz (call $open_one)) (i32.lt_u (local.get $n) (i32.const 2000))) (then
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (drop (call $fd_close (i32.load (i32.const 8))))
        (br $next))))
    (local.get $n)))"#;

#[test]
fn open_files_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let kernel = kernel();
    let path = AllowedPath { host: dir.path().into(), guest: "/".into(), read_only: true };
    let id = load(&kernel, HOARDER, Spec { allowed_paths: vec![path], ..Spec::default() });
    let count = |function: &str| call(&kernel, id, function, b"").err().and_then(|error| error.code);
    assert_eq!(count("tidy"), Some(2_000), "what is closed counts no more");
    for _ in 0..2 {
        kernel.restart(id).unwrap();
        assert_eq!(count("hoard"), Some(255), "with its directory 256");
        assert_eq!(count("tidy"), None, "nothing more");
    }
}

/// Answers each path: `/hop` redirects to `location`, anything else is a body. Gives its port and the count of
/// requests.
fn serve(location: &'static str, body_bytes: usize) -> (u16, Arc<AtomicUsize>) {
    let server = Server::http("127.0.0.1:0").unwrap();
    let port = server.server_addr().to_ip().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for request in server.incoming_requests() {
            counted.fetch_add(1, Ordering::SeqCst);
            let location = location.replace("PORT", &port.to_string());
            let response = match request.url() {
                "/hop" => Response::from_string("").with_status_code(302),
                _ => Response::from_string("x".repeat(body_bytes)),
            };
            let header = Header::from_bytes("Location", location).unwrap();
            // A client that hung up needs no answer.
            let _ = request.respond(response.with_header(header));
        }
    });
    (port, count)
}

fn fetcher(kernel: &Arc<Kernel>, spec: Spec) -> ProcessId {
    let wat = include_str!("../../../plugins/wat/http.wat").trim_start_matches(|c| c != '(');
    load(kernel, wat, spec)
}

fn request(port: u16, host: &str, path: &str) -> Vec<u8> {
    format!("{{\"url\":\"http://{host}:{port}{path}\"}}").into_bytes()
}

#[test]
fn without_a_host_there_is_no_network() {
    let kernel = kernel();
    let (port, count) = serve("/", 1);
    let id = fetcher(&kernel, Spec::default());
    let error = message(call(&kernel, id, "run", &request(port, "127.0.0.1", "/")));
    assert!(error.contains("is not allowed; `--allow-host '127.0.0.1'` allows it"), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 0, "it was asked all the same");
}

#[test]
fn redirects_stay_within_the_allowed_hosts() {
    let kernel = kernel();
    let allowed = Spec { allowed_hosts: vec!["127.0.0.1".into()], ..Spec::default() };
    let id = fetcher(&kernel, allowed);
    let (port, _) = serve("/body", 3);
    assert_eq!(text(call(&kernel, id, "run", &request(port, "127.0.0.1", "/hop"))), "xxx");
    for elsewhere in ["http://localhost:PORT/body", "//localhost:PORT/body", "http://127.0.0.1@localhost:PORT/body"] {
        let (port, count) = serve(elsewhere, 3);
        let error = message(call(&kernel, id, "run", &request(port, "127.0.0.1", "/hop")));
        assert!(error.contains("HTTP redirect to ") && error.contains("is not allowed"), "{error}");
        assert_eq!(count.load(Ordering::SeqCst), 1, "{elsewhere} was asked");
    }
    // A text that is no URL to ureq is a path of the same server's, as in the extism SDK.
    let (port, _) = serve("file:///etc/passwd", 3);
    assert_eq!(text(call(&kernel, id, "run", &request(port, "127.0.0.1", "/hop"))), "xxx");
    let (port, _) = serve("file://127.0.0.1/etc/passwd", 3);
    let error = message(call(&kernel, id, "run", &request(port, "127.0.0.1", "/hop")));
    assert!(!error.contains("root:"), "{error}");
    let (port, count) = serve("/hop", 3);
    let error = message(call(&kernel, id, "run", &request(port, "127.0.0.1", "/hop")));
    assert!(error.contains("too many redirects"), "{error}");
    assert!(count.load(Ordering::SeqCst) < 20);
}

#[test]
fn a_response_is_bounded() {
    let kernel = kernel();
    let spec = Spec { allowed_hosts: vec!["127.0.0.1".into()], http_response_bytes_max: 1000, ..Spec::default() };
    let id = fetcher(&kernel, spec);
    let (port, _) = serve("/", 1000);
    assert_eq!(text(call(&kernel, id, "run", &request(port, "127.0.0.1", "/"))).len(), 1000);
    let (port, _) = serve("/", 1001);
    let error = message(call(&kernel, id, "run", &request(port, "127.0.0.1", "/")));
    assert!(error.contains("exceeds the configured maximum number of bytes: 1000"), "{error}");
}
