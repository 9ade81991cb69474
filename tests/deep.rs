//! Deep recordings: what the host answered is kept, and a replay that is answered from it is the same to the last
//! instruction, without the file, the server and the clock of then.

mod common;

use common::{Ended, commands};

const WORLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deep/world.wat");

/// A deep recording of calls that ask for all that a host answers: what was printed, and the file.
fn recorded() -> (Ended, String) {
    let server = tiny_http::Server::http("127.0.0.1:0").expect("loopback");
    let url = format!("http://{}/note?token=hidden", server.server_addr());
    let serving = std::thread::spawn(move || {
        let request = server.recv().expect("a request");
        request.respond(tiny_http::Response::from_string("from the server")).expect("an answer");
    });
    let lines = format!(
        "record deep.jsonl --deep\n\
         load {WORLD} --allow-path .:/ --allow-host 127.0.0.1 > out\n\
         world.ask\n\
         world.ask '{{\"url\":\"{url}\"}}'\n\
         record off"
    );
    let ended = commands(&lines).file("note.txt", "first note").run().code(0).stdout_has("2 calls in `deep.jsonl`");
    serving.join().expect("the server");
    let text = std::fs::read_to_string(ended.dir.path().join("deep.jsonl")).expect("the recording");
    (ended, text)
}

/// A replay of a recording in a directory that has nothing else.
fn replayed(recording: &str) -> Ended {
    commands("replay deep.jsonl").file("deep.jsonl", recording).run()
}

/// The recording with the first line that has `part` changed.
fn changed(recording: &str, part: &str, change: impl Fn(&mut serde_json::Value)) -> String {
    let mut is_done = false;
    let line = |line: &str| {
        if is_done || !line.contains(part) {
            return format!("{line}\n");
        }
        is_done = true;
        let mut value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        change(&mut value);
        format!("{value}\n")
    };
    let text: String = recording.lines().map(line).collect();
    assert!(is_done, "no line has {part}");
    text
}

#[test]
fn a_replay_is_the_same_without_the_world_of_then() {
    let (ended, recording) = recorded();
    let output = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(output.contains("first note") && output.contains("from the server"), "{output}");
    // The file is gone with its directory, and so is the server.
    drop(ended);
    replayed(&recording)
        .code(0)
        .stdout("2 calls replayed: the same to the last instruction, with 17 answers of the recording\n");
    let functions = ["clock_time_get", "random_get", "path_open", "fd_read", "var_get", "http_request"];
    for function in functions {
        assert!(recording.contains(&format!("\"function\":\"{function}\"")), "{function}");
    }
    assert!(!recording.lines().any(|line| line.contains("http_request") && line.contains("hidden")));
}

#[test]
fn a_replay_that_differs_is_told_at_its_first_difference() {
    let (_, recording) = recorded();
    let told = |recording: &str, part: &str| drop(replayed(recording).code(1).stderr_has(part));
    let random =
        changed(&recording, "random_get", |line| line["given"][0]["base64"] = "AAAAAAAAAAAAAAAAAAAAAA==".into());
    told(&random, "call 1, world.ask: the output was");
    let fuel = changed(&recording, "\"type\":\"call\"", |line| line["fuel"] = 7.into());
    told(&fuel, "call 1, world.ask: the fuel was 7, and is ");
    let asked = changed(&recording, "random_get", |line| line["asked"] = "104 8".into());
    let says = "call 1, world.ask: `world` asked the host for `random_get` (104 16), and the recording has an answer to \
        `random_get` (104 8)";
    told(&asked, says);
    let less: String =
        recording.lines().filter(|line| !line.contains("http_request")).map(|line| format!("{line}\n")).collect();
    told(&less, "call 2, world.ask: `world` asked the host for `http_request` (GET http://127.0.0.1:");
    told(&less, "and the recording has no further answer");
}

#[test]
fn a_recording_writes_nowhere_else_than_the_host_would() {
    let (_, recording) = recorded();
    let unfit = |recording: &str, function: &str| {
        let says = format!("the recording's answer to `{function}` fits no such request; is the file changed?");
        drop(replayed(recording).code(1).stderr_has(&says));
    };
    unfit(&changed(&recording, "random_get", |line| line["given"][0]["at"] = 0.into()), "random_get");
    let long = "A".repeat(400);
    unfit(&changed(&recording, "fd_read", |line| line["given"][0]["base64"] = long.clone().into()), "fd_read");
    unfit(&changed(&recording, "path_open", |line| line["result"] = i64::MAX.into()), "path_open");
    unfit(&changed(&recording, "http_request", |line| line["result"] = (-1).into()), "http_request");
    let bad = changed(&recording, "random_get", |line| line["given"][0]["base64"] = "?".into());
    replayed(&bad).code(1).stderr_has("the answer to `random_get` of `world` has bytes that are no base64");
}

/// Children, their ids and names, and calls beside their caller, in a session whose ids are others than a replay's.
#[test]
fn children_and_started_calls_are_those_of_then() {
    let lines = "record deep.jsonl --deep\n\
        load echo --as gone > out\n\
        kill gone > out\n\
        load front > out\n\
        front.run Hello > out\n\
        load spawner > out\n\
        load spawner --as other > out\n\
        spawner.join_all '5 whoami x'\n\
        spawner.try_join_all '99 whoami x'\n\
        record off";
    let ended = commands(lines).run().code(0);
    let recording = std::fs::read_to_string(ended.dir.path().join("deep.jsonl")).expect("the recording");
    assert!(recording.contains("\"function\":\"start_call\""), "{recording}");
    let ended = replayed(&recording).code(0);
    assert!(String::from_utf8_lossy(&ended.stdout).contains("replayed: the same to the last instruction"));
}

#[test]
fn a_deep_recording_has_bounds_and_says_where_it_cannot_be() {
    let lines = format!("record deep.jsonl --deep --deep-bytes 100\nload {WORLD} > out\nworld.ask > out\nrecord off");
    commands(&lines).run().code(1).stderr_has(
        "`deep.jsonl`: the host's answers are over 100 bytes; `--deep-bytes` of `record` raises it; the recording ends there",
    );
    commands("load echo\nrecord deep.jsonl --deep")
        .run()
        .code(1)
        .stderr_has("`1:echo` has answers of the host that were not kept; `record --deep` before its `load`");
    commands("record deep.jsonl --deep\nload echo --host extism\nrecord off")
        .run()
        .code(1)
        .stderr_has("`1:echo` is in the extism host, where the host's answers are not kept");
}

#[test]
fn answers_of_private_plugins_are_not_kept() {
    let lines = format!("record deep.jsonl --deep\nload {WORLD} --private > out\nworld.ask > out\nrecord off");
    let ended = commands(&lines).run().code(0);
    let recording = std::fs::read_to_string(ended.dir.path().join("deep.jsonl")).expect("the recording");
    assert!(recording.contains("(private)") && !recording.contains("\"given\""), "{recording}");
    replayed(&recording).code(0).stdout_has("0 calls replayed").stderr_has("1 call not replayed");
}

/// Calls after one that was killed cannot be the same: their state is another.
#[test]
fn a_replay_ends_before_what_no_replay_meets_again() {
    let lines = "record deep.jsonl --deep\n\
        load counter > out\nload misbehave > out\ncounter.add 1 > out\n\
        expect-error '*timed out*' call misbehave spin --timeout 20ms\n\
        counter.add 2 > out\nrecord off";
    let ended = commands(lines).run().code(0);
    let recording = std::fs::read_to_string(ended.dir.path().join("deep.jsonl")).expect("the recording");
    replayed(&recording)
        .code(0)
        .stdout_has("1 call replayed: the same to the last instruction")
        .stderr_has("2 calls not replayed: the first was killed, out of time");
}
