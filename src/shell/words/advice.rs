//! Ways on after a failure, in words: the end of a message, with its separator.

use super::imports;
use super::limits::{flag_of, flag_of_plugin};
use crate::limits::Limit;
use crate::runtime::advice::RuleKind;
use crate::runtime::{Advice, Wording, Words};
use crate::text::{escape_control, quoted};

/// The words of a shell, where every command can be given.
pub const SHELL: Wording = Wording::new(&Words { advice: words, ..NAMES });

/// The words of `plugsh call`, where no further command can list functions or processes.
pub const ONE_CALL: Wording = Wording::new(&Words { advice: words_of_one_call, ..NAMES });

/// The names by which both call things.
const NAMES: Words = Words { advice: words, restart: "`restart`", shell: "the shell", job: |job| format!("%{job}") };
/// The most functions that a shell's error lists; for more it names the command that lists them.
const LISTED_MAX: usize = 4;

fn words_of_one_call(advice: &Advice) -> String {
    match advice {
        Advice::Functions { first, count, .. } if *count > LISTED_MAX => {
            let shown: Vec<String> = first.iter().map(|name| format!("`{}`", quoted(name))).collect();
            let more = match count.saturating_sub(first.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("; it has {}{more}", shown.join(", "))
        }
        // A load has one module.
        Advice::WriteDirectory(directory) => format!("; for a module of the directory write `./{directory}/NAME.wasm`"),
        advice => words(advice),
    }
}

fn words(advice: &Advice) -> String {
    match advice {
        Advice::Raise(limit) => raise(*limit),
        Advice::RaisePlugin(limit) => format!("; `{}` allows more", flag_of_plugin(*limit)),
        Advice::AskForLessMemory => "; `--memory-max` gives it less, `--max-memory` allows more".into(),
        Advice::NativeHost => "; `--host native` does".into(),
        Advice::NativeHostForExceptions => "; `--host native` has them".into(),
        Advice::WasiIsOff => ", which `--no-wasi` turns off".into(),
        Advice::AllowHost(pattern) => format!("; `--allow-host '{pattern}'` allows it"),
        Advice::StubImports => imports::stub_imports(),
        Advice::Build(change) => imports::build_change(*change).into(),
        Advice::Rebuild { origin, stub } => imports::rebuild(*origin, stub),
        Advice::LinkModule { module } => imports::link_module(module.as_deref()),
        Advice::StandIn { import, module } => imports::stand_in(import, module.as_deref()),
        Advice::ImportAsNumber { import } => format!("; `--import '{import}(i64)=…'` hands it on as a number"),
        Advice::DidYouMean(name) => format!("; did you mean `{name}`?"),
        Advice::Functions { process, first, count } => functions(process, first, *count),
        Advice::ListProcesses => "; `ps` lists them".into(),
        Advice::ListNodes => "; `nodes` lists them".into(),
        Advice::Connect => "; start plugsh with `--nats URL`".into(),
        Advice::ListEnded => "; `ps -a` lists those that ended last".into(),
        Advice::OtherName => "; `--as NAME` gives it another".into(),
        Advice::OtherNodeName => "; give it another `--name`".into(),
        Advice::Reload => "; `reload PROCESS` makes it anew".into(),
        Advice::ListPlugins { for_person: false } => "; `plugins` lists them".into(),
        Advice::ListPlugins { for_person: true } => {
            "; `plugins` lists them, `plugsh --plugins DIR` and PLUGSH_PATH add a directory of yours".into()
        }
        Advice::WritePath(file) => format!("; for the file write `./{file}`"),
        Advice::WriteDirectory(directory) => format!("; for the directory write `./{directory}`"),
        Advice::WaitForOne => format!("; `wait` for one, or `{}` allows more", flag_of(Limit::Jobs)),
        Advice::Restart { process, crash } => format!("; `restart {process}` starts it: {crash}"),
        Advice::Force => "; `--force` takes it".into(),
        Advice::HoldOnReturn => "; hold it then, with `--on return`".into(),
        Advice::DeleteRule(kind) => delete_rule(*kind).into(),
        Advice::SetStub => "; `stub NAME.FUNCTION = BYTES` sets one".into(),
        Advice::WriteHash => "; write its 64 hexadecimal digits, as `info` shows them".into(),
        Advice::GrantLoad { plugin, source } => {
            format!("; load `{plugin}` with `--may-load '{source}'` to allow it")
        }
        Advice::GrantCall { allowed, function } => format!(
            ": it was loaded with `--may-call`, which allows {allowed}; load it with `--may-call '{function}'` too"
        ),
        Advice::RulesForLoad { plugin, source } => {
            format!("; to allow it, load a policy with a rule for `{plugin}` whose `load` has \"{source}\"")
        }
        Advice::RuleForLoad(source) => format!("; add \"{source}\" to its `load`"),
        Advice::RuleForCall(function) => format!("; add \"{function}\" to its `call`"),
    }
}

fn raise(limit: Limit) -> String {
    // The message has a semicolon of its own.
    let separator = if limit == Limit::Output { "," } else { ";" };
    format!("{separator} `{}` allows more", flag_of(limit))
}

fn functions(process: &str, first: &[String], count: usize) -> String {
    if count > LISTED_MAX {
        return format!("; `info {process}` lists them");
    }
    let names: Vec<String> = first.iter().map(|name| format!("`{}`", escape_control(name))).collect();
    match names.is_empty() {
        true => "; it has none that can be called".into(),
        false => format!("; it has {}", names.join(", ")),
    }
}

fn delete_rule(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Hold => "; `delete N` takes one away",
        RuleKind::Fault => "; `faults delete N` takes one away",
        RuleKind::Stub => "; `unstub NAME.FUNCTION` takes one away",
    }
}
