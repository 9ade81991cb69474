//! Starts, crashes and ends of processes between the calls, in their place in time. They are no rows that can be
//! selected.

use std::collections::HashSet;

use ratatui::text::Span;

use crate::journal::{Record, RecordKind};
use crate::kernel::{LifeChange, LifeEvent};
use crate::shell::words::SHELL;

use super::cells::{trusted, untrusted};
use super::theme;
use crate::runtime::Worded;

/// A line of the view of calls.
#[derive(Debug, Clone, Copy)]
pub enum LifeRow<'a> {
    /// A call with its index in the list.
    Call(usize, &'a Record),
    Life(&'a LifeEvent),
}

/// The lines of at most `page` rows from the call `top` on, so that the call `selected` is among them. Events before
/// the first call of the list are shown with it where the list has none before. A start whose load is in the list is no
/// line of its own.
pub fn lines<'a>(
    calls: &'a [Record],
    events: &'a [LifeEvent],
    top: usize,
    page: usize,
    selected: Option<usize>,
) -> Vec<LifeRow<'a>> {
    let since_ns = if top == 0 { 0 } else { calls.get(top).map_or(0, |call| call.at_ns) };
    let until_ns = calls.get(top + page).map_or(u64::MAX, |call| call.at_ns);
    let between = |event: &&LifeEvent| (since_ns..until_ns).contains(&event.at_ns);
    let loaded: HashSet<u32> =
        calls.iter().filter(|record| record.kind == RecordKind::Load).map(|record| record.callee).collect();
    let is_told =
        |event: &&LifeEvent| matches!(event.change, LifeChange::Started { .. }) && loaded.contains(&event.process);
    let mut events = events.iter().filter(between).filter(|event| !is_told(event)).peekable();
    let mut lines = Vec::new();
    for (index, call) in calls.iter().enumerate().skip(top).take(page) {
        while let Some(event) = events.next_if(|event| event.at_ns < call.at_ns) {
            lines.push(LifeRow::Life(event));
        }
        lines.push(LifeRow::Call(index, call));
    }
    lines.extend(events.map(LifeRow::Life));
    // Text that does not fit is cut at the end, or at the start where the selected call would be out of sight.
    let place = selected.and_then(|selected| {
        lines.iter().position(|line| matches!(line, LifeRow::Call(index, _) if *index == selected))
    });
    let first = match place {
        Some(place) => (place + 1).saturating_sub(page),
        None => lines.len().saturating_sub(page),
    };
    lines.drain(..first);
    lines.truncate(page);
    lines
}

/// An event's text with its glyph.
pub fn spans(event: &LifeEvent) -> Vec<Span<'static>> {
    let (glyph, style) = match &event.change {
        LifeChange::Started { .. } => ("+", theme::GOOD),
        LifeChange::Restarted | LifeChange::Reloaded => ("↻", theme::WAIT),
        LifeChange::Crashed { .. } => ("✗", theme::BAD),
        LifeChange::Ended { .. } => ("†", theme::BAD),
    };
    let label = format!("{}:{}", event.process, event.name.as_str());
    let text = match &event.change {
        LifeChange::Started { parent, parent_name: Some(name) } => format!(" started by {parent}:{}", name.as_str()),
        LifeChange::Started { .. } => " loaded".to_owned(),
        LifeChange::Restarted => " restarted".to_owned(),
        LifeChange::Reloaded => " reloaded".to_owned(),
        LifeChange::Crashed { failure } => format!(" crashed: {}", failure.beside(event.process)),
        LifeChange::Ended { reason } => format!(" ended: {}", reason.words(SHELL)),
    };
    vec![trusted(format!("{glyph} "), style), untrusted(&label, theme::NAME), untrusted(&text, theme::DIM)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::pane::fixture::{call, life};

    fn shown(top: usize, page: usize, selected: Option<usize>) -> Vec<String> {
        let calls: Vec<Record> = [10, 20, 30].map(|seq| call(seq, 1, (0, "shell"), (1, "a"), "f")).into();
        let events = [life(5, LifeChange::Restarted), life(20, LifeChange::Reloaded), life(40, LifeChange::Restarted)];
        let text = |line: &LifeRow| match line {
            LifeRow::Call(index, _) => format!("call {index}"),
            LifeRow::Life(event) => format!("event {}", event.at_ns / 1_000_000),
        };
        lines(&calls, &events, top, page, selected).iter().map(text).collect()
    }

    #[test]
    fn events_stand_in_their_place_in_time() {
        let all = ["event 5", "call 0", "call 1", "event 20", "call 2", "event 40"];
        assert_eq!(shown(0, 9, None), all);
        assert_eq!(shown(0, 4, None), all[2..], "the newest are followed");
        assert_eq!(shown(1, 9, Some(2)), all[2..], "what was before the first shown call is not");
        assert_eq!(shown(0, 3, Some(2)), ["call 1", "event 20", "call 2"], "the selected call stays in sight");
        assert_eq!(shown(0, 2, Some(0)), all[..2]);
    }
}
