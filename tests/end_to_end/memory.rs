//! Memory under load, measured on the live process: large messages, browsers that do not read, browsers that flood.
//!
//! One at a time, since each needs hundreds of megabytes.

use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, ORIGIN, OTHER_ORIGIN, Output, PATIENCE, encode};

use crate::fixture::{HELLO, Verb, alone, home, limited_home, order};

const MEBIBYTE: usize = 1 << 20;

/// The longest message of a browser.
const LONGEST: usize = 64 * MEBIBYTE;

#[test]
fn a_message_of_64_mib_with_a_small_reply_takes_less_than_2_3_times_its_size() {
    let _alone = alone();
    for plugin in ["unruly", "unruly-session"] {
        let home = home(plugin);
        let mut port = Browser::chromium(&home).start();
        let message = format!("\"{}\"", "x".repeat(LONGEST - 2));
        port.ask(&message).expect_text(r#"{"length":67108864}"#);
        let peak = port.peak_resident_bytes();
        assert!(
            peak * 10 < LONGEST * 23,
            "{plugin}: the host took {} MiB",
            peak / MEBIBYTE
        );
        // And it is given back: the second costs no more than the first.
        port.ask(&message).expect_text(r#"{"length":67108864}"#);
        let peak = port.peak_resident_bytes();
        assert!(
            peak * 10 < LONGEST * 23,
            "{plugin}: the second time the host took {} MiB",
            peak / MEBIBYTE
        );
        port.end().expect_exit(0).expect_no_frames();
    }
}

#[test]
fn a_message_of_64_mib_echoed_is_too_large_and_takes_less_than_3_times_its_size() {
    let _alone = alone();
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    let message = format!("\"{}\"", "x".repeat(LONGEST - 2));
    let error = port.ask(&message).expect_error("reply-too-large");
    assert_eq!(error.request, Some(1));
    let peak = port.peak_resident_bytes();
    assert!(peak < LONGEST * 3, "the host took {} MiB", peak / MEBIBYTE);
    port.ask(HELLO).expect_text(HELLO);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_browser_that_does_not_read_costs_no_memory_and_leaves_at_once() {
    let _alone = alone();
    let home = home("unruly-session");
    let mut port = Browser::chromium(&home).output(Output::Unread).start();
    port.send(&order(Verb::Flood, 0));
    thread::sleep(Duration::from_secs(1));
    let before = port.peak_resident_bytes();
    thread::sleep(Duration::from_secs(1));
    let grown = port.peak_resident_bytes() - before;
    assert!(
        grown < MEBIBYTE,
        "a plugin that posts to nobody took {grown} bytes in a second"
    );
    assert!(
        before < 64 * MEBIBYTE,
        "what waits for the browser took {} MiB",
        before / MEBIBYTE
    );
    port.close_output().close_input();
    port.wait()
        .expect_exit(0)
        .expect_within(Duration::from_millis(1900));
}

#[test]
fn a_browser_that_does_not_read_can_still_disconnect() {
    let home = home("unruly-session");
    // Only the input is closed: the output stays open and unread, so no write ever fails.
    let mut port = Browser::chromium(&home).output(Output::Unread).start();
    port.send(&order(Verb::Flood, 0));
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    port.close_input();
    while port.is_running() && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(1900), "the end took {took:?}");
    // The host may have been in the middle of a frame that nobody will ever read.
    port.close_output();
    port.wait().expect_exit(0);
}

#[test]
fn time_that_a_post_waits_for_the_browser_is_billed_to_no_clock() {
    let home = limited_home(
        "unruly-session",
        "wall-per-call = \"1s\"\ncpu-per-call = \"1s\"",
    );
    let mut port = Browser::chromium(&home).output(Output::Unread).start();
    port.send(&order(Verb::Flood, 400));
    thread::sleep(Duration::from_millis(2500));
    port.resume_output();
    for _ in 0..400 {
        let frame = port.receive(PATIENCE);
        assert_eq!(frame.text.len(), 16 * 1024, "{}", frame.shortened());
    }
    port.receive(PATIENCE).expect_text("true");
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn a_flood_of_large_messages_waits_outside_while_the_plugin_is_busy() {
    let _alone = alone();
    let home = home("unruly");
    let mut port = Browser::chromium(&home).start();
    port.send(&order(Verb::Sleep, 1500));
    let frame = encode(&format!("\"{}\"", "x".repeat(MEBIBYTE - 2)));
    for _ in 0..192 {
        port.send_raw(&frame);
    }
    port.receive(PATIENCE).expect_text(r#"{"slept":1500}"#);
    for _ in 0..192 {
        port.receive(PATIENCE).expect_text(r#"{"length":1048576}"#);
    }
    let peak = port.peak_resident_bytes();
    assert!(
        peak * 10 < LONGEST * 23,
        "192 MiB of messages took {} MiB",
        peak / MEBIBYTE
    );
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_flood_of_small_messages_waits_outside_while_the_plugin_is_busy() {
    let _alone = alone();
    let home = home("unruly");
    let mut port = Browser::chromium(&home).start();
    port.ask("1");
    let before = port.peak_resident_bytes();
    port.send(&order(Verb::Sleep, 2000));
    // Five bytes each: what is kept beside a message must be counted too.
    let many = encode("1").repeat(1_000_000);
    let taken = port
        .try_send_raw(&many, Duration::from_millis(500))
        .expect("the host reads its input");
    let grown = port.peak_resident_bytes() - before;
    assert!(
        grown < 32 * MEBIBYTE,
        "{taken} bytes of small messages took {} MiB",
        grown / MEBIBYTE
    );
    port.receive(PATIENCE).expect_text(r#"{"slept":2000}"#);
    for _ in 0..taken / 5 {
        port.receive(PATIENCE).expect_text(r#"{"length":1}"#);
    }
    // The last frame may be a part of one.
    port.send_raw(&many[taken..taken.next_multiple_of(5)]);
    if !taken.is_multiple_of(5) {
        port.receive(PATIENCE).expect_text(r#"{"length":1}"#);
    }
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_flood_of_refused_messages_to_a_browser_that_does_not_read_costs_no_memory() {
    let _alone = alone();
    // No plugin has a turn here: the host's own answers must be bounded as well.
    for (what, origin, frame) in [
        ("empty frames", ORIGIN, vec![0; 4]),
        ("frames without a route", OTHER_ORIGIN, encode("1")),
        ("frames that are not UTF-8", ORIGIN, vec![1, 0, 0, 0, 0xff]),
    ] {
        let home = home("echo");
        let mut port = Browser::chromium(&home)
            .origin(origin)
            .output(Output::Unread)
            .start();
        thread::sleep(Duration::from_millis(200));
        let before = port.peak_resident_bytes();
        let flood = frame.repeat(1_000_000);
        let taken = port
            .try_send_raw(&flood, Duration::from_millis(500))
            .expect("the host takes them");
        let grown = port.peak_resident_bytes() - before;
        assert!(
            grown < 16 * MEBIBYTE,
            "{what}: {taken} bytes took {} MiB",
            grown / MEBIBYTE
        );
        port.close_output().close_input();
        let ended = port.wait().expect_within(Duration::from_millis(1900));
        let code = ended.status.code().unwrap_or(-1);
        // The last frame may have been cut, and one of the three has no route.
        assert!([0, 1, 3].contains(&code), "{what}: exit code {code}");
        ended.expect_exit(code);
    }
}

#[test]
fn a_long_port_does_not_grow() {
    let _alone = alone();
    let home = home("unruly");
    let mut port = Browser::chromium(&home).start();
    let message = format!("\"{}\"", "x".repeat(100_000));
    let exchange = |port: &mut portcullis_tests::Port| {
        for _ in 0..200 {
            port.ask(&message).expect_text(r#"{"length":100002}"#);
        }
    };
    exchange(&mut port);
    let before = port.peak_resident_bytes();
    for _ in 0..4 {
        exchange(&mut port);
    }
    let grown = port.peak_resident_bytes() - before;
    assert!(grown < MEBIBYTE, "800 further messages took {grown} bytes");
    port.end().expect_exit(0).expect_no_frames();
}
