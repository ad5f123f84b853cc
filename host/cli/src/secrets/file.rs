//! Secrets in files of the home: one for each extension and plugin, mode 0600, not encrypted.
//!
//! Whoever may read the user's files may read them, and that is every program of this user. They are for machines
//! without a keyring, and for tests. A file is replaced as a whole and under the home's lock, so that two ports that
//! write at the same time lose nothing, and what has been acknowledged is on the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use portcullis_core::caller::Origin;
use portcullis_core::home::{HomeLock, guarded, write};
use portcullis_core::names::{Digest, PluginName};
use portcullis_core::policy::SecretName;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Backend, BackendError, Owner};

/// The folder in the home.
const FOLDER: &str = "secrets";

/// The longest file, in bytes: a hundred of the longest secrets.
const LONGEST: u64 = 8 * 1024 * 1024;

/// How long a writer waits for others. Shorter than the patience of a port that waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The backend. It holds nothing: every call reads the file anew.
pub(super) struct Files;

/// What a file holds. It says whose it is, since its name does not.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    origin: Origin,
    plugin: PluginName,
    installation: u64,
    secrets: BTreeMap<SecretName, String>,
}

const VERSION: u32 = 1;

impl Drop for Content {
    fn drop(&mut self) {
        self.secrets.values_mut().for_each(String::zeroize);
    }
}

impl Content {
    fn is_of(&self, owner: Owner<'_>) -> bool {
        self.version == VERSION
            && self.origin == *owner.origin
            && self.plugin == *owner.plugin
            && self.installation == owner.installation
    }
}

impl Backend for Files {
    fn get(
        &self,
        owner: Owner<'_>,
        name: &SecretName,
    ) -> Result<Option<Zeroizing<String>>, BackendError> {
        let content = read(owner)?;
        let value = content.secrets.get(name);
        Ok(value.map(|value| Zeroizing::new(value.clone())))
    }

    fn set(&self, owner: Owner<'_>, name: &SecretName, value: &str) -> Result<(), BackendError> {
        super::check_length(value.len())?;
        change(owner, |secrets| {
            secrets.insert(name.clone(), value.to_owned())
        })?;
        Ok(())
    }

    fn delete(&self, owner: Owner<'_>, name: &SecretName) -> Result<bool, BackendError> {
        change(owner, |secrets| secrets.remove(name))
    }

    fn names(&self, owner: Owner<'_>) -> Result<Vec<SecretName>, BackendError> {
        Ok(read(owner)?.secrets.keys().cloned().collect())
    }

    fn purge(&self, lock: &HomeLock, plugin: &PluginName) -> Result<usize, BackendError> {
        let folder = lock.home().root().join(FOLDER);
        let listed = match fs::read_dir(folder) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(BackendError::failed(&error)),
        };
        let mut deleted = 0;
        for entry in listed {
            let path = entry.map_err(|error| BackendError::failed(&error))?.path();
            let text = guarded::read_text(&path, LONGEST)?.map(Zeroizing::new);
            // What is not ours says nothing of a plugin, and stays.
            let content = text.and_then(|text| serde_json::from_str::<Content>(&text).ok());
            if content.is_some_and(|content| content.plugin == *plugin) {
                fs::remove_file(&path).map_err(|error| BackendError::failed(&error))?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }
}

/// Changes one secret, and says whether it was set before.
fn change(
    owner: Owner<'_>,
    how: impl FnOnce(&mut BTreeMap<SecretName, String>) -> Option<String>,
) -> Result<bool, BackendError> {
    let lock = HomeLock::take(owner.home, "portcullis secret", PATIENCE)?;
    let mut content = read(owner)?;
    let before = how(&mut content.secrets).map(Zeroizing::new);
    let text = serde_json::to_vec(&content).map(Zeroizing::new);
    let text = text.map_err(|error| BackendError::failed(&error))?;
    if text.len() as u64 > LONGEST {
        let words = format!("the secrets of one plugin may take {LONGEST} bytes together");
        return Err(BackendError::Failed(words));
    }
    write::replace(&lock, &path(owner), &text)?;
    Ok(before.is_some())
}

fn read(owner: Owner<'_>) -> Result<Content, BackendError> {
    let path = path(owner);
    let Some(text) = guarded::read_text(&path, LONGEST)?.map(Zeroizing::new) else {
        return Ok(Content {
            version: VERSION,
            origin: owner.origin.clone(),
            plugin: owner.plugin.clone(),
            installation: owner.installation,
            secrets: BTreeMap::new(),
        });
    };
    // What the parser would say may quote the file.
    let content: Option<Content> = serde_json::from_str(&text).ok();
    let foreign = || BackendError::Foreign {
        file: path.display().to_string(),
    };
    content
        .filter(|content| content.is_of(owner))
        .ok_or_else(foreign)
}

/// Named by a digest: an origin has characters that no file name may have, and some systems have one file for two names
/// that differ in case.
fn path(owner: Owner<'_>) -> PathBuf {
    let Owner {
        home,
        origin,
        plugin,
        installation,
    } = owner;
    let whose = Digest::of_bytes(format!("{origin}\n{plugin}\n{installation}").as_bytes());
    home.root().join(FOLDER).join(format!("{whose}.json"))
}

#[cfg(test)]
mod tests {
    use portcullis_core::home::Home;

    use super::*;

    #[test]
    fn secrets_are_kept_apart_and_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::create(folder.path().join("home")).expect("made");
        let origins: Vec<Origin> = ["native@tests.mozilla.org", "other@tests.mozilla.org"]
            .map(|origin| origin.parse().expect("an add-on"))
            .into();
        let plugin = "vault".parse().expect("a name");
        let owner = |origin: usize, installation| Owner {
            home: &home,
            origin: &origins[origin],
            plugin: &plugin,
            installation,
        };
        let names: Vec<SecretName> = ["key", "Key"]
            .map(|name| name.parse().expect("a name"))
            .into();
        let value = "line 1\nline \u{0} \"2\"\n";
        Files.set(owner(0, 1), &names[0], value).expect("written");
        Files.set(owner(0, 1), &names[1], "").expect("written");
        let got = |owner, name: usize| {
            let got = Files.get(owner, &names[name]).expect("readable");
            got.map(|value| value.to_string())
        };
        assert_eq!(got(owner(0, 1), 0).as_deref(), Some(value));
        assert_eq!(got(owner(0, 1), 1).as_deref(), Some(""));
        assert_eq!(got(owner(1, 1), 0), None, "another extension");
        assert_eq!(got(owner(0, 2), 0), None, "another installation");
        let listed = Files.names(owner(0, 1)).expect("readable");
        assert_eq!(listed, [names[1].clone(), names[0].clone()]);
        assert!(Files.delete(owner(0, 1), &names[0]).expect("written"));
        assert!(!Files.delete(owner(0, 1), &names[0]).expect("written"));
        assert_eq!(got(owner(0, 1), 0), None);
        let longest = "x".repeat(portcullis_core::protocol::broker::LONGEST_SECRET + 1);
        let error = Files.set(owner(0, 1), &names[0], &longest);
        assert!(matches!(error, Err(BackendError::TooLong { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_this_user_alone_and_says_whose_it_is() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::create(folder.path().join("home")).expect("made");
        let origin = "native@tests.mozilla.org".parse().expect("an add-on");
        let plugin = "vault".parse().expect("a name");
        let owner = |installation| Owner {
            home: &home,
            origin: &origin,
            plugin: &plugin,
            installation,
        };
        let name = "key".parse().expect("a name");
        Files.set(owner(1), &name, "value").expect("written");
        let mode = |path: PathBuf| {
            let metadata = fs::metadata(path).expect("it is there");
            metadata.permissions().mode() & 0o777
        };
        assert_eq!(mode(path(owner(1))), 0o600);
        assert_eq!(mode(home.root().join(FOLDER)), 0o700);
        fs::copy(path(owner(1)), path(owner(2))).expect("copied");
        let error = Files.get(owner(2), &name).expect_err("somebody else's");
        assert!(matches!(error, BackendError::Foreign { .. }), "{error}");
        assert!(!error.to_string().contains("value"));
    }
}
