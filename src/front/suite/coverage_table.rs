//! The lines of plugins that ran, as a table for a terminal: a row a file, with the lines that did not run.

use std::collections::BTreeMap;

use crate::runtime::{CoverageReport, FileCoverage};
use crate::shell::reply::{Line, Role};

/// Most stretches of lines that are named of a file.
const STRETCHES_MAX: usize = 8;
/// Share of the lines from which on a file is good, in percent.
const GOOD_PERCENT: usize = 80;

/// The table's lines.
pub fn lines_of(report: &CoverageReport) -> Vec<Line> {
    let width = report.files.iter().map(|file| file.name.chars().count()).max().unwrap_or(0).max(5);
    let mut lines = Vec::new();
    if !report.files.is_empty() {
        let title = format!("{:width$}  {:>6}  {:>6}  {:>4}  DID NOT RUN", "FILE", "LINES", "RAN", "%");
        lines.push(Line::new().with(Role::Strong, title));
        lines.extend(report.files.iter().map(|file| row_of(file, width)));
        let (all, ran) = report.files.iter().fold((0, 0), |sum, file| (sum.0 + file.lines.len(), sum.1 + file.ran()));
        lines.push(figures_of("TOTAL", all, ran, width));
    }
    if !report.without_lines.is_empty() {
        let names = report.without_lines.join(", ");
        let note = format!("no debug information in {names}: build with it to see lines of them");
        lines.push(Line::new().with(Role::Dim, note));
    }
    lines
}

fn row_of(file: &FileCoverage, width: usize) -> Line {
    let row = figures_of(&file.name, file.lines.len(), file.ran(), width);
    match stretches_of(&file.lines) {
        missing if missing.is_empty() => row,
        missing => row.with(Role::Dim, format!("  {missing}")),
    }
}

fn figures_of(name: &str, all: usize, ran: usize, width: usize) -> Line {
    let percent = (ran * 100).checked_div(all).unwrap_or(100);
    let role = if percent >= GOOD_PERCENT { Role::Good } else { Role::Warn };
    Line::new().plain(format!("{name:width$}  {all:>6}  {ran:>6}  ")).with(role, format!("{percent:>4}"))
}

/// The lines that did not run, as `3-5, 9`. Lines without code between two that did not run are part of a stretch.
fn stretches_of(lines: &BTreeMap<u32, bool>) -> String {
    let mut stretches: Vec<(u32, u32)> = Vec::new();
    let mut is_open = false;
    for (line, ran) in lines {
        match stretches.last_mut() {
            Some(last) if is_open && !ran => last.1 = *line,
            _ if !ran => stretches.push((*line, *line)),
            _ => {}
        }
        is_open = !ran;
    }
    let named = stretches.iter().take(STRETCHES_MAX).map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    let mut named: Vec<String> = named.collect();
    if stretches.len() > STRETCHES_MAX {
        named.push(format!("… {} more", stretches.len() - STRETCHES_MAX));
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stand_in_a_table() {
        let lines = [(3, true), (4, false), (7, false), (8, true), (20, false)];
        let file = |name: &str, lines: BTreeMap<u32, bool>| FileCoverage {
            path: format!("/guests/{name}"),
            name: name.into(),
            lines,
            functions: BTreeMap::new(),
        };
        let report = CoverageReport {
            files: vec![file("src/cart.rs", lines.into()), file("tax.c", [(1, true)].into())],
            without_lines: vec!["front".into()],
        };
        let text: Vec<String> = lines_of(&report).iter().map(Line::to_string).collect();
        assert_eq!(
            text,
            [
                "FILE          LINES     RAN     %  DID NOT RUN",
                "src/cart.rs       5       2    40  4-7, 20",
                "tax.c             1       1   100",
                "TOTAL             6       3    50",
                "no debug information in front: build with it to see lines of them",
            ]
        );
    }
}
