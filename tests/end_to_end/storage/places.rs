//! Where things are kept, and when anything is opened at all.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use portcullis_tests::Browser;

use super::{Home, ORIGIN, get, granting, guest, json, set, storing_home};

/// Everything below a folder, with its permissions.
fn below(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let metadata = path.symlink_metadata().expect("it is there");
        if metadata.is_dir() {
            found.extend(below(&path));
        }
        found.push((path, metadata.permissions().mode() & 0o777));
    }
    found.sort();
    found
}

#[test]
fn nothing_is_opened_before_it_is_asked_for() {
    let home = storing_home("storage", "");
    let data = home.path().join("data");
    let mut port = Browser::chromium(&home).start();
    port.ask("{}").expect_error("plugin-error");
    let made = below(&data);
    assert_eq!(made.len(), 2, "two folders and no file: {made:?}");
    assert_eq!(get(&mut port, "a"), json!(null));
    set(&mut port, "a", "x");
    let made = below(&data);
    assert_eq!(made.len(), 5, "the file and two beside it: {made:?}");
    for (path, mode) in &made {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(*mode, expected, "{}", path.display());
    }
    port.end().expect_exit(0);
    let left: Vec<_> = below(&data).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        left.len(),
        3,
        "what is beside the file goes with the port: {left:?}"
    );
    assert!(left[2].ends_with("storage-1/storage.sqlite"), "{left:?}");
}

#[test]
fn a_whole_confinement_leaves_storage_its_folder() {
    let home = Home::new();
    home.add("storage", &guest("storage"));
    let granting = granting(&home, ORIGIN, "storage", "sandbox = { os = \"required\" }");
    home.policy(&format!("version = 1\n{granting}"));
    let mut port = Browser::chromium(&home).start();
    set(&mut port, "a", "x");
    assert_eq!(get(&mut port, "a"), "x");
    port.end().expect_exit(0);
}

#[test]
fn a_home_behind_a_link_keeps_things_too() {
    let home = storing_home("storage", "");
    let link = home.beside().join("link");
    symlink(home.path(), &link).expect("a link");
    let mut port = Browser::chromium(&home)
        .environment("PORTCULLIS_HOME", &link)
        .start();
    set(&mut port, "a", "x");
    port.end().expect_exit(0);
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "a"), "x");
    port.end().expect_exit(0);
}
