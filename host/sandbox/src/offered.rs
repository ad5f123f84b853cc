//! What the host offers to components and what it serves of them: the one list of interfaces.
//!
//! The deciding choice: a table that the linking, `inspect` and `add` all read, so that what a person is told before
//! installing is what happens when the plugin starts. Names match as wasmtime's linker matches them: a version fits
//! any other that is compatible by semantic versioning, and one with a pre-release fits only itself.
//!
//! What this does not do: it grants nothing. WASI is offered to every component with an empty context; whether a call
//! does anything is the policy's to say.

use std::fmt;

use portcullis_core::names::escape;

mod table;

pub use table::{HANDLER, IMPORTS, RUN, SESSION};

/// The version of a whole interface. None that is offered is a pre-release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Breaks compatibility where it is not 0.
    pub major: u64,
    /// Breaks compatibility where the major version is 0.
    pub minor: u64,
    /// Adds to an interface.
    pub patch: u64,
}

impl Version {
    const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Whether an interface of this version may meet one of the other.
    #[must_use]
    pub fn is_compatible(self, other: Self) -> bool {
        self.track() == other.track()
    }

    /// What two versions must have in common to be compatible.
    fn track(self) -> (u64, u64, u64) {
        match self {
            Self {
                major: 0,
                minor: 0,
                patch,
            } => (0, 0, patch),
            Self {
                major: 0, minor, ..
            } => (0, minor, 0),
            Self { major, .. } => (major, 0, 0),
        }
    }

    /// Reads `major.minor.patch`, with build metadata (which carries no meaning) or without. A pre-release is not read.
    fn parse(text: &str) -> Option<Self> {
        let (numbers, _build) = text.split_once('+').unwrap_or((text, ""));
        let mut parts = numbers.split('.').map(|part| part.parse().ok());
        let version = Self::new(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// One interface, as this host has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    /// For example `wasi:io`.
    pub package: &'static str,
    /// For example `streams`.
    pub name: &'static str,
    /// The version that this host has.
    pub version: Version,
    /// Its functions, as components name them: `[method]pollable.block` is one of a resource.
    pub functions: &'static [&'static str],
}

impl Interface {
    const fn ours(name: &'static str, functions: &'static [&'static str]) -> Self {
        Self {
            package: PLUGIN,
            name,
            version: CONTRACT,
            functions,
        }
    }

    const fn wasi(
        package: &'static str,
        name: &'static str,
        functions: &'static [&'static str],
    ) -> Self {
        Self {
            package,
            name,
            version: WASI,
            functions,
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}@{}", self.package, self.name, self.version)
    }
}

/// The package of our own contract.
const PLUGIN: &str = "portcullis:plugin";

/// The version of `wit/` that this host has.
const CONTRACT: Version = Version::new(0, 1, 0);

/// The version of WASI that wasmtime-wasi 48 has.
const WASI: Version = Version::new(0, 2, 12);

/// The offered interface that an import of this name meets, where there is one.
#[must_use]
pub fn import(name: &str) -> Option<&'static Interface> {
    IMPORTS.iter().find(|interface| meets(name, interface))
}

/// Whether the name of an import or export, for example `wasi:io/poll@0.2.6`, means this interface in a compatible
/// version.
#[must_use]
pub fn meets(name: &str, interface: &Interface) -> bool {
    let name = Name::of(name);
    name.is_of(interface)
        && name
            .whole_version()
            .is_some_and(|it| it.is_compatible(interface.version))
}

/// What is missing for a component that imports this name, as a sentence for a person; `None` where the host offers
/// it. The name is the component's, so it is escaped in the sentence.
#[must_use]
pub fn difference(import_name: &str) -> Option<String> {
    if import(import_name).is_some() {
        return None;
    }
    let name = Name::of(import_name);
    let shown = escape(import_name);
    let known = IMPORTS.iter().find(|interface| name.is_of(interface));
    Some(match (known, name.package) {
        (_, _) if name.is_newer_wasi() => {
            format!("needs `{shown}`: WASI 0.3 is not offered: build for WASI 0.2")
        }
        (Some(interface), PLUGIN) => of_contract("needs", &shown, name, interface),
        (Some(_), _) => format!("needs `{shown}`, this host has WASI {WASI}: build for WASI 0.2"),
        (None, PLUGIN) => match name.whole_version() {
            Some(version) if version > CONTRACT => {
                format!("needs `{shown}`, this host has `{PLUGIN}@{CONTRACT}`: update the host")
            }
            _ => format!(
                "needs `{shown}`, and `{PLUGIN}@{CONTRACT}` has no such interface: check its spelling"
            ),
        },
        (None, "wasi:http") => format!(
            "needs `{shown}`, and this host offers `outgoing-handler` and `types` of `wasi:http`: \
             a plugin sends requests and serves none"
        ),
        (None, "wasi:logging") => {
            format!(
                "needs `{shown}`, which this host does not offer: log through `{PLUGIN}/log@{CONTRACT}`"
            )
        }
        (None, package) if package.contains(':') => format!(
            "needs `{shown}`, which this host does not offer: \
             a plugin imports `{PLUGIN}@{CONTRACT}` and WASI 0.2 and nothing else"
        ),
        (None, _) => format!(
            "needs `{shown}`, which belongs to no interface: build against a world of `{PLUGIN}@{CONTRACT}`"
        ),
    })
}

/// The interface of our own contract that an import or export of this name means in a compatible version.
#[must_use]
pub fn of_our_contract(name: &str) -> Option<&'static Interface> {
    let imported = IMPORTS
        .iter()
        .filter(|interface| interface.package == PLUGIN);
    imported
        .chain([&HANDLER, &SESSION])
        .find(|interface| meets(name, interface))
}

/// Whether the name of an import or export is one of WASI 0.3 or later, pre-releases included. Those are asynchronous,
/// which the host does not offer.
#[must_use]
pub fn is_newer_wasi(name: &str) -> bool {
    Name::of(name).is_newer_wasi()
}

/// What is wrong with an export that means an interface of our contract in another version, as a sentence for a
/// person; `None` for any other export.
#[must_use]
pub fn export_difference(export_name: &str) -> Option<String> {
    let name = Name::of(export_name);
    let interface = [HANDLER, SESSION]
        .into_iter()
        .find(|interface| name.is_of(interface))?;
    if meets(export_name, &interface) {
        return None;
    }
    Some(of_contract(
        "exports",
        &escape(export_name),
        name,
        &interface,
    ))
}

/// The sentence for another version of an interface that we have. Whoever is behind has to move.
fn of_contract(verb: &str, shown: &str, name: Name<'_>, interface: &Interface) -> String {
    let has = format!("this host has `{}`", interface.version);
    match name.whole_version() {
        Some(version) if version > interface.version => {
            format!("{verb} `{shown}`, {has}: update the host")
        }
        _ => format!(
            "{verb} `{shown}`, {has}: build it against `{PLUGIN}@{}`",
            interface.version
        ),
    }
}

/// The parts of the name of an import or export.
#[derive(Debug, Clone, Copy)]
struct Name<'a> {
    /// Up to the slash; empty where the name is not one of an interface.
    package: &'a str,
    interface: &'a str,
    version: Option<&'a str>,
}

impl<'a> Name<'a> {
    fn of(text: &'a str) -> Self {
        let (path, version) = match text.split_once('@') {
            Some((path, version)) => (path, Some(version)),
            None => (text, None),
        };
        let (package, interface) = path.split_once('/').unwrap_or(("", path));
        Self {
            package,
            interface,
            version,
        }
    }

    fn is_of(self, interface: &Interface) -> bool {
        self.package == interface.package && self.interface == interface.name
    }

    fn whole_version(self) -> Option<Version> {
        Version::parse(self.version?)
    }

    /// Whether this is of WASI 0.3 or later, pre-releases included.
    fn is_newer_wasi(self) -> bool {
        let release = self.version.and_then(|text| text.split(['-', '+']).next());
        self.package.starts_with("wasi:")
            && release
                .and_then(Version::parse)
                .is_some_and(|version| (version.major, version.minor) > (WASI.major, WASI.minor))
    }
}

#[cfg(test)]
mod tests;
