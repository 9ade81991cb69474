//! The layout of the pane's parts by the size of its area.

use ratatui::layout::Rect;

use super::state::{View, Zoom};

/// The width at which the views stand side by side.
pub const SIDE_BY_SIDE_COLS_MIN: u16 = 90;
/// Columns of the divider: a line with a blank on each side.
pub const DIVIDER_COLS: u16 = 3;
/// The height at which narrow views stand below each other.
pub const STACKED_ROWS_MIN: u16 = 12;

/// The parts' areas. A view's first row is its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    pub tree: Option<Rect>,
    pub calls: Option<Rect>,
    /// The columns between views that stand side by side.
    pub divider: Option<Rect>,
    /// The view for which there is no room.
    pub hidden: Option<View>,
    /// The area of details: that of the view without the keys, or the whole pane.
    pub detail: Rect,
    /// The area of the keys' help: that of details where the views stand side by side, else the whole pane.
    pub help: Rect,
    pub status: Rect,
}

/// Splits the pane's area: the last row is the status line, the rest goes to the views.
pub fn parts(area: Rect, view: View, zoom: Zoom) -> Parts {
    let status = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    let body = Rect { height: area.height.saturating_sub(1), ..area };
    let one = |tree, calls, hidden| Parts {
        tree,
        calls,
        divider: None,
        hidden: Some(hidden),
        detail: body,
        help: body,
        status,
    };
    match (zoom, view) {
        (Zoom::Both, _) if area.width >= SIDE_BY_SIDE_COLS_MIN => {
            let left = Rect { width: body.width * 9 / 20, ..body };
            let divider = Rect { x: left.right(), width: DIVIDER_COLS, ..body };
            let right = Rect { x: divider.right(), width: body.width - left.width - DIVIDER_COLS, ..body };
            Parts { divider: Some(divider), ..both(left, right, view, status) }
        }
        (Zoom::Both, _) if body.height >= STACKED_ROWS_MIN => {
            let top = Rect { height: body.height / 2, ..body };
            let bottom = Rect { y: body.y + top.height, height: body.height - top.height, ..body };
            Parts { help: body, ..both(top, bottom, view, status) }
        }
        (_, View::Tree) => one(Some(body), None, View::Calls),
        (_, View::Calls) => one(None, Some(body), View::Tree),
    }
}

fn both(tree: Rect, calls: Rect, view: View, status: Rect) -> Parts {
    let detail = match view {
        View::Tree => calls,
        View::Calls => tree,
    };
    Parts { tree: Some(tree), calls: Some(calls), divider: None, hidden: None, detail, help: detail, status }
}

/// A view's area without its title row.
pub fn below_title(view: Rect) -> Rect {
    Rect { y: view.y + view.height.min(1), height: view.height.saturating_sub(1), ..view }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_never_overlap_nor_leave_the_area() {
        for width in (20..=200).step_by(7) {
            for height in 1..60 {
                let area = Rect::new(0, 13, width, height);
                for (view, zoom) in [(View::Tree, Zoom::Both), (View::Calls, Zoom::Both), (View::Calls, Zoom::One)] {
                    let parts = parts(area, view, zoom);
                    let all = [parts.tree, parts.divider, parts.calls, Some(parts.status)];
                    let shown: Vec<Rect> = all.into_iter().flatten().collect();
                    for (n, part) in shown.iter().enumerate() {
                        assert_eq!(area.intersection(*part), *part, "{width}x{height}: {part:?} leaves");
                        for other in &shown[n + 1..] {
                            assert!(!part.intersects(*other), "{width}x{height}: {part:?} and {other:?}");
                        }
                    }
                    for covering in [parts.detail, parts.help] {
                        assert!(!covering.intersects(parts.status) && area.intersection(covering) == covering);
                    }
                }
            }
        }
    }

    #[test]
    fn the_view_with_the_keys_is_always_there() {
        let small = Rect::new(0, 0, 40, 5);
        assert!(parts(small, View::Calls, Zoom::Both).calls.is_some());
        assert!(parts(small, View::Tree, Zoom::Both).tree.is_some());
        let wide = parts(Rect::new(0, 0, 120, 20), View::Tree, Zoom::Both);
        assert_eq!(Some(wide.detail), wide.calls, "details go where the keys are not");
    }

    #[test]
    fn help_takes_all_rows() {
        for (width, height) in [(80, 24), (80, 10), (120, 24)] {
            let parts = parts(Rect::new(0, 0, width, height), View::Tree, Zoom::Both);
            assert_eq!(parts.help.height, height - 1, "{width}x{height}");
        }
    }
}
