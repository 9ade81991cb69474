//! One QuickJS with one script: loading it, calling its functions, telling what they threw.

use rquickjs::function::Args;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Exception, Function, Module, Persistent, Runtime, Value};

use crate::host;

/// The binding, which scripts import as `plugsh`.
const BINDING: &str = include_str!("../plugsh.js");
/// Its name in stacks.
const BINDING_NAME: &str = "plugsh";
/// Deepest nesting of the script's calls, in bytes of the engine's own stack. Hosts bound wasm's stack of calls as well, at
/// 512 KiB, which twice as much would exhaust: a trap without a place.
const STACK_BYTES_MAX: usize = 128 * 1024;

/// Why a call gave no output.
pub enum Fault {
    /// The script called `fail`.
    Failed(String),
    /// The script threw something else: its message and place.
    Threw(String),
}

/// A script that is loaded.
pub struct Engine {
    // Before the context, which they are values of.
    run: Persistent<Function<'static>>,
    functions: Persistent<rquickjs::Object<'static>>,
    context: Context,
}

impl Engine {
    pub fn new(file: &str, script: String) -> Result<Self, Fault> {
        let internal = |error: rquickjs::Error| Fault::Threw(error.to_string());
        let runtime = Runtime::new().map_err(internal)?;
        runtime.set_max_stack_size(STACK_BYTES_MAX);
        let context = Context::full(&runtime).map_err(internal)?;
        let (run, functions) =
            context.with(|ctx| load(&ctx, file, script).catch(&ctx).map_err(|error| fault(&error)))?;
        Ok(Self { run, functions, context })
    }

    /// Calls a function that the script exports.
    pub fn call(&self, function: &str, input: Vec<u8>) -> Result<Vec<u8>, Fault> {
        self.context.with(|ctx| {
            let called = || {
                let functions = self.functions.clone().restore(&ctx)?;
                let found: Value = functions.get(function)?;
                let Some(found) = found.into_function() else {
                    return Err(Exception::throw_reference(
                        &ctx,
                        &format!("the script exports no function `{function}`"),
                    ));
                };
                let mut args = Args::new(ctx.clone(), 2);
                args.push_arg(found)?;
                args.push_arg(host::bytes_to_js(&ctx, input)?)?;
                let output: Value = self.run.clone().restore(&ctx)?.call_arg(args)?;
                host::bytes_of(&output)
            };
            called().catch(&ctx).map_err(|error| fault(&error))
        })
    }
}

type Loaded = (Persistent<Function<'static>>, Persistent<rquickjs::Object<'static>>);

fn load(ctx: &Ctx<'_>, file: &str, script: String) -> rquickjs::Result<Loaded> {
    ctx.globals().set("__plugsh_host", host::functions(ctx)?)?;
    let (binding, evaluated) = Module::declare(ctx.clone(), BINDING_NAME, BINDING)?.eval()?;
    evaluated.finish::<()>()?;
    ctx.globals().remove("__plugsh_host")?;
    let (script, evaluated) = Module::declare(ctx.clone(), file, script)?.eval()?;
    evaluated.finish::<()>()?;
    let run: Function = binding.get("__run")?;
    Ok((Persistent::save(ctx, run), Persistent::save(ctx, script.namespace()?)))
}

/// What was thrown, as the call's fault: what `fail` threw, or `panicked at sampler.js:7: TypeError: ...`.
fn fault(error: &CaughtError<'_>) -> Fault {
    let exception = match error {
        CaughtError::Exception(exception) => exception,
        CaughtError::Value(value) => return Fault::Threw(format!("panicked: threw {}", describe(value))),
        CaughtError::Error(error) => return Fault::Threw(error.to_string()),
    };
    let message = exception.message().unwrap_or_default();
    let name: String = exception.get("name").unwrap_or_default();
    if name == "Failure" {
        return Fault::Failed(message);
    }
    let place = exception.stack().as_deref().and_then(place).map(|place| format!(" at {place}")).unwrap_or_default();
    let kind = if name.is_empty() || name == "Error" { String::new() } else { format!("{name}: ") };
    Fault::Threw(format!("panicked{place}: {kind}{message}"))
}

fn describe(value: &Value<'_>) -> String {
    value.get::<rquickjs::Coerced<String>>().map_or_else(|_| value.type_name().to_string(), |text| text.0)
}

/// `FILE:LINE` of the innermost frame that is the script's: lines are `    at name (file.js:7:3)`, `    at file.js:7:3`.
fn place(stack: &str) -> Option<String> {
    stack.lines().find_map(|line| {
        let frame = line.trim().strip_prefix("at ")?;
        let place = frame.split_once('(').map_or(frame, |(_, place)| place.trim_end_matches(')'));
        let mut parts = place.splitn(3, ':');
        let (file, line) = (parts.next()?, parts.next()?);
        (file != BINDING_NAME && line.parse::<u32>().is_ok()).then(|| format!("{file}:{line}"))
    })
}
