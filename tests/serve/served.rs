//! A server for a test, in a runtime directory of its own, and raw connections to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A server, killed when the test ends.
pub struct Served {
    pub child: Child,
    pub dir: TempDir,
    /// The address on loopback, where one is served.
    pub address: Option<String>,
    stderr: BufReader<std::process::ChildStderr>,
}

/// The binary under test in a directory, with no more of the environment than it needs.
pub fn plugsh(dir: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plugsh"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
    command.env("HOME", dir.path()).env("XDG_RUNTIME_DIR", dir.path()).current_dir(dir.path());
    command
}

/// Serves `shop` after these lines.
pub fn serve(lines: &str) -> Served {
    serve_with(lines, &[])
}

/// Serves `shop` after these lines, with more options.
pub fn serve_with(lines: &str, options: &[&str]) -> Served {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("setup.plugsh"), lines).unwrap();
    serve_in(dir, options)
}

/// Serves `shop` after the lines of `setup.plugsh` in a directory.
pub fn serve_in(dir: TempDir, options: &[&str]) -> Served {
    let mut command = plugsh(&dir);
    command.args(["serve", "setup.plugsh", "--name", "shop"]).args(options);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut served = Served { stderr: BufReader::new(child.stderr.take().unwrap()), child, dir, address: None };
    let ready = served.wait_for("serving `shop`");
    assert!(ready.contains("shop.sock"), "{ready}");
    served.address = ready.split_once(" and ").map(|(_, rest)| rest.split(';').next().unwrap().to_owned());
    served
}

impl Served {
    /// The next line of standard error that has `text`.
    pub fn wait_for(&mut self, text: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "the server said no `{text}`: {all}");
            if line.contains(text) {
                return line;
            }
            all.push_str(&line);
        }
    }

    /// The socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("plugsh/shop.sock")
    }

    /// `plugsh` with these arguments, ready to run beside the server.
    pub fn plugsh(&self, arguments: &[&str]) -> Command {
        let mut command = plugsh(&self.dir);
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs `plugsh` with these arguments to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.plugsh(arguments).output().unwrap())
    }

    /// Runs lines at the server.
    pub fn attach(&self, lines: &str) -> Ran {
        self.run(&["attach", "shop", "-c", lines])
    }

    /// A connection of the test's own.
    pub fn connect(&self) -> Wire<UnixStream> {
        Wire::new(UnixStream::connect(self.socket()).unwrap())
    }

    /// Sends the server a signal.
    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// The server's exit code, awaited; `None`: a signal ended it.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Fails where the test has ended it.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The standard output of a run that succeeded.
    pub fn out(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }
}

/// A client that speaks the wire itself. Its first line was read.
pub struct Wire<S: Read + Write> {
    lines: BufReader<S>,
    pub hello: Value,
    next: u64,
}

impl<S: Read + Write> Wire<S> {
    pub fn new(stream: S) -> Wire<S> {
        let mut wire = Wire { lines: BufReader::new(stream), hello: Value::Null, next: 0 };
        wire.hello = wire.read().unwrap();
        wire
    }

    pub fn stream(&mut self) -> &mut S {
        self.lines.get_mut()
    }

    /// Sends a line as it is.
    pub fn send(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Sends a request; returns its id.
    pub fn request(&mut self, method: &str, params: Value) -> u64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string());
        id
    }

    /// The next message; `None` at the end.
    pub fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).unwrap_or(0);
        (read > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// The response to a request; what comes before it is dropped.
    pub fn response(&mut self, id: u64) -> Value {
        loop {
            let message = self.read().expect("a response");
            if message["id"] == json!(id) && message.get("method").is_none() {
                return message;
            }
        }
    }

    /// Asks and waits: the result of a request that succeeds.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        let mut response = self.response(id);
        assert!(response.get("error").is_none(), "`{method}`: {response}");
        response["result"].take()
    }

    /// Asks and waits: the error of a request that fails.
    pub fn refused(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        let mut response = self.response(id);
        assert!(response.get("result").is_none(), "`{method}`: {response}");
        response["error"].take()
    }

    /// The next notification of this method.
    pub fn wait_for(&mut self, method: &str) -> Value {
        loop {
            let mut message = self.read().unwrap_or_else(|| panic!("no `{method}`"));
            if message["method"] == json!(method) {
                return message["params"].take();
            }
        }
    }
}
