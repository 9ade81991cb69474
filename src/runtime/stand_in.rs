//! Conversion between a product's host function and the plugin that stands in for it: arguments to the stand-in's
//! input, and its output to results. Both hosts use it and make the calls.
//!
//! A function of one handle (or nothing) takes its bytes as they are, and one that gives a handle (or nothing) the
//! output as it is. All others take a JSON array with an entry an argument, and give theirs by the results' types.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Number, Value as Json};

use super::stand_in_error::{StandInError, StandInErrorKind, Wanted, shown_start};
pub use super::stand_in_types::{NumberType, Scalar, StandInType, StandInTypes};
use super::{Failure, ImportStandIn, ItemType};
use crate::text::quoted;

/// Most bytes that the handles of one call may have together: as JSON they may take six times as much.
const ARGUMENT_BYTES_MAX: u64 = 64 << 20;
/// The one key of an object that stands for bytes which are no text.
const BASE64_KEY: &str = "base64";

/// A result of a stand-in.
#[derive(Debug, Clone, PartialEq)]
pub enum ImportResult {
    /// Bytes for a new block, whose handle is the result.
    Block(Vec<u8>),
    Scalar(Scalar),
}

/// The blocks of the calling instance.
pub trait CallerBlocks {
    /// The length of a living block; `None` for any other number, 0 included.
    fn length(&mut self, handle: u64) -> Option<u64>;
    /// The bytes of a living block.
    ///
    /// # Errors
    /// No block lives at the handle, or the copy was interrupted.
    fn bytes(&mut self, handle: u64) -> Result<Vec<u8>, Failure>;
}

/// The conversion of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParamKind {
    Handle,
    /// An `i64` without a declared type.
    HandleOrNumber,
    Number(NumberType),
}

/// The conversion of one import's values.
#[derive(Debug, Clone)]
pub struct StandInForm {
    params: Vec<ParamKind>,
    results: Vec<ParamKind>,
    /// `MODULE.FUNCTION`, as messages show it.
    import: String,
    target: String,
}

impl StandInForm {
    /// The conversion for a function of these types; `None` stands for a type that is no number. `ty` is the function's
    /// type.
    ///
    /// # Errors
    /// A type is no number, or the types differ from the function's.
    pub fn new(
        stand_in: &ImportStandIn,
        ty: &ItemType,
        params: &[Option<NumberType>],
        results: &[Option<NumberType>],
    ) -> Result<Self, Failure> {
        let import = format!("{}.{}", quoted(&stand_in.module), quoted(&stand_in.function));
        let refused = |kind| Err(StandInError { import: &import, kind }.into());
        let numbers = |types: &[Option<NumberType>]| types.iter().copied().collect::<Option<Vec<_>>>();
        let (Some(params), Some(results)) = (numbers(params), numbers(results)) else {
            return refused(StandInErrorKind::Type { ty });
        };
        let fits = |of: &[StandInType], have: &[NumberType]| {
            of.len() == have.len() && of.iter().zip(have).all(|(of, have)| of.number() == *have)
        };
        if let Some(types) = &stand_in.types {
            let params_differ = types.params.as_ref().is_some_and(|of| !fits(of, &params));
            if params_differ || types.results.as_ref().is_some_and(|of| !fits(of, &results)) {
                let text = types_text(types).trim_start().to_owned();
                return refused(StandInErrorKind::OtherTypes { ty, text });
            }
        }
        let by_type = |types: &[NumberType]| -> Vec<ParamKind> {
            match types {
                // A single `i64` is a handle in most functions.
                [NumberType::I64] => vec![ParamKind::Handle],
                _ => types.iter().map(|ty| guessed(*ty)).collect(),
            }
        };
        let declared_slots =
            |types: &[StandInType]| types.iter().map(|ty| declared_slot(*ty)).collect::<Vec<ParamKind>>();
        let (declared_params, declared_results) = match &stand_in.types {
            Some(types) => (types.params.as_ref(), types.results.as_ref()),
            None => (None, None),
        };
        Ok(StandInForm {
            params: declared_params.map_or_else(|| by_type(&params), |types| declared_slots(types)),
            results: declared_results.map_or_else(|| by_type(&results), |types| declared_slots(types)),
            import,
            target: stand_in.target.clone(),
        })
    }

    /// True when the input is the bytes of the only argument, a handle, or nothing.
    pub fn takes_bytes(&self) -> bool {
        matches!(self.params.as_slice(), [] | [ParamKind::Handle])
    }

    /// True when the output is the bytes of the only result, a handle, or is ignored.
    pub fn gives_bytes(&self) -> bool {
        matches!(self.results.as_slice(), [] | [ParamKind::Handle])
    }

    /// The failure for the only argument of a function that takes bytes, where it is no handle.
    pub fn no_handle(&self, number: u64) -> Failure {
        self.failed(StandInErrorKind::NoHandle { number, alone: true })
    }

    /// The arguments as the stand-in's input: a JSON array.
    ///
    /// # Errors
    /// A block cannot be read or is over [`ARGUMENT_BYTES_MAX`].
    pub fn input(&self, arguments: &[Scalar], blocks: &mut dyn CallerBlocks) -> Result<Vec<u8>, Failure> {
        let too_large = || self.failed(StandInErrorKind::TooLarge { bytes_max: ARGUMENT_BYTES_MAX });
        let mut left = ARGUMENT_BYTES_MAX;
        let mut entries = Vec::with_capacity(arguments.len());
        for (slot, argument) in self.params.iter().zip(arguments) {
            let handle = match (slot, argument) {
                (ParamKind::Handle | ParamKind::HandleOrNumber, Scalar::I64(number)) => *number as u64,
                _ => {
                    entries.push(number_json(*argument));
                    continue;
                }
            };
            entries.push(match blocks.length(handle).filter(|_| handle != 0) {
                Some(length) => {
                    left = left.checked_sub(length).ok_or_else(too_large)?;
                    bytes_json(blocks.bytes(handle)?)
                }
                None if *slot == ParamKind::HandleOrNumber => number_json(*argument),
                None if handle == 0 => Json::String(String::new()),
                None => return Err(self.failed(StandInErrorKind::NoHandle { number: handle, alone: false })),
            });
        }
        serde_json::to_vec(&Json::Array(entries))
            .map_err(|error| self.failed(StandInErrorKind::NoJson(error.to_string())))
    }

    /// The results of a stand-in's output.
    ///
    /// # Errors
    /// The output is no JSON of the result's type.
    pub fn answers(&self, output: Vec<u8>) -> Result<Vec<ImportResult>, Failure> {
        match self.results.as_slice() {
            [] => Ok(Vec::new()),
            [ParamKind::Handle] => Ok(vec![ImportResult::Block(output)]),
            [slot] => Ok(vec![self.scalar(*slot, &String::from_utf8_lossy(&output))?]),
            slots => {
                let wrong = || self.gave(&output, Wanted::Array { entries: slots.len() });
                let entries: Vec<Json> = serde_json::from_slice(&output).map_err(|_| wrong())?;
                if entries.len() != slots.len() {
                    return Err(wrong());
                }
                slots.iter().zip(entries).map(|(slot, entry)| self.entry(*slot, entry)).collect()
            }
        }
    }

    fn entry(&self, slot: ParamKind, entry: Json) -> Result<ImportResult, Failure> {
        match (slot, entry) {
            (ParamKind::Number(_), Json::String(text)) => self.scalar(slot, &text),
            (ParamKind::Number(_) | ParamKind::HandleOrNumber, Json::Number(number)) => {
                self.scalar(slot, &number.to_string())
            }
            (ParamKind::Handle | ParamKind::HandleOrNumber, Json::String(text)) => {
                Ok(ImportResult::Block(text.into_bytes()))
            }
            (ParamKind::Handle | ParamKind::HandleOrNumber, entry) => {
                match entry.get(BASE64_KEY).and_then(Json::as_str) {
                    Some(text) => BASE64
                        .decode(text)
                        .map(ImportResult::Block)
                        .map_err(|_| self.gave(text.as_bytes(), Wanted::Base64)),
                    None => Err(self.gave(entry.to_string().as_bytes(), Wanted::Handle)),
                }
            }
            (ParamKind::Number(_), entry) => Err(self.gave(entry.to_string().as_bytes(), Wanted::Number)),
        }
    }

    /// A number out of text.
    fn scalar(&self, slot: ParamKind, text: &str) -> Result<ImportResult, Failure> {
        let ty = match slot {
            ParamKind::Number(ty) => ty,
            ParamKind::Handle | ParamKind::HandleOrNumber => NumberType::I64,
        };
        let text = text.trim();
        let read = Scalar::parse(ty, text).or_else(|| Scalar::parse(ty, &only_entry(text)?));
        read.map(ImportResult::Scalar).ok_or_else(|| self.gave(text.as_bytes(), Wanted::NumberOf(ty)))
    }

    fn gave(&self, output: &[u8], wanted: Wanted) -> Failure {
        self.failed(StandInErrorKind::Output { target: &self.target, output: shown_start(output), wanted })
    }

    fn failed(&self, kind: StandInErrorKind<'_>) -> Failure {
        StandInError { import: &self.import, kind }.into()
    }
}

fn guessed(ty: NumberType) -> ParamKind {
    match ty {
        NumberType::I64 => ParamKind::HandleOrNumber,
        ty => ParamKind::Number(ty),
    }
}

fn declared_slot(ty: StandInType) -> ParamKind {
    match ty {
        StandInType::Handle => ParamKind::Handle,
        ty => ParamKind::Number(ty.number()),
    }
}

/// The text of the only entry of a JSON array: an import of one number has its arguments in one, and so an echo.
fn only_entry(text: &str) -> Option<String> {
    let [entry] = <[Json; 1]>::try_from(serde_json::from_str::<Vec<Json>>(text).ok()?).ok()?;
    Some(entry.as_str().map_or_else(|| entry.to_string(), str::to_owned))
}

/// Types as they are written behind a function's name: `(handle, i32) -> i64`, or ` -> i64` without parameters' types.
pub fn types_text(types: &StandInTypes) -> String {
    let list = |types: &[StandInType]| types.iter().map(|ty| ty.as_str()).collect::<Vec<_>>().join(", ");
    let results = match types.results.as_deref() {
        None => String::new(),
        Some([one]) => format!(" -> {}", one.as_str()),
        Some(several) => format!(" -> ({})", list(several)),
    };
    let params = types.params.as_ref().map_or_else(String::new, |params| format!("({})", list(params)));
    format!("{params}{results}")
}

fn number_json(number: Scalar) -> Json {
    let float = |number: f64| {
        // JSON has no other numbers; the words are those that numbers are read from.
        Number::from_f64(number).map_or_else(|| Json::String(number.to_string()), Json::Number)
    };
    match number {
        Scalar::I32(number) => Json::from(number),
        Scalar::I64(number) => Json::from(number),
        Scalar::F32(number) => float(f64::from(number)),
        Scalar::F64(number) => float(number),
        // JSON has no such numbers.
        Scalar::V128(_) => Json::String(number.to_string()),
    }
}

fn bytes_json(bytes: Vec<u8>) -> Json {
    match String::from_utf8(bytes) {
        Ok(text) => Json::String(text),
        Err(error) => {
            let text = BASE64.encode(error.as_bytes());
            Json::Object(Map::from_iter([(BASE64_KEY.to_owned(), Json::String(text))]))
        }
    }
}

#[cfg(test)]
mod tests;
