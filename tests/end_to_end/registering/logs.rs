//! `logs`: what is shown of the hosts' log, and of what is written while it is looked at.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout};

use portcullis_tests::{ADD_ON, Browser, ORIGIN};
use serde_json::Value;

use super::Machine;
use crate::fixture::{Verb, home_with, order, route};

/// A machine whose log has ports of two extensions and lines of two plugins.
fn machine() -> Machine {
    let policy = route(ORIGIN, "unruly") + &route(ADD_ON, "echo");
    let machine = Machine::with(home_with(&["unruly", "echo"], &policy));
    one_port(&machine, true);
    one_port(&machine, false);
    machine
}

/// One port of Chromium's extension, or of Firefox's.
fn one_port(machine: &Machine, is_chromium: bool) {
    let browser = if is_chromium {
        Browser::chromium(&machine.home)
    } else {
        Browser::mozilla(&machine.home)
    };
    let mut port = browser.environment("PORTCULLIS_LOG", "debug").start();
    port.ask(&order(Verb::Trap, 0));
    port.end().expect_exit(0);
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

#[test]
fn everything_or_what_was_asked_for() {
    let machine = machine();
    let whole = machine.run(["logs"]).succeeds();
    assert_eq!(whole, machine.home.log());
    let all = lines(&machine.run(["logs", "--json"]).succeeds());
    assert_eq!(all.len(), whole.lines().count());
    for origin in [ORIGIN, ADD_ON] {
        let some = lines(
            &machine
                .run(["logs", "--json", "--origin", origin])
                .succeeds(),
        );
        assert!(!some.is_empty() && some.len() < all.len());
        assert!(some.iter().all(|line| line["origin"] == origin), "{some:?}");
    }
    for (plugin, origin) in [("unruly", ORIGIN), ("echo", ADD_ON)] {
        let some = lines(
            &machine
                .run(["logs", "--json", "--plugin", plugin])
                .succeeds(),
        );
        assert!(!some.is_empty() && some.len() < all.len());
        assert!(
            some.iter()
                .all(|line| line["plugin"] == plugin && line["origin"] == origin),
            "{some:?}"
        );
        assert!(
            some.iter()
                .all(|line| line["time"].is_string() && line["process"].is_u64()),
            "{some:?}"
        );
    }
    let crash = lines(
        &machine
            .run(["logs", "--json", "--plugin", "unruly"])
            .succeeds(),
    );
    assert!(
        crash
            .iter()
            .any(|line| line["level"] == "warn" && line["fields"]["request"] == "1"),
        "{crash:?}"
    );
    machine
        .run(["logs", "--origin", "nobody@example.com"])
        .prints("");
}

#[test]
fn older_files_come_first() {
    let machine = machine();
    let now = machine.home.log();
    for (number, text) in [
        (1, "the last one\n"),
        (2, "before\n"),
        (10, "long before\n"),
    ] {
        machine
            .home
            .write(&format!("logs/portcullis.log.{number}"), text.as_bytes());
    }
    machine.home.write("logs/portcullis.log.old", b"nobody's\n");
    machine
        .run(["logs"])
        .prints(&format!("long before\nbefore\nthe last one\n{now}"));
}

#[test]
fn without_a_log_it_says_so() {
    let machine = Machine::new();
    machine
        .run(["logs"])
        .prints("nothing was logged yet in `[HOME]/logs`\n");
    machine.run(["logs", "--json"]).prints("");
}

#[test]
fn nothing_in_a_log_moves_the_cursor() {
    let machine = machine();
    machine
        .home
        .write("logs/portcullis.log", "a\u{1b}[2Jb\u{9b}c\n".as_bytes());
    machine.run(["logs"]).prints("a\u{fffd}[2Jb\u{fffd}c\n");
}

/// A running `logs --follow`.
struct Following {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Following {
    fn next(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("it is text");
        line
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.child.kill().expect("it is our own child");
        self.child.wait().expect("it is our own child");
    }
}

#[test]
fn following_shows_the_end_and_what_comes_also_from_the_next_file() {
    let machine = machine();
    let log: PathBuf = machine.home.path().join("logs/portcullis.log");
    let old: String = (1..=20).map(|number| format!("line {number}\n")).collect();
    machine.home.write("logs/portcullis.log", old.as_bytes());
    let mut command = machine.command(["logs", "--follow"]);
    let mut child = command.spawn().expect("the program was just built");
    let lines = BufReader::new(child.stdout.take().expect("it is a pipe"));
    let mut following = Following { child, lines };
    for number in 11..=20 {
        assert_eq!(following.next(), format!("line {number}\n"));
    }
    one_port(&machine, true);
    let line = following.next();
    assert!(line.contains("confined by the system"), "{line}");
    while !following.next().contains("port closed") {}
    fs::rename(&log, log.with_extension("log.1")).expect("the home is ours");
    one_port(&machine, false);
    let line = following.next();
    assert!(line.contains(ADD_ON), "{line}");
}
