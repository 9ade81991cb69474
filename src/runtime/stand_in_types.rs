//! The types of a stand-in's arguments and results, as declared and as wasm has them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of wasm's types of plain numbers: a vector is a number of 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberType {
    I32,
    I64,
    F32,
    F64,
    V128,
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
    V128,
}

/// The declared types of an import; undeclared ones are read by their wasm types.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StandInTypes {
    #[serde(default)]
    pub params: Option<Vec<StandInType>>,
    pub results: Option<Vec<StandInType>>,
}

impl StandInType {
    /// Every type.
    pub const ALL: [StandInType; 6] = [
        StandInType::Handle,
        StandInType::I32,
        StandInType::I64,
        StandInType::F32,
        StandInType::F64,
        StandInType::V128,
    ];

    /// The type as `--import` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            StandInType::Handle => "handle",
            StandInType::I32 => "i32",
            StandInType::I64 => "i64",
            StandInType::F32 => "f32",
            StandInType::F64 => "f64",
            StandInType::V128 => "v128",
        }
    }

    /// The number type that a value of it has in wasm.
    pub fn number(self) -> NumberType {
        match self {
            StandInType::Handle | StandInType::I64 => NumberType::I64,
            StandInType::I32 => NumberType::I32,
            StandInType::F32 => NumberType::F32,
            StandInType::F64 => NumberType::F64,
            StandInType::V128 => NumberType::V128,
        }
    }
}

impl NumberType {
    /// Every type.
    pub const ALL: [NumberType; 5] =
        [NumberType::I32, NumberType::I64, NumberType::F32, NumberType::F64, NumberType::V128];

    /// The type as wasm's text format has it.
    pub fn as_str(self) -> &'static str {
        match self {
            NumberType::I32 => "i32",
            NumberType::I64 => "i64",
            NumberType::F32 => "f32",
            NumberType::F64 => "f64",
            NumberType::V128 => "v128",
        }
    }
}

/// A number as an argument or a result. A handle is an `i64`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    V128(u128),
}

impl Scalar {
    /// Zero of a type.
    pub fn zero(ty: NumberType) -> Scalar {
        match ty {
            NumberType::I32 => Scalar::I32(0),
            NumberType::I64 => Scalar::I64(0),
            NumberType::F32 => Scalar::F32(0.0),
            NumberType::F64 => Scalar::F64(0.0),
            NumberType::V128 => Scalar::V128(0),
        }
    }

    /// The number's type.
    pub fn ty(self) -> NumberType {
        match self {
            Scalar::I32(_) => NumberType::I32,
            Scalar::I64(_) => NumberType::I64,
            Scalar::F32(_) => NumberType::F32,
            Scalar::F64(_) => NumberType::F64,
            Scalar::V128(_) => NumberType::V128,
        }
    }

    /// A number out of text: decimal, and `0x…` for a `v128`. An unsigned number has the bits of the signed one.
    pub fn parse(ty: NumberType, text: &str) -> Option<Scalar> {
        match ty {
            NumberType::I32 => {
                text.parse().or_else(|_| text.parse::<u32>().map(|number| number as i32)).ok().map(Scalar::I32)
            }
            NumberType::I64 => {
                text.parse().or_else(|_| text.parse::<u64>().map(|number| number as i64)).ok().map(Scalar::I64)
            }
            NumberType::F32 => text.parse().ok().map(Scalar::F32),
            NumberType::F64 => text.parse().ok().map(Scalar::F64),
            NumberType::V128 => match text.strip_prefix("0x") {
                Some(digits) => u128::from_str_radix(digits, 16).ok(),
                None => text.parse().ok(),
            }
            .map(Scalar::V128),
        }
    }

    /// The number of an `i32` or an `i64`; a float without its fraction, the low half of a `v128`.
    pub fn as_i64(self) -> i64 {
        match self {
            Scalar::I32(number) => number.into(),
            Scalar::I64(number) => number,
            Scalar::F32(number) => number as i64,
            Scalar::F64(number) => number as i64,
            Scalar::V128(bits) => bits as i64,
        }
    }

    /// The number as a float; the nearest one for a large integer.
    pub fn as_f64(self) -> f64 {
        match self {
            Scalar::I32(number) => number.into(),
            Scalar::I64(number) => number as f64,
            Scalar::F32(number) => number.into(),
            Scalar::F64(number) => number,
            Scalar::V128(bits) => bits as f64,
        }
    }
}

/// As messages and the details of requests show it.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::I32(number) => number.fmt(f),
            Scalar::I64(number) => number.fmt(f),
            Scalar::F32(number) => number.fmt(f),
            Scalar::F64(number) => number.fmt(f),
            Scalar::V128(bits) => write!(f, "{bits:#034x}"),
        }
    }
}

macro_rules! scalars {
    ($($number:ty => $variant:ident)*) => {$(
        impl From<$number> for Scalar {
            fn from(number: $number) -> Scalar {
                Scalar::$variant(number)
            }
        }
    )*};
}

scalars! { i32 => I32 i64 => I64 f32 => F32 f64 => F64 u128 => V128 }
