//! A session's variables: those that `set` makes, the last output `$_` and the last code `$?`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::shell::line::is_variable_name;
use crate::shell::reply::ShellError;

/// The most variables a session keeps.
pub const VARIABLES_MAX: usize = 10_000;

/// Variables by name, at most [`VARIABLES_MAX`].
#[derive(Default)]
pub struct Variables {
    named: BTreeMap<String, Arc<[u8]>>,
    last_output: Option<Arc<[u8]>>,
    last_code: u8,
}

impl Variables {
    /// The value of `$NAME`, `$_` or `$?`; `None` where it is not set.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "_" => self.last_output.as_ref().map(|bytes| bytes.to_vec()),
            "?" => Some(self.last_code.to_string().into_bytes()),
            name => self.named.get(name).map(|bytes| bytes.to_vec()),
        }
    }

    /// Sets `$NAME`.
    ///
    /// # Errors
    /// There are [`VARIABLES_MAX`] variables, and none of this name.
    pub fn set(&mut self, name: &str, value: Arc<[u8]>) -> Result<(), ShellError> {
        if !is_variable_name(name) || name == "_" {
            return Err(ShellError::usage(format!(
                "`{name}` is no name for a variable; write letters, digits and `_`, no digit first"
            )));
        }
        if self.named.len() >= VARIABLES_MAX && !self.named.contains_key(name) {
            return Err(ShellError::failed(format!(
                "no room for `${name}`: {VARIABLES_MAX} variables are set; `set -d NAME` removes one"
            )));
        }
        self.named.insert(name.to_owned(), value);
        Ok(())
    }

    /// Forgets `$NAME`; false when it was not set.
    pub fn unset(&mut self, name: &str) -> bool {
        self.named.remove(name).is_some()
    }

    /// Variables that `set` made, by name.
    pub fn named(&self) -> &BTreeMap<String, Arc<[u8]>> {
        &self.named
    }

    /// `$_`; `None` before a call or a program has succeeded.
    pub fn last_output(&self) -> Option<&Arc<[u8]>> {
        self.last_output.as_ref()
    }

    /// Sets the value of `$_`; `None` leaves it unset.
    pub fn set_last_output(&mut self, output: Option<Arc<[u8]>>) {
        self.last_output = output;
    }

    /// `$?`: 0, or the code that the last failure would exit with.
    pub fn last_code(&self) -> u8 {
        self.last_code
    }

    /// Sets the value of `$?`.
    pub fn set_last_code(&mut self, code: u8) {
        self.last_code = code;
    }
}
