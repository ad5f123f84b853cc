//! What a plugin may reach, opened.
//!
//! The decision that shaped it: a power is not a permission to open something later but the thing itself, opened while
//! the process could still open things. So an instance holds nothing that its route was not granted, and a call finds
//! nothing to ask beyond what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use portcullis_core::caller::Origin;
use portcullis_core::names::PluginName;
use portcullis_core::policy::Access;

use crate::capabilities::files::{Folder, Folders};
use crate::capabilities::http::Http;
use crate::capabilities::secrets::Secrets;
use crate::capabilities::storage::Storage;
use crate::confine::Needs;

/// What the plugin of one route may reach.
#[derive(Clone)]
pub struct Powers {
    /// The settings that it may read.
    pub config: Arc<BTreeMap<String, String>>,
    /// The variables in its environment.
    pub environment: Arc<BTreeMap<String, String>>,
    /// The secrets that it may read or write.
    pub secrets: Secrets,
    /// Where it may send HTTP requests, if anywhere.
    pub http: Option<Http>,
    /// The folders that it may use.
    pub folders: Folders,
    /// What it may keep, and where.
    pub storage: Option<Storage>,
    /// Where refusals are told.
    pub denials: Denials,
}

impl Powers {
    /// Nothing but settings, for the plugin that serves this extension.
    #[must_use]
    pub fn none(origin: &Origin, plugin: &PluginName) -> Self {
        let denials = Denials::new(origin, plugin);
        Self {
            config: Arc::default(),
            environment: Arc::default(),
            secrets: Secrets::default(),
            http: None,
            storage: None,
            folders: Folders::none(&denials),
            denials,
        }
    }

    /// Adds what these powers need from the system to what the process needs.
    pub fn add_needs<'a>(&'a self, needs: &mut Needs<'a>) {
        if let Some(http) = &self.http {
            http.add_ports(&mut needs.ports);
        }
        if let Some(storage) = &self.storage {
            storage.add_needs(needs);
        }
        let mut granted = self.folders.as_slice().iter().map(Folder::handle);
        needs.folders.extend(granted.clone());
        // Not the storage's folder, whose files have a bound.
        if granted.any(|(_, access)| access == Access::ReadWrite) {
            // A file that is there already may have any size; what is written is counted in bytes.
            needs.file_size = u64::MAX;
        }
    }
}

/// The most refusals of one kind that one port tells of for one plugin: what a guest makes up has no end, and the first
/// say it all.
const MOST_TOLD: usize = 32;

/// What a refusal is about. Each kind has an end of its own, so that what is made up of one hides nothing of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Http,
    Secret,
    Files,
    Storage,
    /// Limits, and whatever else there is.
    Other,
}

impl Kind {
    /// What a power is about, by how its command begins.
    fn of(power: &str) -> Self {
        let word = power.split(['=', '-', ' ']).next().unwrap_or_default();
        match word.trim_start_matches('\'') {
            "http" => Self::Http,
            "secret" => Self::Secret,
            "fs" => Self::Files,
            "storage" => Self::Storage,
            _ => Self::Other,
        }
    }
}

/// Tells the log what a plugin was refused, each thing once, with the command that would grant it.
#[derive(Clone)]
pub struct Denials {
    plugin: PluginName,
    /// The beginning of the command.
    subject: Arc<str>,
    told: Arc<Mutex<BTreeMap<Kind, BTreeSet<String>>>>,
}

impl Denials {
    /// The refusals of one plugin that serves one extension.
    #[must_use]
    pub fn new(origin: &Origin, plugin: &PluginName) -> Self {
        Self {
            plugin: plugin.clone(),
            subject: format!("portcullis grant {origin} {plugin}").into(),
            told: Arc::default(),
        }
    }

    /// Writes one line about a refusal, if this is the first of its kind. `attempted` says what the plugin tried, and
    /// `power` is what follows origin and plugin in the command that would grant it; both are escaped by the caller
    /// where the plugin chose them.
    pub fn tell(&self, attempted: &str, power: &str) {
        let subject = &self.subject;
        let rest = format_args!("{attempted}; `{subject} {power}` would allow it");
        self.refuse(Kind::of(power), power, rest);
    }

    /// The same for what may be no attempt at all, at a level for how likely that is. It is no refusal, and so never a
    /// warning, which browsers show.
    pub(crate) fn tell_doubtful(&self, doubt: Doubt, attempted: &str, power: &str) {
        let Self {
            plugin, subject, ..
        } = self;
        if self.count(Kind::of(power), power) == Count::Silent {
            return;
        }
        match doubt {
            Doubt::Likely => {
                tracing::info!(%plugin, "{attempted}; `{subject} {power}` would change that");
            }
            Doubt::Unlikely => {
                tracing::debug!(%plugin, "{attempted}; `{subject} {power}` would change that");
            }
        }
    }

    /// Writes one line about a limit that has been reached, if this is the first of its kind. `limit` is its key in the
    /// policy.
    pub fn tell_limit(&self, attempted: &str, limit: &str) {
        let rest = format_args!("{attempted}; the policy's `{limit}` sets the limit");
        self.refuse(Kind::Other, limit, rest);
    }

    /// Writes one line about something that no grant allows, if this is the first of its kind.
    pub(crate) fn tell_final(&self, kind: Kind, attempted: &str) {
        let rest = format_args!("{attempted}; nothing grants that");
        self.refuse(kind, attempted, rest);
    }

    fn refuse(&self, kind: Kind, what: &str, rest: fmt::Arguments<'_>) {
        let plugin = &self.plugin;
        let count = self.count(kind, what);
        if count != Count::Silent {
            tracing::warn!(%plugin, "refused: {rest}");
        }
        if count == Count::Last {
            tracing::warn!(%plugin, "further refusals of this kind are not told");
        }
    }

    fn count(&self, kind: Kind, what: &str) -> Count {
        // No code runs under the lock that could leave the sets half-changed.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let told = told.entry(kind).or_default();
        if told.len() >= MOST_TOLD || !told.insert(what.to_owned()) {
            Count::Silent
        } else if told.len() == MOST_TOLD {
            Count::Last
        } else {
            Count::Told
        }
    }
}

/// Whether a plugin that found nothing had wanted something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It may well have. Told at level info, the least that the log has unless it is told otherwise.
    Likely,
    /// Hardly: it says itself that it needs no such thing. Told at level debug.
    Unlikely,
}

/// What becomes of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    Told,
    /// It is told, and no other of its kind.
    Last,
    Silent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_is_told_once_and_not_without_end() {
        let origin = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";
        let denials = Denials::new(
            &origin.parse().expect("an origin"),
            &"notes".parse().expect("a name"),
        );
        assert_eq!(denials.count(Kind::Http, "first"), Count::Told);
        assert_eq!(denials.clone().count(Kind::Http, "first"), Count::Silent);
        let counts: Vec<Count> = (1..1000)
            .map(|number| denials.count(Kind::Http, &number.to_string()))
            .collect();
        let of = |wanted| counts.iter().filter(|count| **count == wanted).count();
        assert_eq!((of(Count::Told), of(Count::Last)), (MOST_TOLD - 2, 1));
        assert_eq!(counts[MOST_TOLD - 2], Count::Last, "closed where it ends");
        for kind in [Kind::Secret, Kind::Files, Kind::Storage, Kind::Other] {
            assert_eq!(denials.count(kind, "first"), Count::Told, "{kind:?}");
        }
    }

    #[test]
    fn a_power_is_of_the_kind_that_its_command_names() {
        for (power, kind) in [
            ("http=https://example.com", Kind::Http),
            ("http-private", Kind::Http),
            ("secret=token:write", Kind::Secret),
            ("fs=~/Notes:/notes:rw", Kind::Files),
            ("'fs=/a b:/n:rw'", Kind::Files),
            ("storage", Kind::Storage),
            ("files-written", Kind::Other),
        ] {
            assert_eq!(Kind::of(power), kind, "{power}");
        }
    }
}
