//! `plugsh up --serve NAME`: a project for other terminals.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use super::project;

/// A server, killed when the test ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).ok();
    }
}

#[test]
fn a_project_is_served_with_its_limits() {
    let run = project();
    let with = |arguments: &[&str]| {
        let mut command = run.command();
        command.args(arguments).env("XDG_RUNTIME_DIR", run.dir()).stdin(Stdio::null());
        command
    };
    let child = with(&["up", "--serve", "shop"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut server = Server(child.expect("the server"));
    let errors = BufReader::new(server.0.stderr.take().expect("its errors"));
    let lines: Vec<String> = errors
        .lines()
        .map(|line| line.expect("a line"))
        .scan(false, |is_over, line| {
            let before = std::mem::replace(is_over, line.contains("serving `shop`"));
            (!before).then_some(line)
        })
        .take(3)
        .collect();
    assert_eq!(lines.first().map(String::as_str), Some("1:kv"), "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.contains("serving `shop`")), "{lines:?}");
    let attached = with(&["attach", "shop", "-c", "ps -t; limits; down kv"]).output().expect("a client");
    let text = String::from_utf8_lossy(&attached.stdout);
    assert!(
        text.starts_with("shell\n├─ 1:kv idle\n└─ 2:shop idle\n"),
        "{text}{}",
        String::from_utf8_lossy(&attached.stderr)
    );
    assert!(text.lines().any(|line| line.split_whitespace().take(2).eq(["depth", "20"])), "{text}");
    assert_eq!(String::from_utf8_lossy(&attached.stderr), "killed 1:kv\n");
}
