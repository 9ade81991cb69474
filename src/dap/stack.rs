//! The stack of a held job: the functions of each plugin, and a label for each call from plugin to plugin.

use std::path::Path;

use serde_json::{Value, json};

use super::handles::{FrameKey, FrameOf, Handles};
use super::request::ClientInfo;
use crate::kernel::Kernel;
use crate::kernel::hooks::HeldView;
use crate::runtime::FrameRole;
use crate::shell::source_text::{SourcePaths, path_of};
use crate::shell::stopped::{StoppedFrame, frames_of, source_file};

/// The frames of a held job, the innermost first.
pub fn frames(
    kernel: &Kernel,
    view: &HeldView,
    sources: &SourcePaths,
    client: ClientInfo,
    handles: &mut Handles,
) -> Vec<Value> {
    let mut shown = Vec::new();
    let code = frames_of(view);
    for (place, plugin) in view.stack.plugins.iter().enumerate() {
        for frame in code.iter().filter(|frame| frame.plugin == place) {
            let id = handles.frame(key(view, FrameOf::Code(frame.number)));
            shown.push(code_frame(kernel, view, frame, sources, client, id));
        }
        let id = handles.frame(key(view, FrameOf::Call(place)));
        shown.push(label(id, &format!("{}.{}", plugin.process, plugin.function)));
    }
    if shown.is_empty() {
        // Held before a call that has run no code yet: the calls alone.
        let calls = view.chain.iter().rev().enumerate();
        shown.extend(calls.map(|(place, call)| {
            let id = handles.frame(key(view, FrameOf::Call(place)));
            label(id, &format!("{}.{}", call.process, call.function))
        }));
    }
    shown
}

fn key(view: &HeldView, frame: FrameOf) -> FrameKey {
    FrameKey { job: view.job, hold: view.number, frame }
}

/// The frame where a call entered a plugin.
fn label(id: u32, name: &str) -> Value {
    json!({ "id": id, "name": name, "line": 0, "column": 0, "presentationHint": "label" })
}

fn code_frame(
    kernel: &Kernel,
    view: &HeldView,
    frame: &StoppedFrame,
    sources: &SourcePaths,
    client: ClientInfo,
    id: u32,
) -> Value {
    let guest = &frame.guest;
    let name = guest.function.clone().unwrap_or_else(|| match guest.function_index {
        Some(index) => format!("function {index}"),
        None => "a function without a name".to_owned(),
    });
    let name = if guest.inlined { format!("{name} (inlined)") } else { name };
    let mut shown = json!({ "id": id, "name": name, "line": 0, "column": 0 });
    if guest.role != FrameRole::Own {
        shown["presentationHint"] = "subtle".into();
    }
    if let (Some(file), Some(line)) = (source_file(kernel, view, frame), guest.line) {
        let path = path_of(&file, sources);
        shown["source"] = source(&file.name, path.as_deref());
        shown["line"] = client.line_to(line).into();
        shown["column"] = client.column_to(guest.column.unwrap_or(1)).into();
    }
    if let Some(offset) = guest.offset {
        shown["instructionPointerReference"] = format!("{offset:#x}").into();
    }
    shown
}

/// A source file; one that is not here has no path.
fn source(name: &str, path: Option<&Path>) -> Value {
    let short = name.rsplit('/').next().unwrap_or(name);
    match path {
        Some(path) => json!({ "name": short, "path": path.to_string_lossy() }),
        None => {
            json!({ "name": name, "presentationHint": "deemphasize", "origin": "not found here: `sourceDirs` says where" })
        }
    }
}
