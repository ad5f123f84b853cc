//! A machine in a temporary folder, for the tests of this folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tempfile::TempDir;

use super::registry::{FakeRegistry, Key, Registry};

pub(crate) use super::registry::{Found, Hive, View};

use super::{Machine, Platform, Surroundings};

/// A machine, with a user and nothing installed.
pub(crate) struct Fake {
    pub(crate) folder: TempDir,
    pub(crate) machine: Machine,
    pub(crate) registry: Rc<FakeRegistry>,
}

impl Fake {
    pub(crate) fn new(platform: Platform) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder can be written");
        let at = |name: &str| folder.path().join(name);
        let registry = Rc::new(FakeRegistry::default());
        let machine = Machine {
            surroundings: Surroundings {
                platform,
                user_home: Some(at("user")),
                config_home: None,
                chrome_config_home: None,
                local_app_data: Some(at("local")),
                roaming_app_data: Some(at("roaming")),
                program_files: Some(at("programs")),
                search_path: vec![at("bin")],
                system_root: at("system"),
            },
            registry: Box::new(Shared(Rc::clone(&registry))),
        };
        Self {
            folder,
            machine,
            registry,
        }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// A file with this text, with the folders above it.
    pub(crate) fn write(&self, below: &str, text: &str) -> PathBuf {
        let path = self.path(below);
        let folder = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder).expect("the temporary folder can be written");
        fs::write(&path, text).expect("the temporary folder can be written");
        path
    }

    /// A path as it is expected to be shown: without the temporary folder.
    pub(crate) fn shown(&self, text: &str) -> String {
        let folder = self.folder.path().display().to_string();
        text.replace(&folder, "").replace('\\', "/")
    }
}

/// One registry for the machine and for the test that looks into it.
struct Shared(Rc<FakeRegistry>);

impl Registry for Shared {
    fn default_value(&self, key: &Key) -> std::io::Result<Option<Found>> {
        self.0.default_value(key)
    }

    fn texts(&self, key: &Key) -> std::io::Result<Vec<String>> {
        self.0.texts(key)
    }

    fn number(&self, key: &Key, name: &str) -> std::io::Result<Option<u32>> {
        self.0.number(key, name)
    }

    fn set_default_value(&self, key: &Key, text: &str) -> std::io::Result<()> {
        self.0.set_default_value(key, text)
    }

    fn remove(&self, key: &Key) -> std::io::Result<()> {
        self.0.remove(key)
    }
}
