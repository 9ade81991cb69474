//! Requests of plugins to their host in the journal: what each record says, and which are kept.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;

use super::{call, kernel, program, put_word};
use crate::journal::{Filter, Outcome, Record, RecordKind};
use crate::kernel::{Kernel, LoadRequest, ProcessId};
use crate::runtime::{AllowedPath, Spec};

fn load_with(kernel: &Arc<Kernel>, wat: &str, spec: Spec) -> ProcessId {
    kernel.load(LoadRequest { spec, ..LoadRequest::plain(Arc::new(program(wat))) }).unwrap().id
}

/// A plugin with a function for each kind of request; `http` asks for `url`.
fn asker(url: &str) -> String {
    let key = |word| put_word(word, "$key");
    format!(
        r#"(module
          (memory (export "memory") 2)
          (data (i32.const 100) "note.txt")
          (func (export "vars") (local $key i64) (local $value i64)
            {} {} (call $var_set (local.get $key) (local.get $value))
            {} (drop (call $var_get (local.get $key)))
            {} (drop (call $config_get (local.get $key))))
          (func (export "log") (local $key i64) {} (call $log_info (local.get $key)))
          (func (export "http") (local $key i64) {} (drop (call $http_request (local.get $key) (i64.const 0))))
          (func (export "wasi")
            (drop (call $random_get (i32.const 0) (i32.const 16)))
            (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 32)))
            (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 8) (i32.const 0)
              (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))
            (i32.store (i32.const 200) (i32.const 300))
            (i32.store (i32.const 204) (i32.const 50))
            (drop (call $fd_read (i32.load (i32.const 64)) (i32.const 200) (i32.const 1) (i32.const 208)))))"#,
        key("total"),
        put_word("12345", "$value"),
        key("total"),
        key("mode"),
        key("hello"),
        key(&format!(r#"{{"url":"{url}"}}"#)),
    )
}

/// The requests in the journal: function, detail, bytes in and out.
fn requests(kernel: &Kernel) -> Vec<(String, String, u64, u64)> {
    let row = |record: &Record| {
        let detail = record.detail().unwrap_or("none").to_owned();
        (record.function.as_str().to_owned(), detail, record.bytes_in, record.bytes_out)
    };
    let records = kernel.journal().drain().records(100);
    records.iter().filter(|record| record.kind == RecordKind::Host).map(row).collect()
}

fn row(function: &str, detail: &str, bytes_in: u64, bytes_out: u64) -> (String, String, u64, u64) {
    (function.to_owned(), detail.to_owned(), bytes_in, bytes_out)
}

#[test]
fn requests_are_records_below_the_call_that_made_them_while_somebody_watches() {
    let kernel = kernel();
    let spec = Spec { config: BTreeMap::from([("mode".to_owned(), "fast".to_owned())]).into(), ..Spec::default() };
    let id = load_with(&kernel, &asker("http://127.0.0.1/"), spec);
    call(&kernel, id, "vars", b"").unwrap();
    assert_eq!(requests(&kernel), [], "nobody watches");
    kernel.trace_host(None);
    call(&kernel, id, "vars", b"").unwrap();
    call(&kernel, id, "log", b"").unwrap();
    let expected = [
        row("var_set", "total", 10, 0),
        row("var_get", "total", 5, 5),
        row("config_get", "mode", 4, 4),
        row("log_info", "hello", 5, 0),
    ];
    assert_eq!(requests(&kernel), expected);
    let records = kernel.journal().drain().records(100);
    let set = records.iter().find(|record| record.function.as_str() == "var_set").unwrap();
    let parent = records.iter().find(|record| record.seq == set.parent_seq).unwrap();
    assert_eq!((parent.function.as_str(), parent.kind, parent.depth), ("vars", RecordKind::Call, 1));
    assert_eq!((set.callee_label().as_str(), set.depth, set.outcome), ("host", 2, Outcome::Ok));
    kernel.stop_tracing_host();
    call(&kernel, id, "vars", b"").unwrap();
    assert_eq!(requests(&kernel).len(), expected.len(), "nobody watches any more");
}

#[test]
fn only_requests_that_are_asked_for_are_kept_and_private_ones_say_nothing() {
    let kernel = kernel();
    kernel.trace_host(Some(Filter::parse("function=var_* and bytes_out>0").unwrap()));
    let id = load_with(&kernel, &asker("http://127.0.0.1/"), Spec::default());
    call(&kernel, id, "vars", b"").unwrap();
    assert_eq!(requests(&kernel), [row("var_get", "total", 5, 5)]);
    kernel.journal().clear();
    let private = load_with(&kernel, &asker("http://127.0.0.1/"), Spec { private: true, ..Spec::default() });
    call(&kernel, private, "vars", b"").unwrap();
    assert_eq!(requests(&kernel), [row("var_get", "(private)", 5, 5)]);
}

#[test]
fn http_has_its_method_url_and_status_but_no_credentials() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnone").unwrap();
    });
    let kernel = kernel();
    kernel.trace_host(None);
    let spec = || Spec { allowed_hosts: vec!["127.0.0.1".to_owned()], ..Spec::default() };
    let id = load_with(&kernel, &asker(&format!("http://ada:secret@{address}/x")), spec());
    call(&kernel, id, "http", b"").unwrap();
    server.join().unwrap();
    let [(function, detail, 0, 4)] = &requests(&kernel)[..] else { panic!("{:?}", requests(&kernel)) };
    assert_eq!(function, "http_request");
    assert!(detail.starts_with("GET http://") && detail.ends_with("/x 404"), "{detail}");
    assert!(!detail.contains("secret"), "{detail}");
    let refused = load_with(&kernel, &asker("http://elsewhere.invalid/"), spec());
    call(&kernel, refused, "http", b"").unwrap_err();
    let records = kernel.journal().drain().records(100);
    let last = records.iter().rfind(|record| record.kind == RecordKind::Host).unwrap();
    assert_eq!((last.outcome, last.detail()), (Outcome::Error, Some("GET http://elsewhere.invalid/")));
    assert!(last.error_line().is_some_and(|why| why.contains("is not allowed")), "{:?}", last.error);
}

#[test]
fn files_clock_and_random_bytes_are_requests_too() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("note.txt"), "seven b").unwrap();
    let path = AllowedPath { host: dir.path().into(), guest: "/".into(), read_only: true };
    let kernel = kernel();
    kernel.trace_host(None);
    let id = load_with(&kernel, &asker("http://127.0.0.1/"), Spec { allowed_paths: vec![path], ..Spec::default() });
    call(&kernel, id, "wasi", b"").unwrap();
    let read = requests(&kernel);
    let fd = read.last().map_or("", |(_, detail, _, _)| detail);
    assert!(fd.starts_with("fd "), "{fd}");
    let expected = [
        row("random_get", "", 0, 16),
        row("clock_time_get", "", 0, 8),
        row("path_open", "note.txt", 0, 0),
        row("fd_read", fd, 0, 7),
    ];
    assert_eq!(read, expected);
}
