//! The places where a browser looks for the manifest of a host, in its order, and what is there.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use portcullis_core::caller::Family;
use portcullis_core::names::HostName;

use super::manifest_file::read_bounded;
use super::registry::{Found, Hive, Key};
use super::{Browser, Machine, Platform};

/// The name of the folder of manifests, but for a system-wide one and for Mozilla's on Linux.
pub(super) const USER_FOLDER: &str = "NativeMessagingHosts";

/// The name of those.
pub(super) const SYSTEM_FOLDER: &str = "native-messaging-hosts";

/// For whom a host is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// This user.
    User,
    /// Every user of the machine.
    System,
}

/// One place for the manifest of one host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A file with the name of the host.
    File(PathBuf),
    /// A key whose default value is the path of a file.
    Key(Key),
}

/// What is at a place.
#[derive(Debug)]
pub(crate) enum There {
    Nothing,
    /// A manifest, good or bad.
    Manifest {
        file: PathBuf,
        text: Vec<u8>,
    },
    /// A key names a file that is not there.
    NoFile {
        file: PathBuf,
    },
    /// A key has a value that is no text.
    NotText,
    /// Something is there and cannot be read.
    Unreadable {
        file: PathBuf,
        error: io::Error,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Key(key) => key.fmt(formatter),
        }
    }
}

impl Machine {
    /// The places where `browser` looks for the manifest of `host`, in its order.
    pub(crate) fn read_by(&self, browser: &Browser, host: &HostName) -> Vec<(Scope, Place)> {
        let mut places = Vec::new();
        if self.surroundings.platform == Platform::Windows {
            for &(hive, view) in browser.views {
                for path in browser.keys.iter().chain(browser.keys_fallback) {
                    let path = format!("{path}\\{host}");
                    places.push((scope_of(hive), Place::Key(Key { hive, view, path })));
                }
            }
            return places;
        }
        for (scope, folders) in [
            (Scope::User, browser.user),
            (Scope::System, browser.system),
            (Scope::System, browser.system_fallback),
        ] {
            let folders = folders.iter().filter_map(|folder| self.folder(*folder));
            places.extend(folders.map(|folder| (scope, self.file(browser, scope, &folder, host))));
        }
        places
    }

    /// The folders where `browser` looks for manifests. None on Windows, where they may lie anywhere.
    pub(crate) fn folders_read_by(&self, browser: &Browser) -> Vec<PathBuf> {
        if self.surroundings.platform == Platform::Windows {
            return Vec::new();
        }
        [
            (Scope::User, browser.user),
            (Scope::System, browser.system),
            (Scope::System, browser.system_fallback),
        ]
        .into_iter()
        .flat_map(|(scope, folders)| {
            let folders = folders.iter().filter_map(|folder| self.folder(*folder));
            folders.map(move |below| below.join(self.folder_name(browser, scope)))
        })
        .collect()
    }

    /// The places where a manifest of `host` belongs for `browser`; none where that browser has no such places.
    pub(crate) fn written_for(
        &self,
        browser: &Browser,
        scope: Scope,
        host: &HostName,
    ) -> Vec<Place> {
        if self.surroundings.platform == Platform::Windows {
            // The first view of a hive that is read, so that nothing stands before it.
            let view = browser
                .views
                .iter()
                .find(|(hive, _)| scope_of(*hive) == scope);
            let Some(&(hive, view)) = view else {
                return Vec::new();
            };
            let key = |path: &&str| {
                Place::Key(Key {
                    hive,
                    view,
                    path: format!("{path}\\{host}"),
                })
            };
            return browser.keys.iter().map(key).collect();
        }
        let folders = match scope {
            Scope::User => browser.user,
            Scope::System => browser.system,
        };
        folders
            .iter()
            .filter_map(|folder| self.folder(*folder))
            .map(|folder| self.file(browser, scope, &folder, host))
            .collect()
    }

    fn file(&self, browser: &Browser, scope: Scope, below: &Path, host: &HostName) -> Place {
        let folder = below.join(self.folder_name(browser, scope));
        Place::File(folder.join(format!("{host}.json")))
    }

    fn folder_name(&self, browser: &Browser, scope: Scope) -> &'static str {
        match (self.surroundings.platform, browser.family, scope) {
            (Platform::Linux, Family::Mozilla, _) | (Platform::Linux, _, Scope::System) => {
                SYSTEM_FOLDER
            }
            _ => USER_FOLDER,
        }
    }

    /// Looks at a place, as a browser does.
    pub(crate) fn look(&self, place: &Place) -> There {
        let (file, missing): (PathBuf, fn(PathBuf) -> There) = match place {
            Place::File(path) => (path.clone(), |_| There::Nothing),
            Place::Key(key) => match self.registry.default_value(key) {
                Ok(None) => return There::Nothing,
                Ok(Some(Found::NotText)) => return There::NotText,
                Ok(Some(Found::Text(path))) => (PathBuf::from(path), |file| There::NoFile { file }),
                Err(error) => {
                    let file = PathBuf::from(key.to_string());
                    return There::Unreadable { file, error };
                }
            },
        };
        if matches!(place, Place::Key(_)) && !file.is_absolute() {
            // No browser takes such a one.
            return missing(file);
        }
        match read_bounded(&file) {
            Ok(text) => There::Manifest { file, text },
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing(file),
            Err(error) => There::Unreadable { file, error },
        }
    }
}

fn scope_of(hive: Hive) -> Scope {
    match hive {
        Hive::User => Scope::User,
        Hive::Machine => Scope::System,
    }
}
