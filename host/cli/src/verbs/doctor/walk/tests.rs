//! The way of a browser on Windows, over a registry in memory: conformance case 51.

use super::*;
use crate::browsers::testing::{Fake, Found, Hive, View};
use crate::browsers::{Browser, Platform, policies, table};
use crate::verbs::doctor::finding::Severity;

const CHROME: &str = r"Software\Google\Chrome\NativeMessagingHosts\a.b";
const CHROMIUM: &str = r"Software\Chromium\NativeMessagingHosts\a.b";
const EDGE: &str = r"Software\Microsoft\Edge\NativeMessagingHosts\a.b";
const MOZILLA: &str = r"Software\Mozilla\NativeMessagingHosts\a.b";

/// A machine with two manifests of each family, `user` and `machine`, which nothing names yet.
struct Stage {
    fake: Fake,
}

impl Stage {
    fn new() -> Self {
        let fake = Fake::new(Platform::Windows);
        let program = std::env::current_exe().expect("a test is a program");
        for name in ["user", "machine"] {
            for (family, list, entry) in [
                (
                    "chromium",
                    "allowed_origins",
                    "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/",
                ),
                ("mozilla", "allowed_extensions", "x@y"),
            ] {
                let manifest = serde_json::json!({
                    "name": "a.b", "description": name, "path": program, "type": "stdio", list: [entry],
                });
                fake.write(&format!("{family}/{name}.json"), &manifest.to_string());
            }
        }
        Self { fake }
    }

    fn put(&self, hive: Hive, view: View, key: &str, file: &str) -> &Self {
        let path = self.fake.path(file).display().to_string();
        self.fake.registry.put(hive, view, key, Found::Text(path));
        self
    }

    fn put_number(&self, key: &str) -> &Self {
        self.fake
            .registry
            .put(Hive::User, View::Bits64, key, Found::NotText);
        self
    }

    /// The description of the manifest that is used, and the severities of what was found on the way.
    fn walk(&self, browser: &str) -> (Option<String>, Vec<Severity>) {
        let machine = &self.fake.machine;
        let browser: &Browser = table::find(Platform::Windows, browser).expect("a row");
        let host: HostName = "a.b".parse().expect("a name");
        let reader = Reader {
            about: browser.name,
            family: browser.family,
            places: &machine.read_by(browser, &host),
            policies: &policies::of(machine, browser),
        };
        let walked = walk(machine, &reader, &host, &[]);
        let used = walked
            .manifest
            .map(|(_, manifest)| manifest.description().to_owned());
        (
            used,
            walked
                .findings
                .iter()
                .map(|finding| finding.severity)
                .collect(),
        )
    }
}

#[test]
fn the_users_key_comes_before_the_machines() {
    for (browser, key, file) in [
        ("chrome", CHROME, "chromium"),
        ("edge", EDGE, "chromium"),
        ("firefox", MOZILLA, "mozilla"),
    ] {
        let stage = Stage::new();
        assert_eq!(stage.walk(browser), (None, vec![]));
        stage.put(
            Hive::Machine,
            View::Bits64,
            key,
            &format!("{file}/machine.json"),
        );
        assert_eq!(
            stage.walk(browser),
            (Some("machine".to_owned()), vec![]),
            "{browser}"
        );
        stage.put(Hive::User, View::Bits64, key, &format!("{file}/user.json"));
        assert_eq!(
            stage.walk(browser),
            (Some("user".to_owned()), vec![]),
            "{browser}"
        );
    }
}

#[test]
fn the_machines_32_bit_view_comes_before_the_other() {
    for (browser, key, file) in [
        ("chrome", CHROME, "chromium"),
        ("edge", EDGE, "chromium"),
        ("firefox", MOZILLA, "mozilla"),
    ] {
        let stage = Stage::new();
        stage
            .put(
                Hive::Machine,
                View::Bits64,
                key,
                &format!("{file}/machine.json"),
            )
            .put(
                Hive::Machine,
                View::Bits32,
                key,
                &format!("{file}/user.json"),
            );
        assert_eq!(
            stage.walk(browser),
            (Some("user".to_owned()), vec![]),
            "{browser}"
        );
    }
}

#[test]
fn within_a_view_the_own_key_comes_first() {
    let stage = Stage::new();
    stage.put(Hive::User, View::Bits64, CHROME, "chromium/machine.json");
    for browser in ["chromium", "brave", "edge"] {
        assert_eq!(
            stage.walk(browser).0.as_deref(),
            Some("machine"),
            "{browser}"
        );
    }
    stage.put(Hive::User, View::Bits64, CHROMIUM, "chromium/user.json");
    for (browser, expected) in [
        ("chromium", "user"),
        ("brave", "user"),
        ("edge", "user"),
        ("chrome", "machine"),
    ] {
        assert_eq!(
            stage.walk(browser).0.as_deref(),
            Some(expected),
            "{browser}"
        );
    }
    // The user's foreign key before the machine's own one.
    let stage = Stage::new();
    stage
        .put(Hive::Machine, View::Bits64, EDGE, "chromium/machine.json")
        .put(Hive::User, View::Bits64, CHROME, "chromium/user.json");
    assert_eq!(stage.walk("edge").0.as_deref(), Some("user"));
}

#[test]
fn a_value_that_is_no_text_is_an_error() {
    let stage = Stage::new();
    stage
        .put_number(MOZILLA)
        .put(Hive::Machine, View::Bits64, MOZILLA, "mozilla/machine.json");
    assert_eq!(stage.walk("firefox"), (None, vec![Severity::Broken]));
    // Chromium goes on to the next key; what it passes over is worth a word.
    let stage = Stage::new();
    stage
        .put_number(CHROME)
        .put(Hive::Machine, View::Bits64, CHROME, "chromium/machine.json");
    let (used, severities) = stage.walk("chrome");
    assert_eq!(used.as_deref(), Some("machine"));
    assert!(!severities.contains(&Severity::Broken), "{severities:?}");
}

#[test]
fn a_key_that_names_no_file_ends_the_search() {
    for (browser, key) in [("chrome", CHROME), ("firefox", MOZILLA)] {
        let stage = Stage::new();
        stage.put(Hive::User, View::Bits64, key, "gone.json");
        assert_eq!(
            stage.walk(browser),
            (None, vec![Severity::Broken]),
            "{browser}"
        );
    }
}

/// On other systems Firefox goes on to the next folder.
#[test]
fn a_bad_manifest_ends_the_search_in_the_registry() {
    for (browser, key, file) in [
        ("chrome", CHROME, "chromium"),
        ("firefox", MOZILLA, "mozilla"),
    ] {
        let stage = Stage::new();
        stage
            .put(Hive::User, View::Bits64, key, &format!("{file}/user.json"))
            .put(
                Hive::Machine,
                View::Bits64,
                key,
                &format!("{file}/machine.json"),
            );
        stage.fake.write(&format!("{file}/user.json"), "{");
        assert_eq!(
            stage.walk(browser),
            (None, vec![Severity::Broken]),
            "{browser}"
        );
    }
}

/// It would be looked for in the folder of whoever asks, which is no browser's.
#[test]
fn a_key_that_names_a_file_without_its_folder_names_none() {
    for (browser, key) in [("chrome", CHROME), ("firefox", MOZILLA)] {
        let stage = Stage::new();
        let value = Found::Text("Cargo.toml".to_owned());
        stage
            .fake
            .registry
            .put(Hive::User, View::Bits64, key, value);
        let machine = &stage.fake.machine;
        let host: HostName = "a.b".parse().expect("a name");
        let browser = table::find(Platform::Windows, browser).expect("a row");
        let (_, place) = &machine.read_by(browser, &host)[0];
        assert!(
            matches!(machine.look(place), There::NoFile { .. }),
            "{place}"
        );
    }
}

#[test]
fn an_administrators_policies_are_keys_as_well() {
    const POLICIES: &str = r"Software\Policies\Google\Chrome";
    let stage = Stage::new();
    stage.put(Hive::User, View::Bits64, CHROME, "chromium/user.json");
    stage.put(Hive::Machine, View::Bits64, CHROME, "chromium/machine.json");
    let registry = &stage.fake.registry;
    registry.put_number(
        Hive::Machine,
        View::Bits64,
        POLICIES,
        "NativeMessagingUserLevelHosts",
        0,
    );
    assert_eq!(stage.walk("chrome").0.as_deref(), Some("machine"));
    let list = format!("{POLICIES}\\NativeMessagingBlocklist");
    registry.put_texts(Hive::Machine, View::Bits64, &list, &["x.y", "*"]);
    assert_eq!(stage.walk("chrome"), (None, vec![Severity::Broken]));
    let list = format!("{POLICIES}\\NativeMessagingAllowlist");
    registry.put_texts(Hive::Machine, View::Bits64, &list, &["a.b"]);
    assert_eq!(stage.walk("chrome").0.as_deref(), Some("machine"));
}
