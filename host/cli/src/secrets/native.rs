//! The keyrings of macOS and Windows, through the stores that the `keyring` crate is made of.
//!
//! An entry there has a service and a user and nothing else, so whose a secret is stands in the user, in words that
//! none of its parts can have a blank in. Credential Manager takes 2560 bytes of a secret; a longer one is refused by
//! it.

use std::collections::HashMap;
use std::sync::Arc;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error};
use portcullis_core::home::HomeLock;
use portcullis_core::names::{PluginName, escape};
use portcullis_core::policy::SecretName;
#[cfg(windows)]
use windows_native_keyring_store::Store;
use zeroize::Zeroizing;

use super::{Backend, BackendError, Manner, Owner, checked, home_word};
use crate::environment::Environment;

/// The service of every entry.
const SERVICE: &str = "portcullis";

/// A keyring that is open.
pub(super) struct Keyring {
    store: Arc<Store>,
}

impl Keyring {
    /// Whether a person is asked is for the system to decide here: it asks for another program than the one that has
    /// set a secret, and both are this one.
    pub(super) fn open(_environment: &Environment, _manner: Manner) -> Result<Self, BackendError> {
        let store = Store::new().map_err(|error| BackendError::NoKeyring(words(&error)))?;
        Ok(Self { store })
    }

    fn entry(&self, owner: Owner<'_>, name: &SecretName) -> Result<Entry, BackendError> {
        let user = format!("{}{name}", prefix(owner));
        let entry = self.store.build(SERVICE, &user, None);
        entry.map_err(|error| failed(&error))
    }
}

impl Backend for Keyring {
    fn get(
        &self,
        owner: Owner<'_>,
        name: &SecretName,
    ) -> Result<Option<Zeroizing<String>>, BackendError> {
        match self.entry(owner, name)?.get_secret() {
            Ok(bytes) => checked(bytes).map(Some),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn set(&self, owner: Owner<'_>, name: &SecretName, value: &str) -> Result<(), BackendError> {
        super::check_length(value.len())?;
        let set = self.entry(owner, name)?.set_secret(value.as_bytes());
        set.map_err(|error| failed(&error))
    }

    fn delete(&self, owner: Owner<'_>, name: &SecretName) -> Result<bool, BackendError> {
        match self.entry(owner, name)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(failed(&error)),
        }
    }

    fn names(&self, owner: Owner<'_>) -> Result<Vec<SecretName>, BackendError> {
        // Windows searches by patterns of its own alone; there all entries are looked at.
        let ours = HashMap::from([("service", SERVICE)]);
        let searched = if cfg!(windows) { HashMap::new() } else { ours };
        let found = self.store.search(&searched);
        let found = found.map_err(|error| failed(&error))?;
        let prefix = prefix(owner);
        let of_ours = |entry: Entry| {
            let (service, user) = entry.get_specifiers()?;
            let name = user.strip_prefix(&prefix)?.parse().ok()?;
            (service == SERVICE).then_some(name)
        };
        let mut names: Vec<SecretName> = found.into_iter().filter_map(of_ours).collect();
        names.sort();
        Ok(names)
    }

    fn purge(&self, lock: &HomeLock, plugin: &PluginName) -> Result<usize, BackendError> {
        let ours = HashMap::from([("service", SERVICE)]);
        let searched = if cfg!(windows) { HashMap::new() } else { ours };
        let found = self.store.search(&searched);
        let found = found.map_err(|error| failed(&error))?;
        let prefix = format!("{} {plugin} ", home_word(lock.home()));
        let is_of_it = |entry: &Entry| {
            entry
                .get_specifiers()
                .is_some_and(|(service, user)| service == SERVICE && user.starts_with(&prefix))
        };
        let mut deleted = 0;
        for entry in found.iter().filter(|entry| is_of_it(entry)) {
            match entry.delete_credential() {
                Ok(()) => deleted += 1,
                Err(Error::NoEntry) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Ok(deleted)
    }
}

/// What the user of every entry of one owner begins with. The name of a secret follows.
fn prefix(owner: Owner<'_>) -> String {
    let Owner {
        origin,
        plugin,
        installation,
        ..
    } = owner;
    let home = owner.home_word();
    format!("{home} {plugin} {installation} {origin} ")
}

/// An error of the library for the person or the log.
fn failed(error: &Error) -> BackendError {
    match error {
        Error::NoStorageAccess(_) => BackendError::Locked,
        Error::BadEncoding(_) | Error::BadDataFormat(..) => BackendError::NotText,
        error => BackendError::Failed(words(error)),
    }
}

/// An error in words. Not all of the library's: two variants carry the secret itself.
fn words(error: &Error) -> String {
    match error {
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => escape(&cause.to_string()),
        Error::TooLong(what, limit) => format!("its `{what}` may have {limit} bytes"),
        _ => "it refused".to_owned(),
    }
}
