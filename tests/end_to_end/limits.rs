//! Every limit is hit, and the time or the memory that it allowed is measured.

mod edges;
mod measured;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Home, ORIGIN, PATIENCE, Port};

use crate::fixture::{HELLO, Verb, alone, home, home_with, limited_home, order, route};

/// What a limit may be late by: a tick, the scheduler, and a machine that builds something else meanwhile.
const LATE: Duration = Duration::from_millis(2500);

/// Sends one message, expects this error, and returns how long it took.
#[track_caller]
fn time_of_error(port: &mut Port, message: &str, code: &str) -> Duration {
    let begun = Instant::now();
    let frame = port.send(message).receive(PATIENCE);
    frame.expect_error(code);
    frame.at - begun
}

#[track_caller]
fn expect_between(took: Duration, limit: Duration) {
    assert!(
        took >= limit * 9 / 10,
        "a limit of {limit:?} was reached after {took:?}"
    );
    assert!(
        took <= limit + LATE,
        "a limit of {limit:?} was reached only after {took:?}"
    );
}

#[test]
fn cpu_per_call_ends_a_loop() {
    let home = limited_home("unruly", "cpu-per-call = \"400ms\"");
    let mut port = Browser::chromium(&home).start();
    for deed in [Verb::Loop, Verb::Spin] {
        let took = time_of_error(&mut port, &order(deed, 0), "plugin-timeout");
        expect_between(took, Duration::from_millis(400));
        port.ask(HELLO).expect_text(r#"{"length":18}"#);
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn cpu_per_call_is_not_billed_for_waiting() {
    let home = limited_home("unruly", "cpu-per-call = \"200ms\"");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::Sleep, 1000))
        .expect_text(r#"{"slept":1000}"#);
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn cpu_per_call_begins_anew_with_each_call() {
    let home = limited_home("unruly", "cpu-per-call = \"300ms\"");
    let mut port = Browser::chromium(&home).start();
    // Together far more than one call may take.
    let message = format!("\"{}\"", "x".repeat(4 << 20));
    for _ in 0..100 {
        port.ask(&message).expect_text(r#"{"length":4194306}"#);
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn wall_per_call_ends_a_sleep() {
    let home = limited_home("unruly", "wall-per-call = \"500ms\"");
    let mut port = Browser::chromium(&home).start();
    let took = time_of_error(&mut port, &order(Verb::Sleep, 3_600_000), "plugin-timeout");
    expect_between(took, Duration::from_millis(500));
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn wall_per_call_ends_a_loop_too() {
    let home = limited_home(
        "unruly",
        "wall-per-call = \"500ms\"\ncpu-per-call = \"60s\"",
    );
    let mut port = Browser::chromium(&home).start();
    let took = time_of_error(&mut port, &order(Verb::Loop, 0), "plugin-timeout");
    expect_between(took, Duration::from_millis(500));
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn init_ends_an_instantiation_that_does_not_return() {
    let home = limited_home("loops-at-start", "init = \"500ms\"");
    let mut port = Browser::chromium(&home).start();
    for _ in 0..2 {
        let took = time_of_error(&mut port, HELLO, "init-timeout");
        expect_between(took, Duration::from_millis(500));
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn init_ends_a_connect_that_does_not_return() {
    let grant = "[route.grant]\nconfig = { on-connect = \"loop\" }\n";
    let policy = format!(
        "[limits]\ninit = \"500ms\"\n{}{grant}",
        route(ORIGIN, "unruly-session")
    );
    let home = home_with(&["unruly-session"], &policy);
    let begun = Instant::now();
    let mut port = Browser::chromium(&home).start();
    let frame = port.send(HELLO).receive(PATIENCE);
    frame.expect_error("init-timeout");
    expect_between(frame.at - begun, Duration::from_millis(500));
    port.end().expect_exit(0);
}

#[test]
fn a_trap_in_an_instantiation_is_an_error_of_each_message() {
    let home = home("traps-at-start");
    let mut port = Browser::chromium(&home).start();
    for request in [1, 2] {
        let error = port.ask(HELLO).expect_error("init-failed");
        assert_eq!(
            (error.request, error.plugin.as_deref()),
            (Some(request), Some("traps-at-start"))
        );
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn memory_is_denied_beyond_the_limit_and_the_plugin_may_go_on() {
    let _alone = alone();
    let home = limited_home("unruly", "memory = \"32MiB\"");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::Allocate, 16 << 20))
        .expect_text(r#"{"given":true}"#);
    port.ask(&order(Verb::Allocate, 64 << 20))
        .expect_text(r#"{"given":false}"#);
    port.ask(&order(Verb::Allocate, 3 << 30))
        .expect_text(r#"{"given":false}"#);
    port.ask(&order(Verb::Count, 0))
        .expect_text(r#"{"calls":3}"#);
    let before = port.peak_resident_bytes();
    port.ask(&order(Verb::Exhaust, 0))
        .expect_error("plugin-out-of-memory");
    let grown = port.peak_resident_bytes().saturating_sub(before);
    assert!(
        grown < 32 << 20,
        "a limit of 32 MiB let the host grow by {grown} bytes"
    );
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn memory_for_a_message_that_does_not_fit_is_an_error_and_the_next_is_served() {
    let _alone = alone();
    let home = limited_home("unruly", "memory = \"8MiB\"");
    let mut port = Browser::chromium(&home).start();
    let message = format!("\"{}\"", "x".repeat(16 << 20));
    let error = port.ask(&message).expect_error("plugin-out-of-memory");
    assert_eq!(error.request, Some(1));
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_route_may_have_limits_of_its_own() {
    let policy = format!(
        "[limits]\ncpu-per-call = \"30s\"\nmemory = \"256MiB\"\n{}[route.limits]\ncpu-per-call = \"300ms\"\nmemory = \"16MiB\"\n",
        route(ORIGIN, "unruly")
    );
    let home = home_with(&["unruly"], &policy);
    let mut port = Browser::chromium(&home).start();
    let took = time_of_error(&mut port, &order(Verb::Loop, 0), "plugin-timeout");
    expect_between(took, Duration::from_millis(300));
    port.ask(&order(Verb::Allocate, 32 << 20))
        .expect_text(r#"{"given":false}"#);
    port.end().expect_exit(0);
}

#[test]
fn a_plugin_may_live_for_a_message_or_for_a_port() {
    for (lifetime, second) in [("port", 1), ("message", 0)] {
        let policy = format!("{}lifetime = \"{lifetime}\"\n", route(ORIGIN, "unruly"));
        let home = home_with(&["unruly"], &policy);
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(Verb::Count, 0))
            .expect_text(r#"{"calls":0}"#);
        port.ask(&order(Verb::Count, 0))
            .expect_text(&format!(r#"{{"calls":{second}}}"#));
        port.end().expect_exit(0).expect_no_frames();
    }
}

#[test]
fn log_rate_bounds_what_a_plugin_may_write() {
    let home = limited_home("unruly", "log-rate = \"4KiB/s\"");
    let mut port = Browser::chromium(&home).start();
    for _ in 0..50 {
        port.ask(&order(Verb::Log, 4000)).expect_text("true");
    }
    port.end().expect_exit(0).expect_no_frames();
    let log = home.log();
    assert!(
        log.len() < 100 * 1024,
        "200 KB were logged as {} bytes",
        log.len()
    );
    assert!(
        log.contains("dropped"),
        "what was dropped is counted:\n{log}"
    );
}

#[test]
fn an_idle_port_does_not_wake_up() {
    let _alone = alone();
    for plugin in ["echo", "ping-pong"] {
        let home = home(plugin);
        let mut port = Browser::chromium(&home).start();
        port.ask("\"ping\"");
        thread::sleep(Duration::from_millis(500));
        let before = wake_ups(port.id());
        thread::sleep(Duration::from_secs(1));
        let woken = wake_ups(port.id()) - before;
        // A ticker of 10 ms would be a hundred.
        assert!(
            woken <= 3,
            "{plugin}: an idle port woke up {woken} times in a second"
        );
        port.end().expect_exit(0).expect_quiet();
    }
}

/// How often the threads of a process have gone to sleep by themselves.
fn wake_ups(id: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{id}/task")).expect("the host is running");
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("status")).ok())
        .filter_map(|status| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            line.trim().parse::<u64>().ok()
        })
        .sum()
}

/// A second port of the same extension is another process with its own limits.
#[test]
fn a_busy_port_does_not_hold_up_another() {
    let home: Home = home("unruly");
    let mut busy = Browser::chromium(&home).start();
    busy.send(&order(Verb::Loop, 0));
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(r#"{"length":18}"#);
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
    busy.end().expect_exit(0);
}
