//! pprof's format: gzipped protocol buffers, of which the few messages are written here.
//!
//! The schema is pprof's `profile.proto`; the numbers of its fields stand beside their names.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::UNIX_EPOCH;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::samples::{FrameKind, Profile, ProfileFrame};
use super::strings::Strings;

/// Writes a profile with two values a sample: its count, and the time that it stands for.
///
/// # Errors
/// `out` cannot be written.
pub fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let mut gzip = GzEncoder::new(out, Compression::default());
    gzip.write_all(&message(profile))?;
    gzip.finish().map(|_| ())
}

fn message(profile: &Profile) -> Vec<u8> {
    let mut strings = Strings::default();
    strings.number("");
    let count = value_type(&mut strings, "samples", "count");
    let time = value_type(&mut strings, "wall", "nanoseconds");
    let mut out = Message::default();
    out.message(1, &count); // sample_type
    out.message(1, &time);
    for stack in &profile.stacks {
        let mut sample = Message::default();
        // location_id, the innermost first; 0 is no id.
        let locations = stack.frames.iter().rev().map(|frame| u64::from(*frame) + 1);
        sample.packed(1, locations);
        sample.packed(2, [stack.samples, stack.samples.saturating_mul(profile.sample_ns())].into_iter()); // value
        out.message(2, &sample);
    }
    let mut functions = Functions::default();
    for (frame, id) in profile.frames.iter().zip(1..) {
        let function = functions.id(frame, &mut strings);
        let mut line = Message::default();
        line.number(1, function); // function_id
        line.number(2, u64::from(frame.line.unwrap_or(0))); // line
        let mut location = Message::default();
        location.number(1, id); // id
        location.message(4, &line); // line
        out.message(4, &location);
    }
    out.bytes.extend(functions.messages.bytes);
    let started_ns = profile.started_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    out.number(9, started_ns); // time_nanos
    out.number(10, profile.duration.as_nanos() as u64); // duration_nanos
    out.message(11, &time); // period_type
    out.number(12, profile.sample_ns()); // period
    strings.all.iter().for_each(|text| out.text(6, text)); // string_table
    out.bytes
}

fn value_type(strings: &mut Strings, name: &str, unit: &str) -> Message {
    let mut message = Message::default();
    message.number(1, strings.number(name) as u64); // type
    message.number(2, strings.number(unit) as u64); // unit
    message
}

/// Functions by name, plugin and file, each once.
#[derive(Default)]
struct Functions {
    known: HashMap<(usize, usize), u64>,
    messages: Message,
}

impl Functions {
    fn id(&mut self, frame: &ProfileFrame, strings: &mut Strings) -> u64 {
        // pprof adds up by name: functions of two plugins must not have one.
        let name = match frame.kind {
            FrameKind::Call => frame.name(),
            _ => format!("{}: {}", frame.plugin, frame.function),
        };
        let key = (strings.number(&name), strings.number(frame.file.as_deref().unwrap_or_default()));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let id = self.known.len() as u64 + 1;
        let mut function = Message::default();
        function.number(1, id); // id
        function.number(2, key.0 as u64); // name
        function.number(3, strings.number(&frame.function) as u64); // system_name
        function.number(4, key.1 as u64); // filename
        self.messages.message(5, &function);
        self.known.insert(key, id);
        id
    }
}

/// A protocol buffer that is being written.
#[derive(Default)]
struct Message {
    bytes: Vec<u8>,
}

const VARINT: u64 = 0;
const LENGTH: u64 = 2;

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn number(&mut self, field: u64, value: u64) {
        if value != 0 {
            self.varint(field << 3 | VARINT);
            self.varint(value);
        }
    }

    fn data(&mut self, field: u64, data: &[u8]) {
        self.varint(field << 3 | LENGTH);
        self.varint(data.len() as u64);
        self.bytes.extend_from_slice(data);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.data(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: &Message) {
        self.data(field, &message.bytes);
    }

    fn packed(&mut self, field: u64, values: impl Iterator<Item = u64>) {
        let mut packed = Message::default();
        values.for_each(|value| packed.varint(value));
        self.message(field, &packed);
    }
}
