//! Folders under grant: what a plugin may reach, what it may not, and who decides.
//!
//! The ordinary use goes through `plugins/notes`, which knows nothing but the standard library's files. What a library
//! would never ask for goes through `tests/guests/files`, which is told step by step; the attacks carry the number of
//! their case in the list of hostile plugins and are measured like the others (`hostile/measured.rs`).

mod budgets;
mod confined;
mod paths;
mod places;
mod sensors;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use portcullis_tests::{Browser, Home, ORIGIN, OTHER_ORIGIN, Port};
use serde_json::{Value, json};

use crate::cli::{run, text};
use crate::fixture::{guest, route};
use crate::hostile::measured::{ask_within, expect_goes_on};

/// A home with a plugin, and beside it folders to grant.
struct Ground {
    home: Home,
    plugin: &'static str,
}

impl Ground {
    fn new(plugin: &'static str) -> Self {
        let home = Home::new();
        home.add(plugin, &guest(plugin));
        let ground = Self { home, plugin };
        for name in ["rw", "ro"] {
            fs::create_dir(ground.path(name)).expect("a new folder");
        }
        ground
    }

    /// A path beside the home.
    fn path(&self, name: &str) -> PathBuf {
        self.home.beside().join(name)
    }

    fn host(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// One item of `fs`.
    fn folder(&self, name: &str, guest: &str, access: &str) -> String {
        let host = self.host(name);
        format!("{{ host = \"{host}\", guest = \"{guest}\", access = \"{access}\" }}")
    }

    /// A policy with one route, these items of `fs`, and these limits.
    fn grant(&self, folders: &[String], limits: &str) -> &Self {
        let approved = self.home.approved(self.plugin);
        self.home.policy(&format!(
            "version = 1\n[limits]\n{limits}\n{}[route.grant]\n{approved}fs = [{}]\n",
            route(ORIGIN, self.plugin),
            folders.join(", ")
        ));
        self
    }

    /// The usual grant: `/rw` for writing, `/ro` for reading.
    fn usual(&self, limits: &str) -> &Self {
        let folders = [
            self.folder("rw", "/rw", "read-write"),
            self.folder("ro", "/ro", "read-only"),
        ];
        self.grant(&folders, limits)
    }

    fn start(&self) -> Port {
        Browser::chromium(&self.home).start()
    }

    /// Does steps in a port of their own, and asserts of the port what is asserted after every misdeed.
    #[track_caller]
    fn attack(&self, what: &str, steps: &Value, expected: &Value) {
        let mut port = self.start();
        let frame = ask_within(&mut port, &steps.to_string(), IN_TIME);
        assert_eq!(&frame.json(), expected, "{what}: {}", frame.text);
        expect_goes_on(port, &self.home, what, ("[]", "[]"));
    }
}

/// No step of these waits for anything.
const IN_TIME: Duration = Duration::from_secs(5);

/// A plugin that may write down `"hello"`.
const WRITE: &str = r#"{"write":"first note","text":"hello"}"#;
const READ: &str = r#"{"read":"first note"}"#;

#[test]
fn a_granted_folder_is_used_by_the_standard_library() {
    let ground = Ground::new("notes");
    ground.grant(&[ground.folder("rw", "/notes", "read-write")], "");
    let mut port = ground.start();
    port.ask(r#"{"list":true}"#).expect_text(r#"{"notes":[]}"#);
    port.ask(WRITE)
        .expect_text(r#"{"note":"first note","written":5}"#);
    port.ask(READ)
        .expect_text(r#"{"note":"first note","text":"hello"}"#);
    port.ask(r#"{"list":true}"#)
        .expect_text(r#"{"notes":["first note"]}"#);
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
    let file = ground.path("rw/first note.txt");
    assert_eq!(fs::read_to_string(&file).expect("written"), "hello");

    // Another port finds what the first has left.
    let mut port = ground.start();
    port.ask(r#"{"delete":"first note"}"#)
        .expect_text(r#"{"deleted":true,"note":"first note"}"#);
    let error = port.ask(READ).expect_error("plugin-error");
    assert_eq!(error.all["plugin_code"], "not-found");
    let error = port
        .ask(r#"{"read":"../escape"}"#)
        .expect_error("plugin-error");
    assert_eq!(error.all["plugin_code"], "bad-name");
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
    assert!(!file.exists());
}

#[test]
fn a_folder_granted_for_reading_is_only_read() {
    let ground = Ground::new("notes");
    fs::write(ground.path("ro/first note.txt"), "mine").expect("written");
    ground.grant(&[ground.folder("ro", "/notes", "read-only")], "");
    let mut port = ground.start();
    port.ask(READ)
        .expect_text(r#"{"note":"first note","text":"mine"}"#);
    for change in [WRITE, r#"{"delete":"first note"}"#] {
        let error = port.ask(change).expect_error("plugin-error");
        assert_eq!(error.all["plugin_code"], "not-allowed");
    }
    port.end().expect_exit(0).expect_no_frames();
    let file = ground.path("ro/first note.txt");
    assert_eq!(fs::read_to_string(file).expect("there"), "mine");
    let log = ground.home.log();
    let command = format!(
        "`portcullis grant {ORIGIN} notes fs={}:/notes:rw` would allow it",
        ground.host("ro")
    );
    assert_eq!(log.matches(&command).count(), 1, "told once: {log}");
}

/// Not granted, revoked, granted to another extension: there is no folder then, and the log says how there would be one.
/// This plugin has no requests, so it might be looking for none: that is no warning.
#[test]
fn without_a_grant_there_is_no_folder() {
    let ground = Ground::new("notes");
    let without = |origin| format!("version = 1\n{}", route(origin, "notes"));
    let policy = |folders: &str| {
        let approved = ground.home.approved("notes");
        let granted = format!(
            "{}[route.grant]\n{approved}fs = [{folders}]\n",
            without(ORIGIN)
        );
        granted + &route(OTHER_ORIGIN, "notes")
    };
    let granted = policy(&ground.folder("rw", "/notes", "read-write"));
    fs::write(ground.path("rw/first note.txt"), "mine").expect("written");
    for (what, policy, origin) in [
        ("never granted", without(ORIGIN), ORIGIN),
        ("revoked", policy(""), ORIGIN),
        (
            "granted to another extension",
            granted.clone(),
            OTHER_ORIGIN,
        ),
    ] {
        ground.home.policy(&granted);
        let mut port = ground.start();
        port.ask(READ)
            .expect_text(r#"{"note":"first note","text":"mine"}"#);
        port.end().expect_exit(0);

        ground.home.policy(&policy);
        drop(fs::remove_dir_all(ground.home.path().join("logs")));
        let mut port = Browser::chromium(&ground.home).origin(origin).start();
        for request in [READ, WRITE] {
            let error = port.ask(request).expect_error("plugin-error");
            assert_eq!(error.all["plugin_code"], "not-found", "{what}");
        }
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
        let command = format!("`portcullis grant {origin} notes fs=FOLDER:/PATH` would change");
        let log = ground.home.log();
        assert_eq!(log.matches(&command).count(), 1, "{what}, told once: {log}");
    }
    let file = ground.path("rw/first note.txt");
    assert_eq!(fs::read_to_string(file).expect("there"), "mine");
}

/// A plugin's requests tell a folder that it misses from a look that its language's runtime takes.
#[test]
fn a_folder_that_was_asked_for_and_not_granted_is_a_refusal() {
    const TWO: &str = r#"fs = [{ guest = "/notes", access = "read-write", reason = "r" },
        { guest = "/old notes", access = "read-only", reason = "r" }]"#;
    const NONE: &str = r#"storage = { reason = "r" }"#;
    let (notes, old) = ("fs=FOLDER:/notes:rw", "'fs=FOLDER:/old notes'");
    let ground = Ground::new("notes");
    let granted = |guest| vec![ground.folder("rw", guest, "read-write")];
    let mut installed = "";
    for (requests, folders, level, refused, doubtful) in [
        (TWO, vec![], "info", vec![notes, old], 0),
        (TWO, granted("/notes"), "info", vec![old], 0),
        (TWO, granted("/"), "info", vec![], 0),
        (NONE, vec![], "info", vec![], 0),
        (NONE, vec![], "debug", vec![], 1),
        (NONE, granted("/notes"), "debug", vec![], 0),
    ] {
        if requests != installed {
            let build = packed(&ground.home, requests);
            let added = run(&ground.home, ["add", &build, "--replace"]);
            assert_eq!(added.code, 0, "{added:?}");
            installed = requests;
        }
        ground.grant(&folders, "");
        drop(fs::remove_dir_all(ground.home.path().join("logs")));
        let mut port = Browser::chromium(&ground.home)
            .environment("PORTCULLIS_LOG", level)
            .start();
        for _ in 0..2 {
            port.ask(READ).expect_error("plugin-error");
        }
        port.end().expect_exit(0).expect_no_frames();
        let log = ground.home.log();
        let lines = |words: &str| log.lines().filter(|line| line.contains(words)).count();
        for power in [notes, old] {
            let command = format!("`portcullis grant {ORIGIN} notes {power}` would allow it");
            let told = usize::from(refused.contains(&power));
            assert_eq!(lines(&command), told, "{folders:?}: {command}: {log}");
        }
        assert_eq!(lines("refused: "), refused.len(), "{folders:?}: {log}");
        assert_eq!(lines("would change that"), doubtful, "{level}: {log}");
    }
}

/// A build of `notes` with these requests.
#[track_caller]
fn packed(home: &Home, requests: &str) -> String {
    let [manifest, build] = ["plugin.toml", "build.wasm"].map(|name| home.beside().join(name));
    let about = "name = \"notes\"\nversion = \"1\"\ndescription = \"d\"\n[requests]\n";
    fs::write(&manifest, format!("{about}{requests}\n")).expect("written");
    let (guest, manifest, build) = (guest("notes"), text(&manifest), text(&build));
    let pack = [
        "pack",
        text(&guest),
        "--manifest",
        manifest,
        "--output",
        build,
    ];
    let packed = run(home, pack);
    assert_eq!(packed.code, 0, "{packed:?}");
    build.to_owned()
}

#[test]
fn a_grant_is_for_the_build_that_was_approved() {
    let ground = Ground::new("notes");
    let folder = ground.folder("rw", "/notes", "read-write");
    for approved in [
        String::new(),
        format!("approved = \"sha256:{}\"\n", "0".repeat(64)),
    ] {
        ground.home.policy(&format!(
            "version = 1\n{}[route.grant]\n{approved}fs = [{folder}]\n",
            route(ORIGIN, "notes")
        ));
        let mut port = ground.start();
        let error = port.ask(WRITE).expect_error("permission-required");
        let command = format!("portcullis grant {ORIGIN} notes --approve");
        assert_eq!(error.hint.as_deref(), Some(command.as_str()));
        port.end().expect_exit(0).expect_no_frames();
        assert_eq!(
            fs::read_dir(ground.path("rw")).expect("there").count(),
            0,
            "nothing was written"
        );
    }
}

/// The folders of two grants of one plugin are two, and the guest's names are those of the policy.
#[test]
fn a_plugin_finds_its_folders_by_the_names_of_the_policy() {
    let ground = Ground::new("files");
    fs::write(ground.path("ro/a"), "read me").expect("written");
    ground.usual("");
    ground.attack(
        "folders",
        &json!([
            { "do": "folders" },
            { "do": "open", "at": "/ro", "path": "a", "how": "r", "name": "a" },
            { "do": "read", "at": "a", "n": 100 },
            { "do": "read-stream", "at": "a", "n": 3, "offset": 5 },
            { "do": "type", "at": "a" },
            { "do": "open", "at": "/rw", "path": "b", "how": "crw", "name": "b" },
            { "do": "write", "at": "b", "text": "one " },
            { "do": "write-stream", "at": "b", "text": "two ", "offset": 4, "n": 2 },
            { "do": "write-stream", "at": "b", "how": "a", "text": "end", "n": 1 },
            { "do": "read", "at": "b", "n": 100 },
            { "do": "size", "at": "b" },
            { "do": "set-size", "at": "b", "n": 3 },
            { "do": "sync", "at": "b" },
            { "do": "read", "at": "b", "n": 100 },
            { "do": "make-folder", "at": "/rw", "path": "c" },
            { "do": "open", "at": "/rw", "path": "c", "how": "drm", "name": "c" },
            { "do": "rename", "at": "/rw", "path": "b", "to": "c", "to_path": "d" },
            { "do": "rename", "at": "/rw", "path": "b", "to": "c", "to-path": "d" },
            { "do": "link", "at": "c", "path": "d", "to": "/rw", "to-path": "e" },
            { "do": "symlink", "at": "/rw", "path": "f", "text": "c/d" },
            { "do": "read-link", "at": "/rw", "path": "f" },
            { "do": "open", "at": "/rw", "path": "f", "how": "rn", "name": "x" },
            { "do": "open", "at": "/rw", "path": "f", "how": "r", "name": "f" },
            { "do": "read", "at": "f", "n": 100 },
            { "do": "list", "at": "/rw" },
            { "do": "set-times-at", "at": "/rw", "path": "f", "n": 1_000_000_000 },
            { "do": "remove", "at": "/rw", "path": "e" },
            { "do": "remove", "at": "c", "path": "d" },
            { "do": "remove-folder", "at": "/rw", "path": "c" },
        ]),
        &json!([
            ["/ro", "/rw"],
            "ok",
            "read me",
            "me",
            "DescriptorType::RegularFile",
            "ok",
            4,
            [2, "ok"],
            [1, "ok"],
            "one two two end",
            15,
            "ok",
            "ok",
            "one",
            "ok",
            "ok",
            "no-entry",
            "ok",
            "ok",
            "ok",
            "c/d",
            "loop",
            "ok",
            "one",
            [
                3,
                [
                    "c DescriptorType::Directory",
                    "e DescriptorType::RegularFile",
                    "f DescriptorType::SymbolicLink"
                ]
            ],
            "ok",
            "ok",
            "ok",
            "ok"
        ]),
    );
}
