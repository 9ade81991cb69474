//! Nodes and homes that end without a word, in the middle of whatever they do.

use tempfile::TempDir;

use super::guests::{SPIN, STARTS, UNDER_WAY, file};
use super::stranger::Stranger;
use super::system::{Home, Node, Server};

/// A server with three nodes, a home, and a directory with the guests `spin` and `starts`.
struct Scene {
    nodes: Vec<Node>,
    home: Home,
    dir: TempDir,
    // Ends last.
    server: Server,
}

impl Scene {
    /// A scene; `None` where nats-server is missing.
    fn start(arguments: &[&str]) -> Option<Scene> {
        let server = Server::start(&[])?;
        let nodes = ["n1", "n2", "n3"].map(|name| server.node(name, &[])).into();
        let dir = tempfile::tempdir().expect("a directory");
        let home = Home::start(&server, arguments);
        Some(Scene { nodes, home, dir, server })
    }

    /// Loads a guest on a node.
    fn load(&mut self, name: &str, wat: &str, options: &str) {
        let path = file(self.dir.path(), name, wat);
        self.home.ask_for(&format!("load {} {options}", path.display()), &format!(":{name}"));
    }

    /// Starts a call that spins, and waits until the guest says that it does.
    fn spin(&mut self, options: &str) {
        self.load("spin", SPIN, options);
        self.home.say("spin.spin &");
        self.home.ask_until("logs --json", UNDER_WAY);
    }
}

const LOST: &str = "may or may not have run";

#[test]
fn a_node_killed_in_a_call_ends_the_call_as_lost_and_no_other() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    scene.spin("--on n1");
    scene.home.ask_for("load echo --on n2", ":echo");
    scene.nodes[0].kill();
    let error = scene.home.ask_for("wait %1", LOST);
    assert!(error.contains("1:spin.spin: node `n1` is lost"), "{error}");
    assert_eq!(scene.home.ask("echo.echo hello"), ["hello"]);
    let records = scene.home.ask("trace -e 'outcome=lost' --json").join("\n");
    assert!(records.contains("\"function\":\"spin\"") && records.contains("\"outcome\":\"lost\""), "{records}");
    assert_eq!(records.lines().count(), 1, "it was sent once: {records}");
}

#[test]
fn a_node_killed_below_another_fails_the_nested_call_alone() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    scene.load("spin", SPIN, "--on n2");
    scene.home.ask_for("load spawner --on n1", "2:spawner");
    scene.home.say("spawner.try_call '1 spin x' &");
    scene.home.ask_until("logs --json", UNDER_WAY);
    scene.nodes[1].kill();
    let output = scene.home.ask_for("wait %1", "failed: ");
    assert!(output.contains("node `n2` is lost") && output.contains(LOST), "{output}");
    scene.home.ask_until("spawner.whoami", "{\"id\":2,\"parent\":0}");
}

#[test]
fn a_node_killed_above_another_ends_what_it_had_called() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    scene.load("spin", SPIN, "--on n2");
    scene.home.ask_for("load spawner --on n1", "2:spawner");
    scene.home.say("spawner.try_call '1 spin x' &");
    scene.home.ask_until("logs --json", UNDER_WAY);
    scene.nodes[0].kill();
    let error = scene.home.ask_for("wait %1", LOST);
    assert!(error.contains("2:spawner.try_call: node `n1` is lost"), "{error}");
    scene.nodes[1].wait_until_idle();
    let records = scene.home.ask("trace -e 'callee=spin' --json").join("\n");
    assert!(records.contains("\"outcome\":\"killed\""), "{records}");
    assert_eq!(scene.home.ask("spin.rest; echo rested"), ["rested"]);
}

#[test]
fn a_node_killed_in_a_load_fails_the_load() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    let path = file(scene.dir.path(), "starts", STARTS);
    let mut listener = Stranger::connect(scene.server.port, "plugsh.>");
    scene.home.say(&format!("load {} --on n1", path.display()));
    listener.wait_for(UNDER_WAY);
    scene.nodes[0].kill();
    let error = scene.home.wait_for("node `n1` is lost");
    assert!(error.contains("starts"), "{error}");
    assert_eq!(scene.home.ask("load echo --on n2; echo.echo hello").last().map(String::as_str), Some("hello"));
}

#[test]
fn a_node_killed_in_a_kill_hinders_nobody() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    scene.spin("--on n1");
    // The node hears of nothing any more.
    scene.nodes[0].signal("-STOP");
    scene.home.say("kill %1");
    scene.nodes[0].kill();
    scene.home.ask_for("wait %1", "killed");
    let records = scene.home.ask("trace -e 'function=spin' --json").join("\n");
    assert!(records.contains("\"outcome\":\"killed\""), "{records}");
    assert_eq!(scene.home.ask("load echo --on n2; echo.echo hello").last().map(String::as_str), Some("hello"));
}

#[test]
fn a_process_of_a_lost_node_goes_on_elsewhere() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    // Of three with nothing to do the first.
    scene.home.ask_for("load counter --on 'n*'", "1:counter");
    assert_eq!(scene.home.ask("counter.add 5"), ["5"]);
    scene.nodes[0].kill();
    scene.home.ask_until("ps --json", "crashed");
    assert_eq!(scene.home.ask("counter.add 1"), ["1"], "another instance, which began anew");
    let records = scene.home.ask("trace -e 'function=add' --json").join("\n");
    assert_eq!(records.matches("\"outcome\":\"ok\"").count(), 2, "{records}");
}

#[test]
fn a_process_that_is_not_to_be_started_again_stays_down() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    scene.home.ask_for("load counter --on 'n*' --restart never", "1:counter");
    assert_eq!(scene.home.ask("counter.add 5"), ["5"]);
    scene.nodes[0].kill();
    scene.home.ask_until("ps --json", "crashed");
    let error = scene.home.ask_for("counter.add 1", "is not started again");
    assert!(error.contains("node `n1` is lost"), "{error}");
    scene.home.ask_for("restart counter", "counter restarted");
    assert_eq!(scene.home.ask("counter.add 1"), ["1"]);
}

#[test]
fn a_node_that_is_started_anew_has_nothing_of_the_old_one() {
    let Some(server) = Server::start(&[]) else { return };
    let mut node = server.node("n1", &[]);
    let mut home = Home::start(&server, &[]);
    home.ask_for("load counter --on n1", "1:counter");
    assert_eq!(home.ask("counter.add 5"), ["5"]);
    node.kill();
    home.ask_until("ps --json", "crashed");
    let error = home.ask_for("counter.add 1", "node `n1` is lost");
    assert!(!error.contains(LOST), "nothing ran: {error}");
    let _again = server.node("n1", &[]);
    home.ask_until("counter.add 1", "1");
}

#[test]
fn a_home_that_ends_without_a_word_leaves_nothing_on_its_nodes() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    scene.spin("--on n1");
    scene.home.ask_for("load echo --on n1", ":echo");
    scene.home.kill();
    scene.nodes[0].wait_for("is lost; 2 instances dropped");
    scene.nodes[0].wait_until_idle();
}

#[test]
fn a_node_that_is_asked_to_end_says_so() {
    let Some(mut scene) = Scene::start(&[]) else { return };
    scene.spin("--on n1");
    scene.home.ask_for("load counter --on n1 --restart never", ":counter");
    scene.nodes[0].signal("-TERM");
    let error = scene.home.ask_for("wait %1", LOST);
    assert!(error.contains("1:spin.spin: node `n1` has ended: it may or may not have run"), "{error}");
    scene.home.ask_until("nodes --json", "\"name\":\"n1\",\"state\":\"ended\"");
    scene.home.ask_until("ps --json", "crashed");
    let error = scene.home.ask_for("counter.add 1", "is not started again");
    assert!(error.contains("node `n1` has ended"), "{error}");
    let error = scene.home.ask_for("load echo --on n1", "node `n1`");
    assert!(error.contains("node `n1` has ended"), "{error}");
}
