//! A NATS server, nodes and homes for one test. All end with it, also by a panic.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::common::missing_tool;

/// The longest that anything may take.
pub const WAIT_MAX: Duration = Duration::from_secs(30);

/// The line after the answer to a command.
const ANSWERED: &str = "@@ answered @@";

/// A child process that ends with its owner.
pub struct Owned(pub Child);

impl Drop for Owned {
    fn drop(&mut self) {
        // The child may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A NATS server on a port of loopback.
pub struct Server {
    pub port: u16,
    monitor_port: u16,
    arguments: Vec<String>,
    child: Option<Owned>,
}

/// The ports that tests take: below those that the system gives to clients, of which one may be given away between the
/// look and the server's start.
const PORTS: std::ops::Range<u32> = 12_000..32_000;

/// A port that nobody listens to, another one each time.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end - PORTS.start;
    let ports = (0..count).map(|_| {
        let number = std::process::id().wrapping_mul(97).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        (PORTS.start + number % count) as u16
    });
    let mut free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().expect("a port of loopback")
}

impl Server {
    /// A server; `None` where nats-server is missing, which is said.
    pub fn start(arguments: &[&str]) -> Option<Server> {
        if Command::new("nats-server").arg("--version").output().is_err() {
            missing_tool::not_run("plugins on nodes", "no nats-server; `apt install nats-server` gives it");
            return None;
        }
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = Server { port: free_port(), monitor_port: free_port(), arguments, child: None };
        server.restart();
        Some(server)
    }

    /// Ends the server, if it runs.
    pub fn stop(&mut self) {
        self.child = None;
    }

    /// Starts the server anew on its port, and waits until it listens.
    pub fn restart(&mut self) {
        self.stop();
        let mut command = Command::new("nats-server");
        let ports = [self.port, self.monitor_port].map(|port| port.to_string());
        command.args(["-a", "127.0.0.1", "-p", &ports[0], "-m", &ports[1]]).args(&self.arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(Owned(command.spawn().expect("nats-server starts")));
        let until = Instant::now() + WAIT_MAX;
        while [self.port, self.monitor_port].iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()) {
            assert!(Instant::now() < until, "nats-server does not listen on port {}", self.port);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The server's address.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Bytes that clients have sent to it since it started.
    pub fn bytes_taken(&self) -> u64 {
        let url = format!("http://127.0.0.1:{}/varz", self.monitor_port);
        let answer = ureq::get(&url).call().expect("the server's monitor").body_mut().read_to_string();
        let figures: serde_json::Value = serde_json::from_str(&answer.expect("its answer")).expect("JSON");
        figures["in_bytes"].as_u64().expect("a figure")
    }

    /// `plugsh` with these arguments, connected to the server.
    pub fn plugsh(&self, arguments: &[&str]) -> Command {
        plugsh(&self.url(), arguments)
    }

    /// A node of this name with more arguments, once it is there.
    pub fn node(&self, name: &str, arguments: &[&str]) -> Node {
        Node::start(&self.url(), name, arguments)
    }

    /// The last line of a home's commands.
    pub fn run(&self, commands: &str) -> Ran {
        ended(self.plugsh(&["-c", commands]))
    }
}

/// `plugsh` with these arguments, connected to a server.
pub fn plugsh(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plugsh"));
    command.args(["--nats", url]).args(arguments).stdin(Stdio::null());
    command.env("XDG_CACHE_HOME", cache_dir()).env_remove("PLUGSH_PATH").env("NO_COLOR", "1");
    command
}

/// Compiled modules of all tests: what one has compiled, another need not.
fn cache_dir() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// A node in a process of its own.
pub struct Node {
    child: Owned,
    /// The lines of its standard error.
    lines: Receiver<String>,
}

impl Node {
    /// A node, once it says that it is there.
    pub fn start(url: &str, name: &str, arguments: &[&str]) -> Node {
        let mut command = plugsh(url, &["node", "--name", name]);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = Owned(command.spawn().expect("a node starts"));
        let stderr = child.0.stderr.take().expect("its standard error");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok()
        });
        let node = Node { child, lines };
        node.wait_for(&format!("node `{name}` of system"));
        node
    }

    /// Waits for a line with this text.
    pub fn wait_for(&self, text: &str) -> String {
        let until = Instant::now() + WAIT_MAX;
        let mut seen = Vec::new();
        loop {
            let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now()));
            match line {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("no line with {text:?} ({error}): {seen:#?}"),
            }
        }
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.0.kill().expect("it runs");
    }

    /// Waits until it does not use the processor: no guest runs in it.
    pub fn wait_until_idle(&self) {
        let path = format!("/proc/{}/stat", self.child.0.id());
        let ticks = || {
            let stat = std::fs::read_to_string(&path).expect("it runs");
            let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
            // User and system time, from the state on.
            fields[11].parse::<u64>().expect("ticks") + fields[12].parse::<u64>().expect("ticks")
        };
        let until = Instant::now() + WAIT_MAX;
        let mut before = ticks();
        loop {
            std::thread::sleep(Duration::from_millis(300));
            let now = ticks();
            if now - before <= 2 {
                return;
            }
            assert!(Instant::now() < until, "it still runs");
            before = now;
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        send_signal(&self.child, signal);
    }
}

fn send_signal(to: &Owned, signal: &str) {
    let id = to.0.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().expect("kill runs");
    assert!(sent.success(), "kill {signal} {id}");
}

/// How commands ended.
#[derive(Debug)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
    }

    /// The standard output of commands that succeeded.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.stdout
    }

    /// The standard error of commands that failed.
    pub fn failed(self) -> String {
        assert_ne!(self.code, Some(0), "{self:#?}");
        self.stderr
    }
}

/// How a command ends, within the time for it.
pub fn ended(mut command: Command) -> Ran {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("plugsh starts");
    let id = child.id().to_string();
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(WAIT_MAX) {
        Ok(output) => Ran::of(output.expect("plugsh ends")),
        Err(error) => {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
            panic!("plugsh has not ended ({error}): {command:?}");
        }
    }
}

/// A home at a pipe: lines in, lines out.
pub struct Home {
    child: Owned,
    lines: Receiver<String>,
}

impl Home {
    /// A home that reads commands from standard input.
    pub fn start(server: &Server, arguments: &[&str]) -> Home {
        let mut command = server.plugsh(arguments);
        command.args(["--keep-going", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Owned(command.spawn().expect("a home starts"));
        let (sender, lines) = channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.0.stdout.take().expect("its output")),
            Box::new(child.0.stderr.take().expect("its errors")),
        ];
        for stream in streams {
            let sender = sender.clone();
            std::thread::spawn(move || {
                BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok()
            });
        }
        Home { child, lines }
    }

    /// Writes a line.
    pub fn say(&mut self, line: &str) {
        let stdin = self.child.0.stdin.as_mut().expect("its input");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).expect("it reads");
    }

    /// Waits for a line with this text, of either stream.
    pub fn wait_for(&self, text: &str) -> String {
        let until = Instant::now() + WAIT_MAX;
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("no line with {text:?} ({error}): {seen:#?}"),
            }
        }
    }

    /// The lines that a command prints on standard output, and whatever comes before them.
    pub fn ask(&mut self, command: &str) -> Vec<String> {
        self.say(command);
        self.say(&format!("echo '{ANSWERED}'"));
        let until = Instant::now() + WAIT_MAX;
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line == ANSWERED => return lines,
                Ok(line) => lines.push(line),
                Err(error) => panic!("`{command}` has not ended ({error}): {lines:#?}"),
            }
        }
    }

    /// Asks again and again until a line has this text.
    pub fn ask_until(&mut self, command: &str, text: &str) -> Vec<String> {
        let until = Instant::now() + WAIT_MAX;
        loop {
            let lines = self.ask(command);
            if lines.iter().any(|line| line.contains(text)) {
                return lines;
            }
            assert!(Instant::now() < until, "`{command}` never prints {text:?}: {lines:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks, and gives the first line with this text.
    pub fn ask_for(&mut self, command: &str, text: &str) -> String {
        self.say(command);
        self.wait_for(text)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        send_signal(&self.child, signal);
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.0.kill().expect("it runs");
    }
}
