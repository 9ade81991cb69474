//! The tokens of the files in `src`: identifiers and string literals, without attributes, comments and tests.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The tokens of one file.
#[derive(Default)]
pub struct Tokens {
    pub identifiers: Vec<String>,
    /// The values of the string literals.
    pub literals: Vec<String>,
}

impl Tokens {
    fn read(&mut self, tokens: TokenStream) {
        let mut before = None;
        let mut is_test = false;
        for token in tokens {
            let is_attribute = matches!(before, Some('#' | '!'));
            before = if let TokenTree::Punct(punct) = &token { Some(punct.as_char()) } else { None };
            match token {
                TokenTree::Group(group) if is_attribute && group.delimiter() == Delimiter::Bracket => {
                    is_test |= group.stream().to_string().replace(' ', "") == "cfg(test)";
                }
                // An item ends with its body, or with a semicolon.
                TokenTree::Group(group) if is_test => is_test = group.delimiter() != Delimiter::Brace,
                TokenTree::Punct(punct) if is_test => is_test = punct.as_char() != ';',
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(identifier) => self.identifiers.push(identifier.to_string()),
                TokenTree::Literal(literal) => {
                    let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                    self.literals.extend(text.map(|text| text.value()));
                }
                TokenTree::Punct(_) => {}
            }
        }
    }
}

/// The files of `src` with their tokens, by their paths from there; files that hold only tests are left out.
pub fn sources() -> Vec<(String, Tokens)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&src, &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let stream = text.parse().unwrap_or_else(|_| panic!("{}: no tokens", path.display()));
        let mut tokens = Tokens::default();
        tokens.read(stream);
        (path.strip_prefix(&src).unwrap().to_string_lossy().into_owned(), tokens)
    };
    paths.into_iter().map(read).collect()
}

fn collect(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name == "tests" || name.ends_with("_tests") {
            continue;
        }
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}
