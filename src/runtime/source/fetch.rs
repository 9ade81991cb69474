//! Downloads over http and https: bounded in bytes and time, and cancelled by the caller's progress callback.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use url::Url;

use super::failure::{self, failure_about};
use crate::runtime::Failure;
use crate::secrets::without_secrets;
use crate::text::io_cause;

/// The timeout of each step: to resolve the host, to connect, to get the answer's head, and of each read of its body.
const STEP_TIMEOUT: Duration = Duration::from_secs(30);
/// The timeout of a whole download; an abandoned one ends by then too.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(600);
const REDIRECTS_MAX: u32 = 5;
/// Downloads at one time, abandoned ones included.
const FETCHES_MAX: usize = 16;
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that wait for the receiver.
const CHUNKS_MAX: usize = 4;
/// The time between two calls of the progress callback.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// Called before a download begins and during it with the bytes fetched so far and the total, where the server tells
/// it. Returning false gives the download up.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>) -> bool;

static AGENT: LazyLock<ureq::Agent> = LazyLock::new(|| {
    ureq::Agent::config_builder()
        .timeout_global(Some(WHOLE_TIMEOUT))
        .timeout_resolve(Some(STEP_TIMEOUT))
        .timeout_connect(Some(STEP_TIMEOUT))
        .timeout_recv_response(Some(STEP_TIMEOUT))
        .timeout_per_read(Some(STEP_TIMEOUT))
        .max_redirects(REDIRECTS_MAX)
        .user_agent(concat!("plugsh/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
});

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A request for one download.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) url: &'a Url,
    /// `None`: `GET`.
    pub(super) method: Option<&'a str>,
    pub(super) headers: BTreeMap<String, String>,
    /// Whether redirects are followed; otherwise they are an error.
    pub(super) follow: bool,
}

impl<'a> Request<'a> {
    /// A `GET` of a URL without further headers.
    pub(super) fn get(url: &'a Url) -> Self {
        Request { url, method: None, headers: BTreeMap::new(), follow: true }
    }
}

/// A message of the downloading thread.
enum Piece {
    /// The start of the body, with its length where the server tells it.
    Begin(Option<u64>),
    Chunk(Vec<u8>),
    End,
    Failed(FetchError),
}

/// Why a URL cannot be fetched.
enum FetchError {
    /// [`FETCHES_MAX`] downloads run.
    Busy,
    NoThread(std::io::Error),
    /// The method or a header of a manifest makes no request.
    Request(ureq::http::Error),
    /// A redirect that is not followed.
    LeadsElsewhere,
    TooLarge {
        mib_max: u64,
    },
    /// The downloading thread has ended without an answer.
    BrokeOff,
    Http(ureq::Error),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ureq::Error;
        match self {
            FetchError::Busy => write!(f, "{FETCHES_MAX} downloads run already; try again later"),
            FetchError::NoThread(error) => f.write_str(&io_cause(error)),
            FetchError::Request(error) => error.fmt(f),
            FetchError::LeadsElsewhere => f.write_str("it leads elsewhere, and a plugin's load does not follow"),
            FetchError::TooLarge { mib_max } => write!(f, "it is larger than {mib_max} MiB, the most that is fetched"),
            FetchError::BrokeOff => f.write_str("the download broke off"),
            FetchError::Http(Error::StatusCode(status)) => write!(f, "the server answers {status}"),
            FetchError::Http(Error::HostNotFound) => f.write_str("no such host"),
            FetchError::Http(Error::Timeout(_)) => f.write_str("it took too long"),
            FetchError::Http(Error::TooManyRedirects) => write!(f, "more than {REDIRECTS_MAX} redirects"),
            FetchError::Http(Error::Io(error)) => f.write_str(&failure::quoted(&io_cause(error))),
            FetchError::Http(other) => f.write_str(&failure::quoted(&other.to_string())),
        }
    }
}

/// The source as a URL; `None` for a path, an error for a URL that cannot be fetched.
///
/// # Errors
/// The URL cannot be fetched.
pub(super) fn parse(source: &str) -> Result<Option<Url>, Failure> {
    let Some((scheme, _)) = source.split_once("://") else { return Ok(None) };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !is_scheme {
        return Ok(None);
    }
    let url = Url::parse(source)
        .map_err(|error| failure_about("", &failure::quoted(source), format!(" is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        let why = format!(" cannot be fetched: only http and https are known, not {}", url.scheme());
        return Err(failure_about("", &format_url(&url), why));
    }
    Ok(Some(url))
}

/// The URL for messages: without secrets, on one line.
pub fn format_url(url: &Url) -> String {
    failure::quoted(&without_secrets(url.as_str()))
}

/// Fetches at most `bytes_max` bytes. Calls `progress` before it begins, and at least every 50 ms.
///
/// # Errors
/// The request fails, the answer is over `bytes_max`, or `progress` returns false.
pub(super) fn fetch(request: &Request<'_>, bytes_max: u64, progress: Progress<'_>) -> Result<Vec<u8>, Failure> {
    let shown = format_url(request.url);
    if !progress(0, None) {
        return Err(Failure::interrupted());
    }
    let prepared = prepare(request).map_err(|error| unreachable(&shown, &error))?;
    let ticket = Ticket::take().ok_or_else(|| unreachable(&shown, &FetchError::Busy))?;
    let (sender, receiver) = sync_channel(CHUNKS_MAX);
    let download = move || {
        let _ticket = ticket;
        download(prepared, &sender);
    };
    std::thread::Builder::new()
        .name("plugsh-fetch".to_owned())
        .spawn(download)
        .map_err(|error| unreachable(&shown, &FetchError::NoThread(error)))?;
    collect(&receiver, &shown, bytes_max, progress)
}

fn prepare(request: &Request<'_>) -> Result<ureq::http::Request<()>, FetchError> {
    let method = request.method.unwrap_or("GET").to_uppercase();
    let mut builder = ureq::http::Request::builder().method(method.as_str()).uri(request.url.as_str());
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let prepared = builder.body(()).map_err(FetchError::Request)?;
    if request.follow {
        return Ok(prepared);
    }
    Ok(AGENT.configure_request(prepared).max_redirects(0).max_redirects_will_error(false).build())
}

/// The work of the downloading thread. It ends early once the receiver is gone.
fn download(request: ureq::http::Request<()>, sender: &SyncSender<Piece>) {
    let end = match pieces(request, sender) {
        Ok(()) => Piece::End,
        Err(error) => Piece::Failed(error),
    };
    let _ = sender.send(end);
}

fn pieces(request: ureq::http::Request<()>, sender: &SyncSender<Piece>) -> Result<(), FetchError> {
    let response = AGENT.run(request).map_err(FetchError::Http)?;
    if response.status().is_redirection() {
        return Err(FetchError::LeadsElsewhere);
    }
    let body = response.into_body();
    if sender.send(Piece::Begin(body.content_length())).is_err() {
        return Ok(());
    }
    let mut reader = body.into_reader();
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let count = reader.read(&mut chunk).map_err(|error| FetchError::Http(error.into()))?;
        if count == 0 {
            return Ok(());
        }
        chunk.truncate(count);
        if sender.send(Piece::Chunk(chunk)).is_err() {
            return Ok(());
        }
    }
}

fn collect(
    receiver: &Receiver<Piece>,
    shown: &str,
    bytes_max: u64,
    progress: Progress<'_>,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut total = None;
    loop {
        match receiver.recv_timeout(PROGRESS_INTERVAL) {
            Ok(Piece::Begin(length)) => total = length,
            Ok(Piece::Chunk(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(Piece::End) => return Ok(bytes),
            Ok(Piece::Failed(error)) => return Err(unreachable(shown, &error)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(unreachable(shown, &FetchError::BrokeOff)),
        }
        if total.unwrap_or(0) > bytes_max || bytes.len() as u64 > bytes_max {
            return Err(unreachable(shown, &FetchError::TooLarge { mib_max: bytes_max >> 20 }));
        }
        if !progress(bytes.len() as u64, total) {
            return Err(Failure::interrupted());
        }
    }
}

fn unreachable(shown: &str, error: &FetchError) -> Failure {
    failure_about("cannot fetch ", shown, format!(": {error}"))
}

/// One of the [`FETCHES_MAX`] places, given back when the download's thread ends.
struct Ticket;

impl Ticket {
    fn take() -> Option<Self> {
        let free = |running: usize| (running < FETCHES_MAX).then_some(running + 1);
        RUNNING.fetch_update(Ordering::AcqRel, Ordering::Acquire, free).ok().map(|_| Ticket)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, fetch, format_url, parse};
    use crate::runtime::FailureKind;
    use std::sync::mpsc::channel;
    use tiny_http::{Header, Response, Server};
    use url::Url;

    /// Serves each of `responses` once, in order.
    fn serve(responses: Vec<Response<std::io::Cursor<Vec<u8>>>>) -> Url {
        let server = Server::http("127.0.0.1:0").expect("a port");
        let url = Url::parse(&format!("http://{}/x.wasm", server.server_addr())).expect("a URL");
        std::thread::spawn(move || {
            for response in responses {
                let Ok(request) = server.recv() else { return };
                let _ = request.respond(response);
            }
        });
        url
    }

    fn message(url: &Url, bytes_max: u64) -> String {
        fetch(&Request::get(url), bytes_max, &mut |_, _| true).expect_err("refused").message
    }

    #[test]
    fn only_http_and_https_are_urls() {
        assert!(parse("./a/b.wasm").expect("a path").is_none());
        assert!(parse("c:x.wasm").expect("a path").is_none());
        assert!(parse("https://h/x.wasm").expect("a URL").is_some());
        let refused = parse("file:///etc/passwd").expect_err("refused");
        assert_eq!(refused.message, "`file:///etc/passwd` cannot be fetched: only http and https are known, not file");
        assert!(parse("http://").expect_err("no host").message.starts_with("`http://` is not a URL"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let url = Url::parse("http://user:secret@h/x").expect("a URL");
        assert_eq!(format_url(&url), "http://h/x");
    }

    #[test]
    fn bytes_come_with_progress() {
        let url = serve(vec![Response::from_data(vec![7; 200_000]).with_chunked_threshold(usize::MAX)]);
        let mut seen = Vec::new();
        let bytes = fetch(&Request::get(&url), 200_000, &mut |done, total| {
            seen.push((done, total));
            true
        });
        assert_eq!(bytes.expect("fetched"), vec![7; 200_000]);
        assert_eq!(seen.last(), Some(&(200_000, Some(200_000))));
    }

    #[test]
    fn what_is_too_large_missing_or_circular_is_refused() {
        let url = serve(vec![Response::from_data(vec![7; 2000])]);
        assert!(message(&url, 1999).contains("larger than"));
        let url = serve(vec![Response::from_data("gone").with_status_code(404)]);
        assert!(message(&url, 10).ends_with("the server answers 404"));
        let around = || {
            let location = Header::from_bytes("Location", "/again").expect("a header");
            Response::from_data("").with_status_code(302).with_header(location)
        };
        let url = serve((0..8).map(|_| around()).collect());
        assert!(message(&url, 10).ends_with("more than 5 redirects"));
    }

    #[test]
    fn nobody_there_is_one_line() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = Url::parse(&format!("http://{}/", listener.local_addr().expect("bound"))).expect("a URL");
        drop(listener);
        let message = message(&url, 10);
        assert!(message.ends_with("connection refused"), "{message}");
    }

    #[test]
    fn a_silent_server_is_given_up_when_asked() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = Url::parse(&format!("http://{}/", listener.local_addr().expect("bound"))).expect("a URL");
        let (sender, receiver) = channel::<()>();
        std::thread::spawn(move || {
            // Accepts and says nothing until the test is over.
            let connection = listener.accept();
            let _ = receiver.recv();
            drop(connection);
        });
        let failure = fetch(&Request::get(&url), 10, &mut |_, _| false).expect_err("given up");
        assert_eq!(failure.kind, FailureKind::Interrupted);
        drop(sender);
    }
}
