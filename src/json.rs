//! Figures in JSON: durations as microseconds and milliseconds, for the `Serialize` of views and rows. Escaping of
//! written JSON is in `text`.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// Nanoseconds, written as microseconds: without decimals where there are none.
pub struct Micros(pub u64);

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1000) {
            serializer.serialize_u64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

/// Nanoseconds as [`Micros`].
///
/// # Errors
/// The serializer fails.
pub fn ns_as_micros<S: Serializer>(ns: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    Micros(*ns).serialize(serializer)
}

/// Nanoseconds as microseconds, always with decimals.
///
/// # Errors
/// The serializer fails.
pub fn ns_as_us<S: Serializer>(ns: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(*ns as f64 / 1e3)
}

/// Nanoseconds with their fractions as microseconds, always with decimals.
///
/// # Errors
/// The serializer fails.
pub fn fractional_ns_as_us<S: Serializer>(ns: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(ns / 1e3)
}

/// A duration as microseconds, always with decimals.
///
/// # Errors
/// The serializer fails.
pub fn as_us<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_nanos() as f64 / 1e3)
}

/// A duration as whole milliseconds.
///
/// # Errors
/// The serializer fails.
pub fn as_ms<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_millis() as u64)
}

/// Serializes an optional duration as microseconds with one decimal; `None` is `null`.
///
/// # Errors
/// As of the serializer.
pub fn some_as_us<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => as_us(duration, serializer),
        None => serializer.serialize_none(),
    }
}

/// A duration as whole milliseconds, or `null`.
///
/// # Errors
/// The serializer fails.
pub fn some_as_ms<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_millis() as u64).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_keep_their_nanoseconds() {
        let micros = |ns| serde_json::to_string(&Micros(ns)).unwrap();
        assert_eq!(
            [0, 1, 999, 1_000, 1_234_567, 86_400_000_000_001].map(micros),
            ["0", "0.001", "0.999", "1", "1234.567", "86400000000.001"]
        );
    }

    #[test]
    fn durations_are_figures() {
        #[derive(Serialize)]
        struct Durations(
            #[serde(serialize_with = "as_us")] Duration,
            #[serde(serialize_with = "as_ms")] Duration,
            #[serde(serialize_with = "some_as_ms")] Option<Duration>,
            #[serde(serialize_with = "ns_as_us")] u64,
        );
        let durations = Durations(Duration::from_micros(12), Duration::from_micros(12_999), None, 1_500);
        assert_eq!(serde_json::to_string(&durations).unwrap(), "[12.0,12,null,1.5]");
    }
}
