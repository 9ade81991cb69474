//! Lookup of the names in an expression or a stub: a typo in an expectation must not make it hold.

use super::reply::{Line, Role};
use super::session::Session;
use crate::journal::filter::{Filter, LiteralName};
use crate::text::{closest, quoted};

/// A name that nothing has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    /// The name as written.
    pub name: String,
    /// The nearest existing name.
    pub near: Option<String>,
}

impl UnknownName {
    /// The error for an expectation with this name.
    pub fn message(&self) -> String {
        let near = self.near.as_ref().map_or_else(|| ";".to_owned(), |near| format!("; did you mean `{near}`?"));
        format!("nothing is called `{}`{near} `--pending` says that it is meant", quoted(&self.name))
    }
}

/// The names in use.
struct Names {
    /// Names of processes, of their plugins, and of loadable plugins.
    processes: Vec<String>,
    /// Functions of living processes.
    functions: Vec<(String, Vec<String>)>,
}

impl Session {
    /// The first name in `filter` that nothing has: no process, living or dead, no plugin that can be loaded, no
    /// function of a living process or of the plugin that is named with it, and no call in the trace.
    pub(super) fn unknown_name(&self, filter: &Filter) -> Option<UnknownName> {
        let asked = filter.literal_names();
        if asked.is_empty() {
            return None;
        }
        let names = self.names();
        asked.into_iter().find_map(|name| self.unknown(&names, name))
    }

    /// Shows a notice of a name in `filter` that nothing has, unless `--pending` is given.
    pub(super) fn warn_of_unknown(&mut self, filter: &Filter, pending: bool) {
        if !pending && let Some(unknown) = self.unknown_name(filter) {
            self.notice(Line::new().with(Role::Warn, unknown.message()));
        }
    }

    /// The unknown name in a call `PLUGIN.FUNCTION`, by the rules of [`Session::unknown_name`].
    pub(super) fn unknown_call(&self, plugin: &str, function: &str) -> Option<UnknownName> {
        self.unknown(&self.names(), LiteralName::Any(format!("{plugin}.{function}")))
    }

    fn names(&self) -> Names {
        let mut names = Names { processes: vec!["shell".to_owned(), "0".to_owned()], functions: Vec::new() };
        for view in self.kernel().processes(true) {
            let plugin = self.kernel().plugin_of(view.id);
            let called = [view.name.clone(), view.id.to_string(), format!("{}:{}", view.id, view.name)];
            if let Some(detail) = self.kernel().process(view.id) {
                let functions = detail.functions;
                let owners = called.iter().cloned().chain(plugin.clone());
                names.functions.extend(owners.map(|owner| (owner, functions.clone())));
            }
            names.processes.extend(called.into_iter().chain(plugin));
        }
        names.processes.extend(self.kernel().loadable());
        names
    }

    fn unknown(&self, names: &Names, asked: LiteralName) -> Option<UnknownName> {
        let unknown = match asked {
            LiteralName::Process(name) if names.has_process(&name) => return None,
            LiteralName::Process(name) => UnknownName { near: names.near_process(&name), name },
            LiteralName::Function(name) if names.has_function(&name) => return None,
            LiteralName::Function(name) => UnknownName { near: names.near_function(&name), name },
            LiteralName::Any(name) if names.has_process(&name) || names.has_function(&name) => return None,
            LiteralName::Any(name) => match name.rsplit_once('.') {
                Some((plugin, function)) => names.unknown_call(plugin, function, || self.exports(plugin))?,
                None => {
                    let near = names.near_process(&name).or_else(|| names.near_function(&name));
                    UnknownName { near, name }
                }
            },
        };
        (!self.is_traced(&unknown.name)).then_some(unknown)
    }

    /// The functions of a plugin that can be loaded by name; empty where its module does not say.
    fn exports(&self, plugin: &str) -> Vec<String> {
        if !self.kernel().loadable().iter().any(|name| name == plugin) {
            return Vec::new();
        }
        // A name that a stub stands in for has no module.
        let about = self.kernel().about_source(plugin).unwrap_or_default();
        about.functions.into_iter().map(|function| function.name).collect()
    }

    /// Whether a call in the trace has this name.
    fn is_traced(&self, name: &str) -> bool {
        let filter = Filter::parse(&format!("callee='{name}' or function='{name}' or '{name}'"));
        filter.is_ok_and(|filter| !self.kernel().journal().drain().find(1, |record| filter.matches(record)).is_empty())
    }
}

impl Names {
    fn has_process(&self, name: &str) -> bool {
        let is_known = |name: &str| self.processes.iter().any(|known| known == name);
        // `mapper-2` is the name of a plugin's second process, known before that process exists.
        let numbered = name.rsplit_once('-').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
        is_known(name) || numbered.is_some_and(|(plugin, _)| is_known(plugin))
    }

    fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|(_, functions)| functions.iter().any(|known| known == name))
    }

    fn near_process(&self, name: &str) -> Option<String> {
        closest(name, self.processes.iter().map(String::as_str)).map(str::to_owned)
    }

    /// The nearest function of all.
    fn near_function(&self, name: &str) -> Option<String> {
        let functions = self.functions.iter().flat_map(|(_, functions)| functions);
        closest(name, functions.map(String::as_str)).map(str::to_owned)
    }

    /// The unknown part of `PLUGIN.FUNCTION`. `exports`: the functions of a plugin that no process has; where there are
    /// none, each counts as known.
    fn unknown_call(&self, plugin: &str, function: &str, exports: impl FnOnce() -> Vec<String>) -> Option<UnknownName> {
        let name = format!("{plugin}.{function}");
        if !self.has_process(plugin) {
            let near = self.near_process(plugin).map(|near| format!("{near}.{function}"));
            return Some(UnknownName { name, near });
        }
        let owned = self.functions.iter().filter(|(owner, _)| owner == plugin);
        let mut functions: Vec<&String> = owned.flat_map(|(_, functions)| functions).collect();
        let exports = if functions.is_empty() { exports() } else { Vec::new() };
        functions.extend(&exports);
        if functions.is_empty() || functions.iter().any(|known| *known == function) {
            return None;
        }
        let near = closest(function, functions.into_iter().map(String::as_str));
        Some(UnknownName { name, near: near.map(|near| format!("{plugin}.{near}")) })
    }
}
