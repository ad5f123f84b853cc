//! The ways to break a registration of ours, and what is said of each.

use std::fs;

use portcullis_tests::{ORIGIN, OTHER_ORIGIN};
use serde_json::json;

use super::{CHROMIUM, FIREFOX, FORBIDDEN, NOT_FOUND, UNKNOWN, edit, launcher};
use crate::registering::{Machine, files_below};

/// One way to break a registration of ours.
pub(super) struct Break {
    pub(super) name: &'static str,
    pub(super) how: fn(&Machine),
    /// Whom it concerns, and what the extension is told; of the first of the findings that are broken.
    pub(super) about: &'static str,
    pub(super) shown: Option<&'static str>,
    /// What else it says.
    pub(super) words: &'static str,
}

pub(super) const BREAKS: &[Break] = &[
    Break {
        name: "no manifest",
        how: |machine| fs::remove_file(machine.path(CHROMIUM)).expect("it is there"),
        about: "Chromium",
        shown: Some(NOT_FOUND),
        words: "Can't find manifest for native messaging host com.example.notes",
    },
    Break {
        name: "no manifest for Firefox",
        how: |machine| fs::remove_file(machine.path(FIREFOX)).expect("it is there"),
        about: "Firefox",
        shown: Some(UNKNOWN),
        words: "there is no manifest of `com.example.notes` where this browser looks",
    },
    Break {
        name: "half a manifest",
        how: |machine| {
            let text = machine.read(CHROMIUM);
            machine.write(CHROMIUM, &text[..text.len() / 2]);
        },
        about: "Chromium",
        shown: Some(NOT_FOUND),
        words: "the file is not JSON",
    },
    Break {
        name: "an empty file for Firefox",
        how: |machine| drop(machine.write(FIREFOX, "")),
        about: "Firefox",
        shown: Some(UNKNOWN),
        words: "Error parsing native manifest",
    },
    Break {
        name: "another name",
        how: |machine| {
            edit(machine, CHROMIUM, |it| {
                it["name"] = json!("com.example.other")
            })
        },
        about: "Chromium",
        shown: Some(NOT_FOUND),
        words: "Invalid name specified in the manifest.",
    },
    Break {
        name: "another type",
        how: |machine| edit(machine, CHROMIUM, |it| it["type"] = json!("pipe")),
        about: "Chromium",
        shown: Some(NOT_FOUND),
        words: "Invalid value for type.",
    },
    Break {
        name: "no slash",
        how: |machine| {
            let origin = ORIGIN.trim_end_matches('/');
            edit(machine, CHROMIUM, |it| {
                it["allowed_origins"] = json!([origin])
            });
        },
        about: "Chromium",
        shown: Some(NOT_FOUND),
        words: "Empty path.",
    },
    Break {
        name: "another extension",
        how: |machine| {
            edit(machine, CHROMIUM, |it| {
                it["allowed_origins"] = json!([OTHER_ORIGIN])
            })
        },
        about: "Chromium",
        shown: Some(FORBIDDEN),
        words: "does not have `chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/`",
    },
    Break {
        name: "nobody",
        how: |machine| edit(machine, CHROMIUM, |it| it["allowed_origins"] = json!([])),
        about: "Chromium",
        shown: None,
        words: "nobody can connect",
    },
    Break {
        name: "a key of the other family",
        how: |machine| {
            edit(machine, FIREFOX, |it| {
                it["allowed_origins"] = json!([ORIGIN])
            })
        },
        about: "Firefox",
        shown: Some(UNKNOWN),
        words: r#"not contain an unexpected \"allowed_origins\" property"#,
    },
    Break {
        name: "another add-on",
        how: |machine| {
            edit(machine, FIREFOX, |it| {
                it["allowed_extensions"] = json!(["x@y"])
            })
        },
        about: "Firefox",
        shown: Some(UNKNOWN),
        words: "This extension does not have permission to use native manifest",
    },
    Break {
        name: "no launcher",
        how: |machine| fs::remove_file(launcher(machine)).expect("it is there"),
        about: "launcher",
        shown: None,
        words: "Found manifest, but not the binary for native messaging host com.example.notes",
    },
    Break {
        name: "a launcher that leads nowhere",
        how: |machine| {
            fs::remove_file(launcher(machine)).expect("it is there");
            std::os::unix::fs::symlink("/nonexistent/portcullis-host", launcher(machine))
                .expect("it is made");
        },
        about: "launcher",
        shown: None,
        words: "does not exist, or is not executable",
    },
    Break {
        name: "a launcher that cannot be started",
        how: |machine| {
            fs::remove_file(launcher(machine)).expect("it is there");
            fs::write(launcher(machine), "").expect("it is made");
        },
        about: "launcher",
        shown: None,
        words: "Native host has exited.",
    },
    Break {
        name: "native code that is gone",
        how: |machine| {
            for file in files_below(&machine.home.path().join("cache")) {
                fs::remove_file(file).expect("it is there");
            }
        },
        about: "plugin `echo`",
        shown: None,
        words: "is missing",
    },
    Break {
        name: "native code that was changed",
        how: |machine| {
            for file in files_below(&machine.home.path().join("cache")) {
                let mut bytes = fs::read(&file).expect("it is there");
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(&file, bytes).expect("it is ours");
            }
        },
        about: "plugin `echo`",
        shown: None,
        words: "the native code was changed",
    },
];
