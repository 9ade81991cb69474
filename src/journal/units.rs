//! Durations and sizes as people write them: `300ms`, `1m30s`, `64k`, `10M`. And as they are shown everywhere.

use std::time::Duration;

use crate::text::{counted, plural, quoted};

/// Unit of a bare number.
const MILLISECOND_NS: u64 = 1_000_000;
/// Most decimals that are read: further ones are below one of any unit.
const FRACTION_DIGITS_MAX: usize = 15;

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
///
/// # Errors
/// The text is no duration, or one that is too long for 64 bits; one line.
pub fn parse_duration_ns(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let value = if unit.is_empty() { scaled(number, MILLISECOND_NS) } else { duration_parts(text) };
    value.ok_or_else(|| format!("`{}` is no duration; write `300ms`, `2s` or milliseconds", quoted(text)))
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
///
/// # Errors
/// The text is no size, or one that is too large for 64 bits; one line.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit = unit.to_ascii_lowercase();
    let short = unit.strip_suffix("ib").or(unit.strip_suffix('b')).unwrap_or(&unit);
    let scale = SIZE_UNITS.iter().find(|(name, _)| *name == short).map(|(_, scale)| *scale);
    let value = scale.and_then(|scale| scaled(number, scale));
    value.ok_or_else(|| format!("`{}` is no size; write bytes, `64k`, `10M` or `1G`", quoted(text)))
}

/// Reads a number of units of fuel: `1500`, `2k`, `1.5M`, `3G`, by thousands.
///
/// # Errors
/// The text is no count, or one that is too large for 64 bits; one line.
pub fn parse_units(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let scale = match unit {
        "" => Some(1),
        "k" | "K" => Some(1_000),
        "m" | "M" => Some(1_000_000),
        "g" | "G" => Some(1_000_000_000),
        _ => None,
    };
    let value = scale.and_then(|scale| scaled(number, scale));
    value.ok_or_else(|| format!("`{}` is no number of units; write `1500`, `2k`, `1.5M` or `3G`", quoted(text)))
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.split_at(end)
}

/// A decimal number times `scale`, rounded down; `None` when it is no number or too large.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction = fraction.get(..fraction.len().min(FRACTION_DIGITS_MAX))?;
    let below = u128::from(fraction.parse::<u64>().ok()?) * u128::from(scale) / 10u128.pow(fraction.len() as u32);
    whole.checked_mul(scale)?.checked_add(u64::try_from(below).ok()?)
}

/// A duration with three figures at most and its unit: `0.4µs`, `12.3ms`, `2.05s`, `3m07s`.
pub fn show_duration(duration: Duration) -> String {
    let us = duration.as_secs_f64() * 1e6;
    match us {
        us if us < 999.5 => format!("{}µs", three_figures(us)),
        us if us < 999_500.0 => format!("{}ms", three_figures(us / 1e3)),
        us if us < 59_950_000.0 => format!("{}s", three_figures(us / 1e6)),
        _ if duration.as_secs() < 3600 => format!("{}m{:02}s", duration.as_secs() / 60, duration.as_secs() % 60),
        _ => format!("{}h{:02}m", duration.as_secs() / 3600, duration.as_secs() / 60 % 60),
    }
}

/// A duration in nanoseconds, with three figures at most and its unit.
pub fn show_duration_ns(ns: u64) -> String {
    show_duration(Duration::from_nanos(ns))
}

/// A duration to its last unit, as it would be typed: `50ms`, `1m30s`.
pub fn exact_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

/// A count of bytes with three figures at most: `512`, `1.5k`, `20M` (steps of 1024).
pub fn show_bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return bytes.to_string();
    }
    let mut size = bytes as f64;
    for unit in ["k", "M", "G"] {
        size /= 1024.0;
        if size < 999.5 {
            return format!("{}{unit}", three_figures(size));
        }
    }
    format!("{:.0}T", size / 1024.0)
}

/// A count of bytes with its noun: `1 byte`, `1.5k bytes`.
pub fn show_size(bytes: u64) -> String {
    format!("{} {}", show_bytes(bytes), plural(bytes, "byte"))
}

/// A count of bytes to the last one: `1 byte`, `65536 bytes`.
pub fn exact_size(bytes: u64) -> String {
    counted(bytes, "byte")
}

fn three_figures(number: f64) -> String {
    let decimals = match number {
        number if number < 9.95 => 1,
        _ => 0,
    };
    let text = format!("{number:.decimals$}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
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
    fn figures_are_short() {
        let shown = [0, 400, 12_345, 999_600, 1_234_567, 2_050_000_000, 187_000_000_000, 7_500_000_000_000];
        assert_eq!(shown.map(show_duration_ns), ["0µs", "0.4µs", "12µs", "1ms", "1.2ms", "2s", "3m07s", "2h05m"]);
        assert_eq!(exact_duration(Duration::from_millis(90_050)), "1m30s50ms");
        assert_eq!([0, 999, 1000, 1536, 20 << 20, 5 << 30].map(show_bytes), ["0", "999", "1k", "1.5k", "20M", "5G"]);
        assert_eq!([0, 1, 1536].map(show_size), ["0 bytes", "1 byte", "1.5k bytes"]);
        assert_eq!([0, 1, 1536].map(exact_size), ["0 bytes", "1 byte", "1536 bytes"]);
    }
}
