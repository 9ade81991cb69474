//! Sources in, programs or one-line errors out.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{Access, Sources};
use crate::runtime::FailureKind;
use crate::shell::words::SHELL;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        write(&dir.path().join(name), text);
    }
    dir
}

/// Writes a file that looks as if it had been there for long.
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    let then = SystemTime::now() - Duration::from_secs(60);
    File::options().write(true).open(path).and_then(|file| file.set_modified(then)).expect("an old file");
}

fn sources(dir: &TempDir) -> Sources {
    Sources::new(vec![dir.path().join("not-there"), dir.path().to_owned()])
}

fn message(sources: &Sources, source: &str) -> String {
    sources.resolve(source, Access::Person).expect_err("refused").line(SHELL)
}

#[test]
fn a_directory_goes_before_the_built_in_plugins() {
    let dir = folder(&[("echo.wat", "(module)")]);
    let sources = sources(&dir);
    let program = sources.resolve("echo", Access::Guest).expect("loaded");
    assert_eq!(&*program.modules[0].bytes, b"(module)");
    assert_eq!(program.origin, dir.path().join("echo.wat").to_string_lossy());
    let builtin = sources.resolve("built-in:echo", Access::Person).expect("loaded");
    assert_eq!(builtin.origin, "built-in:echo");
    assert!(builtin.modules[0].bytes.starts_with(b"\0asm"));
}

#[test]
fn a_built_in_plugin_loads_under_both_spellings() {
    let sources = Sources::new(Vec::new());
    let program = sources.resolve("count-vowels", Access::Guest).expect("loaded");
    assert_eq!((program.stem.as_str(), program.origin.as_str()), ("count_vowels", "built-in:count_vowels"));
    assert_eq!(program.modules[0].name, "main");
    assert_eq!(program.modules[0].sha256.len(), 64);
    let again = sources.resolve("count_vowels", Access::Guest).expect("loaded");
    assert!(Arc::ptr_eq(&program, &again), "read once");
}

#[test]
fn what_was_perhaps_meant_is_shown_safely() {
    let dir = folder(&[("evil_word\x1b[2J.wat", "(module)")]);
    assert!(message(&sources(&dir), "evil_word").ends_with("did you mean `evil_word\\x1b[2J`?"));
}

#[test]
fn a_guest_loads_names_only() {
    let sources = Sources::new(Vec::new());
    for source in ["./echo.wasm", "/etc/passwd", "http://127.0.0.1:1/x", "echo.wasm", "built-in:echo"] {
        let failure = sources.resolve(source, Access::Guest).expect_err("refused");
        assert_eq!(failure.kind, FailureKind::Denied, "{source}");
        assert_eq!(failure.message, format!("a plugin may load only names, and `{source}` is a path or a URL"));
    }
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let dir = folder(&[("shout.wat", "(module)")]);
    let sources = sources(&dir);
    assert_eq!(message(&sources, "ehco"), "no plugin named `ehco`; did you mean `echo`?");
    assert_eq!(message(&sources, "shuot"), "no plugin named `shuot`; did you mean `shout`?");
    let ways_on = "`plugins` lists them, `plugsh --plugins DIR` and PLUGSH_PATH add a directory of yours";
    assert_eq!(message(&sources, "zzzzzz"), format!("no plugin named `zzzzzz`; {ways_on}"));
    let guest = sources.resolve("Cargo", Access::Guest).expect_err("refused").line(SHELL);
    assert_eq!(guest, "no plugin named `Cargo`; `plugins` lists them", "nothing of files here");
    assert_eq!(message(&sources, "Cargo"), "no plugin named `Cargo`; for the file write `./Cargo.toml`");
    assert_eq!(message(&sources, "echo.wasm"), "no file `echo.wasm`; did you mean `echo`?");
    assert_eq!(message(&sources, "./no/such"), "no file `./no/such`");
    assert_eq!(message(&sources, "built-in:ehco"), "no built-in plugin `ehco`; did you mean `echo`?");
    assert_eq!(message(&sources, ""), "the source is empty; give a name, a path or a URL");
    assert!(message(&sources, &"x".repeat(5000)).starts_with("the source is 5000 bytes long"));
    assert_eq!(sources.resolve("ehco", Access::Guest).expect_err("refused").kind, FailureKind::Load);
}

#[test]
fn names_are_sorted_and_shadowed_ones_appear_once() {
    let dir = folder(&[("zebra.toml", "[[wasm]]\n"), ("count-vowels.wat", ""), ("echo.wasm", ""), ("notes.txt", "")]);
    let names = sources(&dir).names();
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
    assert_eq!(names.iter().filter(|name| name.as_str() == "echo").count(), 1);
    assert!(names.contains(&"zebra".to_owned()) && names.contains(&"front".to_owned()));
    assert!(names.contains(&"count-vowels".to_owned()) && !names.contains(&"count_vowels".to_owned()));
    assert!(!names.contains(&"notes".to_owned()));
}

#[test]
fn a_file_is_read_again_only_when_it_has_changed() {
    let dir = folder(&[("x.wat", "(module)")]);
    let path = dir.path().join("x.wat");
    let sources = sources(&dir);
    let by_name = || sources.resolve("x", Access::Guest).expect("loaded");
    let first = by_name();
    assert!(Arc::ptr_eq(&first, &by_name()));
    let by_path = sources.resolve(&path.to_string_lossy(), Access::Person).expect("loaded");
    assert!(Arc::ptr_eq(&first, &by_path), "one file, one program");
    write(&path, "(module (func))");
    assert_eq!(&*by_name().modules[0].bytes, b"(module (func))");
}

#[test]
fn a_manifest_is_read_again_when_a_module_of_it_has_changed() {
    let dir = folder(&[("m.toml", "config = { a = 'b' }\n[[wasm]]\npath = 'x.wat'\n"), ("x.wat", "(module)")]);
    let sources = sources(&dir);
    let first = sources.resolve("m", Access::Guest).expect("loaded");
    assert_eq!((first.stem.as_str(), first.spec.config["a"].as_str()), ("m", "b"));
    assert!(Arc::ptr_eq(&first, &sources.resolve("m", Access::Guest).expect("loaded")));
    write(&dir.path().join("x.wat"), "(module (func))");
    let second = sources.resolve("m", Access::Guest).expect("loaded");
    assert_eq!(&*second.modules[0].bytes, b"(module (func))");
}

#[test]
fn a_path_without_a_known_suffix_is_told_by_its_bytes() {
    let dir =
        folder(&[("plain", "(module)"), ("m.conf", "{\"wasm\": [{\"path\": \"plain\"}]}"), ("text.txt", "hello")]);
    let sources = sources(&dir);
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    assert!(sources.resolve(&path("plain"), Access::Person).is_ok());
    assert!(sources.resolve(&path("m.conf"), Access::Person).is_ok());
    assert!(message(&sources, &path("text.txt")).ends_with("is not wasm, and not wat text either"));
}

#[test]
fn bad_files_are_told_apart() {
    let dir = folder(&[("empty.wasm", ""), ("cut.wasm", "\0asm\x01"), ("text.wasm", "hello"), ("empty.json", "")]);
    std::fs::create_dir(dir.path().join("dir.wasm")).expect("made");
    let sources = sources(&dir);
    assert!(message(&sources, "empty").ends_with("empty.wasm` is empty"));
    assert!(message(&sources, "cut").contains("cut.wasm` is cut short"));
    assert!(message(&sources, "text").ends_with("text.wasm` is not wasm, and not wat text either"));
    assert!(message(&sources, "dir").ends_with("dir.wasm` is a directory"));
    assert!(message(&sources, &dir.path().join("empty.json").to_string_lossy()).ends_with("empty.json` is empty"));
    #[cfg(unix)]
    assert_eq!(message(&sources, "/dev/zero"), "`/dev/zero` is not a regular file");
}

/// Answers each connection with the same bytes; gives the address and the paths that were asked for.
fn serve(answer: &'static str) -> (std::net::SocketAddr, std::sync::mpsc::Receiver<String>) {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { return };
            let Ok(reading) = connection.try_clone() else { return };
            let lines = BufReader::new(reading).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
            // Who hung up, or listens no more, need not be told.
            let _ = connection.write_all(answer.replace("ADDRESS", &address.to_string()).as_bytes());
            let _ = sender.send(path);
        }
    });
    (address, asked)
}

#[test]
fn a_url_that_a_plugin_was_granted_leads_nowhere_else() {
    let (address, asked) =
        serve("HTTP/1.1 302 Found\r\nLocation: http://ADDRESS/elsewhere.wat\r\nContent-Length: 0\r\n\r\n");
    let failure = Sources::new(Vec::new()).resolve(&format!("http://{address}/x.wat"), Access::Granted);
    let message = failure.expect_err("it followed").message;
    assert!(message.ends_with("it leads elsewhere, and a plugin's load does not follow"), "{message}");
    assert_eq!(asked.recv().expect("a request"), "/x.wat");
    assert!(asked.try_recv().is_err(), "it asked again");
}

#[test]
fn a_url_is_bounded_in_size_before_it_is_read() {
    let (address, _asked) = serve("HTTP/1.1 200 OK\r\nContent-Length: 268435457\r\n\r\n(module)");
    for access in [Access::Granted, Access::Person] {
        let failure = Sources::new(Vec::new()).resolve(&format!("http://{address}/x.wat"), access);
        let message = failure.expect_err("it was read").message;
        assert!(message.ends_with("it is larger than 256 MiB, the most that is fetched"), "{message}");
    }
    let (address, _asked) = serve("HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n{}");
    let failure = Sources::new(Vec::new()).resolve(&format!("http://{address}/m.json"), Access::Person);
    assert!(failure.expect_err("it was read").message.contains("larger than 64 MiB"));
}
