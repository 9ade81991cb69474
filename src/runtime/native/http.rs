//! `http_request`, and the status and headers of its answer. Requests obey the allowed hosts at every redirect, end
//! with the call that waits for them, and are bounded in size.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::{Request, Response};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector};
use ureq::{Agent, AsSendBody, Body};
use url::Url;
use wasmtime::{Caller, Result};

use super::answered::{Answered, answered, block, mode, unfit};
use super::ctx::{Ctx, CtxStore, refused};
use super::fuel;
use super::open_files::OpenFileSlot;
use super::watched::{Details, watched};
use crate::runtime::block_error::BlockError;
use crate::runtime::host_answer::ANSWER_BYTES_MAX;
use crate::runtime::source::format_url;
use crate::runtime::{Advice, AnswerKind, AnswerMode, Failure, FailureKind, Problem, Upcalls, hosts, sha256_hex};
use crate::text::json_cause;

/// The interval at which a waiting call checks its cancel flag.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// The time that a request may outlive its call's deadline.
const GRACE: Duration = Duration::from_secs(1);
/// Longest description of a request, headers included, in bytes; it is parsed at once.
const REQUEST_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Digits of a hash that tell requests apart in a recording.
const HASH_DIGITS: usize = 16;

/// `http_status_code`.
pub fn status_code(caller: Caller<'_, Ctx>) -> i32 {
    i32::from(caller.data().http_status)
}

/// `http_headers`.
///
/// # Errors
/// The arena cannot grow.
pub fn headers(mut caller: Caller<'_, Ctx>) -> Result<i64> {
    let headers = serde_json::to_vec(&caller.data().http_headers)?;
    Ok(caller.put(&headers)?.offset as i64)
}

/// The PDK's `HttpRequest`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    method: Option<String>,
}

/// A request for a worker thread.
struct Fetch {
    request: Request<()>,
    body: Option<Vec<u8>>,
    allowed_hosts: Vec<String>,
    response_bytes_max: u64,
    deadline: Option<Instant>,
}

struct Fetched {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// `http_request`.
///
/// # Errors
/// The request is no valid one, its host is not allowed, it fails, its answer is too long, or the call is interrupted.
pub fn request(mut caller: Caller<'_, Ctx>, request: i64, body: i64) -> Result<i64> {
    watched(&mut caller, "http_request", |caller, details| requested(caller, details, request as u64, body as u64))
}

fn requested(caller: &mut Caller<'_, Ctx>, mut details: Option<&mut Details>, request: u64, body: u64) -> Result<i64> {
    caller.data_mut().http_status = 0;
    caller.data_mut().http_headers.clear();
    let span = caller.data_mut().span(request, "http request")?;
    if span.length > REQUEST_BYTES_MAX {
        return Err(refused(BlockError::TooLong {
            what: "http request",
            bytes: span.length,
            bytes_max: REQUEST_BYTES_MAX,
        }));
    }
    fuel::charge(caller, span.length)?;
    let arena = caller.data().arena()?.memory;
    let text = if span.length == 0 { &[] } else { span.of(arena.data(&*caller))? };
    // Blocks are freed exactly where the SDK frees them: a guest's message in one of them shows the difference.
    let asked: Asked = serde_json::from_slice(text)
        .map_err(|error| refused(format!("invalid http request: {}", json_cause(&error))))?;
    caller.free(request)?;
    let url = Url::parse(&asked.url).map_err(|error| refused(format!("invalid URL: {error}")))?;
    if let Some(details) = details.as_deref_mut() {
        details.text = format!("{} {}", asked.method(), format_url(&url));
    }
    let spec = caller.data().spec.clone();
    if !hosts::allows(&spec.allowed_hosts, &url) {
        return Err(refused(not_allowed("request", &url)));
    }
    let span = caller.data_mut().span(body, "http request body")?;
    if let Some(details) = details.as_deref_mut() {
        details.bytes_in = span.length;
    }
    let request = asked.request()?;
    let place = place(caller, span.length)?;
    let body_bytes = match body {
        0 => None,
        _ => Some(caller.bytes(span)?),
    };
    let words = match mode(caller) {
        AnswerMode::Live => String::new(),
        AnswerMode::Kept | AnswerMode::Replayed => words_of(&asked, &url, body_bytes.as_deref()),
    };
    let up = caller.data().up()?;
    let fetch = Fetch {
        request,
        body: body_bytes,
        allowed_hosts: spec.allowed_hosts.clone(),
        response_bytes_max: spec.http_response_bytes_max,
        deadline: up.deadline(),
    };
    let fetched = fetched(caller, words, fetch, place);
    caller.free(body)?;
    let fetched = fetched?;
    if let Some(details) = details {
        details.text.push_str(&format!(" {}", fetched.status));
        details.bytes_out = fetched.body.len() as u64;
    }
    caller.data_mut().http_status = fetched.status;
    caller.data_mut().http_headers = fetched.headers;
    Ok(caller.put(&fetched.body)?.offset as i64)
}

/// The place for a request with so many bytes; `None` where the recording answers.
fn place(caller: &Caller<'_, Ctx>, body_bytes: u64) -> Result<Option<OpenFileSlot>> {
    if mode(caller) == AnswerMode::Replayed {
        return Ok(None);
    }
    let place = OpenFileSlot::take(body_bytes).ok_or_else(|| {
        refused("plugins have too many requests and files open, or too much to send; try again later")
    })?;
    Ok(Some(place))
}

/// The response to a request, which is `words` in a recording: from the network, or from the recording.
fn fetched(caller: &mut Caller<'_, Ctx>, words: String, fetch: Fetch, place: Option<OpenFileSlot>) -> Result<Fetched> {
    let bytes_max = fetch.response_bytes_max;
    let live = |caller: &mut Caller<'_, Ctx>| {
        let place = place.ok_or_else(|| refused("the recording answers requests, and the network does not"))?;
        in_background(&caller.data().up()?, fetch, place)
    };
    let fetched = answered(caller, "http_request", |_| words, live, ANSWERED)?;
    if fetched.body.len() as u64 > bytes_max { Err(unfit("http_request")) } else { Ok(fetched) }
}

/// How a response is kept, and made again.
const ANSWERED: Answered<Fetched> = Answered {
    keep: |fetched, answer| {
        answer.result = i64::from(fetched.status);
        answer.headers = fetched.headers.clone();
        match fetched.body.len() as u64 > ANSWER_BYTES_MAX {
            true => answer.kind = AnswerKind::TooLong,
            false => answer.given = vec![block(&fetched.body)],
        }
    },
    replay: |answer| {
        let status = u16::try_from(answer.result).map_err(|_| unfit(&answer.function))?;
        let body = answer.given.into_iter().next().map(|given| given.bytes).unwrap_or_default();
        Ok(Fetched { status, headers: answer.headers, body })
    },
};

/// A request in words, without secrets of its URL; a hash stands for headers and body.
fn words_of(asked: &Asked, url: &Url, body: Option<&[u8]>) -> String {
    let mut rest = asked.url.clone().into_bytes();
    for (name, value) in &asked.headers {
        rest.extend_from_slice(format!("\n{name}: {value}").as_bytes());
    }
    rest.push(b'\n');
    rest.extend_from_slice(body.unwrap_or_default());
    let hash = sha256_hex(&rest);
    format!("{} {} {}", asked.method(), format_url(url), &hash[..HASH_DIGITS])
}

impl Asked {
    fn method(&self) -> String {
        self.method.as_deref().unwrap_or("GET").to_uppercase()
    }

    /// The request for ureq. The URL stays as the guest wrote it, without encoding or normalization.
    fn request(&self) -> Result<Request<()>> {
        let mut request = Request::builder().method(self.method().as_str()).uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(()).map_err(|error| refused(format!("invalid http request: {error}")))
    }
}

/// The refusal of a request or redirect, with the host pattern that would allow it.
fn not_allowed(what: &str, url: &Url) -> Problem {
    let why = format!("HTTP {what} to {} is not allowed", format_url(url));
    match url.scheme() {
        "http" | "https" => Problem::advised(why, Advice::AllowHost(hosts::pattern_of(url))),
        scheme => format!("{why}; only http and https are, not {scheme}").into(),
    }
}

/// Fetches on a thread of its own; an interrupted call leaves that thread behind.
fn in_background(up: &Arc<dyn Upcalls>, fetch: Fetch, place: OpenFileSlot) -> Result<Fetched> {
    let (sender, receiver) = channel();
    std::thread::Builder::new()
        .name("plugsh-http".into())
        .spawn(move || {
            let _place = place;
            // The send fails after the call was interrupted.
            let _ = sender.send(run(fetch));
        })
        .map_err(|error| refused(format!("cannot start a thread for the request: {error}")))?;
    wait(up, &receiver)?.map_err(refused)
}

fn wait<T>(up: &Arc<dyn Upcalls>, receiver: &Receiver<T>) -> Result<T> {
    loop {
        match receiver.recv_timeout(POLL_INTERVAL) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) if up.interrupted() => return Err(Failure::interrupted().into()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(refused("the request's thread ended without an answer")),
        }
    }
}

/// A connector that checks each connection's host, so that redirects obey the allowed hosts too.
#[derive(Debug)]
struct HostGate {
    allowed: Vec<String>,
    /// Whether connections go through a proxy; the connection to the proxy itself has none.
    proxied: bool,
}

impl Connector<()> for HostGate {
    type Out = ();

    fn connect(&self, details: &ConnectionDetails, chained: Option<()>) -> Result<Option<()>, ureq::Error> {
        let to_proxy = self.proxied && details.config.proxy().is_none();
        if to_proxy {
            return Ok(chained);
        }
        // Parsed like the guest's URL, so that hosts have one form in comparisons.
        let why = match Url::parse(&details.uri.to_string()) {
            Ok(url) if hosts::allows(&self.allowed, &url) => return Ok(chained),
            Ok(url) => not_allowed("redirect", &url),
            Err(error) => format!("HTTP redirect to what is no URL: {error}").into(),
        };
        Err(ureq::Error::Other(Box::new(Failure::new(FailureKind::Trap, why))))
    }
}

fn agent(config: Config, allowed: Vec<String>) -> Agent {
    let gate = HostGate { allowed, proxied: config.proxy().is_some() };
    Agent::with_parts(config, gate.chain(DefaultConnector::default()), DefaultResolver::default())
}

/// Fetches as the SDK does, redirects included, and checks each host.
fn run(fetch: Fetch) -> Result<Fetched, Problem> {
    let agent = agent(Config::default(), fetch.allowed_hosts);
    // The clock ends the call at its deadline; this timeout bounds how long the request outlives it.
    let timeout = fetch.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()) + GRACE);
    let response = match &fetch.body {
        Some(body) => send(&agent, fetch.request.map(|()| body.as_slice()), timeout),
        None => send(&agent, fetch.request, timeout),
    };
    read(response.map_err(problem)?, fetch.response_bytes_max)
}

/// The problem for a failed request: ureq's cause, or the refusal of a host.
fn problem(error: ureq::Error) -> Problem {
    match error {
        ureq::Error::Other(why) => match why.downcast::<Failure>() {
            Ok(refused) => Problem { message: refused.message, advice: refused.advice },
            Err(why) => why.to_string().into(),
        },
        error => error.to_string().into(),
    }
}

fn send(
    agent: &Agent,
    request: Request<impl AsSendBody>,
    timeout: Option<Duration>,
) -> Result<Response<Body>, ureq::Error> {
    agent.run(agent.configure_request(request).http_status_as_error(false).timeout_global(timeout).build())
}

fn read(response: Response<Body>, bytes_max: u64) -> Result<Fetched, Problem> {
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers =
        headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_string()))).collect();
    let mut body = Vec::new();
    let reader = response.into_body().into_reader();
    reader.take(bytes_max.saturating_add(1)).read_to_end(&mut body).map_err(|error| error.to_string())?;
    if body.len() as u64 > bytes_max {
        return Err(format!("HTTP response exceeds the configured maximum number of bytes: {bytes_max}").into());
    }
    Ok(Fetched { status, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};

    /// Reads a request with its headers; returns its first line.
    fn request_line(reader: &mut BufReader<TcpStream>) -> std::io::Result<String> {
        let (mut first, mut line) = (String::new(), String::new());
        reader.read_line(&mut first)?;
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        Ok(first)
    }

    /// Starts a proxy that answers requests itself; returns its address.
    fn proxy() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut first = request_line(&mut reader).unwrap();
                if first.starts_with("CONNECT") {
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                    first = request_line(&mut reader).unwrap();
                }
                let answer = match first.contains("/away") {
                    true => {
                        "302 Found\r\nconnection: close\r\nlocation: http://other.invalid/\r\ncontent-length: 0\r\n\r\n"
                    }
                    false => "200 OK\r\nconnection: close\r\ncontent-length: 7\r\n\r\nthrough",
                };
                let _ = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes());
            }
        });
        address
    }

    fn get(agent: &Agent, url: &str) -> Result<String, Problem> {
        let request = Request::builder().uri(url).body(()).unwrap();
        let response = send(agent, request, Some(Duration::from_secs(20))).map_err(problem)?;
        read(response, 100).map(|fetched| String::from_utf8_lossy(&fetched.body).into_owned())
    }

    #[test]
    fn a_proxy_is_reached_whatever_its_host_and_leads_to_allowed_hosts_alone() {
        let proxy = ureq::Proxy::new(&format!("http://{}", proxy())).unwrap();
        let config = Config::builder().proxy(Some(proxy)).build();
        let agent = agent(config, vec!["allowed.invalid".to_owned()]);
        assert_eq!(get(&agent, "http://allowed.invalid/"), Ok("through".to_owned()));
        for (url, host) in [
            ("http://other.invalid/", "other.invalid"),
            ("http://allowed.invalid/away", "other.invalid"),
            ("http://127.0.0.1/", "127.0.0.1"),
        ] {
            let error = get(&agent, url).unwrap_err();
            assert!(error.message.ends_with("is not allowed"), "{url}: {error:?}");
            assert_eq!(error.advice.as_deref(), Some(&Advice::AllowHost(host.to_owned())), "{url}");
        }
    }
}
