//! `http_request` and what it leaves behind: status and headers. Requests obey the allowed hosts at every redirect, end
//! with the call that waits for them, and are bounded in size.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use url::Url;
use wasmtime::{Caller, Linker, Result};

use super::abi::MODULE;
use super::ctx::{Ctx, CtxStore, refused};
use super::files::Place;
use crate::runtime::{Failure, Upcalls};
use crate::text::json_cause;

/// How often a waiting call looks at its kill word.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long a request whose call has ended may still go on.
const GRACE: Duration = Duration::from_secs(1);
/// Most redirects that are followed, as ureq's own default.
const REDIRECTS_MAX: usize = 10;
/// Longest request description, in bytes.
const REQUEST_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Adds the three functions.
pub fn add(linker: &mut Linker<Ctx>) -> Result<()> {
    linker.func_wrap(
        MODULE,
        "http_request",
        |mut caller: Caller<'_, Ctx>, request: i64, body: i64| -> Result<i64> {
            http_request(&mut caller, request as u64, body as u64)
        },
    )?;
    linker.func_wrap(MODULE, "http_status_code", |caller: Caller<'_, Ctx>| i32::from(caller.data().http_status))?;
    linker.func_wrap(MODULE, "http_headers", |mut caller: Caller<'_, Ctx>| -> Result<i64> {
        let headers = serde_json::to_vec(&caller.data().http_headers)?;
        Ok(caller.put(&headers)?.offset as i64)
    })?;
    Ok(())
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

/// What a worker thread is to fetch.
struct Fetch {
    method: ureq::http::Method,
    url: Url,
    headers: BTreeMap<String, String>,
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

fn http_request(caller: &mut Caller<'_, Ctx>, request: u64, body: u64) -> Result<i64> {
    caller.data_mut().http_status = 0;
    caller.data_mut().http_headers.clear();
    let text = caller.text(request, "http request", REQUEST_BYTES_MAX)?;
    caller.data_mut().blocks.free(request);
    let asked: Asked = serde_json::from_str(&text)
        .map_err(|error| refused(format!("invalid http request: {}", json_cause(&error))))?;
    let url = Url::parse(&asked.url).map_err(|error| refused(format!("invalid URL: {error}")))?;
    let spec = caller.data().spec.clone();
    if !allowed(&spec.allowed_hosts, &url) {
        return Err(refused(format!("HTTP request to {} is not allowed; `--allow-host` allows it", asked.url)));
    }
    let method = asked.method.as_deref().unwrap_or("GET").to_uppercase();
    let method = method.parse().map_err(|_| refused(format!("invalid HTTP method `{method}`")))?;
    let span = caller.data_mut().span(body, "http request body")?;
    let place = Place::take(span.length).ok_or_else(|| {
        refused("plugins have too many requests and files open, or too much to send; try again later")
    })?;
    let body_bytes = match body {
        0 => None,
        handle => {
            let bytes = caller.bytes(span)?;
            caller.data_mut().blocks.free(handle);
            Some(bytes)
        }
    };
    let up = caller.data().up()?;
    let fetched = in_background(
        &up,
        Fetch {
            method,
            url,
            headers: asked.headers,
            body: body_bytes,
            allowed_hosts: spec.allowed_hosts.clone(),
            response_bytes_max: spec.http_response_bytes_max,
            deadline: up.deadline(),
        },
        place,
    )?;
    caller.data_mut().http_status = fetched.status;
    caller.data_mut().http_headers = fetched.headers;
    Ok(caller.put(&fetched.body)?.offset as i64)
}

/// Whether a URL's host matches one of the globs.
fn allowed(hosts: &[String], url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    hosts.iter().any(|pattern| match glob::Pattern::new(pattern) {
        Ok(glob) => glob.matches(host),
        Err(_) => pattern == host,
    })
}

/// Fetches on a thread of its own, which is left behind when the call is interrupted first.
fn in_background(up: &Arc<dyn Upcalls>, fetch: Fetch, place: Place) -> Result<Fetched> {
    let (sender, receiver) = channel();
    std::thread::Builder::new()
        .name("plugsh-http".into())
        .spawn(move || {
            let _place = place;
            // Nobody listens any more when the call was interrupted.
            let _ = sender.send(run(fetch));
        })
        .map_err(|error| refused(format!("cannot start a thread for the request: {error}")))?;
    wait(up, &receiver)?.map_err(refused)
}

fn wait<T>(up: &Arc<dyn Upcalls>, receiver: &Receiver<T>) -> Result<T> {
    loop {
        match receiver.recv_timeout(LOOK_EVERY) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) if up.interrupted() => return Err(Failure::interrupted().into()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(refused("the request's thread ended without an answer")),
        }
    }
}

fn run(mut fetch: Fetch) -> Result<Fetched, String> {
    for _ in 0..=REDIRECTS_MAX {
        let response = send(&fetch)?;
        let status = response.status().as_u16();
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        if let (301 | 302 | 303 | 307 | 308, Some(location)) = (status, location) {
            redirect(&mut fetch, status, location)?;
            continue;
        }
        return read(response, fetch.response_bytes_max);
    }
    Err("too many redirects".into())
}

fn send(fetch: &Fetch) -> Result<ureq::http::Response<ureq::Body>, String> {
    let agent = ureq::agent();
    let mut builder = ureq::http::request::Builder::new().method(fetch.method.clone()).uri(fetch.url.as_str());
    for (name, value) in &fetch.headers {
        builder = builder.header(name, value);
    }
    // The clock ends the call at its deadline; this only sees to it that the request does not outlive it for long.
    let timeout = fetch.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()) + GRACE);
    let say = |error: ureq::Error| error.to_string();
    macro_rules! sent {
        ($body:expr) => {{
            let request = builder.body($body).map_err(|error| error.to_string())?;
            let config = agent.configure_request(request).http_status_as_error(false).max_redirects(0);
            ureq::run(config.max_redirects_will_error(false).timeout_global(timeout).build()).map_err(say)
        }};
    }
    match &fetch.body {
        Some(body) => sent!(body.as_slice()),
        None => sent!(()),
    }
}

/// Where a redirect leads: its host must be allowed like the first one, and what was meant for one host is not told to
/// another.
fn redirect(fetch: &mut Fetch, status: u16, location: &str) -> Result<(), String> {
    let next = fetch.url.join(location).map_err(|error| format!("invalid redirect to `{location}`: {error}"))?;
    if !matches!(next.scheme(), "http" | "https") || !allowed(&fetch.allowed_hosts, &next) {
        return Err(format!("HTTP redirect to {next} is not allowed; `--allow-host` allows it"));
    }
    if next.origin() != fetch.url.origin() {
        fetch.headers.retain(|name, _| !matches!(name.to_lowercase().as_str(), "authorization" | "cookie"));
    }
    let to_get = status == 303 || (matches!(status, 301 | 302) && fetch.method == ureq::http::Method::POST);
    if to_get && fetch.method != ureq::http::Method::HEAD {
        fetch.method = ureq::http::Method::GET;
        fetch.body = None;
    }
    fetch.url = next;
    Ok(())
}

fn read(response: ureq::http::Response<ureq::Body>, bytes_max: u64) -> Result<Fetched, String> {
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers =
        headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_string()))).collect();
    let mut body = Vec::new();
    let reader = response.into_body().into_reader();
    reader.take(bytes_max.saturating_add(1)).read_to_end(&mut body).map_err(|error| error.to_string())?;
    if body.len() as u64 > bytes_max {
        return Err(format!("HTTP response exceeds the configured maximum number of bytes: {bytes_max}"));
    }
    Ok(Fetched { status, headers, body })
}
