//! The second line where HTTP is granted, proved from inside: one port can be reached, and nothing else of the network.

use std::collections::BTreeMap;
use std::process::Command;

use portcullis_tests::programs;

/// What stays possible, since requests and name servers are reached that way.
const NEEDED: &[&str] = &["connect-where-granted", "send-a-datagram", "start-a-thread"];

fn probe(mode: &str) -> BTreeMap<String, bool> {
    let mut command = Command::new(programs::confinement_probe());
    let output = command.arg(mode).output().expect("the probe starts");
    assert!(output.status.success(), "{mode}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("the probe prints UTF-8");
    let deed = |line: &str| {
        let (deed, outcome) = line.split_once(' ').expect("a deed and its outcome");
        assert!(
            outcome == "done" || outcome.starts_with("refused: "),
            "{line}"
        );
        (deed.to_owned(), outcome == "done")
    };
    text.lines().map(deed).collect()
}

#[test]
fn a_granted_port_can_be_reached_and_nothing_else() {
    let free = probe("network-free");
    assert!(free.len() > 10, "the probe tries much: {free:?}");
    for (deed, done) in &free {
        assert!(
            done,
            "`{deed}` has to be possible without confinement, or its refusal shows nothing"
        );
    }
    let confined = probe("network-confined");
    assert_eq!(
        free.keys().collect::<Vec<_>>(),
        confined.keys().collect::<Vec<_>>()
    );
    for (deed, done) in &confined {
        let is_needed = NEEDED.contains(&deed.as_str());
        assert_eq!(*done, is_needed, "`{deed}` behind the second line");
    }
}
