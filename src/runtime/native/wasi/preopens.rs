//! The allowed paths of an instance as WASI's preopened directories. A single file appears in a view (`fds::View`); a
//! hidden descriptor holds the host's directory of that file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wasmtime_wasi::{DirPerms, FilePerms, WasiCtxBuilder};

use super::fds::{FdKind, Fds, ViewFile};
use crate::runtime::AllowedPath;
use crate::runtime::{Failure, FailureKind, Spec};
use crate::text::io_cause;

/// An allowed single file.
struct Single<'a> {
    path: &'a AllowedPath,
    /// The file's directory and name on the guest's side.
    guest_dir: String,
    guest: String,
    /// The file's directory and name on the host's side.
    host_dir: PathBuf,
    host: String,
}

/// Opens the allowed paths. Directories and views come first, since guests scan preopens up to the first number that is
/// not open; the hidden directories behind the views follow.
///
/// # Errors
/// A path cannot be opened or leads elsewhere now; the failure names it.
pub fn open(builder: &mut WasiCtxBuilder, spec: &Spec, fds: &mut Fds) -> Result<(), Failure> {
    let mut paths: Vec<&AllowedPath> = spec.allowed_paths.iter().collect();
    // The SDK's order, with `ro:` in the name: a guest's libc takes the first of two preopens for one place.
    paths.sort_by_key(|path| format!("{}{}", if path.read_only { "ro:" } else { "" }, path.host.display()));
    let (files, dirs): (Vec<&AllowedPath>, Vec<&AllowedPath>) = paths.into_iter().partition(|path| path.host.is_file());
    for path in &dirs {
        preopen(builder, fds, spec, path, FdKind::File)?;
        // The second check finds a link that existed only while the directory was opened.
        spec.stays_put(path)?;
    }
    let singles = files.into_iter().map(|path| single(spec, path)).collect::<Result<Vec<_>, _>>()?;
    let mut views: BTreeMap<&str, Vec<&Single<'_>>> = BTreeMap::new();
    for single in &singles {
        if let Some(dir) = dirs.iter().find(|dir| same_place(&dir.guest, &single.guest_dir)) {
            let why = format!(
                "allowed path `{}` would be in `{}`, where the allowed directory `{}` is; give it another place",
                single.path.host.display(),
                single.guest_dir,
                dir.host.display()
            );
            return Err(Failure::new(FailureKind::Load, why));
        }
        views.entry(&single.guest_dir).or_default().push(single);
    }
    // Hidden descriptors by host directory and access: views reach their files through these.
    let mut behind: BTreeMap<(&Path, bool), u32> = BTreeMap::new();
    let first_behind = fds.next_preopen() + views.len() as u32;
    for single in &singles {
        let next = first_behind + behind.len() as u32;
        behind.entry((&single.host_dir, single.path.read_only)).or_insert(next);
    }
    for (guest_dir, singles) in &views {
        let Some(first) = singles.first() else { continue };
        let files = singles.iter().filter_map(|single| {
            let read_only = single.path.read_only;
            let dir = *behind.get(&(single.host_dir.as_path(), read_only))?;
            Some(ViewFile { guest: single.guest.clone(), dir, host: single.host.clone(), read_only })
        });
        let view = fds.add_view(files.collect());
        let dir = AllowedPath { host: first.host_dir.clone(), guest: (*guest_dir).into(), read_only: true };
        preopen(builder, fds, spec, &dir, view)?;
    }
    let mut behind: Vec<((&Path, bool), u32)> = behind.into_iter().collect();
    behind.sort_by_key(|(_, fd)| *fd);
    for ((dir, read_only), _) in behind {
        let dir = AllowedPath { host: dir.into(), guest: "".into(), read_only };
        preopen(builder, fds, spec, &dir, FdKind::Hidden)?;
    }
    singles.iter().try_for_each(|single| spec.stays_put(single.path))
}

/// The directories and names of a single file on both sides.
fn single<'a>(spec: &Spec, path: &'a AllowedPath) -> Result<Single<'a>, Failure> {
    let fails = |why: &str| {
        let why = format!("cannot open allowed path `{}`: {why}", path.host.display());
        Failure::new(FailureKind::Load, why)
    };
    spec.stays_put(path)?;
    // A granted link is resolved now: opening follows no links.
    let host = path.host.canonicalize().map_err(|error| fails(&io_cause(&error)))?;
    let (Some(dir), Some(name)) = (host.parent(), host.file_name().and_then(|name| name.to_str())) else {
        return Err(fails("its name is not UTF-8"));
    };
    let (guest_dir, guest) = path.guest.rsplit_once('/').unwrap_or((".", &path.guest));
    if matches!(guest, "" | "." | "..") {
        return Err(fails("a file needs a name on the plugin's side too"));
    }
    let guest_dir = if guest_dir.is_empty() { "/" } else { guest_dir };
    Ok(Single { path, guest_dir: guest_dir.into(), guest: guest.into(), host_dir: dir.into(), host: name.into() })
}

/// Whether two paths name one directory of the guest, whose working directory is `/`.
fn same_place(one: &str, other: &str) -> bool {
    fn parts(path: &str) -> impl Iterator<Item = &str> {
        path.split('/').filter(|part| !matches!(*part, "" | "."))
    }
    parts(one).eq(parts(other))
}

fn preopen(
    builder: &mut WasiCtxBuilder,
    fds: &mut Fds,
    spec: &Spec,
    path: &AllowedPath,
    kind: FdKind,
) -> Result<(), Failure> {
    let AllowedPath { host, guest, read_only } = path;
    if !fds.take() {
        return Err(Failure::new(FailureKind::Denied, too_many(host)));
    }
    if kind == FdKind::File {
        spec.stays_put(path)?;
    }
    let (dir, file) = match read_only {
        true => (DirPerms::READ, FilePerms::READ),
        false => (DirPerms::all(), FilePerms::all()),
    };
    builder.preopened_dir(host, guest, dir, file).map_err(|error| {
        let why = error.root_cause().to_string();
        Failure::new(FailureKind::Load, format!("cannot open allowed path `{}`: {why}", host.display()))
    })?;
    let fd = fds.next_preopen();
    fds.opened(fd, kind);
    Ok(())
}

/// The message of a refusal for too many open files.
pub fn too_many(path: &Path) -> String {
    format!("cannot open `{}`: plugins have too many files open", path.display())
}
