//! A registry in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use super::{Found, Hive, Key, Registry, View};

/// Default values and policies, set by a test.
#[derive(Debug, Default)]
pub(crate) struct FakeRegistry {
    defaults: RefCell<BTreeMap<Key, Found>>,
    texts: RefCell<BTreeMap<Key, Vec<String>>>,
    numbers: RefCell<BTreeMap<(Key, String), u32>>,
    read_only: RefCell<Option<String>>,
}

impl FakeRegistry {
    pub(crate) fn put(&self, hive: Hive, view: View, path: &str, value: Found) {
        self.defaults
            .borrow_mut()
            .insert(key(hive, view, path), value);
    }

    pub(crate) fn put_texts(&self, hive: Hive, view: View, path: &str, texts: &[&str]) {
        let texts = texts.iter().map(|&text| text.to_owned()).collect();
        self.texts.borrow_mut().insert(key(hive, view, path), texts);
    }

    pub(crate) fn put_number(&self, hive: Hive, view: View, path: &str, name: &str, number: u32) {
        let at = (key(hive, view, path), name.to_owned());
        self.numbers.borrow_mut().insert(at, number);
    }

    /// From now on nothing is written to the keys that are shown so, nor removed.
    pub(crate) fn make_read_only(&self, key: Option<&str>) {
        *self.read_only.borrow_mut() = key.map(str::to_owned);
    }

    fn may_write(&self, key: &Key) -> io::Result<()> {
        if self.read_only.borrow().as_ref() == Some(&key.to_string()) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }

    /// Every key with a default value, as it is shown.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.values().into_iter().map(|(key, _)| key).collect()
    }

    /// The same with the values.
    pub(crate) fn values(&self) -> Vec<(String, Found)> {
        let defaults = self.defaults.borrow();
        let shown = defaults.iter();
        shown
            .map(|(key, found)| (key.to_string(), found.clone()))
            .collect()
    }
}

/// As in the real one, a user's keys are the same in both views.
fn seen(key: &Key) -> Key {
    let view = if key.hive == Hive::User {
        View::Bits64
    } else {
        key.view
    };
    Key {
        view,
        ..key.clone()
    }
}

fn key(hive: Hive, view: View, path: &str) -> Key {
    seen(&Key {
        hive,
        view,
        path: path.to_owned(),
    })
}

impl Registry for FakeRegistry {
    fn default_value(&self, key: &Key) -> io::Result<Option<Found>> {
        Ok(self.defaults.borrow().get(&seen(key)).cloned())
    }

    fn texts(&self, key: &Key) -> io::Result<Vec<String>> {
        Ok(self
            .texts
            .borrow()
            .get(&seen(key))
            .cloned()
            .unwrap_or_default())
    }

    fn number(&self, key: &Key, name: &str) -> io::Result<Option<u32>> {
        let at = (seen(key), name.to_owned());
        Ok(self.numbers.borrow().get(&at).copied())
    }

    fn set_default_value(&self, key: &Key, text: &str) -> io::Result<()> {
        self.may_write(key)?;
        let value = Found::Text(text.to_owned());
        self.defaults.borrow_mut().insert(seen(key), value);
        Ok(())
    }

    fn remove(&self, key: &Key) -> io::Result<()> {
        if self.default_value(key)?.is_some() {
            self.may_write(key)?;
        }
        self.defaults.borrow_mut().remove(&seen(key));
        Ok(())
    }
}
