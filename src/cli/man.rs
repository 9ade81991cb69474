//! The manual page, made from the definition of the command line.

use std::io::{self, Write};

use super::Cli;

/// The program's page with one section for each subcommand.
///
/// # Errors
/// The page cannot be written into memory, which does not happen.
pub fn page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let mut definition = Cli::definition();
    definition.build();
    write_page(&definition, &mut page)?;
    Ok(page)
}

fn write_page(definition: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let man = clap_mangen::Man::new(definition.clone()).title("PLUGSH").section("1");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    for mode in definition.get_subcommands().filter(|mode| !mode.is_hide_set() && mode.get_name() != "help") {
        writeln!(page, ".SH \"PLUGSH {}\"", mode.get_name().to_uppercase())?;
        let man = clap_mangen::Man::new(mode.clone());
        let mut text = Vec::new();
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
        // A section of the subcommand's page becomes a subsection.
        page.extend_from_slice(String::from_utf8_lossy(&text).replace(".SH ", ".SS ").as_bytes());
    }
    man.render_version_section(page)
}
