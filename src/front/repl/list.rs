//! The list of completion candidates: one a row with its description, where they are few, else names in columns; a page
//! at a time, where rustyline's own paging does not fit.

use rustyline::completion::{Pair, longest_common_prefix};
use unicode_width::UnicodeWidthStr;

use crate::front::columns::cut;
use crate::front::screen::{CompletionPage, ListRoom};
use crate::shell::completion::Candidate;

/// The most pages of a list with descriptions; a longer list is names in columns.
const DESCRIBED_PAGES_MAX: usize = 2;

/// A page of a list, as rustyline shows it.
pub struct ListPage {
    pub pairs: Vec<Pair>,
    /// Columns of the names; descriptions follow. 0: there are none.
    pub name_columns: usize,
    /// Pages follow this one.
    pub has_more: bool,
}

/// The page `number` of the candidates' list, counted from 0.
pub fn page(candidates: &[Candidate], room: ListRoom, number: usize) -> ListPage {
    let rows = CompletionPage::fit(room.rows, room.cols, usize::from(room.cols));
    let is_described = candidates.iter().any(|candidate| !candidate.about.is_empty());
    if is_described && candidates.len() > 1 && rows.pages(candidates.len()) <= DESCRIBED_PAGES_MAX {
        let name_columns = candidates.iter().map(|candidate| candidate.shown.width()).max().unwrap_or(0) + 2;
        let pairs = described(candidates, name_columns, room.cols.into());
        let (pairs, has_more) = paged(pairs, rows, number);
        return ListPage { pairs, name_columns, has_more };
    }
    let pairs: Vec<Pair> = candidates.iter().map(|candidate| pair(candidate, candidate.shown.clone())).collect();
    if !room.above_pane {
        return ListPage { pairs, name_columns: 0, has_more: false };
    }
    let widest = pairs.iter().map(|pair| pair.display.width()).max().unwrap_or(0);
    let (pairs, has_more) = paged(pairs, CompletionPage::fit(room.rows, room.cols, widest), number);
    ListPage { pairs, name_columns: 0, has_more }
}

fn pair(candidate: &Candidate, display: String) -> Pair {
    Pair { display, replacement: candidate.replacement.clone() }
}

/// `NAME  DESCRIPTION`, in at most `cols` columns; wide enough that rustyline puts one in a row.
fn described(candidates: &[Candidate], name_columns: usize, cols: usize) -> Vec<Pair> {
    let display = |candidate: &Candidate| {
        let blanks = " ".repeat(name_columns.saturating_sub(candidate.shown.width()));
        let text = format!("{}{blanks}{}", candidate.shown, candidate.about);
        let text = cut(&text, cols.saturating_sub(3));
        let filler = " ".repeat((cols / 2).saturating_sub(text.width()));
        format!("{text}{filler}")
    };
    candidates.iter().map(|candidate| pair(candidate, display(candidate))).collect()
}

/// One page of the pairs, with its number where there are several, and whether pages follow.
fn paged(pairs: Vec<Pair>, page: CompletionPage, number: usize) -> (Vec<Pair>, bool) {
    if pairs.len() <= page.candidates_max {
        return (pairs, false);
    }
    let pages = page.pages(pairs.len());
    let prefix = longest_common_prefix(&pairs).unwrap_or_default().to_owned();
    let mut shown: Vec<Pair> = page
        .slice(&pairs, number)
        .iter()
        .map(|pair| Pair { display: pair.display.clone(), replacement: pair.replacement.clone() })
        .collect();
    // The replacement of this line is what all candidates start with: rustyline completes to that and no further.
    shown.push(Pair { display: format!("({}/{pages})", number % pages + 1), replacement: prefix });
    (shown, number % pages + 1 < pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(count: usize, about: &str) -> Vec<Candidate> {
        (0..count).map(|n| Candidate::word(&format!("name-{n}")).about(about)).collect()
    }

    fn room(rows: u16, above_pane: bool) -> ListRoom {
        ListRoom { rows, cols: 40, above_pane }
    }

    #[test]
    fn few_candidates_stand_one_a_row_with_what_they_are() {
        let page = page(&candidates(3, "what this one is good for, at length"), room(24, false), 0);
        assert_eq!((page.pairs.len(), page.has_more, page.name_columns), (3, false, 8));
        assert_eq!(page.pairs[0].display, "name-0  what this one is good for, a…");
        // rustyline puts two in a row when two fit, with two blanks after each.
        let short = super::page(&candidates(3, "short"), room(24, false), 0);
        assert!(short.pairs.iter().all(|pair| (pair.display.width() + 2) * 2 > 40), "{:?}", short.pairs[0].display);
    }

    #[test]
    fn a_described_list_has_two_pages_at_most() {
        let (first, second) =
            (page(&candidates(12, "x"), room(12, false), 0), page(&candidates(12, "x"), room(12, false), 1));
        assert!(first.has_more && !second.has_more);
        assert_eq!((first.pairs.len(), second.pairs.len()), (9, 5));
        assert_eq!((first.pairs[8].display.as_str(), first.pairs[8].replacement.as_str()), ("(1/2)", "name-"));
        let many = page(&candidates(100, "x"), room(12, false), 0);
        assert_eq!((many.pairs.len(), many.name_columns, many.has_more), (100, 0, false));
        assert!(page(&candidates(100, "x"), room(12, true), 0).has_more, "rustyline would page over the pane");
    }
}
