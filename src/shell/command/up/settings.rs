//! The settings of a project besides its plugins: directories, the policy, stubs.

use crate::kernel::hooks::StubSpec;
use std::path::Path;

use crate::kernel::{Kernel, Policy};
use crate::runtime::Problem;
use crate::shell::command::Arguments;
use crate::shell::command::debug::stub::{STUB, set, spec_of};
use crate::shell::project::check::missing_dirs;
use crate::shell::project::document::{Mistake, MistakeKind};
use crate::shell::project::file::Project;
use crate::shell::reply::{Line, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::words::SHELL;

/// Adds the project's plugin directories, and puts its policy in force where none is.
///
/// # Errors
/// The policy cannot be read.
pub fn apply_settings(session: &mut Session, project: &Project) -> Result<(), ShellError> {
    apply_to(session.kernel(), project)?;
    for dir in missing_dirs(project) {
        session.notice(Line::new().with(Role::Warn, dir.line()));
    }
    let limits = project.limit_args().map_err(|mistake| mistake.error())?;
    if limits.differ_from(session.kernel().limits()) {
        let text =
            format!("`[limits]` of `{}` are not this shell's, which stay; `plugsh up` starts with them", project.file);
        session.notice(Line::new().with(Role::Warn, text));
    }
    let file = project.policy_file().map_err(|mistake| mistake.error())?;
    let (Some(file), Some(policy)) = (file, session.kernel().policy()) else { return Ok(()) };
    let (own, other) = (file.display(), policy.source());
    if file.canonicalize().ok() != Path::new(other).canonicalize().ok() {
        let text = format!("`{own}` is not put in force: `{other}` is; `policy load {own}` changes that");
        session.notice(Line::new().with(Role::Warn, text));
    }
    Ok(())
}

/// As [`apply_settings`], without a session.
///
/// # Errors
/// The policy cannot be read.
pub fn apply_to(kernel: &Kernel, project: &Project) -> Result<(), ShellError> {
    let dirs = project.plugin_dirs().map_err(|mistake| mistake.error())?;
    kernel.add_plugin_dirs(&dirs);
    let file = project.policy_file().map_err(|mistake| mistake.error())?;
    let Some(file) = file.filter(|_| kernel.policy().is_none()) else { return Ok(()) };
    let at = project.policy.as_ref().map(|policy| policy.at);
    let policy = Policy::read(&file);
    let unreadable = |error| project.mistake(at, MistakeKind::Invalid, Problem::from(error).line(SHELL)).error();
    kernel.set_policy(Some(policy.map_err(unreadable)?));
    Ok(())
}

/// Sets the project's stubs.
///
/// # Errors
/// A stub is written wrong, or cannot be set.
pub fn set_stubs(session: &mut Session, project: &Project) -> Result<(), ShellError> {
    let specs = stub_specs(session, project).into_iter().collect::<Result<Vec<_>, _>>();
    let specs = specs.map_err(|mistake| mistake.error())?;
    let stubs = session.kernel().stubs();
    // A stub that is set keeps its count.
    let new = specs.iter().filter(|spec| stubs.iter().all(|stub| stub.spec != **spec));
    new.into_iter().try_for_each(|spec| set(session, spec))
}

/// The project's stubs, as the command `stub` reads them.
pub fn stub_specs(session: &mut Session, project: &Project) -> Vec<Result<StubSpec, Mistake>> {
    let read = |session: &mut Session, stub: &crate::shell::project::file::StubEntry| {
        let words = project.stub_words(stub)?;
        let spec = spec_of(session, Arguments::new(STUB.shape(), words, Vec::new()));
        spec.map_err(|error| project.mistake(Some(stub.function.at), MistakeKind::Invalid, error.message))
    };
    project.stubs.iter().map(|stub| read(session, stub)).collect()
}
