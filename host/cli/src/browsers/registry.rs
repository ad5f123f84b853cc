//! The part of the Windows registry that browsers read, behind a trait: the order in which keys are tried is a rule to
//! be tested, and it is tested on systems that have no registry.

#[cfg(test)]
mod fake;
#[cfg(not(windows))]
mod none;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::io;

#[cfg(test)]
pub(crate) use fake::FakeRegistry;
#[cfg(not(windows))]
use none as platform;
#[cfg(windows)]
use windows as platform;

/// Whose settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Hive {
    /// `HKEY_CURRENT_USER`.
    User,
    /// `HKEY_LOCAL_MACHINE`.
    Machine,
}

/// Which of the two registries that a 64-bit Windows keeps under one name. They are the same for a user's `Software`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum View {
    /// What 32-bit programs see: `WOW6432Node`.
    Bits32,
    Bits64,
}

/// A key, whether or not it exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) hive: Hive,
    pub(crate) view: View,
    /// From `Software` on.
    pub(crate) path: String,
}

/// The value of a key that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(any(windows, test)),
    expect(dead_code, reason = "a system without a registry finds nothing in it")
)]
pub(crate) enum Found {
    Text(String),
    /// A number, bytes, a list: nothing that a browser takes.
    NotText,
}

/// What can be done with it.
pub(crate) trait Registry {
    /// The key's default value; `None` where the key or the value is missing.
    fn default_value(&self, key: &Key) -> io::Result<Option<Found>>;

    /// The texts among the values directly in the key: how a list of an administrator's is kept. Empty where the key
    /// is missing.
    fn texts(&self, key: &Key) -> io::Result<Vec<String>>;

    /// A number in the key; `None` where the key or the value is missing or no number.
    fn number(&self, key: &Key, name: &str) -> io::Result<Option<u32>>;

    /// Sets the default value of the key, which is made where it is missing.
    fn set_default_value(&self, key: &Key, text: &str) -> io::Result<()>;

    /// Removes the key. One that is missing is fine.
    fn remove(&self, key: &Key) -> io::Result<()>;
}

/// The registry of this system; an empty one where there is none.
pub(crate) fn of_this_system() -> Box<dyn Registry> {
    Box::new(platform::SystemRegistry)
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below_software = self.path.strip_prefix("Software\\").unwrap_or(&self.path);
        match (self.hive, self.view) {
            (Hive::User, _) => write!(formatter, "HKCU\\Software\\{below_software}"),
            (Hive::Machine, View::Bits64) => write!(formatter, "HKLM\\Software\\{below_software}"),
            (Hive::Machine, View::Bits32) => {
                write!(formatter, "HKLM\\Software\\WOW6432Node\\{below_software}")
            }
        }
    }
}
