//! The expectations that a script has looked at, for the report of `plugsh test`: a case for each place of the script.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::shell::reply::ShellError;
use crate::text::cut_at_char;

/// The most cases of one file that are kept; the rest of those that held is dropped.
pub const CASES_MAX: usize = 10_000;
/// The most bytes of a statement in its case.
const TEXT_BYTES_MAX: usize = 200;

/// The place of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CasePlace {
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
    /// The first line of the statement as typed, within a bound.
    pub text: String,
}

/// An expectation, or the statement at which the file failed.
#[derive(Debug, Clone)]
pub struct Case {
    pub place: CasePlace,
    /// The time since the case before it ended, summed where a loop looked at it again.
    pub took: Duration,
    /// The error of the last time it was looked at.
    pub failure: Option<String>,
}

/// The cases of one script, in the order of the first look, at most [`CASES_MAX`] and the one that failed.
pub struct Cases {
    cases: Vec<Case>,
    index: HashMap<CasePlace, usize>,
    since: Instant,
}

impl Default for Cases {
    fn default() -> Self {
        Cases { cases: Vec::new(), index: HashMap::new(), since: Instant::now() }
    }
}

impl CasePlace {
    /// The place of a statement; `text` is cut at [`TEXT_BYTES_MAX`] bytes.
    pub fn new(file: &Arc<str>, line: usize, text: &str) -> CasePlace {
        let first = text.lines().next().unwrap_or_default();
        CasePlace { file: Arc::clone(file), line, text: cut_at_char(first, TEXT_BYTES_MAX).to_owned() }
    }
}

impl Cases {
    /// Adds the end of an expectation, or changes its case.
    pub fn add(&mut self, place: CasePlace, error: Option<&ShellError>) {
        let now = Instant::now();
        let took = now.duration_since(std::mem::replace(&mut self.since, now));
        let failure = error.map(ToString::to_string);
        if let Some(case) = self.index.get(&place).and_then(|index| self.cases.get_mut(*index)) {
            case.took += took;
            case.failure = failure;
            return;
        }
        if self.cases.len() < CASES_MAX || failure.is_some() {
            self.index.insert(place.clone(), self.cases.len());
            self.cases.push(Case { place, took, failure });
        }
    }

    /// Adds the statement at which the file failed, unless an expectation in it did.
    pub fn fail(&mut self, place: CasePlace, error: &ShellError) {
        if self.cases.iter().all(|case| case.failure.is_none()) {
            self.add(place, Some(error));
        }
    }

    /// The cases in the order of their places.
    pub fn into_vec(self) -> Vec<Case> {
        self.cases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_one_case_and_its_last_look_counts() {
        let file: Arc<str> = "a".into();
        let place = |line| CasePlace::new(&file, line, "expect x\nmore");
        let mut cases = Cases::default();
        let error = ShellError::failed("no");
        cases.add(place(1), Some(&error));
        cases.add(place(1), None);
        cases.fail(place(2), &error);
        cases.fail(place(3), &error);
        let cases = cases.into_vec();
        let read: Vec<_> = cases.iter().map(|case| (case.place.line, case.failure.as_deref())).collect();
        assert_eq!(read, [(1, None), (2, Some("no"))]);
        assert_eq!(cases[0].place.text, "expect x");
    }

    #[test]
    fn cases_are_bounded_and_the_failed_one_is_there() {
        let file: Arc<str> = "a".into();
        let mut cases = Cases::default();
        (0..CASES_MAX + 10).for_each(|line| cases.add(CasePlace::new(&file, line, "expect x"), None));
        cases.fail(CasePlace::new(&file, 0, "load x"), &ShellError::failed("no"));
        assert_eq!(cases.into_vec().len(), CASES_MAX + 1);
    }
}
