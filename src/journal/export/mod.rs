//! Exports: records in the formats of other tools. Each takes records in order of seq and writes bytes; the
//! caller chooses the destination and reports the result. Each format escapes hostile names and errors in its own file.

pub mod chrome;
#[cfg(feature = "exports")]
pub mod flame;
pub mod jsonl;
pub mod mermaid;
pub(super) mod name;
#[cfg(feature = "exports")]
pub mod otlp;
mod overlap;
#[cfg(test)]
mod testing;
mod tree;

use std::io::{self, Write};
use std::path::Path;

use super::record::Record;

/// A file format of an export, chosen by the file's suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `.jsonl`: a record a line.
    Jsonl,
    /// `.json`: Chrome trace events, for Perfetto.
    Chrome,
    /// `.svg`: a flame graph.
    Flame,
    /// `.mmd`: a Mermaid sequence diagram.
    Mermaid,
}

impl Format {
    /// The format for the suffix of `path`. The error is one line.
    ///
    /// # Errors
    /// The suffix is of no format; one line that lists those.
    pub fn of_path(path: &Path) -> Result<Format, String> {
        match path.extension().and_then(|suffix| suffix.to_str()) {
            Some("jsonl") => Ok(Format::Jsonl),
            Some("json") => Ok(Format::Chrome),
            Some("svg") => Ok(Format::Flame),
            Some("mmd") => Ok(Format::Mermaid),
            _ => Err(format!(
                "no format for `{}`; name it .jsonl (records), .json (Perfetto), .svg (flame graph) or .mmd (Mermaid)",
                path.display()
            )),
        }
    }

    /// Writes `records`, which are in order of seq, running ones included.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write(self, records: &[Record], out: &mut dyn Write) -> io::Result<()> {
        match self {
            Format::Jsonl => jsonl::write(records, out),
            Format::Chrome => chrome::write(records, out),
            #[cfg(feature = "exports")]
            Format::Flame => flame::write(records, out),
            #[cfg(not(feature = "exports"))]
            Format::Flame => Err(not_built()),
            Format::Mermaid => mermaid::write(records, out),
        }
    }
}

/// The error of a format that a build without the feature `exports` lacks.
#[cfg(not(feature = "exports"))]
pub(in crate::journal) fn not_built() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "plugsh was built without its feature `exports`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_chooses_the_format() {
        let of = |path: &str| Format::of_path(Path::new(path));
        assert_eq!(of("a/b.jsonl"), Ok(Format::Jsonl));
        assert_eq!(of("x.y.json"), Ok(Format::Chrome));
        assert_eq!(of("x.svg"), Ok(Format::Flame));
        assert_eq!(of("x.mmd"), Ok(Format::Mermaid));
        assert_eq!(
            of("json").unwrap_err(),
            "no format for `json`; name it .jsonl (records), .json (Perfetto), .svg (flame graph) or .mmd (Mermaid)"
        );
    }

    #[test]
    fn every_format_takes_no_records_hostile_ones_and_lost_parents() {
        for format in [Format::Jsonl, Format::Chrome, Format::Flame, Format::Mermaid] {
            for records in [vec![], testing::hostile(), testing::session()[1..].to_vec()] {
                let mut out = Vec::new();
                format.write(&records, &mut out).unwrap_or_else(|error| panic!("{format:?}: {error}"));
                assert!(String::from_utf8(out).is_ok(), "{format:?} wrote no text");
            }
        }
    }
}
