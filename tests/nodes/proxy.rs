//! A proxy of one TCP port that a test can partition: what is sent meanwhile waits, as packets do that are sent again.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// The most bytes that are passed on at once.
const PIECE_BYTES: usize = 64 << 10;

/// The fate of bytes and connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passage {
    Open,
    /// Nothing passes, and no connection ends.
    Partitioned,
    /// Every connection ends.
    Over,
}

/// A proxy on a port of its own.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    passage: Mutex<Passage>,
    changed: Condvar,
}

impl Proxy {
    /// A proxy in front of a port of loopback.
    pub fn start(target: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared { passage: Mutex::new(Passage::Open), changed: Condvar::new() });
        let passing = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if passing.wait_until_open() == Passage::Over {
                    return;
                }
                // Without a server the client's connection ends.
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().expect("a stream"), to.try_clone().expect("a stream"));
                    let passing = passing.clone();
                    std::thread::spawn(move || passing.pass(from, to));
                }
            }
        });
        Proxy { port, shared }
    }

    /// The address for clients.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// From now on nothing passes.
    pub fn partition(&self) {
        self.shared.set(Passage::Partitioned);
    }

    /// Waiting bytes pass, and all that follow.
    pub fn heal(&self) {
        self.shared.set(Passage::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.set(Passage::Over);
    }
}

impl Shared {
    fn set(&self, passage: Passage) {
        *self.passage.lock() = passage;
        self.changed.notify_all();
    }

    fn wait_until_open(&self) -> Passage {
        let mut passage = self.passage.lock();
        self.changed.wait_while(&mut passage, |passage| *passage == Passage::Partitioned);
        *passage
    }

    /// Passes bytes on until either side ends.
    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = from.read(&mut piece).unwrap_or(0);
            if read == 0 || self.wait_until_open() == Passage::Over || to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        // Either may have ended already.
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}
