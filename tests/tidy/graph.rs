//! The dependencies between the files of `src`: by `use`, by a path, and by an `impl` of another file's type.
//!
//! Names are resolved to files as the compiler does: through re-exports, groups, renames and globs. Test modules and
//! re-exports themselves do not count. An `impl` depends on its type's file. Method calls are not resolved: a
//! dependency that must be seen needs a function.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// The longest chain of re-exports that is followed.
const REEXPORTS_MAX: usize = 16;

/// A module's path from the crate's root: `["kernel", "hooks"]`.
type ModulePath = Vec<String>;

/// The declarations and imports of one module.
#[derive(Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    /// Imported names with their paths from the crate's root.
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
}

/// The dependencies between files, each with the names that cause it.
#[derive(Default)]
pub struct Graph {
    pub arrows: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Graph {
    /// Reads every file below `src`; `files` are paths relative to it, with their text.
    pub fn of(files: &[(String, String)]) -> Graph {
        let mut modules = BTreeMap::new();
        let mut parsed = Vec::new();
        for (path, text) in files {
            let Ok(file) = syn::parse_file(text) else { panic!("{path}: not Rust that can be read") };
            let module = module_path(path);
            declare(&mut modules, &module, path, &file.items);
            parsed.push((path, module, file));
        }
        let mut graph = Graph::default();
        for (path, module, file) in &parsed {
            let mut names = Names { modules: &modules, module: module.clone(), path, graph: &mut graph };
            names.visit_file(file);
        }
        graph
    }

    fn arrow(&mut self, from: &str, to: &str, name: &str) {
        if from != to {
            let names = self.arrows.entry(from.to_string()).or_default().entry(to.to_string()).or_default();
            names.insert(name.to_string());
        }
    }

    /// The strongly connected sets of files, the largest first, each in alphabetical order.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let reach: BTreeMap<&str, BTreeSet<&str>> =
            self.arrows.keys().map(|from| (from.as_str(), self.reached(from))).collect();
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for (from, to) in &reach {
            if !to.contains(from) || seen.contains(from) {
                continue;
            }
            let back = |other: &&str| reach.get(other).is_some_and(|reached| reached.contains(from));
            let circle: Vec<String> = to.iter().copied().filter(|other| back(other)).map(String::from).collect();
            seen.extend(to.iter().copied().filter(|other| back(other)));
            circles.push(circle);
        }
        circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
        circles
    }

    fn reached<'a>(&'a self, from: &'a str) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            for next in self.arrows.get(at).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        seen
    }

    /// The arrows within a circle, a line each.
    pub fn within(&self, circle: &[String]) -> Vec<String> {
        let mut lines = Vec::new();
        for from in circle {
            for (to, names) in self.arrows.get(from).into_iter().flatten() {
                if circle.contains(to) {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    lines.push(format!("{from} -> {to}: {}", names.join(", ")));
                }
            }
        }
        lines
    }
}

fn module_path(path: &str) -> ModulePath {
    let path = Path::new(path).with_extension("");
    let mut parts: ModulePath = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// Whether an item is compiled for tests alone.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn declare(modules: &mut BTreeMap<ModulePath, Module>, path: &ModulePath, file: &str, items: &[Item]) {
    let mut module = Module { file: file.to_string(), ..Module::default() };
    for item in items {
        match item {
            Item::Mod(inner) if is_test(&inner.attrs) => {}
            Item::Mod(inner) => {
                if let Some((_, items)) = &inner.content {
                    let path: ModulePath = path.iter().cloned().chain([inner.ident.to_string()]).collect();
                    declare(modules, &path, file, items);
                }
            }
            Item::Use(used) if !is_test(&used.attrs) => {
                for (name, from) in leaves(&used.tree) {
                    let absolute = absolute(path, &from);
                    match name {
                        Some(name) => {
                            module.imports.insert(name, absolute);
                        }
                        None => module.globs.push(absolute),
                    }
                }
            }
            _ => {
                if let Some(name) = item_name(item) {
                    module.items.insert(name);
                }
            }
        }
    }
    modules.insert(path.clone(), module);
}

fn item_name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Union(item) => item.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        _ => return None,
    })
}

/// The names that a `use` imports, each with its path; `None` for a glob.
fn leaves(tree: &UseTree) -> Vec<(Option<String>, Vec<String>)> {
    fn walk(tree: &UseTree, before: &[String], into: &mut Vec<(Option<String>, Vec<String>)>) {
        let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => walk(&path.tree, &with(&path.ident), into),
            UseTree::Name(name) if name.ident == "self" => into.push((before.last().cloned(), before.to_vec())),
            UseTree::Name(name) => into.push((Some(name.ident.to_string()), with(&name.ident))),
            UseTree::Rename(rename) => into.push((Some(rename.rename.to_string()), with(&rename.ident))),
            UseTree::Glob(_) => into.push((None, before.to_vec())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, before, into)),
        }
    }
    let mut all = Vec::new();
    walk(tree, &[], &mut all);
    all
}

/// A path from the crate's root, which starts with `crate`; a path of another crate is unchanged.
fn absolute(module: &ModulePath, path: &[String]) -> Vec<String> {
    let mut base: Vec<String> = match path.first().map(String::as_str) {
        Some("crate" | "plugsh") => {
            return std::iter::once("crate".to_string()).chain(path[1..].iter().cloned()).collect();
        }
        Some("self" | "super") => module.clone(),
        _ => {
            // Relative to the module: a child, an import, or another crate.
            return std::iter::once("crate".to_string())
                .chain(module.iter().cloned())
                .chain(path.iter().cloned())
                .collect();
        }
    };
    let mut rest = path;
    while let Some(first) = rest.first() {
        match first.as_str() {
            "super" => {
                base.pop();
            }
            "self" => {}
            _ => break,
        }
        rest = &rest[1..];
    }
    std::iter::once("crate".to_string()).chain(base).chain(rest.iter().cloned()).collect()
}

/// The visitor of one file, which records its dependencies.
struct Names<'a> {
    modules: &'a BTreeMap<ModulePath, Module>,
    module: ModulePath,
    path: &'a str,
    graph: &'a mut Graph,
}

/// The file that declares a path's item, if it is one of this crate.
fn file_of(modules: &BTreeMap<ModulePath, Module>, absolute: &[String], depth: usize) -> Option<(String, String)> {
    if depth > REEXPORTS_MAX || absolute.first().map(String::as_str) != Some("crate") {
        return None;
    }
    let path = &absolute[1..];
    let mut at = 0;
    while at < path.len() && modules.contains_key(&path[..=at]) {
        at += 1;
    }
    let module = modules.get(&path[..at])?;
    let Some(name) = path.get(at) else { return Some((module.file.clone(), path.last()?.clone())) };
    if module.items.contains(name) {
        return Some((module.file.clone(), name.clone()));
    }
    if let Some(from) = module.imports.get(name) {
        let from: Vec<String> = from.iter().cloned().chain(path[at + 1..].iter().cloned()).collect();
        if from != absolute {
            return file_of(modules, &from, depth + 1);
        }
        return None;
    }
    for glob in &module.globs {
        let from: Vec<String> = glob.iter().cloned().chain(path[at..].iter().cloned()).collect();
        if let Some(found) = file_of(modules, &from, depth + 1) {
            return Some(found);
        }
    }
    None
}

impl Names<'_> {
    fn names(&mut self, path: &[String]) {
        if let Some((file, name)) = file_of(self.modules, &absolute(&self.module, path), 0) {
            self.graph.arrow(self.path, &file, &name);
        }
    }
}

impl<'ast> Visit<'ast> for Names<'_> {
    // The paths of `pub(super)` and `pub(in path)` are no dependencies.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // A re-export is no dependency.
        if is_test(&item.attrs) || !matches!(item.vis, syn::Visibility::Inherited) {
            return;
        }
        for (_, path) in leaves(&item.tree) {
            self.names(&path);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_test(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.names(&names);
        visit::visit_path(self, path);
    }

    // The tokens of a macro call are no syntax tree: whatever looks like a path in them counts.
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let words: Vec<String> = words_of(mac.tokens.clone());
        let mut path: Vec<String> = Vec::new();
        for word in words.iter().map(String::as_str).chain([";"]) {
            if word == "::" {
                continue;
            }
            if word.chars().all(|c| c.is_alphanumeric() || c == '_') && !word.is_empty() {
                path.push(word.to_string());
            } else {
                if path.len() > 1 {
                    self.names(&path);
                }
                path.clear();
            }
        }
        visit::visit_macro(self, mac);
    }
}

/// The identifiers and `::` of a macro call, with a `;` wherever two of them are separate.
fn words_of(tokens: proc_macro2::TokenStream) -> Vec<String> {
    use proc_macro2::TokenTree;
    let mut words: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == ':' => {
                colons += 1;
                if colons == 2 {
                    words.push("::".into());
                    colons = 0;
                }
                continue;
            }
            TokenTree::Ident(word) => {
                if words.last().is_some_and(|last| last != "::") {
                    words.push(";".into());
                }
                words.push(word.to_string());
            }
            TokenTree::Group(group) => {
                words.push(";".into());
                words.extend(words_of(group.stream()));
                words.push(";".into());
            }
            _ => words.push(";".into()),
        }
        colons = 0;
    }
    words
}

/// The files below a folder for [`Graph::of`], without those that hold only tests.
pub fn read(src: &Path) -> Vec<(String, String)> {
    fn walk(dir: &Path, src: &Path, into: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if name == "tests" || name.ends_with("_tests") {
                continue;
            }
            if path.is_dir() {
                walk(&path, src, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(src).unwrap().to_string_lossy().into_owned();
                into.push((relative, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    walk(src, src, &mut files);
    files.sort();
    files
}
