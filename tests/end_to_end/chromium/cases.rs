//! What is said to the hosts in the browser, and what should come of it: one table.

use portcullis_tests::chromium::{Outcome, Step};

use super::stage::{ECHO, FORBIDDEN, MISSING, PING_PONG, STRANGER, UNROUTED, UNRULY};

/// The most that the browser takes from a host, in bytes of JSON.
pub(super) const MOST_FROM_HOST: usize = 1024 * 1024;

/// The most that it passes to one.
const MOST_TO_HOST: usize = 64 * 1024 * 1024;

/// A conversation and what should come of it: over one port, or made of requests in one shot, not both, so that the
/// processes can be counted.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) host: &'static str,
    pub(super) lines: Vec<Line>,
}

/// One step of a conversation and what should come of it.
pub(super) struct Line {
    pub(super) step: Step,
    pub(super) expected: Expected,
}

#[derive(Debug)]
pub(super) enum Expected {
    /// The call returns.
    Done,
    /// This JSON text, character for character.
    Text(&'static str),
    /// What was sent last, when it is too long to be shown: a JSON text of so many bytes.
    Same(usize),
    /// An error frame of the host.
    Error {
        code: &'static str,
        /// The ordinal of the message that it answers.
        request: u64,
        /// What else its JSON has to hold.
        holds: &'static [&'static str],
    },
    /// The browser says that the host is gone or never was.
    Ended(&'static str),
    /// The browser refuses the call, with a text that holds this.
    Threw(&'static str),
}

use Expected::{Done, Ended, Error, Same, Text, Threw};

/// Everything that is expected of a real browser and the real host.
pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "several messages both ways, in order",
            PING_PONG,
            [
                post(r#""ping""#),
                post(r#""ping""#),
                hear(Text(r#""pong""#)),
                post(r#"{"ping":1}"#),
                post(r#""ping""#),
                hear(Text(r#""pong""#)),
                hear(error("plugin-error", 3, &[r#""unknown-request""#])),
                hear(Text(r#""pong""#)),
            ],
        ),
        case(
            "unsolicited messages, in order, and an answer after them",
            PING_PONG,
            [
                post(r#"{"every":20,"times":3}"#),
                hear(Text(r#"{"tick":1}"#)),
                hear(Text(r#"{"tick":2}"#)),
                hear(Text(r#"{"tick":3}"#)),
                post(r#""ping""#),
                hear(Text(r#""pong""#)),
            ],
        ),
        case(
            "any JSON value comes back as it was",
            ECHO,
            [
                post("null"),
                hear(Text("null")),
                post("[1,-0.5,true,{}]"),
                hear(Text("[1,-0.5,true,{}]")),
                post(r#"{"b":{"a":"Это юникода 👍"},"a":""}"#),
                hear(Text(r#"{"b":{"a":"Это юникода 👍"},"a":""}"#)),
                post(r#""\ud800 <script> \u0000""#),
                hear(Text(r#""\ud800 <script> \u0000""#)),
            ],
        ),
        case(
            "exactly 1 MiB back; a byte more is refused, and the port stays open",
            ECHO,
            [
                post_bytes(MOST_FROM_HOST),
                hear(Same(MOST_FROM_HOST)),
                post_bytes(MOST_FROM_HOST + 1),
                hear(error("reply-too-large", 2, &[])),
                post(r#""still here""#),
                hear(Text(r#""still here""#)),
            ],
        ),
        case(
            "64 MiB in; a byte more is refused by the browser, and the port stays open",
            UNRULY,
            [
                post_bytes(MOST_TO_HOST),
                hear(Text(r#"{"length":67108864}"#)),
                Line {
                    step: Step::PostBytes {
                        bytes: MOST_TO_HOST + 1,
                    },
                    expected: Threw("Message exceeded maximum allowed size of 64MiB."),
                },
                post(r#""still here""#),
                hear(Text(r#"{"length":12}"#)),
            ],
        ),
        case(
            "one request, one answer",
            ECHO,
            [
                ask(r#"{"b":1,"a":[null]}"#, Text(r#"{"b":1,"a":[null]}"#)),
                Line {
                    step: Step::AskBytes {
                        bytes: MOST_FROM_HOST,
                    },
                    expected: Same(MOST_FROM_HOST),
                },
                Line {
                    step: Step::AskBytes {
                        bytes: MOST_FROM_HOST + 1,
                    },
                    expected: error("reply-too-large", 1, &[]),
                },
                // The browser's rule and not the host's, which takes any JSON value.
                ask(r#""text""#, Threw("No matching signature")),
            ],
        ),
        case(
            "one request to a session: the first thing it posts is the answer",
            PING_PONG,
            [
                ask(r#"{"every":1,"times":2}"#, Text(r#"{"tick":1}"#)),
                ask(
                    r#"{"ping":1}"#,
                    error("plugin-error", 1, &[r#""unknown-request""#]),
                ),
            ],
        ),
        case(
            "a plugin that traps, and the requests after it",
            UNRULY,
            [
                post(r#"{"do":"count"}"#),
                hear(Text(r#"{"calls":0}"#)),
                post(r#"{"do":"count"}"#),
                hear(Text(r#"{"calls":1}"#)),
                post(r#"{"do":"trap"}"#),
                hear(error("plugin-crashed", 3, &[r#""plugin":"unruly""#])),
                post(r#"{"do":"count"}"#),
                hear(Text(r#"{"calls":0}"#)),
            ],
        ),
        case(
            "a plugin that traps in one shot",
            UNRULY,
            [ask(
                r#"{"do":"trap"}"#,
                error("plugin-crashed", 1, &[r#""plugin":"unruly""#]),
            )],
        ),
        case(
            "the plugin learns who is calling, by which name",
            UNRULY,
            [ask(
                r#"{"do":"peer"}"#,
                Text(
                    r#"{"browser":"chromium","host-name":"com.portcullis.unruly","origin":"chrome-extension://ghcjmemlbppdjaidhppchgjkejoimbch/"}"#,
                ),
            )],
        ),
        // The host starts, answers each message with what is wrong and how to mend it, and stays.
        case(
            "a host name without a route",
            UNROUTED,
            [post("1"), hear(no_route(1)), post("2"), hear(no_route(2))],
        ),
        case(
            "a host name without a route, in one shot",
            UNROUTED,
            [ask("{}", no_route(1))],
        ),
        case(
            "an origin that the policy does not mention",
            STRANGER,
            [post("1"), hear(no_route(1)), post("2"), hear(no_route(2))],
        ),
        case(
            "an origin that the policy does not mention, in one shot",
            STRANGER,
            [ask("{}", no_route(1))],
        ),
        case(
            "an origin that the manifest does not allow",
            FORBIDDEN,
            [
                post("1"),
                hear(Ended(
                    "Access to the specified native messaging host is forbidden.",
                )),
            ],
        ),
        case(
            "an origin that the manifest does not allow, in one shot",
            FORBIDDEN,
            [ask(
                "{}",
                Ended("Access to the specified native messaging host is forbidden."),
            )],
        ),
        case(
            "a host without a manifest",
            MISSING,
            [
                post("1"),
                hear(Ended("Specified native messaging host not found.")),
            ],
        ),
        case(
            "a host without a manifest, in one shot",
            MISSING,
            [ask(
                "{}",
                Ended("Specified native messaging host not found."),
            )],
        ),
    ]
}

fn no_route(request: u64) -> Expected {
    const HOLDS: &[&str] = &[r#""message":"#, r#""hint":"#, "portcullis route add"];
    error("no-route", request, HOLDS)
}

fn error(code: &'static str, request: u64, holds: &'static [&'static str]) -> Expected {
    Error {
        code,
        request,
        holds,
    }
}

impl Expected {
    /// Whether this came of the step.
    pub(super) fn matches(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Done, Outcome::Done) => true,
            (Text(expected), Outcome::Heard { text }) => text == expected,
            (Same(expected), Outcome::HeardLong { bytes, same }) => *same && bytes == expected,
            (
                Error {
                    code,
                    request,
                    holds,
                },
                Outcome::Heard { text },
            ) => {
                let frame: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
                let error = &frame["$portcullis"]["error"];
                error["code"] == *code
                    && error["request"] == *request
                    && holds.iter().all(|part| text.contains(part))
            }
            (Ended(expected), Outcome::Ended { message }) => message == expected,
            (Threw(expected), Outcome::Threw { message }) => message.contains(expected),
            _ => false,
        }
    }
}

fn case(name: &'static str, host: &'static str, lines: impl IntoIterator<Item = Line>) -> Case {
    Case {
        name,
        host,
        lines: lines.into_iter().collect(),
    }
}

pub(super) fn post(text: &str) -> Line {
    Line {
        step: Step::post(text),
        expected: Done,
    }
}

fn post_bytes(bytes: usize) -> Line {
    Line {
        step: Step::PostBytes { bytes },
        expected: Done,
    }
}

pub(super) fn hear(expected: Expected) -> Line {
    Line {
        step: Step::Hear,
        expected,
    }
}

pub(super) fn ask(text: &str, expected: Expected) -> Line {
    Line {
        step: Step::Ask {
            text: text.to_owned(),
        },
        expected,
    }
}
