//! `policy`: showing, checking, loading and learning the policy of guests.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::{Arguments, Command, Group, Kind, Run, syntax_with};
use crate::kernel::Policy;
use crate::kernel::policy::{Denial, OwnGrants, PolicyError, RequestedSource, Rule, Who};
use crate::runtime::Explained;
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::session::Session;
use crate::shell::words::SHELL;
use crate::text::counted;

/// The command `policy`.
pub static COMMAND: Command = Command {
    name: "policy",
    group: Group::Watching,
    summary: "show, check, load or learn what plugins may do",
    description: "`policy load FILE` puts a policy in force, `policy off` ends it, `policy` shows it. `policy check PLUGIN \
        call PLUGIN.FUNCTION` and `policy check PLUGIN load SOURCE` say whether that would be allowed, and by which rule, or by \
        `--may-load` and `--may-call` of that process. \
        `policy learn > FILE` writes the least policy under which what was done so far would have been allowed. A policy \
        is TOML: `[[plugin]]` rules with `name`, `load`, `call` and `children_max`, and a `[plugin.children]` with \
        `memory_max`, `fuel`, `timeout`, `hosts`, `paths`, `config`, and WASI's `env`, `args` and `stdin`; the first whose `name` fits decides, `[default]` \
        fills in. Without one a plugin loads names only, calls whom it likes, and hands on no more than it has. Rules go by \
        a plugin's name: grant no path or URL pattern to whoever can choose the names below it.",
    examples: &[
        "\
        load front\n\
        # 1:front\n\
        front.run\n\
        # {\"count\":3,\"total\":3,\"vowels\":\"aeiouAEIOU\"}\n\
        policy learn\n\
        # …\n\
        # [[plugin]]\n\
        # name = \"front\"\n\
        # load = [\"count_vowels\"]\n\
        # call = [\"count_vowels.count_vowels\"]\n\
        # …",
        "\
        policy check front load count_vowels\n\
        # allowed: no policy is loaded, and a plugin may load names",
    ],
    syntax: syntax_with::<PolicyOptions>(kind_after),
    run: Run::Plain(run),
};

/// The words of `policy check`; a FILE follows `load` alone.
fn kind_after(words: &[&str]) -> Option<Kind> {
    Some(match words {
        ["check"] => Kind::Process,
        ["check", _] => Kind::Words(vec!["call".to_owned(), "load".to_owned()]),
        ["check", _, "call"] => Kind::Call,
        ["check", _, "load"] => Kind::Loadable,
        [action, ..] if *action != "load" => Kind::None,
        _ => return None,
    })
}

#[derive(Debug, clap::Args)]
struct PolicyOptions {
    /// what to do: show without a word
    #[arg(value_name = "ACTION", value_parser = ["show", "check", "load", "learn", "off"])]
    action: Option<String>,
    /// what `check` and `load` are about
    #[arg(value_name = "FILE")]
    words: Vec<String>,
    /// write JSON
    #[arg(long)]
    json: bool,
}

fn run(session: &mut Session, arguments: Arguments) -> Result<Reply, ShellError> {
    let (options, _) = arguments.parse::<PolicyOptions>()?;
    let words: Vec<&str> = options.words.iter().map(String::as_str).collect();
    let action = options.action.as_deref().unwrap_or("show");
    match (action, words.as_slice()) {
        ("show", []) => {
            let policy = session.kernel().policy();
            let json = session.wants_json(options.json);
            Ok(show(policy.as_deref(), json))
        }
        ("load", [file]) => {
            let policy = Policy::read(Path::new(file)).map_err(unreadable)?;
            let rules = policy.rules().len();
            session.kernel().set_policy(Some(policy));
            let count = counted(rules as u64, "rule");
            Ok(Reply::answer(
                format!("{file}: {count} in force"),
                serde_json::json!({ "policy": file, "rules": rules }),
            ))
        }
        ("off", []) => {
            session.kernel().set_policy(None);
            Ok(Reply::done(serde_json::json!({ "policy": null })))
        }
        ("learn", []) => learn(session, options.json),
        ("check", [plugin, "call", target]) => {
            let verdict = check_call(session, plugin, target)?;
            verdict_reply(session, verdict, options.json)
        }
        ("check", [plugin, "load", source]) => {
            let verdict = check_load(session, plugin, source)?;
            verdict_reply(session, verdict, options.json)
        }
        ("check", _) => {
            let usage = "write `policy check PLUGIN call PLUGIN.FUNCTION` or `policy check PLUGIN load SOURCE`";
            Err(ShellError::usage(usage))
        }
        ("load", _) => Err(ShellError::usage("write `policy load FILE`")),
        (action, _) => Err(ShellError::usage(format!("`policy {action}` takes no more words"))),
    }
}

fn unreadable(error: PolicyError) -> ShellError {
    ShellError::failed(error.line(SHELL))
}

/// A plugin's name, and the source of the process of that name, if any.
fn plugin_of(session: &Session, name: &str) -> String {
    let id = session.kernel().find(name).ok();
    id.and_then(|id| session.kernel().plugin_of(id)).unwrap_or_else(|| name.to_owned())
}

/// The `--may-load` and `--may-call` of the process of this name, if any.
fn own_grants(session: &Session, name: &str) -> Option<Arc<OwnGrants>> {
    let detail = session.kernel().process(session.kernel().find(name).ok()?)?;
    OwnGrants::of(&detail.spec).ok().flatten()
}

/// The verdict of `check`.
enum Verdict {
    /// The deciding rule; `None` without a policy.
    Allowed {
        by: Option<RuleName>,
        why: &'static str,
    },
    Denied {
        by: Option<RuleName>,
        why: String,
    },
}

/// A rule's name in a verdict.
#[derive(Serialize)]
struct RuleName {
    name: String,
    source: String,
    line: Option<usize>,
    /// Name, source and line as text.
    #[serde(skip)]
    place: String,
}

fn rule_of(policy: &Policy, who: Who<'_>) -> RuleName {
    let rule = policy.rule(who);
    RuleName { name: rule.name.clone(), source: policy.source().to_owned(), line: rule.line, place: policy.place(rule) }
}

fn check_call(session: &Session, caller: &str, target: &str) -> Result<Verdict, ShellError> {
    let Some((callee, function)) = target.rsplit_once('.') else {
        return Err(ShellError::usage(format!("`{target}` is no `PLUGIN.FUNCTION`")));
    };
    let (caller_plugin, callee_plugin) = (plugin_of(session, caller), plugin_of(session, callee));
    let caller = Who { name: caller, plugin: &caller_plugin };
    let callee = Who { name: callee, plugin: &callee_plugin };
    let own = own_grants(session, caller.name).filter(|own| own.limits_calls());
    if let Some(Err(why)) = own.as_ref().map(|own| own.call(caller, callee, 0, function, None)) {
        return Ok(Verdict::Denied { by: None, why: why.line(SHELL) });
    }
    Ok(match session.kernel().policy() {
        None if own.is_some() => Verdict::Allowed { by: None, why: "it was loaded with `--may-call`, which has it" },
        None => Verdict::Allowed { by: None, why: "no policy is loaded, and a plugin may call whom it likes" },
        Some(policy) => by_rule(&policy, caller, policy.call(caller, callee, function)),
    })
}

fn check_load(session: &Session, plugin: &str, source: &str) -> Result<Verdict, ShellError> {
    let loaded_from = plugin_of(session, plugin);
    let who = Who { name: plugin, plugin: &loaded_from };
    let asked = RequestedSource::of(source).map_err(|error| ShellError::usage(error.to_string()))?;
    if own_grants(session, plugin).is_some_and(|own| own.load(&asked).is_some()) {
        return Ok(Verdict::Allowed { by: None, why: "it was loaded with `--may-load`, which has it" });
    }
    Ok(match (session.kernel().policy(), &asked) {
        (Some(policy), _) => by_rule(&policy, who, policy.load(who, &asked).map(drop)),
        (None, RequestedSource::Name(_)) => {
            Verdict::Allowed { by: None, why: "no policy is loaded, and a plugin may load names" }
        }
        (None, _) => Verdict::Denied { by: None, why: Denial::names_only(who, &asked, false).line(SHELL) },
    })
}

fn by_rule(policy: &Policy, who: Who<'_>, answer: Result<(), Denial>) -> Verdict {
    let by = Some(rule_of(policy, who));
    match answer {
        Ok(()) => Verdict::Allowed { by, why: "" },
        Err(why) => Verdict::Denied { by, why: why.line(SHELL) },
    }
}

/// A verdict as a line or as JSON; a denial is a failure in both forms.
fn verdict_reply(session: &mut Session, verdict: Verdict, json: bool) -> Result<Reply, ShellError> {
    let json = session.wants_json(json);
    #[derive(Serialize)]
    struct VerdictRow<'a> {
        allowed: bool,
        rule: Option<&'a RuleName>,
        reason: Option<&'a str>,
    }
    let row = |allowed, by: &Option<RuleName>, why: &str| {
        Reply::json(&VerdictRow { allowed, rule: by.as_ref(), reason: Some(why).filter(|why| !why.is_empty()) })
    };
    match verdict {
        Verdict::Allowed { by, why } if json => Ok(row(true, &by, why)),
        Verdict::Allowed { by: Some(RuleName { place, .. }), .. } => Ok(Reply::line(format!("allowed by {place}"))),
        Verdict::Allowed { by: None, why } => Ok(Reply::line(format!("allowed: {why}"))),
        Verdict::Denied { by, why } => {
            if json {
                session.emit(&row(false, &by, &why))?;
            }
            Err(ShellError::failed(format!("denied: {why}")))
        }
    }
}

fn learn(session: &Session, json: bool) -> Result<Reply, ShellError> {
    let text = session.kernel().learn_policy();
    if !session.wants_json(json) {
        return Ok(Reply::text(&text));
    }
    let policy = Policy::parse(&text, "policy learn", Path::new("")).map_err(unreadable)?;
    Ok(json_policy(&policy, None))
}

fn show(policy: Option<&Policy>, json: bool) -> Reply {
    let Some(policy) = policy else {
        return match json {
            true => Reply::json(&()),
            false => Reply::line(
                "no policy is loaded: a plugin loads names only, calls whom it likes, and hands on no more than it has; \
                 `--may-load` and `--may-call` of `load` change that for one",
            ),
        };
    };
    if json {
        return json_policy(policy, Some(policy.source()));
    }
    let rules = policy.rules().iter().chain([policy.default_rule()]);
    Reply::Lines(rules.flat_map(|rule| lines(policy, rule)).collect())
}

fn lines(policy: &Policy, rule: &Rule) -> Vec<Line> {
    let place = rule.line.map_or(String::new(), |line| format!("  {}:{line}", policy.source()));
    let mut lines = vec![Line::new().with(Role::Name, rule.name.clone()).with(Role::Dim, place)];
    let mut entry = |key: &str, value: String| {
        lines.push(Line::new().with(Role::Dim, format!("  {key:<9}")).plain(value));
    };
    let listed = |texts: Option<Vec<String>>, otherwise: &str| match texts {
        None => otherwise.to_owned(),
        Some(texts) if texts.is_empty() => "nothing".to_owned(),
        Some(texts) => texts.join(" "),
    };
    entry("load", listed(rule.load_texts(), "any name"));
    entry("call", listed(rule.call_texts(), "everything"));
    let most = rule.children_max.map_or_else(|| "as the limit says".to_owned(), |most| format!("{most} at most"));
    entry("children", format!("{most}; {}", rule.children.words()));
    lines
}

/// All rules, the default last; `source`: the policy file.
fn json_policy(policy: &Policy, source: Option<&str>) -> Reply {
    #[derive(Serialize)]
    struct Rules<'a> {
        source: Option<&'a str>,
        rules: Vec<&'a Rule>,
    }
    Reply::json(&Rules { source, rules: policy.rules().iter().chain([policy.default_rule()]).collect() })
}
