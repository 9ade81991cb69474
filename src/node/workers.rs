//! The threads of calls and compilations: one for each that is under way, since a guest waits on its thread for what it
//! asked of its home. While no conversation is under way, a thread that has done its work waits at the connection: it
//! reads the next call from the socket and runs it.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::locks::{Mutex, Rank};
use crate::nats::{Connection, Signal};
use crate::runtime::WASM_STACK_BYTES_MAX;
use crate::thread_pool::{NoThread, PoolSettings, ThreadPool};

/// Most threads, and so most calls at once.
pub const WORKERS_MAX: usize = 2048;
/// Stack bytes of a thread: those of one guest, and of the host below and above it.
const STACK_BYTES: usize = WASM_STACK_BYTES_MAX + (5 << 20);
/// How long a thread without work waits at the connection.
const READ_MAX: Duration = Duration::from_secs(5);

type Work = Box<dyn FnOnce() + Send>;

/// The threads.
pub struct Workers {
    pool: Arc<ThreadPool<Work>>,
    reader: Arc<ReaderSeat>,
}

/// A node as its threads see it.
pub trait Connected: Send + Sync {
    /// The connection, while no conversation is under way.
    fn quiet_connection(&self) -> Option<&Connection>;
}

/// The place of the one thread that waits at the connection.
struct ReaderSeat {
    node: Weak<dyn Connected>,
    reader: Mutex<Reader>,
    /// Notified when the thread in it is given work.
    given: Signal,
}

enum Reader {
    Nobody,
    Waits,
    /// Work that was read.
    Has(Work),
}

impl Workers {
    /// The threads of a node.
    pub fn of(node: Weak<dyn Connected>) -> Workers {
        let settings = PoolSettings {
            thread_name: "plugsh-guest",
            threads_max: WORKERS_MAX,
            idle_max: WORKERS_MAX,
            rank: Rank::NodeWorkers,
        };
        let reader =
            ReaderSeat { node, reader: Mutex::new(Rank::NodeReader, Reader::Nobody), given: Signal::default() };
        Workers { pool: Arc::new(ThreadPool::new(settings)), reader: Arc::new(reader) }
    }

    /// Runs `work` on a thread: the one at the connection, an idle one, or a new one.
    ///
    /// # Errors
    /// [`WORKERS_MAX`] are at work, or the system gives no more.
    pub fn run(&self, work: impl FnOnce() + Send + 'static) -> Result<(), NoThread> {
        let Some(work) = self.reader.give(Box::new(work)) else { return Ok(()) };
        let seat = self.reader.clone();
        self.pool.run(work, STACK_BYTES, move || {
            move |work: Work| {
                work();
                while let Some(read) = seat.read() {
                    read();
                }
            }
        })
    }
}

impl ReaderSeat {
    /// Gives work to the thread at the connection; returned where there is none.
    fn give(&self, work: Work) -> Option<Work> {
        let mut reader = self.reader.lock();
        if !matches!(*reader, Reader::Waits) {
            return Some(work);
        }
        *reader = Reader::Has(work);
        drop(reader);
        self.given.notify();
        None
    }

    /// Waits for work at the connection. `None`: none came, another thread waits there, or conversations are under way,
    /// which the spare thread reads for.
    fn read(&self) -> Option<Work> {
        let node = self.node.upgrade()?;
        let connection = node.quiet_connection()?;
        {
            let mut reader = self.reader.lock();
            if !matches!(*reader, Reader::Nobody) {
                return None;
            }
            *reader = Reader::Waits;
        }
        let given = connection.wait(&self.given, Some(Instant::now() + READ_MAX), || self.leave(false));
        given.or_else(|| self.leave(true))
    }

    /// Takes the work that the thread was given, and leaves the place with it, or anyway where it `gives_up`.
    fn leave(&self, gives_up: bool) -> Option<Work> {
        let mut reader = self.reader.lock();
        match std::mem::replace(&mut *reader, Reader::Nobody) {
            Reader::Has(work) => Some(work),
            Reader::Waits if !gives_up => {
                *reader = Reader::Waits;
                None
            }
            Reader::Nobody | Reader::Waits => None,
        }
    }
}
