//! `send [--origin ORIGIN] [--host-name NAME] [--wait DURATION] JSON|-`: one message to the real host, as a browser
//! sends it.
//!
//! The deciding choice: this program takes no part in answering. It starts the `portcullis-host` beside it with the
//! argv of a browser and speaks frames over pipes, so what is seen here is what an extension sees.

pub(super) mod port;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsString;
use std::io::{self, Read};
use std::process::Command;

use anyhow::{Context, Result, bail};
use portcullis_core::caller::{Family, Origin};
use portcullis_core::home::Home;
use portcullis_core::names::HostName;
use portcullis_core::policy::TimeSpan;
use portcullis_core::protocol::{INBOUND_CEILING, json};

use crate::environment::Environment;
use crate::exit::{Internal, Usage};
use crate::hand_over::host_program;
use crate::policy_file;
use port::{LastWord, Port};
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(super) use platform::Launcher;

/// Sends one message to the host as a browser would, and prints the answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The extension to be [default: the only one in the policy]
    #[arg(long)]
    origin: Option<Origin>,
    /// The host name to ask for
    #[arg(long, value_name = "NAME")]
    host_name: Option<HostName>,
    /// How long to listen, for example `2s` [default: until the first frame]
    #[arg(long, value_name = "DURATION")]
    wait: Option<TimeSpan>,
    /// The message, or `-` to read it from standard input
    #[arg(value_name = "JSON|-", allow_hyphen_values = true)]
    message: String,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let message = message(&arguments.message)?;
    let home = environment.home()?;
    let origin = match &arguments.origin {
        Some(origin) => origin.clone(),
        None => only_origin(&home, "--origin")?,
    };
    // A launcher is there as long as the host runs.
    let (command, _launcher) = as_a_browser(&home, &origin, arguments.host_name.as_ref())?;
    let port = Port::open(command)?;
    let (last_word, status) = port.converse(&message, arguments.wait.map(TimeSpan::duration))?;
    match status.code() {
        // Framing is ours here, so 3 is as much of a fault as a panic.
        Some(0 | 1) => {}
        Some(2) => bail!("portcullis-host refused to start"),
        _ => bail!(Internal(format!("portcullis-host ended with {status}"))),
    }
    match last_word {
        LastWord::Plugin => Ok(()),
        LastWord::Host => bail!("the host answered with an error"),
        LastWord::None => bail!("there was no answer"),
    }
}

/// The message as typed or from standard input, checked by the rule that the host applies.
fn message(typed: &str) -> Result<String> {
    let mut text = String::new();
    if typed == "-" {
        io::stdin()
            .lock()
            .take(u64::from(INBOUND_CEILING) + 1)
            .read_to_string(&mut text)
            .context("cannot read the message from standard input")?;
    } else {
        typed.clone_into(&mut text);
    }
    checked(text)
}

/// A text that the host would take as a message.
pub(super) fn checked(text: String) -> Result<String> {
    if text.len() as u64 > u64::from(INBOUND_CEILING) {
        bail!(
            "the message is longer than {INBOUND_CEILING} bytes, which is the most that a browser sends"
        );
    }
    match json::check(&text) {
        Ok(()) => Ok(text),
        Err(error) => bail!(Usage(format!(
            "the message is not JSON: {error}: `{}`",
            excerpt(&text, error.offset)
        ))),
    }
}

/// A few characters of `text` from a byte on, to show where it went wrong.
fn excerpt(text: &str, offset: usize) -> String {
    const LENGTH: usize = 20;
    let from = text.floor_char_boundary(offset);
    let rest: String = text[from..].chars().take(LENGTH).collect();
    portcullis_core::names::escape(&rest)
}

/// The only origin in the policy; `argument` is how another one is chosen.
pub(super) fn only_origin(home: &Home, argument: &str) -> Result<Origin> {
    let (_, policy) = policy_file::read(home)?;
    let mut origins: Vec<&Origin> = policy.routes().iter().map(|route| &route.origin).collect();
    origins.sort();
    origins.dedup();
    match origins[..] {
        [only] => Ok(only.clone()),
        [] => bail!(
            "the policy has no route: add one with `portcullis route add`, or name an `{argument}`"
        ),
        _ => {
            let list: Vec<String> = origins
                .iter()
                .map(|origin| format!("\n  {origin}"))
                .collect();
            bail!(
                "the policy has routes for {} origins: choose one with `{argument}`{}",
                list.len(),
                list.concat()
            )
        }
    }
}

/// The command that a browser of the origin's family would give, and what has to be kept until the host has ended.
pub(super) fn as_a_browser(
    home: &Home,
    origin: &Origin,
    host_name: Option<&HostName>,
) -> Result<(Command, Option<Launcher>)> {
    let program = host_program()?;
    let (mut command, launcher) = match (origin.family(), host_name) {
        (Family::Chromium, Some(host_name)) => {
            let (command, launcher) = platform::launch(&program, home, host_name)?;
            (command, Some(launcher))
        }
        _ => (Command::new(program), None),
    };
    command.env("PORTCULLIS_HOME", home.root());
    if origin.family() == Family::Mozilla {
        let stem = host_name.map_or("portcullis", HostName::as_str);
        command.arg(home.hosts().join(OsString::from(format!("{stem}.json"))));
    }
    command.arg(origin.as_str());
    Ok((command, launcher))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_not_json_is_shown_where() {
        for good in ["1", "\"ping\"", " {\"a\": [true]} ", "\"\\ud800\""] {
            assert_eq!(message(good).expect(good), good);
        }
        let cases = [
            ("ping", "unexpected character in JSON at byte 0: `ping`"),
            ("{\"a\": tru }", "at byte 9: ` }`"),
            ("", "the JSON text ends too early at byte 0: ``"),
            ("[1,\u{1b}2]", "at byte 3: `\\u{1b}2]`"),
        ];
        for (bad, expected) in cases {
            let error = message(bad).expect_err(bad);
            assert!(
                error.is::<Usage>() && error.to_string().contains(expected),
                "{error}"
            );
        }
    }
}
