//! The views.

/// The view that has the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    Tree,
    Calls,
}

impl View {
    /// The view's name in titles.
    pub fn title(self) -> &'static str {
        match self {
            View::Tree => "processes",
            View::Calls => "calls",
        }
    }
}

/// Content in the place of the calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Feed {
    #[default]
    Calls,
    Log,
}
