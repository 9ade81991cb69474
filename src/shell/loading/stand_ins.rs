//! Warnings of `load --import`: stand-ins whose process is missing, and stand-ins that nothing imports.

use crate::kernel::ProcessId;
use crate::runtime::program::ImportStandIn;
use crate::shell::reply::{Line, Role};
use crate::shell::session::Session;
use crate::text::did_you_mean;

/// Warns of stand-ins whose process does not live yet, once for each process.
pub fn notice_missing(session: &mut Session, imports: &[ImportStandIn]) {
    let mut named: Vec<&str> = Vec::new();
    for import in imports {
        let dots = import.target.match_indices('.').filter_map(|(dot, _)| import.target.get(..dot));
        let Some(plugin) = import.target.split_once('.').map(|(plugin, _)| plugin) else { continue };
        if named.contains(&plugin) {
            continue;
        }
        named.push(plugin);
        // Stubs start the process that they answer for.
        let stubbed = || session.kernel().stubs().iter().any(|stub| stub.spec.plugin == plugin);
        if !dots.into_iter().any(|plugin| session.kernel().find(plugin).is_ok()) && !stubbed() {
            let why = "when the import is called there must be";
            let text = format!("`--import` to `{}`: there is no process `{plugin}` yet, and {why}", import.target);
            session.notice(Line::new().with(Role::Warn, text));
        }
    }
}

/// Warns of stand-ins for functions that the plugin does not import. Linked modules' imports are not known.
pub fn notice_unused(session: &mut Session, id: ProcessId, imports: &[ImportStandIn]) {
    let Some(detail) = session.kernel().process(id).filter(|detail| detail.modules.len() == 1) else { return };
    let imported: Vec<String> = detail.imports.iter().map(ToString::to_string).collect();
    for import in imports {
        let name = format!("{}.{}", import.module, import.function);
        if !imported.contains(&name) {
            let near = did_you_mean(&name, imported.iter().map(String::as_str));
            let text = format!("`--import {name}`: `{}` imports no such function{near}", detail.view.label());
            session.notice(Line::new().with(Role::Warn, text));
        }
    }
}
