//! A change to a registry in memory that fails at each of its keys.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::bail;
use portcullis_core::home::{Home, launcher};

use super::*;
use crate::browsers::registration::withdrawal;
use crate::browsers::registration::{self, Wish};
use crate::browsers::testing::{Fake, Found, Hive, View};
use crate::browsers::{Platform, Scope, table};

const CHROME: &str = r"HKCU\Software\Google\Chrome\NativeMessagingHosts\a.b";
const EDGE: &str = r"HKCU\Software\Microsoft\Edge\NativeMessagingHosts\a.b";
const FIREFOX: &str = r"HKCU\Software\Mozilla\NativeMessagingHosts\a.b";

const FIRST: &str = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";
const SECOND: &str = "chrome-extension://abcdefghijklmnopabcdefghijklmnop/";

/// A Windows with three browsers.
struct Stage {
    fake: Fake,
    ground: Ground,
    lock: HomeLock,
    program: PathBuf,
    host: HostName,
}

/// Everything that a change could leave behind.
type Everything = (BTreeMap<PathBuf, Vec<u8>>, Vec<(String, Found)>);

impl Stage {
    fn new() -> Self {
        let fake = Fake::new(Platform::Windows);
        let root = fake.path("home");
        let home = Home::create(&root).expect("a home");
        // A key of another host's, which is nobody's business.
        let other = r"Software\Mozilla\NativeMessagingHosts\c.d";
        let value = Found::Text("C:/other.json".to_owned());
        fake.registry.put(Hive::User, View::Bits64, other, value);
        Self {
            lock: HomeLock::take(&home, "test", Duration::ZERO).expect("free"),
            ground: Ground::of_user(&root),
            program: fake.write("programs/portcullis-host.exe", "a program"),
            fake,
            host: "a.b".parse().expect("a name"),
        }
    }

    fn everything(&self) -> Everything {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.fake.path("home")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("it is ours").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).expect("it is ours");
                    files.insert(path, bytes);
                }
            }
        }
        (files, self.fake.registry.values())
    }

    /// Registers the host for these extensions, and fails where a manifest cannot be written.
    fn register(&self, allowed: &[&str]) -> Result<()> {
        let origin = |one: &&str| one.parse().expect("an origin");
        let browsers = ["chrome", "edge", "firefox"].into_iter();
        let row = |id| table::find(Platform::Windows, id).expect("a row");
        let wish = Wish {
            host: self.host.clone(),
            allowed: allowed.iter().map(origin).collect(),
            browsers: browsers.map(row).collect(),
            scope: Scope::User,
        };
        let record = Record::load(self.lock.home())?;
        let machine = &self.fake.machine;
        let plan = registration::plan(machine, &self.ground, &record, wish, &self.program)?;
        let failures = plan.carry_out_for_user(machine, &self.lock, &self.program)?;
        match failures.first() {
            Some((step, error)) => bail!("cannot write `{}`: {error}", step.place),
            None => Ok(()),
        }
    }

    fn unregister(&self) -> Result<()> {
        let record = Record::load(self.lock.home())?;
        let machine = &self.fake.machine;
        withdrawal::plan(machine, &self.ground, &record, &self.host, &[])?
            .carry_out_for_user(machine, &self.lock)
    }

    /// Makes a change that fails at this key, and looks whether anything is left of it.
    #[track_caller]
    fn fails_at(&self, key: &str, change: impl FnOnce() -> Result<()>) {
        let before = self.everything();
        self.fake.registry.make_read_only(Some(key));
        let place = (&self.fake.machine, &self.ground, self.program.as_path());
        let hosts = [self.host.clone()];
        let error = all_or_nothing(&self.lock, place, &hosts, change).expect_err("it fails");
        self.fake.registry.make_read_only(None);
        let said = format!("{error:#}");
        assert!(said.starts_with("nothing was changed: cannot "), "{said}");
        assert!(said.contains(key), "{said}");
        assert_eq!(self.everything(), before, "{key}");
    }
}

#[test]
fn a_registration_that_fails_at_a_key_leaves_the_registry_as_it_was() {
    for key in [CHROME, EDGE, FIREFOX] {
        // On a machine that has nothing of ours.
        let stage = Stage::new();
        stage.fails_at(key, || stage.register(&[FIRST, "x@y"]));
        // On one where the host has other extensions, and one browser an older manifest under its key.
        stage.register(&[SECOND, "x@y"]).expect("it can be written");
        let older = stage.fake.write("older.json", &older_manifest(&stage));
        for path in [CHROME, EDGE, FIREFOX] {
            let path = path.trim_start_matches(r"HKCU\");
            let value = Found::Text(older.display().to_string());
            stage
                .fake
                .registry
                .put(Hive::User, View::Bits64, path, value);
        }
        stage.fails_at(key, || stage.register(&[FIRST, "x@y"]));
        // And what failed can be done afterwards.
        stage.register(&[FIRST, "x@y"]).expect("it can be written");
    }
}

#[test]
fn a_withdrawal_that_fails_at_a_key_leaves_the_registry_as_it_was() {
    for key in [CHROME, EDGE, FIREFOX] {
        let stage = Stage::new();
        stage.register(&[FIRST, "x@y"]).expect("it can be written");
        stage.fails_at(key, || stage.unregister());
        stage.unregister().expect("it can be removed");
        let left = stage.fake.registry.keys();
        assert_eq!(left, [r"HKCU\Software\Mozilla\NativeMessagingHosts\c.d"]);
    }
}

/// One of ours that an older version may have written elsewhere.
fn older_manifest(stage: &Stage) -> String {
    let launcher = launcher::path(stage.lock.home().root(), &stage.host);
    serde_json::json!({ "name": "a.b", "path": launcher }).to_string()
}
