//! The actions of the pane. `keys` maps keys to actions, `apply` carries them out.

/// Action of a key.
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
    /// Goes one step back.
    Back,
    /// Closes the top layer; without one, leaves the pane.
    Quit,
    Leave,
    Fold,
    /// Scrolls the details by a line.
    ScrollUp,
    ScrollDown,
    NextView,
    Zoom,
    FullScreen,
    StartFilter,
    Type(char),
    Erase,
    NextSort,
    ErrorsOnly,
    Pause,
    /// Shows the calls of one process alone, or all again.
    Narrow,
    NarrowSubtree,
    Kill,
    KillSubtree,
    /// Shows log lines in place of the calls, or the calls again.
    ToggleLog,
    /// Holds the job of the selected process or call where it is, or lets it go on.
    Hold,
    /// Lets a held job go on.
    Continue,
    StepInto,
    StepOver,
    StepOut,
    Yes,
    No,
    Help,
}
