//! Tests of a product's host functions: names, and what a trace shows of values.

use std::collections::BTreeMap;

use super::*;

struct Blocks(BTreeMap<u64, Vec<u8>>);

impl CallerBlocks for Blocks {
    fn length(&mut self, handle: u64) -> Option<u64> {
        self.0.get(&handle).map(|bytes| bytes.len() as u64)
    }

    fn bytes(&mut self, handle: u64) -> Result<Vec<u8>, Failure> {
        self.0.get(&handle).cloned().ok_or_else(|| Failure::new(FailureKind::Trap, "no handle"))
    }
}

impl CallerMemory for Blocks {
    fn put(&mut self, bytes: &[u8]) -> Result<u64, Failure> {
        let handle = self.0.keys().next_back().map_or(1, |last| last + 1);
        self.0.insert(handle, bytes.to_vec());
        Ok(handle)
    }

    fn overwrite(&mut self, _: u64, _: &[u8]) -> Result<(), Failure> {
        unreachable!("no test overwrites")
    }

    fn free(&mut self, handle: u64) -> Result<(), Failure> {
        self.0.remove(&handle);
        Ok(())
    }

    fn peek(&mut self, handle: u64, bytes_max: usize) -> Vec<u8> {
        let mut bytes = self.0.get(&handle).cloned().unwrap_or_default();
        bytes.truncate(bytes_max);
        bytes
    }
}

fn function(module: &str, name: &str) -> ProductFunction {
    ProductFunction::new(module, name, [], [], |_, _, _| Ok(()))
}

fn refused(functions: Vec<ProductFunction>) -> String {
    ProductFunctions::new(functions).unwrap_err().to_string()
}

#[test]
fn names_of_plugshs_own_and_names_given_twice_are_refused() {
    for (module, name) in [
        ("extism:host/env", "mine"),
        ("extism:host/user", "call_plugin"),
        ("env", "find_plugin"),
        ("plugsh:bulk", "x"),
        ("plugsh:blocks", "call_plugin"),
        ("wasi_snapshot_preview1", "x"),
    ] {
        let own = format!("host function `{module}.{name}` is one of plugsh's own; choose another module or name");
        assert_eq!(refused(vec![function(module, name)]), own);
    }
    let twice = vec![function("env", "now"), function("shop", "now"), function("env", "now")];
    assert_eq!(refused(twice), "host function `env.now` is given twice");
    let none = "host function `shop.`: module and name have 1 to 4096 bytes";
    assert_eq!(refused(vec![function("shop", "")]), none);
    let many = ProductFunction::new("shop", "f", vec![StandInType::I32; VALUES_MAX + 1], [], |_, _, _| Ok(()));
    assert!(refused(vec![many]).starts_with("host function `shop.f` has too many values; at most 16 are taken"));
    assert!(ProductFunctions::new(vec![function("env", "now"), function("extism:host/user", "now")]).is_ok());
}

#[test]
fn values_are_shown_by_their_types_and_blocks_by_their_text() {
    use StandInType::{F64, Handle, I32, I64};
    let long = "ü".repeat(200);
    let blocks = [(1, b"a \"b\"\n".to_vec()), (2, vec![0xff, 0, 1]), (3, long.into_bytes())];
    let mut blocks = Blocks(BTreeMap::from(blocks));
    let values = [Scalar::I64(1), Scalar::I64(2), Scalar::I32(-3), Scalar::I64(1), Scalar::F64(0.5), Scalar::I64(0)];
    let (text, bytes) = shown(&[Handle, Handle, I32, I64, F64, Handle], &values, &mut blocks);
    assert_eq!(text, "\"a \"b\"\\n\", 3 bytes, -3, 1, 0.5, \"\"");
    assert_eq!(bytes, 9);
    let (text, bytes) = shown(&[Handle], &[Scalar::I64(3)], &mut blocks);
    assert!(text.starts_with("\"üüü") && text.ends_with("…\"") && text.chars().count() < 60, "{text}");
    assert_eq!(bytes, 400);
}
