//! `secret-broker`: fetches the secrets of one port and carries its changes. Hidden: `portcullis-host` starts it.
//!
//! The deciding choice: a port is confined so that it can reach no keyring, and this process, which can, does nothing
//! but what it was told before a plugin ran: it hands over the secrets that were named then, and sets or deletes those
//! that were named for that. It takes no names later, only places in that list, and ends with its input.
//!
//! Nothing is said on standard error, which nobody reads: what goes wrong with one secret is told in its place.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use anyhow::Result;
use portcullis_core::home::Home;
use portcullis_core::policy::SecretAccess;
use portcullis_core::protocol::broker::{Announced, Announcement, Change, Found, send_changed};

use crate::environment::Environment;
use crate::secrets::{self, Backend, BackendError, Manner, Owner};
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// Serves one port.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The port's process: without that one, it ends
    #[arg(long, value_name = "NUMBER")]
    parent: u32,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    platform::end_with(arguments.parent)?;
    platform::hide()?;
    let (mut input, mut output) = platform::pipes()?;
    let announcement = Announcement::receive(&mut input)?;
    let broker = Broker {
        home: environment.home()?,
        environment,
        announcement: &announcement,
    };
    let mut backend = broker.open();
    for secret in &announcement.secrets {
        broker.find(&backend, secret).send(&mut output)?;
    }
    if !announcement.allows_changes() {
        return Ok(());
    }
    while let Some(change) = Change::receive(&mut input)? {
        if backend.is_err() {
            // Somebody may have started or unlocked it by now.
            backend = broker.open();
        }
        let changed = broker.change(&backend, &change);
        send_changed(&changed, &mut output)?;
    }
    Ok(())
}

/// A backend, or why there is none.
type Opened = Result<Box<dyn Backend>, BackendError>;

struct Broker<'a> {
    home: Home,
    environment: &'a Environment,
    announcement: &'a Announcement,
}

impl Broker<'_> {
    fn open(&self) -> Opened {
        secrets::open(self.announcement.backend, self.environment, Manner::Silent)
    }

    fn owner<'a>(&'a self, secret: &'a Announced) -> Owner<'a> {
        Owner {
            home: &self.home,
            origin: &self.announcement.origin,
            plugin: &secret.plugin,
            installation: secret.installation,
        }
    }

    fn find(&self, backend: &Opened, secret: &Announced) -> Found {
        let backend = match backend {
            Ok(backend) => backend,
            Err(error) => return Found::Unavailable(error.to_string()),
        };
        match backend.get(self.owner(secret), &secret.name) {
            Ok(Some(value)) => Found::Value(value),
            Ok(None) => Found::Absent,
            Err(error) => Found::Unavailable(words(&error)),
        }
    }

    fn change(&self, backend: &Opened, change: &Change) -> Result<(), String> {
        let (Change::Set { place, .. } | Change::Delete { place }) = change;
        let secret = usize::try_from(*place)
            .ok()
            .and_then(|place| self.announcement.secrets.get(place))
            .filter(|secret| secret.access == SecretAccess::Write)
            .ok_or("it was not announced for writing")?;
        let backend = backend.as_ref().map_err(ToString::to_string)?;
        let owner = self.owner(secret);
        let changed = match change {
            Change::Set { value, .. } => backend.set(owner, &secret.name, value),
            Change::Delete { .. } => backend.delete(owner, &secret.name).map(drop),
        };
        changed.map_err(|error| words(&error))
    }
}

/// An error with its causes, in one line.
fn words(error: &BackendError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
