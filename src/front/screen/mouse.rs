//! The mouse: the times at which its reports are asked for, and their meaning.
//!
//! Reports are asked for while the pane has the keys, so that at the prompt the mouse selects text as ever. They come
//! in the SGR form, `CSI < BUTTON ; COLUMN ; ROW M`, with `m` in place of `M` when a button is released.

use std::time::{Duration, Instant};

use super::scene::{Mouse, MouseAction};
use super::tty;

const CAPTURE: &str = "\x1b[?1000h\x1b[?1006h";
/// Ends the reports.
pub const RELEASE: &str = "\x1b[?1006l\x1b[?1000l";
/// Time for which late reports may arrive after the mouse was released.
const LATE_MAX: Duration = Duration::from_secs(2);
/// The longest report after `CSI <`.
const REPORT_BYTES_MAX: usize = 20;

/// Whether the terminal reports the mouse.
#[derive(Debug, Default)]
pub struct MouseCapture {
    /// Switched off by the user.
    pub(super) off: bool,
    captured: bool,
    released_at: Option<Instant>,
}

impl MouseCapture {
    /// Whether a report may come.
    pub(super) fn may_report(&self) -> bool {
        self.captured || self.released_at.is_some_and(|at| at.elapsed() < LATE_MAX)
    }

    /// Asks for reports, or ends them.
    pub(super) fn set(&mut self, captured: bool) {
        if self.captured != captured {
            let _ = tty::write(if captured { CAPTURE } else { RELEASE }.as_bytes());
            self.released_at = (!captured).then(Instant::now);
            self.captured = captured;
        }
    }

    /// Ends the reports.
    pub(super) fn release(&mut self) {
        self.set(false);
    }

    /// The terminal may have forgotten the request for reports.
    pub(super) fn forget(&mut self) {
        self.captured = false;
    }
}

/// Reads the report after `CSI <`, the final letter included. `None` for what has no meaning in the pane: releases,
/// other buttons, movements.
pub fn parse(report: &str) -> Option<Mouse> {
    /// Shift, Alt and Ctrl.
    const MODIFIERS: u16 = 0b1_1100;
    let mut numbers = report.strip_suffix('M')?.split(';').map(|number| number.parse::<u16>().ok());
    let (button, col, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let action = match button & !MODIFIERS {
        0 => MouseAction::Press,
        64 => MouseAction::WheelUp,
        65 => MouseAction::WheelDown,
        _ => return None,
    };
    Some(Mouse { action, col: col.checked_sub(1)?, row: row.checked_sub(1)? })
}

/// A report that rustyline reads as separate characters: it knows no mouse.
#[derive(Debug, Default)]
pub struct SplitReport {
    read: Option<String>,
}

/// Part of a report that a character is.
#[derive(Debug, PartialEq, Eq)]
pub enum ReportPart {
    /// The character is not part of the report.
    None,
    /// The character continues the report.
    Some,
    /// The character ends the report; `None` for a report without a meaning in the pane.
    Last(Option<Mouse>),
}

impl SplitReport {
    /// A sequence came that rustyline does not know, as a report begins with.
    pub fn begin(&mut self) {
        self.read = Some(String::new());
    }

    /// Takes a character that follows. `repeats` is a number that rustyline's vi mode has read before it.
    pub fn take(&mut self, c: char, repeats: usize) -> ReportPart {
        let Some(read) = &mut self.read else { return ReportPart::None };
        if repeats != 1 || (!c.is_ascii_digit() && (read.is_empty() || read.ends_with(';'))) {
            read.push_str(&repeats.to_string());
        }
        read.push(c);
        match c {
            '0'..='9' | ';' if read.len() < REPORT_BYTES_MAX => ReportPart::Some,
            'M' | 'm' => {
                let mouse = parse(read);
                self.read = None;
                ReportPart::Last(mouse)
            }
            _ => {
                self.read = None;
                ReportPart::None
            }
        }
    }

    /// Another key came.
    pub fn end(&mut self) {
        self.read = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presses_and_wheels_have_a_meaning() {
        let at = |action| Some(Mouse { action, col: 9, row: 4 });
        assert_eq!(parse("0;10;5M"), at(MouseAction::Press));
        assert_eq!(parse("16;10;5M"), at(MouseAction::Press), "with Ctrl");
        assert_eq!(parse("64;10;5M"), at(MouseAction::WheelUp));
        assert_eq!(parse("65;10;5M"), at(MouseAction::WheelDown));
        for report in ["0;10;5m", "2;10;5M", "35;10;5M", "66;1;1M", "0;0;5M", "0;10M", "x;1;1M", "99999;1;1M", "M", ""]
        {
            assert_eq!(parse(report), None, "{report}");
        }
    }

    #[test]
    fn a_report_in_pieces_is_put_together() {
        let read = |text: &str| {
            let mut report = SplitReport::default();
            report.begin();
            text.chars().map(|c| report.take(c, 1)).collect::<Vec<_>>()
        };
        let press = Mouse { action: MouseAction::Press, col: 11, row: 4 };
        assert_eq!(read("0;12;5M").pop(), Some(ReportPart::Last(Some(press))));
        assert_eq!(read("0;12;5m").pop(), Some(ReportPart::Last(None)));
        assert_eq!(read("j"), [ReportPart::None], "a key after another sequence");
        assert_eq!(read(&"1".repeat(30)).pop(), Some(ReportPart::None), "a number without end");
        let mut report = SplitReport::default();
        assert_eq!(report.take('0', 1), ReportPart::None, "no report has begun");
    }

    #[test]
    fn numbers_that_vi_mode_takes_for_counts_are_not_lost() {
        let mut report = SplitReport::default();
        report.begin();
        let parts = [('0', 1), (';', 1), (';', 12), ('M', 5)].map(|(c, repeats)| report.take(c, repeats));
        assert_eq!(parts[3], ReportPart::Last(Some(Mouse { action: MouseAction::Press, col: 11, row: 4 })));
    }
}
