//! The debug adapter, as an editor meets it: `plugsh dap` over its standard streams.

mod editor;

use std::io::{BufRead, BufReader};
use std::path::Path;

use dapts::{event, request};
use serde_json::{Value, json};
use tempfile::TempDir;

use editor::Editor;

/// A directory with guests, and the sources that they were made of.
fn dir_with(guests: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    std::fs::create_dir(dir.path().join("src")).unwrap();
    for name in guests {
        std::fs::copy(from.join(name), dir.path().join(name)).unwrap();
    }
    dir
}

fn names(values: &[Value]) -> Vec<&str> {
    values.iter().filter_map(|value| value["name"].as_str()).collect()
}

fn value_of<'a>(variables: &'a [Value], name: &str) -> &'a Value {
    variables.iter().find(|variable| variable["name"] == name).unwrap_or_else(|| panic!("no `{name}`: {variables:?}"))
}

/// Launches lines; the editor may set breakpoints then.
fn launched(dir: &TempDir, lines: &[&str]) -> Editor {
    let mut editor = Editor::introduced(dir.path(), &["--plugins", "."]);
    editor.ask::<request::Launch>(json!({ "lines": lines }));
    editor.event::<event::Initialized>();
    editor
}

fn source(dir: &TempDir, name: &str) -> Value {
    json!({ "name": name.rsplit('/').next(), "path": dir.path().join(name) })
}

#[test]
fn a_bug_three_plugins_away_is_found() {
    let dir = dir_with(&["shop.wasm", "till.wasm", "sums.wasm", "src/sums.rs", "src/till.rs", "src/shop.rs"]);
    let mut editor = launched(&dir, &["load shop", "shop.order 'apple 120, pear 80, melon 900'"]);
    let set = editor.ask::<request::SetBreakpoints>(json!({
        "source": source(&dir, "src/sums.rs"),
        "breakpoints": [{ "line": 9 }],
        "lines": [9],
        "sourceModified": false
    }));
    assert_eq!(set["breakpoints"][0]["verified"], false, "the plugin is not loaded yet: {set}");
    editor.ask::<request::SetExceptionBreakpoints>(json!({ "filters": [] }));
    editor.ask::<request::ConfigurationDone>(Value::Null);

    let thread = editor.stopped("breakpoint");
    // As plugins are loaded that do not have it, the reason changes; then it has its place.
    while editor.event::<event::Breakpoint>()["breakpoint"]["line"] != 10 {}
    let threads = editor.ask::<request::Threads>(Value::Null);
    assert_eq!(threads["threads"][0]["name"], "%2 shop.order 'apple 120, pear 80, melon 900'");

    let frames = editor.frames(&thread);
    let expected = [
        "sums::sum",
        "total",
        "3:sums.total",
        "till::plugin::ask",
        "bill",
        "2:till.bill",
        "shop::plugin::ask",
        "order",
        "1:shop.order",
    ];
    assert_eq!(names(&frames), expected);
    let labels = frames.iter().filter(|frame| frame["presentationHint"] == "label");
    assert_eq!(labels.count(), 3, "one where each plugin was called");
    assert_eq!(frames[0]["line"], 10);
    let path = frames[0]["source"]["path"].as_str().unwrap();
    assert_eq!(Path::new(path).canonicalize().unwrap(), dir.path().join("src/sums.rs").canonicalize().unwrap());

    let locals = editor.variables(&frames[0], "Locals");
    assert_eq!(value_of(&locals, "at")["value"], "1", "the first price is left out");
    let prices = value_of(&locals, "prices");
    assert_eq!(prices["value"], "[120, 80, 900]");
    let items = editor.parts(&prices["variablesReference"].clone());
    assert_eq!((names(&items), &items[0]["value"]), (vec!["[0]", "[1]", "[2]"], &json!("120")));

    editor.ask::<request::Next>(json!({ "threadId": thread }));
    let thread = editor.stopped("step");
    assert_eq!(editor.frames(&thread)[0]["line"], 11);
    let stale = editor.try_ask::<request::Scopes>(json!({ "frameId": frames[0]["id"] })).unwrap_err();
    assert_eq!(stale, "the job has gone on since");
    editor.ask::<request::SetBreakpoints>(json!({ "source": source(&dir, "src/sums.rs"), "breakpoints": [] }));
    editor.ask::<request::StepOut>(json!({ "threadId": thread }));
    let thread = editor.stopped("step");
    assert_eq!(editor.frames(&thread)[0]["name"], "total");
    editor.ask::<request::Continue>(json!({ "threadId": thread }));
    assert_eq!(editor.event::<event::Exited>()["exitCode"], 0);
    assert!(editor.output_until_end().contains("to pay: 980 cents"));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn steps_go_from_plugin_to_plugin_and_back() {
    let dir = dir_with(&["tax.wasm", "cart.wasm", "src/tax.rs", "src/cart.rs"]);
    let mut editor = launched(&dir, &["load tax.wasm", "load cart.wasm", "cart.estimate refuse"]);
    let set = editor.ask::<request::SetFunctionBreakpoints>(json!({ "breakpoints": [{ "name": "cart::ask_tax" }] }));
    assert_eq!(set["breakpoints"][0]["verified"], false);
    editor.ask::<request::ConfigurationDone>(Value::Null);
    let mut thread = editor.stopped("function breakpoint");
    let mut places = Vec::new();
    for _ in 0..40 {
        let frames = editor.frames(&thread);
        places.push(format!(
            "{} {}",
            frames[0]["source"]["name"].as_str().unwrap_or("-"),
            frames[0]["name"].as_str().unwrap()
        ));
        if frames[0]["name"] == "refuse" {
            break;
        }
        editor.ask::<request::StepIn>(json!({ "threadId": thread }));
        thread = editor.stopped("step");
    }
    assert_eq!(places.last().map(String::as_str), Some("tax.rs refuse"), "{places:?}");
    editor.ask::<request::StepOut>(json!({ "threadId": thread }));
    let thread = editor.stopped("step");
    assert_eq!(editor.frames(&thread)[0]["name"], "cart::ask_tax", "back in the plugin that called");
    editor.ask::<request::Continue>(json!({ "threadId": thread }));
    editor.output_until_end();
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn breakpoints_have_conditions_counts_and_messages() {
    let dir = dir_with(&["sums.wasm", "src/sums.rs"]);
    let lines = ["load sums", "repeat 3; sums.total '1,2'; end", "sums.total '7,8,9'"];
    let mut editor = launched(&dir, &lines);
    let set = editor.ask::<request::SetBreakpoints>(json!({
        "source": source(&dir, "src/sums.rs"),
        "breakpoints": [
            { "line": 11, "condition": "bytes_in=5" },
            { "line": 15, "hitCondition": "2" },
            { "line": 10, "logMessage": "of {prices} and {none}" },
            { "line": 10, "condition": "bytes_in=" },
            { "line": 10, "hitCondition": "often" }
        ]
    }));
    let messages: Vec<&str> =
        set["breakpoints"].as_array().unwrap().iter().map(|set| set["message"].as_str().unwrap()).collect();
    assert_eq!(messages[3], "column 10: expected a value after `=`");
    assert_eq!(messages[4], "`often` counts no hits; write `5`, `>= 5` or `% 2`");
    editor.ask::<request::ConfigurationDone>(Value::Null);

    let thread = editor.stopped("breakpoint");
    let frame = editor_frame(&mut editor, &thread);
    assert_eq!(frame["line"], 15);
    editor.ask::<request::Continue>(json!({ "threadId": thread }));
    let thread = editor.stopped("breakpoint");
    let frame = editor_frame(&mut editor, &thread);
    let locals = editor.variables(&frame, "Locals");
    assert_eq!((value_of(&locals, "prices")["value"].as_str(), &frame["line"]), (Some("[7, 8, 9]"), &json!(11)));
    editor.ask::<request::Continue>(json!({ "threadId": thread }));
    let output = editor.output_until_end();
    let logged = "of [1, 2] and <no variable `none` in this frame";
    assert_eq!((output.matches(logged).count(), output.matches("of [7, 8, 9] and").count()), (3, 1), "{output}");
    assert_eq!(editor.leave(), Some(0));
}

fn editor_frame(editor: &mut Editor, thread: &Value) -> Value {
    editor.frames(thread).swap_remove(0)
}

#[test]
fn traps_stop_before_their_call_ends() {
    let dir = dir_with(&["tax.wasm", "src/tax.rs"]);
    let mut editor = launched(&dir, &["load tax.wasm", "tax.bounds"]);
    let filters = json!({ "filters": ["trap", "raised"], "filterOptions": [] });
    let set = editor.ask::<request::SetExceptionBreakpoints>(filters);
    assert_eq!(set["breakpoints"][1]["message"], "no filter `raised`; there is `trap`");
    editor.ask::<request::ConfigurationDone>(Value::Null);
    let thread = editor.stopped("exception");
    let info = editor.ask::<request::ExceptionInfo>(json!({ "threadId": thread }));
    assert_eq!((&info["exceptionId"], &info["breakMode"]), (&json!("trap"), &json!("always")));
    assert!(names(&editor.frames(&thread)).contains(&"tax::nth"), "{:?}", editor.frames(&thread));
    editor.ask::<request::Continue>(json!({ "threadId": thread }));
    assert_eq!(editor.event::<event::Exited>()["exitCode"], 1);
    assert!(editor.output_until_end().contains("index out of bounds"));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn what_is_evaluated_is_a_line_or_a_variable() {
    let dir = dir_with(&["basket.wasm", "src/basket.rs"]);
    let mut editor = launched(&dir, &["load basket.wasm", "basket.checkout"]);
    let wanted = json!({ "source": source(&dir, "src/basket.rs"), "breakpoints": [{ "line": 89 }] });
    editor.ask::<request::SetBreakpoints>(wanted);
    editor.ask::<request::ConfigurationDone>(Value::Null);
    let thread = editor.stopped("breakpoint");
    let frame = editor_frame(&mut editor, &thread);
    let mut evaluate = |expression: &str, context: &str| {
        let arguments = json!({ "expression": expression, "context": context, "frameId": frame["id"] });
        editor.try_ask::<request::Evaluate>(arguments)
    };
    assert_eq!(evaluate("basket.owner", "hover").unwrap()["result"], "\"Ada\"");
    let items = evaluate("basket.items", "watch").unwrap();
    assert_eq!(items["indexedVariables"], 3);
    assert!(evaluate("basket.itms", "hover").unwrap_err().contains("did you mean `items`?"));
    assert_eq!(evaluate("print basket.currency", "repl").unwrap()["result"], "basket.currency = Franc");
    assert!(evaluate("ps", "repl").unwrap()["result"].as_str().unwrap().contains("basket"));
    assert!(evaluate("bogus", "repl").unwrap_err().contains("no command `bogus`"));
    // A page of a list, and what is below an item.
    let page =
        json!({ "variablesReference": items["variablesReference"], "filter": "indexed", "start": 1, "count": 1 });
    let page = editor.ask::<request::Variables>(page);
    assert_eq!(names(page["variables"].as_array().unwrap()), ["[1]"]);
    let item = editor.parts(&page["variables"][0]["variablesReference"].clone());
    assert_eq!(names(&item), ["name", "cents", "discount", "note"]);
    assert_eq!((&item[0]["value"], &item[0]["evaluateName"]), (&json!("\"pear\""), &json!("basket.items[1].name")));
    let engine = editor.variables(&frame, "WebAssembly");
    assert!(names(&engine).contains(&"local 0"));
    let call = editor.variables(&frame, "Call");
    assert_eq!(value_of(&call, "function")["value"], "checkout");
    assert_eq!(editor.leave(), Some(0), "what is held ends with the editor");
}

#[test]
fn a_loop_is_paused_and_ended() {
    let dir = dir_with(&["tax.wasm", "src/tax.rs"]);
    let mut editor = launched(&dir, &["load tax.wasm", "tax.spin"]);
    editor.ask::<request::ConfigurationDone>(Value::Null);
    // The load, and the call.
    editor.event::<event::Thread>();
    let thread = loop {
        let threads = editor.ask::<request::Threads>(Value::Null);
        let all = threads["threads"].as_array().unwrap();
        if let Some(spin) = all.iter().find(|thread| thread["name"].as_str().unwrap().contains("tax.spin")) {
            break spin["id"].clone();
        }
    };
    editor.ask::<request::Pause>(json!({ "threadId": thread }));
    let thread = editor.stopped("pause");
    assert_eq!(editor.frames(&thread)[0]["name"], "spin");
    let why = editor.try_ask::<request::Pause>(json!({ "threadId": thread })).unwrap_err();
    assert!(why.contains("is held"), "{why}");
    editor.ask::<request::Terminate>(json!({}));
    editor.event::<event::Exited>();
    editor.output_until_end();
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn the_first_call_is_an_entry() {
    let dir = dir_with(&["sums.wasm", "src/sums.rs"]);
    std::fs::write(dir.path().join("run.plugsh"), "load sums\nsums.total $1\n").unwrap();
    let mut editor = Editor::introduced(dir.path(), &["--plugins", "."]);
    let launch = json!({ "program": "run.plugsh", "args": ["4,5"], "stopOnEntry": true, "noDebug": false });
    editor.ask::<request::Launch>(launch);
    editor.event::<event::Initialized>();
    editor.ask::<request::ConfigurationDone>(Value::Null);
    let thread = editor.stopped("entry");
    let frames = editor.frames(&thread);
    assert_eq!(names(&frames), ["1:sums.total"]);
    let call = editor.variables(&frames[0], "Call");
    assert_eq!(value_of(&call, "input")["value"], "3 bytes: 4,5");
    editor.ask::<request::Continue>(json!({ "threadId": thread }));
    assert!(editor.output_until_end().contains('5'));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn mistakes_are_answered_in_a_line() {
    let dir = dir_with(&[]);
    let mut editor = Editor::start(dir.path(), &[]);
    let mut refused = |command: &str, arguments: Value| editor.ask_raw(command, arguments).unwrap_err();
    assert_eq!(refused("threads", Value::Null), "`threads` came before `initialize`");
    editor.ask_raw("initialize", json!({ "adapterID": "x" })).unwrap();
    let mut refused = |command: &str, arguments: Value| editor.ask_raw(command, arguments).unwrap_err();
    assert_eq!(refused("initialize", json!({})), "`initialize` came before");
    assert_eq!(refused("thread", Value::Null), "no request `thread`; did you mean `threads`?");
    assert_eq!(refused("launch", json!({})), "`launch` wants `program`, a file of shell lines, or `lines`");
    assert!(refused("launch", json!({ "lines": 7 })).starts_with("`launch`: "));
    assert_eq!(refused("stackTrace", json!({ "threadId": 9 })), "%9 is not held");
    assert_eq!(refused("next", json!({ "threadId": 9 })), "%9 is not held; `break EXPR` holds calls");
    assert_eq!(refused("scopes", json!({ "frameId": 1 })), "the job has gone on since");
    assert_eq!(refused("variables", json!({ "variablesReference": 1 })), "the job has gone on since");
    // Other messages than requests are passed over.
    editor.send(&json!(["no", "message"]));
    editor.ask::<request::Threads>(Value::Null);
    editor.send_bytes(b"Content-Length: 99999999999\r\n\r\n");
    assert_eq!(editor.exit_code(), Some(1));
}

/// A served system, which ends with this.
struct Served(std::process::Child);

impl Served {
    /// Serves in a directory, and comes back once the name can be attached to.
    fn start(dir: &TempDir, lines: &str, arguments: &[&str]) -> Served {
        std::fs::write(dir.path().join("setup.plugsh"), lines).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_plugsh"));
        command.args(["serve", "setup.plugsh", "--name", "shop"]).args(arguments).current_dir(dir.path());
        command.env("XDG_CACHE_HOME", dir.path().join("cache")).env("XDG_RUNTIME_DIR", dir.path());
        let mut server = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(server.stderr.take().unwrap()).lines();
        while !told.next().expect("a server that says where it is").unwrap().contains("serving `shop`") {}
        std::thread::spawn(move || told.for_each(drop));
        Served(server)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_served_system_is_attached_to_and_goes_on_afterwards() {
    let dir = dir_with(&["sums.wasm", "src/sums.rs"]);
    let _served = Served::start(&dir, "load sums.wasm --debug\nload sums.wasm --as plain\n", &[]);
    let mut editor = Editor::introduced(dir.path(), &[]);
    let why = editor.try_ask::<request::Attach>(json!({ "name": "none" })).unwrap_err();
    assert!(why.contains("`none`"), "{why}");
    editor.ask::<request::Attach>(json!({ "name": "shop", "sourceDirs": [dir.path()] }));
    editor.event::<event::Initialized>();
    let wanted = json!({ "source": source(&dir, "src/sums.rs"), "breakpoints": [{ "line": 11 }] });
    let set = editor.ask::<request::SetBreakpoints>(wanted);
    assert_eq!(set["breakpoints"][0]["verified"], true, "{set}");
    let functions = json!({ "breakpoints": [{ "name": "plain::sums::sum" }] });
    let set = editor.ask::<request::SetFunctionBreakpoints>(functions);
    let why = set["breakpoints"][0]["message"].as_str().unwrap();
    assert!(why.contains("`2:plain` has to restart"), "{why}");
    editor.ask::<request::ConfigurationDone>(Value::Null);
    let launch = editor.try_ask::<request::Launch>(json!({ "lines": ["ps"] })).unwrap_err();
    assert!(launch.contains("before"), "{launch}");
    let held = editor.ask::<request::Evaluate>(json!({ "expression": "sums.total '1,2,3'", "context": "repl" }));
    assert!(held["result"].as_str().unwrap().contains("is held at src/sums.rs:11"), "{held}");
    let thread = editor.stopped("breakpoint");
    let frames = editor.frames(&thread);
    let locals = editor.variables(&frames[0], "Locals");
    assert_eq!(value_of(&locals, "prices")["value"], "[1, 2, 3]");
    editor.ask::<request::Disconnect>(json!({ "terminateDebuggee": false }));
    assert_eq!(editor.exit_code(), Some(0));
    // The held call goes on, and the breakpoints are gone.
    let mut editor = Editor::introduced(dir.path(), &[]);
    editor.ask::<request::Attach>(json!({}));
    editor.ask::<request::ConfigurationDone>(Value::Null);
    let said =
        editor.ask::<request::Evaluate>(json!({ "expression": "breaks; sums.total '1,2,3'", "context": "repl" }));
    assert_eq!(said["result"], "N  SIDE  EXPR  HITS  DO\n5");
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_system_that_is_only_looked_at_is_not_debugged() {
    let dir = dir_with(&["sums.wasm"]);
    let _served = Served::start(&dir, "load sums.wasm\n", &["--read-only"]);
    let mut editor = Editor::introduced(dir.path(), &[]);
    let why = editor.try_ask::<request::Attach>(json!({ "name": "shop" })).unwrap_err();
    assert!(why.contains("read-only"), "{why}");
    assert_eq!(editor.leave(), Some(0));
}
