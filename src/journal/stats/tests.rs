//! Tests of the accounts on a small session that can be added up by hand.

use super::*;
use crate::journal::record::{Growth, Outcome};

/// shell → front (100 B in, 10 out) → cart twice (50 in, 5 out each) → disk once below the first cart (200 in, 0 out).
fn session() -> Vec<Record> {
    let names = ["shell", "front", "cart", "disk"].map(Symbol::intern);
    let call = |seq, parent_seq, caller: u32, callee: u32, bytes_in, bytes_out, duration_ns, nested_ns| Record {
        seq,
        parent_seq,
        caller,
        caller_name: names[caller as usize],
        callee,
        callee_name: names[callee as usize],
        function: Symbol::intern(if seq == 3 { "second" } else { "run" }),
        bytes_in,
        bytes_out,
        duration_ns,
        nested_ns,
        outcome: if seq == 3 { Outcome::Trap } else { Outcome::Ok },
        ..Record::default()
    };
    // In the order they end: a call comes after those nested in it.
    vec![
        call(4, 2, 2, 3, 200, 0, 10, 0),
        call(2, 1, 1, 2, 50, 5, 30, 10),
        call(3, 1, 1, 2, 50, 5, 20, 0),
        call(1, 0, 0, 1, 100, 10, 100, 50),
    ]
}

fn row(rows: &[StatsRow], label: &str) -> StatsRow {
    let found = rows.iter().find(|row| row.label() == label);
    found
        .cloned()
        .unwrap_or_else(|| panic!("no row {label} in {:?}", rows.iter().map(StatsRow::label).collect::<Vec<_>>()))
}

#[test]
fn a_row_adds_up_its_calls() {
    let rows = Stats::of(By::Callee, None, &session()).into_rows();
    assert_eq!(rows.iter().map(StatsRow::label).collect::<Vec<_>>(), ["1:front", "2:cart", "3:disk"]);
    let cart = row(&rows, "2:cart");
    assert_eq!((cart.calls, cart.errors, cart.bytes_in, cart.bytes_out), (2, 1, 100, 10));
    assert_eq!((cart.total_ns, cart.self_ns, cart.avg_ns, cart.max_ns), (50, 40, 25, 30));
    assert_eq!((cart.p50_ns, cart.p90_ns, cart.p99_ns), (20, 30, 30));
    assert_eq!(cart.durations.count(), 2);
}

#[test]
fn shares_are_of_self_time_and_add_up_to_one() {
    let rows = Stats::of(By::Callee, None, &session()).into_rows();
    assert_eq!(row(&rows, "1:front").share, 0.5);
    assert_eq!(row(&rows, "2:cart").share, 0.4);
    assert!((rows.iter().map(|row| row.share).sum::<f64>() - 1.0).abs() < 1e-9);
}

#[test]
fn amplification_is_what_was_moved_below_per_byte_given() {
    let rows = Stats::of(By::Callee, None, &session()).into_rows();
    assert_eq!(row(&rows, "1:front").amplification, Some(3.1), "2 x 55 and 200 below, for 100");
    assert_eq!(row(&rows, "2:cart").amplification, Some(2.0), "200 below one of two, for 100 given to both");
    assert_eq!(row(&rows, "3:disk").amplification, Some(0.0));

    let given_nothing = [Record { seq: 1, outcome: Outcome::Ok, ..Record::default() }];
    let rows = Stats::of(By::Callee, None, &given_nothing).into_rows();
    assert_eq!((rows[0].amplification, rows[0].label().as_str()), (None, "?"));
}

#[test]
fn a_filter_picks_rows_but_what_lies_below_still_counts() {
    let filter = Filter::parse("depth = 0 and callee = front").unwrap();
    let rows = Stats::of(By::Callee, Some(&filter), &session()).into_rows();
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].amplification, rows[0].share), (Some(3.1), 0.5));
}

#[test]
fn edges_and_functions_are_rows_too() {
    let rows = Stats::of(By::Edge, None, &session()).into_rows();
    let labels: Vec<String> = rows.iter().map(StatsRow::label).collect();
    assert_eq!(labels, ["1:front → 2:cart", "2:cart → 3:disk", "shell → 1:front"]);
    let rows = Stats::of(By::Function, None, &session()).into_rows();
    let labels: Vec<String> = rows.iter().map(StatsRow::label).collect();
    assert_eq!(labels, ["1:front.run", "2:cart.run", "2:cart.second", "3:disk.run"]);
}

#[test]
fn running_calls_are_left_out() {
    let running = [Record { seq: 1, ..Record::default() }];
    assert!(Stats::of(By::Callee, None, &running).into_rows().is_empty());
}

#[test]
fn rows_are_bounded_and_nothing_is_lost() {
    let mut stats = Stats::new(By::Callee);
    for callee in 1..=STATS_ROWS_MAX as u32 + 100 {
        stats.add(&Record { seq: u64::from(callee), callee, outcome: Outcome::Ok, ..Record::default() });
    }
    let rows = stats.into_rows();
    assert_eq!(rows.len(), STATS_ROWS_MAX);
    assert_eq!(row(&rows, "(other)").calls, 101);
}

#[test]
fn a_grouping_knows_its_name() {
    for by in [By::Callee, By::Edge, By::Function] {
        assert_eq!(by.as_str().parse(), Ok(by));
    }
    assert_eq!("xyz".parse::<By>(), Err("no grouping `xyz`; there are: callee edge function".to_owned()));
}

#[test]
fn a_row_of_the_accounts_has_nulls_for_what_does_not_apply() {
    let rows = Stats::of(By::Function, None, &session()).into_rows();
    assert_eq!(
        serde_json::to_string(&row(&rows, "2:cart.run")).unwrap(),
        r#"{"caller":null,"caller_name":null,"callee":2,"callee_name":"cart","function":"run","calls":1,"errors":0,"bytes_in":50,"bytes_out":5,"grew_bytes":0,"fuel_total":null,"fuel_self":null,"total_us":0.03,"self_us":0.02,"loads_us":0,"held_us":0,"avg_us":0.03,"p50_us":0.03,"p90_us":0.03,"p99_us":0.03,"max_us":0.03,"share":0.2,"amplification":4.0}"#
    );
    let rows = Stats::of(By::Edge, None, &session()).into_rows();
    let edge = serde_json::to_string(&row(&rows, "shell → 1:front")).unwrap();
    assert!(
        edge.starts_with(r#"{"caller":0,"caller_name":"shell","callee":1,"callee_name":"front","function":null"#),
        "{edge}"
    );
}

#[test]
fn fuel_and_growth_add_up_and_the_total_has_the_calls_below() {
    let mut records = session();
    for (record, fuel) in records.iter_mut().zip(1..) {
        record.fuel = fuel * 100;
        record.grew = Growth::of_bytes(Some(fuel << 16));
    }
    let expected = |of: &dyn Fn(&Record) -> bool| {
        records.iter().filter(|record| record.outcome.is_ended() && of(record)).map(|record| record.fuel).sum::<u64>()
    };
    let rows = Stats::of(By::Callee, None, &records).into_rows();
    for row in &rows {
        let own = expected(&|record| record.callee == row.callee.0);
        assert_eq!(row.fuel_self, Some(own), "{}", row.label());
        assert_eq!(row.grew_bytes, (own / 100) << 16, "{}", row.label());
        assert!(row.fuel_total >= row.fuel_self, "{}", row.label());
    }
    let front = rows.iter().find(|row| row.label() == "1:front").unwrap();
    let below = |record: &Record| {
        let mut at = Some(record);
        std::iter::from_fn(|| {
            let now = at?;
            at = records.iter().find(|parent| parent.seq == now.parent_seq);
            Some(now)
        })
        .any(|above| above.callee == 1)
    };
    assert_eq!(front.fuel_total, Some(expected(&below)));
}
