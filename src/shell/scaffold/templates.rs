//! The files of a new plugin in each language, as they stand in `templates/` and in `plugins/`.

use super::language::Language;

/// A new plugin's files and commands. Paths, texts and commands have the marks of `name`.
pub struct Template {
    pub files: &'static [TemplateFile],
    /// The source that `load` takes after the build, from the plugin's directory.
    pub source: &'static str,
    /// The commands of the language that build it, in the plugin's directory.
    pub build: &'static [&'static str],
}

/// One file.
pub struct TemplateFile {
    pub path: &'static str,
    pub text: &'static str,
    pub kind: FileKind,
}

/// Use of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Text,
    /// A program that the build runs.
    Program,
}

impl TemplateFile {
    const fn text(path: &'static str, text: &'static str) -> TemplateFile {
        TemplateFile { path, text, kind: FileKind::Text }
    }
}

/// A file of this crate, under a path in the plugin's directory.
macro_rules! file {
    ($path:literal, $source:literal) => {
        TemplateFile::text($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $source)))
    };
}

/// A file of `templates/`.
macro_rules! own {
    ($path:literal, $source:literal) => {
        TemplateFile::text($path, include_str!(concat!("templates/", $source)))
    };
}

/// A file of the engine of plugins in JavaScript.
macro_rules! engine {
    ($path:literal) => {
        TemplateFile::text(
            concat!("engine/guests/javascript/", $path),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/guests/javascript/", $path)),
        )
    };
}

/// Files, and those of the Rust crate for guests in the folder `$crate_dir`.
macro_rules! with_guest_crate {
    ($crate_dir:literal, [$($file:expr),* $(,)?]) => {
        with_guest_crate!(@ $crate_dir, [$($file),*], [
            "Cargo.toml", "README.md", "BULK.md", "src/lib.rs", "src/about.rs", "src/bulk.rs", "src/child.rs",
            "src/panics.rs", "src/pending.rs", "src/plugin.rs", "src/raw.rs"
        ])
    };
    (@ $crate_dir:literal, [$($file:expr),*], [$($path:literal),*]) => {
        &[$($file,)* $(TemplateFile::text(
            concat!($crate_dir, "/", $path),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/plugsh-guest/", $path)),
        )),*]
    };
}

static RUST: Template = Template {
    files: with_guest_crate!(
        "plugsh-guest",
        [
            own!("Cargo.toml", "rust.Cargo.toml.in"),
            own!("src/lib.rs", "rust.lib.rs.in"),
            TemplateFile::text(".gitignore", "/target\n"),
        ]
    ),
    source: "target/wasm32-unknown-unknown/release/{{name_}}.wasm",
    build: &["rustup target add wasm32-unknown-unknown", "cargo build --release --target wasm32-unknown-unknown"],
};

static C: Template = Template {
    files: &[
        own!("{{name}}.c", "c.plugin.c.in"),
        file!("plugsh.h", "plugins/guests/c/plugsh.h"),
        TemplateFile::text(".gitignore", "*.wasm\n"),
    ],
    source: "{{name}}.wasm",
    build: &[
        "python3 -m pip install ziglang==0.17.1",
        "python3 -m ziglang cc --target=wasm32-wasi -mexec-model=reactor -O2 -UNDEBUG -g -o {{name}}.wasm {{name}}.c",
    ],
};

static ZIG: Template = Template {
    files: &[
        own!("{{name}}.zig", "zig.plugin.zig.in"),
        file!("plugsh.zig", "plugins/guests/zig/plugsh.zig"),
        TemplateFile::text(".gitignore", "*.wasm\n.zig-cache/\n"),
    ],
    source: "{{name}}.wasm",
    build: &[
        "python3 -m pip install ziglang==0.17.1",
        "python3 -m ziglang build-exe {{name}}.zig -target wasm32-freestanding -fno-entry -rdynamic -OReleaseSafe",
    ],
};

static ASSEMBLY_SCRIPT: Template = Template {
    files: &[
        own!("package.json", "assemblyscript.package.json.in"),
        own!("{{name}}.ts", "assemblyscript.plugin.ts.in"),
        file!("plugsh.ts", "plugins/guests/assemblyscript/plugsh.ts"),
        TemplateFile::text(".gitignore", "*.wasm\nnode_modules/\n"),
    ],
    source: "{{name}}.wasm",
    build: &["npm install", "npm run build"],
};

static GO: Template = Template {
    files: &[
        own!("go.mod", "go.mod.in"),
        own!("{{name}}.go", "go.plugin.go.in"),
        file!("plugsh/plugsh.go", "plugins/guests/go/plugsh/plugsh.go"),
        TemplateFile::text(".gitignore", "*.wasm\n"),
    ],
    source: "{{name}}.wasm",
    build: &["GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o {{name}}.wasm ."],
};

/// The engine is built in its own folder, where cargo finds its settings.
static JAVASCRIPT: Template = Template {
    files: with_guest_crate!(
        "engine/plugsh-guest",
        [
            own!("{{name}}.js", "javascript.plugin.js.in"),
            own!("{{name}}.json", "javascript.plugin.json.in"),
            file!("pack.mjs", "plugins/guests/javascript/pack.mjs"),
            TemplateFile::text(".gitignore", "/{{name}}.wat\n/engine/guests/javascript/target\n"),
            engine!(".cargo/config.toml"),
            engine!("Cargo.lock"),
            engine!("Cargo.toml"),
            engine!("README.md"),
            engine!("plugsh.js"),
            engine!("src/clock.rs"),
            engine!("src/engine.rs"),
            engine!("src/host.rs"),
            engine!("src/lib.rs"),
            engine!("src/pending.rs"),
            TemplateFile { kind: FileKind::Program, ..engine!("zig-ar") },
            TemplateFile { kind: FileKind::Program, ..engine!("zig-cc") },
        ]
    ),
    source: "{{name}}.json",
    build: &[
        "rustup target add wasm32-unknown-unknown",
        "python3 -m pip install ziglang==0.17.1",
        "(cd engine/guests/javascript && cargo build --release --locked)",
        "node pack.mjs {{name}}.js > {{name}}.wat",
    ],
};

/// The template of a language.
pub fn template(language: Language) -> &'static Template {
    match language {
        Language::Rust => &RUST,
        Language::C => &C,
        Language::Zig => &ZIG,
        Language::AssemblyScript => &ASSEMBLY_SCRIPT,
        Language::Go => &GO,
        Language::JavaScript => &JAVASCRIPT,
    }
}
