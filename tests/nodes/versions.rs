//! Nodes and homes of other versions, and whoever says nothing that makes sense.

use super::stranger::{Stranger, packet};
use super::system::Server;

const HOMES: &str = "plugsh.plugsh.homes";
const NODES: &str = "plugsh.plugsh.nodes";

#[test]
fn a_node_of_another_version_is_refused_and_both_are_named() {
    let Some(server) = Server::start(&[]) else { return };
    let mut stranger = Stranger::connect(server.port, HOMES);
    std::thread::spawn(move || {
        let beat = r#"{"wire":7,"version":"9.9\u001b[2J","name":"old","incarnation":1,"losses":0,"cores":1,
            "running":0,"instances":0,"memory_bytes":0,"memory_bytes_max":0}"#;
        loop {
            stranger.next();
            stranger.publish(NODES, &packet(beat));
        }
    });
    let error = server.run("load echo --on old").failed();
    let own = format!("this is plugsh {} with version 1", env!("CARGO_PKG_VERSION"));
    assert!(error.contains("node `old` is plugsh 9.9") && error.contains("with version 7 of the wire"), "{error}");
    assert!(error.contains(&own) && !error.contains('\u{1b}'), "{error:?}");
}

#[test]
fn bytes_of_strangers_hinder_nobody() {
    let Some(server) = Server::start(&[]) else { return };
    let node = server.node("n1", &[]);
    let mut stranger = Stranger::connect(server.port, "nothing");
    let garbage: [&[u8]; 5] = [b"", b"\xff\xff\xff\xff", b"\x02\0\0\0{}", &packet("{\"first\":{}}"), &[0; 700_000]];
    for bytes in garbage {
        for subject in [HOMES, NODES, "plugsh.plugsh.node.n1", "plugsh.plugsh.home.1.1"] {
            stranger.publish(subject, bytes);
        }
    }
    assert_eq!(server.run("load echo --on n1; echo.echo hello").ok(), "hello\n");
    drop(node);
}
