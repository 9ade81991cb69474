//! The report of the lines that ran, in lcov's format: a line ran once or not at all, as is noted of it.

use std::fmt::Write;
use std::path::Path;

use crate::runtime::{CoverageReport, FileCoverage};
use crate::shell::reply::ShellError;
use crate::text::io_cause;

/// Writes the report.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, report: &CoverageReport) -> Result<(), ShellError> {
    std::fs::write(path, text_of(report))
        .map_err(|error| ShellError::failed(format!("`{}`: {}", path.display(), io_cause(&error))))
}

fn text_of(report: &CoverageReport) -> String {
    report.files.iter().map(record_of).collect()
}

/// One file's record.
fn record_of(file: &FileCoverage) -> String {
    let mut text = format!("TN:\nSF:{}\n", file.path);
    let mut put = |line: String| {
        // To a text it never fails.
        let _ = writeln!(text, "{line}");
    };
    for (line, name) in file.functions.keys() {
        put(format!("FN:{line},{name}"));
    }
    for ((_, name), ran) in &file.functions {
        put(format!("FNDA:{},{name}", u8::from(*ran)));
    }
    put(format!("FNF:{}", file.functions.len()));
    put(format!("FNH:{}", file.functions.values().filter(|ran| **ran).count()));
    for (line, ran) in &file.lines {
        put(format!("DA:{line},{}", u8::from(*ran)));
    }
    put(format!("LF:{}", file.lines.len()));
    put(format!("LH:{}", file.ran()));
    put("end_of_record".to_owned());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_what_the_format_wants() {
        let file = FileCoverage {
            path: "/guests/src/cart.rs".into(),
            name: "src/cart.rs".into(),
            lines: [(3, true), (4, false)].into(),
            functions: [((3, "cart::total".into()), true)].into(),
        };
        let report = CoverageReport { files: vec![file], without_lines: Vec::new() };
        assert_eq!(
            text_of(&report),
            "TN:\nSF:/guests/src/cart.rs\nFN:3,cart::total\nFNDA:1,cart::total\nFNF:1\nFNH:1\nDA:3,1\nDA:4,0\nLF:2\nLH:1\n\
             end_of_record\n"
        );
    }
}
