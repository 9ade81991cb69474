//! `init` writes a file from which `up` makes the same again, with all options that a plugin was loaded with.

use proptest::prelude::*;

use super::common::plugsh;

/// An option of `load`, as typed.
fn option() -> impl Strategy<Value = String> {
    let value = "[ -&(-~äß]{0,8}";
    prop_oneof![
        ("[a-z=]{1,3}", value).prop_map(|(key, value)| word("--config", &format!("{key}={value}"))),
        ("[A-Z]{1,3}", value).prop_map(|(key, value)| word("--env", &format!("{key}={value}"))),
        value.prop_map(|text| word("--arg", &text)),
        "[a-z]{1,4}(\\.[a-z]{1,3})?".prop_map(|host| word("--allow-host", &host)),
        "(ro:)?data(:/[a-z]{1,3})?".prop_map(|path| word("--allow-path", &path)),
        "[a-z]{1,4}\\.[a-z*]{1,4}".prop_map(|call| word("--may-call", &call)),
        "(lib/)?[a-z*]{1,4}".prop_map(|source| word("--may-load", &source)),
        (1_u32..100).prop_map(|ms| format!("--timeout {ms}00ms")),
        (4_000_u32..9_000).prop_map(|count| format!("--memory-max {count}k")),
        (1_u64..u64::MAX >> 1).prop_map(|units| format!("--fuel {units}")),
        (0_u32..100_000).prop_map(|bytes| format!("--var-max {bytes}")),
        (0_u32..100_000).prop_map(|bytes| format!("--http-response-max {bytes}")),
        (1_u32..100, 1_u32..100).prop_map(|(most, seconds)| format!("--restart on-crash={most}/{seconds}s")),
        Just("--restart never".to_owned()),
        Just("--on-crash kill".to_owned()),
        Just("--host extism".to_owned()),
        Just("--private --no-wasi --fuel-count".to_owned()),
        Just("--stub-imports zero".to_owned()),
        Just("--debug".to_owned()),
        Just("--stdin data/one".to_owned()),
    ]
}

/// An option and its value as words of the shell.
fn word(option: &str, value: &str) -> String {
    format!("{option} '{value}'")
}

/// Options that may stand once are taken once.
fn options() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(option(), 0..8).prop_map(|options| {
        let mut taken: Vec<String> = Vec::new();
        let repeats = ["--config", "--env", "--arg", "--allow-host", "--allow-path", "--may-call", "--may-load"];
        for option in options {
            let name = option.split(' ').next().unwrap_or_default().to_owned();
            let is_taken = taken.iter().any(|other| other.split(' ').next() == Some(&name));
            // `--private` stands with others.
            if repeats.contains(&name.as_str()) || !is_taken {
                taken.push(option);
            }
        }
        // The stock host has no WASI input, fuel or stubs of imports.
        let portable = ["--host", "--config", "--allow-host", "--timeout", "--restart", "--on-crash", "--may-call"];
        if taken.iter().any(|option| option.starts_with("--host")) {
            taken.retain(|option| option.split(' ').next().is_some_and(|name| portable.contains(&name)));
        }
        taken
    })
}

/// Options that the property has in every case, or that another test of this folder has.
const ELSEWHERE: [&str; 6] = ["as", "set-config", "link", "import", "watch", "load-timeout"];
/// Options that need more than this machine.
const REMOTE: [&str; 1] = ["on"];

#[test]
fn every_option_of_load_is_covered() {
    let covered = include_str!("round_trip.rs");
    let known = |option: &str| ELSEWHERE.contains(&option) || REMOTE.contains(&option);
    for option in plugsh::shell::project::file::LOAD.options.iter().filter_map(|option| option.long.as_deref()) {
        assert!(
            known(option) || covered.contains(&format!("--{option}")),
            "`init` must write `--{option}`, and a case here"
        );
    }
}

/// The file of `init`, and `info --json` of the process, after `lines`.
fn played(file: Option<&str>, arguments: &[&str]) -> (String, serde_json::Value) {
    let mut run = plugsh().file("data/one", "1").file("lib/x", "");
    if let Some(text) = file {
        run = run.file("plugsh.toml", text);
    }
    let ended = run.args(arguments.iter().copied()).run();
    assert_eq!(ended.code, Some(0), "{arguments:?} {file:?}: {}", ended.stderr);
    let written = std::fs::read_to_string(ended.dir.path().join("plugsh.toml")).expect("the file");
    let line = String::from_utf8_lossy(&ended.stdout).lines().next_back().unwrap_or_default().to_owned();
    let mut info: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let root = ended.dir.path().canonicalize().expect("the directory").to_string_lossy().into_owned();
    // Figures that are the machine's, and the directory's name.
    let fields = info.as_object_mut().expect("an object");
    fields.retain(|name, _| {
        !name.ends_with("_us") && name != "age_ms" && !name.contains("memory_") || name == "memory_bytes_max"
    });
    fields.retain(|name, _| !matches!(name.as_str(), "resident_bytes" | "kept_bytes" | "committed_bytes"));
    let text = info.to_string().replace(&root, "ROOT");
    (written, serde_json::from_str(&text).expect("JSON"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_init_writes_up_makes_again(options in options()) {
        let load = format!("load echo --as one {}; init; info one --json", options.join(" "));
        let (written, before) = played(None, &["-q", "-c", &load]);
        let (again, after) = played(Some(&written), &["up", "-q", "-c", "init --force; info one --json"]);
        prop_assert_eq!(&written, &again, "{}", load);
        prop_assert_eq!(before, after, "{}\n{}", load, written);
    }
}
