//! The Secret Service of the desktop (GNOME Keyring, KWallet, KeePassXC), over the session's bus.
//!
//! The deciding choice: spoken to without a C library, and through the crate that `keyring` itself is made of, not
//! through `keyring`: that one unlocks whatever it meets, and so puts a window before a person whenever a browser opens
//! a port. Here only a person's own verb may ask.

mod bus;

use std::collections::HashMap;
use std::time::Duration;

use portcullis_core::home::HomeLock;
use portcullis_core::names::PluginName;
use portcullis_core::policy::SecretName;
use secret_service::blocking::{Collection, Item, SecretService};
use secret_service::{EncryptionType, Error};
use zbus::blocking::connection::Builder;
use zeroize::Zeroizing;

use super::{Backend, BackendError, Manner, Owner, checked, home_word};
use crate::environment::Environment;

/// How long one call to the keyring may take where nobody is asked.
const PATIENCE: Duration = Duration::from_secs(20);

/// The attribute that all items of this program have, and its value.
const SERVICE: (&str, &str) = ("service", "portcullis");

/// What items hold, for other programs that show them.
const CONTENT_TYPE: &str = "text/plain; charset=utf8";

/// A keyring that is connected.
pub(super) struct Keyring {
    service: SecretService<'static>,
    manner: Manner,
}

impl Keyring {
    pub(super) fn open(environment: &Environment, manner: Manner) -> Result<Self, BackendError> {
        let missing = |error: &dyn std::fmt::Display| {
            BackendError::NoKeyring(portcullis_core::names::escape(&error.to_string()))
        };
        let address = bus::address(environment.session_bus());
        let builder = Builder::address(&*address).map_err(|error| missing(&error))?;
        let builder = match manner {
            Manner::Silent => builder.method_timeout(PATIENCE),
            Manner::Asks => builder,
        };
        let connection = builder.build().map_err(|error| missing(&error))?;
        let service = SecretService::connect_with_existing(EncryptionType::Dh, connection);
        let service = service.map_err(|error| missing(&error))?;
        Ok(Self { service, manner })
    }

    /// The collection that new items are put into, unlocked.
    ///
    /// Looked at before any search, since some services find nothing in what is locked: a secret that seems never to
    /// have been set is one that a plugin makes anew.
    fn collection(&self) -> Result<Collection<'_>, BackendError> {
        let collection = self.service.get_default_collection().map_err(failed)?;
        if collection.is_locked().map_err(failed)? {
            match self.manner {
                Manner::Silent => return Err(BackendError::Locked),
                Manner::Asks => collection.unlock().map_err(failed)?,
            }
        }
        Ok(collection)
    }

    /// The items with these attributes, unlocked.
    fn items(&self, attributes: &Attributes) -> Result<Vec<Item<'_>>, BackendError> {
        self.collection()?;
        let found = self
            .service
            .search_items(attributes.as_map())
            .map_err(failed)?;
        let (mut items, locked) = (found.unlocked, found.locked);
        if !locked.is_empty() {
            if self.manner == Manner::Silent {
                return Err(BackendError::Locked);
            }
            let all: Vec<&Item<'_>> = locked.iter().collect();
            self.service.unlock_all(&all).map_err(failed)?;
            items.extend(locked);
        }
        Ok(items)
    }
}

impl Backend for Keyring {
    fn get(
        &self,
        owner: Owner<'_>,
        name: &SecretName,
    ) -> Result<Option<Zeroizing<String>>, BackendError> {
        let items = self.items(&Attributes::of_one(owner, name))?;
        let Some(item) = items.first() else {
            return Ok(None);
        };
        item.get_secret()
            .map_err(failed)
            .and_then(checked)
            .map(Some)
    }

    fn set(&self, owner: Owner<'_>, name: &SecretName, value: &str) -> Result<(), BackendError> {
        super::check_length(value.len())?;
        let attributes = Attributes::of_one(owner, name);
        if let Some(item) = self.items(&attributes)?.first() {
            return item
                .set_secret(value.as_bytes(), CONTENT_TYPE)
                .map_err(failed);
        }
        let (label, replaces) = (label(owner, name), true);
        let collection = self.collection()?;
        let created = collection.create_item(
            &label,
            attributes.as_map(),
            value.as_bytes(),
            replaces,
            CONTENT_TYPE,
        );
        created.map(drop).map_err(failed)
    }

    fn delete(&self, owner: Owner<'_>, name: &SecretName) -> Result<bool, BackendError> {
        let items = self.items(&Attributes::of_one(owner, name))?;
        for item in &items {
            item.delete().map_err(failed)?;
        }
        Ok(!items.is_empty())
    }

    fn names(&self, owner: Owner<'_>) -> Result<Vec<SecretName>, BackendError> {
        let mut names = Vec::new();
        for item in self.items(&Attributes::of_all(owner))? {
            let attributes = item.get_attributes().map_err(failed)?;
            // An item that somebody else made with our attributes may be called anything.
            names.extend(attributes.get("name").and_then(|name| name.parse().ok()));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn purge(&self, lock: &HomeLock, plugin: &PluginName) -> Result<usize, BackendError> {
        let attributes = Attributes(vec![
            (SERVICE.0, SERVICE.1.to_owned()),
            ("home", home_word(lock.home())),
            ("plugin", plugin.to_string()),
        ]);
        // Before the collection is looked at, which would be unlocked for it.
        let found = self
            .service
            .search_items(attributes.as_map())
            .map_err(failed)?;
        if found.unlocked.is_empty() && found.locked.is_empty() {
            return Ok(0);
        }
        let items = self.items(&attributes)?;
        for item in &items {
            item.delete().map_err(failed)?;
        }
        Ok(items.len())
    }
}

/// What a person reads in the keyring's own program.
fn label(owner: Owner<'_>, name: &SecretName) -> String {
    let Owner { origin, plugin, .. } = owner;
    format!("Portcullis: `{name}` of plugin `{plugin}` for {origin}")
}

/// By what an item is found.
struct Attributes(Vec<(&'static str, String)>);

impl Attributes {
    fn of_all(owner: Owner<'_>) -> Self {
        Self(vec![
            (SERVICE.0, SERVICE.1.to_owned()),
            ("home", owner.home_word()),
            ("origin", owner.origin.to_string()),
            ("plugin", owner.plugin.to_string()),
            ("installation", owner.installation.to_string()),
        ])
    }

    fn of_one(owner: Owner<'_>, name: &SecretName) -> Self {
        let mut all = Self::of_all(owner);
        all.0.push(("name", name.to_string()));
        all
    }

    fn as_map(&self) -> HashMap<&str, &str> {
        let pairs = self.0.iter();
        pairs.map(|(key, value)| (*key, value.as_str())).collect()
    }
}

fn failed(error: Error) -> BackendError {
    match error {
        Error::Locked | Error::Prompt | Error::PromptDisconnected => BackendError::Locked,
        Error::Unavailable => BackendError::NoKeyring(error.to_string()),
        // What it answers where no keyring has ever been made.
        Error::NoResult => BackendError::NoKeyring("it has no default collection".to_owned()),
        other => BackendError::failed(&other),
    }
}
