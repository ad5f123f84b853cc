//! One guest, many deeds: each verb of `tests/guests/verbs.rs` is done once as a handler and once as a session, and each
//! has an expectation. A verb without one does not compile.
//!
//! Each row says which case of the list of hostile plugins it is, where it is one. Whatever comes back, the same is
//! measured as in `hostile`: that it came in time, that the process stayed small, that the next request is served, that
//! the channel held only frames, and the end. `starts` has the deeds that are done before the first message.

mod starts;

use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Frame, Home};

use crate::fixture::{Verb, json, limited_home, order};
use crate::hostile::measured::{
    END, LATE, ask_within, expect_goes_on, expect_goes_on_until, expect_log_is_safe, expect_small,
    receive_within,
};

include!("../guests/texts.rs");

/// Small, so that the deeds that only a limit ends are over soon; and no end of crashes, since each deed is one.
const LIMITS: &str = "memory = \"32MiB\"\ncpu-per-call = \"300ms\"\nwall-per-call = \"4s\"\ninit = \"500ms\"\ncrashes = 1000";

/// The longest limit of time above, and what an answer may be late by.
const IN_TIME: Duration = Duration::from_secs(4).saturating_add(LATE);

/// A request that is no order, and its answer.
const GOOD: (&str, &str) = ("[1]", r#"{"length":3}"#);

/// What one deed is ordered with, and what must come back.
struct Row {
    /// The number in the list of hostile plugins; `None` for what no attack is.
    case: Option<u8>,
    /// The number in the order.
    n: u64,
    answer: Answer,
}

/// A row of an attack.
fn case(number: u8, n: u64, answer: Answer) -> Row {
    Row {
        case: Some(number),
        n,
        answer,
    }
}

/// A row of what a decent plugin does, too.
fn harmless(n: u64, answer: Answer) -> Row {
    Row {
        case: None,
        n,
        answer,
    }
}

/// What comes back for a deed.
enum Answer {
    /// This JSON.
    Json(String),
    /// A text of this many bytes.
    Bytes(usize),
    /// The host's error with this code, about this request.
    Error(&'static str),
    /// The plugin's own error value, with this code of its own.
    Refusal(&'static str),
    /// Several frames with these texts, in this order.
    Texts(Vec<String>),
    /// First nothing; later the host's error with this code, about no request.
    LaterError(&'static str),
    /// Nothing, as long as the port lives.
    Nothing,
}

/// What is expected of a handler.
fn of_handler(verb: Verb) -> Row {
    let text = |text: &str| Answer::Json(text.to_owned());
    let error = Answer::Error;
    match verb {
        Verb::Length => harmless(0, text(r#"{"length":21}"#)),
        Verb::Count => harmless(0, text(r#"{"calls":0}"#)),
        Verb::Peer => harmless(
            0,
            text(
                r#"{"origin":"chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/","browser":"chromium","host-name":null}"#,
            ),
        ),
        Verb::Config => harmless(0, text(r#"{"all":[],"theme":null}"#)),
        Verb::Reply => harmless(1 << 20, Answer::Bytes(1 << 20)),
        Verb::Sleep => harmless(50, text(r#"{"slept":50}"#)),
        Verb::Doze => harmless(100, text(r#"{"dozed":100}"#)),
        Verb::Burn => harmless(20, text(r#"{"burnt":20}"#)),
        Verb::Refuse => harmless(0, Answer::Refusal("refused")),

        Verb::Loop => case(1, 0, error("plugin-timeout")),
        Verb::Recurse => case(4, 0, error("plugin-crashed")),
        Verb::Spin => case(6, 0, error("plugin-timeout")),
        Verb::Trap | Verb::Panic => case(10, 0, error("plugin-crashed")),
        Verb::Exit => case(11, 7, error("plugin-exited")),
        Verb::Allocate => case(14, 1 << 40, text(r#"{"given":false}"#)),
        Verb::Exhaust => case(14, 0, error("plugin-out-of-memory")),
        Verb::Print => case(22, 0, text(r#"{"printed":true}"#)),
        Verb::Forge => case(22, 0, error("invalid-json")),
        Verb::Log => case(24, 20_000, text("true")),
        Verb::Garbage | Verb::Empty => case(26, 0, error("invalid-json")),
        // Every one of them has its turn in a test of its own.
        Verb::Odd => case(26, 0, Answer::Texts(vec![r#""\ud800""#.to_owned()])),
        Verb::Environment => case(
            51,
            0,
            text(r#"{"arguments":0,"variables":0,"readable":false}"#),
        ),

        Verb::Silent
        | Verb::Post
        | Verb::PostSlowly
        | Verb::Flood
        | Verb::PostLarge
        | Verb::PostGarbage
        | Verb::PostOdd
        | Verb::PostForged
        | Verb::Timers
        | Verb::TimerTooLong
        | Verb::TimerPosts
        | Verb::TimerCancelled
        | Verb::TimerTraps
        | Verb::TimerLoops
        | Verb::TimerStorm
        | Verb::Close
        | Verb::PostAtEnd
        | Verb::LoopAtEnd
        | Verb::TrapAtEnd => harmless(0, Answer::Refusal("not-a-session")),
    }
}

/// The same of a session: what both can do must look the same.
fn of_session(verb: Verb) -> Row {
    let texts = |texts: &[&str]| Answer::Texts(texts.iter().map(|&text| text.to_owned()).collect());
    match verb {
        Verb::Silent => harmless(0, Answer::Nothing),
        Verb::Post => harmless(
            3,
            texts(&[r#"{"post":1}"#, r#"{"post":2}"#, r#"{"post":3}"#, "true"]),
        ),
        Verb::TimerPosts => harmless(50, texts(&[r#"{"timer":50}"#])),
        Verb::TimerCancelled => harmless(50, texts(&["true"])),
        Verb::Close => harmless(0, texts(&["true"])),

        Verb::TimerLoops => case(1, 50, Answer::LaterError("plugin-timeout")),
        // What these do comes at the end, which is measured for each row; `sessions` and `lifecycle` have more of it.
        Verb::LoopAtEnd => case(3, 0, texts(&["true"])),
        Verb::TrapAtEnd => case(10, 0, texts(&["true"])),
        Verb::PostAtEnd => case(29, 0, texts(&["true"])),
        Verb::TimerTraps => case(10, 50, Answer::LaterError("plugin-crashed")),
        Verb::Timers => case(21, 70, texts(&[r#"{"code":"too-many","refused":6}"#])),
        Verb::TimerTooLong => case(21, 0, texts(&[r#"{"code":"too-long"}"#])),
        Verb::TimerStorm => case(21, 5, texts(&["true"])),
        Verb::PostForged => case(22, 0, texts(&[r#"{"code":"invalid-json"}"#])),
        Verb::PostLarge => case(25, (1 << 20) + 1, texts(&[r#"{"code":"too-large"}"#])),
        Verb::PostGarbage => case(26, 0, texts(&[r#"{"code":"invalid-json"}"#])),
        Verb::PostOdd => case(26, 0, texts(&[r#""\ud800""#, r#"{"code":null}"#])),
        Verb::Flood => {
            let text = format!("\"{}\"", "x".repeat(16 * 1024 - 2));
            let texts = vec![text.clone(), text, "true".to_owned()];
            case(28, 2, Answer::Texts(texts))
        }
        Verb::PostSlowly => case(32, 2, texts(&[r#"{"post":1}"#, r#"{"post":2}"#, "true"])),

        Verb::Length
        | Verb::Count
        | Verb::Peer
        | Verb::Config
        | Verb::Environment
        | Verb::Reply
        | Verb::Sleep
        | Verb::Doze
        | Verb::Burn
        | Verb::Log
        | Verb::Allocate
        | Verb::Refuse
        | Verb::Trap
        | Verb::Panic
        | Verb::Recurse
        | Verb::Exit
        | Verb::Loop
        | Verb::Spin
        | Verb::Exhaust
        | Verb::Print
        | Verb::Garbage
        | Verb::Empty
        | Verb::Odd
        | Verb::Forge => of_handler(verb),
    }
}

#[test]
fn every_deed_of_a_handler_has_its_answer() {
    do_all("unruly", of_handler);
}

#[test]
fn every_deed_of_a_session_has_its_answer() {
    do_all("unruly-session", of_session);
}

fn do_all(plugin: &str, expected: fn(Verb) -> Row) {
    let home = limited_home(plugin, LIMITS);
    for &verb in Verb::ALL {
        do_one(&home, plugin, verb, expected(verb));
    }
}

/// Does one deed in a port of its own.
fn do_one(home: &Home, plugin: &str, verb: Verb, row: Row) {
    let Row { case, n, answer } = row;
    let mut port = Browser::chromium(home).start();
    let begun = Instant::now();
    port.send(&order(verb, n));
    let what = match case {
        Some(case) => format!("case {case}, {plugin}: {verb:?}"),
        None => format!("{plugin}: {verb:?}"),
    };
    let mut receive = || -> Frame { receive_within(&mut port, begun, IN_TIME) };
    match answer {
        Answer::Json(text) => assert_eq!(receive().json(), json(&text), "{what}"),
        Answer::Bytes(bytes) => assert_eq!(receive().text.len(), bytes, "{what}"),
        Answer::Texts(texts) => {
            for text in texts {
                receive().expect_text(&text);
            }
        }
        Answer::Error(code) => {
            let error = receive()
                .error()
                .unwrap_or_else(|| panic!("{what} is an error"));
            assert_eq!(
                (error.code.as_str(), error.request),
                (code, Some(1)),
                "{what}"
            );
            assert_eq!(error.plugin.as_deref(), Some(plugin), "{what}");
            assert_public(&error.message, &what);
        }
        Answer::Refusal(code) => {
            let error = receive().expect_error("plugin-error");
            assert_eq!(error.all["plugin_code"], code, "{what}");
            assert!(error.all["plugin_message"].is_string(), "{what}");
            assert_eq!(error.request, Some(1), "{what}");
        }
        Answer::LaterError(code) => {
            let error = receive().expect_error(code);
            assert_eq!(error.request, None, "{what} answers no request");
        }
        Answer::Nothing => assert!(
            port.try_receive(Duration::from_millis(300)).is_none(),
            "{what}"
        ),
    }
    match (verb, plugin) {
        (Verb::Close, "unruly-session") => {
            port.wait().expect_exit(0).expect_no_frames();
        }
        (Verb::PostAtEnd, "unruly-session") => {
            expect_goes_on_until(port, home, &what, GOOD, &[r#"{"last":true}"#]);
        }
        _ => expect_goes_on(port, home, &what, GOOD),
    }
}

/// Case 26, each of many: what is a JSON value passes unchanged, and nothing else passes.
#[test]
fn odd_texts_are_judged_by_one_rule() {
    let handler = limited_home("unruly", LIMITS);
    let session = limited_home("unruly-session", LIMITS);
    let mut replies = Browser::chromium(&handler).start();
    let mut posts = Browser::chromium(&session).start();
    for (number, (what, text, legal)) in (0..).zip(odd_texts()) {
        let reply = ask_within(&mut replies, &order(Verb::Odd, number), IN_TIME);
        let posted = ask_within(&mut posts, &order(Verb::PostOdd, number), IN_TIME);
        if legal {
            assert!(reply.text == text, "{what}: {}", reply.shortened());
            assert!(posted.text == text, "{what}: {}", posted.shortened());
            let begun = Instant::now();
            receive_within(&mut posts, begun, IN_TIME).expect_text(r#"{"code":null}"#);
        } else {
            let error = reply.expect_error("invalid-json");
            assert_public(&error.message, what);
            posted.expect_text(r#"{"code":"invalid-json"}"#);
        }
    }
    expect_goes_on(replies, &handler, "replies", GOOD);
    expect_goes_on(posts, &session, "posts", GOOD);
}

/// Case 3: a guest that does not come back from `disconnect`, seen from inside the second that it has.
#[test]
fn a_loop_at_the_end_takes_its_second_and_no_more() {
    let home = limited_home("unruly-session", LIMITS);
    let mut port = Browser::chromium(&home).start();
    ask_within(&mut port, &order(Verb::LoopAtEnd, 0), IN_TIME).expect_text("true");
    port.close_input();
    std::thread::sleep(Duration::from_millis(200));
    expect_small(&port, "a loop in `disconnect`");
    port.wait()
        .expect_exit(0)
        .expect_no_frames()
        .expect_within(END);
    expect_log_is_safe(&home);
    let port = Browser::chromium(&home).start();
    expect_goes_on(port, &home, "the next port", GOOD);
}

/// A frame's message is for the extension's user: what is private goes to the log.
fn assert_public(message: &str, what: &str) {
    for private in [
        "wasm backtrace",
        "0x",
        "/home",
        "/tmp",
        ".wasm",
        ".rs:",
        "wasmtime",
    ] {
        assert!(
            !message.contains(private),
            "{what}: `{private}` is not for the extension: {message}"
        );
    }
}

/// Cases 22 and 24.
#[test]
fn what_a_plugin_prints_lands_in_the_log_and_never_on_the_channel() {
    for plugin in ["unruly", "unruly-session"] {
        let home = limited_home(plugin, "");
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(Verb::Print, 0))
            .expect_text(r#"{"printed":true}"#);
        port.ask(&order(Verb::Log, 20_000)).expect_text("true");
        port.end().expect_exit(0).expect_no_frames();
        let log = home.log();
        for text in [
            "printed line",
            "complained line",
            "forged",
            "and a second line",
            "title",
        ] {
            let line = log.lines().find(|line| line.contains(text));
            let line = line.unwrap_or_else(|| panic!("`{text}` has to be in the log:\n{log}"));
            assert!(
                line.contains(plugin),
                "a line of a plugin is tagged with its name: {line}"
            );
        }
        expect_log_is_safe(&home);
    }
}

/// Case 11: by whatever number, at once and in the middle of other things.
#[test]
fn an_exit_of_a_plugin_is_never_the_hosts() {
    for plugin in ["unruly", "unruly-session"] {
        for code in [0, 1, 3, 101, 255] {
            let home = limited_home(plugin, LIMITS);
            let mut port = Browser::chromium(&home).start();
            let frame = ask_within(&mut port, &order(Verb::Exit, code), IN_TIME);
            frame.expect_error("plugin-exited");
            expect_goes_on(port, &home, plugin, GOOD);
        }
    }
}
