//! Folded stacks, a line each, and the flame graph that the inferno crate draws of them.

use std::collections::BTreeMap;
use std::io::{self, Write};

#[cfg(feature = "exports")]
use inferno::flamegraph;

use super::samples::Profile;
use crate::journal::export::name::frame_name;

/// Longest name of a frame, in bytes; longer names are cut.
const FRAME_BYTES_MAX: usize = 200;

/// Writes the folded stacks: `front.run;render;cart.total;sum 7`, the number being samples.
///
/// # Errors
/// `out` cannot be written.
pub fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    lines(profile).iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Writes an SVG. Without samples, the picture says so.
///
/// # Errors
/// `out` cannot be written.
#[cfg(feature = "exports")]
pub fn write_svg(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let mut options = flamegraph::Options::default();
    options.title = "plugsh: samples by stack".to_owned();
    options.count_name = "samples".to_owned();
    options.name_type = "Function:".to_owned();
    options.deterministic = true;
    let mut lines = lines(profile);
    if lines.is_empty() {
        // The crate refuses an empty graph.
        lines.push("no samples 1".to_owned());
    }
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), out)
}

/// Stacks that differ in lines alone are one.
fn lines(profile: &Profile) -> Vec<String> {
    let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
    for stack in &profile.stacks {
        let names: Vec<String> =
            profile.frames_of(stack).map(|frame| frame_name(&frame.name(), FRAME_BYTES_MAX)).collect();
        *stacks.entry(names.join(";")).or_default() += stack.samples;
    }
    stacks.into_iter().map(|(stack, samples)| format!("{stack} {samples}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{hostile, profile};
    use super::*;

    #[test]
    fn stacks_go_through_all_plugins() {
        assert_eq!(
            lines(&profile()),
            ["front.run;(host) 2", "front.run;render 1", "front.run;render;cart.total;sum;sum 7",]
        );
    }

    #[test]
    fn odd_names_are_no_separators() {
        assert_eq!(lines(&hostile()), ["a_b.c d;<script>__x_ 3"]);
        let mut svg = Vec::new();
        write_svg(&hostile(), &mut svg).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script>_"), "{svg}");
        let mut empty = Vec::new();
        write_svg(&Profile { stacks: Vec::new(), ..profile() }, &mut empty).unwrap();
        assert!(String::from_utf8(empty).unwrap().contains("no samples"));
    }
}
