//! The JSON schema of a project's file, for editors: made from the definitions of the options that are its keys.

use serde_json::{Map, Value, json};

use super::file::{LEFT_OUT, LIMIT_OPTIONS, LOAD};
use super::keys::{key_of, takes_table};
use crate::shell::command::{Kind, OptionShape, Shape};

/// The schema. `stub` has the options of the command of that name.
pub fn schema(stub: &Shape) -> Value {
    let text = json!({ "type": "string" });
    let texts = json!({ "oneOf": [text, { "type": "array", "items": text }] });
    let source = json!({ "type": "string", "description": "a name, a path or a URL; its name where it is left out" });
    let function =
        json!({ "type": "string", "description": "PLUGIN.FUNCTION, or MODULE:FUNCTION of a product's host" });
    let answer = json!({ "description": "the answer: a text, or a value that becomes JSON" });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "plugsh.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "plugin_dirs": described(&texts, "directories that are searched for names of plugins"),
            "policy": described(&text, "the file of the policy"),
            "tests": described(&texts, "globs of the files that `plugsh test` runs"),
            "limits": object(&LIMIT_OPTIONS, &[], []),
            "plugin": { "type": "object", "additionalProperties": object(&LOAD, &LEFT_OUT, [("source", source)]) },
            "stub": { "type": "array", "items": object(stub, &[], [("function", function), ("answer", answer)]) },
        },
    })
}

fn described(schema: &Value, description: &str) -> Value {
    let mut schema = schema.clone();
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".to_owned(), description.into());
    }
    schema
}

/// A table with the options as keys, and others.
fn object<const N: usize>(shape: &Shape, left_out: &[&str], own: [(&str, Value); N]) -> Value {
    let options = shape.options.iter().map(|option| (key_of(option), option_schema(option)));
    let options = options.filter(|(key, _)| !left_out.contains(&key.as_str()));
    let own = own.into_iter().map(|(key, schema)| (key.to_owned(), schema));
    let properties: Map<String, Value> = own.chain(options).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn option_schema(option: &OptionShape) -> Value {
    let Some((value_name, kind)) = &option.value else {
        return described(&json!({ "type": "boolean" }), &option.help);
    };
    let one = match kind {
        Kind::Words(words) if words.iter().all(|word| !word.ends_with('=')) => json!({ "enum": words }),
        _ => json!({ "type": ["string", "number"] }),
    };
    let mut forms = vec![one.clone()];
    if option.repeats {
        forms.push(json!({ "type": "array", "items": one }));
    }
    if option.repeats && takes_table(value_name) {
        forms.push(json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } }));
    }
    let schema = if forms.len() == 1 { one } else { json!({ "oneOf": forms }) };
    described(&schema, &option.help)
}
