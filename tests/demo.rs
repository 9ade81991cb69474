//! The demo's recording: made from the script as it is, and a viewer sees the story in it.

use sha2::{Digest, Sha256};
use vt100::Parser;

const SCRIPT: &str = include_str!("../scripts/demo.plugsh");
const CAST: &str = include_str!("../scripts/demo.cast");
/// A viewer follows for so long, in seconds.
const SECONDS: std::ops::Range<f64> = 60.0..150.0;
/// The longest time in which nothing changes on the screen, in seconds.
const PAUSE_SECONDS_MAX: f64 = 15.0;

/// The contents of the screen, scene after scene.
const SCENES: &[&str] = &[
    "plugsh is a shell for WebAssembly plugins that call each other.",
    "wordcount.run 'the cat and the dog and the bird'",
    "{\"and\":2,\"bird\":1,\"cat\":1,\"dog\":1,\"the\":3}",
    "└─ 1:wordcount idle",
    "Somebody ships a new mapper.",
    "{\"the\":3}",
    "is held after 3:mapper-2.map (breakpoint 1)",
    "output  10 bytes: {\"the\": 1}",
    "plugsh> return {\"the\": 1, \"dog\": 1, \"and\": 1}",
    "fault 1: trap on callee=reducer",
    "trap (fault)",
    "panicked at misbehave/src/lib.rs:",
    "misbehave::panic",
    "7:spawner.call",
    "expectations are commands",
    "Now yours:",
];

fn header() -> serde_json::Value {
    serde_json::from_str(CAST.lines().next().expect("a header")).expect("the header is JSON")
}

/// The events: when, in seconds, and what was written.
fn events() -> Vec<(f64, String)> {
    let event = |line: &str| {
        let (at, kind, text): (f64, String, String) = serde_json::from_str(line).expect("an event");
        assert_eq!(kind, "o", "output alone is recorded");
        (at, text)
    };
    CAST.lines().skip(1).map(event).collect()
}

#[test]
fn the_recording_is_of_the_script_as_it_is() {
    let hash: String = Sha256::digest(SCRIPT).iter().map(|byte| format!("{byte:02x}")).collect();
    let recorded = header()["script_sha256"].as_str().map(str::to_owned);
    assert_eq!(recorded, Some(hash), "scripts/demo.cast is of another demo.plugsh; run scripts/record-demo");
}

#[test]
fn the_recording_has_a_pace_that_a_viewer_follows() {
    let events = events();
    let times = || events.iter().map(|(at, _)| *at);
    assert!(times().zip(times().skip(1)).all(|(before, after)| before <= after), "time goes on");
    let longest = times().zip(times().skip(1)).map(|(before, after)| after - before).fold(0.0, f64::max);
    assert!(longest <= PAUSE_SECONDS_MAX, "nothing happens for {longest} s");
    let last = times().next_back().expect("events");
    assert!(SECONDS.contains(&last), "it takes {last} s");
}

#[test]
fn the_recording_shows_the_story_when_it_is_played_back() {
    let header = header();
    let cells = |name: &str| u16::try_from(header[name].as_u64().expect("a size")).expect("a size");
    assert_eq!(header["version"], 2);
    let mut terminal = Parser::new(cells("height"), cells("width"), 0);
    let mut scenes = SCENES.iter().peekable();
    for (_, text) in events() {
        terminal.process(text.as_bytes());
        let screen = terminal.screen().contents();
        while scenes.next_if(|scene| screen.contains(**scene)).is_some() {}
    }
    assert_eq!(scenes.next(), None, "the screen never shows this, in its turn");
}
