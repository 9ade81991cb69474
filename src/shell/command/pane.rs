//! `pane`: the live view below the prompt. The front draws it.

use std::path::PathBuf;

use super::{Arguments, Command, Group, Kind, Run, syntax_with};
use crate::shell::front::{PaneRequest, PaneSize, PictureClock, PictureSize};
use crate::shell::reply::{Reply, ShellError};
use crate::shell::session::Session;

/// The command `pane`.
pub static COMMAND: Command = Command {
    name: "pane",
    group: Group::Watching,
    summary: "show processes and calls live below the prompt",
    description: "`pane on` and `pane off`, or `pane` alone to change; `pane focus` (F6) puts the keys into it; `pane size \
        N|N%` gives it rows or a share of the screen; `pane save FILE.svg|FILE.txt` writes what it shows, also without a terminal (a script, `-c`, CI), \
        where `--size` says how large the picture is (120x40) and rates are averages since the session began. In the \
        pane `?` shows all keys: arrows move, Enter opens details, which follow the cursor, Tab goes to the other view. \
        `∥` is before the name of a call that runs beside its caller. \
        `f` shows the calls of the chosen process alone, `F` of all below it too, `/` filters by a name or an expression \
        (`help filters`), `z` is full screen, Esc goes one step back. A click chooses, and once more opens; the wheel \
        scrolls; Shift with the mouse selects text, and `set mouse off` leaves the mouse to the terminal.",
    examples: &["\
        load echo\n\
        # 1:echo\n\
        pane save pane.txt --size 80x6\n\
        # the pane in `pane.txt`"],
    syntax: syntax_with::<PaneOptions>(kind_after),
    run: Run::Plain(run),
};

/// The completion of the second word, which is a file in `pane save FILE` alone.
fn kind_after(words: &[&str]) -> Option<Kind> {
    match words {
        ["save"] => Some(Kind::File),
        [_, ..] => Some(Kind::None),
        [] => None,
    }
}

#[derive(Debug, clap::Args)]
struct PaneOptions {
    #[arg(value_name = "ACTION", value_parser = ["on", "off", "focus", "size", "save"])]
    action: Option<String>,
    #[arg(value_name = "FILE")]
    value: Option<String>,
    /// size of a saved picture, in cells
    #[arg(long, value_name = "COLSxROWS", value_parser = picture_size)]
    size: Option<PictureSize>,
    /// let each call of a saved picture take 100 ms: the same calls give the same picture
    #[arg(long)]
    fixed_clock: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<PaneOptions>()?;
    let json = serde_json::json!({ "pane": options.action.as_deref().unwrap_or("toggle"), "value": options.value });
    let reply = session.front().pane(request(options)?)?;
    Ok(reply.with_json(json))
}

fn request(options: PaneOptions) -> Result<PaneRequest, ShellError> {
    let PaneOptions { action, value, size: picture, fixed_clock } = options;
    let clock = if fixed_clock { PictureClock::Fixed } else { PictureClock::Real };
    if (picture.is_some() || fixed_clock) && action.as_deref() != Some("save") {
        let why = "`pane`: `--size` and `--fixed-clock` belong to `pane save FILE`; `pane size N` is for the pane";
        return Err(ShellError::usage(why));
    }
    match (action.as_deref(), value) {
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
        (Some("save"), Some(file)) => Ok(PaneRequest::Save { path: PathBuf::from(file), size: picture, clock }),
        (Some("save"), None) => Err(ShellError::usage("`pane save` wants a FILE: `pane save pane.svg`")),
        (_, value) => Err(ShellError::usage(format!("`pane`: `{}` is one word too many", value.unwrap_or_default()))),
    }
}

/// `120x40`.
fn picture_size(text: &str) -> Result<PictureSize, String> {
    let numbers = text.split_once('x').and_then(|(cols, rows)| Some((cols.parse().ok()?, rows.parse().ok()?)));
    let size = numbers.and_then(|(cols, rows)| PictureSize::new(cols, rows));
    size.ok_or_else(|| "a size is COLSxROWS, as in 120x40, at most 1000x500".to_owned())
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
        let on = PaneOptions { action: Some("on".into()), value: None, size: None, fixed_clock: false };
        assert!(request(PaneOptions { value: Some("x".into()), ..on }).is_err());
    }

    #[test]
    fn a_picture_has_columns_and_rows() {
        assert_eq!(picture_size("120x40"), Ok(PictureSize::DEFAULT));
        for text in ["", "x", "120", "120x", "0x1", "1001x40", "120x501", "120 x 40", "-1x4", "99999999x4"] {
            assert!(picture_size(text).is_err(), "{text}");
        }
        let on = PaneOptions { action: Some("on".into()), value: None, size: None, fixed_clock: true };
        assert!(request(on).is_err());
    }
}
