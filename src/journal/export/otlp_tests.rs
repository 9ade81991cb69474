//! Tests of the OpenTelemetry export against a collector on loopback that decodes with the protocol's own crate.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, channel};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;

use super::*;
use crate::journal::export::testing::{hostile, session, twisted};

struct Received {
    path: String,
    content_type: String,
    request: ExportTraceServiceRequest,
}

impl Received {
    fn spans(&self) -> Vec<Span> {
        let scopes = self.request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }
}

/// A collector that answers each of its requests with the next of `answers` and hands on what it got.
fn collector(answers: Vec<(u16, &'static str)>) -> (String, Receiver<Received>) {
    let server = tiny_http::Server::http("127.0.0.1:0").expect("loopback");
    let url = format!("http://{}", server.server_addr());
    let (seen, received) = channel();
    std::thread::spawn(move || {
        for (status, body) in answers {
            let Ok(mut request) = server.recv() else { return };
            let mut bytes = Vec::new();
            request.as_reader().read_to_end(&mut bytes).expect("a whole body");
            let header = |name: &'static str| {
                let found = request.headers().iter().find(|header| header.field.equiv(name));
                found.map(|header| header.value.to_string()).unwrap_or_default()
            };
            let content_type = header("content-type");
            let request_decoded = ExportTraceServiceRequest::decode(&*bytes).expect("a protobuf request");
            let _ = seen.send(Received { path: request.url().to_owned(), content_type, request: request_decoded });
            let _ = request.respond(tiny_http::Response::from_string(body).with_status_code(status));
        }
    });
    (url, received)
}

fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn attribute(span: &Span, key: &str) -> Option<Value> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.clone()?.value
}

#[test]
fn a_chain_arrives_as_a_trace() {
    let (url, received) = collector(vec![(200, "")]);
    assert_eq!(export(&url, &session(), start(), &|| false), Ok(3), "the running call stays here");
    let received = received.recv().expect("a request");
    assert_eq!((received.path.as_str(), received.content_type.as_str()), ("/v1/traces", "application/x-protobuf"));

    let spans = received.spans();
    let [front, total, list] = &spans[..] else { panic!("{} spans", spans.len()) };
    assert_eq!([&front.name, &total.name, &list.name], ["front.run", "cart.total", "cart.list"]);
    assert!(front.parent_span_id.iter().all(|byte| *byte == 0));
    assert_eq!((&total.parent_span_id, &list.parent_span_id), (&front.span_id, &front.span_id));
    assert_eq!((&total.trace_id, &list.trace_id), (&front.trace_id, &front.trace_id));
    assert_eq!((front.trace_id.len(), front.span_id.len()), (16, 8));

    let start_ns = 1_700_000_000_000_000_000 + 1_000;
    assert_eq!((front.start_time_unix_nano, front.end_time_unix_nano), (start_ns, start_ns + 10_500));
    assert_eq!(attribute(total, "plugin.caller"), Some(Value::StringValue("1:front".into())));
    assert_eq!(attribute(total, "plugin.callee"), Some(Value::StringValue("2:cart".into())));
    assert_eq!(attribute(total, "plugin.function"), Some(Value::StringValue("total".into())));
    assert_eq!(attribute(front, "plugin.bytes_out"), Some(Value::IntValue(2048)));
    assert_eq!(attribute(front, "plugin.changed_by"), Some(Value::StringValue("stub".into())));
    assert_eq!(attribute(total, "plugin.changed_by"), None);

    let status = total.status.clone().expect("a status");
    assert_eq!((status.code(), status.message.as_str()), (StatusCode::Error, "no such item"));
    assert_eq!(front.status.clone().unwrap_or_default().code(), StatusCode::Unset);

    let resource = received.request.resource_spans[0].resource.clone().expect("a resource");
    let service = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
    let service = service.and_then(|attribute| attribute.value.clone()?.value);
    assert_eq!(service, Some(Value::StringValue("plugsh".into())));
}

#[test]
fn many_spans_go_in_batches_and_a_failure_says_how_far_it_came() {
    let template = session().remove(0);
    let records: Vec<Record> =
        (1..=OTLP_BATCH_SPANS_MAX as u64 + 10).map(|seq| Record { seq, ..template.clone() }).collect();

    let (url, received) = collector(vec![(200, ""), (200, "")]);
    assert_eq!(export(&url, &records, start(), &|| false), Ok(records.len()));
    let ids: HashSet<Vec<u8>> = received.iter().take(2).flat_map(|got| got.spans()).map(|span| span.span_id).collect();
    assert_eq!(ids.len(), records.len(), "every span has an id of its own");

    let (url, _received) = collector(vec![(200, ""), (503, "too\nbusy")]);
    let error = export(&url, &records, start(), &|| false).unwrap_err();
    assert_eq!(
        error,
        format!(
            "cannot send to `{url}`: the collector answered 503 Service Unavailable: too busy; 512 of 522 spans were sent"
        )
    );
}

#[test]
fn nothing_to_send_asks_nobody() {
    assert_eq!(export("http://127.0.0.1:1/", &[], start(), &|| false), Ok(0));
}

#[test]
fn a_collector_that_is_not_there_is_one_line() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
    let error = export(&format!("http://127.0.0.1:{port}"), &session(), start(), &|| false).unwrap_err();
    let expected = "connection refused; is a collector listening there?";
    assert_eq!(error, format!("cannot send to `http://127.0.0.1:{port}`: {expected}"));
}

#[test]
fn what_is_no_url_says_how_to_write_one() {
    for wrong in ["localhost:4318", "", "ftp://x/", "http://", "file:///etc/passwd"] {
        let error = export(wrong, &[], start(), &|| false).unwrap_err();
        assert_eq!(error, format!("`{wrong}` is no collector's URL; write it like http://localhost:4318"));
    }
    assert_eq!(endpoint("https://a.example/otlp/v1/traces").unwrap().path(), "/otlp/v1/traces");
    assert_eq!(endpoint("http://a.example").unwrap().as_str(), "http://a.example/v1/traces");
}

#[test]
fn ids_are_never_zero_and_a_lost_caller_keeps_its_calls_together() {
    let ids = Ids::of(start());
    for seq in [0, 1, u64::MAX] {
        assert_ne!(ids.span(seq), SpanId::INVALID);
        assert_ne!(ids.trace(seq), TraceId::INVALID);
    }
    let spans = spans(&session()[1..], start());
    assert_eq!(spans[0].span_context.trace_id(), spans[1].span_context.trace_id());
    assert_eq!(spans[0].span_context.trace_id(), ids.trace(1), "the trace that the caller will have");
    assert_eq!(super::spans(&twisted(), start()).len(), 5);
    assert_eq!(super::spans(&hostile(), start()).len(), 3);
}
