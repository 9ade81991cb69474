//! Compiled images. Each program is compiled once for each host and then shared.
//!
//! A program is compiled on a worker, so that a wait for it can be interrupted. The compiler decides which compilations
//! end with their last wait.

use crate::image_origin::ImageOrigin;
use crate::text::{io_cause, quoted};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::about::imported_functions;
use super::lru::{LruCache, LruMax};
use super::native::{CompilationView, CompileRequest, CompilerOptions, Engines, NativeImage, NoCompilerProcess};
use super::nodes::Nodes;
use super::product_function::ProductFunctions;
use super::{
    Advice, Failure, FailureKind, Host, Image, ImportName, ImportStandIn, Instrumentation, Program, Spec, StubImports,
    Upcalls, sdk,
};

/// Most programs that the stock host compiles at once; more wait for their turn.
const STOCK_MAX: usize = 2;
/// Most workers; more are refused. Each compiles a module or waits for one.
const WORKERS_MAX: usize = 256;
/// The bounds of unused images: about 256 of a common plugin's size, or a few large ones.
const IMAGES_MAX: LruMax = LruMax { items: 256, bytes: 256 << 20 };
/// The time between two checks of the cancel flag while a compilation is waited for.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The compiled programs of one kernel, and the engines that run them.
pub struct Images {
    shared: Arc<Shared>,
    /// The nodes that programs can be sent to.
    nodes: OnceLock<Arc<dyn Nodes>>,
}

struct Shared {
    engines: Engines,
    of_product: ProductFunctions,
    known: Mutex<LruCache<Key, dyn Image>>,
    queue: Mutex<Queue>,
    turn: Condvar,
}

#[derive(Default)]
struct Queue {
    workers: usize,
    stock: usize,
}

/// The identity of an image.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    host: Host,
    modules: Vec<(String, String)>,
    wasi: bool,
    instrumentation: Instrumentation,
    stub_imports: Option<StubImports>,
    imports: Vec<ImportStandIn>,
    /// The whole spec, for the stock host: it compiles limits and grants too.
    spec: Option<Spec>,
}

impl Key {
    fn of(host: Host, program: &Program) -> Self {
        Key {
            host,
            modules: program.modules.iter().map(|module| (module.name.clone(), module.sha256.clone())).collect(),
            wasi: program.spec.wasi,
            instrumentation: program.spec.instrumentation(),
            stub_imports: program.spec.stub_imports,
            imports: program.spec.imports.clone(),
            spec: (host == Host::Extism).then(|| program.spec.clone()),
        }
    }
}

impl Images {
    /// An empty set; engines are made when first needed. Compiled modules are kept below `cache_dir`, if given.
    pub fn new(cache_dir: Option<PathBuf>) -> Self {
        Images::with(cache_dir, CompilerOptions::default(), ProductFunctions::default())
    }

    /// An empty set with this compiler and a product's host functions.
    pub fn with(cache_dir: Option<PathBuf>, options: CompilerOptions, of_product: ProductFunctions) -> Self {
        let shared = Shared {
            engines: Engines::new(cache_dir, options, of_product.clone()),
            of_product,
            known: Mutex::new(LruCache::new(IMAGES_MAX)),
            queue: Mutex::new(Queue::default()),
            turn: Condvar::new(),
        };
        Images { shared: Arc::new(shared), nodes: OnceLock::new() }
    }

    /// The image of a program in a host, and where it came from: compiled at the first asking, on a worker. `up` may
    /// interrupt the wait, and `until` ends it, both with a failure of kind [`FailureKind::Interrupted`]. A compilation
    /// that nobody else wants ends then, if it has a process of its own; any other goes on, and its result is kept for
    /// the next who asks.
    ///
    /// # Errors
    /// The program does not compile or link (kind `Load`), or the wait ended (kind `Interrupted`).
    pub fn get(
        &self,
        host: Host,
        program: &Program,
        up: &dyn Upcalls,
        until: Option<Instant>,
    ) -> Result<(Arc<dyn Image>, ImageOrigin), Failure> {
        if let Some(on) = &program.spec.on {
            return self.on_nodes(on, host, program, up);
        }
        let key = Key::of(host, program);
        if let Some(image) = self.shared.known.lock().get(&key) {
            return Ok((image, ImageOrigin::Memory));
        }
        let worker = Worker::admit(&self.shared)?;
        let request = Arc::new(CompileRequest::default());
        let (sender, receiver) = channel();
        let (wanted, program) = (request.clone(), program.clone());
        let spawned = std::thread::Builder::new().name("plugsh-compile".into()).spawn(move || {
            let image = worker.compile(host, &program, &wanted);
            if let Ok(image) = &image {
                let gone = worker.shared.known.lock().put(key, image.clone(), image.code_bytes());
                drop(gone);
            }
            drop(worker);
            // The send fails after an interrupted wait.
            let _ = sender.send(image);
        });
        spawned.map_err(|error| {
            Failure::new(FailureKind::Load, format!("cannot start a thread to compile on: {}", io_cause(&error)))
        })?;
        let image = wait(&receiver, up, until).inspect_err(|_| self.shared.engines.compiler().give_up(&request));
        Ok((image?, request.origin()))
    }

    /// The image of a program on the nodes that fit `on`.
    fn on_nodes(
        &self,
        on: &str,
        host: Host,
        program: &Program,
        up: &dyn Upcalls,
    ) -> Result<(Arc<dyn Image>, ImageOrigin), Failure> {
        if host == Host::Extism {
            return Err(Failure::new(FailureKind::Load, "nodes have the native host alone"));
        }
        if let Some(function) = self.product_import(program) {
            let why = format!(
                "`{function}` is a host function of the product, and nodes have none; load the plugin here, or let another \
                 stand in for the function"
            );
            return Err(Failure::new(FailureKind::Load, why));
        }
        let no_nodes = || Failure::advised(FailureKind::Load, "no nodes are connected", Advice::Connect);
        let nodes = self.nodes.get().cloned().ok_or_else(no_nodes)?;
        nodes.image(on, program, up)
    }

    /// The first import of a program that is a product's host function.
    fn product_import(&self, program: &Program) -> Option<String> {
        let functions: Vec<_> = self.shared.of_product.linked(&program.spec).collect();
        if functions.is_empty() {
            return None;
        }
        let is_product = |import: &ImportName| {
            functions.iter().any(|function| (function.module(), function.name()) == (&*import.module, &*import.name))
        };
        let imports = program.modules.iter().flat_map(|module| imported_functions(&module.bytes));
        imports.into_iter().find(is_product).map(|import| quoted(&import.to_string()))
    }

    /// Sends programs that ask for a node to `nodes` from now on; set once.
    pub fn set_nodes(&self, nodes: Arc<dyn Nodes>) {
        // Only the first call counts.
        self.nodes.set(nodes).ok();
    }

    /// The nodes, where there is a connection to them.
    pub fn nodes(&self) -> Option<&Arc<dyn Nodes>> {
        self.nodes.get()
    }

    /// The native host's heavy compilations under way, the oldest first.
    pub fn compilations(&self) -> Vec<CompilationView> {
        self.shared.engines.compiler().views()
    }

    /// The reason that modules are compiled in this process instead of their own; returned once.
    pub fn take_no_process(&self) -> Option<NoCompilerProcess> {
        self.shared.engines.compiler().take_no_process()
    }

    /// Makes every running call check its cancel flag.
    pub fn interrupt_epoch(&self) {
        self.shared.engines.interrupt_epoch();
        if let Some(nodes) = self.nodes.get() {
            nodes.nudge();
        }
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
        match receiver.recv_timeout(left.map_or(POLL_INTERVAL, |left| left.min(POLL_INTERVAL))) {
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

/// A worker's place, given back when dropped, also by a panic of the compiler.
struct Worker {
    shared: Arc<Shared>,
}

impl Worker {
    fn admit(shared: &Arc<Shared>) -> Result<Self, Failure> {
        let mut queue = shared.queue.lock();
        if queue.workers >= WORKERS_MAX {
            let why = format!("{WORKERS_MAX} programs are being compiled already; try again later");
            return Err(Failure::new(FailureKind::Denied, why));
        }
        queue.workers += 1;
        Ok(Worker { shared: shared.clone() })
    }

    fn compile(&self, host: Host, program: &Program, request: &Arc<CompileRequest>) -> Result<Arc<dyn Image>, Failure> {
        match host {
            Host::Native => Ok(Arc::new(NativeImage::compile(&self.shared.engines, program, request)?)),
            Host::Extism => {
                let _turn = Turn::take(&self.shared);
                request.note_origin(ImageOrigin::Compiled);
                sdk::image(program, self.shared.engines.tools(), &self.shared.of_product)
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.queue.lock().workers -= 1;
    }
}

/// A turn of the stock host at compiling, given back when dropped.
struct Turn<'a> {
    shared: &'a Shared,
}

impl<'a> Turn<'a> {
    fn take(shared: &'a Shared) -> Self {
        let mut queue = shared.queue.lock();
        while queue.stock >= STOCK_MAX {
            shared.turn.wait(&mut queue);
        }
        queue.stock += 1;
        Turn { shared }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.shared.queue.lock().stock -= 1;
        self.shared.turn.notify_one();
    }
}
