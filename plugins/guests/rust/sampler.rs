//! Tries all that the guest crate and extism-pdk have: a function for each part of it.

use extism_pdk::{config, http, log, plugin_fn, var, Error, FnResult, HttpRequest, Json, LogLevel, ToBytes};
use extism_pdk::{FromBytes, WithReturnCode};
use plugsh_guest::bulk::{self, Bulk};
use plugsh_guest::Plugin;
use serde::{Deserialize, Serialize};

plugsh_guest::report_panics!();

#[derive(Serialize, ToBytes)]
#[encoding(Json)]
struct Vowels {
    count: usize,
    total: usize,
    vowels: &'static str,
}

/// Counts the vowels of its input; `total` adds up in a variable.
#[plugin_fn]
pub fn count_vowels(text: String) -> FnResult<Vowels> {
    let vowels = "aeiouAEIOU";
    let count = text.chars().filter(|c| vowels.contains(*c)).count();
    let before = var::get::<String>("total")?.map(|total| total.parse::<usize>()).transpose()?;
    let total = before.unwrap_or(0) + count;
    var::set("total", total.to_string())?;
    Ok(Vowels { count, total, vowels })
}

/// Removes the variable.
#[plugin_fn]
pub fn forget() -> FnResult<()> {
    Ok(var::remove("total")?)
}

/// Its input in upper case, by the plugin `text`, which it starts and ends.
#[plugin_fn]
pub fn shout(text: String) -> FnResult<String> {
    let upper = Plugin::register("text")?;
    let loud: String = upper.call("upper", text)?;
    upper.free();
    Ok(loud + "!")
}

/// PLUGIN FUNCTION INPUT: starts the plugin and calls it, and tells of a failure.
#[plugin_fn]
pub fn guarded(line: String) -> FnResult<String> {
    let mut words = line.splitn(3, ' ');
    let (Some(plugin), Some(function), Some(input)) = (words.next(), words.next(), words.next()) else {
        return Err(Error::msg("expected PLUGIN FUNCTION INPUT").into());
    };
    let process = Plugin::register(plugin)?;
    let outcome = process.try_call::<String>(function, input);
    process.free();
    Ok(match outcome {
        Ok(output) => format!("ok: {output}"),
        Err(error) => format!("failed: {error}"),
    })
}

#[derive(Deserialize, FromBytes)]
#[encoding(Json)]
struct Counted {
    count: u64,
}

/// The vowels of its input's words, each counted by a child of its own, side by side; and how a call that fails beside
/// them has ended.
#[plugin_fn]
pub fn side_by_side(text: String) -> FnResult<String> {
    let failing = Plugin::register("misbehave")?;
    let failure = failing.start("error", "bang")?;
    let mut counts = Vec::new();
    for word in text.split(' ') {
        let counter = Plugin::register("count_vowels")?;
        let pending = counter.start("count_vowels", word)?;
        counts.push((counter, pending));
    }
    let mut sum = 0;
    for (counter, pending) in counts {
        sum += pending.join::<Counted>()?.count;
        counter.free();
    }
    while !failure.has_ended() {}
    let outcome = failure.try_join::<String>();
    failing.free();
    Ok(match outcome {
        Ok(output) => format!("{sum} vowels; ok: {output}"),
        Err(error) => format!("{sum} vowels; failed: {error}"),
    })
}

#[derive(Serialize, ToBytes)]
#[encoding(Json)]
struct Size {
    depth: u32,
    fanout: u32,
    work: u32,
}

#[derive(Deserialize, FromBytes)]
#[encoding(Json)]
struct Counts {
    nodes: u64,
}

/// The nodes of a binary tree of the depth, as the plugin `tree` counts them: a typed call.
#[plugin_fn]
pub fn nodes(depth: String) -> FnResult<String> {
    let tree = Plugin::register("tree")?;
    let counts: Counts = tree.call("run", Size { depth: depth.parse()?, fanout: 2, work: 0 })?;
    tree.free();
    Ok(counts.nodes.to_string())
}

#[derive(Serialize, ToBytes)]
#[encoding(Json)]
struct Family {
    id: u64,
    parent: u64,
    found: u64,
}

/// Its own id, its parent's, and that of the process that the input names; 0 is none, or the shell.
#[plugin_fn]
pub fn family(name: String) -> FnResult<Family> {
    let id = |plugin: Option<Plugin>| plugin.map_or(0, |plugin| plugin.id());
    Ok(Family { id: id(Plugin::current()), parent: id(Plugin::parent()), found: id(Plugin::find(name)) })
}

/// Greets whom the configuration names, and logs that at every level.
#[plugin_fn]
pub fn greet() -> FnResult<String> {
    let who = config::get("who")?.unwrap_or_else(|| "nobody".to_owned());
    log!(LogLevel::Trace, "greets {who}");
    log!(LogLevel::Debug, "greets {who}");
    log!(LogLevel::Info, "greets {who}");
    log!(LogLevel::Warn, "greets {who}");
    log!(LogLevel::Error, "greets {who}");
    Ok(format!("hello {who}"))
}

/// Posts `ping` to the URL; status, header `x-answer` and body of the answer.
#[plugin_fn]
pub fn fetch(url: String) -> FnResult<String> {
    let request = HttpRequest::new(url).with_method("POST").with_header("x-from", "a \"sampler\"");
    let response = http::request(&request, Some("ping"))?;
    let answer = response.header("x-answer").unwrap_or_default();
    Ok(format!("{} {answer} {}", response.status_code(), String::from_utf8_lossy(&response.body())))
}

/// Its input.
#[plugin_fn]
pub fn echo() -> FnResult<Bulk<Vec<u8>>> {
    Ok(Bulk(bulk::input()))
}

/// Fails with its input as the message.
#[plugin_fn]
pub fn fail(message: String) -> FnResult<()> {
    Err(WithReturnCode::new(Error::msg(message), 1))
}

/// Panics, which traps.
#[plugin_fn]
pub fn crash(currency: String) -> FnResult<()> {
    panic!("no rate for `{currency}`")
}
