//! `plugsh test --update`: rewrites the expectations of a file that do not hold. Only the last word of such a line
//! changes, and its here-document.

use crate::shell::line::{Lines, Stage, Statement, Word, WordKind, quote};
use crate::shell::reply::ShellError;
use crate::shell::script::{located, syntax_error};
use crate::shell::session::{Rewrite, Session};
use crate::text::without_bom;

/// The end word of written here-documents.
const END: &str = "END";

/// Runs the text; gives the rewritten text and the number of rewritten expectations. Stops at the first other error.
///
/// # Errors
/// An error that is no failed expectation.
pub fn updated(session: &mut Session, name: &str, bytes: &[u8]) -> Result<(String, usize), ShellError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ShellError::failed(format!("`{name}`: not UTF-8")))?;
    let (mark, text) = text.split_at(text.len() - without_bom(text.as_bytes()).len());
    let (mut new, mut copied, mut count) = (mark.to_owned(), 0, 0);
    let mut lines = Lines::new(text);
    while let Some(read) = lines.next(&session.grammar()) {
        let script = read.map_err(|error| located(syntax_error(&error), name, error.line))?;
        let alone = script.statements.len() == 1;
        for statement in &script.statements {
            let mut rewrites = session.rewriting(|session| {
                let run = |session: &mut Session| session.run_statement(statement);
                session.in_text(name, 1, run).map_err(|error| located(error, name, statement.line))?;
                session.show_notices();
                Ok(())
            })?;
            // Expectations of a sourced file stand in another text: only the last rewrite is this statement's.
            let Some(rewrite) = rewrites.pop() else { continue };
            let word = last_word(statement).filter(|_| alone).ok_or_else(|| {
                let error = ShellError::failed(
                    "this expectation cannot be rewritten: write it on a line of its own, with its value",
                );
                located(error, name, statement.line)
            })?;
            let rest = text.get(statement.span.end..lines.pos()).unwrap_or_default();
            new.push_str(text.get(copied..word.span.start).unwrap_or_default());
            new.push_str(&rewritten(word, rest, &rewrite));
            copied = lines.pos();
            count += 1;
        }
        if session.exit_code().is_some() {
            break;
        }
    }
    new.push_str(text.get(copied..).unwrap_or_default());
    Ok((new, count))
}

/// The word that holds the expected value, where the line has it in full.
fn last_word(statement: &Statement) -> Option<&Word> {
    let [Stage::Command(words)] = statement.pipe.stages.as_slice() else { return None };
    let name = words.first()?.literal_text()?;
    let last = words.last()?;
    let written_out = !matches!(last.kind, WordKind::AtFile | WordKind::AtStdin) && last.literal().is_some();
    (name.starts_with("expect") && written_out && last.span.end == statement.span.end).then_some(last)
}

/// The new word with the rest of its line and its here-document. `rest` followed the old word.
fn rewritten(old: &Word, rest: &str, rewrite: &Rewrite) -> String {
    let rest = match old.kind {
        WordKind::HereDoc => rest.split_inclusive('\n').next().unwrap_or_default(),
        _ => rest,
    };
    let bytes = match rewrite {
        Rewrite::Word(word) => return format!("{word}{rest}"),
        Rewrite::Bytes(bytes) => bytes,
    };
    match here_document(bytes) {
        Some(body) => format!("<<{END}{}\n{body}{END}\n", rest.trim_end_matches('\n')),
        None => format!("{}{rest}", quote(bytes)),
    }
}

/// The bytes as a here-document's body, when they are lines of text that it can hold.
fn here_document(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let holds = text.trim_end_matches('\n').contains('\n')
        && text.lines().all(|line| line != END)
        && !text.contains(|char: char| char.is_control() && char != '\n' && char != '\t');
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    holds.then(|| format!("{text}{newline}"))
}
