//! The plugins themselves, each under its digest.
//!
//! The deciding choice: the name says what the bytes must be, so every read checks them and no entry can be changed
//! without being found out. Two plugins with the same bytes share one file.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

use super::guarded::{self, GuardedError};
use super::lock::Lock;
use super::write::{self, WriteError};
use super::{Home, HomeLock, artifact};
use crate::names::Digest;

/// Where the plugin with this digest is kept: `store/<digest>.wasm`.
#[must_use]
pub fn plugin_file(home: &Home, digest: &Digest) -> PathBuf {
    home.store().join(format!("{digest}.wasm"))
}

/// The bytes of a stored plugin. They are checked against the digest, and at most `limit` bytes are read.
///
/// # Errors
///
/// A [`StoreError`] where the file is missing, is not to be trusted, or holds something else.
pub fn read(home: &Home, digest: &Digest, limit: u64) -> Result<Vec<u8>, StoreError> {
    let path = plugin_file(home, digest);
    let Some(bytes) = guarded::read(&path, limit)? else {
        return Err(StoreError::Missing { path });
    };
    let found = Digest::of_bytes(&bytes);
    if found != *digest {
        return Err(StoreError::WrongDigest { path, found });
    }
    Ok(bytes)
}

/// Keeps `bytes`, which must be what `digest` says. A file that is there already and whole is left alone; a damaged
/// one is replaced.
///
/// # Errors
///
/// A [`WriteError`] where the file cannot be written.
pub fn keep(lock: &HomeLock, digest: &Digest, bytes: &[u8]) -> Result<(), WriteError> {
    debug_assert_eq!(
        Digest::of_bytes(bytes),
        *digest,
        "the name is the content's"
    );
    if read(lock.home(), digest, bytes.len() as u64).is_ok() {
        return Ok(());
    }
    write::replace(lock, &plugin_file(lock.home(), digest), bytes)
}

/// Removes stored plugins and artifacts that nothing in `installed` refers to, and returns how many. Called by a
/// writer after it has written `plugins.lock`; what a killed writer had stored goes with the next one.
///
/// Only files are touched whose names the programs give. What cannot be removed is left for the next time: a file
/// too many does no harm.
pub fn sweep(lock: &HomeLock, installed: &Lock) -> usize {
    let home = lock.home();
    let is_used = |name: &str| {
        installed.plugins().iter().any(|plugin| {
            name.strip_suffix(".wasm") == Some(plugin.digest.to_string().as_str())
                || name == plugin.artifact.file_name(&plugin.digest)
        })
    };
    [(home.store(), ".wasm"), (home.cache(), artifact::EXTENSION)]
        .iter()
        .flat_map(|(folder, extension)| ours_in(folder, extension))
        .filter(|(name, path)| !is_used(name) && fs::remove_file(path).is_ok())
        .count()
}

/// The files in `folder` whose names begin with a digest and end with `extension`.
fn ours_in(folder: &Path, extension: &str) -> Vec<(String, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_ours = name.ends_with(extension)
                && name
                    .get(..Digest::DIGITS)
                    .is_some_and(|start| Digest::from_str(start).is_ok());
            is_ours.then(|| (name, entry.path()))
        })
        .collect()
}

/// Why a stored plugin cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file is gone.
    #[error("the stored plugin `{}` is missing: add it again with `portcullis add --replace`", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file holds something other than what was stored.
    #[error(
        "the stored plugin `{}` is damaged, its sha256 is {found}: add it again with `portcullis add --replace`",
        path.display()
    )]
    WrongDigest {
        /// The file.
        path: PathBuf,
        /// The digest of what it holds.
        found: Digest,
    },
    /// The file is not to be trusted, or cannot be read.
    #[error(transparent)]
    Guarded(#[from] GuardedError),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::home::lock::tests::installed;
    use crate::home::tests::private_folder;

    const LIMIT: u64 = 1024;

    fn locked() -> (tempfile::TempDir, HomeLock) {
        let folder = private_folder();
        let home = Home::open(folder.path()).expect("a home");
        let lock = HomeLock::take(&home, "test", Duration::ZERO).expect("free");
        (folder, lock)
    }

    #[test]
    fn what_is_kept_is_read_back_and_damage_is_seen() {
        let (_folder, lock) = locked();
        let home = lock.home();
        let digest = Digest::of_bytes(b"plugin");
        assert!(matches!(
            read(home, &digest, LIMIT),
            Err(StoreError::Missing { .. })
        ));
        keep(&lock, &digest, b"plugin").expect("written");
        assert_eq!(read(home, &digest, LIMIT).expect("whole"), b"plugin");

        let path = plugin_file(home, &digest);
        fs::write(&path, b"plugim").expect("changed behind our back");
        let error = read(home, &digest, LIMIT).expect_err("damaged");
        let found = Digest::of_bytes(b"plugim");
        assert!(matches!(error, StoreError::WrongDigest { found: it, .. } if it == found));
        keep(&lock, &digest, b"plugin").expect("written again");
        assert_eq!(read(home, &digest, LIMIT).expect("mended"), b"plugin");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_a_plugin_is_refused() {
        let (_folder, lock) = locked();
        let home = lock.home();
        let digest = Digest::of_bytes(b"plugin");
        crate::home::make_folder(&home.store()).expect("a folder");
        let path = plugin_file(home, &digest);
        std::os::unix::fs::symlink("/etc/passwd", &path).expect("a link");
        let error = read(home, &digest, LIMIT).expect_err("a link");
        assert!(matches!(
            error,
            StoreError::Guarded(GuardedError::Symlink { .. })
        ));
    }

    #[test]
    fn a_sweep_leaves_what_is_installed_and_what_is_not_ours() {
        let (_folder, lock) = locked();
        let home = lock.home();
        let used = installed("echo", b"echo");
        let unused = Digest::of_bytes(b"unused");
        let artifact_of = |digest: &Digest| artifact::artifact_file_name(digest, "0.1.0", "t");
        let kept = [
            plugin_file(home, &used.digest),
            home.cache().join(used.artifact.file_name(&used.digest)),
            home.store().join("README"),
            home.store().join("notes.wasm"),
            home.cache().join(format!("{unused}-0.1.0-t.other")),
        ];
        let swept = [
            plugin_file(home, &unused),
            home.cache().join(artifact_of(&unused)),
            home.cache()
                .join(artifact::artifact_file_name(&used.digest, "0.0.9", "t")),
        ];
        for path in kept.iter().chain(&swept) {
            write::replace(&lock, path, b"x").expect("written");
        }
        let mut list = Lock::default();
        list.put(used);
        assert_eq!(sweep(&lock, &list), swept.len());
        for path in &kept {
            assert!(path.exists(), "{}", path.display());
        }
        for path in &swept {
            assert!(!path.exists(), "{}", path.display());
        }
        assert_eq!(sweep(&lock, &list), 0);
    }
}
