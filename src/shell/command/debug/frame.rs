//! `frame` and `list`: the frame that a stop is looked at from, and the source around it.

use std::path::PathBuf;

use super::{Arguments, Command, Group, Run, syntax};
use crate::kernel::hooks::HeldView;
use crate::shell::command::job_args::HeldJobArg;
use crate::shell::excerpt::Excerpt;
use crate::shell::reply::{Line, Reply, Role, ShellError, many_lines};
use crate::shell::session::Session;
use crate::shell::stopped::{StoppedFrame, frames_of};
use crate::shell::words::stack::frame_line;

/// The command `frame`.
pub static FRAME: Command = Command {
    name: "frame",
    group: Group::Debugging,
    summary: "choose the frame that `list`, `locals` and `print` look at",
    description: "Of a job that is held in a plugin's code. Frames have the numbers that `bt` shows, through all plugins; \
        `up` is the next caller's, `down` the next callee's. A stop looks at the innermost frame that is the author's own. \
        Alone it shows the chosen one.",
    examples: &[stopped_example!("frame\n#   …\n")],
    syntax: syntax::<FrameWords>(),
    run: Run::Plain(run_frame),
};

/// The command `list`.
pub static LIST: Command = Command {
    name: "list",
    group: Group::Debugging,
    summary: "show the source around a stop",
    description: "The lines around the place of the chosen frame. A file is looked for at the path that the compiler noted, \
        then below DIR of `--source-dir`, which the shell remembers, and below the working directory: by the longest end of \
        its path that is there. `set source-map /build=/home/ada/cart` says where the files of paths that begin with `/build` are.",
    examples: &[stopped_example!("list\n# …\n")],
    syntax: syntax::<ListWords>(),
    run: Run::Plain(run_list),
};

#[derive(Debug, clap::Args)]
struct FrameWords {
    #[arg(value_name = "N|up|down", value_parser = parse_move)]
    to: Option<Move>,
    #[command(flatten)]
    held: HeldJobArg,
}

#[derive(Debug, clap::Args)]
struct ListWords {
    /// a directory to look for source files in, from now on
    #[arg(long, value_name = "DIR")]
    source_dir: Option<PathBuf>,
    #[command(flatten)]
    held: HeldJobArg,
}

/// Another frame.
#[derive(Debug, Clone, Copy)]
enum Move {
    To(usize),
    Up,
    Down,
}

fn parse_move(text: &str) -> Result<Move, String> {
    match text {
        "up" => Ok(Move::Up),
        "down" => Ok(Move::Down),
        number => number
            .parse()
            .map(Move::To)
            .map_err(|_| format!("`{number}` is no frame; write a number of `bt`, `up` or `down`")),
    }
}

fn run_frame(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<FrameWords>()?;
    let (_, view) = session.held_job(words.held.job.as_deref())?;
    let mut frame = session.chosen_frame(&view)?;
    let mut frames = frames_of(&view);
    let number = match words.to {
        None => frame.number,
        Some(Move::To(number)) => number,
        Some(Move::Up) => frame.number + 1,
        Some(Move::Down) => frame.number.checked_sub(1).ok_or_else(|| ShellError::failed("no frame is further in"))?,
    };
    if number >= frames.len() {
        return Err(ShellError::failed(format!("no frame {number}; the outermost is {}", frames.len() - 1)));
    }
    if words.to.is_some() {
        session.choose_frame(&view, number);
        frame = frames.swap_remove(number);
    }
    let mut lines = vec![frame_title(&view, &frame)];
    lines.extend(source_line(session, &view, &frame));
    Ok(Reply::Lines(lines).with_json(serde_json::json!({ "frame": frame.number })))
}

/// `#3  cart::total at src/lib.rs:8:5 in 2:cart`.
fn frame_title(view: &HeldView, frame: &StoppedFrame) -> Line {
    let process = view.stack.plugins.get(frame.plugin).map(|plugin| format!(" in {}", plugin.process));
    frame_line(&frame.guest, frame.number).plain(process.unwrap_or_default())
}

fn run_list(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (words, _) = arguments.parse::<ListWords>()?;
    if let Some(dir) = words.source_dir {
        if !dir.is_dir() {
            return Err(ShellError::failed(format!("no directory `{}`", dir.display())));
        }
        session.jobs().add_source_dir(dir);
    }
    let (_, view) = session.held_job(words.held.job.as_deref())?;
    let frame = session.chosen_frame(&view)?;
    let place = frame.guest.place();
    let excerpt = excerpt_of(session, &view, &frame).ok_or_else(|| match &place {
        Some(place) => {
            ShellError::failed(format!("the file of {place} is not here; `list --source-dir DIR` says where it is"))
        }
        None => ShellError::failed(format!("frame {} has no line: its plugin has no debug information", frame.number)),
    })?;
    let rows = excerpt.numbered().map(|(number, text, is_here)| source_row(number, text, is_here));
    Ok(Reply::Lines(rows.collect()))
}

/// A line of source with its number.
fn source_row(number: u32, text: &str, is_here: bool) -> Line {
    let mark = if is_here { "→" } else { " " };
    let text = many_lines(text).into_owned();
    let line = Line::new().with(Role::Dim, format!("  {mark}{number:>5}  "));
    if is_here { line.with(Role::Strong, text) } else { line.plain(text) }
}

/// The line of source of a frame, where its file is found.
pub fn source_line(session: &mut Session, view: &HeldView, frame: &StoppedFrame) -> Option<Line> {
    let excerpt = excerpt_of(session, view, frame)?;
    Some(source_row(excerpt.line, excerpt.here()?, true))
}

/// The source around the place of a frame.
fn excerpt_of(session: &mut Session, view: &HeldView, frame: &StoppedFrame) -> Option<Excerpt> {
    let mut paths = session.jobs().sources().clone();
    paths.dirs.extend(std::env::current_dir());
    Excerpt::around(session.kernel(), view, frame, &paths)
}
