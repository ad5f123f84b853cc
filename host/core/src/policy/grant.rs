//! What a route gives its plugin beyond computing: folders, HTTP destinations, storage, secrets, settings.
//!
//! The deciding choice: a grant is a list of things that are named, each with the line of the policy on which it
//! stands, and every question about it ("may this URL be fetched?") is answered by a pure function that gives that line
//! back. The running host and `portcullis policy explain` ask the same functions, so they cannot disagree.
//!
//! What this does not do: it touches no file and resolves no name. Whether a folder may be granted at all, and which
//! address a name leads to, is judged where files and addresses are.

mod destination;
mod folder;
mod secret;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use destination::{Destination, DestinationError, Scheme, Target, TargetError};
pub use folder::{Access, FolderGrant, GuestPath, GuestPathError};
pub use secret::{SecretAccess, SecretGrant, SecretName, SecretNameError, SecretsBackend};

use crate::names::Digest;

/// What one route gives its plugin.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The build whose requests a person approved.
    pub approved: Option<Digest>,
    /// Folders, in the order of the policy.
    pub folders: Vec<FolderGrant>,
    /// Where HTTP requests may go.
    pub http: Vec<HttpGrant>,
    /// Whether HTTP may reach addresses of this machine and its private networks.
    pub http_private: bool,
    /// Variables that the plugin finds in its environment. Literals; nothing is inherited.
    pub environment: BTreeMap<String, String>,
    /// The static settings that the plugin may read.
    pub config: BTreeMap<String, String>,
    /// Secrets that it may read, or write.
    pub secrets: Vec<SecretGrant>,
    /// Whether it may keep data.
    pub storage: Option<StorageGrant>,
}

/// A destination of HTTP requests that is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGrant {
    /// Where to.
    pub destination: Destination,
    /// The line of the policy, from 1.
    pub line: usize,
}

/// Storage is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageGrant {
    /// The line of the policy, from 1.
    pub line: usize,
}

impl Grant {
    /// Whether it gives a power over something outside the plugin: files, network, storage or secrets. Such a grant is
    /// for one build of the plugin. Settings and variables are no powers: they are told, not reached.
    #[must_use]
    pub fn has_powers(&self) -> bool {
        let Self {
            folders,
            http,
            secrets,
            storage,
            ..
        } = self;
        !folders.is_empty() || !http.is_empty() || !secrets.is_empty() || storage.is_some()
    }

    /// The first destination that admits a request to `target`.
    #[must_use]
    pub fn http_to(&self, target: &Target) -> Option<&HttpGrant> {
        self.http
            .iter()
            .find(|grant| grant.destination.admits(target))
    }

    /// The folder in which a guest's path lies: the one with the longest path of its own, as a guest's C library
    /// chooses among its folders.
    #[must_use]
    pub fn folder_of(&self, path: &GuestPath) -> Option<&FolderGrant> {
        let holding = self.folders.iter().filter(|grant| path.is_in(&grant.guest));
        holding.max_by_key(|grant| grant.guest.as_str().len())
    }

    /// The grant of a secret.
    #[must_use]
    pub fn secret(&self, name: &SecretName) -> Option<&SecretGrant> {
        self.secrets.iter().find(|grant| grant.name == *name)
    }
}
