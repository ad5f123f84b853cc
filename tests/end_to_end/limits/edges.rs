//! Each limit from both sides: a guest that is just under it works, one that is just over it is stopped.
//!
//! `message-in` has its test in `framing` (cases 13 and 14).

use std::time::Duration;

use portcullis_tests::{Browser, Home, ORIGIN};

use crate::fixture::{HELLO, Verb, alone, limited_home, order, route};
use crate::hostile;

/// Whether one of a few tries succeeds: just under a limit of time, a loaded machine may be over it.
fn once(mut attempt: impl FnMut() -> bool) -> bool {
    (0..5).any(|_| attempt())
}

/// Whether the order is answered with this text, and otherwise with `plugin-timeout`.
#[track_caller]
fn is_in_time(home: &Home, order: &str, reply: &str) -> bool {
    let mut port = Browser::chromium(home).start();
    let frame = port.ask(order);
    let in_time = frame.text == reply;
    if !in_time {
        frame.expect_error("plugin-timeout");
    }
    port.end().expect_exit(0).expect_no_frames();
    in_time
}

/// To the page: what the two guests begin with differs by one.
#[test]
fn memory_has_an_edge() {
    let answer = |file: &str| {
        let home = Home::new();
        hostile::add(&home, file);
        home.policy(&format!(
            "version = 1\n[limits]\nmemory = \"32MiB\"\n{}",
            route(ORIGIN, "hostile")
        ));
        let mut port = Browser::chromium(&home).start();
        let frame = port.ask("\"do\"");
        port.end().expect_exit(0);
        frame
    };
    answer("memory_at_the_limit").expect_text("\"good\"");
    answer("memory_over_the_limit").expect_error("plugin-out-of-memory");
}

#[test]
fn cpu_per_call_has_an_edge() {
    let _alone = alone();
    let home = limited_home("unruly", "cpu-per-call = \"300ms\"\ncrashes = 1000");
    let burn = |time: u64| {
        let reply = format!("{{\"burnt\":{time}}}");
        is_in_time(&home, &order(Verb::Burn, time), &reply)
    };
    assert!(once(|| burn(250)));
    // The guest counts by the clock on the wall: a busy machine gives it a part of that.
    assert!([350, 700, 1400, 2800].into_iter().any(|time| !burn(time)));
}

#[test]
fn wall_per_call_has_an_edge() {
    let _alone = alone();
    let home = limited_home("unruly", "wall-per-call = \"300ms\"\ncrashes = 1000");
    let sleep = |time: u64| {
        let reply = format!("{{\"slept\":{time}}}");
        is_in_time(&home, &order(Verb::Sleep, time), &reply)
    };
    assert!(once(|| sleep(250)));
    assert!(!sleep(350));
}

#[test]
fn init_has_an_edge() {
    let _alone = alone();
    let starts = |limit: &str| {
        let home = Home::new();
        hostile::add(&home, "start_takes_300_ms");
        home.policy(&format!(
            "version = 1\n[limits]\ninit = \"{limit}\"\n{}",
            route(ORIGIN, "hostile")
        ));
        let mut port = Browser::chromium(&home).start();
        let frame = port.ask("\"do\"");
        let starts = frame.text == "\"good\"";
        if !starts {
            frame.expect_error("init-timeout");
        }
        port.end().expect_exit(0).expect_no_frames();
        starts
    };
    assert!(once(|| starts("350ms")));
    assert!(!starts("250ms"));
}

#[test]
fn log_rate_has_an_edge() {
    let dropped = |bytes: u64| {
        let home = limited_home("unruly", "log-rate = \"4KiB/s\"");
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(Verb::Log, bytes)).expect_text("true");
        // By then the next second's bytes are there, so that the line about what was dropped is written.
        std::thread::sleep(Duration::from_millis(1200));
        port.ask(&order(Verb::Log, 10)).expect_text("true");
        port.end().expect_exit(0).expect_no_frames();
        home.log().contains("over `log-rate`")
    };
    // The order writes two short lines before this one; each costs some bytes beside its own.
    assert!(!dropped(3600));
    assert!(dropped(4097));
}

#[test]
fn timers_have_an_edge() {
    let home = limited_home("unruly-session", "");
    for (timers, reply) in [
        (64, r#"{"code":null,"refused":0}"#),
        (65, r#"{"code":"too-many","refused":1}"#),
    ] {
        let mut port = Browser::chromium(&home).start();
        let frame = port.ask(&order(Verb::Timers, timers));
        assert_eq!(frame.json(), crate::fixture::json(reply));
        port.end().expect_exit(0).expect_no_frames();
    }
}

#[test]
fn crashes_have_an_edge() {
    let home = limited_home("unruly", "crashes = 3");
    let crash = || {
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(Verb::Trap, 0))
            .expect_error("plugin-crashed");
        port.end().expect_exit(0);
    };
    let ask = || {
        let mut port = Browser::chromium(&home).start();
        let frame = port.ask(HELLO);
        port.end().expect_exit(0);
        frame
    };
    crash();
    crash();
    ask().expect_text(r#"{"length":18}"#);
    crash();
    ask().expect_error("quarantined");
}
