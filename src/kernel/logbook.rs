//! The log of plugins: bounded, and escaped before a line is kept.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Instant;

use super::view::{LogLine, ProcessId, ProcessLabel};
use crate::limits::Limit;
use crate::locks::{Mutex, Rank};
use crate::runtime::{Advice, Explained, LogLevel, Wording};
use crate::text::{LINE_BYTES_MAX, escape_control};

/// Bytes of a line besides its text.
const LINE_OVERHEAD_BYTES: usize = size_of::<LogLine>();

/// The log. One lock, held while lines are added or copied.
pub struct Logbook {
    wording: Wording,
    inner: Mutex<Inner>,
}

/// The writer of a line: a process, and the number and function of its call, where one writes.
pub struct LogWriter {
    pub process: ProcessLabel,
    pub call: Option<(u64, &'static str)>,
}

impl From<ProcessLabel> for LogWriter {
    fn from(process: ProcessLabel) -> Self {
        LogWriter { process, call: None }
    }
}

struct Inner {
    lines: VecDeque<LogLine>,
    bytes: usize,
    bytes_max: usize,
    next_seq: u64,
    level: LogLevel,
    lines_per_second_max: u64,
    /// The current second; `lines_of` counts the lines of each process in it.
    second: u64,
    lines_of: HashMap<ProcessId, u64>,
    started: Instant,
}

impl Logbook {
    /// An empty log of at most `bytes_max` bytes that takes `lines_per_second_max` lines a second from each process.
    pub fn new(bytes_max: usize, lines_per_second_max: u64, wording: Wording) -> Self {
        Logbook {
            wording,
            inner: Mutex::new(
                Rank::Logbook,
                Inner {
                    lines: VecDeque::new(),
                    bytes: 0,
                    bytes_max,
                    next_seq: 1,
                    level: LogLevel::Info,
                    lines_per_second_max,
                    second: 0,
                    lines_of: HashMap::new(),
                    started: Instant::now(),
                },
            ),
        }
    }

    /// The lowest level that is kept.
    pub fn level(&self) -> LogLevel {
        self.inner.lock().level
    }

    /// Keeps lines of this level and above from now on.
    pub fn set_level(&self, level: LogLevel) {
        self.inner.lock().level = level;
    }

    /// Bytes that the kept lines take.
    pub fn bytes(&self) -> usize {
        self.inner.lock().bytes
    }

    /// Adds a plugin's text, line by line. One line per second counts the lines over the rate.
    pub fn add(&self, writer: impl Into<LogWriter>, level: LogLevel, text: &str) {
        let writer = writer.into();
        let mut inner = self.inner.lock();
        if level < inner.level || level == LogLevel::Off {
            return;
        }
        for line in text.split('\n').take(LINE_BYTES_MAX) {
            match inner.admit(writer.process.id) {
                Admission::Yes => inner.push(&writer, level, escape_control(line)),
                Admission::First => {
                    let over = LinesOverRate { lines_max: inner.lines_per_second_max };
                    inner.push(&writer, LogLevel::Warn, format!("({})", over.line(self.wording)));
                }
                Admission::No => break,
            }
        }
    }

    /// Lines after `after_seq`, oldest first, of one process or of all.
    pub fn lines(&self, after_seq: u64, process: Option<ProcessId>) -> Vec<LogLine> {
        let inner = self.inner.lock();
        let first = inner.lines.partition_point(|line| line.seq <= after_seq);
        let of = |line: &&LogLine| process.is_none_or(|id| line.process.id == id);
        inner.lines.range(first..).filter(of).cloned().collect()
    }

    /// The newest `lines_max` lines that match among the newest `look_at_max`, oldest first.
    pub fn newest(&self, lines_max: usize, look_at_max: usize, matches: impl Fn(&LogLine) -> bool) -> Vec<LogLine> {
        let inner = self.inner.lock();
        let matching = inner.lines.iter().rev().take(look_at_max).filter(|line| matches(line));
        let mut lines: Vec<LogLine> = matching.take(lines_max).cloned().collect();
        lines.reverse();
        lines
    }
}

/// A plugin logs faster than it may.
struct LinesOverRate {
    lines_max: u64,
}

impl fmt::Display for LinesOverRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} lines in a second: the rest of this second is not kept", self.lines_max)
    }
}

impl Explained for LinesOverRate {
    fn advice(&self) -> Option<Advice> {
        Some(Advice::Raise(Limit::LogRate))
    }
}

enum Admission {
    Yes,
    /// The first line over the rate in the current second.
    First,
    No,
}

impl Inner {
    fn admit(&mut self, process: ProcessId) -> Admission {
        let second = self.started.elapsed().as_secs();
        if self.second != second {
            self.second = second;
            self.lines_of.clear();
        }
        let lines = self.lines_of.entry(process).or_default();
        *lines += 1;
        match (*lines).cmp(&(self.lines_per_second_max + 1)) {
            std::cmp::Ordering::Less => Admission::Yes,
            std::cmp::Ordering::Equal => Admission::First,
            std::cmp::Ordering::Greater => Admission::No,
        }
    }

    fn push(&mut self, writer: &LogWriter, level: LogLevel, text: String) {
        self.bytes += text.len() + LINE_OVERHEAD_BYTES;
        let (seq, at) = (self.next_seq, self.started.elapsed());
        let (call_seq, function) = writer.call.unzip();
        self.lines.push_back(LogLine { seq, at, process: writer.process.clone(), call_seq, function, level, text });
        self.next_seq += 1;
        while self.bytes > self.bytes_max
            && let Some(old) = self.lines.pop_front()
        {
            self.bytes -= old.text.len() + LINE_OVERHEAD_BYTES;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label() -> ProcessLabel {
        ProcessLabel { id: 1, name: "noisy".into() }
    }

    #[test]
    fn the_book_is_bounded() {
        let book = Logbook::new(10_000, u64::MAX - 1, Wording::default());
        for n in 0..1_000 {
            book.add(label(), LogLevel::Error, &format!("line {n}"));
        }
        let lines = book.lines(0, None);
        assert!(lines.len() < 200, "{} lines kept", lines.len());
        assert_eq!(lines.last().map(|line| line.text.as_str()), Some("line 999"));
        let newest = book.newest(2, 10, |line| line.seq % 2 == 1);
        assert_eq!(newest.iter().map(|line| line.seq).collect::<Vec<_>>(), [997, 999]);
        assert_eq!(book.newest(9, 3, |_| true).len(), 3, "no more is looked at");
    }

    #[test]
    fn who_logged_once_is_not_remembered_for_ever() {
        let book = Logbook::new(1 << 20, 10, Wording::default());
        for id in 1..=100 {
            book.add(ProcessLabel { id, name: "ended".into() }, LogLevel::Error, "still here");
        }
        book.inner.lock().started -= std::time::Duration::from_secs(2);
        book.add(label(), LogLevel::Error, "later");
        assert_eq!(book.inner.lock().lines_of.len(), 1);
    }

    #[test]
    fn a_storm_is_one_line_more() {
        let book = Logbook::new(1 << 20, 10, Wording::default());
        // A single text is added within one second.
        book.add(label(), LogLevel::Error, &"x\n".repeat(100));
        let lines = book.lines(0, None);
        assert!(lines.iter().any(|line| line.text.contains("more than 10 lines in a second")), "{lines:?}");
        assert!(lines.len() <= 22, "{} lines kept", lines.len());
    }
}
