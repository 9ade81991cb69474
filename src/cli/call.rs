//! The arguments of `plugsh call`. Their spellings in extism's program are read by `pflag.rs`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use plugsh::runtime::Host;
use plugsh::shell::loading::options::LoadOptions;

/// `plugsh call`: the words of `extism call`.
#[derive(Debug, Args)]
pub struct CallArgs {
    /// A plugin's name, a path or a URL: wasm, wat or a manifest.
    pub source: String,
    /// The function to call.
    pub function: String,
    /// The function's input.
    #[arg(short = 'i', long, value_name = "TEXT", conflicts_with = "stdin")]
    pub input: Option<OsString>,
    /// Read the input from standard input; `--wasi-stdin` is the plugin's own.
    #[arg(long)]
    pub stdin: bool,
    /// Call it N times, and print each output and a newline; 0: only load it.
    #[arg(long = "loop", value_name = "N", default_value_t = 1, hide_default_value = true)]
    pub repeat: i64,
    /// Write the bytes only, with no newline added.
    #[arg(long)]
    pub raw: bool,
    /// Which host runs it: native, plugsh's own runtime, or extism, the stock SDK.
    #[arg(long, default_value = "native", hide_possible_values = true, hide_default_value = true)]
    pub host: Host,
    #[command(flatten)]
    pub load: LoadOptions,
    /// Call a process of what is served by this name, at this socket or address: SOURCE is the process.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["manifest", "host", "wasi", "config", "set_config",
        "allow_host", "allow_path", "may_load", "may_call", "env", "arg", "wasi_stdin", "link", "stub_imports", "import",
        "private", "no_wasi"])]
    pub attach: Option<String>,
    /// The file of the token, where --attach names an address.
    #[arg(long, value_name = "FILE", requires = "attach")]
    pub token_file: Option<PathBuf>,
    /// SOURCE is a manifest, whatever it is called.
    #[arg(short = 'm', long)]
    pub manifest: bool,
    /// Show what the plugin writes to WASI's standard output and error; WASI itself is there whenever it is imported.
    #[arg(long)]
    pub wasi: bool,
    /// As in extism; without effect.
    #[arg(long, hide = true)]
    pub enable_http_response_headers: bool,
    /// As in extism; without effect.
    #[arg(long, hide = true, value_name = "TOKEN")]
    pub github_token: Option<String>,
    /// As in extism; without effect.
    #[arg(short = 'q', long, hide = true)]
    pub quiet: bool,
    /// As in extism; without effect.
    #[arg(short = 'v', long, hide = true)]
    pub verbose: bool,
}
