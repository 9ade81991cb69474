//! Types of imports and exports as values, the same for both hosts. Displayed, they are for people.

use std::fmt;

use super::stand_in_types::NumberType;

/// The type of an import or export. Parts that a module does not tell are `None`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ItemType {
    Function(Option<FunctionType>),
    /// With the type of its elements.
    Table(Option<ValueType>),
    /// With the type of its value.
    Global(Option<ValueType>),
    Memory {
        shared: bool,
    },
    Tag,
    /// No module's: stubs answer for it.
    Stub,
}

/// The type of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FunctionType {
    pub params: Vec<ValueType>,
    pub results: Vec<ValueType>,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ValueType {
    Number(NumberType),
    /// A vector or a reference, as wasm's text format writes it without short forms.
    Other(Box<str>),
}

impl FunctionType {
    /// A type of these parameters and results.
    pub fn new(
        params: impl IntoIterator<Item = impl Into<ValueType>>,
        results: impl IntoIterator<Item = impl Into<ValueType>>,
    ) -> Self {
        FunctionType {
            params: params.into_iter().map(Into::into).collect(),
            results: results.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<NumberType> for ValueType {
    fn from(number: NumberType) -> Self {
        ValueType::Number(number)
    }
}

impl fmt::Display for ItemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ItemType::Function(Some(ty)) => ty.fmt(f),
            ItemType::Function(None) => f.write_str("function"),
            ItemType::Table(Some(element)) => write!(f, "table of {element}"),
            ItemType::Table(None) => f.write_str("table"),
            ItemType::Global(Some(content)) => write!(f, "global {content}"),
            ItemType::Global(None) => f.write_str("global"),
            ItemType::Memory { shared: true } => f.write_str("shared memory"),
            ItemType::Memory { shared: false } => f.write_str("memory"),
            ItemType::Tag => f.write_str("tag"),
            ItemType::Stub => f.write_str("a stub"),
        }
    }
}

impl fmt::Display for FunctionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |types: &[ValueType]| types.iter().map(ValueType::to_string).collect::<Vec<_>>().join(" ");
        write!(f, "function ({}) -> ({})", list(&self.params), list(&self.results))
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueType::Number(number) => f.write_str(number.as_str()),
            ValueType::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_compared_as_values_and_shown_as_text() {
        let function = FunctionType::new([NumberType::I32, NumberType::F64], [ValueType::Other("(ref func)".into())]);
        assert_eq!(ItemType::Function(Some(function.clone())).to_string(), "function (i32 f64) -> ((ref func))");
        assert_ne!(FunctionType { results: Vec::new(), ..function.clone() }, function);
        assert_eq!(ItemType::Memory { shared: true }.to_string(), "shared memory");
        assert_eq!(ItemType::Global(Some(NumberType::I64.into())).to_string(), "global i64");
    }
}
