//! `help wire` is true: its examples, its fields and its codes, asked of a server.

use plugsh::shell::command::wire::METHODS;
use serde_json::{Value, json};

use crate::served::serve;

/// Whether a value has all that an example shows of it.
fn shows(example: &Value, value: &Value) -> bool {
    match (example, value) {
        (Value::Object(example), Value::Object(value)) => {
            example.iter().all(|(name, field)| value.get(name).is_some_and(|value| shows(field, value)))
        }
        (Value::Array(example), Value::Array(value)) => {
            example.len() == value.len() && example.iter().zip(value).all(|(example, value)| shows(example, value))
        }
        _ => example == value,
    }
}

#[test]
fn every_example_gives_what_help_says() {
    let served = serve("");
    let mut wire = served.connect();
    for method in &METHODS {
        let params = serde_json::from_str(method.params).unwrap();
        let example: Value = serde_json::from_str(method.result).unwrap();
        let result = wire.ask(method.name, params);
        assert!(shows(&example, &result), "`help wire` says `{}` gives {example}, and it gives {result}", method.name);
    }
}

#[test]
fn every_field_is_documented() {
    let served = serve("");
    let mut wire = served.connect();
    for method in &METHODS {
        let error = wire.refused(method.name, json!({ "no_such_field": 1 }));
        assert_eq!(error["code"], -32_602, "`{}`: {error}", method.name);
        let message = error["message"].as_str().unwrap();
        let expected = message.split_once("expected ").unwrap_or_else(|| panic!("{message}")).1;
        let mut known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        // Bytes are taken out of the fields before they are looked at.
        known.extend((method.name == "call").then_some("input"));
        let mut documented: Vec<&str> = method.fields.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        documented.sort_unstable();
        assert_eq!(documented, known, "the fields of `{}`", method.name);
    }
}

#[test]
fn needed_fields_are_called_so() {
    let served = serve("");
    let mut wire = served.connect();
    for method in METHODS.iter().filter(|method| method.name != "hello") {
        let needed = method.fields.iter().find(|(_, what)| what.starts_with("needed"));
        let id = wire.request(method.name, json!({}));
        let response = wire.response(id);
        match needed {
            Some((name, _)) => {
                let error = &response["error"];
                assert_eq!(error["code"], -32_602, "`{}`: {response}", method.name);
                assert!(error["message"].as_str().unwrap().contains(&format!("missing field `{name}`")), "{error}");
            }
            None => assert!(response.get("error").is_none(), "`{}` needs no field: {response}", method.name),
        }
    }
}
