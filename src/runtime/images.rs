//! Images: same bytes, same image. Compiles each program once for each host and hands the result out again.
//!
//! A compilation cannot be interrupted, so it runs on a worker: who waits for it can be, and the worker then goes on alone.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::native::{Engines, NativeImage};
use super::shelf::{Shelf, ShelfMax};
use super::{Failure, FailureKind, Host, Image, ImportStandIn, Program, StubImports, Upcalls, sdk};

/// How many compilations run at once; more wait for their turn.
const COMPILING_MAX: usize = 2;
/// How many may wait or run; more are refused.
const QUEUED_MAX: usize = 64;
/// What is kept of images that no process has, for the next who asks: about 256 of a common plugin's size, few large ones.
const IMAGES_MAX: ShelfMax = ShelfMax { items: 256, bytes: 256 << 20 };
/// How often a wait for a compilation looks at its kill word.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The compiled programs of one kernel, and the engines that run them.
pub struct Images {
    shared: Arc<Shared>,
}

struct Shared {
    engines: Engines,
    known: Mutex<Shelf<Key, dyn Image>>,
    queue: Mutex<Queue>,
    turn: Condvar,
}

#[derive(Default)]
struct Queue {
    compiling: usize,
    queued: usize,
}

/// What makes two images different.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    host: Host,
    modules: Vec<(String, String)>,
    wasi: bool,
    fuelled: bool,
    stub_imports: Option<StubImports>,
    imports: Vec<ImportStandIn>,
    /// The stock host compiles the whole manifest: its limits and grants too.
    manifest: Option<String>,
}

impl Key {
    fn of(host: Host, program: &Program) -> Self {
        Key {
            host,
            modules: program.modules.iter().map(|module| (module.name.clone(), module.sha256.clone())).collect(),
            wasi: program.spec.wasi,
            fuelled: program.spec.fuel.is_some(),
            stub_imports: program.spec.stub_imports,
            imports: program.spec.imports.clone(),
            manifest: (host == Host::Extism).then(|| format!("{:?}", program.spec)),
        }
    }
}

impl Images {
    /// Nothing compiled yet; engines are made when first needed. Compiled modules are kept below `cache_dir`, if given.
    pub fn new(cache_dir: Option<PathBuf>) -> Self {
        let shared = Shared {
            engines: Engines::new(cache_dir),
            known: Mutex::new(Shelf::new(IMAGES_MAX)),
            queue: Mutex::new(Queue::default()),
            turn: Condvar::new(),
        };
        Images { shared: Arc::new(shared) }
    }

    /// The image of a program in a host: compiled at the first asking, on a capped worker thread. `up` may interrupt the
    /// wait, and `until` ends it, both with a failure of kind [`FailureKind::Interrupted`]; the compilation is then
    /// abandoned to its worker, and its result kept for the next who asks.
    pub fn get(
        &self,
        host: Host,
        program: &Program,
        up: &dyn Upcalls,
        until: Option<Instant>,
    ) -> Result<Arc<dyn Image>, Failure> {
        let key = Key::of(host, program);
        if let Some(image) = self.shared.known.lock().get(&key) {
            return Ok(image);
        }
        self.shared.enter_queue()?;
        let (sender, receiver) = channel();
        let (shared, program) = (self.shared.clone(), program.clone());
        let spawned = std::thread::Builder::new().name("plugsh-compile".into()).spawn(move || {
            let _place = Place::take(&shared);
            let image = shared.compile(host, &program);
            if let Ok(image) = &image {
                let gone = shared.known.lock().put(key, image.clone(), image.code_bytes());
                drop(gone);
            }
            // Nobody listens any more when the wait was interrupted.
            let _ = sender.send(image);
        });
        if let Err(error) = spawned {
            self.shared.queue.lock().queued -= 1;
            return Err(Failure::new(FailureKind::Load, format!("cannot start a thread to compile on: {error}")));
        }
        wait(&receiver, up, until)
    }

    /// Makes every running call look at its kill word.
    pub fn kick(&self) {
        self.shared.engines.kick();
    }
}

impl Default for Images {
    fn default() -> Self {
        Images::new(None)
    }
}

fn wait(
    receiver: &Receiver<Result<Arc<dyn Image>, Failure>>,
    up: &dyn Upcalls,
    until: Option<Instant>,
) -> Result<Arc<dyn Image>, Failure> {
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        match receiver.recv_timeout(left.map_or(LOOK_EVERY, |left| left.min(LOOK_EVERY))) {
            Ok(image) => return image,
            Err(RecvTimeoutError::Timeout) if up.interrupted() || left.is_some_and(|left| left.is_zero()) => {
                return Err(Failure::interrupted());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new(FailureKind::Load, "the compiler gave up on this module"));
            }
        }
    }
}

impl Shared {
    fn enter_queue(&self) -> Result<(), Failure> {
        let mut queue = self.queue.lock();
        if queue.queued >= QUEUED_MAX {
            let why = format!("{QUEUED_MAX} modules are being compiled already; try again later");
            return Err(Failure::new(FailureKind::Denied, why));
        }
        queue.queued += 1;
        Ok(())
    }

    fn compile(&self, host: Host, program: &Program) -> Result<Arc<dyn Image>, Failure> {
        match host {
            Host::Native => Ok(Arc::new(NativeImage::compile(&self.engines, program)?)),
            Host::Extism => sdk::image(program),
        }
    }
}

/// A turn at compiling, given back when dropped, also by a panic of the compiler.
struct Place<'a> {
    shared: &'a Shared,
}

impl<'a> Place<'a> {
    fn take(shared: &'a Shared) -> Self {
        let mut queue = shared.queue.lock();
        while queue.compiling >= COMPILING_MAX {
            shared.turn.wait(&mut queue);
        }
        queue.compiling += 1;
        Place { shared }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.shared.queue.lock();
        queue.compiling -= 1;
        queue.queued -= 1;
        self.shared.turn.notify_one();
    }
}
