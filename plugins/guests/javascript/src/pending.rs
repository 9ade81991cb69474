//! A started call as JavaScript sees it: an object whose functions share the call until one of them joins it.

use std::cell::RefCell;
use std::rc::Rc;

use plugsh_guest::Pending;
use rquickjs::{Ctx, Exception, Function, Object, Result};

use crate::host;

/// The object: `hasEnded`, `join`, `tryJoin`.
pub fn object<'js>(ctx: &Ctx<'js>, pending: Pending) -> Result<Object<'js>> {
    let started = Rc::new(Started(RefCell::new(Some(pending))));
    let object = Object::new(ctx.clone())?;
    let call = Rc::clone(&started);
    object.set("hasEnded", Function::new(ctx.clone(), move |ctx: Ctx<'js>| call.has_ended(&ctx))?)?;
    let call = Rc::clone(&started);
    let join = move |ctx: Ctx<'js>| host::bytes_to_js(&ctx, call.take(&ctx)?.join_bytes());
    object.set("join", Function::new(ctx.clone(), join)?)?;
    let try_join = move |ctx: Ctx<'js>| host::outcome(&ctx, started.take(&ctx)?.try_join_bytes());
    object.set("tryJoin", Function::new(ctx.clone(), try_join)?)?;
    Ok(object)
}

/// A call until it is joined.
struct Started(RefCell<Option<Pending>>);

impl Started {
    fn has_ended(&self, ctx: &Ctx<'_>) -> Result<bool> {
        self.0.borrow().as_ref().map(Pending::has_ended).ok_or_else(|| joined(ctx))
    }

    fn take(&self, ctx: &Ctx<'_>) -> Result<Pending> {
        self.0.borrow_mut().take().ok_or_else(|| joined(ctx))
    }
}

fn joined(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_message(ctx, "the call was joined before")
}
