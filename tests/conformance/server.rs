//! A loopback HTTP server that records its requests.

use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tiny_http::{Header, Request, Response};

use super::prelude;

/// A server on a port of its own, stopped on drop.
pub struct Server {
    server: Arc<tiny_http::Server>,
    requests: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start() -> Self {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").expect("a port"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (serving, seen) = (Arc::clone(&server), Arc::clone(&requests));
        let thread = std::thread::spawn(move || {
            // Requests that are never answered.
            let mut held = Vec::new();
            while let Ok(request) = serving.recv() {
                held.extend(answer(request, &seen));
            }
        });
        Server { server, requests, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers a request by its path; returns it if it must not be answered.
fn answer(mut request: Request, seen: &Mutex<Vec<String>>) -> Option<Request> {
    let mut body = String::new();
    request.as_reader().read_to_string(&mut body).expect("a body");
    let own: Vec<String> = request
        .headers()
        .iter()
        .filter(|header| {
            let name = header.field.as_str().as_str().to_lowercase();
            name.starts_with("x-") || name == "authorization"
        })
        .map(|header| format!("{}: {}", header.field.as_str().as_str().to_lowercase(), header.value))
        .collect();
    let line = format!("{} {} [{}] {body:?}", request.method(), request.url(), own.join(", "));
    seen.lock().push(line.clone());
    let path = request.url().to_owned();
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let (what, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let port = request.headers().iter().find(|header| header.field.equiv("host"));
    let port = port.and_then(|host| host.value.as_str().rsplit(':').next().map(str::to_owned)).unwrap_or_default();
    let response = match what {
        "echo" => Response::from_string(line),
        "status" => Response::from_string("as asked").with_status_code(rest.parse::<u16>().unwrap_or(500)),
        "bytes" => Response::from_data(vec![b'b'; rest.parse().unwrap_or(0)]),
        "redirect" => {
            let location = match rest {
                "host" => format!("http://localhost:{port}/echo/other-host"),
                "beside" => "beside/../echo/b c".to_owned(),
                _ => "/echo/after".to_owned(),
            };
            let location = Header::from_bytes("Location", location).expect("a header");
            Response::from_string("").with_status_code(rest.parse::<u16>().unwrap_or(302)).with_header(location)
        }
        "around" => {
            let location = Header::from_bytes("Location", "/around").expect("a header");
            Response::from_string("").with_status_code(302).with_header(location)
        }
        "headers" => {
            let own = Header::from_bytes("X-Answer", "42").expect("a header");
            Response::from_string("with headers").with_header(own)
        }
        "echo.wat" => Response::from_string(prelude::ECHO),
        "never" => return Some(request),
        _ => Response::from_string("nothing here").with_status_code(404),
    };
    // The guest may have ended meanwhile.
    let _ = request.respond(response);
    None
}
