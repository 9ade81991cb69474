//! Imports that nobody provides or that have another type: whose they are, which toolchain asks for them, and the ways
//! on. Both hosts fail so; each finds the missing ones itself.

use std::fmt::Display;

use super::advice::{ImportOrigin, StubHelp};
use super::item_type::ItemType;
use super::stand_in_types::NumberType;
use super::{Advice, Failure, FailureKind, Problem};
use crate::text::{closest, quoted, quoted_within};

/// The import module of Extism's functions before 1.0, and the prefix of their names.
const EXTISM_BEFORE_1: (&str, &str) = ("env", "extism_");
/// Most characters of a module's name in a message.
const MODULE_CHARS_MAX: usize = 64;
/// Most characters of an import's type in an error.
const TYPE_CHARS_MAX: usize = 200;
/// Most characters of a second import's type in the same error.
const OTHER_TYPE_CHARS_MAX: usize = 64;

/// An import without a provider.
pub struct Missing<'a> {
    pub module: &'a str,
    pub name: &'a str,
    pub ty: ItemType,
    pub kind: MissingKind,
}

/// The kind of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKind {
    Function {
        /// Whether a plugin can stand in for a function of that type.
        can_stand_in: bool,
    },
    /// A memory, table, global or tag.
    Other,
}

/// The name since Extism 1.0 of a function that older plugins import from `env`.
pub fn name_since_1<'a>(module: &str, name: &'a str) -> Option<&'a str> {
    let (env, prefix) = EXTISM_BEFORE_1;
    name.strip_prefix(prefix).filter(|_| module == env)
}

/// The functions and exports available to imports.
pub struct Offered<'a> {
    /// The host's functions as module and name, sorted.
    pub host: Vec<(&'a str, &'a str)>,
    /// The exports of the program's modules as module and name.
    pub linked: Vec<(&'a str, &'a str)>,
}

/// The failure for missing imports: names the most telling one, counts the others, gives advice.
pub fn unknown(missing: &[Missing<'_>], offered: &Offered<'_>) -> Failure {
    let known_origin = || missing.iter().find(|import| origin(import).is_some());
    let other = || missing.iter().find(|import| import.kind == MissingKind::Other);
    let Some(import) = known_origin().or_else(other).or_else(|| missing.first()) else {
        return Failure::new(FailureKind::Load, "unknown import");
    };
    let more = match missing.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = format!(
        "unknown import `{}` ({}){more}",
        import_label(import),
        quoted_within(&import.ty.to_string(), TYPE_CHARS_MAX)
    );
    let Problem { message, advice } = way_on(import, missing, offered);
    Failure::new(FailureKind::Load, Problem { message: format!("{named}{message}"), advice })
}

fn import_label(import: &Missing<'_>) -> String {
    format!("{}.{}", quoted_within(import.module, MODULE_CHARS_MAX), quoted(import.name))
}

/// The message's text after the import's name, and the advice.
fn way_on(import: &Missing<'_>, missing: &[Missing<'_>], offered: &Offered<'_>) -> Problem {
    let linked = offered.linked.iter().filter(|(module, _)| *module == import.module);
    let mut exports = linked.map(|(_, export)| *export).peekable();
    if exports.peek().is_some() {
        let message = format!(": module `{}` is linked and exports no such thing", quoted(import.module));
        let near = closest(import.name, exports).map(|near| Advice::DidYouMean(near.to_owned()));
        return Problem::new(message, near);
    }
    // Only functions can have a stand-in: any other missing import prevents the load.
    let other = missing.iter().find(|import| import.kind == MissingKind::Other);
    let stub = match other {
        None => StubHelp::Loads,
        Some(other) if other.name == import.name && other.module == import.module => StubHelp::None,
        Some(other) => StubHelp::NotFor {
            import: import_label(other),
            ty: quoted_within(&other.ty.to_string(), OTHER_TYPE_CHARS_MAX),
        },
    };
    if let Some(origin) = origin(import) {
        return Problem::advised("", Advice::Rebuild { origin, stub });
    }
    if name_since_1(import.module, import.name).is_some() {
        let message = ": the plugin was built before Extism 1.0, and no function of today does the same";
        return stub_help(stub).map(|help| format!("{message}{help}"));
    }
    if let Some(near) = near(import, &offered.host).or_else(|| near_linked(import, &offered.linked)) {
        return Problem::advised("", Advice::DidYouMean(near));
    }
    match import.kind {
        MissingKind::Other => Problem::advised("", Advice::LinkModule { module: linkable(import) }),
        MissingKind::Function { can_stand_in: true } if other.is_none() => {
            Problem::advised("", Advice::StandIn { import: import_label(import), module: linkable(import) })
        }
        MissingKind::Function { .. } => stub_help(stub),
    }
}

/// The advice on stubs, where no other remedy is known.
fn stub_help(stub: StubHelp) -> Problem {
    match stub {
        StubHelp::Loads => Problem::advised("", Advice::StubImports),
        StubHelp::None => "".into(),
        StubHelp::NotFor { import, ty } => format!("; no stub helps, since `{import}` ({ty}) is no function").into(),
    }
}

/// The module that could be linked, where an import may be another module's: a plain word, and host functions have
/// theirs in `env` or below a product's name.
fn linkable(import: &Missing<'_>) -> Option<String> {
    let is_hosts = import.module.contains([':', '/']) || import.module == "env";
    (!is_hosts).then(|| quoted_within(import.module, MODULE_CHARS_MAX))
}

/// The offered name that a misspelt function or module name is close to: a function of the module that is named, or the
/// function by that name of another module.
pub fn near(import: &Missing<'_>, offered: &[(&str, &str)]) -> Option<String> {
    let mut modules: Vec<&str> = offered.iter().map(|(module, _)| *module).collect();
    modules.dedup();
    if import.kind == MissingKind::Other {
        return None;
    }
    let names = offered.iter().filter(|(module, _)| *module == import.module).map(|(_, name)| *name);
    if let Some(near) = closest(import.name, names) {
        return Some(near.to_owned());
    }
    let having = |module: &&str| offered.contains(&(*module, import.name));
    let meant = closest(import.module, modules.iter().copied().filter(having));
    let module = meant.or_else(|| modules.iter().copied().find(having));
    // A short name is common among other products' modules.
    let module = module.filter(|_| meant.is_some() || import.name.contains('_'))?;
    Some(format!("{module}.{}", import.name))
}

/// The export of a linked module whose own name is close to the import's module.
fn near_linked(import: &Missing<'_>, linked: &[(&str, &str)]) -> Option<String> {
    let having = linked.iter().filter(|(_, export)| *export == import.name).map(|(module, _)| *module);
    let module = closest(import.module, having)?;
    Some(format!("{}.{}", quoted_within(module, MODULE_CHARS_MAX), quoted(import.name)))
}

/// The failure for an import whose provider has another type.
pub fn wrong_type(module: &str, name: &str, wanted: impl Display, provided: impl Display) -> Failure {
    let import = format!("{}.{}", quoted_within(module, MODULE_CHARS_MAX), quoted(name));
    let (wanted, provided) =
        (quoted_within(&wanted.to_string(), TYPE_CHARS_MAX), quoted_within(&provided.to_string(), TYPE_CHARS_MAX));
    let why = format!("import `{import}` has another type: the plugin asks for {wanted}, and here it is {provided}");
    Failure::new(FailureKind::Load, why)
}

/// The failure for modules that import other things than functions from each other in a circle.
pub fn circle(modules: &[&str], what: impl Into<Problem>) -> Failure {
    let path = modules.iter().map(|module| format!("`{}`", quoted(module))).collect::<Vec<_>>().join(" → ");
    let circle = what.into().map(|what| format!("modules import from each other in a circle ({path}){what}"));
    Failure::new(FailureKind::Load, circle)
}

/// The failure for a module that imports WASI while WASI is off.
pub fn wasi_is_off() -> Failure {
    Failure::advised(FailureKind::Load, "the module imports WASI", Advice::WasiIsOff)
}

/// The toolchain, interface or product that an import reveals.
fn origin(import: &Missing<'_>) -> Option<ImportOrigin> {
    let (module, name) = (import.module, import.name);
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    Some(match module {
        _ if import.ty == (ItemType::Memory { shared: true }) => ImportOrigin::Threads,
        "wasi_unstable" => ImportOrigin::WasiUnstable,
        "wasi" if name == "thread-spawn" => ImportOrigin::WasiThreads,
        "gojs" | "go" => ImportOrigin::Go,
        "wbg" | "__wbindgen_placeholder__" | "__wbindgen_externref_xform__" => ImportOrigin::WasmBindgen,
        "GOT.mem" | "GOT.func" => ImportOrigin::DynamicLibrary,
        _ if module.starts_with("wasi:") => ImportOrigin::WasiPreview2,
        _ if module.ends_with("_bg.js") || starts(&["__wbindgen_", "__wbg_"]) => ImportOrigin::WasmBindgen,
        "env" => match name {
            "abort" | "seed" | "trace" if is_assembly_script(import) => ImportOrigin::AssemblyScript,
            "__memory_base" | "__table_base" | "__stack_pointer" | "__indirect_function_table" => {
                ImportOrigin::DynamicLibrary
            }
            "setTempRet0" | "getTempRet0" | "__resumeException" | "__assert_fail" => ImportOrigin::Emscripten,
            _ if starts(&["opa_"]) => ImportOrigin::Opa,
            _ if starts(&["syscall/js.", "runtime."]) => ImportOrigin::Go,
            _ if starts(EMSCRIPTEN_NAMES) => ImportOrigin::Emscripten,
            _ => return None,
        },
        _ => return None,
    })
}

const EMSCRIPTEN_NAMES: &[&str] =
    &["emscripten_", "_emscripten_", "_emval_", "_embind_", "_abort_js", "invoke_", "__cxa_", "__syscall_", "llvm_eh_"];

/// Whether an import is AssemblyScript's; its names are common words, so types decide.
fn is_assembly_script(import: &Missing<'_>) -> bool {
    use NumberType::{F64, I32};
    let ItemType::Function(Some(ty)) = &import.ty else { return false };
    let takes = |params: &[NumberType]| ty.params.iter().eq(&params.iter().map(|ty| (*ty).into()).collect::<Vec<_>>());
    match import.name {
        "abort" => takes(&[I32; 4]) && ty.results.is_empty(),
        "seed" => takes(&[]) && ty.results == [F64.into()],
        _ => takes(&[I32, I32, F64, F64, F64, F64, F64]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::FunctionType;
    use crate::shell::words::SHELL;

    const HOST: &[(&str, &str)] = &[
        ("env", "call_plugin"),
        ("extism:host/env", "input_length"),
        ("extism:host/user", "call_plugin"),
        ("extism:host/user", "register_plugin"),
    ];

    /// A missing function of a type such as `(i32) -> ()`.
    fn function<'a>(module: &'a str, name: &'a str, ty: &str) -> Missing<'a> {
        let (params, results) = ty.split_once(" -> ").expect("two lists");
        let list = |text: &str| {
            let words = text.trim_matches(['(', ')']).split_whitespace();
            let number = |word| NumberType::ALL.into_iter().find(|ty| ty.as_str() == word).expect("a number type");
            words.map(number).collect::<Vec<_>>()
        };
        let ty = ItemType::Function(Some(FunctionType::new(list(params), list(results))));
        Missing { module, name, ty, kind: MissingKind::Function { can_stand_in: true } }
    }

    fn message_of(missing: &[Missing<'_>]) -> String {
        let linked = vec![("lib", "greet"), ("lib", "memory")];
        unknown(missing, &Offered { host: HOST.to_vec(), linked }).line(SHELL)
    }

    #[test]
    fn a_toolchain_is_known_by_its_imports_and_gets_its_cure() {
        for (module, name, ty, words) in [
            ("env", "abort", "(i32 i32 i32 i32) -> ()", "AssemblyScript's; build it with `--use abort="),
            ("gojs", "runtime.wasmExit", "(i32) -> ()", "`GOOS=wasip1 GOARCH=wasm`"),
            ("env", "syscall/js.valueGet", "(i32) -> ()", "`GOOS=wasip1 GOARCH=wasm`"),
            ("wbg", "__wbindgen_throw", "(i32 i32) -> ()", "wasm-bindgen's"),
            ("./app_bg.js", "f", "() -> ()", "wasm-bindgen's"),
            ("__wbindgen_placeholder__", "__wbindgen_describe", "(i32) -> ()", "wasm-bindgen's"),
            ("env", "emscripten_notify_memory_growth", "(i32) -> ()", "`-sSTANDALONE_WASM --no-entry`"),
            ("env", "invoke_vii", "(i32 i32 i32) -> ()", "emscripten's"),
            ("wasi_unstable", "fd_write", "(i32 i32 i32 i32) -> (i32)", "WASI's of 2019"),
            ("wasi:cli/environment@0.2.0", "get-environment", "(i32) -> ()", "WASI preview 2's"),
            ("GOT.mem", "x", "() -> ()", "a dynamic library's"),
            ("env", "opa_abort", "(i32) -> ()", "Open Policy Agent's"),
            ("env", "extism_reset", "() -> ()", "built before Extism 1.0, and no function of today does the same"),
        ] {
            let message = message_of(&[function("x", "other", "() -> ()"), function(module, name, ty)][1..]);
            assert!(message.contains(words), "{message}");
            assert!(message.ends_with("; `--stub-imports trap` loads it anyway"), "{message}");
        }
        let other = message_of(&[function("env", "abort", "() -> ()")]);
        assert!(!other.contains("AssemblyScript"), "{other}");
    }

    #[test]
    fn what_tells_most_is_named_before_what_comes_first() {
        let message = message_of(&[function("x", "f", "() -> ()"), function("wbg", "__wbg_now", "() -> (f64)")]);
        assert!(message.starts_with("unknown import `wbg.__wbg_now` (function () -> (f64)) and 1 more: "), "{message}");
    }

    #[test]
    fn no_stub_is_offered_where_a_memory_is_missing_too() {
        let of = |shared| Missing {
            module: "env",
            name: "memory",
            ty: ItemType::Memory { shared },
            kind: MissingKind::Other,
        };
        let memory = || of(false);
        let shared = message_of(&[of(true)]);
        assert!(
            shared.ends_with("it is a program's with threads; build it without threads: a plugin has one"),
            "{shared}"
        );
        let message = message_of(&[function("x", "f", "() -> ()"), memory()]);
        assert_eq!(
            message,
            "unknown import `env.memory` (memory) and 1 more; only functions can come from outside a plugin: build it with \
             its own, or `--link` what has it"
        );
        let elsewhere = message_of(&[Missing { module: "rhs", ..memory() }]);
        let words =
            "(memory); `--link rhs=SOURCE` links the module that has it; only functions can come from elsewhere";
        assert!(elsewhere.ends_with(words), "{elsewhere}");
        let message = message_of(&[function("env", "opa_abort", "(i32) -> ()"), memory()]);
        assert!(message.ends_with("; no stub helps, since `env.memory` (memory) is no function"), "{message}");
    }

    #[test]
    fn slips_in_names_and_modules_are_found() {
        let tail = |module, name| {
            let message = message_of(&[function(module, name, "() -> ()")]);
            message.split_once("; ").map(|(_, tail)| tail.to_owned()).unwrap()
        };
        assert_eq!(tail("extism:host/user", "register_plugn"), "did you mean `register_plugin`?");
        assert_eq!(tail("extism:host/usr", "register_plugin"), "did you mean `extism:host/user.register_plugin`?");
        assert_eq!(tail("extism:host/env", "register_plugin"), "did you mean `extism:host/user.register_plugin`?");
        assert_eq!(tail("host", "register_plugin"), "did you mean `extism:host/user.register_plugin`?");
        assert_eq!(tail("lib", "greeet"), "did you mean `greet`?");
        assert_eq!(tail("libb", "greet"), "did you mean `lib.greet`?");
        let other = message_of(&[function("lib", "x", "() -> ()")]);
        assert!(other.ends_with(": module `lib` is linked and exports no such thing"), "{other}");
        assert!(tail("env", "register").starts_with("`--import env.register="));
        assert!(tail("host", "x").starts_with("`--link host=SOURCE` links the module that has it, `--import host.x="));
    }

    #[test]
    fn a_strangers_names_are_cut_and_escaped() {
        let (module, name) = ("m".repeat(1000), format!("\x1b[2J{}", "n".repeat(1000)));
        let message = message_of(&[function(&module, &name, "() -> ()")]);
        assert!(message.len() < 500 && !message.contains('\x1b'), "{message}");
    }
}
