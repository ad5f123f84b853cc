//! `uninstall`: what it takes, and what it leaves to others.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use portcullis_tests::{ADD_ON, ORIGIN, OTHER_ORIGIN, guests};
use serde_json::{Value, json};

use super::{CHROMIUM, FIREFOX, HOST, assert_as_before, everything, install, machine, notes};
use crate::registering::{Machine, files_below};

fn allowed(machine: &Machine) -> Value {
    let manifest: Value =
        serde_json::from_str(&machine.read(CHROMIUM)).expect("a manifest is JSON");
    manifest["allowed_origins"].clone()
}

#[test]
fn it_takes_back_all_that_install_did() {
    let machine = machine();
    let file = notes(&machine);
    machine.home.policy("# mine\nversion = 1\n");
    let user = files_below(&machine.path("user"));
    install(&machine, &file, &[]);
    let said = machine.run(["uninstall", "notes", "--yes"]).succeeds();
    for expected in [
        "route     removed  native@tests.mozilla.org as com.example.notes\n",
        "grant     removed  fs=~/Notes:/notes:rw\n",
        "launcher  removed  [HOME]/hosts/com.example.notes\n",
        "plugin    removed  notes\n",
        "data      kept     what it has stored\n",
        "uninstalled `notes`\n",
    ] {
        assert!(said.contains(expected), "`{expected}` is not in\n{said}");
    }
    assert_eq!(files_below(&machine.path("user")), user);
    assert_eq!(machine.read("home/policy.toml"), "# mine\nversion = 1\n");
    for folder in ["home/store", "home/cache", "home/hosts"] {
        assert_eq!(files_below(&machine.path(folder)), Vec::<PathBuf>::new());
    }
    machine
        .run(["uninstall", "notes", "--yes"])
        .refuses_with(1, "no plugin `notes` is installed");
    // And what was taken back can be done again.
    install(&machine, &file, &[]);
}

#[test]
fn what_others_use_stays() {
    let machine = machine();
    let file = notes(&machine);
    machine.home.add("echo", &guests::echo());
    let register = ["register", HOST, "--allow", OTHER_ORIGIN];
    machine.run(register).succeeds();
    machine
        .run(["route", "add", OTHER_ORIGIN, "echo", "--host-name", HOST])
        .succeeds();
    machine
        .run(["register", "com.example.other", "--allow", ORIGIN])
        .succeeds();
    install(&machine, &file, &[]);
    // A second plugin for the add-on there.
    let narrower = ["--host-name", HOST, "--when", "/to=echo"];
    let add = ["route", "add", ADD_ON, "echo"].into_iter();
    machine.run(add.chain(narrower)).succeeds();
    assert_eq!(allowed(&machine), json!([OTHER_ORIGIN, ORIGIN]));
    let firefox = machine.read(FIREFOX);
    let said = machine.run(["uninstall", "notes", "--yes"]).succeeds();
    assert!(
        said.contains("manifest  for others only  Chromium: "),
        "{said}"
    );
    assert_eq!(allowed(&machine), json!([OTHER_ORIGIN]));
    assert_eq!(machine.read(FIREFOX), firefox);
    assert!(machine.path(&format!("home/hosts/{HOST}")).exists());
    let policy = machine.read("home/policy.toml");
    assert_eq!(policy.matches("plugin = \"echo\"").count(), 2, "{policy}");
    assert!(!policy.contains("notes\"\nhost"), "{policy}");
    let other = CHROMIUM.replace(HOST, "com.example.other");
    assert!(machine.path(&other).exists());
}

#[test]
fn it_asks_and_is_all_or_nothing() {
    let machine = machine();
    let file = notes(&machine);
    install(&machine, &file, &[]);
    let before = everything(&machine);
    machine
        .run(["uninstall", "notes"])
        .refuses_with(2, "there is no terminal to ask on");
    assert_as_before(&machine, &before);

    // The record of hosts, which is written last of what browsers use, cannot be.
    let record = machine.path("home/hosts.json");
    let aside = machine.path("aside.json");
    fs::rename(&record, &aside).expect("it was made");
    symlink(&aside, &record).expect("a folder takes a link");
    let before = everything(&machine);
    machine
        .run(["uninstall", "notes", "--yes"])
        .refuses_with(1, "hosts.json");
    assert_as_before(&machine, &before);
}

#[test]
fn data_stays_unless_it_is_purged() {
    let machine = machine();
    let file = notes(&machine);
    for (purge, expected) in [
        (&[][..], "data      kept     what it has stored\n"),
        (&["--purge"][..], "`notes` had kept nothing\n"),
    ] {
        install(&machine, &file, &[]);
        let arguments = ["uninstall", "notes", "--yes"].into_iter();
        let said = machine
            .run(arguments.chain(purge.iter().copied()))
            .succeeds();
        assert!(said.contains(expected), "`{expected}` is not in\n{said}");
    }
}
