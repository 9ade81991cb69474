//! Programs for the interpreter: steps, their encoding, and how they are shown.

/// The number of slots, which keep handles.
pub const SLOTS: u8 = 8;

/// A slot's number, below [`SLOTS`].
pub type Slot = u8;

/// One step of a program.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Alloc {
        to: Slot,
        size: u32,
    },
    Text {
        to: Slot,
        text: Vec<u8>,
    },
    Fill {
        slot: Slot,
        seed: u8,
    },
    Free {
        slot: Slot,
    },
    Length {
        slot: Slot,
        plus: i16,
    },
    LengthUnsafe {
        slot: Slot,
        plus: i16,
    },
    LoadU8 {
        slot: Slot,
        at: u16,
    },
    LoadU64 {
        slot: Slot,
        at: u16,
    },
    StoreU8 {
        slot: Slot,
        at: u16,
        value: u8,
    },
    StoreU64 {
        slot: Slot,
        at: u16,
        value: u8,
    },
    InputLoadU8 {
        at: i16,
    },
    InputLoadU64 {
        at: i16,
    },
    Input {
        to: Slot,
    },
    OutputSet {
        slot: Slot,
        plus: i16,
        length: u32,
    },
    OutputInput,
    ErrorSet {
        slot: Slot,
        plus: i16,
    },
    ErrorGet,
    ConfigGet {
        key: Slot,
        to: Slot,
    },
    VarGet {
        key: Slot,
        to: Slot,
    },
    VarSet {
        key: Slot,
        value: Slot,
    },
    VarDelete {
        key: Slot,
    },
    /// Levels from 0, trace, to 4, error.
    Log {
        level: u8,
        slot: Slot,
    },
    Http {
        request: Slot,
        body: Slot,
        to: Slot,
    },
    HttpHeaders {
        to: Slot,
    },
    Call {
        id: u8,
        function: Slot,
        input: Slot,
        to: Slot,
    },
    TryCall {
        id: u8,
        function: Slot,
        input: Slot,
        to: Slot,
    },
    CallError {
        to: Slot,
    },
    Find {
        name: Slot,
    },
    MemoryBytes,
    LogLevel,
    Return {
        code: i8,
    },
    Trap,
    Copy {
        from: Slot,
        plus: i16,
        to: Slot,
    },
    /// Allocates blocks of one size; each `free_every`th is freed at once, none for 0.
    Many {
        to: Slot,
        count: u8,
        size: u32,
        free_every: u8,
    },
    /// A block that holds a program, for a nested call.
    Program {
        to: Slot,
        steps: Vec<Step>,
    },
}

/// The input of one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    pub steps: Vec<Step>,
    /// Bytes of input after the program, which the interpreter does not read as steps.
    pub tail: u32,
}

/// Programs that run in one instance, one after the other, so that each finds the state of the one before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    pub programs: Vec<Program>,
}

impl Program {
    /// The input of the call.
    pub fn input(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&self.steps, &mut bytes);
        bytes.extend((0..self.tail).map(|at| match at {
            0 => 0, // The step that ends the program.
            _ => b'A' + (at % 26) as u8,
        }));
        bytes
    }
}

/// Encodes a sequence of steps.
fn encode(steps: &[Step], to: &mut Vec<u8>) {
    for step in steps {
        step.encode(to);
    }
}

impl Step {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut put = |number: u8, parts: &[&[u8]]| {
            out.push(number);
            parts.iter().for_each(|part| out.extend_from_slice(part));
        };
        match self {
            Step::Alloc { to, size } => put(1, &[&[*to], &size.to_le_bytes()]),
            Step::Text { to, text } => put(2, &[&[*to], &(text.len() as u16).to_le_bytes(), text]),
            Step::Program { to, steps } => {
                let mut text = Vec::new();
                encode(steps, &mut text);
                put(2, &[&[*to], &(text.len() as u16).to_le_bytes(), &text]);
            }
            Step::Fill { slot, seed } => put(3, &[&[*slot, *seed]]),
            Step::Free { slot } => put(4, &[&[*slot]]),
            Step::Length { slot, plus } => put(5, &[&[*slot], &plus.to_le_bytes()]),
            Step::LengthUnsafe { slot, plus } => put(6, &[&[*slot], &plus.to_le_bytes()]),
            Step::LoadU8 { slot, at } => put(7, &[&[*slot], &at.to_le_bytes()]),
            Step::LoadU64 { slot, at } => put(8, &[&[*slot], &at.to_le_bytes()]),
            Step::StoreU8 { slot, at, value } => put(9, &[&[*slot], &at.to_le_bytes(), &[*value]]),
            Step::StoreU64 { slot, at, value } => put(10, &[&[*slot], &at.to_le_bytes(), &[*value]]),
            Step::InputLoadU8 { at } => put(11, &[&at.to_le_bytes()]),
            Step::InputLoadU64 { at } => put(12, &[&at.to_le_bytes()]),
            Step::Input { to } => put(13, &[&[*to]]),
            Step::OutputSet { slot, plus, length } => {
                put(14, &[&[*slot], &plus.to_le_bytes(), &length.to_le_bytes()]);
            }
            Step::OutputInput => put(15, &[]),
            Step::ErrorSet { slot, plus } => put(16, &[&[*slot], &plus.to_le_bytes()]),
            Step::ErrorGet => put(17, &[]),
            Step::ConfigGet { key, to } => put(18, &[&[*key, *to]]),
            Step::VarGet { key, to } => put(19, &[&[*key, *to]]),
            Step::VarSet { key, value } => put(20, &[&[*key, *value]]),
            Step::VarDelete { key } => put(21, &[&[*key]]),
            Step::Log { level, slot } => put(22 + level % 5, &[&[*slot]]),
            Step::Http { request, body, to } => put(27, &[&[*request, *body, *to]]),
            Step::HttpHeaders { to } => put(28, &[&[*to]]),
            Step::Call { id, function, input, to } => put(29, &[&[*id, *function, *input, *to]]),
            Step::TryCall { id, function, input, to } => put(30, &[&[*id, *function, *input, *to]]),
            Step::CallError { to } => put(31, &[&[*to]]),
            Step::Find { name } => put(32, &[&[*name]]),
            Step::MemoryBytes => put(33, &[]),
            Step::LogLevel => put(34, &[]),
            Step::Return { code } => put(35, &[&[(i16::from(*code) + 128) as u8]]),
            Step::Trap => put(36, &[]),
            Step::Copy { from, plus, to } => put(37, &[&[*from], &plus.to_le_bytes(), &[*to]]),
            Step::Many { to, count, size, free_every } => {
                put(38, &[&[*to, *count], &size.to_le_bytes(), &[*free_every]]);
            }
        }
    }
}

impl std::fmt::Display for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, program) in self.programs.iter().enumerate() {
            let (number, bytes) = (at + 1, program.input().len());
            writeln!(f, "program {number}, {bytes} bytes of input, {} of them after its steps:", program.tail)?;
            show(f, &program.steps, 1)?;
        }
        Ok(())
    }
}

fn show(f: &mut std::fmt::Formatter<'_>, steps: &[Step], depth: usize) -> std::fmt::Result {
    for step in steps {
        write!(f, "{}", "  ".repeat(depth))?;
        match step {
            Step::Program { to, steps } => {
                writeln!(f, "Program {{ to: {to} }} of")?;
                show(f, steps, depth + 1)?;
            }
            Step::Text { to, text } => writeln!(f, "Text {{ to: {to}, text: \"{}\" }}", text.escape_ascii())?,
            other => writeln!(f, "{other:?}")?,
        }
    }
    Ok(())
}
