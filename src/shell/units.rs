//! Parsing and formatting of durations, sizes and bytes. The parsers are those of the filter language, so that
//! `--timeout 1m30s` and `duration>1m30s` mean the same.

use std::fmt;
use std::num::{IntErrorKind, ParseIntError};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::limits::Amount;
use crate::text::quoted;

pub use crate::journal::units::{exact_size, parse_size, show_bytes, show_duration, show_size};

use crate::journal::units::parse_duration_ns;

/// Reads `300ms`, `2s`, `1m30s`; a bare number is milliseconds.
///
/// # Errors
/// The text is no duration; one line.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    parse_duration_ns(text).map(Duration::from_nanos)
}

/// Reads a duration like [`parse_duration`]; a bare number is seconds, as in `sleep` and `watch -n`.
///
/// # Errors
/// The text is no duration; one line.
pub fn parse_seconds(text: &str) -> Result<Duration, String> {
    let is_bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let read = if is_bare { parse_duration(&format!("{text}s")) } else { parse_duration(text) };
    read.map_err(|_| format!("`{}` is no duration; write seconds, `300ms` or `2s`", quoted(text)))
}

/// An amount as a person reads it.
pub fn show_amount(amount: Amount) -> String {
    match amount {
        Amount::Off => "off".to_owned(),
        Amount::Count(count) => count.to_string(),
        Amount::Bytes(bytes) => show_bytes(bytes),
        Amount::Time(time) => show_duration(time),
    }
}

/// Reads a count of 1 or more.
///
/// # Errors
/// The text is no number of 1 or more; one line.
pub fn parse_count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| format!("`{text}` is no count; write 1 or more"))
}

/// Why a text is no whole number within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberError {
    NotWhole,
    /// Larger than any number that is wanted.
    TooLarge,
    /// Less than this, the least.
    BelowLeast(i128),
    /// More than this, the most.
    AboveMost(i128),
}

/// The words behind the number's text.
impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NumberError::NotWhole => f.write_str("is no whole number"),
            NumberError::TooLarge => f.write_str("is too large"),
            NumberError::BelowLeast(least) => write!(f, "is less than {least}"),
            NumberError::AboveMost(most) => write!(f, "is more than {most}"),
        }
    }
}

impl std::error::Error for NumberError {}

impl From<ParseIntError> for NumberError {
    fn from(error: ParseIntError) -> Self {
        match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => NumberError::TooLarge,
            _ => NumberError::NotWhole,
        }
    }
}

/// A whole number within bounds.
///
/// # Errors
/// The text is no whole number, or one out of bounds.
pub fn parse_within<T>(text: &str, bounds: RangeInclusive<T>) -> Result<T, NumberError>
where
    T: Copy + Into<i128> + TryFrom<i128>,
{
    let number: i128 = text.parse()?;
    let (least, most) = ((*bounds.start()).into(), (*bounds.end()).into());
    match number {
        _ if number > i128::from(u64::MAX) => Err(NumberError::TooLarge),
        _ if number < least => Err(NumberError::BelowLeast(least)),
        _ => T::try_from(number).ok().filter(|_| number <= most).ok_or(NumberError::AboveMost(most)),
    }
}

/// Reads bytes in hexadecimal; blanks between them are ignored.
///
/// # Errors
/// A character is no hexadecimal digit, or the last byte has one digit; one line.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_bounds_names_the_bound() {
        assert_eq!(parse_within("64", 2..=64_u32), Ok(64));
        assert_eq!(parse_within("65", 2..=64_u32), Err(NumberError::AboveMost(64)));
        assert_eq!(parse_within("1", 2..=64_u32), Err(NumberError::BelowLeast(2)));
        assert_eq!(parse_within("-1", 0..=u64::MAX), Err(NumberError::BelowLeast(0)));
        assert_eq!(parse_within("18446744073709551616", 0..=u64::MAX), Err(NumberError::TooLarge));
        assert_eq!(parse_within(&"9".repeat(99), 0..=9_u64), Err(NumberError::TooLarge));
        for word in ["", "x", "1.5", "1 "] {
            assert_eq!(parse_within(word, 0..=9_u64), Err(NumberError::NotWhole), "{word:?}");
        }
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(parse_duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("300"), Ok(Duration::from_millis(300)));
        assert_eq!(parse_seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_seconds("300ms"), Ok(Duration::from_millis(300)));
        assert!(parse_seconds("").is_err() && parse_seconds("x").is_err());
    }

    #[test]
    fn hexadecimal_is_read() {
        assert_eq!(parse_hex(b"00 fF\n10"), Ok(vec![0, 255, 16]));
        assert!(parse_hex(b"0").is_err());
        assert_eq!(parse_hex(b"zz"), Err("`zz` is no hexadecimal".into()));
    }
}
