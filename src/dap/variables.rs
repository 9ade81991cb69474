//! The contents of a frame: variables with their parts, one level at a time, the engine's values, and the call.

use serde_json::{Value as Json, json};

use super::handles::{FrameKey, FrameOf, Handles, Parts, PartsKey};
use crate::kernel::Kernel;
use crate::kernel::hooks::{HeldView, HoldSide};
use crate::runtime::variables::{Field, Value, VariablePath, Variables};
use crate::shell::stopped::{StoppedFrame, frames_of, look_at_frame};
use crate::shell::words::payload::preview;
use crate::shell::words::variables::variable_error;

/// The most parts of a list that one answer has; the client asks for more by their place.
const ITEMS_MAX: u64 = 1_000;

/// A frame of a held job, to look into.
pub struct Look<'a> {
    pub kernel: &'a Kernel,
    pub view: &'a HeldView,
    pub key: FrameKey,
}

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    pub start: u64,
    /// `None`: as many as there are.
    pub count: Option<u64>,
}

/// The scopes of a frame.
pub fn scopes(key: FrameKey, handles: &mut Handles) -> Json {
    let mut scope = |name: &str, parts: Parts, hint: Option<&str>, expensive: bool| {
        let number = handles.parts(PartsKey { frame: key, parts });
        let mut scope = json!({ "name": name, "variablesReference": number, "expensive": expensive });
        if let Some(hint) = hint {
            scope["presentationHint"] = hint.into();
        }
        scope
    };
    match key.frame {
        FrameOf::Call(_) => json!([scope("Call", Parts::Call, None, false)]),
        FrameOf::Code(_) => json!([
            scope("Locals", Parts::Locals, Some("locals"), false),
            scope("Call", Parts::Call, None, false),
            scope("WebAssembly", Parts::Wasm, Some("registers"), true),
        ]),
    }
}

impl Look<'_> {
    /// The variables of a holder.
    ///
    /// # Errors
    /// The frame cannot be looked into, or its plugin has no debug information; a line.
    pub fn variables(&self, parts: &Parts, window: Window, handles: &mut Handles) -> Result<Vec<Json>, String> {
        match parts {
            Parts::Call => Ok(self.call()),
            Parts::Wasm => self.wasm(),
            Parts::Locals => {
                let frame = self.code_frame()?;
                let inlined = frame.inlined;
                let read = look_at_frame(self.kernel, self.view, &frame, move |module, point, frame| {
                    Variables::of(&module.bytes).in_scope(point.pc, inlined, frame)
                });
                let read = read.map_err(|error| error.message)?;
                let variables = read.map_err(|why| variable_error("", &why).message)?;
                let shown = variables
                    .iter()
                    .map(|variable| self.shown(handles, &variable.name, &variable.name, &variable.value));
                Ok(shown.collect())
            }
            Parts::Of(path) => self.parts(path, window, handles),
        }
    }

    /// A variable or a part of one, by its path.
    ///
    /// # Errors
    /// The path names nothing in the frame; a line.
    pub fn evaluate(&self, path: &str, handles: &mut Handles) -> Result<Json, String> {
        let value = self.value(path)?;
        let shown = self.shown(handles, path, path, &value);
        let mut result = json!({ "result": shown["value"], "variablesReference": shown["variablesReference"] });
        for field in ["type", "indexedVariables"] {
            if let Some(value) = shown.get(field) {
                result[field] = value.clone();
            }
        }
        Ok(result)
    }

    /// The text of a variable, for a log message.
    ///
    /// # Errors
    /// As of [`Look::evaluate`].
    pub fn text(&self, path: &str) -> Result<String, String> {
        self.value(path).map(|value| value.to_string())
    }

    fn code_frame(&self) -> Result<StoppedFrame, String> {
        let FrameOf::Code(number) = self.key.frame else {
            return Err("a call has no variables; its frames have".to_owned());
        };
        frames_of(self.view).into_iter().nth(number).ok_or_else(|| "no such frame any more".to_owned())
    }

    fn value(&self, path: &str) -> Result<Value, String> {
        let mut values = self.values(vec![path.to_owned()])?;
        values.pop().unwrap_or_else(|| Err("no value".to_owned()))
    }

    /// The values of several paths, by one look into the guest.
    fn values(&self, paths: Vec<String>) -> Result<Vec<Result<Value, String>>, String> {
        let frame = self.code_frame()?;
        let inlined = frame.inlined;
        let read = look_at_frame(self.kernel, self.view, &frame, move |module, point, frame| {
            let variables = Variables::of(&module.bytes);
            let value = |path: String| {
                let value = variables.value(point.pc, inlined, &path, frame);
                value.map_err(|why| variable_error(&path, &why).message)
            };
            paths.into_iter().map(value).collect()
        });
        read.map_err(|error| error.message)
    }

    fn parts(&self, path: &str, window: Window, handles: &mut Handles) -> Result<Vec<Json>, String> {
        let value = self.value(path)?;
        let value = match value {
            Value::Pointer { target: Some(target), .. } if !has_parts(&target) => {
                return Ok(vec![self.shown(handles, "*", &format!("*{path}"), &target)]);
            }
            Value::Pointer { .. } => self.value(&format!("*{path}"))?,
            value => value,
        };
        // Fields and items are reached through pointers as they are without a star.
        let base = path.trim_start_matches('*');
        match value {
            Value::Struct { fields, .. } | Value::Variant { fields, .. } => Ok(self.fields(base, &fields, handles)),
            Value::List { length, .. } => self.items(base, length, window, handles),
            other => Ok(vec![self.shown(handles, "*", &format!("*{path}"), &other)]),
        }
    }

    fn fields(&self, base: &str, fields: &[Field], handles: &mut Handles) -> Vec<Json> {
        let field = |field: &Field| self.shown(handles, &field.name, &format!("{base}.{}", field.name), &field.value);
        fields.iter().map(field).collect()
    }

    fn items(&self, base: &str, length: u64, window: Window, handles: &mut Handles) -> Result<Vec<Json>, String> {
        let count = window.count.unwrap_or(ITEMS_MAX).min(ITEMS_MAX);
        let end = window.start.saturating_add(count).min(length);
        let paths: Vec<String> = (window.start..end).map(|at| format!("{base}[{at}]")).collect();
        let values = self.values(paths.clone())?;
        let shown = paths.iter().zip(values).zip(window.start..).map(|((path, value), at)| match value {
            Ok(value) => self.shown(handles, &format!("[{at}]"), path, &value),
            Err(why) => json!({ "name": format!("[{at}]"), "value": why, "variablesReference": 0 }),
        });
        Ok(shown.collect())
    }

    /// A variable as the client shows it.
    fn shown(&self, handles: &mut Handles, name: &str, path: &str, value: &Value) -> Json {
        let is_path = VariablePath::parse(path).is_some();
        let number = match has_parts(value) && is_path {
            true => handles.parts(PartsKey { frame: self.key, parts: Parts::Of(path.into()) }),
            false => 0,
        };
        let mut shown = json!({ "name": name, "value": value.to_string(), "variablesReference": number });
        if is_path {
            shown["evaluateName"] = path.into();
        }
        if let Some(name) = type_name(value) {
            shown["type"] = name.into();
        }
        if let Value::List { length, .. } = value {
            shown["indexedVariables"] = (*length).min(i32::MAX as u64).into();
        }
        shown
    }

    /// The engine's locals and operands.
    fn wasm(&self) -> Result<Vec<Json>, String> {
        let frame = self.code_frame()?;
        let read = look_at_frame(self.kernel, self.view, &frame, |_, _, frame| frame.values().clone());
        let (locals, operands) = read.map_err(|error| error.message)?;
        let locals = locals.iter().enumerate().map(|(at, value)| (format!("local {at}"), value));
        let operands = operands.iter().enumerate().map(|(at, value)| (format!("operand {at}"), value));
        let shown = locals.chain(operands).map(|(name, value)| {
            let value_text = value.to_string();
            json!({ "name": name, "value": value_text, "type": value.type_name(), "variablesReference": 0 })
        });
        Ok(shown.collect())
    }

    /// The call that the frame is of, and what is left of its limits.
    fn call(&self) -> Vec<Json> {
        let view = self.view;
        let place = match self.key.frame {
            FrameOf::Call(place) => Some(place),
            FrameOf::Code(number) => frames_of(view).get(number).map(|frame| frame.plugin),
        };
        let seq = place.and_then(|place| view.stack.plugins.get(place)).and_then(|plugin| plugin.seq);
        let of_seq = view.chain.iter().find(|call| call.seq.is_some() && call.seq == seq);
        let by_place = || place.and_then(|place| view.chain.iter().rev().nth(place));
        let mut rows: Vec<(&str, String)> = Vec::new();
        if let Some(call) = of_seq.or_else(by_place) {
            rows.push(("process", call.process.to_string()));
            rows.push(("function", call.function.clone()));
            rows.extend(call.seq.map(|seq| ("seq", seq.to_string())));
            rows.push(("depth", call.depth.to_string()));
        }
        // The bytes are kept for the held call alone, before and after it runs.
        if place == Some(0) && view.side != HoldSide::During {
            rows.push(("input", preview(&view.input)));
            rows.extend(view.output.as_ref().map(|output| ("output", preview(output))));
            rows.extend(view.error.as_ref().map(|error| ("error", error.clone())));
        }
        let row = |(name, value): (&str, String)| json!({ "name": name, "value": value, "variablesReference": 0 });
        rows.into_iter().map(row).collect()
    }
}

/// Whether a value is shown with its parts below it.
fn has_parts(value: &Value) -> bool {
    match value {
        Value::Struct { fields, .. } | Value::Variant { fields, .. } => !fields.is_empty(),
        Value::List { length, .. } => *length > 0,
        Value::Folded { .. } => true,
        Value::Pointer { address, .. } => *address != 0,
        _ => false,
    }
}

fn type_name(value: &Value) -> Option<&str> {
    match value {
        Value::Struct { name, .. } | Value::Variant { name, .. } | Value::Folded { name } if !name.is_empty() => {
            Some(name)
        }
        Value::Bool(_) => Some("bool"),
        Value::Char(_) => Some("char"),
        Value::Float32(_) => Some("f32"),
        Value::Float64(_) => Some("f64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_no_locals() {
        let mut handles = Handles::default();
        let mut names = |frame| {
            let scopes = scopes(FrameKey { job: 1, hold: 1, frame }, &mut handles);
            let names = scopes.as_array().into_iter().flatten().filter_map(|scope| scope["name"].as_str());
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(names(FrameOf::Call(0)), ["Call"]);
        assert_eq!(names(FrameOf::Code(0)), ["Locals", "Call", "WebAssembly"]);
    }
}
