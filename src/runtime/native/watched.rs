//! Host functions under the eyes of somebody who wants to know what plugins ask of their host. Where nobody does, a
//! request reads one flag more.

use std::time::Instant;

use wasmtime::{Caller, Result};

use super::ctx::Ctx;
use crate::runtime::HostRequest;

/// Details of a watched host function's request.
#[derive(Default)]
pub struct Details {
    /// The key, URL, path or text.
    pub text: String,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Why the request failed, where the guest got that as a value.
    pub error: Option<String>,
}

impl Details {
    /// The details of a request by a key.
    pub fn keyed(key: &str, value_bytes: u64) -> Details {
        Details { text: key.to_owned(), bytes_in: key.len() as u64, bytes_out: value_bytes, error: None }
    }
}

/// Runs a host function; `run` fills in the details where it gets any.
///
/// # Errors
/// `run` fails.
#[inline]
pub fn watched<'a, T>(
    caller: &mut Caller<'a, Ctx>,
    function: &str,
    run: impl FnOnce(&mut Caller<'a, Ctx>, Option<&mut Details>) -> Result<T>,
) -> Result<T> {
    let Some(up) = caller.data().up.as_ref().filter(|up| up.watches_host()).cloned() else {
        return run(caller, None);
    };
    let (started, mut details) = (Instant::now(), Details::default());
    let result = run(caller, Some(&mut details));
    let Details { text, bytes_in, bytes_out, error } = details;
    let error = error.or_else(|| result.as_ref().err().map(ToString::to_string));
    up.asked_host(HostRequest { function, detail: &text, bytes_in, bytes_out, started, error });
    result
}
