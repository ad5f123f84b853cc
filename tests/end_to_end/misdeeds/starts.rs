//! Deeds that are done before the first message: in the instantiation, and in a session's `connect`.
//!
//! A second plugin of the same extension is the one that has to go on being served.

use portcullis_tests::{Browser, Home, ORIGIN};

use super::{IN_TIME, LIMITS};
use crate::fixture::{home_with, route};
use crate::hostile::measured::{ask_within, expect_goes_on};

/// For the plugin that is decent, which gives it back.
const GOOD: (&str, &str) = (r#"{"to":"echo"}"#, r#"{"to":"echo"}"#);

/// What happens at the start, and the code that every message gets for it.
struct Start {
    /// The number in the list of hostile plugins.
    case: u8,
    plugin: &'static str,
    /// The setting `on-connect`.
    on_connect: &'static str,
    code: &'static str,
}

const STARTS: &[Start] = &[
    Start {
        case: 2,
        plugin: "loops-at-start",
        on_connect: "",
        code: "init-timeout",
    },
    Start {
        case: 2,
        plugin: "unruly-session",
        on_connect: "loop",
        code: "init-timeout",
    },
    Start {
        case: 10,
        plugin: "traps-at-start",
        on_connect: "",
        code: "init-failed",
    },
    Start {
        case: 10,
        plugin: "unruly-session",
        on_connect: "trap",
        code: "init-failed",
    },
    Start {
        case: 10,
        plugin: "unruly-session",
        on_connect: "refuse",
        code: "init-failed",
    },
];

/// A home with the plugin of a row, for every message that is not for `echo`.
fn home(start: &Start, limits: &str) -> Home {
    let to_echo = route(ORIGIN, "echo") + "when = { \"/to\" = \"echo\" }\n";
    let mut to_it = route(ORIGIN, start.plugin);
    if !start.on_connect.is_empty() {
        let on_connect = start.on_connect;
        to_it += &format!("[route.grant]\nconfig = {{ on-connect = \"{on_connect}\" }}\n");
    }
    home_with(
        &["echo", start.plugin],
        &format!("[limits]\n{limits}\n{to_echo}{to_it}"),
    )
}

#[test]
fn a_start_that_fails_answers_each_message_in_time() {
    for start in STARTS {
        let home = home(start, LIMITS);
        let what = format!("case {}, {} {}", start.case, start.plugin, start.on_connect);
        let mut port = Browser::chromium(&home).start();
        for request in [1, 2] {
            let error = ask_within(&mut port, "[1]", IN_TIME).expect_error(start.code);
            assert_eq!(
                (error.request, error.plugin.as_deref()),
                (Some(request), Some(start.plugin)),
                "{what}"
            );
        }
        expect_goes_on(port, &home, &what, GOOD);
    }
}

/// Case 13: in one port, and in a port for each message.
#[test]
fn a_plugin_that_dies_at_every_start_is_put_away_in_time() {
    for start in STARTS {
        // A `connect` that refuses is no crash.
        if start.on_connect == "refuse" {
            continue;
        }
        let what = format!("case 13, {} {}", start.plugin, start.on_connect);
        let limits = LIMITS.replace("crashes = 1000", "crashes = 3");
        let in_one = home(start, &limits);
        let mut port = Browser::chromium(&in_one).start();
        // A session with a route for every message is started with the port, before the first of them.
        let mut codes = Vec::new();
        while codes.last().is_none_or(|code| code != "quarantined") && codes.len() < 5 {
            let error = ask_within(&mut port, "[1]", IN_TIME).error();
            codes.push(error.unwrap_or_else(|| panic!("{what}")).code);
        }
        let expected = if start.on_connect.is_empty() { 3 } else { 2 };
        let mut all = vec![start.code.to_owned(); expected];
        all.push("quarantined".to_owned());
        assert_eq!(codes, all, "{what}");
        expect_goes_on(port, &in_one, &what, GOOD);

        let in_many = home(start, &limits);
        let mut last = String::new();
        for _ in 0..4 {
            let mut port = Browser::chromium(&in_many).start();
            let error = ask_within(&mut port, "[1]", IN_TIME).error();
            last = error.unwrap_or_else(|| panic!("{what}")).code;
            expect_goes_on(port, &in_many, &what, GOOD);
        }
        assert_eq!(last, "quarantined", "{what}");
    }
}
