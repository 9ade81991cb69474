//! `plugsh up`, `plugsh init` and `plugsh test`: the modes that a project's file has a part in.

use std::path::PathBuf;
use std::sync::Arc;

use plugsh::front::script::{self, Scripts};
use plugsh::front::serve::{self, Serve};
use plugsh::front::suite::{self, Suite};
use plugsh::shell::command::{apply_to, read_project};
use plugsh::shell::front::ServeOptions;
use plugsh::shell::project::check::test_files;
use plugsh::shell::project::file::Project;
use plugsh::shell::project::find::NoProject;
use plugsh::shell::{SessionOptions, ShellError, words};

use super::kernel::{kernel, kernel_with_coverage, shell_kernel};
use super::lines::{project_file, scripts, session_options, variables};
use crate::cli::global::Global;
use crate::cli::mode::InitArgs;
use crate::cli::project::{TestArgs, UpArgs};

/// `plugsh test`: each file's shell has the limits, the directories and the policy of the project, if there is one.
///
/// # Errors
/// The project's file has mistakes, no file is there to run, or the report cannot be written.
pub fn test(arguments: TestArgs, global: &Global) -> Result<u8, ShellError> {
    let project = match read_project(project_file(global).as_deref()) {
        Ok(project) => Some(project),
        Err(NoProject::NotFound) => None,
        Err(wrong) => return Err(wrong.into_error()),
    };
    let files = match (arguments.files.is_empty(), &project) {
        (false, _) => arguments.files.clone(),
        (true, None) => return Err(ShellError::usage(NO_TESTS)),
        (true, Some(project)) => test_files(project).map_err(|mistake| mistake.error())?,
    };
    if files.is_empty() {
        return Err(ShellError::usage(NO_TESTS));
    }
    let limits = project.as_ref().map(Project::limit_args).transpose().map_err(|mistake| mistake.error())?;
    let limits = limits.unwrap_or_default();
    let suite = tests(arguments, files, global)?;
    let coverage = suite.coverage.as_ref().map(|(coverage, _)| coverage.clone());
    let make = || {
        let kernel = kernel_with_coverage(global, words::SHELL, &limits, coverage.clone())?;
        project.as_ref().map(|project| apply_to(&kernel, project)).transpose()?;
        Ok(kernel)
    };
    suite::run(&make, &suite)
}

/// The error of `plugsh test` without files.
const NO_TESTS: &str = "`plugsh test` wants a FILE, or `tests = [...]` in the project's `plugsh.toml`";

/// `plugsh up`: the shell's `up` before all else, in a kernel with the limits of the project.
///
/// # Errors
/// There is no project, its file has mistakes, or what is run ends with an error.
pub fn up(arguments: UpArgs, global: &Global) -> Result<u8, ShellError> {
    let line = match (arguments.check, arguments.schema) {
        (true, _) => Some("up --check"),
        (_, true) => Some("up --schema"),
        (false, false) => None,
    };
    if let Some(line) = line {
        return script::run_line(shell_kernel(global)?, line, global.color, session_options(global));
    }
    let project = read_project(project_file(global).as_deref()).map_err(NoProject::into_error)?;
    let limits = project.limit_args().map_err(|mistake| mistake.error())?;
    let scripts = Scripts { first: Some("up"), ..scripts(arguments.script, global)? };
    let kernel = kernel(global, words::SHELL, &limits)?;
    match arguments.serve {
        Some(name) => {
            let options = ServeOptions { name: Some(name), project: project_file(global), ..ServeOptions::default() };
            serve::run(kernel, Serve { options, scripts, grace: arguments.grace })
        }
        None => script::run(kernel, scripts),
    }
}

/// `plugsh init`: writes the project's file from the modules here.
///
/// # Errors
/// The file is there and `--force` was not given, or it cannot be written.
pub fn init(arguments: &InitArgs, global: &Global) -> Result<u8, ShellError> {
    let line = if arguments.force { "init --force" } else { "init" };
    script::run_line(shell_kernel(global)?, line, global.color, session_options(global))
}

/// The suite of the files, as the options ask for it.
fn tests(arguments: TestArgs, files: Vec<PathBuf>, global: &Global) -> Result<Suite, ShellError> {
    Ok(Suite {
        variables: variables(&arguments.variables)?,
        files,
        junit: arguments.junit,
        coverage: arguments.coverage.map(|path| (Arc::default(), path)),
        jobs: arguments.jobs.map(|jobs| usize::try_from(jobs).unwrap_or(usize::MAX)),
        timeout: arguments.timeout,
        update: arguments.update,
        json: global.json,
        color: global.color,
        // Expectations do not depend on the format of the results.
        options: SessionOptions { json: false, ..session_options(global) },
    })
}
