//! One connection: its subscriptions, its messages, its heartbeat.
//!
//! A message that is published while the connection is down would be delivered after it is up again, long after its
//! sender gave up; [`Connection::publish`] refuses it instead.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_nats::connection::State as ClientState;
use async_nats::{Client, ConnectOptions, Event, Message, StatusCode};
use futures_util::StreamExt;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::block_in_place;

use super::driver::{Driver, Signal};
use super::error::{ConnectCause, ConnectError, NotSent};
use super::settings::NatsSettings;
use crate::secrets::without_secrets;
use crate::text::{escape_control, io_cause};

/// The longest that a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// The longest wait between two attempts to connect again.
const RETRY_MAX: Duration = Duration::from_millis(500);
/// The longest that the last messages are waited for when a connection is closed.
const FLUSH_MAX: Duration = Duration::from_millis(500);
/// Most messages that wait for a subscriber; more are lost, which its [`Listener`] is told as a disconnection.
const WAITING_MAX: usize = 65_536;

/// A message as it came, in the buffer that it was read into. Its bytes are whoever's sent it.
#[derive(Debug)]
pub struct Incoming(Message);

impl Incoming {
    /// The subject that it was published to.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0.payload
    }

    /// True of the server's own message that nobody listens to the subject that was published to.
    pub fn is_unheard(&self) -> bool {
        self.0.status == Some(StatusCode::NO_RESPONDERS)
    }
}

/// The receiver of a connection's messages and events, called on the thread that drives. No method may wait.
pub trait Listener: Send + Sync {
    /// A message of one of the subscriptions.
    fn received(&self, message: Incoming);
    /// Messages may have been lost: the connection was, or more came than could be taken.
    fn interrupted(&self);
    /// The connection is there again.
    fn connected(&self);
    /// Called once in each interval.
    fn beat(&self);
}

/// A connection to a server. Dropped, it is closed after what was published has been sent.
pub struct Connection {
    client: Client,
    driver: Arc<Driver>,
    /// How often the connection was lost.
    losses: Arc<AtomicU64>,
    server: String,
    /// Ends the spare thread.
    over: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Connection {
    /// Connects, subscribes, and begins to call `listener`; its `beat` each `interval`. `message_bytes_max` is the
    /// largest message that will be published.
    ///
    /// # Errors
    /// There is no server at the address, it refuses the credentials, or its messages are too small.
    pub fn open(
        settings: &NatsSettings,
        subjects: &[String],
        message_bytes_max: usize,
        interval: Duration,
        listener: Arc<dyn Listener>,
    ) -> Result<Connection, ConnectError> {
        let server = escape_control(&without_secrets(&settings.url));
        let fails = |cause| ConnectError { server: server.clone(), cause };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| fails(ConnectCause::NoThread(io_cause(&error))))?;
        let losses = Arc::new(AtomicU64::new(0));
        let connected = runtime.block_on(connect(settings, &listener, &losses));
        let client = connected.map_err(fails)?;
        let bytes_max = client.max_payload();
        if bytes_max < message_bytes_max {
            let bytes_needed = message_bytes_max;
            return Err(fails(ConnectCause::SmallMessages { bytes_max, bytes_needed }));
        }
        let subscribed = runtime.block_on(subscribe(&client, subjects, &listener));
        subscribed.map_err(|why| fails(ConnectCause::NoServer(why)))?;
        runtime.spawn(beat(listener, interval));
        let driver = Arc::new(Driver::new(runtime));
        let (over, is_over) = oneshot::channel();
        let (closing, spare) = (client.clone(), driver.clone());
        let thread = std::thread::Builder::new().name("plugsh-nats".into()).spawn(move || {
            spare.drive_spare(is_over);
            // A connection that is lost sends nothing more.
            let _ = spare.run(async move { drop(tokio::time::timeout(FLUSH_MAX, closing.flush()).await) });
        });
        let thread = thread.map_err(|error| fails(ConnectCause::NoThread(io_cause(&error))))?;
        Ok(Connection { client, driver, losses, server, over: Some(over), thread: Some(thread) })
    }

    /// Publishes a message from any thread but one that drives. Returns before it has been sent: the thread that drives
    /// next sends it.
    ///
    /// # Errors
    /// There is no connection now.
    pub fn publish(&self, subject: String, answer_to: Option<String>, bytes: Vec<u8>) -> Result<(), NotSent> {
        self.check()?;
        // Inside of the runtime the task that writes is woken without a system call. A guest's output comes from a
        // thread of WASI's runtime, which another may not block without this.
        let publishing = publish(&self.client, subject, answer_to, bytes);
        block_in_place(|| self.driver.run(publishing)).unwrap_or(Err(NotSent))
    }

    /// Publishes a message from a [`Listener`]: it is given to a task of the runtime, after those given before.
    pub fn publish_later(&self, subject: String, bytes: Vec<u8>) {
        let Some(runtime) = self.driver.handle() else { return };
        let client = self.client.clone();
        runtime.spawn(async move {
            // Nobody waits for it; a lost connection is told to the listener.
            let _ = publish(&client, subject, None, bytes).await;
        });
    }

    /// Waits until `ready` gives a value, and sends and receives meanwhile. `ready` is asked at each notification of
    /// `signal`, which one thread may wait for. `None`: it gave none until then.
    pub fn wait<T>(&self, signal: &Signal, until: Option<Instant>, ready: impl FnMut() -> Option<T>) -> Option<T> {
        self.driver.wait(signal, until, ready)
    }

    /// This thread, which has waited, does something else now, and messages may come at any time.
    pub fn leave_to_spare(&self) {
        self.driver.leave_to_spare();
    }

    /// Waits until what was published has been sent, for a while.
    pub fn flush(&self) {
        // A connection that is lost sends nothing more.
        let _ = self.driver.run(async { drop(tokio::time::timeout(FLUSH_MAX, self.client.flush()).await) });
    }

    /// The address without secrets.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// How often the connection was lost. Two equal figures with a message between them: it was sent and not dropped
    /// here.
    pub fn losses(&self) -> u64 {
        self.losses.load(Ordering::SeqCst)
    }

    /// Whether messages can be sent now.
    ///
    /// # Errors
    /// There is no connection.
    pub fn check(&self) -> Result<(), NotSent> {
        if self.client.connection_state() == ClientState::Connected { Ok(()) } else { Err(NotSent) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(over) = self.over.take() {
            // The thread has ended already where the send fails.
            let _ = over.send(());
        }
        let Some(thread) = self.thread.take() else { return };
        // A listener may hold the last reference, on the spare thread.
        if thread.thread().id() != std::thread::current().id() {
            let _ = thread.join();
        }
    }
}

async fn publish(client: &Client, subject: String, answer_to: Option<String>, bytes: Vec<u8>) -> Result<(), NotSent> {
    let sent = match answer_to {
        Some(answer_to) => client.publish_with_reply(subject, answer_to, bytes.into()).await,
        None => client.publish(subject, bytes.into()).await,
    };
    sent.map_err(|_| NotSent)
}

async fn connect(
    settings: &NatsSettings,
    listener: &Arc<dyn Listener>,
    losses: &Arc<AtomicU64>,
) -> Result<Client, ConnectCause> {
    let (listener, losses) = (Arc::downgrade(listener), losses.clone());
    let mut options = ConnectOptions::new()
        .name(&settings.client_name)
        .connection_timeout(CONNECT_MAX)
        .subscription_capacity(WAITING_MAX)
        .no_echo()
        .reconnect_delay_callback(|attempts| RETRY_MAX.min(Duration::from_millis(20) * attempts as u32))
        .event_callback(move |event| {
            let listener = listener.upgrade();
            match event {
                Event::Disconnected | Event::SlowConsumer(_) | Event::Closed => {
                    losses.fetch_add(1, Ordering::SeqCst);
                    listener.inspect(|listener| listener.interrupted());
                }
                Event::Connected => drop(listener.inspect(|listener| listener.connected())),
                _ => {}
            }
            std::future::ready(())
        });
    if let Some(token) = &settings.token {
        options = options.token(token.clone());
    }
    if let Some(file) = &settings.root_certificates {
        readable(file)?;
        options = options.add_root_certificates(file.clone());
    }
    if let Some(file) = &settings.credentials {
        let cannot = |error| ConnectCause::Credentials(format!("`{}`: {}", file.display(), io_cause(&error)));
        options = options.credentials_file(file).await.map_err(cannot)?;
    }
    let addresses: Vec<&str> = settings.url.split(',').map(str::trim).collect();
    let connected = tokio::time::timeout(CONNECT_MAX, options.connect(addresses)).await;
    let connected = connected.map_err(|_| ConnectCause::NoServer("it does not answer".to_owned()))?;
    connected.map_err(|error| ConnectCause::of(&error))
}

/// Whether a file can be read, so that an error names it.
fn readable(file: &Path) -> Result<(), ConnectCause> {
    let read = std::fs::File::open(file);
    read.map(drop).map_err(|error| ConnectCause::Tls(format!("cannot read `{}`: {}", file.display(), io_cause(&error))))
}

/// Subscribes, and passes what comes to the listener, subject by subject in order.
async fn subscribe(client: &Client, subjects: &[String], listener: &Arc<dyn Listener>) -> Result<(), String> {
    for subject in subjects {
        let mut messages = client.subscribe(subject.clone()).await.map_err(|error| error.to_string())?;
        let listener = Arc::downgrade(listener);
        tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                let Some(listener) = listener.upgrade() else { return };
                listener.received(Incoming(message));
            }
        });
    }
    client.flush().await.map_err(|error| error.to_string())
}

async fn beat(listener: Arc<dyn Listener>, interval: Duration) {
    let listener = {
        let weak = Arc::downgrade(&listener);
        drop(listener);
        weak
    };
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(listener) = listener.upgrade() else { return };
        listener.beat();
    }
}
