//! A session that does what a test orders it to, however bad. The list of its deeds is `tests/guests/verbs.rs`.
//!
//! What it does in `connect` is a setting, `on-connect`, since no message has come by then.

use std::cell::{Cell, RefCell};

wit_bindgen::generate!({ path: "../../../wit", world: "session-plugin" });

use exports::portcullis::plugin::session::{Guest, Peer, PluginError};
use portcullis::plugin::{config, log, port, timers};

include!("../../verbs.rs");
include!("../../texts.rs");
include!("../../deeds.rs");

struct Unruly;

/// What `disconnect` will do.
#[derive(Clone, Copy)]
enum End {
    Quiet,
    Post,
    Loop,
    Trap,
}

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
    static PEER: RefCell<Option<Peer>> = const { RefCell::new(None) };
    static END: Cell<End> = const { Cell::new(End::Quiet) };
}

// A timer's token says what it will do; the low bits count.
const POSTS: u64 = 1 << 32;
const TRAPS: u64 = 2 << 32;
const LOOPS: u64 = 3 << 32;
const WAITS: u64 = 4 << 32;
const STORM: u64 = 5 << 32;

impl Guest for Unruly {
    fn connect(peer: Peer) -> Result<(), PluginError> {
        PEER.set(Some(peer));
        match config::get("on-connect").as_deref() {
            Some("post") => port::post("{\"connected\":true}").map_err(posting),
            Some("refuse") => Err(refusal("refused", "as it was told")),
            Some("trap") => core::arch::wasm32::unreachable(),
            Some("loop") => run_for_ever(),
            Some(other) => Err(refusal("unknown-setting", other)),
            None => Ok(()),
        }
    }

    fn message(json: String) -> Result<Option<String>, PluginError> {
        let calls = CALLS.replace(CALLS.get() + 1);
        let Some(order) = order(&json) else {
            return Ok(Some(length(&json)));
        };
        let peer = PEER
            .with_borrow(Clone::clone)
            .ok_or_else(|| refusal("not-connected", "`connect` comes first"))?;
        match common(&order, &json, &peer, calls) {
            Some(outcome) => outcome.map(Some),
            None => session(&order),
        }
    }

    fn timer(token: u64) -> Result<(), PluginError> {
        match token >> 32 {
            1 => port::post(&format!("{{\"timer\":{}}}", token - POSTS)).map_err(posting),
            2 => core::arch::wasm32::unreachable(),
            3 => run_for_ever(),
            5 => timers::set(token - STORM, token)
                .map_err(|error| refusal(&error.code, &error.message)),
            _ => Ok(()),
        }
    }

    fn disconnect() {
        match END.get() {
            End::Quiet => {}
            End::Post => note("disconnect", &port::post("{\"last\":true}")),
            End::Loop => run_for_ever(),
            End::Trap => core::arch::wasm32::unreachable(),
        }
    }
}

export!(Unruly);

/// What only a session can do.
fn session(order: &Order) -> Result<Option<String>, PluginError> {
    let done = Ok(Some("true".to_owned()));
    match order.verb {
        Verb::Silent => Ok(None),
        Verb::Post => {
            for number in 1..=order.n {
                port::post(&format!("{{\"post\":{number}}}")).map_err(posting)?;
            }
            done
        }
        Verb::PostSlowly => {
            for number in 1..=order.n {
                if number > 1 {
                    std::thread::sleep(std::time::Duration::from_millis(300));
                }
                note("message", &port::post(&format!("{{\"post\":{number}}}")));
            }
            done
        }
        Verb::Flood => {
            let text = text_of(16 * 1024);
            let mut posted = 0;
            while order.n == 0 || posted < order.n {
                let outcome = port::post(&text);
                if outcome.is_err() {
                    note("message", &outcome);
                }
                outcome.map_err(posting)?;
                posted += 1;
            }
            done
        }
        Verb::PostLarge => Ok(Some(code_of(port::post(&text_of(order.n))))),
        Verb::PostGarbage => Ok(Some(code_of(port::post("{\"unfinished\":")))),
        Verb::PostOdd => Ok(Some(code_of(port::post(&odd_text(order.n))))),
        Verb::PostForged => Ok(Some(code_of(port::post(FORGED)))),
        Verb::Timers => {
            let refused: Vec<String> = (0..order.n)
                .filter_map(|number| timers::set(3_600_000, WAITS + number).err())
                .map(|error| error.code)
                .collect();
            Ok(Some(
                serde_json::json!({ "refused": refused.len(), "code": refused.first() })
                    .to_string(),
            ))
        }
        Verb::TimerTooLong => {
            let outcome = timers::set(31 * 24 * 3_600_000, WAITS);
            Ok(Some(
                serde_json::json!({ "code": outcome.err().map(|error| error.code) }).to_string(),
            ))
        }
        Verb::TimerPosts => timer(order.n, POSTS).map(|()| None),
        Verb::TimerCancelled => {
            timer(order.n, POSTS)?;
            timers::cancel(POSTS + order.n);
            done
        }
        Verb::TimerTraps => timer(order.n, TRAPS).map(|()| None),
        Verb::TimerLoops => timer(order.n, LOOPS).map(|()| None),
        Verb::TimerStorm => {
            timers::set(order.n, STORM + order.n)
                .map_err(|error| refusal(&error.code, &error.message))?;
            done
        }
        Verb::Close => {
            port::close();
            done
        }
        Verb::PostAtEnd => {
            END.set(End::Post);
            done
        }
        Verb::LoopAtEnd => {
            END.set(End::Loop);
            done
        }
        Verb::TrapAtEnd => {
            END.set(End::Trap);
            done
        }
        // `common` has answered all others.
        _ => Err(refusal("unknown-deed", "nobody does that")),
    }
}

fn timer(delay: u64, deed: u64) -> Result<(), PluginError> {
    timers::set(delay, deed + delay).map_err(|error| refusal(&error.code, &error.message))
}

fn posting(error: port::PostError) -> PluginError {
    refusal(&error.code, &error.message)
}

/// Writes to the log what became of a post.
fn note(from: &str, outcome: &Result<(), port::PostError>) {
    let code = outcome
        .as_ref()
        .map_or_else(|error| error.code.as_str(), |()| "none");
    log::write(log::Level::Info, &format!("posting from {from}: {code}"));
}

fn code_of(outcome: Result<(), port::PostError>) -> String {
    serde_json::json!({ "code": outcome.err().map(|error| error.code) }).to_string()
}
