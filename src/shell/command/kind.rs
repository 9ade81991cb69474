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
    File,
    /// A file, or a call by its number.
    FileOrSeq,
    /// A call by its number.
    Seq,
    /// A function of a living process with its name: `front.run`.
    Call,
    /// An expression over calls.
    Filter,
    Variable,
    Alias,
    Dir,
    /// A process, or the word `spawn`.
    ProcessOrSpawn,
    /// An existing breakpoint, fault or stub.
    Breakpoint,
    Fault,
    Stub,
    /// One of these words.
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
            "SOURCE" | "[NAME=]SOURCE" => Kind::Loadable,
            "FILE" | "[ro:]HOST[:GUEST]" => Kind::File,
            "FILE|SEQ" => Kind::FileOrSeq,
            "SEQ" => Kind::Seq,
            "PLUGIN.FUNCTION" | "NAME.FUNCTION" | "NAME[.FUNCTION]" => Kind::Call,
            "EXPR" => Kind::Filter,
            "VARIABLE" => Kind::Variable,
            "ALIAS" => Kind::Alias,
            "DIR" => Kind::Dir,
            _ => Kind::None,
        }
    }
}
