//! `alias`: words that stand for lines.

use serde::Serialize;

use super::{Arguments, Command, Group, Inner, Run, syntax};
use crate::shell::alias::{ALIAS_BYTES_MAX, ALIASES_MAX, Alias};
use crate::shell::line::{Word, parse, quote};
use crate::shell::reply::{Line, Reply, Role, ShellError};
use crate::shell::script::syntax_error;
use crate::shell::session::Session;

/// The command `alias`.
pub static COMMAND: Command = Command {
    name: "alias",
    group: Group::Shell,
    summary: "let a word stand for a line",
    description: "ALIAS at a command's place is then LINE, and the words behind it go behind LINE. A LINE with `;`, `|`, \
        `>` or `&` is quoted. In its own LINE an ALIAS is the command of that name, so that `alias ps = ps -t` works. \
        Without words it lists all aliases, with ALIAS shows one; `-d` removes one. An alias holds in all lines of the \
        session that set it, those of sourced files too: put yours into the rc file, which scripts do not read.",
    examples: &[
        "\
        load text\n\
        # 1:text\n\
        alias big = text.upper\n\
        big hello\n\
        # HELLO\n\
        alias\n\
        # alias big = text.upper",
        "\
        alias greet = 'echo hello; echo and'\n\
        greet bye\n\
        # hello\n\
        # and bye",
    ],
    syntax: syntax::<AliasWords>(),
    run: Run::Keep(run),
};

#[derive(Debug, clap::Args)]
struct AliasWords {
    /// remove it
    #[arg(short = 'd', long)]
    delete: bool,
    /// list them in JSON
    #[arg(long)]
    json: bool,
    #[arg(value_name = "ALIAS")]
    name: Option<String>,
    #[arg(value_name = "=")]
    equals: Option<String>,
    #[arg(value_name = "LINE")]
    line: Vec<String>,
}

/// An alias in JSON.
#[derive(Serialize)]
struct AliasRow<'a> {
    name: &'a str,
    line: &'a str,
}

fn run(session: &mut Session, arguments: Arguments, inner: &Inner<'_>) -> Result<Reply, ShellError> {
    // The words of LINE are not among the arguments.
    let (words, _) = arguments.parse::<AliasWords>()?;
    match (words.name, words.equals.as_deref()) {
        (Some(name), None) if words.delete => match session.settings().aliases.remove(&name) {
            true => Ok(Reply::done(serde_json::json!({ "unaliased": name }))),
            false => Err(unknown(&name)),
        },
        (_, _) if words.delete => Err(ShellError::usage("`alias -d` wants just an ALIAS")),
        (None, _) => Ok(list(session, words.json)),
        (Some(name), None) => show(session, &name, words.json),
        (Some(name), Some("=")) => define(session, &name, inner),
        (Some(name), Some(_)) => Err(ShellError::usage(format!("`alias {name}`: write `alias {name} = LINE`"))),
    }
}

fn list(session: &Session, json: bool) -> Reply {
    let aliases = session.settings().aliases.list();
    if session.wants_json(json) {
        return Reply::json(
            &aliases.iter().map(|(name, alias)| AliasRow { name, line: &alias.line }).collect::<Vec<_>>(),
        );
    }
    Reply::Lines(aliases.iter().map(|(name, alias)| as_typed(name, alias)).collect())
}

fn show(session: &Session, name: &str, json: bool) -> Result<Reply, ShellError> {
    if let Some((name, line)) = name.split_once('=').filter(|(name, _)| is_name(name)) {
        return Err(ShellError::usage(format!("`alias`: write `alias {name} = {}`", quote(line.as_bytes()))));
    }
    let alias = session.settings().aliases.get(name).ok_or_else(|| unknown(name))?;
    Ok(match session.wants_json(json) {
        true => Reply::json(&AliasRow { name, line: &alias.line }),
        false => Reply::Lines(vec![as_typed(name, &alias)]),
    })
}

fn define(session: &mut Session, name: &str, inner: &Inner<'_>) -> Result<Reply, ShellError> {
    if !is_name(name) {
        let rule = "a letter or `_`, then letters, digits, `_` and `-`, and no word of a block";
        return Err(ShellError::usage(format!("`{name}` is no name for an alias: {rule}")));
    }
    if !inner.rest.is_empty() || inner.background || session.is_redirected() {
        let way_on = format!("quote the line: `alias {name} = 'LINE'`");
        return Err(ShellError::usage(format!("`alias`: `|`, `>` and `&` end what stands before them; {way_on}")));
    }
    let line = line_of(session, inner)?;
    if line.len() > ALIAS_BYTES_MAX {
        return Err(ShellError::failed(format!("`{name}`: a line of more than {ALIAS_BYTES_MAX} bytes")));
    }
    let script = parse(&line, &session.grammar()).map_err(|error| syntax_error(&error))?;
    if script.statements.is_empty() {
        return Err(ShellError::usage(format!("`alias {name} =` wants a LINE; `alias -d {name}` removes an alias")));
    }
    let json = serde_json::json!({ "name": name, "line": line });
    match session.settings().aliases.set(name, Alias { line, script }) {
        true => Ok(Reply::done(json)),
        false => Err(ShellError::failed(format!(
            "no room for `{name}`: {ALIASES_MAX} aliases are set; `alias -d NAME` removes one"
        ))),
    }
}

/// The alias's line: the value of one word, or several words as typed.
fn line_of(session: &mut Session, inner: &Inner<'_>) -> Result<String, ShellError> {
    match inner.words {
        [word] => session.expand_text(word),
        words => match inner.source_of(words) {
            Some(source) => Ok(source.to_owned()),
            None => {
                let texts: Result<Vec<String>, ShellError> = words.iter().map(|word| quoted(session, word)).collect();
                texts.map(|texts| texts.join(" "))
            }
        },
    }
}

fn quoted(session: &mut Session, word: &Word) -> Result<String, ShellError> {
    Ok(quote(session.expand_text(word)?.as_bytes()))
}

/// Whether a word can be an alias: no call (`a.b`), no option, no word of a block.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && !["for", "repeat", "if", "else", "end"].contains(&name)
}

fn unknown(name: &str) -> ShellError {
    ShellError::failed(format!("no alias `{name}`; `alias` lists them"))
}

/// An alias as it would be typed.
fn as_typed(name: &str, alias: &Alias) -> Line {
    let words = alias.script.statements.as_slice();
    let is_plain = words.len() == 1 && !alias.line.contains(['|', '>', '&', ';', '#', '\n', '\'', '"']);
    let line = if is_plain { alias.line.clone() } else { quote(alias.line.as_bytes()) };
    Line::new().plain("alias ").with(Role::Name, name).plain(format!(" = {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_no_call_and_no_word_of_a_block() {
        for name in ["up", "ps", "_x", "git-log", "a2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a.b", "-x", "2", "for", "end", "a b", "é", "a=b"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
