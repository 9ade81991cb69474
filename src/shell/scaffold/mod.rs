//! `plugsh new`: a plugin that builds as it stands, with its test file, in one of several languages.
//!
//! Every plugin has the same two functions, so one test file fits all. Its binding comes from `plugins/`, byte by byte.

mod language;
mod name;
mod templates;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

pub use self::language::Language;
use self::name::PluginName;
use self::templates::{FileKind, Template, TemplateFile, template};
use super::reply::{Line, Reply, Role, ShellError};
use crate::text::{io_cause, quoted};

/// Writes a plugin into a directory, which is made where it is missing; nothing that is there is overwritten.
///
/// # Errors
/// The directory's name is none for a plugin, one of the files exists, or one cannot be written.
pub fn write(dir: &Path, language: Language) -> Result<Reply, ShellError> {
    let name = PluginName::of(dir)?;
    let template = template(language);
    let mut files: Vec<NewFile> = template.files.iter().map(|file| NewFile::of(file, dir, &name)).collect();
    let (path, text) = (dir.join(format!("{name}.plugsh")), test_file(&name, template));
    files.push(NewFile { path, text, kind: FileKind::Text });
    if let Some(file) = files.iter().find(|file| file.path.symlink_metadata().is_ok()) {
        let way_on = "`plugsh new` overwrites nothing, name another directory";
        return Err(ShellError::failed(format!("`{}` exists; {way_on}", quoted(&file.path.to_string_lossy()))));
    }
    for file in &files {
        file.write().map_err(|error| {
            ShellError::failed(format!("`{}`: {}", quoted(&file.path.to_string_lossy()), io_cause(&error)))
        })?;
    }
    Ok(written(dir, language, &name, &files))
}

/// A file that is written.
struct NewFile {
    path: PathBuf,
    text: String,
    kind: FileKind,
}

impl NewFile {
    fn of(file: &TemplateFile, dir: &Path, name: &PluginName) -> NewFile {
        NewFile { path: dir.join(name.put_into(file.path)), text: name.put_into(file.text), kind: file.kind }
    }

    /// Writes it, and the directories above it.
    fn write(&self) -> io::Result<()> {
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent)?;
        }
        // A file that came in the meantime stays as it is.
        let mut file = File::create_new(&self.path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => io::Error::other("it exists now, and is not overwritten"),
            _ => error,
        })?;
        file.write_all(self.text.as_bytes())?;
        match self.kind {
            FileKind::Text => Ok(()),
            FileKind::Program => make_executable(&file),
        }
    }
}

/// Everyone who may read the file may run it.
#[cfg(unix)]
fn make_executable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    let mode = permissions.mode();
    permissions.set_mode(mode | (mode & 0o444) >> 2);
    file.set_permissions(permissions)
}

/// Names alone make programs executable here.
#[cfg(not(unix))]
fn make_executable(_: &File) -> io::Result<()> {
    Ok(())
}

/// The expectations, which the plugin as it is written meets.
fn test_file(name: &PluginName, template: &Template) -> String {
    let source = name.put_into(template.source);
    format!(
        "# What `{name}` does: `plugsh test {name}.plugsh`, after it was built.\n\
         load $DIR/{source} --as {name}\n\
         \n\
         {name}.greet Ada\n\
         expect 'hello Ada'\n\
         expect-error '*nobody to greet*' {name}.greet\n\
         \n\
         # `shout` starts the plugin `text` and calls it.\n\
         {name}.shout hello\n\
         expect 'HELLO!'\n\
         expect-calls 'caller={name} and text.upper' 1\n"
    )
}

/// The files and the commands to go on with.
fn written(dir: &Path, language: Language, name: &PluginName, files: &[NewFile]) -> Reply {
    let template = template(language);
    let build: Vec<String> = template.build.iter().map(|command| name.put_into(command)).collect();
    let run = format!("plugsh -c 'load ./{}; {name}.greet Ada'", name.put_into(template.source));
    let test = format!("plugsh test {name}.plugsh");
    let shown = |path: &Path| path.display().to_string();
    let mut lines: Vec<Line> =
        files.iter().map(|file| Line::new().with(Role::Good, "wrote ").plain(shown(&file.path))).collect();
    let cd = format!("cd {}", quoted_for_sh(&shown(dir)));
    let commands = [cd].into_iter().chain(build.iter().cloned()).chain([run.clone(), test.clone()]);
    lines.extend(commands.map(|command| Line::from("  ").with(Role::Code, command)));
    let paths: Vec<String> = files.iter().map(|file| shown(&file.path)).collect();
    Reply::Lines(lines).with_json(json!({
        "dir": shown(dir), "language": language.as_str(), "name": name.to_string(), "files": paths,
        "build": build, "run": run, "test": test,
    }))
}

/// A word for the system's shell.
fn quoted_for_sh(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:=".contains(c);
    match word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_name_and_writes_a_plugin_once() {
        let root = tempfile::tempdir().unwrap();
        for language in Language::ALL {
            let value = clap::ValueEnum::to_possible_value(&language).unwrap();
            assert_eq!(value.get_name(), language.as_str());
            let dir = root.path().join(format!("new-{}", language.as_str()));
            write(&dir, language).unwrap();
            let test = fs::read_to_string(dir.join(format!("new-{}.plugsh", language.as_str()))).unwrap();
            assert!(test.contains("expect 'hello Ada'") && !test.contains("{{"), "{test}");
            let error = write(&dir, language).unwrap_err().to_string();
            assert!(error.contains("exists; `plugsh new` overwrites nothing"), "{error}");
        }
    }

    #[test]
    fn what_is_there_stays_and_nothing_is_written_beside_it() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("mine");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("mine.plugsh"), "load x").unwrap();
        write(&dir, Language::C).unwrap_err();
        assert_eq!(fs::read_to_string(dir.join("mine.plugsh")).unwrap(), "load x");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
    }

    #[test]
    fn no_mark_of_a_template_is_left_in_a_file() {
        let root = tempfile::tempdir().unwrap();
        for language in Language::ALL {
            let dir = root.path().join(language.as_str());
            write(&dir, language).unwrap();
            for file in template(language).files {
                assert_eq!(file.kind == FileKind::Program, file.text.starts_with("#!"), "{}", file.path);
                let path = dir.join(PluginName::of(&dir).unwrap().put_into(file.path));
                assert!(!fs::read_to_string(&path).unwrap().contains(name::MARK), "{}", path.display());
            }
        }
    }

    #[test]
    fn a_word_for_the_systems_shell_is_quoted_where_it_has_to_be() {
        assert_eq!(quoted_for_sh("a/b-c"), "a/b-c");
        assert_eq!(quoted_for_sh("it's mine"), r"'it'\''s mine'");
    }
}
