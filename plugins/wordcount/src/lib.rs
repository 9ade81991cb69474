//! A map-reduce over plugins: cuts a text into pieces, hands each to a `mapper`, all at once, and what they
//! counted to a `reducer`.
//!
//! The workers stay alive and are used again by the next call, so `ps -t` shows them under this plugin.

use std::sync::Mutex;

use extism_pdk::{json, plugin_fn, Error, FnResult};
use plugsh_guest::Child;
use serde::Deserialize;

plugsh_guest::report_panics!();
plugsh_guest::about! {
    "counts words with mappers and a reducer";
    run("the cat the dog"): "how often each word of its input is there";
}

const MAPPERS: usize = 3;
const MAPPERS_MAX: usize = 64;

#[derive(Deserialize)]
struct Job {
    text: String,
    #[serde(default = "mappers")]
    mappers: usize,
}

fn mappers() -> usize {
    MAPPERS
}

struct Workers {
    mappers: Vec<Child>,
    reducer: Option<Child>,
}

static WORKERS: Mutex<Workers> = Mutex::new(Workers { mappers: Vec::new(), reducer: None });

/// Counts the words of a text: `{"a":1,"cat":2}`, words in order. Input: the text, or `{"text":"...","mappers":4}`.
#[plugin_fn]
pub fn run(input: String) -> FnResult<String> {
    let job = parse(input)?;
    if !(1..=MAPPERS_MAX).contains(&job.mappers) {
        return Err(Error::msg(format!("`mappers` is 1 to {MAPPERS_MAX}, not {}", job.mappers)).into());
    }
    let mut workers = WORKERS.lock().map_err(|_| Error::msg("the last call did not end"))?;
    while workers.mappers.len() < job.mappers {
        workers.mappers.push(Child::new("mapper"));
    }

    let pieces = pieces(&job.text, job.mappers);
    let mut started = Vec::with_capacity(pieces.len());
    for (mapper, piece) in workers.mappers.iter_mut().zip(&pieces) {
        started.push(mapper.start()?.start("map", *piece)?);
    }
    // What mappers give is handed on as it is: a piece of JSON each.
    let mut parts = String::from("[");
    for ((call, mapper), piece) in started.into_iter().zip(&mut workers.mappers).zip(pieces) {
        if parts.len() > 1 {
            parts.push(',');
        }
        // A mapper that is gone is replaced by a call.
        let part = call.try_join().or_else(|_| mapper.call::<String>("map", piece))?;
        parts.push_str(&part);
    }
    parts.push(']');
    let reducer = workers.reducer.get_or_insert_with(|| Child::new("reducer"));
    Ok(reducer.call("reduce", parts)?)
}

fn parse(input: String) -> Result<Job, Error> {
    if input.trim_start().starts_with('{') {
        Ok(json::from_str(&input)?)
    } else {
        Ok(Job { text: input, mappers: MAPPERS })
    }
}

/// Cuts a text into `count` pieces of about the same length, between words only. Some are empty when the text is short.
fn pieces(text: &str, count: usize) -> Vec<&str> {
    let mut pieces = Vec::with_capacity(count);
    let mut rest = text;
    for left in (1..=count).rev() {
        let aim = rest.len() / left;
        let cut = cut_after(rest, aim);
        let (piece, tail) = rest.split_at(if left == 1 { rest.len() } else { cut });
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// The place of the first white space from `aim` on; the text's end where there is none.
fn cut_after(text: &str, aim: usize) -> usize {
    let from = (aim..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text[from..].find(char::is_whitespace).map_or(text.len(), |at| from + at)
}
