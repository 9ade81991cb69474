//! Extism manifests, JSON and TOML, with every field of `extism_manifest::Manifest`.
//!
//! Manifests are parsed into own types: `data` of that crate also takes `{ptr, len}` and reads the host's memory at
//! that address, while here `data` is a string. Paths are relative to the manifest's directory first, then (as in the
//! SDK) to the working directory. A manifest from a URL has no access to local files: its modules are relative URLs,
//! and allowed paths are an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use serde::Deserialize;
use url::Url;

use super::bounds::MODULE_BYTES_MAX;
use super::content::{MAIN, check_module, module};
use super::failure::{self, failure_about};
use super::fetch::{Progress, Request, fetch};
use super::file::{self, FileBytes, Stamp, absolute};
use super::format::Format;
use super::loaded::Loaded;
use super::manifest_error::ManifestError;
use crate::runtime::program::{HTTP_RESPONSE_BYTES_MAX_DEFAULT, ModuleBytes, Spec, VAR_BYTES_MAX_DEFAULT};
use crate::runtime::{AllowedPath, Failure, PAGE_BYTES, Program};
use crate::text::{json_cause, without_bom};

/// Most modules that one manifest may link.
pub const MODULES_MAX: usize = 64;
/// Most hosts that one manifest may allow; each pattern of a child is compared with each of its parent.
pub const HOSTS_MAX: usize = 256;
/// Most paths that one manifest may allow; each of its processes opens all of them.
pub const PATHS_MAX: usize = 64;
/// The module names that the host itself links.
const HOST_MODULES: [&str; 1] = ["extism:host/env"];

/// The base of a manifest's relative paths: its directory or URL.
pub(super) enum Base<'a> {
    Dir(&'a Path),
    Url(&'a Url),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    wasm: Vec<Wasm>,
    #[serde(default)]
    memory: Memory,
    #[serde(default)]
    config: BTreeMap<String, String>,
    allowed_hosts: Option<Vec<String>>,
    allowed_paths: Option<BTreeMap<String, String>>,
    timeout_ms: Option<u64>,
}

/// A module's entry: one of `path`, `data` and `url`, and further fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wasm {
    path: Option<String>,
    data: Option<String>,
    url: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    method: Option<String>,
    name: Option<String>,
    hash: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    max_pages: Option<u32>,
    max_http_response_bytes: Option<u64>,
    max_var_bytes: Option<u64>,
}

/// Reads a manifest and all modules that it names.
///
/// # Errors
/// The manifest or a module that it names is invalid or cannot be read.
pub(super) fn load(
    bytes: &[u8],
    format: Format,
    base: &Base<'_>,
    origin: String,
    stem: String,
    progress: Progress<'_>,
) -> Result<Loaded, Failure> {
    let manifest = parse(bytes, format).map_err(|error| manifest_failure(&origin, &error))?;
    let mut reader = Reader { base, origin: &origin, stamps: Vec::new(), fetched: false, bytes_left: MODULE_BYTES_MAX };
    let modules = reader.modules(&manifest.wasm, progress)?;
    let allowed_paths = reader.allowed_paths(manifest.allowed_paths.unwrap_or_default())?;
    let hosts = manifest.allowed_hosts.unwrap_or_default();
    if hosts.len() > HOSTS_MAX {
        return Err(reader.fails(ManifestError::TooManyHosts { count: hosts.len(), hosts_max: HOSTS_MAX }));
    }
    let Reader { stamps, fetched, .. } = reader;
    let spec = Spec {
        config: manifest.config.into(),
        allowed_hosts: hosts,
        allowed_paths,
        memory_bytes_max: manifest.memory.max_pages.map(|pages| u64::from(pages) * PAGE_BYTES),
        var_bytes_max: manifest.memory.max_var_bytes.unwrap_or(VAR_BYTES_MAX_DEFAULT),
        http_response_bytes_max: manifest.memory.max_http_response_bytes.unwrap_or(HTTP_RESPONSE_BYTES_MAX_DEFAULT),
        timeout: manifest.timeout_ms.map(Duration::from_millis),
        ..Spec::default()
    };
    Ok(Loaded { program: Program { modules, spec, origin, stem }, stamps, fetched })
}

/// Parses a manifest. The error has the place.
fn parse(bytes: &[u8], format: Format) -> Result<Manifest, ManifestError> {
    let bytes = without_bom(bytes);
    match format {
        Format::Json => serde_json::from_slice(bytes)
            .map_err(|error| ManifestError::Syntax { message: json_cause(&error), line: None }),
        Format::Toml => {
            let text = std::str::from_utf8(bytes).map_err(ManifestError::NotUtf8)?;
            toml::from_str(text).map_err(|error| {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                ManifestError::Syntax { message: error.message().to_owned(), line: Some(line) }
            })
        }
    }
}

fn manifest_failure(origin: &str, error: &ManifestError) -> Failure {
    failure_about("manifest ", origin, format_args!(": {error}"))
}

struct Reader<'a> {
    base: &'a Base<'a>,
    origin: &'a str,
    stamps: Vec<(PathBuf, Stamp)>,
    fetched: bool,
    /// Bytes left for the modules not read yet.
    bytes_left: u64,
}

impl Reader<'_> {
    fn fails(&self, error: ManifestError) -> Failure {
        manifest_failure(self.origin, &error)
    }

    /// The modules with the names that Extism gives them, `main` last. `main` is a single module whatever its name,
    /// else a module without a name, else the last one.
    fn modules(&mut self, wasm: &[Wasm], progress: Progress<'_>) -> Result<Vec<ModuleBytes>, Failure> {
        if wasm.is_empty() {
            return Err(self.fails(ManifestError::NoModules));
        }
        if wasm.len() > MODULES_MAX {
            return Err(self.fails(ManifestError::TooManyModules { count: wasm.len(), modules_max: MODULES_MAX }));
        }
        let mut modules: Vec<ModuleBytes> = Vec::with_capacity(wasm.len());
        for (place, entry) in wasm.iter().enumerate() {
            let is_last = place + 1 == wasm.len();
            let has_main = modules.iter().any(|module| module.name == MAIN);
            let name = match entry.name.as_deref() {
                _ if wasm.len() == 1 || (is_last && !has_main) => MAIN,
                given => given.unwrap_or(MAIN),
            };
            if HOST_MODULES.contains(&name) || modules.iter().any(|module| module.name == name) {
                return Err(self.fails(ManifestError::NameTwice { name: name.to_owned() }));
            }
            let bytes = self.module_bytes(entry, place, progress)?;
            self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
            let module = module(name.to_owned(), bytes);
            self.check_hash(entry, &module, place)?;
            modules.push(module);
        }
        modules.sort_by_key(|module| module.name == MAIN);
        Ok(modules)
    }

    fn module_bytes(&mut self, entry: &Wasm, place: usize, progress: Progress<'_>) -> Result<Vec<u8>, Failure> {
        if entry.url.is_none() && (entry.headers.is_some() || entry.method.is_some()) {
            return Err(self.fails(ManifestError::RequestWithoutUrl { place }));
        }
        match (&entry.path, &entry.data, &entry.url) {
            (Some(path), None, None) => self.read_path(path, entry, progress),
            (None, Some(data), None) => self.decode_data(data, place),
            (None, None, Some(url)) => {
                let url = Url::parse(url)
                    .map_err(|error| self.fails(ManifestError::NoUrl { place, url: url.clone(), error }))?;
                self.fetch_url(&url, entry, progress)
            }
            _ => Err(self.fails(ManifestError::NoSource { place })),
        }
    }

    fn read_path(&mut self, path: &str, entry: &Wasm, progress: Progress<'_>) -> Result<Vec<u8>, Failure> {
        let path = match self.base {
            Base::Dir(dir) => self.find(dir, path)?,
            Base::Url(url) => {
                let relative = (!Path::new(path).is_absolute()).then(|| url.join(path).ok()).flatten();
                let url = relative.ok_or_else(|| self.fails(ManifestError::LocalFile { path: path.to_owned() }))?;
                return self.fetch_url(&url, entry, progress);
            }
        };
        let shown = failure::quoted(&path.to_string_lossy());
        let FileBytes { bytes, stamp } = file::read(&path, self.bytes_left)?;
        check_module(&bytes, &shown)?;
        self.stamps.push((path, stamp));
        Ok(bytes)
    }

    fn decode_data(&self, data: &str, place: usize) -> Result<Vec<u8>, Failure> {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(data)
            .map_err(|error| self.fails(ManifestError::NoBase64 { place, error }))?;
        check_module(&bytes, &format!("wasm[{place}].data"))?;
        Ok(bytes)
    }

    fn fetch_url(&mut self, url: &Url, entry: &Wasm, progress: Progress<'_>) -> Result<Vec<u8>, Failure> {
        let url = super::fetch::parse(url.as_str())?
            .ok_or_else(|| self.fails(ManifestError::NotFetched { url: super::fetch::format_url(url) }))?;
        let headers = entry.headers.clone().unwrap_or_default();
        let request = Request { url: &url, method: entry.method.as_deref(), headers, follow: true };
        let bytes = fetch(&request, self.bytes_left, progress)?;
        check_module(&bytes, &super::fetch::format_url(&url))?;
        self.fetched |= entry.hash.is_none();
        Ok(bytes)
    }

    /// The path from the manifest's directory if something is there, else from the working directory.
    fn find(&self, dir: &Path, path: &str) -> Result<PathBuf, Failure> {
        let beside = dir.join(path);
        let candidates = [absolute(&beside), absolute(Path::new(path))];
        let found = candidates.into_iter().find(|path| path.symlink_metadata().is_ok());
        found.ok_or_else(|| self.fails(ManifestError::NoFile { path: beside }))
    }

    fn check_hash(&self, entry: &Wasm, module: &ModuleBytes, place: usize) -> Result<(), Failure> {
        match &entry.hash {
            Some(hash) if !hash.eq_ignore_ascii_case(&module.sha256) => {
                let (found, expected) = (module.sha256.clone(), hash.clone());
                Err(self.fails(ManifestError::Hash { place, found, expected }))
            }
            _ => Ok(()),
        }
    }

    fn allowed_paths(&self, allowed: BTreeMap<String, String>) -> Result<Vec<AllowedPath>, Failure> {
        if allowed.len() > PATHS_MAX {
            return Err(self.fails(ManifestError::TooManyPaths { count: allowed.len(), paths_max: PATHS_MAX }));
        }
        let dir = match self.base {
            Base::Dir(dir) => *dir,
            Base::Url(_) if allowed.is_empty() => return Ok(Vec::new()),
            Base::Url(_) => {
                return Err(self.fails(ManifestError::LocalPaths));
            }
        };
        let allow = |(host, guest): (String, String)| {
            let (path, read_only) = match host.strip_prefix("ro:") {
                Some(path) => (path, true),
                None => (host.as_str(), false),
            };
            // The instance reports a missing path, which may be created before its start.
            let host = self.find(dir, path).unwrap_or_else(|_| absolute(&dir.join(path)));
            AllowedPath { host, guest, read_only }
        };
        Ok(allowed.into_iter().map(allow).collect())
    }
}

#[cfg(test)]
mod tests;
