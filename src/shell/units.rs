//! Durations, sizes and bytes as commands read them, and as tables show them. Reading is the filter language's own, so
//! that `--timeout 1m30s` and `duration>1m30s` mean the same.

use std::time::Duration;

pub use crate::journal::units::parse_size;

use crate::journal::units::parse_duration_ns;

/// Reads `300ms`, `2s`, `1m30s`; a bare number is milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    parse_duration_ns(text).map(Duration::from_nanos)
}

/// One page of WebAssembly's memory.
pub const PAGE_BYTES: u64 = 65_536;

/// Reads `--memory-max`: a size, `200p`, or a bare number of pages, as extism has it.
pub fn parse_memory_size(text: &str) -> Result<u64, String> {
    match text.strip_suffix('p').unwrap_or(text).parse::<u64>() {
        Ok(pages) => pages.checked_mul(PAGE_BYTES).ok_or_else(|| format!("`{text}` pages are too many")),
        Err(_) => parse_size(text).map_err(|_| format!("`{text}` is no size; write pages, `200p`, `64k` or `10M`")),
    }
}

/// Reads how many times something is done: 1 or more.
pub fn parse_count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| format!("`{text}` is no count; write 1 or more"))
}

/// Reads bytes in hexadecimal; blanks between them are ignored.
pub fn parse_hex(text: &[u8]) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if digits.len() % 2 == 1 {
        return Err("hexadecimal INPUT needs an even number of digits".into());
    }
    digits.chunks_exact(2).map(|pair| hex_byte(pair).ok_or_else(|| hex_error(pair))).collect()
}

fn hex_byte(pair: &[u8]) -> Option<u8> {
    pair.iter().try_fold(0u8, |byte, digit| Some(byte << 4 | (*digit as char).to_digit(16)? as u8))
}

fn hex_error(pair: &[u8]) -> String {
    format!("`{}` is no hexadecimal", String::from_utf8_lossy(pair))
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
    fn durations_and_memory_sizes_are_read() {
        assert_eq!(parse_duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("300"), Ok(Duration::from_millis(300)));
        assert_eq!(parse_memory_size("2"), Ok(2 * PAGE_BYTES));
        assert_eq!(parse_memory_size("200p"), Ok(200 * PAGE_BYTES));
        assert_eq!(parse_memory_size("64k"), Ok(PAGE_BYTES));
        assert!(parse_memory_size("p").is_err());
    }

    #[test]
    fn hexadecimal_is_read() {
        assert_eq!(parse_hex(b"00 fF\n10"), Ok(vec![0, 255, 16]));
        assert!(parse_hex(b"0").is_err());
        assert_eq!(parse_hex(b"zz"), Err("`zz` is no hexadecimal".into()));
    }

    #[test]
    fn figures_are_short() {
        let shown = [0, 400, 12_345, 999_600, 1_234_567, 2_050_000_000, 187_000_000_000, 7_500_000_000_000]
            .map(|ns| show_duration(Duration::from_nanos(ns)));
        assert_eq!(shown, ["0µs", "0.4µs", "12µs", "1ms", "1.2ms", "2s", "3m07s", "2h05m"]);
        assert_eq!([0, 999, 1000, 1536, 20 << 20, 5 << 30].map(show_bytes), ["0", "999", "1k", "1.5k", "20M", "5G"]);
    }
}
