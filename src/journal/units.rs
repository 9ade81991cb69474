//! Durations and sizes as people write them: `300ms`, `1m30s`, `64k`, `10M`. And as diagrams show them.

use crate::text::shown;

/// What a bare number is.
const MILLISECOND_NS: u64 = 1_000_000;

const DURATION_UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", MILLISECOND_NS),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

const SIZE_UNITS: [(&str, u64); 5] = [("", 1), ("b", 1), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30)];

/// Reads a duration into nanoseconds: a number, decimals allowed, with `ns us µs ms s m h`, or several such parts
/// (`1m30s`, `1m 30s`); a bare number is milliseconds. The error is one line.
pub fn parse_duration_ns(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let value = if unit.is_empty() { scaled(number, MILLISECOND_NS) } else { duration_parts(text) };
    value.ok_or_else(|| format!("`{}` is no duration; write `300ms`, `2s` or milliseconds", shown(text)))
}

/// The sum of the parts: each a number and its unit, blanks only between the parts.
fn duration_parts(text: &str) -> Option<u64> {
    let mut sum_ns: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, from_unit) = split(rest);
        let unit_end = from_unit.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(from_unit.len());
        let (unit, after) = from_unit.split_at(unit_end);
        let (_, scale) = DURATION_UNITS.iter().find(|(name, _)| *name == unit)?;
        sum_ns = sum_ns.checked_add(scaled(number, *scale)?)?;
        rest = after.trim_start_matches(' ');
    }
    Some(sum_ns)
}

/// Reads a size into bytes: a number, decimals allowed, with `k M G` (of 1024, in either case, `B` or `iB` may follow).
/// The error is one line.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit = unit.to_ascii_lowercase();
    let short = unit.strip_suffix("ib").or(unit.strip_suffix('b')).unwrap_or(&unit);
    let scale = SIZE_UNITS.iter().find(|(name, _)| *name == short).map(|(_, scale)| *scale);
    let value = scale.and_then(|scale| scaled(number, scale));
    value.ok_or_else(|| format!("`{}` is no size; write bytes, `64k`, `10M` or `1G`", shown(text)))
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.split_at(end)
}

/// A decimal number times `scale`, what is below one cut off; `None` when it is no number or too large.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    // More digits than this are below one of any unit.
    let fraction = fraction.get(..fraction.len().min(15))?;
    let below = u128::from(fraction.parse::<u64>().ok()?) * u128::from(scale) / 10u128.pow(fraction.len() as u32);
    whole.checked_mul(scale)?.checked_add(u64::try_from(below).ok()?)
}

/// A duration in three digits: `874 ns`, `12.3 µs`, `4.56 ms`, `7.89 s`, `12 min`.
pub fn show_duration_ns(ns: u64) -> String {
    let ns = ns as f64;
    if ns < 999.5 {
        format!("{ns} ns")
    } else if ns < 999_500.0 {
        format!("{} µs", three_digits(ns / 1e3))
    } else if ns < 999_500_000.0 {
        format!("{} ms", three_digits(ns / 1e6))
    } else if ns < 120e9 {
        format!("{} s", three_digits(ns / 1e9))
    } else {
        format!("{} min", three_digits(ns / 60e9))
    }
}

/// A size in three digits: `512 B`, `1.50 KiB`, `64.0 MiB`.
pub fn show_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 1023.5 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{} {unit}", three_digits(value))
}

fn three_digits(value: f64) -> String {
    let decimals = if value < 9.995 {
        2
    } else if value < 99.95 {
        1
    } else {
        0
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_a_bare_number_is_milliseconds() {
        assert_eq!(parse_duration_ns("300ms"), Ok(300_000_000));
        assert_eq!(parse_duration_ns("2s"), Ok(2_000_000_000));
        assert_eq!(parse_duration_ns("5us"), Ok(5_000));
        assert_eq!(parse_duration_ns("5µs"), Ok(5_000));
        assert_eq!(parse_duration_ns("1.5"), Ok(1_500_000));
        assert_eq!(parse_duration_ns("0.0000000000000000000001h"), Ok(0));
        assert_eq!(parse_duration_ns("1h"), Ok(3_600_000_000_000));
        for text in ["1m30s", "1m 30s", "1.5min", "90s", "90000"] {
            assert_eq!(parse_duration_ns(text), Ok(90_000_000_000), "{text}");
        }
        for wrong in ["", "ms", "-1s", "1.2.3s", "5 s", ".5s", "5.", "99999999999h", "1e3", "2S", "1m30", "1s ago"] {
            assert!(parse_duration_ns(wrong).is_err(), "`{wrong}` was read as a duration");
        }
        assert_eq!(parse_duration_ns("5 s").unwrap_err(), "`5 s` is no duration; write `300ms`, `2s` or milliseconds");
    }

    #[test]
    fn sizes_have_units_of_1024() {
        assert_eq!(parse_size("512"), Ok(512));
        assert_eq!(parse_size("64k"), Ok(65_536));
        assert_eq!(parse_size("10M"), Ok(10 << 20));
        assert_eq!(parse_size("1.5KiB"), Ok(1536));
        assert_eq!(parse_size("2GB"), Ok(2 << 30));
        assert_eq!(parse_size("7B"), Ok(7));
        for wrong in ["", "k", "-1", "1kk", "1ib2", "99999999999999999999", "1x"] {
            assert!(parse_size(wrong).is_err(), "`{wrong}` was read as a size");
        }
    }

    #[test]
    fn what_is_shown_has_three_digits() {
        let shown = [0, 874, 999, 1_000, 12_345, 999_499, 999_999, 4_560_000, 7_890_000_000, 600_000_000_000];
        assert_eq!(
            shown.map(show_duration_ns).join(", "),
            "0 ns, 874 ns, 999 ns, 1.00 µs, 12.3 µs, 999 µs, 1.00 ms, 4.56 ms, 7.89 s, 10.0 min"
        );
        let shown = [0, 1023, 1024, 1536, 64 << 20, (1 << 20) - 1, u64::MAX];
        assert_eq!(shown.map(show_size).join(", "), "0 B, 1023 B, 1.00 KiB, 1.50 KiB, 64.0 MiB, 1.00 MiB, 16.0 EiB");
    }
}
