//! `"ping"` is answered with `"pong"`, and `{"every": 250, "times": 3}` with three unsolicited `{"tick": n}` messages,
//! one each 250 milliseconds.
//!
//! Messages and replies are types, an error of the host goes through `?` with its code, and a request of the JavaScript
//! client that asks for ticks is answered when the last one has been sent.

use std::time::Duration;

use portcullis_plugin::{Error, Later, Peer, Session, later, log, port, session, timers};
use serde::{Deserialize, Serialize};

/// The one timer of this plugin.
const TICK: u64 = 1;

/// What an extension may ask for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Request {
    Word(String),
    Ticks { every: u64, times: u32 },
}

/// What it is told unasked.
#[derive(Serialize)]
struct Tick {
    tick: u32,
}

/// The ticks that are still to come.
#[derive(Default)]
struct PingPong {
    every: Duration,
    sent: u32,
    times: u32,
    asked: Option<Later>,
}

impl Session for PingPong {
    type Message = Request;
    type Reply = &'static str;

    fn connect(peer: Peer) -> Result<Self, Error> {
        log::info(format!("connected to {}", peer.origin));
        Ok(Self::default())
    }

    fn message(&mut self, request: Request) -> Result<Option<&'static str>, Error> {
        match request {
            Request::Word(word) if word == "ping" => Ok(Some("pong")),
            Request::Word(_) => Err(Error::new(
                "unknown-request",
                "send `\"ping\"`, or `{\"every\": milliseconds, \"times\": n}`",
            )),
            Request::Ticks { every, times } => {
                if let Some(asked_before) = self.asked.take() {
                    asked_before.finish()?;
                }
                *self = Self {
                    every: Duration::from_millis(every),
                    sent: 0,
                    times,
                    asked: Some(later()),
                };
                timers::set(self.every, TICK)?;
                Ok(None)
            }
        }
    }

    fn timer(&mut self, _token: u64) -> Result<(), Error> {
        self.sent += 1;
        port::post(&Tick { tick: self.sent })?;
        if self.sent < self.times {
            return timers::set(self.every, TICK);
        }
        match self.asked.take() {
            Some(asked) => asked.finish(),
            None => Ok(()),
        }
    }

    fn disconnect(&mut self) {
        log::info("disconnected");
    }
}

session!(PingPong);
