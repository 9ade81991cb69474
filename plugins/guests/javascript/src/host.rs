//! The functions of the host as JavaScript sees them, on the object that `plugsh.js` builds on. Bytes are `Uint8Array`.

use extism_pdk::{HttpRequest, LogLevel, config, http, log, var};
use plugsh_guest::{CallError, Plugin, bulk};
use rquickjs::{Ctx, Exception, Function, Object, Result, TypedArray, Value};

use crate::pending;

/// All of them.
pub fn functions<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    let text = |value: Value<'_>| bytes_of(&value).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    host.set("text", Function::new(ctx.clone(), text)?)?;
    host.set("bytes", Function::new(ctx.clone(), |ctx: Ctx<'js>, text: String| bytes_to_js(&ctx, text.into_bytes()))?)?;
    host.set("config", Function::new(ctx.clone(), |key: String| config::get(&key).ok().flatten())?)?;
    host.set("getVar", Function::new(ctx.clone(), get_var)?)?;
    host.set("setVar", Function::new(ctx.clone(), set_var)?)?;
    host.set("log", Function::new(ctx.clone(), write_log)?)?;
    host.set("http", Function::new(ctx.clone(), request)?)?;
    host.set("register", Function::new(ctx.clone(), |ctx: Ctx<'js>, name: String| id(&ctx, Plugin::register(name)))?)?;
    host.set("find", Function::new(ctx.clone(), |name: String| number(Plugin::find(name)))?)?;
    host.set("current", Function::new(ctx.clone(), || number(Plugin::current()))?)?;
    host.set("parent", Function::new(ctx.clone(), || number(Plugin::parent()))?)?;
    host.set("call", Function::new(ctx.clone(), call)?)?;
    host.set("tryCall", Function::new(ctx.clone(), try_call)?)?;
    host.set("start", Function::new(ctx.clone(), start)?)?;
    host.set("free", Function::new(ctx.clone(), |ctx: Ctx<'js>, id: f64| plugin(&ctx, id).map(Plugin::free))?)?;
    Ok(host)
}

/// Sets the call's error.
pub fn set_error(message: &str) {
    let block = bulk::block(message.as_bytes());
    // SAFETY: takes the handle of a block, which the host owns from here on.
    unsafe { extism_pdk::extism::error_set(block.offset()) };
}

pub fn bytes_to_js<'js>(ctx: &Ctx<'js>, bytes: Vec<u8>) -> Result<TypedArray<'js, u8>> {
    TypedArray::new(ctx.clone(), bytes)
}

/// The bytes of a `Uint8Array` or of a string in UTF-8; none of `undefined` and `null`.
pub fn bytes_of(value: &Value<'_>) -> Result<Vec<u8>> {
    if value.is_undefined() || value.is_null() {
        return Ok(Vec::new());
    }
    if let Some(text) = value.as_string() {
        return text.to_string().map(String::into_bytes);
    }
    let array = value.as_object().and_then(|object| object.as_typed_array::<u8>());
    // SAFETY: no script runs while the slice is borrowed, so that none can resize or detach the buffer.
    let bytes = array.and_then(|array| unsafe { array.as_bytes() }.map(<[u8]>::to_vec));
    bytes.ok_or_else(|| Exception::throw_type(value.ctx(), "expected a string or a Uint8Array"))
}

fn get_var<'js>(ctx: Ctx<'js>, key: String) -> Result<Option<TypedArray<'js, u8>>> {
    let value = var::get::<Vec<u8>>(&key).map_err(|error| thrown(&ctx, &error))?;
    value.map(|bytes| bytes_to_js(&ctx, bytes)).transpose()
}

fn set_var<'js>(ctx: Ctx<'js>, key: String, value: Value<'js>) -> Result<()> {
    let done = if value.is_null() { var::remove(&key) } else { var::set(&key, bytes_of(&value)?) };
    done.map_err(|error| thrown(&ctx, &error))
}

fn write_log(level: String, message: String) {
    match level.as_str() {
        "trace" => log!(LogLevel::Trace, "{message}"),
        "debug" => log!(LogLevel::Debug, "{message}"),
        "warn" => log!(LogLevel::Warn, "{message}"),
        "error" => log!(LogLevel::Error, "{message}"),
        _ => log!(LogLevel::Info, "{message}"),
    }
}

/// Status, headers and body; `headers` are names and values in turn.
fn request<'js>(
    ctx: Ctx<'js>,
    method: String,
    url: String,
    headers: Vec<String>,
    body: Value<'js>,
) -> Result<Object<'js>> {
    let mut request = HttpRequest::new(url).with_method(method);
    for header in headers.chunks_exact(2) {
        request = request.with_header(&header[0], &header[1]);
    }
    let response = http::request::<Vec<u8>>(&request, Some(bytes_of(&body)?)).map_err(|error| thrown(&ctx, &error))?;
    let answer = Object::new(ctx.clone())?;
    answer.set("status", response.status_code())?;
    let headers = Object::new(ctx.clone())?;
    for (name, value) in response.headers() {
        headers.set(name.as_str(), value.as_str())?;
    }
    answer.set("headers", headers)?;
    answer.set("body", bytes_to_js(&ctx, response.body())?)?;
    Ok(answer)
}

fn call<'js>(ctx: Ctx<'js>, id: f64, function: String, input: Value<'js>) -> Result<TypedArray<'js, u8>> {
    let output = plugin(&ctx, id)?.call_bytes(&function, bytes_of(&input)?);
    bytes_to_js(&ctx, output)
}

fn try_call<'js>(ctx: Ctx<'js>, id: f64, function: String, input: Value<'js>) -> Result<Object<'js>> {
    outcome(&ctx, plugin(&ctx, id)?.try_call_bytes(&function, bytes_of(&input)?))
}

fn start<'js>(ctx: Ctx<'js>, id: f64, function: String, input: Value<'js>) -> Result<Object<'js>> {
    pending::object(&ctx, plugin(&ctx, id)?.start_bytes(&function, bytes_of(&input)?))
}

/// `{ output }` or `{ error }`.
pub fn outcome<'js>(ctx: &Ctx<'js>, ended: std::result::Result<Vec<u8>, CallError>) -> Result<Object<'js>> {
    let outcome = Object::new(ctx.clone())?;
    match ended {
        Ok(output) => outcome.set("output", bytes_to_js(ctx, output)?)?,
        Err(error) => outcome.set("error", error.message())?,
    }
    Ok(outcome)
}

/// Ids are small whole numbers, which JavaScript's numbers hold exactly.
fn plugin(ctx: &Ctx<'_>, id: f64) -> Result<Plugin> {
    Plugin::from_id(id as u64).ok_or_else(|| Exception::throw_reference(ctx, "there is no process 0"))
}

fn number(plugin: Option<Plugin>) -> f64 {
    plugin.map_or(0.0, |plugin| plugin.id() as f64)
}

fn id(ctx: &Ctx<'_>, registered: std::result::Result<Plugin, extism_pdk::Error>) -> Result<f64> {
    registered.map(|plugin| plugin.id() as f64).map_err(|error| thrown(ctx, &error))
}

fn thrown(ctx: &Ctx<'_>, error: &extism_pdk::Error) -> rquickjs::Error {
    Exception::throw_message(ctx, &error.to_string())
}
