//! The product: a text pipeline. Each line of its standard input goes through the plugin `editor`, which has another
//! one work on it and hands the result back by the product's own host functions.

use std::io::BufRead;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use plugsh::System;
use plugsh::system::ValueType::Handle;
use plugsh::system::{Error, Load};

/// The plugin, as a product would carry it inside.
const EDITOR: &str = include_str!("editor.wat");

/// Runs the pipeline until its input ends.
pub fn run() -> ExitCode {
    match pipeline() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pipeline: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pipeline() -> Result<(), Error> {
    let lines = AtomicU64::new(0);
    let system = System::builder()
        .host_function("pipeline", "stamp", [Handle], [Handle], move |plugin, inputs, outputs| {
            let text = plugin.read_text(inputs[0])?;
            if text.is_empty() {
                return Err("an empty line".into());
            }
            outputs[0] = plugin.write(format!("{} {text}", lines.fetch_add(1, Ordering::Relaxed) + 1))?;
            Ok(())
        })
        .host_function("pipeline", "emit", [Handle], [], |plugin, inputs, _| {
            println!("{}", plugin.read_text(inputs[0])?);
            Ok(())
        })
        .build()?;
    system.load(Load::module("editor", EDITOR))?;
    let _service = system.serve("pipeline")?;
    println!("ready");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let function = if line == "stall" { "stall" } else { "edit" };
        if let Err(error) = system.call("editor", function, &line) {
            println!("! {error}");
        }
        if system.processes().iter().all(|process| process.name != "editor") {
            system.load(Load::module("editor", EDITOR))?;
        }
    }
    Ok(())
}
