//! Interned names: plugin and function names as four-byte `Symbol`s, so that a record holds no string of its own.
//! The meaning of names and their safety in print are decided elsewhere.

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

use crate::locks::{Rank, RwLock};
use crate::text::cut_at_char;

/// The most names that are ever interned, the three fixed ones included; later ones become [`Symbol::OTHER`].
pub const SYMBOLS_MAX: usize = 65_536;
/// The most bytes of names that are ever interned; they live as long as the program.
pub const SYMBOL_BYTES_TOTAL_MAX: usize = 4 << 20;
/// A longer name is cut here, on a character boundary, before it is interned.
pub const SYMBOL_BYTES_MAX: usize = 128;

/// An interned name. Copying and comparing it costs as much as an integer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Symbol(u32);

impl Symbol {
    /// The empty name.
    pub const NONE: Symbol = Symbol(0);
    /// The stand-in for names that came after the table was full: `(other)`.
    pub const OTHER: Symbol = Symbol(1);
    /// The shell as a caller: `shell`.
    pub const SHELL: Symbol = Symbol(2);

    /// The symbol of `name`, cut at [`SYMBOL_BYTES_MAX`] bytes. Takes a read lock when the name is known and a write
    /// lock once when it is new: intern when a process or a function is resolved, not at each call. Half of the table
    /// is for these, since a guest may ask for as many names as it likes.
    pub fn intern(name: &str) -> Symbol {
        TABLE.intern(cut_at_char(name, SYMBOL_BYTES_MAX), Share::Half)
    }

    /// The symbol of a name that exists and that people look up, for which the whole table may be used.
    pub fn intern_own(name: &str) -> Symbol {
        TABLE.intern(cut_at_char(name, SYMBOL_BYTES_MAX), Share::Whole)
    }

    /// The symbol of `name` if it was interned before; interns nothing.
    pub fn find(name: &str) -> Option<Symbol> {
        TABLE.find(cut_at_char(name, SYMBOL_BYTES_MAX))
    }

    /// The name, without a lock. It lives as long as the program, within the bounds above.
    pub fn as_str(self) -> &'static str {
        TABLE.name(self).unwrap_or("")
    }

    /// The symbol's number in the table.
    pub(super) fn to_raw(self) -> u32 {
        self.0
    }

    /// The symbol that [`Symbol::to_raw`] encoded.
    pub(super) fn from_raw(raw: u32) -> Symbol {
        Symbol(raw)
    }

    /// Whether this is the empty name.
    pub fn is_none(self) -> bool {
        self == Symbol::NONE
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let table = Table::new(SYMBOLS_MAX, SYMBOL_BYTES_TOTAL_MAX);
    // The host's own words, while there is room.
    for word in ["load", "register_plugin", "(start)"] {
        table.intern(word, Share::Whole);
    }
    table
});

/// Names by number, which are read without a lock, and numbers by name.
struct Table {
    chunks: Box<[OnceLock<Chunk>]>,
    index: RwLock<Index>,
    count_max: usize,
    bytes_max: usize,
}

/// Part of the table that a name may fill.
#[derive(Clone, Copy)]
enum Share {
    Half,
    Whole,
}

type Chunk = Box<[OnceLock<&'static str>]>;
const CHUNK_NAMES: usize = 1024;

#[derive(Default)]
struct Index {
    by_name: HashMap<&'static str, Symbol>,
    bytes: usize,
}

impl Table {
    fn new(count_max: usize, bytes_max: usize) -> Table {
        let chunks = (0..count_max.div_ceil(CHUNK_NAMES)).map(|_| OnceLock::new()).collect();
        let table = Table { chunks, index: RwLock::new(Rank::Symbols, Index::default()), count_max, bytes_max };
        for fixed in ["", "(other)", "shell"] {
            table.insert(&mut table.index.write(), fixed);
        }
        table
    }

    fn find(&self, name: &str) -> Option<Symbol> {
        self.index.read().by_name.get(name).copied()
    }

    fn intern(&self, name: &str, share: Share) -> Symbol {
        if let Some(known) = self.find(name) {
            return known;
        }
        let (count_max, bytes_max) = match share {
            Share::Half => (self.count_max / 2, self.bytes_max / 2),
            Share::Whole => (self.count_max, self.bytes_max),
        };
        let mut index = self.index.write();
        if let Some(known) = index.by_name.get(name) {
            return *known;
        }
        if index.by_name.len() >= count_max || index.bytes.saturating_add(name.len()) > bytes_max {
            return Symbol::OTHER;
        }
        // Leaked on purpose: bounded by the two caps, and a plain reference is what makes a record cheap to read.
        self.insert(&mut index, Box::leak(Box::<str>::from(name)))
    }

    fn insert(&self, index: &mut Index, name: &'static str) -> Symbol {
        let number = index.by_name.len();
        let Some(chunk) = self.chunks.get(number / CHUNK_NAMES) else { return Symbol::OTHER };
        let chunk = chunk.get_or_init(|| (0..CHUNK_NAMES).map(|_| OnceLock::new()).collect());
        if let Some(place) = chunk.get(number % CHUNK_NAMES) {
            place.get_or_init(|| name);
        }
        index.bytes += name.len();
        index.by_name.insert(name, Symbol(number as u32));
        Symbol(number as u32)
    }

    fn name(&self, symbol: Symbol) -> Option<&'static str> {
        let number = symbol.0 as usize;
        self.chunks.get(number / CHUNK_NAMES)?.get()?.get(number % CHUNK_NAMES)?.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_symbols_have_their_names() {
        assert_eq!(Symbol::NONE.as_str(), "");
        assert_eq!(Symbol::OTHER.as_str(), "(other)");
        assert_eq!(Symbol::SHELL.as_str(), "shell");
        assert_eq!(Symbol::default(), Symbol::NONE);
        assert_eq!(Symbol::intern("shell"), Symbol::SHELL);
        assert!(Symbol::intern("").is_none());
    }

    #[test]
    fn equal_names_are_one_symbol() {
        let front = Symbol::intern("front");
        assert_eq!(front, Symbol::intern("front"));
        assert_ne!(front, Symbol::intern("front-2"));
        assert_eq!(front.as_str(), "front");
        assert_eq!(format!("{front:>7}|{front:?}"), "  front|\"front\"");
        assert_eq!(Symbol::find("front"), Some(front));
        assert_eq!(Symbol::find("never-interned-by-anyone"), None);
    }

    #[test]
    fn a_long_name_is_cut_on_a_character_boundary() {
        let name = format!("{}é", "x".repeat(SYMBOL_BYTES_MAX - 1));
        assert_eq!(Symbol::intern(&name).as_str(), "x".repeat(SYMBOL_BYTES_MAX - 1));
        assert_eq!(Symbol::find(&name), Some(Symbol::intern(&name)));
    }

    #[test]
    fn past_the_caps_every_new_name_is_other() {
        let table = Table::new(4, 1000);
        let last = table.intern("last", Share::Whole);
        assert_eq!(table.intern("one-too-many", Share::Whole), Symbol::OTHER);
        assert_eq!(table.intern("last", Share::Whole), last);

        let table = Table::new(3000, usize::MAX);
        let names: Vec<String> = (0..2997).map(|number| format!("name-{number}")).collect();
        let symbols: Vec<Symbol> = names.iter().map(|name| table.intern(name, Share::Whole)).collect();
        assert_eq!(table.intern("one-too-many", Share::Whole), Symbol::OTHER);
        assert!(names.iter().zip(symbols).all(|(name, symbol)| table.name(symbol) == Some(name)));

        let table = Table::new(1000, 20);
        assert_ne!(table.intern("12345678", Share::Whole), Symbol::OTHER);
        assert_eq!(table.intern("x", Share::Whole), Symbol::OTHER);
        assert_eq!(table.index.read().bytes, 20);
    }

    #[test]
    fn what_anybody_may_ask_for_takes_half_of_the_table() {
        let table = Table::new(100, 1000);
        let asked: Vec<Symbol> = (0..100).map(|number| table.intern(&format!("{number}"), Share::Half)).collect();
        assert_eq!(asked.iter().filter(|symbol| **symbol != Symbol::OTHER).count(), 47);
        assert_ne!(table.intern("there", Share::Whole), Symbol::OTHER);
        let table = Table::new(100, 40);
        assert_eq!(table.intern("a name of some length", Share::Half), Symbol::OTHER);
        assert_ne!(table.intern("a name of some length", Share::Whole), Symbol::OTHER);
    }

    #[test]
    fn threads_agree_on_a_symbol() {
        let symbols: Vec<Symbol> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| Symbol::intern("raced-for"))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(symbols.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
