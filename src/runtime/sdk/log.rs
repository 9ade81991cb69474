//! The plugin's log in the stock host. The SDK writes it to `tracing`; here the lines of a running call go up to the
//! caller's log, and everything else that the SDK and its libraries trace goes nowhere.

use std::fmt::{Debug, Write};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::frame;
use crate::runtime::LogLevel;

/// The target of the SDK's traces of plugins' log lines.
const TARGET: &str = "extism::pdk";

/// Takes the process's `tracing` output over, once. Where somebody else has it already, plugins' lines go there.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let _ = tracing::subscriber::set_global_default(PluginLog);
    });
}

struct PluginLog;

impl Subscriber for PluginLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == TARGET
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The levels that are kept differ by process: that is seen to at each line.
        Some(LevelFilter::TRACE)
    }

    fn event(&self, event: &Event<'_>) {
        let Ok(frame) = frame::current() else { return };
        let level = level(*event.metadata().level());
        if level >= frame.up().log_level() {
            let mut message = Message::default();
            event.record(&mut message);
            frame.up().log(level, &message.text);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::TRACE => LogLevel::Trace,
        Level::DEBUG => LogLevel::Debug,
        Level::INFO => LogLevel::Info,
        Level::WARN => LogLevel::Warn,
        Level::ERROR => LogLevel::Error,
    }
}

#[derive(Default)]
struct Message {
    text: String,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a string does not fail.
            let _ = write!(self.text, "{value:?}");
        }
    }
}
