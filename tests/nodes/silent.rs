//! A node that lives and takes nothing: what is sent to it must end when its sender wants that.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use super::stranger::{Stranger, packet};
use super::system::{Home, Server, WAIT_MAX};

const SYSTEM: &str = "plugsh.plugsh";

/// The answer to what a program begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// The module is missing: it is to be sent.
    LacksModule,
    /// The module is compiled, and an instance is made.
    HasInstance,
}

/// Starts a node `silent` that acknowledges no chunk and answers no call. A message says that a payload has begun.
fn start(port: u16, answers: Answers) -> Receiver<()> {
    let (begins, begun) = channel();
    let mut node = Stranger::connect(port, &format!("{SYSTEM}.>"));
    std::thread::spawn(move || {
        loop {
            let (subject, bytes) = node.next();
            if subject == format!("{SYSTEM}.homes") {
                let beat = json!({"wire": 1, "version": "0.1.0", "name": "silent", "incarnation": 1, "losses": 0,
                    "cores": 1, "running": 0, "instances": 0, "memory_bytes": 0, "memory_bytes_max": 0});
                node.publish(&format!("{SYSTEM}.nodes"), &packet(&beat.to_string()));
            } else if subject == format!("{SYSTEM}.node.silent") {
                let header = header(&bytes);
                if let Some((home, bytes)) = answer(&header, answers) {
                    node.publish(&home, &bytes);
                } else if header["first"]["bytes"].as_u64() == Some(PAYLOAD_BYTES as u64) && begins.send(()).is_err() {
                    return;
                }
            }
        }
    });
    begun
}

fn header(bytes: &[u8]) -> Value {
    let length = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
    serde_json::from_slice(&bytes[4..4 + length]).expect("a header")
}

/// The subject and the bytes of an answer, where there is one.
fn answer(header: &Value, answers: Answers) -> Option<(String, Vec<u8>)> {
    let first = header.get("first")?;
    let (of, message) = (&first["of"], &first["message"]);
    let usage = json!({"memory": {"guest_bytes": 0, "block_bytes": 0, "table_bytes": 0, "kept_bytes": 0,
        "resident_bytes": null}, "spent": false, "kept": true});
    let (message, payload) = match answers {
        Answers::LacksModule if message.get("prepare").is_some() => (json!({"lacks": {"modules": [0]}}), ""),
        Answers::HasInstance if message.get("prepare").is_some() => {
            let prepared = json!({"prepared": {"image": 1, "code_bytes": 1, "origin": "compiled"}});
            (prepared, r#"{"functions": ["f"], "imports": [], "exports": []}"#)
        }
        Answers::HasInstance if message.get("instantiate").is_some() => {
            (json!({"made": {"instance": 1, "usage": usage}}), "")
        }
        Answers::LacksModule | Answers::HasInstance => return None,
    };
    let header = json!({"first": {"of": of, "bytes": payload.len(), "message": message}});
    let (home, number) = (of["home"].as_u64()?, of["number"].as_u64()?);
    let bytes = [packet(&header.to_string()), payload.as_bytes().to_vec()].concat();
    Some((format!("{SYSTEM}.home.{home:x}.{number:x}"), bytes))
}

/// The bytes of a payload: more than are under way at once.
const PAYLOAD_BYTES: usize = 8 << 20;

/// A module of so many bytes: an empty one with a custom section, whose length takes four bytes.
fn big_module(path: &Path) {
    let mut module = b"\0asm\x01\0\0\0\0".to_vec();
    let mut length = PAYLOAD_BYTES - module.len() - 4;
    while length >= 0x80 {
        module.push(length as u8 | 0x80);
        length >>= 7;
    }
    module.push(length as u8);
    module.extend_from_slice(b"\x01x");
    module.resize(PAYLOAD_BYTES, 0);
    std::fs::write(path, module).expect("a file for the test");
}

#[test]
fn a_call_ends_in_the_middle_of_its_input() {
    let Some(server) = Server::start(&[]) else { return };
    let begun = start(server.port, Answers::HasInstance);
    let dir = tempfile::tempdir().expect("a directory");
    let (module, input) = (dir.path().join("f.wat"), dir.path().join("input"));
    std::fs::write(&module, "(module (func (export \"f\")))").expect("a file for the test");
    std::fs::write(&input, vec![b'x'; PAYLOAD_BYTES]).expect("a file for the test");
    let (module, input) = (module.display(), input.display());
    let mut home = Home::start(&server, &[]);
    home.ask_for(&format!("load {module} --on silent"), "1:f");
    home.say(&format!("call f f @{input} &"));
    begun.recv_timeout(WAIT_MAX).expect("the input begins");
    home.say("kill %1");
    home.ask_for("wait %1", "killed");
}

#[test]
fn a_load_ends_in_the_middle_of_its_module() {
    let Some(server) = Server::start(&[]) else { return };
    let begun = start(server.port, Answers::LacksModule);
    let dir = tempfile::tempdir().expect("a directory");
    let module = dir.path().join("big.wasm");
    big_module(&module);
    let mut home = Home::start(&server, &[]);
    home.say(&format!("load {} --on silent", module.display()));
    begun.recv_timeout(WAIT_MAX).expect("the module begins");
    home.signal("-INT");
    home.wait_for("interrupted");
}
