//! The line: text to a syntax tree ([`parse`], [`Lines`]), and a word of that tree to bytes ([`Word::expand`]). The
//! commands' syntax comes through [`Grammar`], the session's values through [`Env`]; nothing runs here.
//!
//! The language:
//! - A line is words. `;` and newline end a command, `&` ends it and runs it in the background, `|` feeds the next
//!   stage (which may stand on the next line). `#` starts a comment at the start of a word. A backslash takes the next
//!   character literally and joins lines at a line's end. A carriage return before a newline belongs to it.
//! - `'…'` is literal; `"…"` expands `$` and the escapes `\n \t \\ \" \$ \xNN`, and a backslash joins lines, as in
//!   POSIX. Adjacent parts are one word.
//! - `$NAME`, `${NAME}`, `$_`, `$?`, `$1`, `$@`, `$env.NAME`, `$(COMMAND)`; any other `$` is text.
//! - In INPUT's place, unquoted: JSON from `{` or `[` to its matching end, `@FILE`, `@-`, and here-documents (`<<END`:
//!   the body is literal; `<<"END"`: `$` in it is expanded).
//! - `> FILE` and `>> FILE` come last.
//! - `for NAME in WORDS`, `repeat N` and `if COMMAND` (`else if COMMAND`, `else`) take statements up to `end`: words of
//!   their own and no braces, so that JSON is never mistaken for a block.
//! - `!COMMAND` as a stage is raw text for the system's shell: it reaches to the end of the line with every operator in
//!   it (`;`, `|`, `> FILE`, `&`, `#` belong to that shell), or to the `)` of the `$(` around it.
//! - Operators of other shells that this one lacks (`&&`, `||`, `2>`, `<`, backquotes, bare parentheses) are errors.
//!
//! Syntax alone decides a word's kind ([`WordKind`], [`Word::is_option`]): an expanded value is never parsed again.

mod ast;
mod block;
mod command;
mod cursor;
mod dollar;
mod draft;
mod error;
mod expand;
mod highlight;
mod input;
mod lines;
mod paint;
mod parser;
mod quote;
mod scan;
mod statement;
mod word;

#[cfg(test)]
mod tests;

pub use ast::{Block, Part, Pipe, Quote, Redirect, Script, Stage, Statement, Word, WordKind, is_variable_name};
pub use block::BLOCKS;
pub use cursor::{CompletionContext, complete_at};
pub use draft::CursorPlace;
pub use error::{ErrorKind, SyntaxError};
pub use expand::{Env, without_final_newlines};
pub use highlight::highlight;
pub use lines::{Lines, parse};
pub use paint::Class;
pub use quote::{escaped_in_quotes, quote};

/// Bytes of the longest logical line, here-documents and JSON included: large input comes as `@FILE`.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// Nesting limit of `$(`: the parser and the evaluator recurse.
pub const SUBSTITUTION_DEPTH_MAX: usize = 32;

/// Nesting limit of blocks: the parser and the evaluator recurse.
pub const BLOCK_DEPTH_MAX: usize = 32;

/// The most parts of words in one logical line.
pub const PARTS_MAX: usize = 1 << 16;

/// The most bytes that a word may expand to.
pub const WORD_BYTES_MAX: usize = 1 << 30;

/// The commands' syntax, for the parser.
pub trait Grammar {
    /// Whether the next word, unless an option, stands in INPUT's place. `words`: the words of this command so far, its
    /// name first; at least one.
    fn input_next(&self, words: &[Word]) -> bool;

    /// Whether the next word, unless an option, is the name of a command that the one of `words` runs (`time COMMAND`).
    fn command_next(&self, words: &[Word]) -> bool;
}
