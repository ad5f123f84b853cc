//! How runs begin and end: returns, exits, what comes after them, and for whom.

use std::thread;
use std::time::Duration;

use portcullis_tests::{Browser, PATIENCE};

use super::{GOOD, Verb, home, home_on_start, order};
use crate::hostile::measured::{END, expect_goes_on};

#[test]
fn a_run_that_ends_after_its_reply_is_no_failure_and_the_next_message_meets_a_fresh_one() {
    for verb in [Verb::ReplyAndExit, Verb::ReplyAndReturn] {
        // One would be too many.
        let home = home("crashes = 1", "");
        let mut port = Browser::chromium(&home).start();
        for _ in 0..3 {
            port.ask(&order(Verb::Count, 0))
                .expect_text(r#"{"calls":0}"#);
            port.ask(&order(verb, 0)).expect_text("true");
        }
        expect_goes_on(port, &home, "a run that ends", GOOD);
    }
}

/// Messages that waited behind the last one of a run are not lost with it.
#[test]
fn a_burst_is_served_by_as_many_runs_as_it_takes() {
    let home = home("", "");
    let mut port = Browser::chromium(&home).start();
    for _ in 0..20 {
        port.send(&order(Verb::ReplyAndExit, 0)).send(GOOD.0);
    }
    for _ in 0..20 {
        port.receive(PATIENCE).expect_text("true");
        port.receive(PATIENCE).expect_text(GOOD.1);
    }
    expect_goes_on(port, &home, "a burst", GOOD);
}

#[test]
fn an_exit_without_a_reply_answers_the_message_that_it_leaves() {
    let home = home("crashes = 1000", "");
    let mut port = Browser::chromium(&home).start();
    for (ordinal, (verb, n)) in (1..).zip([
        (Verb::Exit, 0),
        (Verb::Exit, 7),
        (Verb::Trap, 0),
        (Verb::Panic, 0),
    ]) {
        let code = if verb == Verb::Exit {
            "plugin-exited"
        } else {
            "plugin-crashed"
        };
        let error = port.ask(&order(verb, n)).expect_error(code);
        assert_eq!(
            (error.request, error.plugin.as_deref()),
            (Some(ordinal), Some("stdio")),
            "{}",
            error.message
        );
    }
    // An exit with a code is one even after a reply.
    for verb in [Verb::ReplyAndExit, Verb::ReplyAndReturn] {
        port.ask(&order(verb, 1)).expect_text("true");
        port.receive(PATIENCE).expect_error("plugin-exited");
    }
    expect_goes_on(port, &home, "exits", GOOD);
}

#[test]
fn at_the_end_of_input_an_exit_is_an_end_like_any_other() {
    // The exit of WASI 0.2 knows success and failure and no other codes.
    for (code, words) in [(0, "has ended by itself"), (7, "Exited(1)")] {
        let home = home("", "");
        let mut port = Browser::chromium(&home)
            .environment("PORTCULLIS_LOG", "debug")
            .start();
        port.ask(&order(Verb::ExitAtEnd, code)).expect_text("true");
        port.end()
            .expect_exit(0)
            .expect_no_frames()
            .expect_within(END);
        assert!(home.log().contains(words), "{}", home.log());
    }
}

#[test]
fn a_run_that_does_not_end_with_its_input_is_ended() {
    let home = home("", "");
    for verb in [Verb::LoopAtEnd, Verb::Deaf] {
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(verb, 0)).expect_text("true");
        port.end()
            .expect_exit(0)
            .expect_no_frames()
            .expect_within(END);
    }
}

#[test]
fn with_a_lifetime_of_a_message_each_has_a_run_whose_input_ends_after_it() {
    let in_route = "lifetime = \"message\"\n";
    let home = home("wall-per-call = \"1s\"", in_route);
    let mut port = Browser::chromium(&home).start();
    for _ in 0..3 {
        port.ask(&order(Verb::Count, 0))
            .expect_text(r#"{"calls":0}"#);
        port.ask(&order(Verb::ReadToEnd, 0))
            .expect_text(r#"{"rest":0}"#);
    }
    port.ask(&order(Verb::ReplyAndExit, 0)).expect_text("true");
    let error = port
        .ask(&order(Verb::Exit, 0))
        .expect_error("plugin-exited");
    assert_eq!(error.request, Some(8));
    expect_goes_on(port, &home, "one message each", GOOD);
    // It does not speak before its message.
    let home = home_on_start("", in_route, "post");
    let mut port = Browser::chromium(&home).start();
    assert!(port.try_receive(Duration::from_millis(300)).is_none());
    port.send(GOOD.0);
    port.receive(PATIENCE).expect_text(r#"{"started":true}"#);
    port.receive(PATIENCE).expect_text(GOOD.1);
    port.end().expect_exit(0).expect_no_frames();
}

/// A frame before any message could be taken for the answer of a one-shot one.
#[test]
fn what_fails_before_the_first_message_is_told_to_the_first_message() {
    let limits = "init = \"300ms\"\ncrashes = 1000";
    for (deed, code) in [
        ("trap", "init-failed"),
        ("exit", "plugin-exited"),
        ("return", "plugin-exited"),
        ("loop", "init-timeout"),
        ("sleep", "init-timeout"),
        ("print", "plugin-error"),
    ] {
        let home = home_on_start(limits, "", deed);
        let mut port = Browser::chromium(&home).start();
        thread::sleep(Duration::from_millis(700));
        assert!(port.try_receive(Duration::ZERO).is_none(), "{deed}");
        for ordinal in 1..=2 {
            let error = port.ask(GOOD.0).expect_error(code);
            assert_eq!(error.request, Some(ordinal), "{deed}: {}", error.message);
        }
        port.end()
            .expect_exit(0)
            .expect_no_frames()
            .expect_within(END);
    }
}

#[test]
fn crashes_put_a_program_away() {
    let home = home("crashes = 2", "");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::Trap, 0))
        .expect_error("plugin-crashed");
    port.ask(&order(Verb::Print, 0))
        .expect_error("plugin-error");
    let error = port.ask(GOOD.0).expect_error("quarantined");
    assert_eq!(
        (error.request, error.plugin.as_deref()),
        (Some(3), Some("stdio"))
    );
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_crash_may_close_the_port() {
    let home = home("", "on-crash = \"close\"\n");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::Trap, 0))
        .expect_error("plugin-crashed");
    port.wait().expect_exit(0).expect_no_frames();
}
