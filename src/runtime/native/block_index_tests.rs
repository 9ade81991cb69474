//! The table of blocks against a plain list, by random steps.

use super::*;

/// The model of the table: a plain list.
#[derive(Default)]
struct Plain(Vec<(u32, u32, u32)>);

impl Plain {
    fn first_fit(&self, length: u32) -> Option<u32> {
        self.0.iter().find(|(_, size, used)| *used == 0 && *size >= length).map(|(offset, _, _)| *offset)
    }
}

/// One random step in both.
fn step(rng: &mut fastrand::Rng, index: &mut BlockIndex, plain: &mut Plain, end: &mut u32) {
    let some = |rng: &mut fastrand::Rng, plain: &Plain| rng.usize(..plain.0.len().max(1));
    match rng.u8(..8) {
        0..=2 => {
            let size = rng.u32(1..4000);
            index.push(*end, size);
            plain.0.push((*end, size, size));
            *end += size + 12;
        }
        3..=5 => {
            let at = some(rng, plain);
            let Some(block) = plain.0.get_mut(at) else { return };
            let slot = index.find(u64::from(block.0)).expect("a block");
            block.2 = 0;
            index.free(slot);
        }
        _ => {
            let length = rng.u32(1..4000);
            let Some(slot) = index.first_fit(length) else { return };
            let offset = index.offset(slot);
            let at = plain.0.iter().position(|block| block.0 == offset).expect("a block");
            let (_, size, _) = plain.0[at];
            if size - length < 128 {
                index.take(slot, length);
                plain.0[at].2 = length;
            } else {
                index.split(slot, size - length - 12, offset + size - length, length);
                plain.0[at].1 = size - length - 12;
                plain.0.insert(at + 1, (offset + size - length, length, length));
            }
        }
    }
}

#[test]
fn it_is_what_a_plain_list_is() {
    let mut rng = fastrand::Rng::with_seed(11);
    let (mut index, mut plain, mut end) = (BlockIndex::default(), Plain::default(), 77);
    for round in 0..60_000 {
        step(&mut rng, &mut index, &mut plain, &mut end);
        let length = rng.u32(1..4200);
        assert_eq!(index.first_fit(length).map(|slot| index.offset(slot)), plain.first_fit(length), "round {round}");
        if round % 20_000 == 19_999 {
            assert!(plain.0.len() > FANOUT * FANOUT, "too few for three levels: {}", plain.0.len());
            for (offset, size, used) in &plain.0 {
                let slot = index.find(u64::from(*offset)).expect("a block");
                assert_eq!((index.size(slot), index.used(slot)), (*size, *used));
            }
            assert_eq!(index.blocks(), plain.0.len());
            index.clear();
            (plain, end) = (Plain::default(), 77);
        }
    }
}

#[test]
fn a_handle_that_is_none_is_not_found() {
    let mut index = BlockIndex::default();
    assert_eq!(index.find(77), None);
    index.push(77, 10);
    index.push(99, 10);
    for wild in [0, 76, 78, 98, 100, u64::MAX, 1 << 32, 77 | 1 << 32] {
        assert_eq!(index.find(wild), None, "{wild}");
    }
    index.clear();
    assert_eq!((index.find(77), index.first_fit(1)), (None, None));
}
