//! One guest, many deeds: each verb of `tests/guests/verbs.rs` is done once as a handler and once as a session, and each
//! has an expectation. A verb without one does not compile.
//!
//! After every deed the next request of the same port must be served.

use std::time::Duration;

use portcullis_tests::{Browser, Frame, PATIENCE};

use crate::fixture::{Verb, json, limited_home, order};

/// Small, so that the deeds that only a limit ends are over soon; and no end of crashes, since each deed is one.
const LIMITS: &str =
    "memory = \"32MiB\"\ncpu-per-call = \"300ms\"\nwall-per-call = \"2s\"\ncrashes = 1000";

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

/// The number that a deed is ordered with, and what is expected of a handler.
fn of_handler(verb: Verb) -> (u64, Answer) {
    let text = |text: &str| Answer::Json(text.to_owned());
    match verb {
        Verb::Length => (0, text(r#"{"length":21}"#)),
        Verb::Count => (0, text(r#"{"calls":0}"#)),
        Verb::Peer => (
            0,
            text(
                r#"{"origin":"chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/","browser":"chromium","host-name":null}"#,
            ),
        ),
        Verb::Config => (0, text(r#"{"all":[],"theme":null}"#)),
        Verb::Environment => (0, text(r#"{"arguments":0,"variables":0,"readable":false}"#)),
        Verb::Reply => (1 << 20, Answer::Bytes(1 << 20)),
        Verb::Sleep => (50, text(r#"{"slept":50}"#)),
        Verb::Doze => (100, text(r#"{"dozed":100}"#)),
        Verb::Burn => (20, text(r#"{"burnt":20}"#)),
        Verb::Log => (20_000, text("true")),
        Verb::Allocate => (1 << 40, text(r#"{"given":false}"#)),
        Verb::Refuse => (0, Answer::Refusal("refused")),
        Verb::Trap | Verb::Panic | Verb::Recurse => (0, Answer::Error("plugin-crashed")),
        Verb::Exit => (7, Answer::Error("plugin-exited")),
        Verb::Loop | Verb::Spin => (0, Answer::Error("plugin-timeout")),
        Verb::Exhaust => (0, Answer::Error("plugin-out-of-memory")),
        Verb::Print => (0, text(r#"{"printed":true}"#)),
        Verb::Garbage | Verb::Empty | Verb::Forge => (0, Answer::Error("invalid-json")),
        Verb::Silent
        | Verb::Post
        | Verb::Flood
        | Verb::PostLarge
        | Verb::PostGarbage
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
        | Verb::TrapAtEnd => (0, Answer::Refusal("not-a-session")),
    }
}

/// The same of a session: what both can do must look the same.
fn of_session(verb: Verb) -> (u64, Answer) {
    let texts = |texts: &[&str]| Answer::Texts(texts.iter().map(|&text| text.to_owned()).collect());
    match verb {
        Verb::Silent => (0, Answer::Nothing),
        Verb::Post => (
            3,
            texts(&[r#"{"post":1}"#, r#"{"post":2}"#, r#"{"post":3}"#, "true"]),
        ),
        Verb::Flood => {
            let text = format!("\"{}\"", "x".repeat(16 * 1024 - 2));
            (
                2,
                Answer::Texts(vec![text.clone(), text, "true".to_owned()]),
            )
        }
        Verb::PostLarge => ((1 << 20) + 1, texts(&[r#"{"code":"too-large"}"#])),
        Verb::PostGarbage | Verb::PostForged => (0, texts(&[r#"{"code":"invalid-json"}"#])),
        Verb::Timers => (70, texts(&[r#"{"code":"too-many","refused":6}"#])),
        Verb::TimerTooLong => (0, texts(&[r#"{"code":"too-long"}"#])),
        Verb::TimerPosts => (50, texts(&[r#"{"timer":50}"#])),
        Verb::TimerCancelled => (50, texts(&["true"])),
        Verb::TimerTraps => (50, Answer::LaterError("plugin-crashed")),
        Verb::TimerLoops => (50, Answer::LaterError("plugin-timeout")),
        // These have tests of their own in `sessions` and `lifecycle`, about what comes after.
        Verb::Close | Verb::PostAtEnd | Verb::LoopAtEnd | Verb::TrapAtEnd => (0, texts(&["true"])),
        Verb::TimerStorm => (5, texts(&["true"])),
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

fn do_all(plugin: &str, expected: fn(Verb) -> (u64, Answer)) {
    let home = limited_home(plugin, LIMITS);
    for &verb in Verb::ALL {
        let (n, answer) = expected(verb);
        let mut port = Browser::chromium(&home).start();
        port.send(&order(verb, n));
        let what = format!("{plugin}: {verb:?}");
        let receive = |port: &mut portcullis_tests::Port| -> Frame { port.receive(PATIENCE) };
        match answer {
            Answer::Json(text) => assert_eq!(receive(&mut port).json(), json(&text), "{what}"),
            Answer::Bytes(bytes) => assert_eq!(receive(&mut port).text.len(), bytes, "{what}"),
            Answer::Texts(texts) => {
                for text in texts {
                    receive(&mut port).expect_text(&text);
                }
            }
            Answer::Error(code) => {
                let error = receive(&mut port)
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
                let error = receive(&mut port).expect_error("plugin-error");
                assert_eq!(error.all["plugin_code"], code, "{what}");
                assert!(error.all["plugin_message"].is_string(), "{what}");
                assert_eq!(error.request, Some(1), "{what}");
            }
            Answer::LaterError(code) => {
                let error = receive(&mut port).expect_error(code);
                assert_eq!(error.request, None, "{what} answers no request");
            }
            Answer::Nothing => assert!(
                port.try_receive(Duration::from_millis(300)).is_none(),
                "{what}"
            ),
        }
        if verb == Verb::Close && plugin == "unruly-session" {
            port.wait().expect_exit(0).expect_no_frames();
        } else {
            port.ask("[1]").expect_text(r#"{"length":3}"#);
            port.end().expect_exit(0);
        }
    }
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
        let raw = log.chars().find(|&character| {
            (character.is_control() && character != '\n')
                || ('\u{202a}'..='\u{202e}').contains(&character)
        });
        assert_eq!(
            raw, None,
            "control characters have to be escaped in the log:\n{log}"
        );
        let longest = log.lines().map(str::len).max().unwrap_or(0);
        assert!(
            longest < 9 * 1024,
            "a line of a plugin is cut at 8 KiB, not at {longest} bytes"
        );
    }
}

#[test]
fn an_exit_of_a_plugin_is_never_the_hosts() {
    for code in [0, 1, 3, 255] {
        let home = limited_home("unruly", "");
        let mut port = Browser::chromium(&home).start();
        port.ask(&order(Verb::Exit, code))
            .expect_error("plugin-exited");
        port.ask("[1]").expect_text(r#"{"length":3}"#);
        port.end().expect_exit(0).expect_no_frames();
    }
}
