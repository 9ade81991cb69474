//! The messages that follow a request, until its answer.

use serde_json::{Map, Value};

use crate::serve::wire::{WireError, reply};
use crate::shell::ShellError;
use crate::shell::reply::{Line, Reply};

/// One of the things that follow a request.
#[derive(Debug)]
pub enum Event {
    /// A reply for standard output.
    Show(Reply),
    /// A line for standard error.
    Notice(Line),
    Error(ShellError),
    Progress(Option<String>),
    /// A frame of `watch` with its title; `None` ends it.
    Frame(Option<(Line, Reply)>),
    Clear,
    /// The client is to do something, and to answer.
    Ask {
        id: Value,
        method: String,
        params: Map<String, Value>,
    },
    /// The answer; nothing follows it.
    Done(Result<Value, WireError>),
}

impl Event {
    /// The event of a message; `None` for one that this version does not know.
    pub fn of(id: Option<Value>, method: &str, mut params: Map<String, Value>) -> Option<Event> {
        if let Some(id) = id {
            return Some(Event::Ask { id, method: method.to_owned(), params });
        }
        let mut field = |name: &str| params.remove(name).unwrap_or_default();
        Some(match method {
            "show" => Event::Show(reply::from_json(field("reply")).ok()?),
            "notice" => Event::Notice(serde_json::from_value(field("line")).ok()?),
            "error" => Event::Error(serde_json::from_value::<WireError>(field("error")).ok()?.into_shell()),
            "progress" => Event::Progress(field("text").as_str().map(str::to_owned)),
            "frame" => match field("frame") {
                Value::Object(mut frame) => {
                    let title = serde_json::from_value(frame.remove("title").unwrap_or_default()).ok()?;
                    Event::Frame(Some((title, reply::from_json(frame.remove("reply").unwrap_or_default()).ok()?)))
                }
                _ => Event::Frame(None),
            },
            "clear" => Event::Clear,
            _ => return None,
        })
    }
}
