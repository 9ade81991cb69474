//! The layout of a table in a bounded width: its least columns are left out, then its cells are cut. A row is one line
//! whatever the width.

use unicode_width::UnicodeWidthStr;

use crate::shell::reply::{Align, ESSENTIAL, Heading};

/// Blanks between two columns; one where two are too many.
const GAP: usize = 2;
const GAP_MIN: usize = 1;
/// A column of text is not cut below this width as long as there are columns to leave out.
const TEXT_COLUMNS: usize = 16;
/// A column of text is not cut below this width as long as a wider one can be cut.
const TEXT_COLUMNS_MIN: usize = 8;

/// The shown columns and the gap between two.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    pub gap: usize,
    /// From the left.
    pub columns: Vec<Placed>,
}

/// A shown column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Index in the table.
    pub index: usize,
    pub width: usize,
    align: Align,
    importance: u8,
    /// The width below which another column is left out instead.
    wanted: usize,
}

/// The layout of columns whose widest cells are `widths` wide, in at most `columns_max` columns. At least one column is
/// shown, one wide.
pub fn layout(headings: &[Heading], widths: &[usize], columns_max: usize) -> Layout {
    let place = |(index, (heading, width)): (usize, (&Heading, &usize))| {
        let title = heading.title.width().max(1);
        let width = (*width).max(title);
        let wanted = if heading.align == Align::Left { width.min(TEXT_COLUMNS.max(title)) } else { width };
        Placed { index, width, align: heading.align, importance: heading.importance, wanted }
    };
    let mut columns: Vec<Placed> = headings.iter().zip(widths).enumerate().map(place).collect();
    while total(&columns, |column| column.wanted, GAP_MIN) > columns_max {
        let least = (0..).zip(&columns).filter(|(_, column)| column.importance < ESSENTIAL);
        let Some((least, _)) = least.min_by_key(|(_, column)| column.importance) else { break };
        columns.remove(least);
    }
    let fits = |gap: usize, width: fn(&Placed) -> usize| total(&columns, width, gap) <= columns_max;
    let whole = |column: &Placed| column.width;
    let gap =
        if fits(GAP, whole) || !fits(GAP_MIN, whole) && fits(GAP, |column| column.wanted) { GAP } else { GAP_MIN };
    cut_to(&mut columns, gap, columns_max);
    Layout { gap, columns }
}

/// Cuts columns until they fit: the widest ones of text, then the widest of all; at the end the last are left out.
fn cut_to(columns: &mut Vec<Placed>, gap: usize, columns_max: usize) {
    while total(columns, |column| column.width, gap) > columns_max {
        let is_text = |column: &Placed| column.align == Align::Left && column.width > TEXT_COLUMNS_MIN;
        let has_text = columns.iter().any(is_text);
        let can_give = |column: &&mut Placed| if has_text { is_text(column) } else { column.width > 1 };
        let Some(widest) = columns.iter_mut().filter(can_give).max_by_key(|column| column.width) else {
            if columns.len() <= 1 {
                return;
            }
            columns.pop();
            continue;
        };
        widest.width -= 1;
    }
}

fn total(columns: &[Placed], width: impl Fn(&Placed) -> usize, gap: usize) -> usize {
    columns.iter().map(width).sum::<usize>() + gap * columns.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: [Heading; 4] = [
        Heading::new("id", Align::Right),
        Heading { importance: 1, ..Heading::new("parent", Align::Right) },
        Heading::new("name", Align::Left),
        Heading { importance: 2, ..Heading::new("source", Align::Left) },
    ];

    /// The shown columns with their widths, and the gap.
    fn laid_out(widths: [usize; 4], columns_max: usize) -> (Vec<(&'static str, usize)>, usize) {
        let layout = layout(&HEADINGS, &widths, columns_max);
        let columns = layout.columns.iter().map(|column| (HEADINGS[column.index].title, column.width)).collect();
        let used = total(&layout.columns, |column| column.width, layout.gap);
        assert!(used <= columns_max.max(1), "{used} of {columns_max} columns");
        (columns, layout.gap)
    }

    #[test]
    fn what_fits_is_whole() {
        let whole = vec![("id", 2), ("parent", 6), ("name", 10), ("source", 20)];
        assert_eq!(laid_out([1, 1, 10, 20], 44), (whole.clone(), 2));
        assert_eq!(laid_out([1, 1, 10, 20], 43), (whole, 1));
    }

    #[test]
    fn text_is_cut_a_little_before_a_column_goes() {
        let cut = vec![("id", 2), ("parent", 6), ("name", 10), ("source", 16)];
        assert_eq!(laid_out([1, 1, 10, 20], 40), (cut, 2));
    }

    #[test]
    fn the_least_column_goes_first_and_the_essential_stay() {
        assert_eq!(laid_out([1, 1, 10, 20], 34), (vec![("id", 2), ("name", 10), ("source", 20)], 1));
        assert_eq!(laid_out([1, 1, 10, 20], 24), (vec![("id", 2), ("name", 10)], 2));
        assert_eq!(laid_out([9, 1, 30, 20], 24), (vec![("id", 9), ("name", 14)], 1));
    }

    #[test]
    fn where_even_these_do_not_fit_figures_are_cut_too() {
        assert_eq!(laid_out([9, 1, 30, 20], 10), (vec![("id", 5), ("name", 4)], 1));
        assert_eq!(laid_out([9, 1, 30, 20], 5), (vec![("id", 2), ("name", 2)], 1));
        assert_eq!(laid_out([9, 1, 30, 20], 2).0, [("id", 1)]);
        assert_eq!(laid_out([9, 1, 30, 20], 0).0, [("id", 1)]);
    }
}
