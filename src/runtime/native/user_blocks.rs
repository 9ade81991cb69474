//! The functions of `user` in the namespace where ids are blocks: each converts its ids and passes the call on.

use wasmtime::{Caller, Linker, Result};

use super::ctx::{Ctx, CtxStore, refused};
use super::user;
use crate::runtime::host_functions::{BLOCKS, PluginFunction};
use crate::runtime::id_block::{self, NoId};

type Guest<'a> = Caller<'a, Ctx>;

/// Adds every function.
///
/// # Errors
/// The linker has one of the names already.
pub fn add(linker: &mut Linker<Ctx>) -> Result<()> {
    PluginFunction::ALL.iter().try_for_each(|function| add_function(linker, *function))
}

fn add_function(linker: &mut Linker<Ctx>, function: PluginFunction) -> Result<()> {
    use PluginFunction as F;
    let name = function.row().name;
    match function {
        F::RegisterPlugin => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>, name: i64| {
            let id = user::register_plugin(&mut c, name)?;
            give(&mut c, id)
        }),
        F::CallPlugin => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>, id: i64, function: i64, input: i64| {
            let id = take(&mut c, id)?;
            user::call_plugin(&mut c, id, function, input)
        }),
        F::TryCallPlugin => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>, id: i64, function: i64, input: i64| {
            let id = take(&mut c, id)?;
            user::try_call_plugin(&mut c, id, function, input)
        }),
        F::CallError => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>| user::call_error(&mut c)),
        F::StartCall => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>, id: i64, function: i64, input: i64| {
            let id = take(&mut c, id)?;
            let ticket = user::start_call(&mut c, id, function, input)?;
            give(&mut c, ticket)
        }),
        F::PollCall => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>, ticket: i64| {
            let ticket = take(&mut c, ticket)?;
            let has_ended = user::poll_call(&mut c, ticket)?;
            give(&mut c, has_ended)
        }),
        F::JoinCall => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>, ticket: i64| {
            let ticket = take(&mut c, ticket)?;
            user::join_call(&mut c, ticket)
        }),
        F::TryJoinCall => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>, ticket: i64| {
            let ticket = take(&mut c, ticket)?;
            user::try_join_call(&mut c, ticket)
        }),
        F::FreePlugin => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>, id: i64| {
            let id = take(&mut c, id)?;
            user::free_plugin(&c, id)
        }),
        F::FindPlugin => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>, name: i64| {
            let id = user::find_plugin(&mut c, name)?;
            give(&mut c, id)
        }),
        F::SelfPlugin => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>| {
            let id = user::self_plugin(&c)?;
            give(&mut c, id)
        }),
        F::ParentPlugin => linker.func_wrap(BLOCKS, name, |mut c: Guest<'_>| {
            let id = user::parent_plugin(&c)?;
            give(&mut c, id)
        }),
    }?;
    Ok(())
}

/// The id in a block of the guest.
fn take(caller: &mut Guest<'_>, handle: i64) -> Result<i64> {
    let span = caller.data_mut().span(handle as u64, "plugin id")?;
    if span.length > id_block::BYTES_MAX {
        return Err(refused(NoId { block_bytes: span.length }));
    }
    Ok(id_block::read(&caller.bytes(span)?).map_err(refused)? as i64)
}

/// A new block with an id.
fn give(caller: &mut Guest<'_>, id: i64) -> Result<i64> {
    Ok(caller.put(&id_block::write(id as u64))?.offset as i64)
}
