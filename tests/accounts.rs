//! Exports, checked with other implementations: an OTLP collector on loopback that uses the protocol's own crate, and
//! JSON.

mod common;

use std::collections::HashSet;

use common::{commands, plugsh};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

#[test]
fn a_collector_gets_a_span_a_call_and_a_trace_a_chain() {
    let server = tiny_http::Server::http("127.0.0.1:0").expect("loopback");
    let url = format!("http://{}", server.server_addr());
    let collector = std::thread::spawn(move || {
        let mut request = server.recv().expect("a request");
        let mut bytes = Vec::new();
        request.as_reader().read_to_end(&mut bytes).expect("a whole body");
        let path = request.url().to_owned();
        request.respond(tiny_http::Response::from_data(Vec::new())).expect("an answer");
        (path, ExportTraceServiceRequest::decode(&*bytes).expect("a protobuf request"))
    });
    let lines = format!("load front\ncall front run abc > out\ncall front run abc > out\nexport --otlp {url}");
    commands(&lines).run().code(0).stdout_has(&format!("7 spans sent to `{url}`"));
    let (path, request) = collector.join().expect("the collector");
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    let spans: Vec<_> = scopes.flat_map(|scope| &scope.spans).collect();
    let traces: HashSet<&[u8]> = spans.iter().map(|span| span.trace_id.as_slice()).collect();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(path, "/v1/traces");
    assert_eq!(traces.len(), 3, "a load from the shell is a trace of its own: {names:?}");
    assert_eq!(names.iter().filter(|name| name.starts_with("load ")).count(), 3, "{names:?}");
    assert_eq!(names.iter().filter(|name| **name == "front.run").count(), 2, "{names:?}");
}

/// A W3C `traceparent` in configuration or input reaches the plugin unchanged.
#[test]
fn a_traceparent_goes_through_plugins_unchanged() {
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/wat/config.wat");
    let way = format!(r#"{{"to":["+echo","+echo"],"function":"echo","input":"{PARENT}"}}"#);
    let lines = format!(
        "load {config} --config traceparent={PARENT} > out\ncall config get traceparent\nload echo > out\n\
         call echo relay {way}"
    );
    let ended = commands(&lines).run().code(0);
    assert_eq!(String::from_utf8_lossy(&ended.stdout), format!("{PARENT}\n{PARENT}\n"));
}

#[test]
fn chrome_events_are_what_a_reader_of_the_format_takes() {
    use typescript_tsbuildinfo::{TraceEvent, TraceEventType, TraceJson};

    let lines =
        "load wordcount\nexpect-error '*' call wordcount nope\ncall wordcount run 'a b a' > out\nexport run.json";
    let ended = plugsh().args(["-c", lines]).run().code(0).stdout_has("6 calls and 5 loads in `run.json`");
    let text = std::fs::read_to_string(ended.dir.path().join("run.json")).expect("the export");
    // The format is an object with the events, or the events alone; this reader takes the latter.
    let mut whole: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let events: TraceJson = serde_json::from_value(whole["traceEvents"].take()).expect("trace events");
    let of_type = |wanted: TraceEventType| events.iter().filter(move |event| event.ph == wanted);
    let tracks: HashSet<u64> = of_type(TraceEventType::Metadata).map(|event| event.tid).collect();
    let all: Vec<&TraceEvent> = of_type(TraceEventType::Complete).collect();
    let (loads, slices): (Vec<&TraceEvent>, Vec<&TraceEvent>) =
        all.iter().copied().partition(|event| event.args["kind"] == "load");
    let name = |event: &TraceEvent| event.name.clone();
    assert_eq!((slices.len(), loads.len()), (6, 5));
    assert_eq!(events.len(), all.len() + of_type(TraceEventType::Metadata).count());
    assert!(all.iter().all(|slice| tracks.contains(&slice.tid)), "a slice's track has a name");

    let (failed, run) = (slices[0], slices[1]);
    assert_eq!((name(failed), failed.cat.as_str()), ("1:wordcount.nope".into(), "error"));
    assert!(failed.args["error"].as_str().is_some_and(|error| error.contains("no function `nope`")));
    assert_eq!((name(run), run.args["bytes_in"].as_u64()), ("1:wordcount.run".into(), Some(5)));
    assert_ne!(run.tid, failed.tid, "a track a job");
    let end = |slice: &TraceEvent| slice.ts + slice.dur.expect("a complete slice has its time");
    assert_eq!(
        (name(loads[0]), loads[0].args["load"]["image"].as_str()),
        ("load 1:wordcount".into(), Some("compiled"))
    );
    for inner in slices[2..].iter().chain(&loads[1..]) {
        // Mappers that run side by side have tracks of their own beside the job's.
        assert_eq!(inner.tid % 1_000_000, run.tid, "a track of the job: {inner:?}");
        assert!(inner.ts >= run.ts && end(inner) <= end(run), "{inner:?} is not in {run:?}");
    }
    let callees: HashSet<&str> = slices[2..].iter().filter_map(|slice| slice.args["callee"].as_str()).collect();
    assert_eq!(callees.len(), 4, "three mappers and a reducer: {callees:?}");
}

#[test]
fn records_are_json_lines_in_order() {
    let lines = "load wordcount\ncall wordcount run 'a b a' > out\nexport run.jsonl";
    let ended = plugsh().args(["-c", lines]).run().code(0).stdout_has("5 calls and 5 loads in `run.jsonl`");
    let text = std::fs::read_to_string(ended.dir.path().join("run.jsonl")).expect("the export");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    assert!(lines.windows(2).all(|pair| pair[0]["seq"].as_u64() < pair[1]["seq"].as_u64()));
}

#[test]
fn a_followed_trace_stops_where_it_is_told() {
    // The job calls until the shell ends; the follower stops by itself.
    let lines = "load echo\ncall echo echo x --loop 100000000 > out &\ntrace -f --max 2 > followed\nkill echo\nexit";
    let ended = commands(lines).run().stderr_has("stopped after 2 calls, as `--max` says");
    let followed = std::fs::read_to_string(ended.dir.path().join("followed")).expect("its output");
    assert_eq!(followed.lines().count(), 2, "{followed}");
    commands("trace --max 2").run().code(2).stderr_has("--follow");
    // Lines dropped by the rate limit are reported once a second.
    let lines =
        "load echo\ncall echo echo x --loop 100000000 > out &\ntrace -f --rate 1 --max 3 > followed\nkill echo\nexit";
    let ended = commands(lines).run().stderr_has("calls left out: more than `--rate 1` a second");
    let told = ended.stderr.lines().filter(|line| line.contains("left out")).count();
    assert!(told <= 4, "{told} times in some two seconds:\n{}", ended.stderr);
}
