//! What scripts read: the members of each object that these verbs print with `--json`.
//!
//! A member more is seen here before it is relied upon; one that is gone or renamed breaks somebody's script.

use std::fs;

use portcullis_tests::{ADD_ON, ORIGIN};
use serde_json::Value;

use super::{HOST, Machine};
use crate::cli::text;
use crate::fixture::{home_with, route};

const CHROMIUM: &str = "user/.config/chromium/NativeMessagingHosts/com.example.notes.json";

const FINDING: &str = "about column detail file fixable host line logged mend severity shown";
const REGISTRATION: &str = "allowed dry-run host launcher manifests no-longer-allowed skipped";
const STEP: &str = "browsers error family place state";

/// Pointers to objects, or lists of such, each with the names of their members.
type Members<'a> = &'a [(&'a str, &'a str)];

fn machine() -> Machine {
    let policy = route(ORIGIN, "echo") + &route(ADD_ON, "echo");
    let machine = Machine::with(home_with(&["echo"], &policy));
    for program in ["chromium", "firefox-esr"] {
        machine.write(&format!("programs/{program}"), "");
    }
    machine
}

/// The members of the object at this place, sorted; of a list's every element, which must be alike.
fn members(json: &Value, at: &str) -> String {
    let one = |object: &Value| {
        let object = object
            .as_object()
            .unwrap_or_else(|| panic!("`{at}` is {object}"));
        let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys.join(" ")
    };
    let found = json
        .pointer(at)
        .unwrap_or_else(|| panic!("no `{at}` in {json:#}"));
    let Some(list) = found.as_array() else {
        return one(found);
    };
    let mut alike: Vec<String> = list.iter().map(one).collect();
    alike.dedup();
    assert_eq!(
        alike.len(),
        1,
        "`{at}` has elements of several forms: {found:#}"
    );
    alike.remove(0)
}

#[test]
fn each_object_has_the_members_that_scripts_know() {
    let machine = machine();
    let manifest = machine.path(CHROMIUM);
    let all = [ORIGIN, ADD_ON];
    let cases: &[(&[&str], Members)] = &[
        (
            &["register", HOST, "--allow", all[0], all[1], "--dry-run"],
            &[("", REGISTRATION), ("/manifests", STEP)],
        ),
        (
            &["register", HOST, "--allow", all[0], all[1]],
            &[
                ("", REGISTRATION),
                ("/manifests", STEP),
                ("/skipped", "browser detail reason"),
            ],
        ),
        (
            &["doctor"],
            &[
                ("", "broken findings home mended version"),
                ("/findings", FINDING),
            ],
        ),
        (
            &["doctor", text(&manifest)],
            &[
                ("", "broken findings home mended version"),
                ("/findings", FINDING),
            ],
        ),
        (&["doctor", "--sandbox"], &[("", "active layer reason")]),
        (
            &["unregister", HOST, "--dry-run"],
            &[
                ("", "dry-run host launcher manifests"),
                ("/manifests", "browsers place state"),
            ],
        ),
    ];
    for (arguments, objects) in cases {
        let (code, said) = machine.json(arguments.iter().copied());
        assert_eq!(code, 0, "{arguments:?}: {said:#}");
        for (at, expected) in *objects {
            assert_eq!(members(&said, at), *expected, "{arguments:?} `{at}`");
        }
    }
}

/// What is broken has the same members as what is right, with numbers for the place.
#[test]
fn a_place_in_a_file_is_two_numbers() {
    let machine = machine();
    machine
        .run(["register", HOST, "--allow", ORIGIN, ADD_ON])
        .succeeds();
    fs::write(machine.path(CHROMIUM), "{\n  x").expect("it is ours");
    let (code, said) = machine.json(["doctor"]);
    assert_eq!((code, &said["broken"]), (1, &Value::from(1)), "{said:#}");
    assert_eq!(members(&said, "/findings"), FINDING);
    let findings = said["findings"].as_array().expect("a list");
    let broken = findings.iter().find(|one| one["severity"] == "broken");
    let broken = broken.expect("one is");
    assert_eq!(
        (&broken["line"], &broken["column"]),
        (&Value::from(2), &Value::from(3))
    );
    assert_eq!(broken["fixable"], Value::from(true), "{broken:#}");
}
