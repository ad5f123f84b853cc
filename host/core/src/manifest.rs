//! A native messaging host manifest, judged as the browser that reads it judges it.
//!
//! The decision that shaped it: the two families disagree on nearly everything (comments, unknown keys, upper case,
//! what a bad file in the user's folder means), so each family's checks are walked by themselves, in that browser's
//! own order, up to the first that fails. A [`Fault`] says it twice: in the words that the browser uses, which is what
//! a person has seen or can search for, and in ours, with the place and the mend. Sources are beside the checks.
//!
//! What this does not do: no file is read here. Which files a browser looks at, and whether the program that a
//! manifest names is there, are facts that are handed in, as is whether an administrator's policy forbids a host.

mod absent;
mod chromium;
mod document;
mod fault;
mod mozilla;
mod pattern;
mod relaxed;

use std::path::{Path, PathBuf};

pub use absent::{forbidden_by_policy, not_found};
pub use fault::Fault;

use crate::caller::{Family, Origin};
use crate::names::HostName;
use document::Object;
use relaxed::Plain;

/// A manifest that its browser takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostManifest {
    family: Family,
    name: HostName,
    description: String,
    path: String,
    allowed: Vec<Allowed>,
}

/// One entry of `allowed_origins` or `allowed_extensions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The entry as it is written. The author's text.
    pub written: String,
    /// The one extension that it fits. Nothing for an entry that the browser takes and that fits none, such as an id
    /// that is not 32 letters from a to p.
    pub origin: Option<Origin>,
}

/// The kinds of operating system that browsers treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux and macOS: the program's path must be absolute.
    Posix,
    /// Windows: the path may be relative to the manifest's folder.
    Windows,
}

/// What is at the path that a manifest names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Nothing.
    Missing,
    /// Something that this user cannot execute.
    NotExecutable,
    /// Something that can be started.
    Executable,
}

/// What a browser makes of the files with one name, see [`choose`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The place of the file that is used, and what it says.
    pub manifest: Option<(usize, HostManifest)>,
    /// The places of the files that were looked at and refused, each with its fault.
    pub faults: Vec<(usize, Fault)>,
}

impl System {
    /// The one that this program was built for.
    pub const THIS: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Posix
    };
}

/// Reads the bytes of a manifest as a browser of this family does on this system, for an extension that asked for
/// `requested_name`.
///
/// Takes memory in proportion to `text`; a browser sets no bound on the file, so the caller does.
///
/// # Errors
///
/// The first [`Fault`] in the browser's own order of checks. The last of them, whether the extension may connect and
/// whether the program is there, are [`HostManifest::check_caller`] and [`HostManifest::check_program`].
pub fn read(family: Family, text: &[u8], requested_name: &str) -> Result<HostManifest, Fault> {
    read_on(System::THIS, family, text, requested_name)
}

/// [`read`], for another system than this one.
///
/// # Errors
///
/// As [`read`].
pub fn read_on(
    system: System,
    family: Family,
    text: &[u8],
    requested_name: &str,
) -> Result<HostManifest, Fault> {
    match family {
        Family::Chromium => chromium::read(system, text, requested_name),
        Family::Mozilla => mozilla::read(system, text, requested_name),
    }
}

/// Reads the files that a browser of this family finds under one name, in the order of its folders (the user's first).
///
/// Chromium takes the first file that exists, and where that is broken there is no host. Firefox goes on to the next
/// one (`launch_context_posix.cc`, `NativeManifests.sys.mjs`).
#[must_use]
pub fn choose(family: Family, files: &[&[u8]], requested_name: &str) -> Choice {
    let looked_at = match family {
        Family::Chromium => files.len().min(1),
        Family::Mozilla => files.len(),
    };
    let mut choice = Choice {
        manifest: None,
        faults: Vec::new(),
    };
    for (place, text) in files[..looked_at].iter().enumerate() {
        match read(family, text, requested_name) {
            Ok(manifest) => {
                choice.manifest = Some((place, manifest));
                break;
            }
            Err(fault) => choice.faults.push((place, fault)),
        }
    }
    choice
}

/// The program that a manifest names, whatever else is wrong with it: read as the more tolerant of the two families
/// reads it, comments included. Nothing where no browser could tell.
#[must_use]
pub fn program_named_by(text: &[u8]) -> Option<String> {
    let text = str::from_utf8(text).ok()?;
    let plain = Plain::of(text.strip_prefix('\u{feff}').unwrap_or(text));
    Object::of(plain.text())?.get("path")?.string()
}

impl HostManifest {
    /// The browsers that it is for.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// The name of the host.
    #[must_use]
    pub fn name(&self) -> &HostName {
        &self.name
    }

    /// What the host is. The author's text; Mozilla's may be empty.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The program, as it is written. The author's text.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Who may connect. An empty list, which only Chromium takes, lets nobody.
    #[must_use]
    pub fn allowed(&self) -> &[Allowed] {
        &self.allowed
    }

    /// The program that the browser starts where this manifest lies at `manifest`.
    #[must_use]
    pub fn program(&self, manifest: &Path) -> PathBuf {
        match manifest.parent() {
            // An absolute path replaces the folder.
            Some(folder) => folder.join(&self.path),
            None => PathBuf::from(&self.path),
        }
    }

    /// Whether an extension may connect.
    #[must_use]
    pub fn allows(&self, origin: &Origin) -> bool {
        self.allowed
            .iter()
            .any(|allowed| allowed.origin.as_ref() == Some(origin))
    }

    /// [`Self::allows`], with what the browser says otherwise.
    ///
    /// # Errors
    ///
    /// The [`Fault`] for an extension that is not on the list.
    pub fn check_caller(&self, origin: &Origin) -> Result<(), Fault> {
        if self.allows(origin) {
            return Ok(());
        }
        Err(match self.family {
            Family::Chromium => chromium::not_allowed(self, origin),
            Family::Mozilla => mozilla::not_allowed(self, origin),
        })
    }

    /// Judges what is at [`Self::program`], as the browser does when it starts it.
    ///
    /// # Errors
    ///
    /// The [`Fault`] for a program that cannot be started.
    pub fn check_program(&self, program: Program) -> Result<(), Fault> {
        let fault = match self.family {
            Family::Chromium => chromium::unusable(self, program),
            Family::Mozilla => mozilla::unusable(self, program),
        };
        fault.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests;
