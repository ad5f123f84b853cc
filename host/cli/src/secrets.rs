//! Where secrets are kept, behind one door: the system's keyring, or files where the policy says so.
//!
//! The deciding choice: which of the two is written in `policy.toml` by a person, and neither ever stands in for the
//! other. A keyring that is locked or missing is an error, since a secret that was put into a file instead would be
//! where nobody thinks it is.
//!
//! A secret belongs to one extension, one installation of one plugin, and one home: the number of an installation means
//! nothing in another home, and a plugin that is tried out in a folder of its own must not find the secrets of the real
//! one.

mod file;
#[cfg(any(target_os = "macos", windows))]
mod native;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;

use std::io;

use portcullis_core::caller::Origin;
use portcullis_core::home::guarded::GuardedError;
use portcullis_core::home::write::WriteError;
use portcullis_core::home::{Home, HomeLock, HomeLockError};
use portcullis_core::names::{Digest, PluginName, escape};
use portcullis_core::policy::{SecretName, SecretsBackend};
use portcullis_core::protocol::broker::LONGEST_SECRET;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::environment::Environment;
#[cfg(any(target_os = "macos", windows))]
use native::Keyring;
#[cfg(all(unix, not(target_os = "macos")))]
use secret_service::Keyring;

/// Whose secrets: one installation of a plugin, for one extension, in one home.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) home: &'a Home,
    pub(crate) origin: &'a Origin,
    pub(crate) plugin: &'a PluginName,
    pub(crate) installation: u64,
}

impl Owner<'_> {
    /// The home, as it is written into a keyring: enough of its digest that no two homes of a user are alike.
    fn home_word(&self) -> String {
        home_word(self.home)
    }
}

fn home_word(home: &Home) -> String {
    const DIGITS: usize = 16;
    let path = home.root().as_os_str().as_encoded_bytes();
    Digest::of_bytes(path).to_string()[..DIGITS].to_owned()
}

/// Whether there is somebody whom the keyring may ask to unlock it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A person waits for the verb.
    Asks,
    /// A browser does: what is locked stays so.
    Silent,
}

/// A place for secrets.
pub(crate) trait Backend {
    /// The value of a secret, where it is set.
    fn get(
        &self,
        owner: Owner<'_>,
        name: &SecretName,
    ) -> Result<Option<Zeroizing<String>>, BackendError>;

    /// Sets a secret. When it returns, the secret is kept.
    fn set(&self, owner: Owner<'_>, name: &SecretName, value: &str) -> Result<(), BackendError>;

    /// Deletes a secret, and says whether there was one.
    fn delete(&self, owner: Owner<'_>, name: &SecretName) -> Result<bool, BackendError>;

    /// The names of all that are set, sorted.
    fn names(&self, owner: Owner<'_>) -> Result<Vec<SecretName>, BackendError>;

    /// Deletes the secrets of every plugin that has had this name in this home, for every extension. Returns how many
    /// deletions that took; nobody is asked where there is nothing to delete.
    fn purge(&self, lock: &HomeLock, plugin: &PluginName) -> Result<usize, BackendError>;
}

/// Deletes what plugins of this name have in either place. A machine without a keyring has none in one.
pub(crate) fn purge(
    lock: &HomeLock,
    plugin: &PluginName,
    environment: &Environment,
) -> Result<usize, BackendError> {
    let in_files = file::Files.purge(lock, plugin)?;
    let in_keyring = match Keyring::open(environment, Manner::Asks) {
        Ok(keyring) => keyring.purge(lock, plugin)?,
        Err(BackendError::NoKeyring(_)) => 0,
        Err(error) => return Err(error),
    };
    Ok(in_files + in_keyring)
}

/// Opens the place that the policy names.
pub(crate) fn open(
    backend: SecretsBackend,
    environment: &Environment,
    manner: Manner,
) -> Result<Box<dyn Backend>, BackendError> {
    match backend {
        SecretsBackend::File => Ok(Box::new(file::Files)),
        SecretsBackend::Keyring => Ok(Box::new(Keyring::open(environment, manner)?)),
    }
}

/// Why a secret cannot be read or changed. Never with a value in it.
#[derive(Debug, Error)]
pub(crate) enum BackendError {
    #[error(
        "there is no keyring: {0}; start one, or write `secrets-backend = \"file\"` into policy.toml for files that \
         every program of this user can read"
    )]
    NoKeyring(String),
    #[error(
        "the keyring is locked: unlock it, as by logging in to the desktop, and open the port again"
    )]
    Locked,
    #[error("the keyring failed: {0}")]
    Failed(String),
    #[error("it is not UTF-8 text, and no plugin could be given it: set it again")]
    NotText,
    #[error("it has {length} bytes, and the most that are given to a plugin are {LONGEST_SECRET}")]
    TooLong { length: usize },
    #[error(transparent)]
    Guarded(#[from] GuardedError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Lock(#[from] HomeLockError),
    #[error("`{file}` does not hold the secrets that it should: move it away")]
    Foreign { file: String },
    #[error("cannot read the terminal or standard input")]
    Input(#[from] io::Error),
}

impl BackendError {
    /// A failure in the words of a keyring, which are not ours.
    fn failed(words: &dyn std::fmt::Display) -> Self {
        Self::Failed(escape(&words.to_string()))
    }
}

/// What a keyring holds, as a plugin may be given it.
fn checked(bytes: Vec<u8>) -> Result<Zeroizing<String>, BackendError> {
    let bytes = Zeroizing::new(bytes);
    check_length(bytes.len())?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(BackendError::NotText),
    }
}

/// Refuses what no plugin could be given.
pub(crate) fn check_length(length: usize) -> Result<(), BackendError> {
    if length > LONGEST_SECRET {
        return Err(BackendError::TooLong { length });
    }
    Ok(())
}
