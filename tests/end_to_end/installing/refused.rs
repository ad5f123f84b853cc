//! What `install` refuses, and that nothing has changed then.

use std::fs;

use portcullis_tests::{ORIGIN, guests};

use super::{CHROMIUM, HOST, REQUESTS, assert_as_before, everything, made_for, packed};
use crate::cli::text;
use crate::registering::Machine;

/// One refusal.
struct Case {
    name: &'static str,
    made_for: String,
    requests: &'static str,
    /// What is on the machine.
    prepare: fn(&Machine),
    arguments: &'static [&'static str],
    code: i32,
    words: &'static str,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            name: "",
            made_for: made_for(),
            requests: REQUESTS,
            prepare: |_| {},
            arguments: &["--yes"],
            code: 1,
            words: "",
        }
    }
}

#[test]
fn a_refusal_changes_nothing() {
    let cases = [
        Case {
            name: "nobody can agree",
            arguments: &[],
            code: 2,
            words: "there is no terminal to ask on, and nothing was done: agree beforehand with `--yes`",
            ..Case::default()
        },
        Case {
            name: "nobody is asked",
            arguments: &["--json"],
            code: 2,
            words: "agree with `--yes`, or look with `--dry-run`",
            ..Case::default()
        },
        Case {
            name: "two minds",
            arguments: &["--yes", "--no-grants", "--grant", "storage"],
            code: 2,
            words: "cannot be used with",
            ..Case::default()
        },
        Case {
            name: "made for nobody",
            made_for: format!("host-names = [\"{HOST}\"]\n"),
            code: 2,
            words: "name one with `--origin ORIGIN`",
            ..Case::default()
        },
        Case {
            name: "called nothing",
            made_for: format!("origins = [\"{ORIGIN}\"]\n"),
            code: 2,
            words: "with `--host-name NAME`",
            ..Case::default()
        },
        Case {
            name: "no folder suggested",
            requests: "storage = { reason = \"remembers\" }\n\
                       fs = [{ guest = \"/notes\", access = \"read-write\", reason = \"keeps\" }]\n",
            code: 2,
            words: "--grant storage fs=FOLDER:/notes:rw",
            ..Case::default()
        },
        Case {
            name: "the folder is missing",
            prepare: |machine| {
                fs::remove_dir(machine.path("user/Notes")).expect("it is empty");
            },
            words: "make it with `mkdir -p [BESIDE]/user/Notes`",
            ..Case::default()
        },
        Case {
            name: "the folder is missing, and it is only looked",
            prepare: |machine| {
                fs::remove_dir(machine.path("user/Notes")).expect("it is empty");
                fs::remove_dir(machine.home.path()).expect("it is empty");
            },
            arguments: &["--dry-run"],
            words: "make it with `mkdir -p [BESIDE]/user/Notes`",
            ..Case::default()
        },
        Case {
            name: "a folder that nobody may have",
            requests: "fs = [{ guest = \"/notes\", access = \"read-only\", suggested = \"/proc\", reason = \"looks\" }]\n",
            words: "cannot give `notes` a folder",
            ..Case::default()
        },
        Case {
            name: "the host is somebody else's",
            prepare: |machine| {
                machine.write(CHROMIUM, r#"{"path":"/bin/true"}"#);
            },
            words: "is somebody else's already",
            ..Case::default()
        },
        Case {
            name: "no browser",
            prepare: |machine| {
                fs::remove_dir_all(machine.path("programs")).expect("it is ours");
            },
            words: "no browser was found",
            ..Case::default()
        },
        Case {
            name: "another plugin of that name",
            prepare: |machine| {
                machine.home.add("notes", &guests::echo());
            },
            words: "another plugin is installed as `notes`",
            ..Case::default()
        },
        Case {
            name: "the route is another's",
            prepare: |machine| {
                machine.home.add("echo", &guests::echo());
                let add = ["route", "add", ORIGIN, "echo", "--host-name", HOST];
                machine.run(add).succeeds();
            },
            words: "is already routed to `echo`",
            ..Case::default()
        },
        Case {
            name: "the policy is damaged",
            prepare: |machine| {
                machine.home.policy("version = ");
            },
            words: "policy.toml",
            ..Case::default()
        },
    ];
    for case in cases {
        let machine = super::machine();
        let file = packed(&machine, "1.0.0", &case.made_for, case.requests);
        (case.prepare)(&machine);
        let before = everything(&machine);
        let arguments = ["install", &file].into_iter();
        let said = machine.run(arguments.chain(case.arguments.iter().copied()));
        assert_eq!(said.code, case.code, "{}: {said:?}", case.name);
        said.refuses_with(case.code, case.words);
        assert_as_before(&machine, &before);
    }
}

#[test]
fn a_file_that_is_no_plugin_is_refused() {
    let machine = super::machine();
    let file = machine.write("x.wasm", "no component");
    let before = everything(&machine);
    machine
        .run(["install", text(&file), "--yes"])
        .refuses_with(1, "cannot add `[BESIDE]/x.wasm`");
    assert_as_before(&machine, &before);
}
