//! Marionette: JSON texts over TCP, each with its length in bytes and a colon before it. A command is
//! `[0, id, name, parameters]`, its reply `[1, id, error, result]`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::unexpected;

/// The longest text that is read, in bytes: a console with every message of a long test is far shorter.
const LONGEST: usize = 64 * 1024 * 1024;

/// The driver's end of the protocol.
pub(super) struct Marionette {
    stream: BufReader<TcpStream>,
    last_id: u64,
}

impl Marionette {
    /// Connects to the port of this machine and reads the greeting.
    pub(super) fn connect(port: u16, within: Duration) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("could not reach the browser at port {port}"))?;
        stream.set_nodelay(true)?;
        let mut marionette = Self {
            stream: BufReader::new(stream),
            last_id: 0,
        };
        let greeting = marionette.read(Instant::now() + within)?;
        ensure!(
            greeting["marionetteProtocol"] == 3,
            "the browser speaks another protocol: {greeting}"
        );
        Ok(marionette)
    }

    /// Gives a command and returns its result.
    ///
    /// # Errors
    ///
    /// Where the browser refuses, is gone, or has not answered in the time given.
    pub(super) fn call(
        &mut self,
        name: &str,
        parameters: Value,
        within: Duration,
    ) -> Result<Value> {
        self.last_id += 1;
        let command = json!([0, self.last_id, name, parameters]).to_string();
        let text = format!("{}:{command}", command.len());
        self.stream
            .get_mut()
            .write_all(text.as_bytes())
            .with_context(|| format!("the browser was gone before `{name}`"))?;
        let deadline = Instant::now() + within;
        loop {
            let mut reply = self
                .read(deadline)
                .with_context(|| format!("no reply to `{name}`"))?;
            // A reply that came too late for its own command.
            if reply[1] != self.last_id {
                continue;
            }
            if !reply[2].is_null() {
                bail!("the browser refused `{name}`: {}", reply[2]["message"]);
            }
            return Ok(reply[3].take());
        }
    }

    /// Opens a page in the tab, and returns when it is loaded.
    pub(super) fn navigate(&mut self, url: &str, within: Duration) -> Result<()> {
        self.call("WebDriver:Navigate", json!({ "url": url }), within)
            .map(drop)
    }

    /// Runs the body of a function in the page, among its own globals, and returns the value, or the value of the
    /// promise, that it returns.
    pub(super) fn evaluate(
        &mut self,
        body: &str,
        arguments: &[Value],
        within: Duration,
    ) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1]; \
             Promise.resolve((function () {{ {body} }}).apply(null, arguments)) \
             .then((value) => done({{ value }}), (error) => done({{ error: String(error) }}));"
        );
        self.set_time_limit(within)?;
        let parameters = json!({ "script": script, "args": arguments, "sandbox": null });
        self.value(parameters, within)
    }

    /// The same with the browser's own rights.
    pub(super) fn evaluate_in_chrome(&mut self, body: &str, within: Duration) -> Result<Value> {
        self.call(
            "Marionette:SetContext",
            json!({ "value": "chrome" }),
            within,
        )?;
        let script = format!("arguments[0]({{ value: (() => {{ {body} }})() }});");
        let value = self.value(json!({ "script": script, "args": [] }), within);
        self.call(
            "Marionette:SetContext",
            json!({ "value": "content" }),
            within,
        )?;
        value
    }

    fn value(&mut self, parameters: Value, within: Duration) -> Result<Value> {
        let mut result = self.call("WebDriver:ExecuteAsyncScript", parameters, within)?;
        let result = &mut result["value"];
        if let Some(error) = result["error"].as_str() {
            bail!("the script threw: {error}");
        }
        match result.get_mut("value") {
            Some(value) => Ok(value.take()),
            None => Err(unexpected("a value", result)),
        }
    }

    fn set_time_limit(&mut self, within: Duration) -> Result<()> {
        let limit = u64::try_from(within.as_millis())?;
        self.call("WebDriver:SetTimeouts", json!({ "script": limit }), within)
            .map(drop)
    }

    fn read(&mut self, deadline: Instant) -> Result<Value> {
        let left = deadline.saturating_duration_since(Instant::now());
        ensure!(!left.is_zero(), "the time was over");
        self.stream.get_ref().set_read_timeout(Some(left))?;
        let mut length = Vec::new();
        self.stream.read_until(b':', &mut length)?;
        ensure!(
            length.pop() == Some(b':'),
            "the browser has closed the connection"
        );
        let length: usize = std::str::from_utf8(&length)?
            .parse()
            .context("the length is no number")?;
        ensure!(length <= LONGEST, "a text of {length} bytes");
        let mut text = vec![0; length];
        self.stream.read_exact(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }
}
