//! The example plugins that want something of the machine: built as projects, they say what and why.

use std::process::Command;

use portcullis_tests::{Home, cargo, languages};

use crate::cli::finished;
use crate::fixture::json;

/// `portcullis` in the folder of an example, with the packages at hand.
fn portcullis(home: &Home, example: &str, arguments: &[&str]) -> Command {
    let mut command = home.portcullis(arguments.iter().copied());
    command.current_dir(cargo::root().join("plugins").join(example));
    languages::share_packages(&mut command);
    command
}

#[test]
fn the_examples_say_what_they_ask_for() {
    let cases = [
        (
            "counter",
            "storage",
            r#"{"reason":"keeps the counter's value"}"#,
        ),
        (
            "notes",
            "fs",
            r#"[{"guest":"/notes","access":"read-write","suggested":"~/Notes",
                 "reason":"keeps each note as a text file"}]"#,
        ),
        (
            "fetch",
            "http",
            r#"[{"destination":"https://example.com",
                 "reason":"fetches what the extension asks for; grant the hosts that it needs"}]"#,
        ),
        (
            "sensors",
            "config",
            r#"[{"key":"classes","reason":"the folders to look into, where they are others: `/power /hwmon`"}]"#,
        ),
    ];
    for (example, power, expected) in cases {
        let home = Home::new();
        let mut command = portcullis(&home, example, &["build", "--json"]);
        let output = command.output().expect("the program was just built");
        assert!(
            output.status.success(),
            "{example}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let built = json(&String::from_utf8_lossy(&output.stdout));
        assert_eq!(
            built["requests"]["requests"][power],
            json(expected),
            "{example}"
        );
        assert_eq!(built["misfits"], json("[]"), "{example}");
        let component = format!("target/{example}.wasm");
        let added = finished(&home, &mut portcullis(&home, example, &["add", &component]));
        assert_eq!(added.code, 0, "{}", added.stderr);
        assert!(
            added
                .stdout
                .contains("it asks for (and has nothing of it until you grant it)"),
            "{}",
            added.stdout
        );
    }
}

/// A transcript under a grant: the project's `[grant]` is what the plugin has in its tests, and all that it has.
#[test]
fn the_counter_counts_in_its_own_tests() {
    let home = Home::new();
    let mut build = portcullis(&home, "counter", &["build", "--json"]);
    assert_eq!(finished(&home, &mut build).code, 0);
    let said = finished(&home, &mut portcullis(&home, "counter", &["test"]));
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
}
