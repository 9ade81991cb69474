//! `trace host`: requests of plugins to their host, as records beside the calls.

use crate::kernel::{ProcessId, ProcessView};
use crate::runtime::Host;
use crate::shell::filter::parse_filter;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::text::quoted;

/// `trace host [on [EXPR] | off]`.
///
/// # Errors
/// The words are no expression.
pub fn host(session: &mut Session, switch: Option<&str>, expression: Option<&str>) -> Result<Reply, ShellError> {
    let filter = expression.map(parse_filter).transpose().map_err(ShellError::usage)?;
    let kernel = session.kernel();
    match (switch, filter) {
        (Some("on"), filter) => kernel.trace_host(filter),
        (Some("off"), None) => kernel.stop_tracing_host(),
        (None, _) => {}
        (Some("off"), Some(_)) => return Err(ShellError::usage("`trace host off` takes no EXPR")),
        (Some(other), _) => {
            let action = quoted(other);
            let why = format!("`trace host {action}`: write `on`, `on EXPR` or `off`");
            return Err(ShellError::usage(why));
        }
    }
    let traced = kernel.traces_host();
    let filter = traced.as_ref().and_then(|filter| filter.as_ref().map(|filter| filter.source().to_owned()));
    let json = serde_json::json!({ "tracing_host": traced.is_some(), "filter": filter });
    if switch.is_some() {
        if traced.is_some() {
            notice_unseen(session, None);
        }
        return Ok(Reply::done(json));
    }
    let text = match (traced.is_some(), filter) {
        (true, Some(filter)) => format!("on, those of `{filter}`"),
        (true, None) => "on".to_owned(),
        (false, _) => "off".to_owned(),
    };
    Ok(Reply::answer(text, json))
}

/// Tells of a living process whose requests the stock host answers unseen: this one, or the first.
pub fn notice_unseen(session: &mut Session, id: Option<ProcessId>) {
    let views = session.kernel().processes(false);
    let is_meant = |view: &&ProcessView| id.is_none_or(|id| id == view.id);
    if let Some(view) = views.iter().filter(is_meant).find(|view| view.host == Host::Extism) {
        let text =
            format!("`{}` runs in the extism host, whose requests are not seen; `--host native` does", view.label());
        session.notice(Line::new().with(Role::Warn, text));
    }
}
