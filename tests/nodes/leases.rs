//! Memory of guests on nodes: leased from their home, within what both allow.

use super::guests::{GROWS, file};
use super::system::{Server, ended};

/// The pages that a guest gets on node `n1`, or at home, as the options of the load say.
fn pages(of_node: &[&str], of_home: &[&str], of_load: &str) -> Option<u64> {
    let server = Server::start(&[])?;
    let _node = server.node("n1", of_node);
    let dir = tempfile::tempdir().expect("a directory");
    let path = file(dir.path(), "grows", GROWS);
    let commands = format!("load {} {of_load}; grows.pages", path.display());
    let output = ended(server.plugsh(&[of_home, &["-c", &commands]].concat())).ok();
    Some(output.lines().last().expect("a number").parse().expect("a number"))
}

#[test]
fn a_guest_gets_no_more_than_its_load_allows() {
    let Some(there) = pages(&[], &[], "--on n1 --memory-max 4M") else { return };
    assert_eq!(Some(there), pages(&[], &[], "--memory-max 4M"), "as at home");
    assert!(there > 50 && there <= 64, "{there} pages of at most 4 MiB");
}

#[test]
fn a_guest_gets_no_more_than_its_home_has() {
    let Some(pages) = pages(&[], &["--max-memory", "8M"], "--on n1") else { return };
    assert!(pages > 1 && pages <= 128, "{pages} pages of at most 8 MiB");
}

#[test]
fn a_guest_gets_no_more_than_its_node_offers() {
    let Some(pages) = pages(&["--memory", "6M"], &[], "--on n1") else { return };
    assert!(pages > 1 && pages <= 96, "{pages} pages of at most 6 MiB");
}
