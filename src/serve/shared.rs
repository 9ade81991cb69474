//! The state that the threads of a server share: the kernel, the clients that have come, and whether the end has begun.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::token::Token;
use super::wire::{PROTOCOL, Welcome};
use super::wire_front::Link;
use crate::allocator;
use crate::kernel::Kernel;
use crate::locks::{Mutex, Rank};
use crate::shell::front::ServeOptions;

/// The most clients at once.
pub const CLIENTS_MAX: usize = 64;

/// Interval at which memory goes back to the system at most: each time costs milliseconds.
const TRIM_INTERVAL: Duration = Duration::from_millis(500);

/// Takes what a server has to tell of itself, a line each.
pub type ServerLog = Box<dyn Fn(&str) + Send + Sync>;

/// A server, for all its threads.
pub struct Shared {
    pub kernel: Arc<Kernel>,
    name: String,
    token: Option<Token>,
    read_only: bool,
    project: Option<PathBuf>,
    log: ServerLog,
    trimmed: Mutex<Instant>,
    clients: Mutex<Clients>,
    is_ending: AtomicBool,
}

#[derive(Default)]
struct Clients {
    /// The number of the last client that has come.
    last: u64,
    /// At most [`CLIENTS_MAX`].
    links: BTreeMap<u64, Arc<Link>>,
}

impl Shared {
    /// A server of a kernel, without clients.
    pub fn new(
        kernel: Arc<Kernel>,
        name: String,
        token: Option<Token>,
        options: &ServeOptions,
        log: ServerLog,
    ) -> Shared {
        Shared {
            kernel,
            name,
            token,
            read_only: options.read_only,
            project: options.project.clone(),
            log,
            trimmed: Mutex::new(Rank::ServerTrim, Instant::now()),
            clients: Mutex::new(Rank::Clients, Clients::default()),
            is_ending: AtomicBool::new(false),
        }
    }

    /// The name that is served.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's first words.
    pub fn welcome(&self) -> Welcome {
        Welcome {
            protocol: PROTOCOL,
            plugsh: env!("CARGO_PKG_VERSION").to_owned(),
            name: self.name.clone(),
            pid: std::process::id(),
        }
    }

    /// Whether clients may look and not touch.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The project's file, where the server was given one.
    pub fn project(&self) -> Option<&Path> {
        self.project.as_deref()
    }

    /// Whether a client's token is the server's.
    pub fn knows(&self, token: &str) -> bool {
        self.token.as_ref().is_some_and(|own| own.is(token))
    }

    /// Begins the end: nothing new is begun. False where it has begun before.
    pub fn begin_end(&self) -> bool {
        !self.is_ending.swap(true, Ordering::AcqRel)
    }

    /// Whether the server ends: nothing new is begun.
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    /// Tells of something that happened to the server.
    pub fn log(&self, line: &str) {
        (self.log)(line);
    }

    /// Adds a client, and gives it a number; `None` where [`CLIENTS_MAX`] are here.
    pub fn add(&self, link: &Arc<Link>) -> Option<u64> {
        let mut clients = self.clients.lock();
        if clients.links.len() >= CLIENTS_MAX {
            return None;
        }
        clients.last += 1;
        let id = clients.last;
        clients.links.insert(id, Arc::clone(link));
        Some(id)
    }

    /// Forgets a client.
    pub fn remove(&self, id: u64) {
        self.clients.lock().links.remove(&id);
    }

    /// Gives the memory of clients that have gone back to the system, but for those of the last moment.
    pub fn trim_memory(&self) {
        let Some(mut trimmed) = self.trimmed.try_lock_for(Duration::ZERO) else { return };
        if trimmed.elapsed() >= TRIM_INTERVAL {
            allocator::trim();
            *trimmed = Instant::now();
        }
    }

    /// The lines to all clients.
    pub fn links(&self) -> Vec<Arc<Link>> {
        self.clients.lock().links.values().cloned().collect()
    }
}
