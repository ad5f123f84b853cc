//! What a reviewer should not have to look for.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use portcullis_tests::cargo;

/// Folders that hold no text of ours.
const SKIPPED: &[&str] = &["target", ".git", "node_modules"];

/// The longest file that one can still hold in the head. Most are under 400 lines.
const MOST_LINES: usize = 600;

/// Leftovers, cut in two so that this file has none itself.
const LEFTOVERS: &[(&str, &str)] = &[
    ("to", "do!"),
    ("fix", "me"),
    ("db", "g!("),
    ("unimple", "mented!"),
    ("x", "xx:"),
];

/// Where our own machines keep things; nobody else's does.
const MACHINE_PATHS: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/tmp/", "scratch"),
    ("/ro", "ot/"),
    ("/Us", "ers/"),
];

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder of ours can be listed").path();
        if path.is_symlink()
            || SKIPPED
                .iter()
                .any(|name| path.file_name() == Some(OsStr::new(name)))
        {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)
        } else {
            found.push(path)
        }
    }
}

/// Every text file of the project and its text; pictures and the like are passed over.
fn texts() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    walk(cargo::root(), &mut found);
    let texts: Vec<_> = found
        .into_iter()
        .filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text)))
        .collect();
    assert!(
        texts.len() > 20,
        "the project has more files than {}",
        texts.len()
    );
    texts
}

fn is_rust(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("rs"))
}

#[test]
fn no_leftovers() {
    for (path, text) in texts().iter().filter(|(path, _)| is_rust(path)) {
        for (number, line) in (1..).zip(text.lines()) {
            for (first, second) in LEFTOVERS {
                let word = format!("{first}{second}");
                let found = line.to_lowercase().contains(&word);
                assert!(
                    !found,
                    "{}:{number} has a leftover `{word}`",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn no_file_is_too_long() {
    for (path, text) in texts().iter().filter(|(path, _)| is_rust(path)) {
        let lines = text.lines().count();
        assert!(
            lines <= MOST_LINES,
            "{} has {lines} lines, more than {MOST_LINES}: split it",
            path.display()
        );
    }
}

#[test]
fn modules_are_named_by_their_file() {
    for (path, _) in texts() {
        assert_ne!(
            path.file_name(),
            Some(OsStr::new("mod.rs")),
            "{}: use `foo.rs` and `foo/`",
            path.display()
        );
    }
}

#[test]
fn nothing_names_a_folder_of_the_machine_that_it_was_written_on() {
    for (path, text) in texts() {
        for (number, line) in (1..).zip(text.lines()) {
            for (first, second) in MACHINE_PATHS {
                let word = format!("{first}{second}");
                assert!(
                    !line.contains(&word),
                    "{}:{number} names `{word}`",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_rust_file_says_what_it_is() {
    let included = ["verbs.rs", "deeds.rs", "texts.rs"];
    for (path, text) in texts().iter().filter(|(path, _)| is_rust(path)) {
        let is_included = path
            .file_name()
            .is_some_and(|name| included.iter().any(|one| name == *one));
        assert!(
            is_included || text.starts_with("//!"),
            "{} has no header",
            path.display()
        );
    }
}

#[test]
fn no_built_plugin_is_committed() {
    let mut found = Vec::new();
    walk(cargo::root(), &mut found);
    for path in found {
        let built = ["wasm", "cwasm"]
            .iter()
            .any(|one| path.extension() == Some(OsStr::new(one)));
        assert!(!built, "{}: guests are built from source", path.display());
    }
}

#[test]
fn locked_packages_come_from_the_public_registry() {
    for (path, text) in texts() {
        if path.file_name() != Some(OsStr::new("Cargo.lock")) {
            continue;
        }
        for line in text.lines().filter(|line| line.starts_with("source = ")) {
            let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
            assert_eq!(line, public, "{}", path.display());
        }
    }
}
