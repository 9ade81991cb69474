//! The answers to `info` and `record` as the values that the pane draws.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::views::{label_of, record_of};
use crate::journal::{KeptBytes, KeptState, Payload, Record};
use crate::kernel::{CallFailure, PluginStack, ProcessDetail, ProcessView, StackView, Supervision};
use crate::limits::Amount;
use crate::runtime::{Export, FrameRole, GuestFrame, ImportName, Notation, PLUGIN_LIMITS, Spec, Wording};
use crate::serve::wire::bytes_of;

/// A process's answer to `info`. `view`: its row of the last snapshot.
pub fn process_detail_of(info: &Value, view: ProcessView) -> ProcessDetail {
    let rows = |name: &str| info[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = |name: &str| rows(name).iter().filter_map(|text| text.as_str().map(str::to_owned)).collect();
    ProcessDetail {
        view,
        spec: spec_of(info),
        functions: texts("functions"),
        called: texts("called"),
        growth: None,
        exports: rows("export_types").iter().filter_map(export_of).collect(),
        imports: rows("imports").iter().filter_map(Value::as_str).map(import_of).collect(),
        modules: rows("modules").iter().map(|module| (text(module, "name"), text(module, "sha256"))).collect(),
        links: Vec::new(),
        last_error: info["last_error"]
            .as_str()
            .map(|error| Arc::new(CallFailure::new(None, error.to_owned(), Wording::default()))),
        children: rows("children_names").iter().map(label_of).collect(),
        supervision: Supervision::default(),
        is_watched: false,
    }
}

/// The limits of a process; what else it was loaded with is not shown.
fn spec_of(info: &Value) -> Spec {
    let mut spec = Spec::default();
    for row in PLUGIN_LIMITS {
        let amount = match (info[row.field].as_u64(), row.notation) {
            (None, _) => Amount::Off,
            (Some(bytes), Notation::Memory | Notation::Size) => Amount::Bytes(bytes),
            (Some(ms), Notation::Duration) => Amount::Time(Duration::from_millis(ms)),
            (Some(units), Notation::Fuel) => Amount::Count(units),
        };
        (row.set)(&mut spec, amount);
    }
    spec
}

fn export_of(export: &Value) -> Option<Export> {
    Some(Export { name: text(export, "name"), ty: serde_json::from_value(export["type"].clone()).ok()? })
}

/// An import out of `module.name`; both parts may have dots, and are shown as they came.
fn import_of(import: &str) -> ImportName {
    let (module, name) = import.split_once('.').unwrap_or((import, ""));
    ImportName { module: module.to_owned(), name: name.to_owned() }
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

fn small(row: &Value, name: &str) -> Option<u32> {
    row[name].as_u64().and_then(|number| u32::try_from(number).ok())
}

/// An answer to `record`: the record with the bytes that were kept.
pub fn record_with_bytes_of(answer: &Value, now_ns: u64) -> Record {
    let mut record = record_of(answer, now_ns);
    let side = |name: &str, full_len: u64| {
        let bytes = answer.as_object().and_then(|fields| bytes_of(fields, name).ok().flatten()).unwrap_or_default();
        let state = match answer[format!("{name}_kept")].as_str()? {
            "whole" => KeptState::Whole,
            "cut" => KeptState::Cut,
            "private" => KeptState::Private,
            _ => KeptState::Dropped,
        };
        Some(KeptBytes { bytes: bytes.into(), full_len, state })
    };
    if let Some((input, output)) = side("input", record.bytes_in).zip(side("output", record.bytes_out)) {
        record.payload = Some(Box::new(Payload { input, output, detail: None, load: None, node: None }));
    }
    record
}

/// A stack out of its rows; `None` where there is none.
pub fn stack_of(rows: &Value) -> Option<StackView> {
    let mut stack = StackView::default();
    for row in rows.as_array()? {
        let (seq, process, function) = (row["seq"].as_u64(), label_of(row), text(row, "called"));
        let is_last = |plugin: &PluginStack| {
            (plugin.seq, &plugin.process, plugin.function.as_str()) == (seq, &process, function.as_str())
        };
        if !stack.plugins.last().is_some_and(is_last) {
            stack.plugins.push(PluginStack { seq, process, function, frames: Vec::new(), cut: false });
        }
        if let Some((plugin, fields)) = stack.plugins.last_mut().zip(row.as_object()) {
            plugin.frames.extend(frame_of(fields, row));
        }
    }
    Some(stack)
}

/// A row's frame; `None` for a plugin without frames.
fn frame_of(fields: &Map<String, Value>, row: &Value) -> Option<GuestFrame> {
    let role = match fields.get("role")?.as_str()? {
        "own" => FrameRole::Own,
        "library" => FrameRole::Library,
        _ => FrameRole::Runtime,
    };
    Some(GuestFrame {
        function: row["function"].as_str().map(str::to_owned),
        is_export: false,
        file: row["file"].as_str().map(str::to_owned),
        line: small(row, "line"),
        column: small(row, "column"),
        inlined: row["inlined"].as_bool().unwrap_or(false),
        role,
        module: row["module"].as_str().map(str::to_owned),
        function_index: small(row, "function_index"),
        offset: row["offset"].as_u64(),
        language: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kernel::ProcessLabel;
    use crate::shell::words::stack::stack_rows;

    #[test]
    fn stacks_come_back_as_they_went() {
        let frame = |line| GuestFrame {
            function: Some("tax::rate".to_owned()),
            is_export: false,
            file: Some("src/lib.rs".to_owned()),
            line,
            column: Some(5),
            inlined: true,
            role: FrameRole::Library,
            module: None,
            function_index: Some(3),
            offset: Some(0x40),
            language: None,
        };
        let plugin = |seq, frames| PluginStack {
            seq,
            process: ProcessLabel { id: 2, name: "tax".to_owned() },
            function: "rate".to_owned(),
            frames,
            cut: false,
        };
        let plugins = vec![plugin(Some(7), vec![frame(Some(8)), frame(None)]), plugin(Some(6), Vec::new())];
        let stack = StackView { plugins, cut: false };
        assert_eq!(stack_of(&json!(stack_rows(&stack))), Some(stack));
        assert_eq!(stack_of(&Value::Null), None);
    }

    #[test]
    fn bytes_come_with_how_much_of_them_is_there() {
        let answer = json!({
            "seq": 3, "bytes_in": 5, "bytes_out": 2, "outcome": "ok", "kind": "call",
            "input": "hel", "input_kept": "cut", "output_base64": "/wA=", "output_kept": "whole",
        });
        let record = record_with_bytes_of(&answer, 0);
        let kept = record.kept().expect("the bytes");
        assert_eq!((&*kept.input.bytes, kept.input.full_len, kept.input.state), (&b"hel"[..], 5, KeptState::Cut));
        assert_eq!((&*kept.output.bytes, kept.output.state), (&b"\xff\0"[..], KeptState::Whole));
        assert!(record_with_bytes_of(&json!({ "seq": 3, "input_kept": null }), 0).kept().is_none());
    }
}
