//! A NATS server, a node and a home, all for this run: where cases run on a node.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plugsh::nats::NatsSettings;
use plugsh::node::{Node, NodeOptions};
use plugsh::runtime::CompilerOptions;
use plugsh::runtime::remote::wire::{NodeName, SystemName};
use plugsh::runtime::remote::{Home, HomeOptions};

use super::missing_tool::not_run;
use super::world::IMAGES;

/// The node's name.
pub const NAME: &str = "n1";
/// The longest that the server may take to listen.
const START_MAX: Duration = Duration::from_secs(30);

/// The server and the node.
pub struct Scene {
    server: Child,
    _node: Arc<Node>,
}

impl Scene {
    /// Starts a server with a node, and connects the images with it; `None` where nats-server is missing.
    pub fn start() -> Option<Scene> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).ok()?.port();
        let mut command = Command::new("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(server) = command.spawn() else {
            not_run("cases on a node", "no nats-server; `apt install nats-server` gives it");
            return None;
        };
        let until = Instant::now() + START_MAX;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "nats-server does not listen on port {port}");
            std::thread::sleep(Duration::from_millis(10));
        }
        let nats = NatsSettings { url: format!("nats://127.0.0.1:{port}"), ..NatsSettings::default() };
        let options = NodeOptions {
            nats: nats.clone(),
            system: SystemName::default(),
            name: NodeName::new(NAME).expect("a name"),
            policy: None,
            cache_dir: None,
            compiler: CompilerOptions::default(),
            memory_bytes_max: None,
            on_event: Box::new(drop),
        };
        let node = Node::open(options).expect("a node");
        let home = Home::open(&HomeOptions { nats, system: SystemName::default() }).expect("a home");
        IMAGES.set_nodes(home);
        Some(Scene { server, _node: node })
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // The child may have ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
