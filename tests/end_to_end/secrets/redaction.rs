//! A plugin that tells its secret to everybody, and a log that does not.

use std::fs;

use portcullis_tests::{Browser, ORIGIN, PATIENCE};
use serde_json::json;

use super::{change, done, home_with_grant, set};
use crate::hostile::measured::{END, ask_within, expect_log_is_safe, expect_small};

/// Ways to tell a secret, as the guest knows them.
const WAYS: &[&str] = &[
    "log",
    "lines",
    "pieces",
    "debug",
    "json",
    "cut",
    "name",
    "known-name",
    "code",
    "panic",
];

#[test]
fn case_50_no_log_ever_has_the_value_of_a_secret() {
    // What needs no escape, what every way of writing escapes in its own, and what has several lines.
    let values = [
        "correct-horse-battery-staple",
        "p\u{e4}ss \"w\u{f6}rt\"\t\\ \u{1b}[31m \u{202e}x",
        "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END KEY-----",
    ];
    for secret in values {
        let home = home_with_grant(r#""token""#);
        set(&home, ORIGIN, "token", secret);
        for level in ["error", "warn", "info", "debug"] {
            // Each level has a log of its own.
            drop(fs::remove_dir_all(home.path().join("logs")));
            let mut port = Browser::chromium(&home)
                .environment("PORTCULLIS_LOG", level)
                .start();
            for way in WAYS {
                let order = json!({ "do": "tell", "name": "token", "how": way });
                ask_within(&mut port, &order.to_string(), PATIENCE);
            }
            // It may be told to the extension: that is what it is granted for.
            assert_eq!(super::get(&mut port, "token"), super::value(secret));
            expect_small(&port, "secrets that are told");
            let ended = port.end().expect_exit(0).expect_no_frames();
            let ended = ended.expect_within(END);
            expect_log_is_safe(&home);
            let log = home.log();
            let word = secret
                .split(['"', '\n', ' ', '\t'])
                .max_by_key(|word| word.len());
            let word = word.expect("a text has a longest word");
            for (place, text) in [("log", &log), ("stderr", &ended.stderr)] {
                for line in text.lines() {
                    assert!(
                        !line.contains(word),
                        "{level}: {place} has `{word}`: {line}"
                    );
                }
            }
            // The lines were written, without it.
            if level != "error" {
                let marks = log.matches("[secret]").count();
                assert!(marks >= WAYS.len() - 1, "{level}: {marks} marks in\n{log}");
            }
        }
    }
}

#[test]
fn what_a_plugin_sets_is_not_logged_either() {
    let home = home_with_grant(r#"{ name = "key", write = true }"#);
    let mut port = Browser::chromium(&home).start();
    for value in ["set-by-the-plugin-1", "set-by-the-plugin-2"] {
        assert_eq!(change(&mut port, "key", value), done());
        let order = json!({ "do": "tell", "name": "key", "how": "log" });
        port.ask(&order.to_string());
    }
    super::end(port);
    let log = home.log();
    assert!(!log.contains("set-by-the-plugin"), "{log}");
    assert!(log.contains("it is [secret], you know"), "{log}");
}
