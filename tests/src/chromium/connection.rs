//! The DevTools protocol over two pipes: JSON texts, each ended by a zero byte.
//!
//! A thread reads, because a pipe has no time limit and every call must have one. Events are dropped as they come:
//! everything that the driver wants to know, it asks for.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};

/// The driver's end of the protocol.
pub(super) struct Connection {
    commands: PipeWriter,
    replies: Receiver<Value>,
    last_id: u64,
}

/// One target that the driver is attached to.
pub(super) struct Session(String);

impl Session {
    /// Takes the `sessionId` of `Target.attachToTarget`.
    pub(super) fn new(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl Connection {
    /// Speaks over the two pipes from now on. The thread that reads ends with the browser.
    pub(super) fn new(commands: PipeWriter, events: PipeReader) -> Self {
        let (sender, replies) = mpsc::channel();
        thread::spawn(move || {
            for text in BufReader::new(events).split(0) {
                let Ok(text) = text else { break };
                let Ok(message) = serde_json::from_slice::<Value>(&text) else {
                    break;
                };
                if message["id"].is_u64() && sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self {
            commands,
            replies,
            last_id: 0,
        }
    }

    /// Calls a method of the browser, or of one target, and returns its result.
    ///
    /// # Errors
    ///
    /// Where the browser refuses, is gone, or has not answered in the time given.
    pub(super) fn call(
        &mut self,
        session: Option<&Session>,
        method: &str,
        parameters: Value,
        within: Duration,
    ) -> Result<Value> {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(Session(id)) = session {
            command["sessionId"] = json!(id);
        }
        let mut text = serde_json::to_vec(&command)?;
        text.push(0);
        self.commands
            .write_all(&text)
            .with_context(|| format!("the browser was gone before `{method}`"))?;
        let mut reply = self
            .reply(within)
            .with_context(|| format!("no reply to `{method}`"))?;
        if let Some(error) = reply["error"]["message"].as_str() {
            bail!("the browser refused `{method}`: {error}");
        }
        Ok(reply["result"].take())
    }

    /// Evaluates an expression in a target, waits for the promise that it may be, and returns its value.
    ///
    /// # Errors
    ///
    /// As [`Connection::call`], and where the expression throws.
    pub(super) fn evaluate(
        &mut self,
        session: &Session,
        expression: &str,
        within: Duration,
    ) -> Result<Value> {
        let parameters =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut result = self.call(Some(session), "Runtime.evaluate", parameters, within)?;
        let exception = &result["exceptionDetails"];
        ensure!(exception.is_null(), "the script threw: {exception}");
        Ok(result["result"]["value"].take())
    }

    /// Waits for the reply to the last command, and drops those that came too late for theirs.
    fn reply(&self, within: Duration) -> Result<Value> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self
                .replies
                .recv_timeout(left)
                .map_err(|error| match error {
                    mpsc::RecvTimeoutError::Timeout => anyhow!("waited for {within:?}"),
                    mpsc::RecvTimeoutError::Disconnected => anyhow!("the browser has ended"),
                })?;
            if message["id"] == self.last_id {
                return Ok(message);
            }
        }
    }
}
