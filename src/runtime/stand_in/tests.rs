//! Tests of stand-ins: types, inputs and answers.

use std::collections::BTreeMap;

use super::NumberType::{F32, F64, I32, I64, V128};
use super::*;

struct Blocks(BTreeMap<u64, Vec<u8>>);

impl CallerBlocks for Blocks {
    fn length(&mut self, handle: u64) -> Option<u64> {
        self.0.get(&handle).map(|bytes| bytes.len() as u64)
    }

    fn bytes(&mut self, handle: u64) -> Result<Vec<u8>, Failure> {
        Ok(self.0[&handle].clone())
    }
}

fn blocks() -> Blocks {
    Blocks(BTreeMap::from([(64, b"key".to_vec()), (72, vec![0xff, 0])]))
}

fn stand_in(types: Option<StandInTypes>) -> ImportStandIn {
    ImportStandIn { module: "shop".into(), function: "put".into(), types, target: "kv.put".into() }
}

fn form(params: &[NumberType], results: &[NumberType]) -> StandInForm {
    let some = |types: &[NumberType]| types.iter().copied().map(Some).collect::<Vec<_>>();
    StandInForm::new(&stand_in(None), &ItemType::Tag, &some(params), &some(results)).unwrap()
}

fn input(form: &StandInForm, arguments: &[Scalar]) -> String {
    String::from_utf8(form.input(arguments, &mut blocks()).unwrap()).unwrap()
}

#[test]
fn a_handle_in_and_a_handle_out_are_bytes() {
    for (params, results) in [(&[I64][..], &[I64][..]), (&[], &[]), (&[I64], &[])] {
        let form = form(params, results);
        assert!(form.takes_bytes() && form.gives_bytes(), "{form:?}");
    }
    assert!(!form(&[I64, I64], &[]).takes_bytes() && !form(&[I32], &[]).takes_bytes());
    assert!(!form(&[], &[I32]).gives_bytes());
}

#[test]
fn arguments_are_an_array_in_which_living_blocks_are_their_bytes() {
    let form = form(&[I64, I64, I64, I32, F32, F64], &[]);
    let arguments = [
        Scalar::I64(64),
        Scalar::I64(72),
        Scalar::I64(-5),
        Scalar::I32(-1),
        Scalar::F32(0.5),
        Scalar::F64(f64::NEG_INFINITY),
    ];
    assert_eq!(input(&form, &arguments), r#"["key",{"base64":"/wA="},-5,-1,0.5,"-inf"]"#);
    assert_eq!(input(&form, &[Scalar::I64(0)]), "[0]");
    let vector = self::form(&[V128], &[]);
    assert_eq!(input(&vector, &[Scalar::V128(255)]), r#"["0x000000000000000000000000000000ff"]"#);
}

#[test]
fn what_was_said_of_the_types_holds() {
    use StandInType::{Handle, I64 as Plain};
    let types = |params, results| Some(StandInTypes { params: Some(params), results });
    let declared = stand_in(types(vec![Handle, Plain], Some(vec![Plain])));
    let form = StandInForm::new(&declared, &ItemType::Function(None), &[Some(I64), Some(I64)], &[Some(I64)]).unwrap();
    assert_eq!(input(&form, &[Scalar::I64(0), Scalar::I64(64)]), r#"["",64]"#);
    assert_eq!(form.answers(b" 7\n".to_vec()), Ok(vec![ImportResult::Scalar(Scalar::I64(7))]));
    let wild = form.input(&[Scalar::I64(9), Scalar::I64(1)], &mut blocks()).unwrap_err();
    assert_eq!(wild.message, "import `shop.put` was given 9, which is no handle");
    for (params, results) in [(vec![Handle], None), (vec![StandInType::F32; 2], None), (vec![Plain; 2], Some(vec![]))] {
        let error =
            StandInForm::new(&stand_in(types(params, results)), &ItemType::Tag, &[Some(I64), Some(I64)], &[Some(I64)]);
        let message = error.unwrap_err().message;
        assert!(message.starts_with("import `shop.put` is tag, which `("), "{message}");
    }
    let error = StandInForm::new(&stand_in(None), &ItemType::Tag, &[None], &[]).unwrap_err();
    assert_eq!(error.message, "import `shop.put` is tag; a plugin stands in for handles and numbers alone");
}

#[test]
fn an_output_is_read_by_the_results_types() {
    let one = |ty, text: &str| form(&[], &[ty]).answers(text.as_bytes().to_vec());
    assert_eq!(one(I64, "7"), Ok(vec![ImportResult::Block(b"7".to_vec())]));
    assert_eq!(one(I32, "-7"), Ok(vec![ImportResult::Scalar(Scalar::I32(-7))]));
    assert_eq!(one(I32, "4294967295"), Ok(vec![ImportResult::Scalar(Scalar::I32(-1))]));
    assert_eq!(one(F32, "1.5"), Ok(vec![ImportResult::Scalar(Scalar::F32(1.5))]));
    assert_eq!(one(F64, "inf"), Ok(vec![ImportResult::Scalar(Scalar::F64(f64::INFINITY))]));
    for wrong in ["", "yes", "1.5", "99999999999"] {
        let message = one(I32, wrong).unwrap_err().message;
        assert!(message.starts_with("`kv.put` gave ") && message.ends_with("which wants an i32"), "{message}");
    }
    assert_eq!(one(V128, "0x10"), Ok(vec![ImportResult::Scalar(Scalar::V128(16))]));
    assert_eq!(one(I32, "[-7]"), Ok(vec![ImportResult::Scalar(Scalar::I32(-7))]), "an echo of one argument");
    assert!(one(I32, "[1, 2]").is_err());
    let several = form(&[], &[I64, I64, I32]);
    let answers = several.answers(br#"["a", 5, 6]"#.to_vec()).unwrap();
    let scalar = |number| ImportResult::Scalar(number);
    assert_eq!(answers, [ImportResult::Block(b"a".to_vec()), scalar(Scalar::I64(5)), scalar(Scalar::I32(6))]);
    let binary = several.answers(br#"[{"base64": "/wA="}, 5, "6"]"#.to_vec()).unwrap();
    assert_eq!(binary[0], ImportResult::Block(vec![0xff, 0]));
    for wrong in ["", "[]", "5", "[[], 5, 6]", "[{\"base64\": \"?\"}, 5, 6]", "[1, 2, {}]"] {
        assert!(several.answers(wrong.as_bytes().to_vec()).is_err(), "{wrong}");
    }
}

#[test]
fn too_much_at_once_is_refused_before_it_is_copied() {
    struct Large;
    impl CallerBlocks for Large {
        fn length(&mut self, _: u64) -> Option<u64> {
            Some(ARGUMENT_BYTES_MAX)
        }
        fn bytes(&mut self, handle: u64) -> Result<Vec<u8>, Failure> {
            assert_eq!(handle, 1, "only the first is copied");
            Ok(Vec::new())
        }
    }
    let form = form(&[I64, I64], &[]);
    let error = form.input(&[Scalar::I64(1), Scalar::I64(2)], &mut Large).unwrap_err();
    assert_eq!(error.message, "import `shop.put` was given more than 64 MiB at once");
}
