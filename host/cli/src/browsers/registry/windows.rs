//! The real registry.

use std::io;

use windows_registry::{CURRENT_USER, Key as OpenKey, LOCAL_MACHINE, Type};

use super::{Found, Hive, Key, Registry, View};

pub(super) struct SystemRegistry;

/// `KEY_WOW64_64KEY` and `KEY_WOW64_32KEY`: which view a key is opened in, whatever this program was built for.
const VIEW_64: u32 = 0x0100;
const VIEW_32: u32 = 0x0200;

impl Registry for SystemRegistry {
    fn default_value(&self, key: &Key) -> io::Result<Option<Found>> {
        let Some(open) = open(key)? else {
            return Ok(None);
        };
        match open.get_type("").map_err(io::Error::from) {
            // Firefox and Chromium both ask for plain text and take nothing else.
            Ok(Type::String) => Ok(Some(Found::Text(open.get_string("")?))),
            Ok(_) => Ok(Some(Found::NotText)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn texts(&self, key: &Key) -> io::Result<Vec<String>> {
        let Some(open) = open(key)? else {
            return Ok(Vec::new());
        };
        let values = open.values()?;
        Ok(values
            .filter_map(|(_, value)| String::try_from(value).ok())
            .collect())
    }

    fn number(&self, key: &Key, name: &str) -> io::Result<Option<u32>> {
        Ok(open(key)?.and_then(|open| open.get_u32(name).ok()))
    }

    fn set_default_value(&self, key: &Key, text: &str) -> io::Result<()> {
        let open = hive(key)
            .options()
            .read()
            .write()
            .create()
            .access(view(key))
            .open(&key.path)?;
        Ok(open.set_string("", text)?)
    }

    fn remove(&self, key: &Key) -> io::Result<()> {
        let Some((parent, name)) = key.path.rsplit_once('\\') else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut options = hive(key).options();
        let parent = match options.read().write().access(view(key)).open(parent) {
            Ok(parent) => parent,
            Err(error) => return missing_is_fine(error.into()),
        };
        match parent.remove_tree(name) {
            Ok(()) => Ok(()),
            Err(error) => missing_is_fine(error.into()),
        }
    }
}

fn open(key: &Key) -> io::Result<Option<OpenKey>> {
    match hive(key).options().read().access(view(key)).open(&key.path) {
        Ok(open) => Ok(Some(open)),
        Err(error) => missing_is_fine(error.into()).map(|()| None),
    }
}

fn missing_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn hive(key: &Key) -> &'static OpenKey {
    match key.hive {
        Hive::User => CURRENT_USER,
        Hive::Machine => LOCAL_MACHINE,
    }
}

fn view(key: &Key) -> u32 {
    match key.view {
        View::Bits32 => VIEW_32,
        View::Bits64 => VIEW_64,
    }
}
