//! Completion kinds of command arguments, selected by the value names of their clap definitions.

/// The completion of a word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kind {
    Command,
    /// A subject of `help`: a command or a topic.
    Topic,
    Process,
    Job,
    ProcessOrJob,
    /// A function of the process in the word before it.
    Function,
    /// A built-in plugin, one of the plugin directories, or a file.
    Loadable,
    /// A source of `load`: a [`Kind::Loadable`], or a plugin of the project with its options.
    Load,
    /// A plugin of the project.
    ProjectPlugin,
    File,
    /// A file, or a call by its number.
    FileOrSeq,
    /// A call by its number.
    Seq,
    /// A function of a living process with its name: `front.run`.
    Call,
    /// An expression over calls.
    Filter,
    /// An expression over calls, or a place in plugins' source.
    FilterOrPlace,
    /// A line of the file that a job is stopped in.
    Line,
    /// A variable of a stopped frame, or a part of one.
    FrameVariable,
    Variable,
    Alias,
    /// A node.
    Node,
    Dir,
    /// A process, or the word `spawn`.
    ProcessOrSpawn,
    /// An existing breakpoint, fault or stub.
    Breakpoint,
    Fault,
    Stub,
    /// A word of a fault: [`FAULT_WORDS`](super::FAULT_WORDS).
    FaultWord,
    /// A word of a fixed list.
    Words(Vec<String>),
    /// INPUT: `@FILE` only.
    Input,
    #[default]
    None,
}

impl Kind {
    /// The kind of an argument by its value name, which has one meaning in every command.
    pub fn of_value_name(value_name: &str) -> Kind {
        match value_name {
            "COMMAND" => Kind::Command,
            "COMMAND|TOPIC|PLUGIN[.FUNCTION]" => Kind::Topic,
            "PLUGIN" | "PROCESS" => Kind::Process,
            "%JOB" => Kind::Job,
            "PROCESS|%JOB" => Kind::ProcessOrJob,
            "FUNCTION" => Kind::Function,
            "SOURCE" | "[NAME=]SOURCE" | "PATTERN" => Kind::Loadable,
            "FILE" | "[ro:]HOST[:GUEST]" => Kind::File,
            "FILE|SEQ" => Kind::FileOrSeq,
            "SEQ" => Kind::Seq,
            "PLUGIN.FUNCTION" | "NAME.FUNCTION" | "NAME[.FUNCTION]" => Kind::Call,
            "EXPR" => Kind::Filter,
            "EXPR|PLACE" => Kind::FilterOrPlace,
            "LINE" => Kind::Line,
            "NAME[.PART]" => Kind::FrameVariable,
            "FAULT" => Kind::FaultWord,
            "VARIABLE" => Kind::Variable,
            "ALIAS" => Kind::Alias,
            "NODE" => Kind::Node,
            "DIR" => Kind::Dir,
            words if words.contains('|') && words.starts_with(|first: char| first.is_ascii_lowercase()) => {
                Kind::Words(words.split('|').flat_map(alternatives).collect())
            }
            _ => Kind::None,
        }
    }
}

/// `on-crash[=MAX]` is `on-crash`, or `on-crash=` with more.
fn alternatives(word: &str) -> Vec<String> {
    match word.split_once("[=") {
        Some((word, _)) => vec![word.to_owned(), format!("{word}=")],
        None => vec![word.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_value_name_are_offered() {
        let words = ["never", "on-crash", "on-crash="].map(str::to_owned).to_vec();
        assert_eq!(Kind::of_value_name("never|on-crash[=MAX/WINDOW]"), Kind::Words(words));
        assert_eq!(Kind::of_value_name("OTHER|NAMES"), Kind::None);
        assert_eq!(Kind::of_value_name("N"), Kind::None);
    }
}
