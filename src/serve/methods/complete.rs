//! `complete`: the words that fit at the cursor of a line.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::serve::session_thread::SessionThread;
use crate::serve::shared::Shared;
use crate::serve::wire::{WireError, params_of};
use crate::shell::completion::{Completions, Known, complete as complete_line};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompleteParams {
    line: String,
    /// The cursor, in bytes; the end of the line where it is missing.
    pos: Option<usize>,
}

/// Completes a line as the prompt does, with the session's variables and aliases.
///
/// # Errors
/// The fields are wrong.
pub fn complete(shared: &Shared, session: &SessionThread, params: Map<String, Value>) -> Result<Value, WireError> {
    let CompleteParams { line, pos } = params_of(params)?;
    let pos = line.floor_char_boundary(pos.unwrap_or(line.len()));
    let variables = session.variables.lock().clone();
    // A session's thread may be busy: variables at a stop are those of the frame that the stop is shown at.
    let (kernel, grammar, project) = (&shared.kernel, &session.grammar, shared.project());
    let known = Known { kernel, grammar, variables: &variables, project, chosen: None };
    let Completions { start, candidates } = complete_line(&known, &line, pos);
    Ok(json!({ "start": start, "candidates": candidates }))
}
