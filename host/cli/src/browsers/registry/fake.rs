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

    /// Every key with a default value, as it is shown.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.defaults
            .borrow()
            .keys()
            .map(ToString::to_string)
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
        let value = Found::Text(text.to_owned());
        self.defaults.borrow_mut().insert(seen(key), value);
        Ok(())
    }

    fn remove(&self, key: &Key) -> io::Result<()> {
        self.defaults.borrow_mut().remove(&seen(key));
        Ok(())
    }
}
