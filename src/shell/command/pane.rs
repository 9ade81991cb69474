//! `pane`: the live view below the prompt. The front draws it.

use std::path::PathBuf;

use super::{Arguments, Command, Group, Run, syntax};
use crate::shell::front::{PaneRequest, PaneSize};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

pub static COMMAND: Command = Command {
    name: "pane",
    group: Group::Watching,
    summary: "show processes and calls live below the prompt",
    description: "`pane on` and `pane off`, or `pane` alone to change; `pane focus` (F6) puts the keys into it; `pane size \
        N|N%` gives it rows or a share of the screen; `pane save FILE.svg|FILE.txt` writes what it shows.",
    examples: &[],
    syntax: syntax::<PaneOptions>(),
    run: Run::Plain(run),
};

#[derive(Debug, clap::Args)]
struct PaneOptions {
    #[arg(value_name = "ACTION", value_parser = ["on", "off", "focus", "size", "save"])]
    action: Option<String>,
    #[arg(value_name = "FILE")]
    value: Option<String>,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<PaneOptions>()?;
    session.front().pane(request(options.action.as_deref(), options.value)?)
}

fn request(action: Option<&str>, value: Option<String>) -> Result<PaneRequest, ShellError> {
    match (action, value) {
        (None, None) => Ok(PaneRequest::Toggle),
        (Some("on"), None) => Ok(PaneRequest::On),
        (Some("off"), None) => Ok(PaneRequest::Off),
        (Some("focus"), None) => Ok(PaneRequest::Focus),
        (Some("size"), Some(size)) => size_of(&size)
            .map(PaneRequest::Size)
            .ok_or_else(|| ShellError::usage(format!("`{size}` is no size for the pane; write rows or `40%`"))),
        (Some("size"), None) => {
            Err(ShellError::usage("`pane size` wants rows or a share: `pane size 12`, `pane size 40%`"))
        }
        (Some("save"), Some(file)) => Ok(PaneRequest::Save(PathBuf::from(file))),
        (Some("save"), None) => Err(ShellError::usage("`pane save` wants a FILE: `pane save pane.svg`")),
        (_, value) => Err(ShellError::usage(format!("`pane`: `{}` is one word too many", value.unwrap_or_default()))),
    }
}

fn size_of(text: &str) -> Option<PaneSize> {
    match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().filter(|percent| (1..100).contains(percent)).map(PaneSize::Percent),
        None => text.parse().ok().filter(|rows| *rows > 0).map(PaneSize::Rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rows_or_a_share() {
        assert_eq!(size_of("12"), Some(PaneSize::Rows(12)));
        assert_eq!(size_of("40%"), Some(PaneSize::Percent(40)));
        for text in ["0", "100%", "0%", "-1", "x", "%"] {
            assert_eq!(size_of(text), None, "{text}");
        }
        assert!(request(Some("on"), Some("x".into())).is_err());
    }
}
