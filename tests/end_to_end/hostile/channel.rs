//! Cases 28, 30 and 31: more than the other end takes, in each direction, with the measures of every hostile deed.

use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Output, PATIENCE, encode};

use super::measured::{
    END, LATE, ask_within, expect_goes_on, expect_log_is_safe, expect_small, receive_within,
};
use crate::fixture::{Verb, alone, limited_home, order};

/// A request that is no order, and its answer.
const GOOD: (&str, &str) = ("[1]", r#"{"length":3}"#);

/// Small in memory; patient, since what is measured here is who waits for whom.
const LIMITS: &str =
    "memory = \"32MiB\"\ncpu-per-call = \"60s\"\nwall-per-call = \"60s\"\nmessage-in = \"1MiB\"";

/// Messages of a flood.
const MANY: usize = 1_000_000;

/// Case 28: what is posted while nobody reads waits in the plugin, and comes in full and in order once somebody does.
#[test]
fn a_million_posts_to_a_browser_that_does_not_read_wait_in_the_plugin() {
    let _alone = alone();
    let home = limited_home("unruly-session", LIMITS);
    let mut port = Browser::chromium(&home).output(Output::Unread).start();
    port.send(&order(Verb::Post, MANY as u64));
    thread::sleep(Duration::from_secs(1));
    expect_small(&port, "a million posts that wait");
    let before = port.peak_resident_bytes();
    thread::sleep(Duration::from_secs(1));
    let grown = port.peak_resident_bytes() - before;
    assert!(grown < 1 << 20, "posts that wait took {grown} bytes");
    port.resume_output();
    let begun = Instant::now();
    for number in 1..=MANY {
        let frame = port.receive(PATIENCE);
        frame.expect_text(&format!("{{\"post\":{number}}}"));
    }
    receive_within(&mut port, begun, Duration::from_secs(60)).expect_text("true");
    expect_goes_on(port, &home, "a million posts", GOOD);
}

/// Case 28: and the end of the port ends the wait, whether the browser closes what it does not read or not.
#[test]
fn a_post_that_waits_for_the_browser_does_not_hold_up_the_end() {
    for closes in [true, false] {
        let home = limited_home("unruly-session", LIMITS);
        let mut port = Browser::chromium(&home).output(Output::Unread).start();
        port.send(&order(Verb::Post, MANY as u64));
        thread::sleep(Duration::from_millis(300));
        expect_small(&port, "a post that waits");
        if closes {
            port.close_output();
        }
        let begun = Instant::now();
        port.close_input();
        while port.is_running() && begun.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        let took = begun.elapsed();
        assert!(took <= END, "the end took {took:?}");
        // The host may have been in the middle of a frame that nobody will ever read.
        port.close_output();
        port.wait().expect_exit(0);
        expect_log_is_safe(&home);
        // The next port of the same extension is served.
        let port = Browser::chromium(&home).start();
        expect_goes_on(port, &home, "the next port", GOOD);
    }
}

/// Case 30: a message of 64 MiB is refused by its length and drained; nothing of it is kept, and the port goes on.
#[test]
fn messages_over_the_limit_take_no_memory() {
    for plugin in ["unruly", "unruly-session"] {
        let home = limited_home(plugin, LIMITS);
        let mut port = Browser::chromium(&home).start();
        for bytes in [(1 << 20) + 1, 64 << 20, (64 << 20) + 1] {
            let message = format!("\"{}\"", "x".repeat(bytes - 2));
            let frame = ask_within(&mut port, &message, LATE);
            frame.expect_error("message-too-large");
        }
        expect_goes_on(port, &home, plugin, GOOD);
    }
}

/// Case 30: one that only claims to have 4 GiB keeps no memory either. Its end is the end of the framing.
#[test]
fn a_message_that_claims_four_gibibytes_takes_no_memory() {
    let home = limited_home("unruly", LIMITS);
    let mut port = Browser::chromium(&home).start();
    port.ask(GOOD.0).expect_text(GOOD.1);
    port.send_raw(&u32::MAX.to_ne_bytes());
    port.send_raw(&vec![b' '; 8 << 20]);
    thread::sleep(Duration::from_millis(200));
    expect_small(&port, "a claim of 4 GiB");
    let ended = port.end().expect_exit(3).expect_within(END);
    for frame in &ended.frames {
        frame.expect_error("message-too-large");
    }
    expect_log_is_safe(&home);
    let port = Browser::chromium(&home).start();
    expect_goes_on(port, &home, "the next port", GOOD);
}

/// Case 31: a flood for a plugin that is slow waits outside, in the browser's pipe.
#[test]
fn a_flood_for_a_slow_plugin_waits_outside() {
    let _alone = alone();
    let small = encode("1");
    let large = encode(&format!("\"{}\"", "x".repeat((1 << 20) - 2)));
    for (what, frame, times) in [("small", small, MANY), ("large", large, 64)] {
        let home = limited_home("unruly", LIMITS);
        let mut port = Browser::chromium(&home).start();
        port.send(&order(Verb::Sleep, 1500));
        let begun = Instant::now();
        let length = frame.len();
        let flood = frame.repeat(times);
        let taken = port
            .try_send_raw(&flood, Duration::from_millis(500))
            .expect("the host reads its input");
        assert!(
            taken < flood.len(),
            "the whole flood of {what} messages was taken in"
        );
        expect_small(&port, what);
        let limit = Duration::from_millis(1500) + LATE;
        receive_within(&mut port, begun, limit).expect_text(r#"{"slept":1500}"#);
        // The last may have been cut.
        port.send_raw(&flood[taken..taken.next_multiple_of(length)]);
        for _ in 0..taken.div_ceil(length) {
            let reply = format!("{{\"length\":{}}}", length - 4);
            port.receive(PATIENCE).expect_text(&reply);
        }
        expect_goes_on(port, &home, what, GOOD);
    }
}
