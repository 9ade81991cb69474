//! Properties of a project's file: any text is read or refused with places inside of it, and a plugin's options come
//! back as they were written.

use std::path::Path;

use proptest::prelude::*;

use super::document::Mistake;
use super::file::Project;
use super::render::{list, plugin, quoted};
use crate::shell::command::{TABLE, find};
use crate::shell::loading::written::WrittenOption;

const FILE: &str = r#"plugin_dirs = ["a", "b"]
policy = "p.toml"
[limits]
max_depth = 3
[plugin.a]
source = "x.wasm"
config = { k = "${PATH}", n = 1.5 }
import = ["env.f(i64) -> handle = b.f"]
watch = true
[[stub]]
function = "c.f"
answer = { n = [1, 2] }
"#;

fn read(text: &str) -> Result<Project, Vec<Mistake>> {
    Project::parse(text, "p.toml", Path::new(""), find(TABLE, "stub").unwrap().shape())
}

/// The file with a part replaced.
fn mangled() -> impl Strategy<Value = String> {
    let part = prop_oneof!["[\\[\\]{}=\"'#,. \n]{0,6}", "[a-z_]{1,8}", "\\PC{0,4}", Just("\u{0}\u{7f}".to_owned())];
    (0..FILE.len(), 0..40_usize, part).prop_map(|(from, length, part)| {
        let to = (from + length).min(FILE.len());
        format!("{}{part}{}", &FILE[..from], &FILE[to..])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_text_is_read_or_refused_with_places(text in mangled()) {
        if let Err(mistakes) = read(&text) {
            prop_assert!(!mistakes.is_empty());
            for mistake in mistakes {
                let at = mistake.at.unwrap();
                prop_assert!((1..=text.lines().count() + 1).contains(&at.line), "{}", mistake.line());
                prop_assert!(!mistake.line().contains(crate::text::is_control_or_bidi), "{:?}", mistake.line());
            }
        }
    }

    #[test]
    fn options_come_back_as_they_were_written(
        config in prop::collection::btree_map("[^=$]{1,6}", "\\PC{0,12}|[\u{0}-\u{7f}]{0,8}", 0..4),
        hosts in prop::collection::vec("\\PC{0,12}", 0..4),
    ) {
        let given = |option, value: String| WrittenOption { option, value: Some(value), has_reference: false };
        let mut options: Vec<_> = config.iter().map(|(key, value)| given("config", format!("{key}={value}"))).collect();
        options.extend(hosts.iter().map(|host| given("allow-host", host.clone())));
        let project = read(&plugin("p", None, &options)).map_err(|mistakes| TestCaseError::fail(mistakes[0].line()))?;
        let words = project.load_words(&project.plugins[0]).map_err(|mistake| TestCaseError::fail(mistake.line()))?;
        let expected: Vec<String> = config.iter().map(|(key, value)| format!("{key}={value}")).collect();
        prop_assert_eq!(words.options.config, expected);
        prop_assert_eq!(words.options.allow_host, hosts);
    }

    #[test]
    fn texts_come_back_as_they_were_quoted(texts in prop::collection::vec("\\PC{0,12}|[\u{0}-\u{ff}]{0,8}", 1..4)) {
        let project = read(&list("tests", &texts)).map_err(|mistakes| TestCaseError::fail(mistakes[0].line()))?;
        let read_back: Vec<String> = project.tests.into_iter().map(|test| test.value).collect();
        prop_assert_eq!(&read_back, &texts, "{}", quoted(&texts[0]));
    }
}

#[test]
fn the_file_is_read_whole() {
    let project = read(FILE).unwrap();
    assert_eq!((project.plugin_dirs.len(), project.plugins.len(), project.stubs.len()), (2, 1, 1));
    let words = project.load_words(&project.plugins[0]).unwrap();
    assert_eq!(words.source, "x.wasm");
    assert_eq!(words.options.written.config.get("k").map(String::as_str), Some("${PATH}"));
    assert!(words.watch && words.options.import.len() == 1);
    assert_eq!(project.stubs[0].answer.as_ref().map(|answer| answer.value.as_str()), Some("{\"n\":[1,2]}"));
    assert!(project.limit_args().unwrap().differ_from(&crate::limits::Limits::default()));
}
