//! The types of a stand-in's arguments and results, as declared and as wasm has them.

use serde::{Deserialize, Serialize};

/// One of wasm's number types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberType {
    I32,
    I64,
    F32,
    F64,
}

/// A type as it may be written for an argument or a result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StandInType {
    /// An `i64` that is the handle of a block.
    Handle,
    I32,
    I64,
    F32,
    F64,
}

/// The declared types of an import; undeclared results are read by their wasm types.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StandInTypes {
    pub params: Vec<StandInType>,
    pub results: Option<Vec<StandInType>>,
}

impl StandInType {
    /// Every type.
    pub const ALL: [StandInType; 5] =
        [StandInType::Handle, StandInType::I32, StandInType::I64, StandInType::F32, StandInType::F64];

    /// The type as `--import` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            StandInType::Handle => "handle",
            StandInType::I32 => "i32",
            StandInType::I64 => "i64",
            StandInType::F32 => "f32",
            StandInType::F64 => "f64",
        }
    }

    /// The number type that a value of it has in wasm.
    pub fn number(self) -> NumberType {
        match self {
            StandInType::Handle | StandInType::I64 => NumberType::I64,
            StandInType::I32 => NumberType::I32,
            StandInType::F32 => NumberType::F32,
            StandInType::F64 => NumberType::F64,
        }
    }
}

impl NumberType {
    /// Every type.
    pub const ALL: [NumberType; 4] = [NumberType::I32, NumberType::I64, NumberType::F32, NumberType::F64];

    /// The type as wasm's text format has it.
    pub fn as_str(self) -> &'static str {
        match self {
            NumberType::I32 => "i32",
            NumberType::I64 => "i64",
            NumberType::F32 => "f32",
            NumberType::F64 => "f64",
        }
    }
}
