//! The client's view of what is held: jobs, frames, variables.

use serde_json::{Value, json};

use super::breakpoints::TRAP;
use super::debuggee::Debuggee;
use super::handles::FrameKey;
use super::request::{OfFrame, OfThread, StackTrace, VariablesOf};
use super::stack;
use super::variables::{Look, Window, scopes};
use crate::kernel::hooks::HeldView;

/// The view of a kernel.
pub struct ClientView<'a>(pub &'a Debuggee);

impl ClientView<'_> {
    /// The jobs that run or are held.
    pub fn threads(&self) -> Value {
        let jobs = self.0.kernel.jobs();
        let running = jobs.iter().filter(|job| job.is_running()).map(|job| job.view());
        let threads: Vec<Value> =
            running.map(|view| json!({ "id": view.id, "name": format!("%{} {}", view.id, view.text) })).collect();
        json!({ "threads": threads })
    }

    /// The frames of a held job, a page of them.
    ///
    /// # Errors
    /// The job is not held; a line.
    pub fn stack(&self, arguments: StackTrace) -> Result<Value, String> {
        let view = self.0.held(arguments.thread_id)?;
        let mut known = self.0.known();
        let (sources, client) = (known.sources.clone(), known.client);
        let frames = stack::frames(&self.0.kernel, &view, &sources, client, &mut known.handles);
        let levels = arguments.levels.filter(|levels| *levels > 0).unwrap_or(usize::MAX);
        let total = frames.len();
        let shown: Vec<Value> = frames.into_iter().skip(arguments.start_frame).take(levels).collect();
        Ok(json!({ "stackFrames": shown, "totalFrames": total }))
    }

    /// The hold that a frame is of.
    fn view_of(&self, key: FrameKey) -> Result<HeldView, String> {
        let view = self.0.held(key.job)?;
        if view.number == key.hold { Ok(view) } else { Err(gone()) }
    }

    /// The scopes of a frame.
    ///
    /// # Errors
    /// The job has gone on; a line.
    pub fn scopes(&self, arguments: OfFrame) -> Result<Value, String> {
        let mut known = self.0.known();
        let key = known.handles.frame_of(arguments.frame_id).ok_or_else(gone)?;
        Ok(json!({ "scopes": scopes(key, &mut known.handles) }))
    }

    /// The variables of a scope, or the parts of one.
    ///
    /// # Errors
    /// The job has gone on, or its plugin cannot be looked into; a line.
    pub fn variables(&self, arguments: VariablesOf) -> Result<Value, String> {
        let key = self.0.known().handles.parts_of(arguments.variables_reference).cloned();
        let key = key.ok_or_else(gone)?;
        let view = self.view_of(key.frame)?;
        let look = Look { kernel: &self.0.kernel, view: &view, key: key.frame };
        let count = arguments.count.filter(|count| *count > 0);
        let window = Window { start: arguments.start.unwrap_or(0), count };
        let variables = look.variables(&key.parts, window, &mut self.0.known().handles)?;
        Ok(json!({ "variables": variables }))
    }

    /// The trap that a job is held at.
    ///
    /// # Errors
    /// The job is not held at a trap; a line.
    pub fn exception(&self, arguments: OfThread) -> Result<Value, String> {
        let view = self.0.held(arguments.thread_id)?;
        let Some(trap) = view.code.as_ref().and_then(|at| at.cause.trap()) else {
            return Err(format!("%{} has not trapped", view.job));
        };
        Ok(json!({ "exceptionId": TRAP, "description": trap, "breakMode": "always" }))
    }

    /// The frame of a number.
    ///
    /// # Errors
    /// Its job has gone on; a line.
    pub fn frame(&self, id: u32) -> Result<FrameKey, String> {
        self.0.known().handles.frame_of(id).ok_or_else(gone)
    }

    /// A variable of a frame, or a part of one, by its path.
    ///
    /// # Errors
    /// There is no frame, or no such variable; a line.
    pub fn evaluate(&self, frame: Option<FrameKey>, path: &str) -> Result<Value, String> {
        let key = frame.ok_or("variables are those of a frame")?;
        let view = self.view_of(key)?;
        let look = Look { kernel: &self.0.kernel, view: &view, key };
        look.evaluate(path, &mut self.0.known().handles)
    }
}

/// The error of a number from before a job went on.
fn gone() -> String {
    "the job has gone on since".to_owned()
}
