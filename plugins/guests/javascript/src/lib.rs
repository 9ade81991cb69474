//! The engine of plugins in JavaScript: QuickJS, and the functions of the host that `plugsh.js` builds on.
//!
//! A plugin is two modules, this one and a small one made by `pack.mjs`, which carries the script. For each function that
//! the script exports, the small one has an export that calls [`call`] with the function's name and, while there is no
//! engine yet, the script. The engine lives as long as the instance.

mod clock;
mod engine;
mod host;
mod pending;

use std::cell::RefCell;

use engine::{Engine, Fault};
use extism_pdk::Memory;

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Whether the script has been handed over.
#[unsafe(no_mangle)]
pub extern "C" fn loaded() -> i32 {
    ENGINE.with_borrow(Option::is_some).into()
}

/// Runs a function of the script, by the blocks of the script (0 once it is loaded), of its file's name and of the
/// function's name. Gives 0, or 1 for a failure; traps when the script throws anything else.
#[unsafe(no_mangle)]
pub extern "C" fn call(script: u64, file: u64, function: u64) -> i32 {
    plugsh_guest::report_panics();
    let (file, function) = (text(file), text(function));
    let done = ENGINE.with_borrow_mut(|engine| {
        if engine.is_none() {
            *engine = Some(Engine::new(&file, text(script))?);
        }
        let engine = engine.as_ref().ok_or_else(|| Fault::Threw("there is no script".to_owned()))?;
        engine.call(&function, plugsh_guest::bulk::input())
    });
    match done {
        Ok(output) => {
            plugsh_guest::bulk::output(output);
            0
        }
        Err(Fault::Failed(message)) => {
            host::set_error(&message);
            1
        }
        Err(Fault::Threw(message)) => {
            host::set_error(&message);
            std::process::abort()
        }
    }
}

/// The text of a block, which is freed.
fn text(handle: u64) -> String {
    let Some(block) = (handle != 0).then(|| Memory::find(handle)).flatten() else {
        return String::new();
    };
    let text = String::from_utf8_lossy(&plugsh_guest::bulk::bytes(&block)).into_owned();
    block.free();
    text
}
