//! The table of browsers, as data: what shows that one is there, and where it looks for the manifests of hosts.
//!
//! The decision that shaped it: a browser is a row and never a branch of code. What differs (folders, keys, their order,
//! what its packaging allows) are columns, so that adding one is adding a row, and a test can hold each row against the
//! place that the browser was seen to read. Where sources contradict each other, what was traced or read in the
//! browser's source wins over what other tools write, and the row says so.

mod linux;
mod macos;
mod windows;

use portcullis_core::caller::Family;

use super::registry::{Hive, View};
use super::surroundings::Platform;

/// A browser on one system.
#[derive(Debug)]
pub(crate) struct Browser {
    /// What `--browser` takes. The same on every system.
    pub(crate) id: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
    pub(crate) family: Family,
    /// Folders that it makes when it first runs. One that holds nothing but manifests does not count, since we may have
    /// made it for another browser.
    pub(crate) profiles: &'static [Folder],
    /// Names of its programs: on `PATH`, of bundles in `Applications`, among the system's known programs.
    pub(crate) programs: &'static [&'static str],
    /// Below these are manifests of this user, in the order in which they are read.
    pub(crate) user: &'static [Folder],
    /// Below these are manifests of every user.
    pub(crate) system: &'static [Folder],
    /// Read after those, and another browser's: never written for this one.
    pub(crate) system_fallback: &'static [Folder],
    /// Keys of the registry, in the order in which they are read within one view.
    pub(crate) keys: &'static [&'static str],
    /// Read after those, and another browser's.
    pub(crate) keys_fallback: &'static [&'static str],
    /// The parts of the registry, in the order in which they are read.
    pub(crate) views: &'static [(Hive, View)],
    /// Where an administrator's policies are: a folder of JSON files, or a key.
    pub(crate) policies: Option<&'static str>,
    pub(crate) reach: Reach,
}

/// A folder that depends on the user or the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folder {
    /// Below the folder of settings: `$CHROME_CONFIG_HOME`, `$XDG_CONFIG_HOME`, `~/.config`; the first that is set.
    Config(&'static str),
    /// Below the user's own folder.
    Home(&'static str),
    /// Below `~/Library/Application Support`.
    Support(&'static str),
    /// Below `%LOCALAPPDATA%`.
    Local(&'static str),
    /// Below `%APPDATA%`.
    Roaming(&'static str),
    /// An absolute path.
    Root(&'static str),
}

/// Whether a browser can start a program that is installed outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// As any program can.
    Free,
    /// It runs hosts inside its own confinement, where only what is below this folder of the user's can be started.
    Below {
        /// In the user's own folder.
        folder: &'static str,
        /// What confines it.
        by: &'static str,
    },
    /// The system starts hosts on its behalf, outside its confinement; what a person should know of that.
    ByProxy(&'static str),
}

impl Browser {
    /// What a row of this family has where it says nothing else. Empty: a browser with this row is never found.
    const fn of(family: Family) -> Self {
        Self {
            id: "",
            name: "",
            family,
            profiles: &[],
            programs: &[],
            user: &[],
            system: &[],
            system_fallback: &[],
            keys: &[],
            keys_fallback: &[],
            views: &[],
            policies: None,
            reach: Reach::Free,
        }
    }

    const CHROMIUM: Self = Self::of(Family::Chromium);
    const MOZILLA: Self = Self::of(Family::Mozilla);
}

/// The browsers of one system.
pub(crate) fn browsers(platform: Platform) -> &'static [Browser] {
    match platform {
        Platform::Linux => linux::BROWSERS,
        Platform::MacOs => macos::BROWSERS,
        Platform::Windows => windows::BROWSERS,
    }
}

/// The browser with this id.
pub(crate) fn find(platform: Platform, id: &str) -> Option<&'static Browser> {
    browsers(platform).iter().find(|browser| browser.id == id)
}

#[cfg(test)]
mod tests;
