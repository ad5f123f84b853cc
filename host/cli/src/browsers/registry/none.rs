//! Systems without a registry: nothing is found, and nothing can be written.

use std::io;

use super::{Found, Key, Registry};

pub(super) struct SystemRegistry;

impl Registry for SystemRegistry {
    fn default_value(&self, _key: &Key) -> io::Result<Option<Found>> {
        Ok(None)
    }

    fn texts(&self, _key: &Key) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn number(&self, _key: &Key, _name: &str) -> io::Result<Option<u32>> {
        Ok(None)
    }

    fn set_default_value(&self, _key: &Key, _text: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn remove(&self, _key: &Key) -> io::Result<()> {
        Ok(())
    }
}
