//! The order in which a project's plugins start: one that another needs before that one, else the order of the file.

use super::file::{PluginEntry, Project};
use crate::shell::loading::imports::import_stand_in;

/// Plugins and what they need, in the order in which they start: what stands in for an import of another, or is linked
/// to it, before it. Plugins that need each other keep their order.
pub fn start_order<'p>(project: &'p Project, wanted: &[&'p PluginEntry]) -> Vec<&'p PluginEntry> {
    let mut order = Vec::with_capacity(wanted.len());
    for plugin in wanted {
        visit(project, plugin, &mut order, &mut Vec::new());
    }
    order
}

fn visit<'p>(
    project: &'p Project,
    plugin: &'p PluginEntry,
    order: &mut Vec<&'p PluginEntry>,
    above: &mut Vec<&'p PluginEntry>,
) {
    let is_in = |list: &[&PluginEntry]| list.iter().any(|known| known.name == plugin.name);
    if is_in(order) || is_in(above) {
        return;
    }
    above.push(plugin);
    for needed in needs(project, plugin) {
        visit(project, needed, order, above);
    }
    above.pop();
    order.push(plugin);
}

/// The plugins of the project that stand in for its imports, or are linked to it, in the order of its options.
fn needs<'p>(project: &'p Project, plugin: &'p PluginEntry) -> impl Iterator<Item = &'p PluginEntry> {
    let words = plugin.options.iter().filter_map(|word| Some((word.option.as_str(), word.written.as_deref()?)));
    words.filter_map(|(option, value)| match option {
        "--import" => stand_in(project, &import_stand_in(value).ok()?.target).map(|(plugin, _)| plugin),
        "--link" => {
            let source = value.split_once('=').map_or(value, |(_, source)| source);
            let has_source = |other: &&PluginEntry| other.source.as_ref().is_some_and(|own| own.value == source);
            project.plugins.iter().find(has_source).or_else(|| project.plugin(source))
        }
        _ => None,
    })
}

/// The plugin of the project, and its function, that `PLUGIN.FUNCTION` names; the longest name that fits.
pub fn stand_in<'p, 't>(project: &'p Project, target: &'t str) -> Option<(&'p PluginEntry, &'t str)> {
    target.rmatch_indices('.').find_map(|(dot, _)| {
        let (name, function) = (target.get(..dot)?, target.get(dot + 1..)?);
        Some((project.plugin(name)?, function)).filter(|_| !function.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::command::{TABLE, find};
    use std::path::Path;

    fn order(text: &str) -> Vec<String> {
        let stub = find(TABLE, "stub").unwrap().shape();
        let project = Project::parse(text, "p.toml", Path::new(""), stub).unwrap();
        start_order(&project, &project.plugins.iter().collect::<Vec<_>>())
            .into_iter()
            .map(|plugin| plugin.name.clone())
            .collect()
    }

    #[test]
    fn what_is_needed_starts_first() {
        let text = "[plugin.z]\n[plugin.shop]\nimport = ['env.put=kv.store.put', 'env.now=clock.now']\n\
            [plugin.clock]\nlink = 'util'\n[plugin.'kv.store']\n[plugin.util]\nsource = 'util.wasm'\n";
        assert_eq!(order(text), ["z", "kv.store", "util", "clock", "shop"]);
        let circle = "[plugin.b]\nimport = 'env.f=a.f'\n[plugin.a]\nimport = 'env.f=b.f'\n";
        assert_eq!(order(circle), ["a", "b"]);
    }
}
