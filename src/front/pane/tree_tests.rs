//! Tests of the tree's rows.

use super::*;
use crate::front::pane::fixture::process;
use crate::front::pane::snapshot::{HeldCall, Scope};

/// A moment with these processes.
fn moment(processes: &[ProcessView]) -> Snapshot {
    Snapshot { processes: processes.to_vec(), ..Snapshot::default() }
}

fn row_texts(processes: &[ProcessView], query: &SnapshotQuery, options: &TreeOptions) -> Vec<String> {
    rows(&moment(processes), query, options)
        .iter()
        .map(|row| {
            let expansion = match row.expansion {
                Expansion::Leaf | Expansion::Expanded => String::new(),
                Expansion::Folded(count) => format!(" +{count}"),
                Expansion::Summary { siblings, busy, crashed } => {
                    format!(" {siblings} ({busy} busy, {crashed} crashed)")
                }
            };
            let name = match row.id {
                RowId::Shell => "shell".to_owned(),
                RowId::Process(id) => id.to_string(),
                RowId::More(parent) => format!("more of {parent}"),
            };
            format!("{}{name}{expansion}", "  ".repeat(row.depth))
        })
        .collect()
}

fn family() -> Vec<ProcessView> {
    vec![
        process(1, 0, "front"),
        process(2, 1, "cart"),
        process(3, 2, "tax"),
        process(4, 1, "stock"),
        process(5, 0, "log"),
    ]
}

#[test]
fn everybody_stands_under_who_spawned_them() {
    let rows = row_texts(&family(), &SnapshotQuery::default(), &TreeOptions::default());
    assert_eq!(rows, ["shell", "  1", "    2", "      3", "    4", "  5"]);
}

#[test]
fn no_process_is_the_shell_alone() {
    assert_eq!(row_texts(&[], &SnapshotQuery::default(), &TreeOptions::default()), ["shell"]);
}

#[test]
fn an_orphan_stands_under_the_shell() {
    let processes = [process(7, 3, "orphan")];
    assert_eq!(row_texts(&processes, &SnapshotQuery::default(), &TreeOptions::default()), ["shell", "  7"]);
}

#[test]
fn folding_counts_what_it_hides() {
    let mut options = TreeOptions::default();
    options.folded.insert(1);
    assert_eq!(row_texts(&family(), &SnapshotQuery::default(), &options), ["shell", "  1 +3", "  5"]);
    options.folded.insert(0);
    assert_eq!(row_texts(&family(), &SnapshotQuery::default(), &options), ["shell +5"]);
}

#[test]
fn many_siblings_are_counted_until_spread() {
    let mut processes: Vec<ProcessView> = (1..=1000).map(|id| process(id, 0, "w")).collect();
    processes[500].state = ProcessState::Running;
    processes[600].state = ProcessState::Crashed { crash: crate::kernel::Crash::Host };
    let mut options = TreeOptions::default();
    let few = row_texts(&processes, &SnapshotQuery::default(), &options);
    assert_eq!(few.len(), 1 + SIBLINGS_SHOWN + 1);
    assert_eq!(few.last().map(String::as_str), Some("  more of 0 988 (1 busy, 1 crashed)"));
    options.expanded.insert(0);
    assert_eq!(rows(&moment(&processes), &SnapshotQuery::default(), &options).len(), 1001);
}

#[test]
fn sorting_by_what_costs_puts_the_greatest_first() {
    let mut processes = vec![process(1, 0, "b"), process(2, 0, "c"), process(3, 0, "a")];
    processes[1].calls = 5;
    processes[2].calls = 9;
    let orders = || std::iter::successors(Some(Sort::default()), |sort| Some(sort.next()));
    let sorted = |title: &str| {
        let sort = orders().take(SORT_COLUMNS.len()).find(|sort| sort.title() == title).unwrap();
        row_texts(&processes, &SnapshotQuery::default(), &TreeOptions { sort, ..TreeOptions::default() })
    };
    assert_eq!(sorted("id"), ["shell", "  1", "  2", "  3"]);
    assert_eq!(sorted("calls"), ["shell", "  3", "  2", "  1"]);
    assert_eq!(sorted("name"), ["shell", "  3", "  1", "  2"]);
    assert_eq!(orders().nth(SORT_COLUMNS.len()), Some(Sort::default()), "the key walks in a circle");
}

#[test]
fn a_filter_keeps_the_ancestors_of_what_matches() {
    let query = SnapshotQuery::new("TAX", Scope::All);
    assert_eq!(row_texts(&family(), &query, &TreeOptions::default()), ["shell", "  1", "    2", "      3"]);
    let mut processes = family();
    processes[3].errors = 1;
    let query = SnapshotQuery::new("", Scope::ErrorsOnly);
    assert_eq!(row_texts(&processes, &query, &TreeOptions::default()), ["shell", "  1", "    4"]);
}

#[test]
fn processes_are_filtered_by_state_and_figures() {
    let mut snapshot = moment(&family());
    snapshot.processes[2].calls = 101;
    snapshot.held = vec![HeldCall { process: 4, job: 1 }];
    let shown = |text: &str| {
        let rows = rows(&snapshot, &SnapshotQuery::new(text, Scope::All), &TreeOptions::default());
        rows.into_iter().filter_map(|row| row.index).map(|index| snapshot.processes[index].id).collect::<Vec<_>>()
    };
    assert_eq!(shown("calls>100"), [1, 2, 3], "3 and its ancestors");
    assert_eq!(shown("state=held"), [1, 4]);
    assert!(shown("memory>1G").is_empty());
    assert_eq!(shown("depth>1").len(), snapshot.processes.len(), "an expression over calls");
}

#[test]
fn a_chain_of_ten_thousand_is_no_recursion() {
    let processes: Vec<ProcessView> = (1..=10_000).map(|id| process(id, id - 1, "deep")).collect();
    let rows = rows(&moment(&processes), &SnapshotQuery::default(), &TreeOptions::default());
    assert_eq!(rows.len(), 10_001);
    assert_eq!(rows.last().map(|row| (row.depth, row.last)), Some((10_000, true)));
    let mut options = TreeOptions::default();
    options.folded.insert(1);
    assert_eq!(row_texts(&processes, &SnapshotQuery::default(), &options), ["shell", "  1 +9999"]);
}

#[test]
fn guides_go_on_only_where_siblings_follow() {
    let rows = rows(&moment(&family()), &SnapshotQuery::default(), &TreeOptions::default());
    let guides: Vec<(u64, bool)> = rows.iter().map(|row| (row.guides, row.last)).collect();
    assert_eq!(guides, [(0, true), (0, false), (0b10, false), (0b110, true), (0b10, true), (0, true)]);
}
