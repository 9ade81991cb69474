//! Lines of the wire at a server in this process, over pairs of sockets: whatever one client sends, the server stays,
//! a steady client is answered, and nothing of the first is left.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bolero::check;
use plugsh::kernel::{Kernel, KernelOptions};
use plugsh::limits::Limits;
use plugsh::serve::Server;
use serde_json::{Value, json};

use crate::cursor::Cursor;
use crate::{ENDED_WITHIN, INPUT_BYTES_MAX, ITERATIONS_MAX, TIME_MAX};

/// Parts of lines. What runs on is ended with its client.
const WORDS: &[&str] = &[
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"",
    "{\"jsonrpc\":\"2.0\",\"method\":\"interrupt\",\"params\":{\"id\":",
    "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":",
    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":",
    "hello",
    "run",
    "call",
    "load",
    "kill",
    "ps",
    "calls",
    "snapshot",
    "complete",
    "interrupt",
    "\",\"params\":{",
    "\"line\":\"echo one; misbehave.spin &\"",
    "\"line\":\"for x in a b\\n echo $x\\nend\",\"finish\":true",
    "\"line\":\"trace -f\"",
    "\"line\":\"exit 3\"",
    "\"script\":{\"name\":\"s\",\"first_line\":0}",
    "\"plugin\":\"1\",\"function\":\"echo\",\"input\":\"x\"",
    "\"plugin\":\"misbehave\",\"function\":\"spin\",\"timeout_ms\":1",
    "\"input_base64\":\"%\"",
    "\"follow\":true,\"limit\":18446744073709551615",
    "\"filter\":\"duration>1ms and (\"",
    "\"access\":\"readonly\"",
    "\"carries_out\":true,\"interactive\":true",
    "\"pos\":9",
    "\"process\":4294967295",
    "\"target\":\"%9\"",
    ",",
    ":",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "1e999",
    "-1",
    "null",
    "}}\n",
    "}\n",
    "\n",
    "\"",
    "\u{1b}[31m",
];

/// The client whose calls nothing disturbs.
struct Steady {
    server: Server,
    lines: BufReader<UnixStream>,
}

impl Steady {
    fn new() -> Steady {
        let limits = Limits { processes_max: 50, timeout: Some(Duration::from_secs(20)), ..Limits::default() };
        let kernel = Kernel::new(KernelOptions { limits, ..KernelOptions::default() });
        let server = Server::unlisted(kernel, "fuzz".to_owned(), Box::new(|_| {}));
        let lines = BufReader::new(join(&server));
        let mut steady = Steady { server, lines };
        steady.read();
        steady
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("an answer within the time");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        writeln!(self.lines.get_mut(), "{request}").expect("sent");
        self.read()
    }

    /// A call, of a process of its own: others may be killed by whom they please.
    fn call(&mut self) {
        self.ask("load", &json!({ "source": "echo", "name": "steady" }));
        let called = self.ask("call", &json!({ "plugin": "steady", "function": "echo", "input": "still here" }));
        assert_eq!(called["result"]["output"], "still here", "{called}");
        self.ask("kill", &json!({ "target": "steady" }));
    }
}

fn join(server: &Server) -> UnixStream {
    let (own, theirs) = UnixStream::pair().expect("a pair");
    own.set_read_timeout(Some(ENDED_WITHIN)).expect("a time");
    server.join(theirs);
    own
}

static STEADY: LazyLock<Mutex<Steady>> = LazyLock::new(|| Mutex::new(Steady::new()));

/// Sends bytes as a client, which then goes as `how` says, and looks that the server is as before.
fn come_and_go(bytes: &[u8], how: u8) {
    let mut steady = STEADY.lock().unwrap_or_else(PoisonError::into_inner);
    let mut client = join(&steady.server);
    // Fails where the server has closed already.
    client.write_all(bytes).ok();
    match how % 3 {
        // Goes without a word, perhaps in the middle of a line.
        0 => {}
        // Says nothing more, and reads a little.
        1 => {
            client.shutdown(Shutdown::Write).ok();
            let _read_bytes = client.read(&mut [0; 512]);
        }
        // Goes after a first look.
        _ => {
            let _read_bytes = client.read(&mut [0; 64]);
        }
    }
    drop(client);
    steady.call();
    let until = Instant::now() + ENDED_WITHIN;
    while steady.server.clients() > 1 {
        assert!(Instant::now() < until, "a client that has gone is still here");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn lines_of_the_wire() {
    check!().with_test_time(TIME_MAX).with_iterations(ITERATIONS_MAX).with_max_len(INPUT_BYTES_MAX).for_each(
        |input: &[u8]| {
            let mut cursor = Cursor::new(input);
            let (kind, how) = (cursor.byte(), cursor.byte());
            match kind % 4 {
                0 => come_and_go(cursor.rest(), how),
                _ => come_and_go(cursor.text(WORDS).as_bytes(), how),
            }
        },
    );
}
