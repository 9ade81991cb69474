//! The file formats of a profile, chosen by the file's name.

use std::io::{self, Write};
use std::path::Path;

use super::samples::Profile;
use super::{firefox, folded, pprof};

/// A file format of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileFormat {
    /// `.folded`: a stack a line.
    Folded,
    /// `.svg`: a flame graph.
    Flame,
    /// `.json`: for Firefox's profiler.
    Firefox,
    /// `.pb.gz`: for pprof.
    Pprof,
}

impl ProfileFormat {
    /// The format for the end of a file's name. The error is one line.
    ///
    /// # Errors
    /// The end of the name is of no format; one line that lists those.
    pub fn of_path(path: &Path) -> Result<ProfileFormat, String> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let formats = [
            (".folded", ProfileFormat::Folded),
            (".svg", ProfileFormat::Flame),
            (".json", ProfileFormat::Firefox),
            (".pb.gz", ProfileFormat::Pprof),
        ];
        let found = formats.into_iter().find(|(end, _)| name.ends_with(end));
        found.map(|(_, format)| format).ok_or_else(|| {
            format!(
                "no format for `{}`; name it .svg (flame graph), .folded (folded stacks), .json (Firefox's profiler) or \
                 .pb.gz (pprof)",
                path.display()
            )
        })
    }

    /// Writes a profile.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write(self, profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
        match self {
            ProfileFormat::Folded => folded::write(profile, out),
            #[cfg(feature = "exports")]
            ProfileFormat::Flame => folded::write_svg(profile, out),
            #[cfg(not(feature = "exports"))]
            ProfileFormat::Flame => Err(crate::journal::export::not_built()),
            ProfileFormat::Firefox => firefox::write(profile, out),
            ProfileFormat::Pprof => pprof::write(profile, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_name_chooses_the_format() {
        let of = |path: &str| ProfileFormat::of_path(Path::new(path));
        assert_eq!(of("a/b.folded"), Ok(ProfileFormat::Folded));
        assert_eq!(of("x.y.svg"), Ok(ProfileFormat::Flame));
        assert_eq!(of("x.json"), Ok(ProfileFormat::Firefox));
        assert_eq!(of("x.pb.gz"), Ok(ProfileFormat::Pprof));
        assert!(of("x.gz").unwrap_err().starts_with("no format for `x.gz`; name it .svg"));
    }
}
