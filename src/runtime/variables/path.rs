//! Paths to a part of a variable: `cart.items[2].name`, `*next`.

/// Longest path that is read, in steps.
const STEPS_MAX: usize = 64;

/// A variable, and the way from it to a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariablePath {
    pub variable: String,
    pub steps: Vec<PathStep>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// `.name`, `->name`, or `.0` for a part of a tuple.
    Field(String),
    /// `[2]`.
    Item(u64),
    /// `*` before the variable.
    Target,
}

impl VariablePath {
    /// The path that a text writes; `None` for a text that is no path.
    pub fn parse(text: &str) -> Option<VariablePath> {
        let stars = text.bytes().take_while(|byte| *byte == b'*').count();
        let text = text.get(stars..)?;
        let end = text.find(['.', '[']).unwrap_or(text.len()).min(text.find("->").unwrap_or(text.len()));
        let (variable, mut rest) = text.split_at_checked(end)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let step;
            (step, rest) = next_step(rest)?;
            steps.push(step);
        }
        steps.extend(std::iter::repeat_n(PathStep::Target, stars));
        (is_name(variable) && steps.len() <= STEPS_MAX).then(|| VariablePath { variable: variable.to_owned(), steps })
    }
}

fn next_step(text: &str) -> Option<(PathStep, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        return Some((PathStep::Item(index.parse().ok()?), rest));
    }
    let rest = text.strip_prefix('.').or_else(|| text.strip_prefix("->"))?;
    let end = rest.find(['.', '[']).unwrap_or(rest.len()).min(rest.find("->").unwrap_or(rest.len()));
    let (name, rest) = rest.split_at_checked(end)?;
    is_name(name).then(|| (PathStep::Field(name.to_owned()), rest))
}

fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '#' || c == '$' || c == ':';
    !text.is_empty() && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_steps() {
        let parsed = VariablePath::parse("**cart.items[2]->name.0").unwrap();
        let field = |name: &str| PathStep::Field(name.into());
        let steps = [field("items"), PathStep::Item(2), field("name"), field("0"), PathStep::Target, PathStep::Target];
        assert_eq!((parsed.variable.as_str(), parsed.steps.as_slice()), ("cart", steps.as_slice()));
        assert_eq!(VariablePath::parse("self").unwrap().steps, []);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "*", "a.", "a[", "a[x]", "a[-1]", "a..b", "a b", "a[1]b", ".a", "[1]", "a->"] {
            assert_eq!(VariablePath::parse(text), None, "{text}");
        }
        assert_eq!(VariablePath::parse(&format!("a{}", ".b".repeat(65))), None);
    }
}
