//! Sources of plugins: a name, a path or a URL becomes a [`Program`].
//!
//! A SOURCE with `/`, `:` or a known suffix is a path or a URL. Anything else is a name: it is looked up in the plugin
//! directories in their order, then among the built-in plugins, with `-` and `_` alike. A person may load all of
//! these, a guest only names. Read programs are cached until their files change, so that a guest that registers one
//! plugin again and again costs a `stat` each time.
//!
//! The host that compiles the bytes validates them. The kernel has the policy.

mod bounds;
mod builtin;
mod cache;
mod content;
mod failure;
mod fetch;
mod file;
mod file_set;
mod format;
mod loaded;
mod manifest;
mod manifest_error;
mod name;
mod outline;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use url::Url;

pub use self::bounds::{MANIFEST_BYTES_MAX, MODULE_BYTES_MAX};
use self::builtin::{BUILTIN_PREFIX, Builtin};
use self::cache::{Cache, CacheEntry, Key};
use self::content::Content;
use self::failure::{failure_about, load_failure};
use self::fetch::Request;
pub use self::fetch::{Progress, format_url};
use self::file::{FileBytes, absolute};
pub use self::file_set::FileSet;
use self::loaded::Loaded;
use self::manifest::Base;
pub use self::manifest::MODULES_MAX;
pub use self::name::is_name;
use super::about::About;
use super::{Advice, Failure, FailureKind, Program};
use crate::text::{closest, one_line};

/// Longest SOURCE, in bytes.
pub const SOURCE_BYTES_MAX: usize = 4096;

/// The requester of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A person at the prompt, or a script: names, paths and URLs.
    Person,
    /// A plugin: names.
    Guest,
    /// A plugin that was granted this very path or URL: a module alone, no manifest and no redirect.
    Granted,
}

/// The plugin directories, the built-in plugins, and the programs that were read from them.
#[derive(Debug)]
pub struct Sources {
    plugin_dirs: RwLock<Arc<[PathBuf]>>,
    cache: Cache,
}

/// The place of a source, before it is read.
#[derive(Debug)]
enum SourcePlace {
    Builtin(&'static Builtin),
    File(PathBuf),
    Url(Url),
}

/// The beginning of the origin of a program whose bytes were at hand.
const EMBEDDED_PREFIX: &str = "embedded:";

/// The program of a module that is at hand, wasm or wat. `name` is the default name of its processes.
///
/// # Errors
/// The bytes are no module.
pub fn program_of(name: &str, bytes: Vec<u8>) -> Result<Program, Failure> {
    content::check_module(&bytes, name)?;
    Ok(content::single_module(bytes, format!("{EMBEDDED_PREFIX}{name}"), name.to_owned()))
}

impl Sources {
    /// Sources with these directories for names, in order of search; missing ones are skipped.
    pub fn new(plugin_dirs: Vec<PathBuf>) -> Self {
        Sources { plugin_dirs: RwLock::new(plugin_dirs.into()), cache: Cache::default() }
    }

    /// The directories for names, in order of search.
    pub fn dirs(&self) -> Arc<[PathBuf]> {
        Arc::clone(&self.plugin_dirs.read())
    }

    /// Puts directories for names before the others; those that are among them already stay where they are.
    pub fn add_dirs(&self, dirs: &[PathBuf]) {
        let mut known = self.plugin_dirs.write();
        let added = dirs.iter().filter(|dir| !known.contains(dir));
        let all: Arc<[PathBuf]> = added.chain(known.iter()).cloned().collect();
        *known = all;
    }

    /// Turns a source into a program. Failures are of kind `Load`, or `Denied` for a source that a guest may not load.
    ///
    /// # Errors
    /// The source cannot be found, read or fetched, or is no program.
    pub fn resolve(&self, source: &str, access: Access) -> Result<Arc<Program>, Failure> {
        self.resolve_with(source, access, &mut |_, _| true)
    }

    /// Resolves as [`Sources::resolve`] does. `progress` is called during a download, at least every 50 ms; when it
    /// returns false the download ends with a failure of kind `Interrupted`.
    ///
    /// # Errors
    /// As of [`Sources::resolve`], or `progress` returns false.
    pub fn resolve_with(&self, source: &str, access: Access, progress: Progress<'_>) -> Result<Arc<Program>, Failure> {
        match self.locate(source, access)? {
            SourcePlace::Builtin(builtin) => self.cached(Key::Builtin(builtin.name), access, || builtin.load()),
            SourcePlace::File(path) if access == Access::Granted => load_granted_file(&path),
            SourcePlace::File(path) => self.cached(Key::File(path.clone()), access, || load_file(&path, progress)),
            SourcePlace::Url(url) => Ok(Arc::new(load_url(&url, access, progress)?.program)),
        }
    }

    /// The program that a manifest describes, whatever its file is called; `path` is where its bytes were read. A
    /// download that `progress` gives up is a failure of kind `Interrupted`.
    ///
    /// # Errors
    /// The manifest or a module that it names is invalid or cannot be read, or `progress` returns false.
    pub fn manifest(&self, path: &Path, bytes: &[u8], progress: Progress<'_>) -> Result<Arc<Program>, Failure> {
        let shown = failure::quoted(&path.to_string_lossy());
        let format = content::manifest_format(content::declared(path), bytes);
        content::classify(content::Declared::Manifest(format), bytes, &shown)?;
        let dir = path.parent().unwrap_or(Path::new("."));
        let loaded = manifest::load(bytes, format, &Base::Dir(dir), shown, name::stem(path), progress)?;
        Ok(Arc::new(loaded.program))
    }

    /// The files that a file's program was last read from, in their state at that time.
    pub fn files_of(&self, source: &str) -> FileSet {
        let path = absolute(Path::new(source));
        let entry = self.cache.last(&Key::File(path.clone()));
        entry.map_or_else(|| FileSet::unknown(&path), |entry| entry.files())
    }

    /// The program of a file and the files that it was read from, for a watch. While those are unchanged, their URLs
    /// are not fetched again.
    ///
    /// # Errors
    /// The file or a module that it names is invalid or cannot be read.
    pub fn reread(&self, source: &str, progress: Progress<'_>) -> Result<(Arc<Program>, FileSet), Failure> {
        let path = absolute(Path::new(source));
        let key = Key::File(path.clone());
        if let Some(entry) = self.cache.last(&key) {
            // The stamps are taken before the files are read, so that the next look sees later changes.
            let files = entry.files().now();
            if entry.has_same_bytes() {
                return Ok((Arc::clone(&entry.program), files));
            }
        }
        let entry = CacheEntry::new(load_file(&path, progress)?);
        self.cache.insert(key, Arc::clone(&entry));
        Ok((Arc::clone(&entry.program), entry.files()))
    }

    /// The names that can be loaded, sorted, each once: those of the plugin directories and the built-in ones.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.dirs().iter().flat_map(|dir| name::list(dir)).collect();
        // A shadowed built-in plugin would be listed twice, once under each spelling.
        let shadowed: Vec<String> = names.iter().map(|name| name::fold(name)).collect();
        let visible = builtin::ALL.iter().filter(|builtin| !shadowed.contains(&name::fold(builtin.name)));
        names.extend(visible.map(|builtin| builtin.name.to_owned()));
        names.sort();
        names.dedup();
        names
    }

    /// The names that can be loaded, each with its source: `built-in:echo`, or a path.
    pub fn listing(&self) -> Vec<(String, String)> {
        let source = |name: &String| {
            Some(match self.locate_name(name, Access::Person).ok()? {
                SourcePlace::Builtin(builtin) => format!("{BUILTIN_PREFIX}{}", builtin.name),
                SourcePlace::File(path) => path.display().to_string(),
                SourcePlace::Url(url) => url.to_string(),
            })
        };
        // A file that has vanished meanwhile is left out.
        self.names().into_iter().filter_map(|name| source(&name).map(|source| (name, source))).collect()
    }

    /// The description that a source's module has of itself. Nothing is fetched from the network or cached: a URL or a
    /// manifest has an empty description.
    ///
    /// # Errors
    /// The source cannot be found or read.
    pub fn about(&self, source: &str) -> Result<About, Failure> {
        match self.locate(source, Access::Person)? {
            SourcePlace::Builtin(builtin) => Ok(About::read(builtin.bytes())),
            SourcePlace::File(path) if content::declared(&path).is_manifest() => Ok(About::default()),
            SourcePlace::File(path) => Ok(About::read(&file::read(&path, MODULE_BYTES_MAX)?.bytes)),
            SourcePlace::Url(_) => Ok(About::default()),
        }
    }

    fn locate(&self, source: &str, access: Access) -> Result<SourcePlace, Failure> {
        if source.is_empty() {
            return Err(load_failure("the source is empty; give a name, a path or a URL"));
        }
        if source.len() > SOURCE_BYTES_MAX {
            return Err(load_failure(format!(
                "the source is {} bytes long; at most {SOURCE_BYTES_MAX} are allowed",
                source.len()
            )));
        }
        if name::is_name(source) {
            return self.locate_name(source, access);
        }
        if access == Access::Guest {
            return Err(Failure::new(
                FailureKind::Denied,
                format!("a plugin may load only names, and `{}` is a path or a URL", failure::quoted(source)),
            ));
        }
        if let Some(name) = source.strip_prefix(BUILTIN_PREFIX) {
            return match builtin::find(name) {
                Some(builtin) => Ok(SourcePlace::Builtin(builtin)),
                None => Err(self.unknown(name, "no built-in plugin ", name)),
            };
        }
        if let Some(url) = fetch::parse(source)? {
            return Ok(SourcePlace::Url(url));
        }
        self.locate_path(source)
    }

    fn locate_name(&self, wanted: &str, access: Access) -> Result<SourcePlace, Failure> {
        if let Some(path) = self.dirs().iter().find_map(|dir| name::find(dir, wanted)) {
            return Ok(SourcePlace::File(absolute(&path)));
        }
        match builtin::find(wanted) {
            Some(builtin) => Ok(SourcePlace::Builtin(builtin)),
            None => Err(self.no_plugin(wanted, access)),
        }
    }

    fn locate_path(&self, source: &str) -> Result<SourcePlace, Failure> {
        let path = Path::new(source);
        if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            return Err(self.unknown(stem, "no file ", source));
        }
        Ok(SourcePlace::File(absolute(path)))
    }

    /// The failure for an unknown name. A close name is better advice than the list of all; a guest hears nothing of
    /// files and has no command line.
    fn no_plugin(&self, wanted: &str, access: Access) -> Failure {
        let names = self.names();
        let file_here = || name::file_here(wanted).filter(|_| access != Access::Guest);
        let advice = match file_here() {
            Some(file) => Advice::WritePath(failure::quoted(&file)),
            None if access != Access::Guest && name::is_directory_here(wanted) => {
                Advice::WriteDirectory(failure::quoted(wanted))
            }
            None => meant(wanted, &names).unwrap_or(Advice::ListPlugins { for_person: access != Access::Guest }),
        };
        failure_about("no plugin named ", &failure::quoted(wanted), "").with_advice(Some(advice))
    }

    /// The failure for `what` of this name, which is not there, with the name that was perhaps meant.
    fn unknown(&self, wanted: &str, what: &str, name: &str) -> Failure {
        failure_about(what, &failure::quoted(name), "").with_advice(meant(wanted, &self.names()))
    }

    fn cached(
        &self,
        key: Key,
        access: Access,
        load: impl FnOnce() -> Result<Loaded, Failure>,
    ) -> Result<Arc<Program>, Failure> {
        // A person who loads a URL again wants its current bytes; a guest may not cause a download with each call.
        if let Some(entry) = self.cache.get(&key)
            && (access == Access::Guest || !entry.fetched)
        {
            return Ok(Arc::clone(&entry.program));
        }
        let entry = CacheEntry::new(load()?);
        let program = Arc::clone(&entry.program);
        self.cache.insert(key, entry);
        Ok(program)
    }
}

/// The close name among `names`, made safe: a file may have any name.
fn meant(wanted: &str, names: &[String]) -> Option<Advice> {
    let near = closest(wanted, names.iter().map(String::as_str))?;
    Some(Advice::DidYouMean(one_line(near).into_owned()))
}

fn load_file(path: &Path, progress: Progress<'_>) -> Result<Loaded, Failure> {
    let shown = failure::quoted(&path.to_string_lossy());
    let declared = content::declared(path);
    let bytes_max = if declared.is_manifest() { MANIFEST_BYTES_MAX } else { MODULE_BYTES_MAX };
    let FileBytes { bytes, stamp } = file::read(path, bytes_max)?;
    let stamps = vec![(path.to_owned(), stamp)];
    let stem = name::stem(path);
    match content::classify(declared, &bytes, &shown)? {
        Content::Module => {
            let program = content::single_module(bytes, shown, stem);
            Ok(Loaded { program, stamps, fetched: false })
        }
        Content::Manifest(format) => {
            let dir = path.parent().unwrap_or(Path::new("."));
            let mut loaded = manifest::load(&bytes, format, &Base::Dir(dir), shown, stem, progress)?;
            loaded.stamps.extend(stamps);
            Ok(loaded)
        }
    }
}

/// Reads a module for a plugin that may load this path. The cache is not used, because it also holds manifests.
fn load_granted_file(path: &Path) -> Result<Arc<Program>, Failure> {
    let shown = failure::quoted(&path.to_string_lossy());
    let FileBytes { bytes, stamp } = file::read(path, MODULE_BYTES_MAX)?;
    if !stamp.lies_at(path) {
        return Err(Failure::new(FailureKind::Denied, format!("`{shown}` became another file while it was read")));
    }
    module_only(content::classify(content::declared(path), &bytes, &shown)?, &shown)?;
    Ok(Arc::new(content::single_module(bytes, shown, name::stem(path))))
}

/// Refuses manifests: a plugin may have written one, and it names further files, hosts and paths.
fn module_only(content: Content, shown: &str) -> Result<(), Failure> {
    match content {
        Content::Module => Ok(()),
        Content::Manifest(_) => {
            let why = format!("`{shown}` is a manifest; a plugin may load those by name only");
            Err(Failure::new(FailureKind::Denied, why))
        }
    }
}

fn load_url(url: &Url, access: Access, progress: Progress<'_>) -> Result<Loaded, Failure> {
    let path = Path::new(url.path());
    let declared = content::declared(path);
    let bytes_max = if declared.is_manifest() { MANIFEST_BYTES_MAX } else { MODULE_BYTES_MAX };
    let shown = fetch::format_url(url);
    let request = Request { follow: access != Access::Granted, ..Request::get(url) };
    let bytes = fetch::fetch(&request, bytes_max, progress)?;
    let stem = name::stem(path);
    let content = content::classify(declared, &bytes, &shown)?;
    if access == Access::Granted {
        module_only(content, &shown)?;
    }
    match content {
        Content::Module => {
            let program = content::single_module(bytes, url.to_string(), stem);
            Ok(Loaded { program, stamps: Vec::new(), fetched: true })
        }
        Content::Manifest(format) => manifest::load(&bytes, format, &Base::Url(url), url.to_string(), stem, progress),
    }
}
