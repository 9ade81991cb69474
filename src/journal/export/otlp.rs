//! OpenTelemetry: each chain as a trace, one span a call, sent to a collector over OTLP/HTTP by the opentelemetry
//! crates.
//!
//! Ids follow from the session's start and the calls' numbers: to send a session twice gives the same traces twice.
//! Calls that still run are left out; the spans below them name them as their parent already.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter, SpanLinks};
use url::Url;

use super::name::record_name;
use super::tree::parents;
use crate::journal::record::{Record, RecordKind};
use crate::text::{io_cause, quoted, quoted_within};

/// Most spans in one batch.
pub const OTLP_BATCH_SPANS_MAX: usize = 512;
/// The timeout of one batch.
pub const OTLP_TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes read of a collector's answer.
const ANSWER_BYTES_MAX: u64 = 64 << 10;
/// The most characters of a cause in an error.
const ERROR_CHARS_MAX: usize = 300;

/// Sends the ended ones of `records`, which are in order of seq, to the collector at `url` (`http://localhost:4318`;
/// without a path it is the standard one). Blocks, at most [`OTLP_TIMEOUT`] a batch, and sends no further one once
/// `stop` says so. Gives how many spans the collector took; the error is one line.
///
/// # Errors
/// The URL is invalid, or the collector cannot be reached or refuses a batch; one line.
pub fn export(
    url: &str,
    records: &[Record],
    session_start: SystemTime,
    stop: &dyn Fn() -> bool,
) -> Result<usize, String> {
    let endpoint = endpoint(url)?;
    let failed = |cause: &str| {
        // A collector's answer may have several lines.
        let cause = quoted_within(&cause.replace(char::is_control, " "), ERROR_CHARS_MAX);
        format!("cannot send to `{}`: {cause}", quoted(url))
    };
    let mut exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.as_str())
        .with_timeout(OTLP_TIMEOUT)
        .with_http_client(Client::new(&endpoint))
        .build()
        .map_err(|error| failed(&error.to_string()))?;
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    exporter.set_resource(&Resource::builder().with_service_name("plugsh").with_attribute(version).build());

    let spans = spans(records, session_start);
    let mut sent = 0;
    for batch in spans.chunks(OTLP_BATCH_SPANS_MAX).take_while(|_| !stop()) {
        block_on(exporter.export(batch.to_vec())).map_err(|error| {
            let cause = match error {
                OTelSdkError::InternalFailure(cause) => failed(&cause),
                other => failed(&other.to_string()),
            };
            if sent == 0 { cause } else { format!("{cause}; {sent} of {} spans were sent", spans.len()) }
        })?;
        sent += batch.len();
    }
    Ok(sent)
}

fn endpoint(url: &str) -> Result<Url, String> {
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let mut endpoint = parsed
        .ok_or_else(|| format!("`{}` is no collector's URL; write it like http://localhost:4318", quoted(url)))?;
    if endpoint.path() == "/" {
        endpoint.set_path("/v1/traces");
    }
    Ok(endpoint)
}

/// The spans of the ended calls.
fn spans(records: &[Record], session_start: SystemTime) -> Vec<SpanData> {
    let ids = Ids::of(session_start);
    let scope = InstrumentationScope::builder("plugsh").build();
    let mut root_of: Vec<u64> = Vec::with_capacity(records.len());
    let mut spans = Vec::new();
    for (record, parent) in records.iter().zip(parents(records)) {
        let root = match parent.and_then(|parent| root_of.get(parent)) {
            Some(root) => *root,
            // The caller's record is gone: its calls stay together under its number.
            None if record.parent_seq != 0 => record.parent_seq,
            None => record.seq,
        };
        root_of.push(root);
        if record.outcome.is_ended() {
            spans.push(span(record, root, ids, session_start, scope.clone()));
        }
    }
    spans
}

fn span(record: &Record, root: u64, ids: Ids, session_start: SystemTime, scope: InstrumentationScope) -> SpanData {
    let at = |ns| session_start.checked_add(Duration::from_nanos(ns)).unwrap_or(session_start);
    SpanData {
        span_context: SpanContext::new(
            ids.trace(root),
            ids.span(record.seq),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: if record.parent_seq == 0 { SpanId::INVALID } else { ids.span(record.parent_seq) },
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: match record.kind {
            RecordKind::Load => record_name(record).into(),
            RecordKind::Call | RecordKind::Host => format!("{}.{}", record.callee_name, record.function).into(),
        },
        start_time: at(record.at_ns),
        end_time: at(record.end_ns()),
        attributes: attributes(record),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: if record.outcome.is_failure() {
            Status::error(record.error_line().unwrap_or_else(|| record.outcome.to_string()))
        } else {
            Status::Unset
        },
        instrumentation_scope: scope,
    }
}

fn attributes(record: &Record) -> Vec<KeyValue> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut attributes = vec![
        KeyValue::new("plugin.caller", record.caller_label()),
        KeyValue::new("plugin.callee", record.callee_label()),
        KeyValue::new("plugin.function", record.function.as_str()),
        KeyValue::new("plugin.bytes_in", number(record.bytes_in)),
        KeyValue::new("plugin.bytes_out", number(record.bytes_out)),
        KeyValue::new("plugin.outcome", record.outcome.as_str()),
        KeyValue::new("plugin.depth", i64::from(record.depth)),
        KeyValue::new("plugin.job", i64::from(record.job)),
        KeyValue::new("plugin.seq", number(record.seq)),
        KeyValue::new("plugin.kind", record.kind.as_str()),
    ];
    if record.held_ns > 0 {
        // The span's own times contain the hold.
        attributes.push(KeyValue::new("plugin.held_us", record.held_ns as f64 / 1e3));
    }
    let grew = record.grew.bytes().filter(|bytes| *bytes > 0);
    attributes.extend(grew.map(|bytes| KeyValue::new("plugin.grew_bytes", number(bytes))));
    attributes.extend(record.counted_fuel().map(|fuel| KeyValue::new("plugin.fuel", number(fuel))));
    if let Some(steps) = record.load() {
        attributes.extend(steps.image.map(|image| KeyValue::new("plugin.load.image", image.as_str())));
        let times = steps.times_ns().map(|(step, took_ns)| {
            KeyValue::new(format!("plugin.load.{}_us", step.replace('-', "")), took_ns as f64 / 1e3)
        });
        attributes.extend(times);
    }
    attributes.extend(record.changed_by.as_str().map(|by| KeyValue::new("plugin.changed_by", by)));
    attributes
}

/// The ids of one session's traces and spans.
#[derive(Clone, Copy)]
struct Ids {
    session: u64,
}

impl Ids {
    fn of(session_start: SystemTime) -> Ids {
        let since = session_start.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ids { session: mixed(since.as_nanos() as u64) }
    }

    fn trace(self, root: u64) -> TraceId {
        TraceId::from(u128::from(self.session) << 64 | u128::from(mixed(self.session ^ root).max(1)))
    }

    fn span(self, seq: u64) -> SpanId {
        SpanId::from(mixed(self.session.wrapping_add(seq)).max(1))
    }
}

/// Spreads a number over 64 bits, one to one (the finisher of splitmix64).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The HTTP client of the rest of plugsh, for the exporter: it blocks.
struct Client {
    agent: ureq::Agent,
}

impl Client {
    fn new(endpoint: &Url) -> Client {
        let config = ureq::Agent::config_builder().timeout_global(Some(OTLP_TIMEOUT)).http_status_as_error(false);
        let loopback = match endpoint.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        // A proxy could not reach a collector on this machine.
        let config = if loopback { config.proxy(None) } else { config };
        Client { agent: config.build().new_agent() }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let mut response =
            self.agent.run(Request::from_parts(parts, &body[..])).map_err(|error| SendError(cause(&error)))?;
        let status = response.status();
        let answer = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().unwrap_or_default();
        if !status.is_success() {
            let answer = String::from_utf8_lossy(&answer);
            let separator = if answer.is_empty() { "" } else { ": " };
            return Err(SendError(format!("the collector answered {status}{separator}{answer}")).into());
        }
        let mut taken = Response::new(Bytes::from(answer));
        *taken.status_mut() = status;
        Ok(taken)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl HttpClient for Client {
    // The expansion of the trait's macro.
    fn send_bytes<'client, 'answer>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'answer>>
    where
        'client: 'answer,
        Self: 'answer,
    {
        Box::pin(std::future::ready(self.send(request)))
    }
}

fn cause(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "connection refused; is a collector listening there?".to_owned()
        }
        ureq::Error::Io(error) => io_cause(error),
        ureq::Error::HostNotFound => "no such host".to_owned(),
        ureq::Error::Timeout(_) => format!("no answer within {} s", OTLP_TIMEOUT.as_secs()),
        other => other.to_string(),
    }
}

/// An error whose `Debug` is its plain text, since the exporter formats errors with `Debug`.
struct SendError(String);

impl fmt::Debug for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SendError {}

/// Runs the exporter's future on this thread. The client blocks, so the future is mostly ready at once.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
#[path = "otlp_tests.rs"]
mod tests;
