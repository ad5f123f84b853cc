//! What plugins ask for, what a person grants, and whether both hold: the verbs, and then the host itself.

mod approval;
mod machine;
mod packing;
mod verbs;

use std::fs;
use std::path::Path;

use portcullis_tests::{Browser, Home, ORIGIN, guests};

use crate::cli::{run, text};

/// The requests of a plugin that wants a bit of everything.
const EVERYTHING: &str = r#"storage = { reason = "remembers the last note" }
fs = [{ guest = "/notes", access = "read-write", suggested = "~/Notes", reason = "keeps the notes" }]
http = [{ destination = "https://api.example.com", reason = "fetches titles" }]
secrets = [{ name = "api-token", write = true, reason = "signs in" }]
config = [{ key = "theme", reason = "looks" }]
env = [{ name = "TZ", reason = "dates" }]
"#;

/// A manifest with these requests.
fn manifest(version: &str, requests: &str) -> String {
    format!(
        "name = \"notes\"\nversion = \"{version}\"\ndescription = \"Keeps notes\"\n\n[requests]\n{requests}"
    )
}

/// The guest that tries what it is told, packed with these requests. Another version makes another build.
#[track_caller]
fn packed(home: &Home, version: &str, requests: &str) -> String {
    let manifest_file = home.beside().join("plugin.toml");
    fs::write(&manifest_file, manifest(version, requests))
        .expect("a temporary folder takes a file");
    let output = home.beside().join(format!("notes-{version}.wasm"));
    let said = run(
        home,
        [
            "pack",
            text(&guests::powers()),
            "--manifest",
            text(&manifest_file),
            "--output",
            text(&output),
        ],
    );
    assert_eq!(said.code, 0, "{said:?}");
    text(&output).to_owned()
}

/// Installs a build of `notes`, in the place of another.
#[track_caller]
fn install(home: &Home, file: &str) {
    let said = run(home, ["add", file, "--name", "notes", "--replace"]);
    assert_eq!(said.code, 0, "{said:?}");
}

/// A home with `notes` installed and routed, asking for everything, and a folder beside it.
#[track_caller]
fn home() -> Home {
    let home = Home::new();
    install(&home, &packed(&home, "1.0.0", EVERYTHING));
    fs::create_dir(folder(&home)).expect("a temporary folder takes a folder");
    fs::write(folder(&home).join("a.txt"), "a").expect("a folder takes a file");
    home.route(ORIGIN, "notes");
    home
}

/// The folder that tests grant.
fn folder(home: &Home) -> std::path::PathBuf {
    home.beside().join("notes")
}

/// The word that grants it.
fn folder_word(home: &Home, suffix: &str) -> String {
    format!("fs={}:/notes{suffix}", folder(home).display())
}

fn policy(home: &Home) -> String {
    read(&home.path().join("policy.toml"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Sends one message and returns the answer.
#[track_caller]
fn ask(home: &Home, message: &str) -> portcullis_tests::Frame {
    ask_through(Browser::chromium(home), message)
}

#[track_caller]
fn ask_through(browser: Browser, message: &str) -> portcullis_tests::Frame {
    let mut port = browser.start();
    let frame = port.ask(message);
    port.end().expect_exit(0);
    frame
}

/// The error that a port without anything behind it gives to a message.
#[track_caller]
fn refused(browser: Browser, message: &str, code: &str) -> portcullis_tests::HostError {
    let mut port = browser.start();
    let error = port.ask(message).expect_error(code);
    port.end().expect_exit(1);
    error
}

/// An order that needs no power but an approved build.
const TRY_CONFIG: &str = r#"{"try":"config","what":"theme"}"#;
const TRY_STORAGE: &str = r#"{"try":"storage"}"#;
