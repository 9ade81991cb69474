//! What a reply is drawn for.

/// What standard output can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// Somebody looks at it: control characters are escaped, long output is cut.
    pub terminal: bool,
    pub color: bool,
    pub columns: u16,
    /// The rows of the part of the screen that output scrolls in.
    pub rows: u16,
}

impl RenderOptions {
    /// Not a terminal: plain, and whole.
    pub const PLAIN: RenderOptions = RenderOptions { terminal: false, color: false, columns: 80, rows: 24 };
}
