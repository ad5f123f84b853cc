//! `hosts.json` in the home: which hosts were registered for this user, with which browsers, for which extensions.
//!
//! Manifests cannot hold that: they lie where other programs write, Firefox takes no key of ours in them, and what is
//! lost says nothing. `register` and `unregister` write this file, `doctor` reads from it what ought to be there. Like
//! every file of the home it is believed only where it is this user's alone, and anything unexpected in it is an error.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use portcullis_core::caller::Origin;
use portcullis_core::home::{Home, HomeLock, guarded, write};
use portcullis_core::names::HostName;
use serde::{Deserialize, Serialize};

/// The only version of the file that there is.
const VERSION: u32 = 1;

/// The longest file that is read, in bytes: more hosts than anybody has.
const LONGEST: u64 = 1024 * 1024;

const FILE: &str = "hosts.json";

/// The hosts that were registered for this user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    version: u32,
    hosts: Vec<Registered>,
}

/// One host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registered {
    pub(crate) name: HostName,
    /// Who may connect, of both families.
    pub(crate) allowed: Vec<Origin>,
    /// The ids of the browsers that it was registered with.
    pub(crate) browsers: Vec<String>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            version: VERSION,
            hosts: Vec::new(),
        }
    }
}

impl Record {
    /// What is registered in this home; nothing where there is no file.
    pub(crate) fn load(home: &Home) -> Result<Self> {
        let path = Self::file(home);
        let Some(text) = guarded::read_text(&path, LONGEST)? else {
            return Ok(Self::default());
        };
        let read: Self = serde_json::from_str(&text).with_context(|| {
            format!(
                "cannot read `{}`: remove it, then register your hosts again",
                path.display()
            )
        })?;
        ensure!(
            read.version == VERSION,
            "`{}` has version {}, this program knows {VERSION}: update this program",
            path.display(),
            read.version
        );
        Ok(read)
    }

    /// Puts the record in the place of the home's.
    pub(crate) fn save(&self, lock: &HomeLock) -> Result<()> {
        let text = format!("{}\n", serde_json::to_string_pretty(self)?);
        Ok(write::replace(
            lock,
            &Self::file(lock.home()),
            text.as_bytes(),
        )?)
    }

    /// Where it is kept, whether or not it exists.
    pub(crate) fn file(home: &Home) -> PathBuf {
        home.root().join(FILE)
    }

    /// Every host.
    pub(crate) fn hosts(&self) -> &[Registered] {
        &self.hosts
    }

    /// The host of this name.
    pub(crate) fn find(&self, name: &HostName) -> Option<&Registered> {
        self.hosts.iter().find(|host| host.name == *name)
    }

    /// Adds the host, in the place of the one with its name.
    pub(crate) fn put(&mut self, host: Registered) {
        match self.hosts.iter_mut().find(|known| known.name == host.name) {
            Some(known) => *known = host,
            None => self.hosts.push(host),
        }
    }

    /// Takes the host of this name out.
    pub(crate) fn remove(&mut self, name: &HostName) {
        self.hosts.retain(|host| host.name != *name);
    }
}
