//! Calls in words.

use std::time::Duration;

use crate::image_origin::ImageOrigin;
use crate::journal::{LoadSteps, Outcome, Record, RecordKind};
use crate::runtime::LogLevel;
use crate::shell::reply::{Role, one_line};
use crate::shell::units::{show_bytes, show_duration};

/// `2:cart.total`; of a request to the host `host.var_get total`; of a load `load 2:cart (compiled)`, or `load` with
/// the source of one that failed.
pub fn call_text(record: &Record) -> String {
    if record.kind == RecordKind::Load {
        let steps = record.load();
        let image = steps.and_then(|steps| steps.image).map(|image| format!(" ({})", image_text(image)));
        let source = steps.map(|steps| one_line(&steps.source).into_owned());
        let what = if record.callee == 0 { source.unwrap_or_default() } else { record.callee_label() };
        return format!("load {what}{}", image.unwrap_or_default());
    }
    if let Some(detail) = record.detail() {
        return format!("{}.{} {}", record.callee_label(), record.function, one_line(detail));
    }
    format!("{}.{}", record.callee_label(), record.function)
}

/// Where an image came from.
pub fn image_text(image: ImageOrigin) -> &'static str {
    match image {
        ImageOrigin::Compiled => "compiled",
        ImageOrigin::Memory => "memory cache",
        ImageOrigin::Disk => "disk cache",
        ImageOrigin::Stubs => "made of stubs",
    }
}

/// `look-up 1.2ms, image 30ms (compiled), instance 90µs, start 0ns`.
pub fn steps_text(steps: &LoadSteps) -> String {
    let image = steps.image.map(|image| format!(" ({})", image_text(image))).unwrap_or_default();
    let step = |(name, took_ns): (&str, u64)| {
        let image = if name == "image" { image.as_str() } else { "" };
        format!("{name} {}{image}", show_duration(Duration::from_nanos(took_ns)))
    };
    steps.times_ns().map(step).join(", ")
}

/// ` (stub)` when a hook changed the call.
pub fn changed_text(record: &Record) -> String {
    record.changed_by.as_str().map(|by| format!(" ({by})")).unwrap_or_default()
}

/// A call's time at breakpoints; empty where there is none.
pub fn held_text(held_ns: u64) -> String {
    if held_ns > 0 { show_duration(Duration::from_nanos(held_ns)) } else { String::new() }
}

/// The role of a log line's level.
pub fn log_role(level: LogLevel) -> Role {
    match level {
        LogLevel::Error => Role::Bad,
        LogLevel::Warn => Role::Warn,
        LogLevel::Info => Role::Good,
        LogLevel::Debug | LogLevel::Trace | LogLevel::Off => Role::Dim,
    }
}

/// The linear memory that a call added; empty where there is none.
pub fn grew_text(grew_bytes: u64) -> String {
    if grew_bytes > 0 { show_bytes(grew_bytes) } else { String::new() }
}

/// Units of fuel, exactly; empty where they were not counted.
pub fn fuel_text(fuel: Option<u64>) -> String {
    fuel.map(|fuel| fuel.to_string()).unwrap_or_default()
}

/// `, held 3s, grew 64K, fuel 1200`: the figures behind a call's time, as far as it has them.
pub fn costs_text(record: &Record) -> String {
    let costs = [
        ("held", held_text(record.held_ns)),
        ("grew", grew_text(record.grew.bytes().unwrap_or(0))),
        ("fuel", fuel_text(record.counted_fuel())),
    ];
    costs.iter().filter(|(_, text)| !text.is_empty()).map(|(what, text)| format!(", {what} {text}")).collect()
}

/// The role of an outcome.
pub fn outcome_role(outcome: Outcome) -> Role {
    match outcome {
        Outcome::Ok => Role::Good,
        Outcome::Running | Outcome::Held => Role::Warn,
        _ => Role::Bad,
    }
}
