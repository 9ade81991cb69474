//! Tests of the ring: against a plain `Vec` as its model, and of what threads see of each other.

use proptest::prelude::*;

use super::*;
use crate::journal::lane::Lane;
use crate::journal::lane_buffer::LANE_RECORDS_MAX;
use crate::journal::payload::{KeptState, Payload};
use crate::journal::record::Outcome;

fn journal(records_max: usize) -> Arc<Journal> {
    Arc::new(Journal::new(records_max, PayloadSettings::default()))
}

fn ended(seq: u64) -> Record {
    Record { seq, at_ns: seq * 10, duration_ns: 5, outcome: Outcome::Ok, ..Record::default() }
}

fn seqs(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.seq).collect()
}

#[test]
fn a_view_sees_what_is_still_in_a_lane() {
    let journal = journal(100);
    let lane = Lane::open(&journal);
    for _ in 0..3 {
        lane.push(ended(lane.next_seq(0)));
    }
    assert_eq!(seqs(&journal.drain().records(2)), [2, 3]);
    assert_eq!((journal.drain().total(), journal.drain().len(), journal.drain().dropped()), (3, 3, 0));
    assert_eq!(journal.drain().get(1).map(|record| record.at_ns), Some(10));
    assert_eq!(journal.drain().with_records(|records| records.map(|record| record.seq).sum::<u64>()), 6);
    assert_eq!(seqs(&journal.drain().find(9, |record| record.seq != 2)), [1, 3]);
}

#[test]
fn a_dropped_lane_hands_over_and_is_forgotten() {
    let journal = journal(100);
    let lane = Lane::open(&journal);
    lane.push(ended(1));
    drop(lane);
    assert!(journal.lanes.lock().is_empty());
    assert_eq!(seqs(&journal.drain().records(9)), [1]);
}

#[test]
fn off_forgets_pushes_and_clear_forgets_records() {
    let journal = journal(100);
    let lane = Lane::open(&journal);
    lane.push(ended(1));
    journal.set_on(false);
    lane.push(ended(2));
    assert!(!journal.is_on());
    assert_eq!(seqs(&journal.drain().records(9)), [1]);
    journal.set_on(true);
    lane.push(ended(3));
    journal.clear();
    assert!(journal.drain().is_empty());
    lane.push(ended(4));
    assert_eq!(
        (seqs(&journal.drain().records(9)), journal.drain().total(), journal.drain().dropped()),
        (vec![4], 3, 0)
    );
}

#[test]
fn a_follower_gets_each_record_once_in_the_order_they_ended() {
    let journal = journal(100);
    let (one, two) = (Lane::open(&journal), Lane::open(&journal));
    let mut late = journal.drain().cursor_at_start();
    one.push(ended(3));
    two.push(ended(1));
    one.push(Record { seq: 2, at_ns: 1, duration_ns: 1000, ..ended(2) });
    assert_eq!(seqs(&journal.follow(&mut late).records), [1, 3, 2]);
    assert_eq!(journal.follow(&mut late), Followed::default());
    let mut new = journal.drain().cursor_at_end();
    two.push(ended(4));
    assert_eq!(seqs(&journal.follow(&mut new).records), [4]);
    assert_eq!(seqs(&journal.follow(&mut late).records), [4]);
}

#[test]
fn a_slow_follower_is_bounded_and_learns_what_it_missed() {
    let journal = journal(FOLLOW_RECORDS_MAX + 10);
    let lane = Lane::open(&journal);
    let mut cursor = journal.drain().cursor_at_end();
    let pushed = FOLLOW_RECORDS_MAX as u64 + 30;
    (1..=pushed).for_each(|seq| lane.push(ended(seq)));
    let first = journal.follow(&mut cursor);
    assert_eq!((first.records.len(), first.missed), (FOLLOW_RECORDS_MAX, 20));
    let second = journal.follow(&mut cursor);
    assert_eq!((second.records.len(), second.missed), (10, 0));
}

#[test]
fn a_wait_ends_when_another_thread_pushes() {
    let journal = journal(100);
    let mut cursor = journal.drain().cursor_at_end();
    assert!(!journal.wait(&cursor, Duration::ZERO));
    let lane = Lane::open(&journal);
    let (go, gone) = std::sync::mpsc::channel();
    let pusher = std::thread::spawn(move || {
        for seq in 1..=50 {
            gone.recv().unwrap();
            lane.push(ended(seq));
        }
    });
    for seq in 1..=50 {
        go.send(()).unwrap();
        while !journal.wait(&cursor, Duration::from_secs(60)) {}
        assert_eq!(seqs(&journal.follow(&mut cursor).records), [seq]);
    }
    pusher.join().unwrap();
}

#[test]
fn wake_ends_a_wait_for_nothing() {
    let journal = journal(100);
    let cursor = journal.drain().cursor_at_end();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(!journal.wait(&cursor, Duration::from_secs(60)));
            done.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            journal.wake();
            std::thread::yield_now();
        }
    });
}

#[test]
fn payloads_are_off_until_both_numbers_are_set() {
    let journal = journal(100);
    assert_eq!(journal.payload_bytes_each_max(), 0);
    journal.set_payload_settings(PayloadSettings::all(4, 0));
    assert_eq!(journal.payload_bytes_each_max(), 0);
    let settings = PayloadSettings::all(4, 6);
    journal.set_payload_settings(settings);
    assert_eq!((journal.payload_bytes_each_max(), journal.payload_settings()), (4, settings));

    let lane = Lane::open(&journal);
    for seq in 1..=2 {
        let payload = Payload::keep(b"hello", b"", journal.payload_bytes_each_max());
        lane.push(Record { payload: Some(Box::new(payload)), ..ended(seq) });
    }
    assert_eq!(journal.payload_bytes(), 4);
    let states: Vec<KeptState> =
        journal.drain().records(9).iter().filter_map(|record| Some(record.payload.as_ref()?.input.state)).collect();
    assert_eq!(states, [KeptState::Dropped, KeptState::Cut]);
    journal.set_payload_settings(PayloadSettings::default());
    assert_eq!(journal.payload_bytes(), 0);
}

#[test]
fn running_calls_are_merged_by_seq_and_an_end_wins() {
    let running = |seq| Record { outcome: Outcome::Running, ..ended(seq) };
    let merged = merge_running(vec![ended(2), ended(3)], vec![running(1), running(3), running(4)]);
    let outcomes: Vec<(u64, Outcome)> = merged.iter().map(|record| (record.seq, record.outcome)).collect();
    assert_eq!(outcomes, [(1, Outcome::Running), (2, Outcome::Ok), (3, Outcome::Ok), (4, Outcome::Running)]);
}

#[test]
fn jobs_push_while_views_look_and_nothing_is_lost() {
    // A thousand are numbered one by one, the others in whole blocks: so no number is left over.
    const PUSHES: u64 = 21_000;
    let journal = journal(2 * PUSHES as usize);
    let mut cursor = journal.drain().cursor_at_start();
    let mut followed = 0;
    std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..2)
            .map(|_| {
                let lane = Lane::open(&journal);
                scope.spawn(move || (0..PUSHES).for_each(|_| lane.push(ended(lane.next_seq(0)))))
            })
            .collect();
        while !jobs.iter().all(|job| job.is_finished()) {
            followed += journal.follow(&mut cursor).records.len();
            assert!(journal.drain().records(10).is_sorted_by_key(|record| record.seq));
        }
    });
    while let records @ 1.. = journal.follow(&mut cursor).records.len() {
        followed += records;
    }
    assert_eq!(followed as u64, 2 * PUSHES);
    assert_eq!(seqs(&journal.drain().records(usize::MAX)), (1..=2 * PUSHES).collect::<Vec<u64>>());
}

/// A step that a test does to a journal and to its model.
#[derive(Clone, Debug)]
enum Step {
    Push { lane: usize, seq: u64, payload_bytes: usize },
    View { last: usize },
    Get { seq: u64 },
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..3usize, 1..500u64, 0..12usize)
            .prop_map(|(lane, seq, payload_bytes)| Step::Push { lane, seq, payload_bytes }),
        1 => (0..40usize).prop_map(|last| Step::View { last }),
        1 => (1..500u64).prop_map(|seq| Step::Get { seq }),
        1 => Just(Step::Clear),
    ]
}

proptest! {
    #[test]
    fn the_ring_does_what_a_plain_vec_does(steps in prop::collection::vec(step(), 1..600), records_max in 1..200usize) {
        const BUDGET: u64 = 40;
        let journal = Arc::new(Journal::new(records_max, PayloadSettings::all(100, BUDGET)));
        let lanes = [Lane::open(&journal), Lane::open(&journal), Lane::open(&journal)];
        let mut waiting: [Vec<u64>; 3] = Default::default();
        let mut model: Vec<u64> = Vec::new();
        let mut used = std::collections::HashSet::new();
        let mut pushed = 0;

        for step in steps {
            match step {
                Step::Push { lane, seq, payload_bytes } => {
                    if !used.insert(seq) {
                        continue;
                    }
                    pushed += 1;
                    let payload = (payload_bytes > 0)
                        .then(|| Box::new(Payload::keep(&vec![b'x'; payload_bytes], b"", 100)));
                    waiting[lane].push(seq);
                    if payload.is_some() {
                        model.append(&mut waiting[lane]);
                    } else if waiting[lane].len() > LANE_RECORDS_MAX {
                        model.extend(waiting[lane].drain(..LANE_RECORDS_MAX));
                    }
                    lanes[lane].push(Record { payload, ..ended(seq) });
                }
                Step::Clear => {
                    waiting.iter_mut().for_each(Vec::clear);
                    model.clear();
                    journal.clear();
                }
                Step::View { .. } | Step::Get { .. } => {
                    waiting.iter_mut().for_each(|lane| model.append(lane));
                    model.drain(..model.len().saturating_sub(records_max));
                    let mut by_seq = model.clone();
                    by_seq.sort_unstable();
                    match step {
                        Step::View { last } => {
                            let newest = &by_seq[by_seq.len().saturating_sub(last)..];
                            prop_assert_eq!(seqs(&journal.drain().records(last)), newest);
                        }
                        Step::Get { seq } => {
                            prop_assert_eq!(journal.drain().get(seq).is_some(), model.contains(&seq));
                        }
                        _ => unreachable!("matched above"),
                    }
                    prop_assert_eq!(journal.drain().len(), model.len());
                }
            }
            let kept: u64 = journal.drain().with_records(|records| {
                records.filter_map(|record| record.payload.as_ref()).map(|payload| payload.kept_bytes()).sum()
            });
            // Looking drains the lanes, so the model drains them as well.
            waiting.iter_mut().for_each(|lane| model.append(lane));
            prop_assert_eq!(journal.payload_bytes(), kept);
            prop_assert!(kept <= BUDGET);
        }
        prop_assert_eq!(journal.drain().total(), pushed);
    }
}
