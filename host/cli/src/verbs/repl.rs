//! `repl [ORIGIN] [--host-name NAME]`: `send`, message by message over one port, until Ctrl-D.
//!
//! The deciding choice: as with `send`, this program takes no part in answering. It starts the real `portcullis-host`
//! with the argv of a browser, so what is seen here is what an extension sees. A host that has ended is told, and the
//! next message starts another one, as the next `connectNative` would: never by itself, so never in a storm.
//!
//! On a terminal, lines are edited and messages appear as they come. Anywhere else it is a filter, one JSON text per
//! line in and out, for scripts.

mod entry;
mod filter;
mod history;
mod port;
mod screen;
mod shown;
mod terminal;

use std::io::{self, IsTerminal as _};

use anyhow::{Result, bail};
use portcullis_core::caller::Origin;
use portcullis_core::home::Home;
use portcullis_core::names::HostName;
use portcullis_core::policy::TimeSpan;

use super::send;
use crate::environment::Environment;
use crate::exit::Usage;
use port::{Listener, Port, Stderr};

/// Talks to the host as a browser would, message by message.
///
/// On a terminal, `:help` shows the commands. Elsewhere, every line of the input is one message, and its answer is
/// waited for before the next one is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The extension to be [default: the only one in the policy]
    #[arg(value_name = "ORIGIN")]
    origin: Option<Origin>,
    /// The host name to ask for
    #[arg(long, value_name = "NAME")]
    host_name: Option<HostName>,
    /// Without a terminal: how long to listen after each message, for example `2s` [default: until the first frame]
    #[arg(long, value_name = "DURATION")]
    wait: Option<TimeSpan>,
    /// Does not record what is typed
    #[arg(long)]
    no_history: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let home = environment.home()?;
    let origin = match &arguments.origin {
        Some(origin) => origin.clone(),
        None => send::only_origin(&home, "ORIGIN")?,
    };
    let caller = Caller {
        home,
        origin,
        host_name: arguments.host_name.clone(),
    };
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return filter::run(&caller, arguments.wait.map(TimeSpan::duration));
    }
    if arguments.wait.is_some() {
        bail!(Usage(
            "on a terminal, `--wait` has no meaning: messages appear as they come".to_owned()
        ));
    }
    let colours = if environment.no_color() {
        screen::Colours::Never
    } else {
        screen::Colours::Wanted
    };
    let recording = if arguments.no_history {
        history::Recording::Off
    } else {
        history::Recording::On
    };
    terminal::run(&caller, colours, recording)
}

/// Whom the host is to meet.
#[derive(Debug)]
struct Caller {
    home: Home,
    origin: Origin,
    host_name: Option<HostName>,
}

impl Caller {
    /// Starts a host as this caller's browser would.
    fn connect(&self, stderr: Stderr, listener: impl Listener + 'static) -> Result<Port> {
        let (command, launcher) =
            send::as_a_browser(&self.home, &self.origin, self.host_name.as_ref())?;
        Port::open(command, launcher, stderr, listener)
    }
}
