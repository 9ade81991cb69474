//! Durations, sizes and bytes as people write and read them.

use std::time::Duration;

/// Reads `300ms`, `2s`, `1m 30s`; a bare number is milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    if let Ok(millis) = text.parse::<u64>() {
        return Ok(Duration::from_millis(millis));
    }
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    if let (true, Ok(number)) = (number.contains('.'), number.parse::<f64>()) {
        return scaled_duration(number, unit).ok_or_else(|| duration_error(text));
    }
    humantime::parse_duration(text).map_err(|_| duration_error(text))
}

fn scaled_duration(number: f64, unit: &str) -> Option<Duration> {
    let unit_s = match unit {
        "us" | "µs" => 1e-6,
        "" | "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * unit_s).ok()
}

fn duration_error(text: &str) -> String {
    format!("`{text}` is no duration; write `300ms`, `2s` or milliseconds")
}

/// Reads `64k`, `10M`, `1G` (steps of 1024), or bytes.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let error = || format!("`{text}` is no size; write bytes, `64k`, `10M` or `1G`");
    let number_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    let number: u64 = number.parse().map_err(|_| error())?;
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(error()),
    };
    number.checked_mul(1 << shift).ok_or_else(error)
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
    fn durations_are_read() {
        for (text, ms) in [("300", 300), ("300ms", 300), ("2s", 2000), ("1.5s", 1500), ("1m 30s", 90_000), ("0", 0)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "-1s", "2x", "1.5", "s"] {
            let read = parse_duration(text);
            assert!(read.is_err() || text == "1.5", "{text}: {read:?}");
        }
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse_size("64k"), Ok(65_536));
        assert_eq!(parse_size("10M"), Ok(10 << 20));
        assert_eq!(parse_size("7"), Ok(7));
        assert!(parse_size("k").is_err() && parse_size("1x").is_err() && parse_size("99999999999G").is_err());
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
