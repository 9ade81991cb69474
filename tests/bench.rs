//! `bench`: rows, counts and clean-up. Durations are not tested.

mod common;

use common::commands;
use serde_json::Value;

/// The JSON of `bench`, in a shell with `echo` and `text`.
fn bench(words: &str) -> Value {
    let ended = commands(&format!("load echo > loaded; load text > loaded; bench {words} --json")).run().code(0);
    serde_json::from_slice(&ended.stdout).unwrap_or_else(|error| panic!("`bench {words}`: {error}"))
}

fn error(words: &str) -> String {
    let ended = commands(&format!("load echo > loaded; bench {words}")).run();
    assert_ne!(ended.code, Some(0), "`bench {words}` fails");
    ended.stderr
}

fn texts<'a>(rows: &'a Value, field: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect()
}

fn numbers(rows: &Value, field: &str) -> Vec<u64> {
    rows.as_array().unwrap().iter().map(|row| row[field].as_u64().unwrap()).collect()
}

#[test]
fn each_size_is_a_row_with_all_figures() {
    let report = bench("echo echo --size 16 --size 1k -n 25");
    let rows = &report["rows"];
    assert_eq!(texts(rows, "name"), ["1:echo.echo"; 2]);
    assert_eq!(texts(rows, "variant"), ["native"; 2]);
    assert_eq!(numbers(rows, "calls"), [25, 25]);
    assert_eq!(numbers(rows, "rounds"), [10, 10]);
    assert_eq!((numbers(rows, "bytes_in"), numbers(rows, "bytes_out")), (vec![16, 1024], vec![16, 1024]));
    assert_eq!(report["ratios"], serde_json::json!([]));
    let row = &rows[0];
    let us = |field: &str| row[field].as_f64().unwrap_or_else(|| panic!("`{field}` of {row}"));
    let ordered = ["min_us", "p50_us", "p90_us", "p99_us", "max_us"].map(us);
    assert!(ordered.is_sorted() && ordered[0] > 0.0, "{ordered:?}");
    assert!(us("round_min_us") <= us("round_median_us") && us("mean_us") > 0.0);
    assert!(us("calls_per_second") > 0.0 && us("bytes_per_second") > us("calls_per_second"));
    let bars = row["histogram"].as_array().unwrap();
    let sampled: u64 = bars.iter().map(|bar| bar["count"].as_u64().unwrap()).sum();
    assert!(sampled > 0 && sampled <= 25, "{sampled} samples of 25 calls");
}

#[test]
fn what_the_sdk_cannot_run_and_what_spawn_does_not_take_is_said() {
    let told = commands("load front > loaded; bench front run -n 8 --against extism").run().code(1).stderr;
    assert_eq!(
        told,
        "-c:1: `run` in the SDK alone: it asked for other plugins, and there are none; only a call that makes no calls can \
         be compared\n"
    );
    assert!(error("spawn").contains("`bench spawn` wants SOURCE; usage: "));
    assert!(error("spawn echo echo hi").contains("`bench spawn SOURCE FUNCTION` takes no INPUT; `--size`"));
    let titles = |words: &str| commands(&format!("load echo > loaded; bench {words} -n 4")).run().code(0).stdout;
    assert!(String::from_utf8_lossy(&titles("echo echo --size 1")).contains("1:echo.echo, 1 byte "));
    assert!(String::from_utf8_lossy(&titles("spawn echo")).contains("spawn echo  native"));
}

#[test]
fn the_sdk_takes_turns_with_the_native_host() {
    let report = bench("echo echo hello -n 12 --against extism");
    assert_eq!(texts(&report["rows"], "variant"), ["native", "extism"]);
    assert_eq!(numbers(&report["rows"], "calls"), [12, 12]);
    assert_eq!(numbers(&report["rows"], "bytes_out"), [5, 5]);
    let ratio = &report["ratios"][0];
    assert_eq!((ratio["variant"].as_str(), ratio["against"].as_str()), (Some("native"), Some("extism")));
    let [min, median, max] = ["min", "median", "max"].map(|field| ratio[field].as_f64().unwrap());
    assert!(0.0 < min && min <= median && median <= max && ratio["of_fastest"].as_f64().unwrap() > 0.0, "{ratio}");
}

#[test]
fn a_plugin_makes_the_nested_calls() {
    for how in ["pdk", "leak", "bulk"] {
        let report = bench(&format!("text upper --nested {how} --size 100 -n 50 --against trace-off"));
        let rows = &report["rows"];
        assert_eq!(texts(rows, "name"), ["2:text.upper from a plugin"; 2], "{how}");
        assert_eq!(texts(rows, "variant"), [how, "trace off"]);
        assert_eq!((numbers(rows, "calls"), numbers(rows, "calls_per_sample")), (vec![50; 2], vec![50; 2]), "{how}");
        assert_eq!((numbers(rows, "bytes_in"), numbers(rows, "bytes_out")), (vec![100; 2], vec![100; 2]), "{how}");
    }
}

#[test]
fn the_course_of_one_long_call_is_looked_at() {
    let report = bench("echo echo --nested leak --growth -n 5000 --size 8");
    assert_eq!((report["calls"].as_u64(), report["window"].as_u64()), (Some(5000), Some(500)));
    assert_eq!(report["rounds"].as_array().unwrap().len(), 5);
    assert!(report["ratio_median"].is_number() && report["ratio_min"].is_number(), "{report}");
}

#[test]
fn pipes_jobs_and_spawns_are_measured() {
    let pipe = bench("echo echo abc --pipe text.upper --pipe text.reverse -n 10");
    assert_eq!(texts(&pipe["rows"], "name"), ["1:echo.echo | 2:text.upper | 2:text.reverse"]);
    assert_eq!(numbers(&pipe["rows"], "bytes_out"), [3]);
    let pipe = bench("echo echo abc --pipe text.upper --pipe text.reverse -n 10 --against apart");
    assert_eq!(texts(&pipe["rows"], "variant"), ["native", "apart"]);
    assert_eq!(numbers(&pipe["rows"], "bytes_out"), [3, 3]);
    let jobs = bench("echo echo --size 4 --jobs 3 -n 10");
    assert_eq!(texts(&jobs["rows"], "variant"), ["3 jobs", "1 job"]);
    assert_eq!(numbers(&jobs["rows"], "calls"), [30, 10]);
    let spawn = bench("spawn text upper --size 5 -n 4 --against extism");
    assert_eq!(texts(&spawn["rows"], "name"), ["spawn text and call upper"; 2]);
    assert_eq!((numbers(&spawn["rows"], "calls"), numbers(&spawn["rows"], "bytes_out")), (vec![4; 2], vec![5; 2]));
    assert_eq!(texts(&bench("spawn text -n 4")["rows"], "name"), ["spawn text"]);
}

#[test]
fn what_is_started_for_a_measurement_ends_with_it() {
    let script = "load echo > loaded; bench echo echo --nested pdk --host extism --against echo.echo_bulk -n 10 > bench; \
        bench echo echo --jobs 2 -n 10 > bench; bench spawn echo -n 3 > bench; trace off; \
        bench echo echo -n 3 --against trace-off > bench; bench echo echo -n 3 > bench; trace clear; \
        call echo echo x > x; trace --json; ps --json";
    let printed = String::from_utf8(commands(script).run().code(0).stdout).unwrap();
    let rows: Value = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
    assert_eq!(texts(&rows, "name"), ["echo"], "and the journal is off as before");
}

#[test]
fn a_failing_call_ends_the_measurement_and_says_why() {
    assert!(error("echo ehco").contains("no function `ehco` in `1:echo`; did you mean `echo`?"));
    assert!(error("echo relay nonsense -n 5").contains("1:echo.relay: "));
    assert!(error("echo relay nonsense -n 5 --nested pdk").contains("`--nested` makes the input itself"));
    assert!(error("echo echo x --size 5").contains("INPUT and `--size` do not go together"));
    assert!(
        error("echo echo --against nothing").contains("`--against nothing`: write `extism`, `trace-off`, `apart` or")
    );
    assert!(error("echo echo --against apart").contains("`--pipe PLUGIN.FUNCTION` makes one"));
    assert!(error("spawn echo --against extism").contains("bench spawn SOURCE FUNCTION"));
    assert!(error("spawn nothing").contains("nothing"));
}
