//! The powers that are asked for, without a word about why, and whether they grew.

use std::fmt;

use super::Requests;
use crate::policy::{Access, Destination, GuestPath, SecretAccess, SecretName};

/// One power that a plugin asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// To keep data.
    Storage,
    /// A folder.
    Folder(GuestPath, Access),
    /// A destination.
    Http(Destination),
    /// A secret.
    Secret(SecretName, SecretAccess),
}

impl Wish {
    /// Whether whoever has this one has `other`, too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Storage, Self::Storage) => true,
            (Self::Folder(guest, access), Self::Folder(wanted, wanted_access)) => {
                guest == wanted && access >= wanted_access
            }
            (Self::Http(destination), Self::Http(wanted)) => destination.covers(wanted),
            (Self::Secret(name, access), Self::Secret(wanted, wanted_access)) => {
                name == wanted && access >= wanted_access
            }
            (Self::Storage | Self::Folder(..) | Self::Http(_) | Self::Secret(..), _) => false,
        }
    }
}

/// As a person reads it; a folder of the machine belongs to no request.
impl fmt::Display for Wish {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage => formatter.write_str("storage"),
            Self::Folder(guest, access) => write!(formatter, "folder {guest} ({access})"),
            Self::Http(destination) => write!(formatter, "http={destination}"),
            Self::Secret(name, SecretAccess::Read) => write!(formatter, "secret={name}"),
            Self::Secret(name, SecretAccess::Write) => write!(formatter, "secret={name}:write"),
        }
    }
}

/// Every power that one build of a plugin asks for. Settings and variables are none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    wishes: Vec<Wish>,
}

impl Asked {
    pub(super) fn of(requests: &Requests) -> Self {
        let storage = requests.storage.iter().map(|_| Wish::Storage);
        let folders = requests.folders.iter();
        let folders = folders.map(|one| Wish::Folder(one.guest.clone(), one.access));
        let http = requests.http.iter();
        let http = http.map(|one| Wish::Http(one.destination.clone()));
        let secrets = requests.secrets.iter();
        let secrets = secrets.map(|one| Wish::Secret(one.name.clone(), one.access));
        let wishes = storage.chain(folders).chain(http).chain(secrets);
        Self {
            wishes: wishes.collect(),
        }
    }

    pub(crate) fn from_wishes(wishes: Vec<Wish>) -> Self {
        Self { wishes }
    }

    /// Each of them.
    #[must_use]
    pub fn wishes(&self) -> &[Wish] {
        &self.wishes
    }

    /// Whether one of them has this power within it.
    #[must_use]
    pub fn has(&self, wish: &Wish) -> bool {
        self.wishes.iter().any(|known| known.covers(wish))
    }

    /// Whether they have all that `newer` asks for.
    #[must_use]
    pub fn covers(&self, newer: &Self) -> bool {
        newer.wishes.iter().all(|wish| self.has(wish))
    }

    /// What `newer` asks for beyond them.
    #[must_use]
    pub fn growth(&self, newer: &Self) -> Vec<Wish> {
        let wishes = newer.wishes.iter();
        wishes.filter(|wish| !self.has(wish)).cloned().collect()
    }
}
