//! The files of a new plugin in each language, as they stand in `templates/` and in `plugins/`.

use super::language::Language;

/// A new plugin's files and commands. Paths, texts and commands have the marks of `name`.
pub struct Template {
    pub files: &'static [TemplateFile],
    /// What the build makes, from the plugin's directory.
    pub wasm: &'static str,
    /// The commands of the language that build it, in the plugin's directory.
    pub build: &'static [&'static str],
}

/// One file.
pub struct TemplateFile {
    pub path: &'static str,
    pub text: &'static str,
}

/// A file of this crate, under a path in the plugin's directory.
macro_rules! file {
    ($path:literal, $source:literal) => {
        TemplateFile { path: $path, text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $source)) }
    };
}

/// A file of `templates/`.
macro_rules! own {
    ($path:literal, $source:literal) => {
        TemplateFile { path: $path, text: include_str!(concat!("templates/", $source)) }
    };
}

/// A file of the Rust crate for guests, which stands under its path.
macro_rules! guest {
    ($path:literal) => {
        TemplateFile {
            path: concat!("plugsh-guest/", $path),
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/plugsh-guest/", $path)),
        }
    };
}

static RUST: Template = Template {
    files: &[
        own!("Cargo.toml", "rust.Cargo.toml.in"),
        own!("src/lib.rs", "rust.lib.rs.in"),
        TemplateFile { path: ".gitignore", text: "/target\n" },
        guest!("Cargo.toml"),
        guest!("README.md"),
        guest!("src/lib.rs"),
        guest!("src/about.rs"),
        guest!("src/bulk.rs"),
        guest!("src/child.rs"),
        guest!("src/panics.rs"),
        guest!("src/pending.rs"),
        guest!("src/plugin.rs"),
        guest!("src/raw.rs"),
    ],
    wasm: "target/wasm32-unknown-unknown/release/{{name_}}.wasm",
    build: &["rustup target add wasm32-unknown-unknown", "cargo build --release --target wasm32-unknown-unknown"],
};

static C: Template = Template {
    files: &[
        own!("{{name}}.c", "c.plugin.c.in"),
        file!("plugsh.h", "plugins/guests/c/plugsh.h"),
        TemplateFile { path: ".gitignore", text: "*.wasm\n" },
    ],
    wasm: "{{name}}.wasm",
    build: &[
        "python3 -m pip install ziglang==0.17.1",
        "python3 -m ziglang cc --target=wasm32-wasi -mexec-model=reactor -O2 -UNDEBUG -g -o {{name}}.wasm {{name}}.c",
    ],
};

static ZIG: Template = Template {
    files: &[
        own!("{{name}}.zig", "zig.plugin.zig.in"),
        file!("plugsh.zig", "plugins/guests/zig/plugsh.zig"),
        TemplateFile { path: ".gitignore", text: "*.wasm\n.zig-cache/\n" },
    ],
    wasm: "{{name}}.wasm",
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
        TemplateFile { path: ".gitignore", text: "*.wasm\nnode_modules/\n" },
    ],
    wasm: "{{name}}.wasm",
    build: &["npm install", "npm run build"],
};

static GO: Template = Template {
    files: &[
        own!("go.mod", "go.mod.in"),
        own!("{{name}}.go", "go.plugin.go.in"),
        file!("plugsh/plugsh.go", "plugins/guests/go/plugsh/plugsh.go"),
        TemplateFile { path: ".gitignore", text: "*.wasm\n" },
    ],
    wasm: "{{name}}.wasm",
    build: &["GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o {{name}}.wasm ."],
};

/// The template of a language.
pub fn template(language: Language) -> &'static Template {
    match language {
        Language::Rust => &RUST,
        Language::C => &C,
        Language::Zig => &ZIG,
        Language::AssemblyScript => &ASSEMBLY_SCRIPT,
        Language::Go => &GO,
    }
}
