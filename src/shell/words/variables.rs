//! Variables of stopped frames in words: why one has no value.

use crate::runtime::variables::VariableError;
use crate::shell::reply::ShellError;
use crate::text::quoted;

/// Why the variable of a path, or all of a frame, have no value.
pub fn variable_error(path: &str, why: &VariableError) -> ShellError {
    let path = quoted(path);
    let meant = |closest: &Option<String>| match closest {
        Some(closest) => format!("; did you mean `{closest}`?"),
        None => "; `locals` lists what is in scope".to_owned(),
    };
    ShellError::failed(match why {
        VariableError::NoDebugInfo => {
            "no variables here: build the plugin with debug information, or see `locals --wasm`".to_owned()
        }
        VariableError::NoPath => format!("`{path}` names no variable; write it as `cart.items[2].name`"),
        VariableError::NoVariable { closest } => format!("no variable `{path}` in this frame{}", meant(closest)),
        VariableError::NoField { of, closest } => format!("`{path}`: `{of}` has no such part{}", meant(closest)),
        VariableError::NoItems { of } => format!("`{path}`: `{of}` has no items; `print` shows what it has"),
        VariableError::NoPointer { of } => format!("`{path}`: `{of}` is no pointer; leave the `*` out"),
        VariableError::Beyond { length } => format!("`{path}`: the list has {length} items, counted from 0"),
        VariableError::NoValue(value) => format!("`{path}` is {value}; a build without optimisation keeps it"),
    })
}
