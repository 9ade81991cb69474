//! Title rows: a part's name and state at the left, the position in its list and the way to a hidden view at the right.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::cells::{put, put_right, rule, trusted};
use super::state::{Feed, View};
use super::theme;
use crate::front::screen::Focus;

/// Context of a view: the pane around it.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    pub focus: Focus,
    /// The view for which there is no room beside the one that is drawn.
    pub hidden: Option<View>,
    pub feed: Feed,
}

/// Draws a title row: `left`, a line, and those of `right` that fit, the first ones before the others.
pub fn draw(buffer: &mut Buffer, row: Rect, left: Vec<Span<'static>>, right: Vec<Vec<Span<'static>>>) {
    rule(buffer, row);
    let used = put(buffer, row, row.y, left);
    let mut rest = Rect { x: row.x + used, width: row.width - used, ..row };
    for part in right {
        let width: usize = part.iter().map(Span::width).sum();
        if width > usize::from(rest.width) {
            break;
        }
        put_right(buffer, rest, row.y, part);
        rest.width -= width as u16;
    }
}

/// A view's name, highlighted if the view has the keys.
pub fn name(view: View, has_keys: bool, focus: Focus) -> Vec<Span<'static>> {
    named(view.title(), has_keys, focus)
}

/// A part's name, highlighted if it has the keys.
pub fn named(name: &str, has_keys: bool, focus: Focus) -> Vec<Span<'static>> {
    match (has_keys, focus) {
        (true, Focus::Pane) => vec![trusted(format!("▌{name}"), theme::STRONG.patch(theme::KEY))],
        _ => vec![trusted(format!(" {name}"), theme::STRONG)],
    }
}

/// The parts at the right of a view's title: the key that shows a hidden view, and another one.
pub fn right(surroundings: Surroundings, other: Option<String>) -> Vec<Vec<Span<'static>>> {
    let key = match surroundings.focus {
        Focus::Pane => "Tab",
        Focus::Prompt => "F6 Tab",
    };
    let hidden = surroundings.hidden.map(|view| {
        let title = if (view, surroundings.feed) == (View::Calls, Feed::Log) { "log" } else { view.title() };
        vec![trusted(format!(" {title}: "), theme::DIM), trusted(key, theme::KEY), trusted(" ", theme::PLAIN)]
    });
    let other = other.map(|other| vec![trusted(format!(" {other} "), theme::DIM)]);
    hidden.into_iter().chain(other).collect()
}

/// The rows in sight of a list's `len` rows, counted from 1, as `18–35/1023`; `None` where all are in sight.
pub fn position(top: usize, page: usize, len: usize) -> Option<String> {
    let last = len.min(top.saturating_add(page));
    (len > page && last > top).then(|| format!("{}–{last}/{len}", top + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_the_rows_in_sight_from_one() {
        assert_eq!(position(17, 18, 1_023).as_deref(), Some("18–35/1023"));
        assert_eq!(position(1_020, 18, 1_023).as_deref(), Some("1021–1023/1023"));
        assert_eq!(position(0, 18, 18), None, "all of them are in sight");
        assert_eq!(position(0, 0, 18), None, "none is");
    }

    #[test]
    fn what_does_not_fit_at_the_right_is_left_out_and_the_first_goes_last() {
        let shown = |width| {
            let row = Rect::new(0, 0, width, 1);
            let mut buffer = Buffer::empty(row);
            let surroundings = Surroundings { focus: Focus::Pane, hidden: Some(View::Calls), feed: Feed::Calls };
            let left = name(View::Tree, true, Focus::Pane);
            draw(&mut buffer, row, left, right(surroundings, Some("18–35/1023".to_owned())));
            (0..width).map(|x| buffer[(x, 0)].symbol().to_owned()).collect::<String>()
        };
        assert_eq!(shown(40), "▌processes────── 18–35/1023  calls: Tab ");
        assert_eq!(shown(26), "▌processes──── calls: Tab ");
        assert_eq!(shown(12), "▌processes──");
    }
}
