//! Options of rendering: for a terminal or a file, with or without colour, at which size.

/// The properties of standard output that rendering depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
    /// A terminal: control characters are escaped and long output is cut.
    pub terminal: bool,
    pub color: bool,
    pub columns: u16,
    /// The width that tables are made to fit; `None`: they are whole.
    pub table_columns: Option<u16>,
    /// Rows of the scroll region that output goes to.
    pub rows: u16,
}

impl RenderOptions {
    /// A file or pipe: no colour, nothing escaped, nothing cut.
    pub const PLAIN: RenderOptions =
        RenderOptions { terminal: false, color: false, columns: 80, table_columns: None, rows: 24 };
}
