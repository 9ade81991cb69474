//! Saving of a frame as a picture: SVG with colours, or plain text.

use std::fmt::Write;
use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::text::io_cause;

/// The size of a cell in the picture's units.
const CELL_WIDTH: f32 = 8.4;
const CELL_HEIGHT: f32 = 17.0;
const FONT_SIZE: f32 = 14.0;
/// The margin around the cells.
const MARGIN: f32 = 10.0;
const BACKGROUND: &str = "#1b1d24";
const FOREGROUND: &str = "#d6d8de";
/// The sixteen colours, in the order of their codes.
const PALETTE: [&str; 16] = [
    "#2e3138", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#7f848e", "#ff7b86",
    "#b5e08f", "#ffd68a", "#8cc8ff", "#dd9bf0", "#7fd8e3", "#ffffff",
];

/// The format of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    Svg,
    Text,
}

impl PictureFormat {
    /// The format that a file name's suffix names.
    ///
    /// # Errors
    /// The suffix is neither `svg` nor `txt`.
    pub fn of(file: &Path) -> Result<PictureFormat, String> {
        match file.extension().and_then(|suffix| suffix.to_str()) {
            Some("svg") => Ok(PictureFormat::Svg),
            Some("txt") => Ok(PictureFormat::Text),
            _ => Err(format!("`{}` is no picture's name; `pane save` writes `.svg` and `.txt`", file.display())),
        }
    }
}

/// Writes the frame to a file, in the format that the file's suffix names.
///
/// # Errors
/// One line: the suffix names no format, or the file cannot be written.
pub fn save(frame: &Buffer, path: &Path) -> Result<(), String> {
    let picture = picture(frame, PictureFormat::of(path)?);
    std::fs::write(path, picture).map_err(|error| format!("cannot write `{}`: {}", path.display(), io_cause(&error)))
}

/// The frame in a format.
pub fn picture(frame: &Buffer, form: PictureFormat) -> String {
    match form {
        PictureFormat::Svg => svg(frame),
        PictureFormat::Text => text(frame),
    }
}

/// A line for each row, without trailing blanks.
fn text(frame: &Buffer) -> String {
    let mut text = String::new();
    for y in frame.area.top()..frame.area.bottom() {
        let row: String = cells(frame, y).map(|(_, cell)| cell.symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

fn svg(frame: &Buffer) -> String {
    let (width, height) = (f32::from(frame.area.width) * CELL_WIDTH, f32::from(frame.area.height) * CELL_HEIGHT);
    let (full_width, full_height) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{full_width:.0}\" height=\"{full_height:.0}\" \
         viewBox=\"0 0 {full_width:.1} {full_height:.1}\">\n<rect width=\"100%\" height=\"100%\" rx=\"6\" \
         fill=\"{BACKGROUND}\"/>\n<g font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', \
         monospace\" font-size=\"{FONT_SIZE}\">\n"
    );
    for y in frame.area.top()..frame.area.bottom() {
        for run in runs(frame, y) {
            run.draw(&mut svg, f32::from(y - frame.area.top()));
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Adjacent cells of one style.
struct Run {
    x: u16,
    columns: u16,
    text: String,
    style: CellStyle,
}

#[derive(Clone, PartialEq, Eq)]
struct CellStyle {
    fg: String,
    /// `None`: the picture's background.
    bg: Option<String>,
    bold: bool,
    italic: bool,
    underlined: bool,
    dim: bool,
}

impl CellStyle {
    fn of(cell: &Cell) -> CellStyle {
        let has = |modifier| cell.modifier.contains(modifier);
        let (mut fg, mut bg) = (colour(cell.fg), colour(cell.bg));
        if has(Modifier::REVERSED) {
            (fg, bg) =
                (Some(bg.unwrap_or_else(|| BACKGROUND.to_owned())), Some(fg.unwrap_or_else(|| FOREGROUND.to_owned())));
        }
        CellStyle {
            fg: fg.unwrap_or_else(|| FOREGROUND.to_owned()),
            bg,
            bold: has(Modifier::BOLD),
            italic: has(Modifier::ITALIC),
            underlined: has(Modifier::UNDERLINED),
            dim: has(Modifier::DIM),
        }
    }
}

impl Run {
    fn draw(&self, svg: &mut String, row: f32) {
        let (x, y) = (MARGIN + f32::from(self.x) * CELL_WIDTH, MARGIN + row * CELL_HEIGHT);
        let width = f32::from(self.columns) * CELL_WIDTH;
        if let Some(bg) = &self.style.bg {
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{CELL_HEIGHT}\" fill=\"{bg}\"/>"
            );
        }
        if self.text.trim().is_empty() {
            return;
        }
        // `textLength` keeps the columns aligned in any font.
        let _ = write!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" xml:space=\"preserve\" fill=\"{}\"",
            y + CELL_HEIGHT * 0.76,
            self.style.fg
        );
        for (is, attribute) in [
            (self.style.bold, " font-weight=\"bold\""),
            (self.style.italic, " font-style=\"italic\""),
            (self.style.underlined, " text-decoration=\"underline\""),
            (self.style.dim, " opacity=\"0.6\""),
        ] {
            if is {
                svg.push_str(attribute);
            }
        }
        let _ = writeln!(svg, ">{}</text>", escaped(&self.text));
    }
}

fn runs(frame: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (x, cell) in cells(frame, y) {
        let style = CellStyle::of(cell);
        let columns = cell.symbol().width().max(1) as u16;
        match runs.last_mut() {
            Some(run) if run.style == style => {
                run.text.push_str(cell.symbol());
                run.columns += columns;
            }
            _ => runs.push(Run { x, columns, text: cell.symbol().to_owned(), style }),
        }
    }
    runs
}

/// The cells of a row with their columns; the cell that a wide character covers is left out.
fn cells(frame: &Buffer, y: u16) -> impl Iterator<Item = (u16, &Cell)> {
    let mut covered_to = 0;
    (frame.area.left()..frame.area.right()).filter_map(move |x| {
        let cell = frame.cell((x, y))?;
        if x < covered_to {
            return None;
        }
        covered_to = x + cell.symbol().width().max(1) as u16;
        Some((x - frame.area.left(), cell))
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn colour(colour: Color) -> Option<String> {
    let named = |code: usize| PALETTE.get(code).map(|colour| (*colour).to_owned());
    match colour {
        Color::Reset => None,
        Color::Black => named(0),
        Color::Red => named(1),
        Color::Green => named(2),
        Color::Yellow => named(3),
        Color::Blue => named(4),
        Color::Magenta => named(5),
        Color::Cyan => named(6),
        Color::Gray => named(7),
        Color::DarkGray => named(8),
        Color::LightRed => named(9),
        Color::LightGreen => named(10),
        Color::LightYellow => named(11),
        Color::LightBlue => named(12),
        Color::LightMagenta => named(13),
        Color::LightCyan => named(14),
        Color::White => named(15),
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        // The views use the first sixteen colours only.
        Color::Indexed(code) => named(usize::from(code)),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn frame() -> Buffer {
        let mut frame = Buffer::empty(Rect::new(0, 7, 12, 2));
        frame.set_string(0, 7, "a<b> & \"漢\"", Style::new().fg(Color::Red));
        frame.set_string(0, 8, "sel", Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD));
        frame
    }

    #[test]
    fn text_is_what_the_screen_shows() {
        assert_eq!(picture(&frame(), PictureFormat::Text), "a<b> & \"漢\"\nsel\n");
    }

    #[test]
    fn svg_has_every_cell_escaped_and_in_colour() {
        let svg = picture(&frame(), PictureFormat::Svg);
        assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
        assert!(svg.contains(">a&lt;b&gt; &amp; \"漢\"</text>"), "{svg}");
        assert!(svg.contains(&format!("fill=\"{}\"", PALETTE[1])));
        assert!(
            svg.contains(&format!("width=\"25.2\" height=\"17\" fill=\"{FOREGROUND}\"")),
            "the selected row: {svg}"
        );
        assert!(svg.contains("font-weight=\"bold\""));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn the_form_is_in_the_name() {
        assert_eq!(PictureFormat::of(Path::new("a/b.svg")), Ok(PictureFormat::Svg));
        assert_eq!(PictureFormat::of(Path::new("b.txt")), Ok(PictureFormat::Text));
        assert!(PictureFormat::of(Path::new("b.png")).is_err_and(|error| error.contains(".svg")));
    }
}
