//! Doc comments: every item that other files can name has one, and a function that returns a `Result` has `# Errors`.

use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItem, Lit, Meta, ReturnType, Signature, TraitItem, Type, Visibility};

use super::graph::{self, is_test};
use super::{assert_none, collect, root, sources};

/// The items of one file that lack documentation.
struct Undocumented<'a> {
    path: &'a str,
    findings: Vec<String>,
}

/// The text of an item's doc comment.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn returns_result(signature: &Signature) -> bool {
    let ReturnType::Type(_, returned) = &signature.output else { return false };
    let Type::Path(path) = &**returned else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Result")
}

impl Undocumented<'_> {
    fn check(&mut self, visibility: &Visibility, attributes: &[Attribute], name: &syn::Ident) {
        if !matches!(visibility, Visibility::Inherited) && doc(attributes).trim().is_empty() {
            self.findings.push(format!("src/{}: `{name}` has no doc comment", self.path));
        }
    }

    fn check_function(&mut self, visibility: &Visibility, attributes: &[Attribute], signature: &Signature) {
        self.check(visibility, attributes, &signature.ident);
        let is_visible = !matches!(visibility, Visibility::Inherited);
        if is_visible && returns_result(signature) && !doc(attributes).contains("# Errors") {
            self.findings.push(format!("src/{}: `{}` has no `# Errors`", self.path, signature.ident));
        }
    }
}

impl<'ast> Visit<'ast> for Undocumented<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.check_function(&item.vis, &item.attrs, &item.sig);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.check(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.check(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.check(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.check(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.check(&item.vis, &item.attrs, &item.ident);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.check(&item.vis, &item.attrs, &item.ident);
        for inner in &item.items {
            if let TraitItem::Fn(function) = inner {
                self.check_function(&item.vis, &function.attrs, &function.sig);
            }
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if is_test(&item.attrs) || item.trait_.is_some() {
            return;
        }
        for inner in &item.items {
            match inner {
                ImplItem::Fn(function) if !is_test(&function.attrs) => {
                    self.check_function(&function.vis, &function.attrs, &function.sig);
                }
                ImplItem::Const(constant) => self.check(&constant.vis, &constant.attrs, &constant.ident),
                _ => {}
            }
        }
    }
}

fn undocumented(path: &str, text: &str) -> Vec<String> {
    let Ok(file) = syn::parse_file(text) else { panic!("src/{path}: not Rust that can be read") };
    let mut visitor = Undocumented { path, findings: Vec::new() };
    visitor.visit_file(&file);
    visitor.findings
}

/// Whether a file has public methods of a kernel.
fn has_kernel_methods(text: &str) -> bool {
    let Ok(file) = syn::parse_file(text) else { return false };
    let of_kernel = |item: &syn::ItemImpl| match &*item.self_ty {
        Type::Path(path) => item.trait_.is_none() && path.path.is_ident("Kernel"),
        _ => false,
    };
    let is_public = |inner: &ImplItem| match inner {
        ImplItem::Fn(function) => matches!(function.vis, Visibility::Public(_)) && !is_test(&function.attrs),
        _ => false,
    };
    file.items.iter().any(|item| match item {
        syn::Item::Impl(item) if of_kernel(item) && !is_test(&item.attrs) => item.items.iter().any(is_public),
        _ => false,
    })
}

/// The list of the files with public methods of a kernel, at the top of `kernel/api.rs`, is complete.
#[test]
fn public_methods_of_a_kernel_are_listed() {
    let files = graph::read(&root().join("src"));
    let api = files.iter().find(|(path, _)| path == "kernel/api.rs").map_or("", |(_, text)| text);
    let list: String = api.lines().take_while(|line| line.starts_with("//!")).collect();
    let named: Vec<&str> = list.split('`').skip(1).step_by(2).filter(|name| !name.contains("tests")).collect();
    let places = files.iter().filter(|(path, text)| path != "kernel/api.rs" && has_kernel_methods(text));
    let places: Vec<&str> = places
        .filter_map(|(path, _)| path.strip_prefix("kernel/")?.strip_suffix(".rs"))
        .map(|place| place.strip_suffix("/mod").unwrap_or(place))
        .collect();
    let missing = places.iter().filter(|place| !named.contains(place)).map(|place| format!("`{place}` is not listed"));
    let strange = named.iter().filter(|name| !places.contains(name)).map(|name| format!("`{name}` has none"));
    assert_none(missing.chain(strange).map(|finding| format!("src/kernel/api.rs: {finding}")).collect());
}

/// Words that a comment must not begin with: its subject is then elsewhere.
const PRONOUNS: [&str; 10] = ["It", "Its", "Their", "Them", "They", "Those", "What", "Whatever", "Whoever", "The same"];
/// Comments that are the help of an option.
const HELP: [&str; 1] = ["/// What plugins may do: a TOML file, as `help policy` says."];

/// The text of a line that is a comment.
fn comment(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("//").map(|text| text.trim_start_matches(['/', '!']).trim_start())
}

/// The lines that begin a comment without a subject of its own.
fn riddles(path: &str, text: &str) -> Vec<String> {
    let begins_so = |text: &str| {
        let mut rests = PRONOUNS.iter().filter_map(|word| text.strip_prefix(word));
        rests.any(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let before = std::iter::once("").chain(text.lines());
    let lines = before.zip(text.lines()).enumerate();
    let begins = lines.filter(|(_, (before, line))| comment(before).is_none() && comment(line).is_some_and(begins_so));
    let begins = begins.filter(|(_, (_, line))| !HELP.contains(&line.trim()));
    begins.map(|(n, (_, line))| format!("{path}:{}: {}", n + 1, line.trim())).collect()
}

#[test]
fn comments_name_their_subject() {
    let mut files = sources();
    collect(&root().join("tests"), &mut files);
    assert_none(files.iter().flat_map(|source| riddles(&source.path, &source.text)).collect());
}

#[test]
fn comments_without_a_subject_are_found() {
    let text =
        "//! The items.\n\n/// Its end.\nfn a() {}\n// The same, once more.\n/// A word.\n/// It follows.\n// Items.";
    assert_eq!(riddles("x.rs", text).len(), 2);
}

#[test]
fn visible_items_have_doc_comments() {
    let files = graph::read(&root().join("src"));
    assert_none(files.iter().flat_map(|(path, text)| undocumented(path, text)).collect());
}

#[test]
fn missing_docs_are_found() {
    let text = "
        pub struct Bare;
        /// Documented.
        pub(super) struct Fine;
        struct Private;
        impl Fine {
            pub fn bare(&self) {}
            /// Fails.
            pub fn fails(&self) -> io::Result<()> { Ok(()) }
            /// Fails.
            ///
            /// # Errors
            /// Always.
            pub fn documented(&self) -> Result<(), String> { Ok(()) }
        }
        /// A trait.
        pub trait Open {
            fn bare(&self);
            /// Fails.
            fn open(&self) -> Result<(), String>;
        }
        #[cfg(test)]
        mod tests { pub fn helper() {} }
    ";
    let found = undocumented("x.rs", text);
    let names: Vec<&str> = found.iter().filter_map(|finding| finding.split('`').nth(1)).collect();
    assert_eq!(names, ["Bare", "bare", "fails", "bare", "open"], "{found:?}");
}
