//! Values that came from the environment, where a spec is written down: the references stand there, not the values.

use super::reference::{ReferenceError, expanded};
use crate::runtime::Spec;

/// The spec with references in place of the values that they stood for.
pub fn concealed(mut spec: Spec) -> Spec {
    let written = spec.written.clone();
    spec.config.extend(written.config);
    spec.wasi_input.env.extend(written.env);
    spec
}

/// A concealed spec with the values of this environment.
///
/// # Errors
/// A variable is not set, or not UTF-8.
pub fn revealed(mut spec: Spec) -> Result<Spec, ReferenceError> {
    for (key, written) in &spec.written.config {
        spec.config.insert(key.clone(), expanded(written)?.value);
    }
    for (key, written) in &spec.written.env {
        spec.wasi_input.env.insert(key.clone(), expanded(written)?.value);
    }
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concealed_spec_has_no_value_and_gets_it_back() {
        let path = std::env::var("PATH").unwrap();
        let mut spec = Spec::default();
        spec.config.extend([("a".to_owned(), path.clone()), ("b".to_owned(), "plain".to_owned())]);
        spec.wasi_input.env.insert("P".to_owned(), format!("{path}!"));
        spec.written.config.insert("a".to_owned(), "${PATH}".to_owned());
        spec.written.env.insert("P".to_owned(), "${PATH}!".to_owned());
        let concealed = concealed(spec.clone());
        assert!(!serde_json::to_string(&concealed).unwrap().contains(&path));
        assert_eq!(concealed.config.get("b").map(String::as_str), Some("plain"));
        assert_eq!(revealed(concealed), Ok(spec));
    }
}
