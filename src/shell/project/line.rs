//! A plugin of a project as the words of `load`, for the prompt: what completion writes, to be looked at and changed.

use super::file::{PluginEntry, Project};
use super::reference::shell_word;
use crate::shell::line::quote;

/// The words after `load`; `None` where a reference in the source cannot be replaced. References in options are the
/// shell's `$env.NAME`, so that no secret is shown.
pub fn load_line(project: &Project, plugin: &PluginEntry) -> Option<String> {
    let mut words = vec![quote(project.source(plugin).ok()?.as_bytes())];
    words.extend(["--as".to_owned(), plugin.name.clone()]);
    for option in &plugin.options {
        words.push(option.option.clone());
        let Some(written) = &option.written else { continue };
        words.push(match shell_word(written) {
            Some(word) => word,
            None => quote(option.resolved(&project.file, &project.dir).ok()?.value?.as_bytes()),
        });
    }
    Some(words.join(" "))
}
