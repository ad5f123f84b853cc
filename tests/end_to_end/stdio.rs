//! Programs that speak native messaging on their own standard input and output, run unchanged through the real host.
//!
//! What a program does right is here; `hostile` has what it can do wrong, with the measures of every hostile guest.

mod hostile;
mod runs;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::languages::PROGRAMS;
use portcullis_tests::{Browser, Home, ORIGIN, Output, PATIENCE, encode};

use crate::fixture::{alone, guest, json, limited_home, route};
use crate::hostile::measured::{END, expect_goes_on, expect_small};

include!("../guests/stdio/src/verbs.rs");

/// A message that is no order, and its answer.
const GOOD: (&str, &str) = ("[1]", r#"{"length":3}"#);

/// An order for the program.
fn order(verb: Verb, n: u64) -> String {
    let word = serde_json::to_string(&verb).expect("a verb is a JSON string");
    format!(r#"{{"do":{word},"n":{n}}}"#)
}

/// A home with the program, these lines under `[limits]`, and these in its route.
fn home(limits: &str, in_route: &str) -> Home {
    let home = limited_home("stdio", limits);
    let route = route(ORIGIN, "stdio");
    home.policy(&format!(
        "version = 1\n[limits]\n{limits}\n{route}{in_route}"
    ));
    home
}

/// The same with a deed that comes before the first message.
fn home_on_start(limits: &str, in_route: &str, deed: &str) -> Home {
    let grant = format!("[route.grant]\nenv = {{ ON_START = \"{deed}\" }}\n");
    home(limits, &format!("{in_route}{grant}"))
}

#[test]
fn every_example_program_plays_ping_pong() {
    for example in &PROGRAMS {
        let home = Home::new();
        home.add("program", example.wasm());
        home.route(ORIGIN, "program");
        let mut port = Browser::chromium(&home).start();
        assert_eq!(
            port.ask("\"ping\"").json(),
            json("\"pong\""),
            "{}",
            example.name
        );
        port.send(r#"{"every":20,"times":3}"#).send("\"ping\"");
        for expected in [
            r#"{"tick":1}"#,
            r#"{"tick":2}"#,
            r#"{"tick":3}"#,
            "\"pong\"",
        ] {
            let heard = port.receive(PATIENCE).json();
            assert_eq!(heard, json(expected), "{}", example.name);
        }
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
    }
}

#[test]
fn a_program_is_what_is_shown_of_it() {
    let home = Home::new();
    let said = |arguments: &[&str]| {
        let mut command = home.portcullis(arguments.iter().copied());
        let output = command
            .arg(guest("stdio"))
            .output()
            .expect("the program was just built");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let inspected = said(&["inspect"]);
    let mode = inspected.lines().find(|line| line.starts_with("mode"));
    assert!(
        mode.is_some_and(|line| line.ends_with("stdio")),
        "{inspected}"
    );
    said(&["add", "--name", "stdio"]);
}

#[test]
fn messages_pass_unchanged_whatever_their_length_and_however_they_are_read() {
    let home = home("", "");
    let mut port = Browser::chromium(&home).start();
    for slowly in [false, true] {
        if slowly {
            port.ask(&order(Verb::ReadSlowly, 0)).expect_text("true");
        }
        let lengths = [2, 4, 4093, 4096, 65_535, 65_540, 300_000, 5_000_000];
        for length in lengths
            .into_iter()
            .filter(|length| !slowly || *length < 100_000)
        {
            let message = format!("\"{}\"", "x".repeat(length - 2));
            let frame = port.ask(&message);
            frame.expect_text(&format!(r#"{{"length":{length}}}"#));
        }
    }
    for length in [2, 65_536, 1 << 20] {
        let expected = format!("\"{}\"", "x".repeat(length - 2));
        port.ask(&order(Verb::Reply, length as u64))
            .expect_text(&expected);
    }
    port.ask(&order(Verb::ReplySlowly, 0)).expect_text("true");
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn one_run_serves_a_port_in_order() {
    let home = home("", "");
    let mut port = Browser::chromium(&home).start();
    let burst = encode(&order(Verb::Count, 0)).repeat(500);
    port.send_raw(&burst);
    for calls in 0..500 {
        port.receive(PATIENCE)
            .expect_text(&format!(r#"{{"calls":{calls}}}"#));
    }
    port.send(&order(Verb::Post, 3)).send(GOOD.0);
    for text in [r#"{"post":1}"#, r#"{"post":2}"#, r#"{"post":3}"#, GOOD.1] {
        port.receive(PATIENCE).expect_text(text);
    }
    expect_goes_on(port, &home, "one run", GOOD);
}

#[test]
fn it_is_given_no_argument_and_only_the_granted_environment() {
    let home = home("", "");
    let mut port = Browser::chromium(&home).start();
    let none = r#"{"arguments":0,"variables":0}"#;
    port.ask(&order(Verb::Surroundings, 0)).expect_text(none);
    port.end().expect_exit(0);
}

#[test]
fn its_standard_error_is_logged_and_never_sent() {
    let home = home("", "");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::Complain, 20_000)).expect_text("true");
    expect_goes_on(port, &home, "standard error", GOOD);
    let log = home.log();
    assert!(log.contains("red") && !log.contains('\x1b'), "{log}");
}

/// The wall and the processor time of a call: counted for each message, not for the run.
#[test]
fn limits_count_for_each_message() {
    let limits = "cpu-per-call = \"300ms\"\nwall-per-call = \"600ms\"\ninit = \"500ms\"";
    let home = home(limits, "");
    let mut port = Browser::chromium(&home).start();
    for _ in 0..4 {
        port.ask(&order(Verb::Burn, 150))
            .expect_text(r#"{"burnt":150}"#);
        port.ask(&order(Verb::Sleep, 300))
            .expect_text(r#"{"slept":300}"#);
    }
    // And for those that wait for each other.
    for _ in 0..4 {
        port.send(&order(Verb::Sleep, 300));
    }
    for _ in 0..4 {
        port.receive(PATIENCE).expect_text(r#"{"slept":300}"#);
    }
    // While it waits for input, nothing counts.
    thread::sleep(Duration::from_millis(1500));
    expect_goes_on(port, &home, "limits", GOOD);
}

#[test]
fn a_program_that_waits_for_input_does_not_wake_up() {
    let _alone = alone();
    let home = home("", "");
    let mut port = Browser::chromium(&home).start();
    port.ask(GOOD.0).expect_text(GOOD.1);
    thread::sleep(Duration::from_millis(500));
    let before = wake_ups(port.id());
    thread::sleep(Duration::from_secs(3));
    let woken = wake_ups(port.id()) - before;
    // A ticker of 10 ms would be three hundred.
    assert!(woken <= 3, "it woke up {woken} times in three seconds");
    expect_goes_on(port, &home, "idle", GOOD);
}

/// How often the threads of a process have gone to sleep by themselves.
fn wake_ups(id: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{id}/task")).expect("the host is running");
    let statuses =
        threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("status")).ok());
    statuses
        .filter_map(|status| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            line.trim().parse::<u64>().ok()
        })
        .sum()
}

#[test]
fn it_may_speak_before_the_first_message_and_after_the_last() {
    let home = home_on_start("", "", "post");
    let mut port = Browser::chromium(&home).start();
    port.receive(PATIENCE).expect_text(r#"{"started":true}"#);
    port.ask(&order(Verb::SpeakAtEnd, 0)).expect_text("true");
    let ended = port.end().expect_exit(0).expect_within(END);
    assert_eq!(ended.frames.len(), 1);
    ended.frames[0].expect_text(r#"{"end":true}"#);
}

#[test]
fn the_end_of_input_reaches_it_after_what_came_before() {
    let home = home("", "");
    let mut port = Browser::chromium(&home).start();
    port.send(&order(Verb::ReadToEnd, 0))
        .send("[1]")
        .send("[22]");
    let ended = port.end().expect_exit(0).expect_within(END);
    assert_eq!(ended.frames.len(), 1);
    ended.frames[0].expect_text(r#"{"rest":15}"#);
}

/// A program may wait for input and for other things at once. What it does then counts as a call of its own.
#[test]
fn a_program_that_waits_for_input_and_for_time_may_go_on_as_long_as_it_likes() {
    let limits = "cpu-per-call = \"400ms\"\nwall-per-call = \"400ms\"";
    let home = home(limits, "");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::Tick, 50)).expect_text("true");
    for tick in 1..=6 {
        port.receive(PATIENCE)
            .expect_text(&format!(r#"{{"tick":{tick}}}"#));
    }
    port.send(GOOD.0);
    loop {
        let frame = port.receive(PATIENCE);
        if frame.text == GOOD.1 {
            break;
        }
        assert!(frame.text.contains("tick"), "{}", frame.shortened());
    }
    expect_goes_on(port, &home, "ticks", GOOD);
}

#[test]
fn two_handles_of_one_output_are_one_output() {
    let home = home("", "");
    let mut port = Browser::chromium(&home).start();
    port.send(&order(Verb::TwoHandles, 0));
    for _ in 0..2 {
        assert_eq!(port.receive(PATIENCE).text.len(), 40_000);
    }
    expect_goes_on(port, &home, "two handles", GOOD);
}

#[test]
fn a_silent_program_is_told_of_once() {
    let home = home("wall-per-call = \"300ms\"", "");
    let mut port = Browser::chromium(&home).start();
    let begun = Instant::now();
    port.send(&order(Verb::Silent, 0));
    let frame = port.receive(PATIENCE);
    frame.expect_error("no-reply");
    assert!(frame.at - begun >= Duration::from_millis(300));
    port.send(&order(Verb::Silent, 0));
    expect_goes_on(port, &home, "silence", GOOD);
}

/// What a program writes while nobody reads waits in it, and that time is nobody's.
#[test]
fn writing_to_a_browser_that_does_not_read_waits_and_costs_nothing() {
    let limits = "memory = \"32MiB\"\ncpu-per-call = \"20s\"\nwall-per-call = \"20s\"\nmessage-in = \"1MiB\"";
    let short = limits.replace("\"20s\"", "\"1s\"");
    for (limits, many) in [(limits, 300_000), (&short, 8_000)] {
        let _alone = alone();
        let home = home(limits, "");
        let mut port = Browser::chromium(&home).output(Output::Unread).start();
        port.send(&order(Verb::Post, many));
        thread::sleep(Duration::from_millis(2500));
        expect_small(&port, "what waits");
        port.resume_output();
        for number in 1..=many {
            port.receive(PATIENCE)
                .expect_text(&format!(r#"{{"post":{number}}}"#));
        }
        expect_goes_on(port, &home, "a browser that does not read", GOOD);
    }
}

#[test]
fn a_write_that_waits_for_the_browser_does_not_hold_up_the_end() {
    let home = home("memory = \"32MiB\"", "");
    let mut port = Browser::chromium(&home).output(Output::Unread).start();
    port.send(&order(Verb::Flood, 0));
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    port.close_input();
    while port.is_running() && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed();
    assert!(took <= END, "the end took {took:?}");
    port.close_output();
    port.wait().expect_exit(0);
}

#[test]
fn a_flood_of_messages_for_a_program_that_is_slow_waits_outside() {
    let _alone = alone();
    let home = home("memory = \"32MiB\"\nmessage-in = \"1MiB\"", "");
    let mut port = Browser::chromium(&home).start();
    port.send(&order(Verb::Sleep, 1500));
    let frame = encode(&format!("\"{}\"", "x".repeat((1 << 20) - 2)));
    let flood = frame.repeat(32);
    let taken = port
        .try_send_raw(&flood, Duration::from_millis(500))
        .expect("the host reads its input");
    assert!(taken < flood.len(), "the whole flood was taken in");
    expect_small(&port, "a flood");
    port.receive(PATIENCE).expect_text(r#"{"slept":1500}"#);
    port.send_raw(&flood[taken..taken.next_multiple_of(frame.len())]);
    for _ in 0..taken.div_ceil(frame.len()) {
        port.receive(PATIENCE).expect_text(r#"{"length":1048576}"#);
    }
    expect_goes_on(port, &home, "a flood", GOOD);
}
