//! `http_request` and the state after it, against a loopback server.

use super::super::case::{Case, Place, body};
use plugsh::runtime::{FailureKind, Spec};

const HTTP: &str = r#"
    (data (i32.const 1024) "the body")
    (func (export "get")
        (call $say_block (call $http_request (call $input) (i64.const 0)))
        (call $say32 (call $http_status_code))
        (call $done))
    (func (export "with_body")
        (call $say_block (call $http_request (call $input) (call $str (i32.const 1024) (i32.const 8))))
        (call $say32 (call $http_status_code))
        (call $done))
    (func (export "length")
        (call $say (call $length (call $http_request (call $input) (i64.const 0))))
        (call $say32 (call $http_status_code))
        (call $done))
    (func (export "answer")
        (drop (call $http_request (call $input) (i64.const 0)))
        (call $find_answer (call $http_headers)))
    ;; Says what follows `"x-answer":` in a block.
    (data (i32.const 1040) "\22x-answer\22:")
    (func $find_answer (param $block i64) (local $i i64) (local $j i64)
        (block $none (loop $next
            (br_if $none (i64.ge_u (local.get $i) (call $length (local.get $block))))
            (local.set $j (i64.const 0))
            (block $no
                (loop $same
                    (br_if $no (i32.ne
                        (call $load_u8 (i64.add (local.get $block) (i64.add (local.get $i) (local.get $j))))
                        (i32.load8_u (i32.add (i32.const 1040) (i32.wrap_i64 (local.get $j))))))
                    (local.set $j (i64.add (local.get $j) (i64.const 1)))
                    (br_if $same (i64.lt_u (local.get $j) (i64.const 11))))
                (local.set $i (i64.add (local.get $i) (local.get $j)))
                (local.set $j (i64.const 0))
                (loop $more
                    (call $say_byte (call $load_u8 (i64.add (local.get $block) (i64.add (local.get $i) (local.get $j)))))
                    (local.set $j (i64.add (local.get $j) (i64.const 1)))
                    (br_if $more (i64.lt_u (local.get $j) (i64.const 4))))
                (br $none))
            (local.set $i (i64.add (local.get $i) (i64.const 1)))
            (br $next)))
        (call $done))
    (func (export "before")
        (call $say32 (call $http_status_code))
        (call $say_block (call $http_headers))
        (call $done))
    (func (export "freed") (local $r i64)
        (local.set $r (call $input))
        (drop (call $http_request (local.get $r) (i64.const 0)))
        (call $say32 (call $http_status_code))
        (call $done))"#;

/// Allows the loopback address and nothing else.
fn local(spec: &mut Spec, _: &Place) {
    spec.allowed_hosts = vec!["127.0.0.1".to_owned()];
}

fn case(name: &'static str) -> Case {
    body(name, HTTP).spec(local)
}

pub fn cases() -> Vec<Case> {
    [requests(), refusals(), redirects()].into_iter().flatten().collect()
}

fn requests() -> Vec<Case> {
    vec![
        case("http: a GET")
            .covers(&["http_request", "http_status_code", "allowed_hosts"])
            .call("get", r#"{"url":"{url}/echo/a?b=c"}"#)
            .gives("[GET /echo/a?b=c [] \"\"]200 "),
        case("http: headers are sent")
            .call("get", r#"{"url":"{url}/echo","headers":{"X-One":"1","x-two":"zwei"},"method":"GET"}"#),
        case("http: a POST with a body").call("with_body", r#"{"url":"{url}/echo","method":"POST"}"#),
        case("http: a PUT with a body").call("with_body", r#"{"url":"{url}/echo","method":"put"}"#),
        case("http: a DELETE").call("get", r#"{"url":"{url}/echo","method":"delete"}"#),
        case("http: a HEAD").call("get", r#"{"url":"{url}/echo","method":"HEAD"}"#),
        case("http: a POST without a body").call("get", r#"{"url":"{url}/echo","method":"POST"}"#),
        case("http: a GET with a body").call("with_body", r#"{"url":"{url}/echo"}"#),
        case("http: 404 is an answer").call("get", r#"{"url":"{url}/status/404"}"#).gives("[as asked]404 "),
        case("http: 500 is an answer").call("get", r#"{"url":"{url}/status/500"}"#),
        case("http: 204 has no bytes").call("get", r#"{"url":"{url}/status/204"}"#),
        case("http: an empty answer").call("get", r#"{"url":"{url}/bytes/0"}"#).gives("[]200 "),
        case("http: a large answer").call("length", r#"{"url":"{url}/bytes/3000000"}"#).gives("3000000 200 "),
        case("http: the answer's headers")
            .covers(&["http_headers"])
            .call("answer", r#"{"url":"{url}/headers"}"#)
            .gives("\"42\""),
        case("http: headers are those of the last answer")
            .call("answer", r#"{"url":"{url}/headers"}"#)
            .call("answer", r#"{"url":"{url}/echo"}"#)
            .gives(""),
        case("http: before the first request there is no status").call("before", "").gives("0 [{}]"),
        case("http: the status stays until the next request")
            .call("get", r#"{"url":"{url}/status/418"}"#)
            .call("freed", r#"{"url":"{url}/status/201"}"#)
            .gives("201 "),
        case("http: a URL with dots in it is sent as it is")
            .call("get", r#"{"url":"{url}/echo/a/../b/./c"}"#)
            .gives("[GET /echo/a/../b/./c [] \"\"]200 "),
        case("http: a URL that is encoded is sent as it is")
            .call("get", r#"{"url":"{url}/echo/%41%2f?a=%20+b"}"#)
            .gives("[GET /echo/%41%2f?a=%20+b [] \"\"]200 "),
        case("http: a URL with a fragment").call("get", r#"{"url":"{url}/echo/a?b#c"}"#),
        case("http: a URL with nothing but a query").call("get", r#"{"url":"{url}?a=b"}"#),
        case("http: a URL with marks that are encoded elsewhere")
            .call("get", r#"{"url":"{url}/echo/a|b'c{d}^`?e=\"<f>"}"#),
        case("http: a URL with letters beyond ASCII").call("get", r#"{"url":"{url}/echo/é?ü"}"#),
        case("http: a URL with a blank").call("get", r#"{"url":"{url}/echo/a b"}"#).fails(FailureKind::Trap),
        case("http: a URL in capitals").call("get", r#"{"url":"HTTP://127.0.0.1:1/"}"#).fails(FailureKind::Trap),
        case("http: a URL with blanks around it").call("get", r#"{"url":" {url}/echo "}"#),
        case("http: as large as is allowed")
            .covers(&["memory.max_http_response_bytes"])
            .spec(|spec, place| {
                local(spec, place);
                spec.http_response_bytes_max = 100;
            })
            .call("length", r#"{"url":"{url}/bytes/100"}"#)
            .gives("100 200 "),
    ]
}

fn refusals() -> Vec<Case> {
    vec![
        body("http: no host is allowed", HTTP).call("get", r#"{"url":"{url}/echo"}"#).fails(FailureKind::Trap),
        case("http: another host").call("get", r#"{"url":"http://example.invalid/"}"#).fails(FailureKind::Trap),
        body("http: a pattern of hosts", HTTP)
            .spec(|spec, _| spec.allowed_hosts = vec!["10.*".to_owned(), "127.*".to_owned()])
            .call("get", r#"{"url":"{url}/echo"}"#)
            .gives("[GET /echo [] \"\"]200 "),
        body("http: a pattern that does not fit", HTTP)
            .spec(|spec, _| spec.allowed_hosts = vec!["128.*".to_owned()])
            .call("get", r#"{"url":"{url}/echo"}"#)
            .fails(FailureKind::Trap),
        body("http: a pattern that is none is a name", HTTP)
            .spec(|spec, _| spec.allowed_hosts = vec!["[".to_owned(), "127.0.0.1".to_owned()])
            .call("get", r#"{"url":"{url}/echo"}"#)
            .gives("[GET /echo [] \"\"]200 "),
        case("http: larger than is allowed")
            .spec(|spec, place| {
                local(spec, place);
                spec.http_response_bytes_max = 100;
            })
            .call("length", r#"{"url":"{url}/bytes/101"}"#)
            .fails(FailureKind::Trap),
        case("http: not a URL").call("get", r#"{"url":"nowhere"}"#).fails(FailureKind::Trap),
        case("http: not JSON").call("get", "GET /").fails(FailureKind::Trap),
        case("http: a field that is not known")
            .call("get", r#"{"url":"{url}/echo","verb":"GET"}"#)
            .fails(FailureKind::Trap),
        case("http: a method with a blank")
            .call("get", r#"{"url":"{url}/echo","method":"G E T"}"#)
            .fails(FailureKind::Trap),
        case("http: a header with a line end")
            .call("get", r#"{"url":"{url}/echo","headers":{"x-a":"b\nc"}}"#)
            .fails(FailureKind::Trap),
        case("http: nobody listens").call("get", r#"{"url":"http://127.0.0.1:1/"}"#).fails(FailureKind::Trap),
        case("http: a server that never answers is not waited for beyond the timeout")
            .spec(|spec, place| {
                local(spec, place);
                spec.timeout = Some(std::time::Duration::from_millis(300));
            })
            .call("get", r#"{"url":"{url}/never"}"#)
            .fails(FailureKind::Interrupted),
    ]
}

fn redirects() -> Vec<Case> {
    vec![
        case("http: a redirect is followed")
            .call("get", r#"{"url":"{url}/redirect/here"}"#)
            .gives("[GET /echo/after [] \"\"]200 "),
        case("http: a POST that is redirected").call("with_body", r#"{"url":"{url}/redirect/here","method":"POST"}"#),
        case("http: a redirect to a host that is not allowed")
            .call("get", r#"{"url":"{url}/redirect/host"}"#)
            .fails(FailureKind::Trap),
        case("http: a POST with a body that is redirected by 307")
            .call("with_body", r#"{"url":"{url}/redirect/307","method":"POST"}"#),
        case("http: a POST with a body that is redirected by 308")
            .call("with_body", r#"{"url":"{url}/redirect/308","method":"POST"}"#),
        case("http: a PUT with a body that is redirected by 303")
            .call("with_body", r#"{"url":"{url}/redirect/303","method":"PUT"}"#),
        case("http: a PUT with a body that is redirected by 301")
            .call("with_body", r#"{"url":"{url}/redirect/301","method":"PUT"}"#),
        case("http: a GET that is redirected by 307")
            .call("get", r#"{"url":"{url}/redirect/307"}"#)
            .gives("[GET /echo/after [] \"\"]200 "),
        case("http: a DELETE that is redirected by 308")
            .call("get", r#"{"url":"{url}/redirect/308","method":"DELETE"}"#),
        case("http: a HEAD that is redirected").call("get", r#"{"url":"{url}/redirect/303","method":"HEAD"}"#),
        case("http: an answer by 300 that leads elsewhere").call("get", r#"{"url":"{url}/redirect/300"}"#),
        case("http: a redirect to a path beside").call("get", r#"{"url":"{url}/redirect/beside"}"#),
        case("http: headers after a redirect").call(
            "get",
            r#"{"url":"{url}/redirect/here","headers":{"Authorization":"secret","X-One":"1","Cookie":"a=b"}}"#,
        ),
        case("http: redirects without end").call("get", r#"{"url":"{url}/around"}"#),
    ]
}
