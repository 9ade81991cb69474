//! What a person asks the pane for; which key asks for it is in `keys`, what it does in `apply`.

/// What a person asks for with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    /// One step back.
    Back,
    /// Out of what is on top; out of the pane when nothing is.
    Quit,
    Leave,
    Fold,
    NextView,
    Zoom,
    StartFilter,
    Type(char),
    Erase,
    NextSort,
    ErrorsOnly,
    Pause,
    Kill,
    KillSubtree,
    Yes,
    No,
    Help,
}
