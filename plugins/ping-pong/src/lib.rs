//! The example of the browsers' own pages, as a plugin: `"ping"` is answered with `"pong"`.
//!
//! It also shows what a session can do and a handler cannot: asked for `{"every": 250, "times": 3}`, it posts three
//! unsolicited `{"tick": n}` messages, one each 250 milliseconds. Anything else is refused with an error value, so that
//! the extension's author sees a mistake at once.

use std::cell::Cell;

use serde::Deserialize;

wit_bindgen::generate!({ path: "../../wit", world: "session-plugin" });

use exports::portcullis::plugin::session::{Guest, Peer, PluginError};
use portcullis::plugin::{log, port, timers};

/// The one timer of this plugin.
const TICK: u64 = 1;

/// What an extension may ask for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Request {
    Word(String),
    Ticks { every: u64, times: u32 },
}

/// The ticks that are still to come, for the life of the port.
struct Ticks {
    every: Cell<u64>,
    sent: Cell<u32>,
    times: Cell<u32>,
}

thread_local! {
    static TICKS: Ticks = const { Ticks { every: Cell::new(0), sent: Cell::new(0), times: Cell::new(0) } };
}

struct PingPong;

impl Guest for PingPong {
    fn connect(peer: Peer) -> Result<(), PluginError> {
        log::write(log::Level::Info, &format!("connected to {}", peer.origin));
        Ok(())
    }

    fn message(json: String) -> Result<Option<String>, PluginError> {
        match serde_json::from_str(&json) {
            Ok(Request::Word(word)) if word == "ping" => Ok(Some("\"pong\"".to_owned())),
            Ok(Request::Ticks { every, times }) => {
                TICKS.with(|ticks| {
                    ticks.every.set(every);
                    ticks.sent.set(0);
                    ticks.times.set(times);
                });
                start_tick(every)?;
                Ok(None)
            }
            _ => Err(PluginError {
                code: "unknown-request".to_owned(),
                message: "send `\"ping\"`, or `{\"every\": milliseconds, \"times\": n}`".to_owned(),
            }),
        }
    }

    fn timer(_token: u64) -> Result<(), PluginError> {
        let (sent, times, every) = TICKS.with(|ticks| {
            ticks.sent.set(ticks.sent.get() + 1);
            (ticks.sent.get(), ticks.times.get(), ticks.every.get())
        });
        port::post(&format!("{{\"tick\":{sent}}}")).map_err(|error| PluginError {
            code: error.code,
            message: error.message,
        })?;
        if sent < times {
            start_tick(every)
        } else {
            Ok(())
        }
    }

    fn disconnect() {
        log::write(log::Level::Info, "disconnected");
    }
}

/// Asks for the next tick.
fn start_tick(every: u64) -> Result<(), PluginError> {
    timers::set(every, TICK).map_err(|error| PluginError {
        code: error.code,
        message: error.message,
    })
}

export!(PingPong);
