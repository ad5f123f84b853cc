//! A plugin that keeps dying: counted on disk, across processes, and put away until a person looks.

use portcullis_tests::{Browser, Home, ORIGIN, OTHER_ORIGIN, PATIENCE};

use crate::fixture::{HELLO, Verb, home_with, limited_home, order, route};

/// Runs `portcullis` and returns what it printed.
#[track_caller]
fn portcullis(home: &Home, arguments: &[&str]) -> String {
    let output = home
        .portcullis(arguments.iter().copied())
        .output()
        .expect("portcullis starts");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("portcullis prints UTF-8")
}

#[test]
fn five_crashes_put_a_plugin_away_until_it_is_enabled() {
    let home = home_with(
        &["unruly"],
        &(route(ORIGIN, "unruly") + &route(OTHER_ORIGIN, "unruly")),
    );
    // A process for each message, as `sendNativeMessage` makes them.
    for _ in 0..5 {
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(Verb::Trap, 0))
            .expect_error("plugin-crashed");
        port.end().expect_exit(0);
    }
    for message in [HELLO, "[1]"] {
        let mut port = Browser::chromium(&home).start();
        let error = port.ask(message).expect_error("quarantined");
        let hint = error.hint.expect("there is a command that mends it");
        assert_eq!(hint, format!("portcullis enable {ORIGIN} unruly"));
        port.end().expect_exit(0);
    }
    assert!(home.log().contains("quarantined"), "{}", home.log());

    // Another extension's port is its own business.
    let mut port = Browser::chromium(&home).origin(OTHER_ORIGIN).start();
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.end().expect_exit(0);

    assert!(portcullis(&home, &["enable", ORIGIN, "unruly"]).contains("may be started again"));
    assert!(portcullis(&home, &["enable", ORIGIN, "unruly"]).contains("was not in quarantine"));
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    // Its crashes are forgotten as well: one more is the first.
    port.ask(&order(Verb::Trap, 0))
        .expect_error("plugin-crashed");
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.end().expect_exit(0);
}

#[test]
fn the_crash_that_is_one_too_many_counts_in_its_own_port() {
    let home = limited_home("unruly", "crashes = 2");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::Trap, 0))
        .expect_error("plugin-crashed");
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.ask(&order(Verb::Trap, 0))
        .expect_error("plugin-crashed");
    port.ask(HELLO).expect_error("quarantined");
    port.end().expect_exit(0);
}

#[test]
fn a_plugin_that_dies_at_every_start_is_put_away() {
    let home = limited_home("traps-at-start", "");
    let mut port = Browser::chromium(&home).start();
    for _ in 0..5 {
        port.ask(HELLO).expect_error("init-failed");
    }
    port.ask(HELLO).expect_error("quarantined");
    port.end().expect_exit(0);
}

#[test]
fn crashes_out_of_the_window_do_not_count() {
    let home = limited_home("unruly", "crashes = 2\ncrash-window = \"1s\"");
    let mut port = Browser::chromium(&home).start();
    for _ in 0..3 {
        port.ask(&order(Verb::Trap, 0))
            .expect_error("plugin-crashed");
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.end().expect_exit(0);
}

#[test]
fn error_values_refused_replies_and_an_orderly_exit_are_no_crashes() {
    let home = limited_home("unruly", "crashes = 1");
    let mut port = Browser::chromium(&home).start();
    for _ in 0..3 {
        port.ask(&order(Verb::Refuse, 0))
            .expect_error("plugin-error");
        port.ask(&order(Verb::Exit, 0))
            .expect_error("plugin-exited");
        port.ask(&order(Verb::Garbage, 0))
            .expect_error("invalid-json");
        port.ask(&order(Verb::Reply, 2 << 20))
            .expect_error("reply-too-large");
    }
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.end().expect_exit(0);
}

#[test]
fn on_crash_close_ends_the_port_after_the_report() {
    let policy = route(ORIGIN, "unruly") + "on-crash = \"close\"\n";
    let home = home_with(&["unruly"], &policy);
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.send(&order(Verb::Trap, 0))
        .receive(PATIENCE)
        .expect_error("plugin-crashed");
    port.wait().expect_exit(0).expect_no_frames();
}
