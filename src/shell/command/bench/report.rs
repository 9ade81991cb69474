//! The report of `bench`: figures as a table, comparison as a line, spread as a histogram; or everything as JSON.

use serde::{Serialize, Serializer};

use super::figures::{Bar, Comparison, Figures, Measured, Ratio, bars};
use crate::kernel::BenchWork;
use crate::shell::listing::{self, Column};
use crate::shell::reply::{Line, Reply, Role, cell, plain};
use crate::shell::units::{show_bytes, show_size};

/// Width of the longest bar of a histogram, in columns.
const BAR_COLUMNS: usize = 40;
/// Least number of samples for a histogram.
const SAMPLES_DRAWN_MIN: usize = 20;
/// Block characters for eighths of a column.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The reply of `bench` for all comparisons.
pub fn replies(comparisons: &[Comparison], json: bool) -> Vec<Reply> {
    if json {
        let ratios = comparisons.iter().filter_map(JsonRatio::of).collect();
        return vec![Reply::json(&BenchJson { rows: rows(comparisons).collect(), ratios })];
    }
    let rows: Vec<SubjectRow> = rows(comparisons).collect();
    let lines: Vec<Line> = comparisons.iter().flat_map(lines).collect();
    vec![Reply::Table(listing::table(&rows, &columns())), Reply::Lines(lines)]
}

fn rows(comparisons: &[Comparison]) -> impl Iterator<Item = SubjectRow<'_>> {
    let measured = comparisons.iter().flat_map(|comparison| &comparison.measured);
    measured.map(|measured| SubjectRow { measured, figures: measured.figures() })
}

/// A measured subject and its figures.
struct SubjectRow<'a> {
    measured: &'a Measured,
    figures: Figures,
}

fn columns<'a>() -> [Column<SubjectRow<'a>>; 11] {
    [
        Column::left("measured", |row: &SubjectRow| cell(Role::Name, title(row.measured))),
        Column::left("how", |row: &SubjectRow| plain(row.measured.subject.variant.clone())),
        Column::right("calls", |row: &SubjectRow| plain(show_count(row.figures.calls as f64))).importance(3),
        Column::right("min", |row: &SubjectRow| plain(show_ns(row.figures.min_ns))).importance(4),
        Column::right("p50", |row: &SubjectRow| plain(show_ns(row.figures.p50_ns))).importance(6),
        Column::right("p90", |row: &SubjectRow| plain(show_ns(row.figures.p90_ns))).importance(2),
        Column::right("p99", |row: &SubjectRow| plain(show_ns(row.figures.p99_ns))).importance(5),
        Column::right("max", |row: &SubjectRow| cell(Role::Dim, show_ns(row.figures.max_ns))).importance(1),
        Column::right("median", |row: &SubjectRow| cell(Role::Strong, show_ns(row.figures.round_median_ns))),
        Column::right("calls/s", |row: &SubjectRow| plain(show_count(row.figures.calls_per_second))).importance(8),
        Column::right("bytes/s", |row: &SubjectRow| match row.figures.bytes_per_second {
            rate if rate < 1.0 => plain(""),
            rate => plain(show_bytes(rate as u64)),
        })
        .importance(7),
    ]
}

fn title(measured: &Measured) -> String {
    // A start without a call has no input.
    if measured.subject.bytes_in == 0
        && matches!(measured.subject.works.first(), Some(BenchWork::Spawns { first_call: None, .. }))
    {
        return measured.subject.name.clone();
    }
    format!("{}, {}", measured.subject.name, show_size(measured.subject.bytes_in))
}

fn lines(comparison: &Comparison) -> Vec<Line> {
    let mut lines = Vec::new();
    if let (Some(ratio), [first, second, ..]) = (comparison.ratio(), comparison.measured.as_slice()) {
        let (rounds, one, other) = (first.rounds.len(), label(first, second), label(second, first));
        let line = Line::new()
            .plain(format!("{one} is "))
            .with(Role::Strong, format!("{} times", show_ratio(ratio.median)))
            .plain(format!(" as fast as {other}"))
            .with(
                Role::Dim,
                format!(
                    " (median of {rounds} rounds, of {} to {}; by the fastest rounds {})",
                    show_ratio(ratio.min),
                    show_ratio(ratio.max),
                    show_ratio(ratio.of_fastest)
                ),
            );
        lines.push(line);
    }
    for measured in comparison.measured.iter().filter(|measured| measured.samples_ns.len() >= SAMPLES_DRAWN_MIN) {
        let heading = Line::new()
            .with(Role::Strong, title(measured))
            .with(Role::Dim, format!(", {}: {}", measured.subject.variant, spread(measured)));
        lines.push(heading);
        lines.extend(histogram(&bars(measured)));
    }
    lines
}

/// The label of a subject: its variant, or its name where both variants are equal.
fn label(one: &Measured, other: &Measured) -> String {
    match one.subject.variant == other.subject.variant {
        true => one.subject.name.clone(),
        false => one.subject.variant.clone(),
    }
}

fn spread(measured: &Measured) -> String {
    let samples = show_count(measured.samples_ns.len() as f64);
    match measured.subject.calls_each {
        1 => format!("{samples} calls, each timed by itself"),
        each => format!("{samples} times the mean of {each} calls"),
    }
}

fn histogram(bars: &[Bar]) -> Vec<Line> {
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
    let line = |bar: &Bar| {
        let eighths = (bar.count * BAR_COLUMNS * EIGHTHS.len()).div_ceil(most);
        let mut drawn = "█".repeat(eighths / EIGHTHS.len());
        if let Some(part) = EIGHTHS.get(eighths % EIGHTHS.len()).filter(|part| **part != ' ') {
            drawn.push(*part);
        }
        Line::new()
            .with(Role::Dim, format!("{:>8} … {:>8}  ", show_ns(bar.from_ns), show_ns(bar.to_ns)))
            .with(Role::Good, drawn)
            .with(Role::Dim, format!(" {}", bar.count))
    };
    bars.iter().map(line).collect()
}

/// The report as JSON, for `--json`.
#[derive(Serialize)]
struct BenchJson<'a> {
    rows: Vec<SubjectRow<'a>>,
    ratios: Vec<JsonRatio<'a>>,
}

impl Serialize for SubjectRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct JsonRow<'a> {
            name: &'a str,
            variant: &'a str,
            calls: u64,
            rounds: usize,
            calls_per_sample: u64,
            #[serde(flatten)]
            figures: &'a Figures,
            histogram: Vec<Bar>,
        }
        JsonRow {
            name: &self.measured.subject.name,
            variant: &self.measured.subject.variant,
            calls: self.figures.calls,
            rounds: self.measured.rounds.len(),
            calls_per_sample: self.measured.subject.calls_each,
            figures: &self.figures,
            histogram: bars(self.measured),
        }
        .serialize(serializer)
    }
}

/// The comparison line: how much faster one subject is than the other.
#[derive(Serialize)]
struct JsonRatio<'a> {
    name: &'a str,
    variant: &'a str,
    against: &'a str,
    against_name: &'a str,
    bytes_in: u64,
    #[serde(flatten)]
    ratio: Ratio,
}

impl JsonRatio<'_> {
    fn of(comparison: &Comparison) -> Option<JsonRatio<'_>> {
        let [first, second, ..] = comparison.measured.as_slice() else { return None };
        let (first, second) = (&first.subject, &second.subject);
        Some(JsonRatio {
            name: &first.name,
            variant: &first.variant,
            against: &second.variant,
            against_name: &second.name,
            bytes_in: first.bytes_in,
            ratio: comparison.ratio()?,
        })
    }
}

/// Nanoseconds with three significant digits and a unit: `312ns`, `4.05µs`, `1.2ms`.
pub fn show_ns(ns: f64) -> String {
    let (number, unit) = match ns {
        ns if ns < 999.5 => (ns, "ns"),
        ns if ns < 999_500.0 => (ns / 1e3, "µs"),
        ns if ns < 999_500_000.0 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    let decimals = match number {
        _ if unit == "ns" => 0,
        number if number < 9.995 => 2,
        number if number < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}{unit}")
}

/// A ratio, rounded to the decimals that its size warrants.
pub fn show_ratio(ratio: f64) -> String {
    if ratio < 9.95 { format!("{ratio:.2}") } else { format!("{ratio:.1}") }
}

/// A count, abbreviated: `950`, `12.3k`, `2.45M`.
pub fn show_count(count: f64) -> String {
    match count {
        count if count < 9_999.5 => format!("{count:.0}"),
        count if count < 999_500.0 => format!("{:.1}k", count / 1e3),
        count if count < 9.995e9 => format!("{:.2}M", count / 1e6),
        count => format!("{:.1}G", count / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let shown = [0.0, 312.4, 999.7, 4_050.0, 12_345.0, 123_456.0, 1_234_567.0, 2.5e9].map(show_ns);
        assert_eq!(shown, ["0ns", "312ns", "1.00µs", "4.05µs", "12.3µs", "123µs", "1.23ms", "2.50s"]);
        assert_eq!([950.0, 12_345.0, 2_450_000.0].map(show_count), ["950", "12.3k", "2.45M"]);
    }

    #[test]
    fn the_longest_bar_is_whole_and_no_count_is_lost_to_sight() {
        let bar = |count| Bar { from_ns: 100.0, to_ns: 200.0, count };
        let drawn: Vec<String> = histogram(&[bar(1_000_000), bar(1), bar(0)]).iter().map(Line::to_string).collect();
        assert_eq!(drawn[0], format!("   100ns …    200ns  {} 1000000", "█".repeat(BAR_COLUMNS)));
        assert_eq!(drawn[1], "   100ns …    200ns  ▏ 1");
        assert_eq!(drawn[2], "   100ns …    200ns   0");
    }
}
