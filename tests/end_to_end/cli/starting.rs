//! How `portcullis` is started: by a person, wrongly, or by a browser that was given the wrong program.

use portcullis_tests::{Browser, Home, ORIGIN, programs};

use super::run;
use crate::fixture::{HELLO, Verb, home, order};

#[test]
fn help_and_version_are_answers() {
    let home = Home::new();
    let version = run(&home, ["--version"]).succeeds();
    assert!(version.starts_with("portcullis "), "{version}");
    let help = run(&home, ["--help"]).succeeds();
    for verb in [
        "add", "list", "remove", "verify", "route", "inspect", "send", "policy",
    ] {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(verb)),
            "{verb} is not in\n{help}"
        );
    }
    for hidden in ["rebuild", "compile-artifact"] {
        assert!(!help.contains(hidden), "{help}");
    }
}

#[test]
fn wrong_usage_has_its_code() {
    let home = Home::new();
    for arguments in [
        &[][..],
        &["unknown"],
        &["add"],
        &["add", "a.wasm", "--unknown"],
        &["list", "extra"],
        &["remove", "Not A Name"],
        &["route"],
        &["route", "add"],
        &["policy"],
        &["send"],
    ] {
        let said = run(&home, arguments.iter().copied());
        assert_eq!((said.code, &*said.stdout), (2, ""), "{said:?}");
        assert!(!said.stderr.is_empty(), "{said:?}");
    }
}

#[test]
fn a_browser_is_handed_over_to_the_host() {
    let home = home("unruly");
    let mut port = Browser::chromium(&home)
        .program(programs::portcullis())
        .start();
    let peer = port.ask(&order(Verb::Peer, 0)).json();
    assert_eq!(peer["origin"], ORIGIN);
    port.end().expect_exit(0).expect_quiet();

    // Its name is handed over too: it may be a launcher's.
    let launcher = home.path().join("hosts/com.example.unruly");
    let mut port = Browser::chromium(&home)
        .program(programs::portcullis())
        .argv_0(&launcher)
        .start();
    let peer = port.ask(&order(Verb::Peer, 0)).json();
    assert_eq!(peer["host-name"], "com.example.unruly");
    port.end().expect_exit(0).expect_quiet();

    let mut port = Browser::mozilla(&home)
        .program(programs::portcullis())
        .start();
    port.ask(HELLO).expect_error("no-route");
    port.end().expect_exit(1);
}
