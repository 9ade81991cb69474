//! ANSI colours of the roles of text.

use crate::shell::reply::{Line, Role, one_line};

/// The SGR parameters of a role; empty: no colour.
pub fn sgr_codes(role: Role) -> &'static str {
    match role {
        Role::Plain => "",
        Role::Strong => "1",
        Role::Dim => "2",
        Role::Name => "36",
        Role::Code => "1;36",
        Role::Good => "32",
        Role::Warn => "33",
        Role::Bad => "31",
    }
}

/// A line as text on one line, control characters escaped, with SGR sequences if `color` is set.
pub fn to_ansi(line: &Line, color: bool) -> String {
    let mut text = String::new();
    for span in &line.spans {
        let shown = one_line(&span.text);
        match sgr_codes(span.role) {
            sgr_codes if color && !sgr_codes.is_empty() && !shown.is_empty() => {
                text.push_str(&format!("\x1b[{sgr_codes}m{shown}\x1b[0m"));
            }
            _ => text.push_str(&shown),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_ours_and_never_the_texts() {
        let line = Line::new().with(Role::Bad, "no \x1b[2J").plain(" x");
        assert_eq!(to_ansi(&line, true), "\x1b[31mno \\x1b[2J\x1b[0m x");
        assert_eq!(to_ansi(&line, false), "no \\x1b[2J x");
    }
}
