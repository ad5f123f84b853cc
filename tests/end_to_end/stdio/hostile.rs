//! Each thing that a program can do wrong, once, with the measures of every hostile deed.

use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Output, PATIENCE};

use super::{GOOD, Verb, home, order};
use crate::hostile::measured::{LATE, ask_within, expect_goes_on, expect_small};

/// Small, so that the deeds that only a limit ends are over soon, with enough of a clock on the wall for the processor
/// time to be used up on a loaded machine; and no end of crashes, since each deed is one.
const LIMITS: &str = "memory = \"32MiB\"\ncpu-per-call = \"200ms\"\nwall-per-call = \"6s\"\ninit = \"500ms\"\ncrashes = 1000";

/// The longest limit of time above, and what an answer may be late by.
const IN_TIME: Duration = Duration::from_secs(6).saturating_add(LATE);

/// A deed that the host answers in the plugin's place.
struct Row {
    verb: Verb,
    n: u64,
    /// What it writes before.
    first: Option<&'static str>,
    code: &'static str,
    /// What the sentence for people says.
    words: &'static str,
}

const fn row(verb: Verb, n: u64, code: &'static str, words: &'static str) -> Row {
    Row {
        verb,
        n,
        first: None,
        code,
        words,
    }
}

const fn after(first: &'static str, row: Row) -> Row {
    Row {
        first: Some(first),
        ..row
    }
}

const ROWS: [Row; 16] = [
    row(Verb::Loop, 0, "plugin-timeout", "processor time"),
    after("true", row(Verb::Deaf, 0, "plugin-timeout", "longer than")),
    row(Verb::Sleep, 3_600_000, "plugin-timeout", "longer than"),
    row(Verb::Peek, 0, "plugin-timeout", "processor time"),
    row(Verb::Spin, 0, "plugin-timeout", "processor time"),
    row(Verb::Exhaust, 0, "plugin-out-of-memory", "memory"),
    row(
        Verb::Print,
        0,
        "plugin-error",
        "it begins with `Hello, world!\\n`",
    ),
    row(
        Verb::Huge,
        0,
        "plugin-error",
        "it begins with `\\xff\\xff\\xff\\xff",
    ),
    row(
        Verb::Half,
        0,
        "plugin-error",
        "within a frame, and it begins with `\\x06\\x00\\x00\\x00\\\"ha`",
    ),
    row(Verb::Half, 7, "plugin-exited", "code 1"),
    row(Verb::Zeroes, 0, "invalid-json", "refused"),
    row(Verb::NotUtf8, 0, "invalid-json", "not UTF-8"),
    row(Verb::NotJson, 0, "invalid-json", "refused"),
    row(Verb::Forge, 0, "invalid-json", "the host's own"),
    row(
        Verb::Reply,
        (1 << 20) + 1,
        "reply-too-large",
        "1048577 bytes",
    ),
    after(
        "\"good\"",
        row(Verb::GoodThenBad, 0, "plugin-error", "`bad output`"),
    ),
];

#[test]
fn what_a_program_does_wrong_is_one_report_and_the_next_message_meets_a_fresh_run() {
    for Row {
        verb,
        n,
        first,
        code,
        words,
    } in ROWS
    {
        let home = home(LIMITS, "");
        let mut port = Browser::chromium(&home).start();
        port.ask(GOOD.0).expect_text(GOOD.1);
        let mut frame = ask_within(&mut port, &order(verb, n), IN_TIME);
        if let Some(first) = first {
            frame.expect_text(first);
            frame = port.receive(IN_TIME);
        }
        let error = frame.expect_error(code);
        assert_eq!(
            (error.request, error.plugin.as_deref()),
            (Some(2), Some("stdio")),
            "{verb:?}: {}",
            error.message
        );
        assert!(error.message.contains(words), "{verb:?}: {}", error.message);
        port.ask(&order(Verb::Count, 0))
            .expect_text(r#"{"calls":0}"#);
        expect_goes_on(port, &home, &format!("{verb:?}"), GOOD);
        let log = home.log();
        assert!(
            !log.contains("Hello") && !log.contains("bad output"),
            "{log}"
        );
    }
}

/// What fails while no message is under way is told without a request.
#[test]
fn a_failure_between_messages_answers_none() {
    let home = home(LIMITS, "");
    let mut port = Browser::chromium(&home).start();
    port.ask(&order(Verb::TrapLater, 100)).expect_text("true");
    let error = port.receive(PATIENCE).expect_error("plugin-crashed");
    assert_eq!(
        (error.request, error.plugin.as_deref()),
        (None, Some("stdio"))
    );
    expect_goes_on(port, &home, "a failure between messages", GOOD);
}

/// A permit is asked for and not enforced by WASI, so a guest may write without one: to nobody's memory but its own.
#[test]
fn a_program_that_writes_without_permits_is_stopped() {
    let home = home(LIMITS, "");
    let mut port = Browser::chromium(&home).output(Output::Unread).start();
    port.send(&order(Verb::WriteWithoutPermit, 0));
    thread::sleep(Duration::from_millis(1000));
    expect_small(&port, "writes without permits");
    port.resume_output();
    loop {
        let frame = port.receive(PATIENCE);
        if frame.error().is_some() {
            let error = frame.expect_error("plugin-error");
            assert!(error.message.contains("permitted"), "{}", error.message);
            break;
        }
        assert_eq!(frame.text.len(), 60_002);
    }
    expect_goes_on(port, &home, "writes without permits", GOOD);
}

/// A second message waits behind the deed and is served after it.
#[test]
fn a_message_that_waits_behind_a_deed_is_served() {
    let home = home(LIMITS, "");
    for verb in [Verb::Loop, Verb::Print, Verb::Trap, Verb::Exit] {
        let mut port = Browser::chromium(&home).start();
        port.send(&order(verb, 0)).send(GOOD.0);
        let error = port.receive(PATIENCE).error().expect("the deed fails");
        assert_eq!(error.request, Some(1), "{verb:?}");
        port.receive(PATIENCE).expect_text(GOOD.1);
        port.end().expect_exit(0).expect_no_frames();
    }
}

/// Good frames without end: the browser gets them until the processor time is over, and nothing but frames.
#[test]
fn a_flood_ends_with_the_processor_time_that_it_takes() {
    let home = home(LIMITS, "");
    let mut port = Browser::chromium(&home).start();
    let begun = Instant::now();
    port.send(&order(Verb::Flood, 0));
    let mut frames = 0u64;
    let error = loop {
        let frame = port.receive(PATIENCE);
        match frame.error() {
            Some(error) => break error,
            None => frame.expect_text(r#"{"flood":true}"#),
        };
        frames += 1;
    };
    assert_eq!(
        (error.code.as_str(), error.request),
        ("plugin-timeout", Some(1))
    );
    assert!(frames > 10, "only {frames} frames came");
    assert!(
        begun.elapsed() < IN_TIME + LATE,
        "it took {:?}",
        begun.elapsed()
    );
    expect_small(&port, "a flood");
    expect_goes_on(port, &home, "a flood", GOOD);
}

/// What fails again and again is started ever more slowly.
#[test]
fn a_program_that_always_fails_is_held_back() {
    let home = home(LIMITS, "");
    let mut port = Browser::chromium(&home).start();
    let begun = Instant::now();
    for _ in 0..8 {
        port.ask(&order(Verb::Print, 0))
            .expect_error("plugin-error");
    }
    // 10, 20, 40, 80, 160 and 320 ms at least.
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_millis(600),
        "eight failures took {took:?}"
    );
    expect_goes_on(port, &home, "failures", GOOD);
}
