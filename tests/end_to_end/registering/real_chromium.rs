//! A real Chromium that finds the host through what `register` wrote, and says of a broken registration what `doctor`
//! said it would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use portcullis_tests::chromium::{Chromium, Outcome, Place, Step};
use portcullis_tests::{Home, OTHER_ORIGIN, guests};
use serde_json::{Value, json};

use super::HOST;
use crate::cli::finished;

const EXITED: &str = "Native host has exited.";
const BROKEN: &str = "Error when communicating with the native messaging host.";

const PATIENCE: Duration = Duration::from_secs(20);

/// A browser, and a home with a plugin for its extension.
struct Stage {
    browser: Chromium,
    page: Place,
    home: Home,
}

impl Stage {
    fn new() -> Self {
        let extension = Path::new(env!("CARGO_MANIFEST_DIR")).join("extension");
        let mut browser = Chromium::start(&extension).unwrap_or_else(|error| panic!("{error:#}"));
        let home = Home::new();
        home.add("echo", &guests::echo())
            .route(&browser.origin(), "echo");
        let page = browser.page().unwrap_or_else(|error| panic!("{error:#}"));
        Self {
            browser,
            page,
            home,
        }
    }

    /// `portcullis`, for the user that the browser runs as.
    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.home.portcullis(arguments);
        command
            .env("HOME", self.browser.home())
            .env("PATH", "/usr/bin");
        for variable in ["XDG_CONFIG_HOME", "CHROME_CONFIG_HOME"] {
            command.env_remove(variable);
        }
        command
    }

    /// What `doctor` finds broken about the browser.
    fn diagnosed(&self) -> Option<Value> {
        let output = self
            .command(["doctor", "--json"])
            .output()
            .expect("the program was just built");
        let said: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let findings = said["findings"].as_array().expect("a list").clone();
        let is_broken = findings.iter().any(|one| one["severity"] == "broken");
        assert_eq!(output.status.code(), Some(i32::from(is_broken)), "{said:#}");
        findings
            .into_iter()
            .find(|one| one["severity"] == "broken" && one["shown"].is_string())
    }

    fn ask(&mut self, text: &str) -> Outcome {
        let step = Step::Ask {
            text: text.to_owned(),
        };
        let outcomes = self
            .browser
            .exchange(&self.page, "asked", HOST, &[step], PATIENCE);
        outcomes
            .unwrap_or_else(|error| panic!("{error:#}"))
            .remove(0)
    }

    fn manifest(&self) -> PathBuf {
        let folder = self
            .browser
            .home()
            .join(".config/chromium/NativeMessagingHosts");
        folder.join(format!("{HOST}.json"))
    }
}

#[test]
fn chromium_starts_what_was_registered_and_agrees_with_the_doctor() {
    let mut stage = Stage::new();
    let origin = stage.browser.origin();
    let register = [
        "register",
        HOST,
        "--allow",
        &origin,
        "--browser",
        "chromium",
    ];
    finished(&stage.home, &mut stage.command(register)).succeeds();
    assert_eq!(stage.diagnosed(), None);
    let answer = Outcome::Heard {
        text: r#"{"a":1}"#.to_owned(),
    };
    assert_eq!(stage.ask(r#"{"a":1}"#), answer);

    let whole: Value =
        serde_json::from_slice(&fs::read(stage.manifest()).expect("it is there")).expect("JSON");
    let launcher = PathBuf::from(whole["path"].as_str().expect("a path"));
    let change = |key: &str, value: Value| {
        let mut changed = whole.clone();
        changed[key] = value;
        Some(changed.to_string())
    };
    // What the manifest says then; nothing where it is gone.
    for (name, text) in [
        ("no manifest", None),
        ("half a manifest", Some("{\"name\":".to_owned())),
        ("another name", change("name", json!("com.example.other"))),
        ("no description", change("description", json!(""))),
        ("another type", change("type", json!("pipe"))),
        ("a relative path", change("path", json!("portcullis-host"))),
        (
            "no slash",
            change("allowed_origins", json!([origin.trim_end_matches('/')])),
        ),
        (
            "a wildcard",
            change("allowed_origins", json!(["chrome-extension://*/"])),
        ),
        (
            "another extension",
            change("allowed_origins", json!([OTHER_ORIGIN])),
        ),
    ] {
        match &text {
            Some(text) => fs::write(stage.manifest(), text).expect("it is ours"),
            None => fs::remove_file(stage.manifest()).expect("it is ours"),
        }
        compare(&mut stage, name);
    }
    fs::remove_file(&launcher).expect("it is ours");
    fs::write(&launcher, "").expect("it is ours");
    compare(&mut stage, "a launcher that cannot be started");
    fs::remove_file(&launcher).expect("it is ours");
    compare(&mut stage, "no launcher");

    finished(&stage.home, &mut stage.command(["unregister", HOST])).succeeds();
    let gone = Outcome::Ended {
        message: "Specified native messaging host not found.".to_owned(),
    };
    assert_eq!(stage.ask("{}"), gone);
}

/// The browser says what `doctor` says that it says, to the extension and in its log; and `doctor --fix` mends it.
#[track_caller]
fn compare(stage: &mut Stage, name: &str) {
    let diagnosed = stage
        .diagnosed()
        .unwrap_or_else(|| panic!("{name}: the doctor finds nothing"));
    let printed_before = stage.browser.printed().len();
    let said = stage.ask("{}");
    let shown = diagnosed["shown"].as_str().expect("it was looked for");
    let ended = |message: &str| Outcome::Ended {
        message: message.to_owned(),
    };
    // The browser says so where the program ends while the message is still being written to it.
    let is_cut_off = shown == EXITED && said == ended(BROKEN);
    assert!(
        said == ended(shown) || is_cut_off,
        "{name}: the extension was told {said:?}, the doctor said {diagnosed:#}"
    );
    let printed = stage.browser.printed().split_off(printed_before);
    if let Some(logged) = diagnosed["logged"].as_str() {
        assert!(
            printed.contains(logged),
            "{name}: `{logged}` is not in\n{printed}"
        );
    }
    let mended = stage.command(["doctor", "--fix"]);
    finished(&stage.home, &mut { mended }).succeeds();
    assert_eq!(stage.diagnosed(), None, "{name}");
    assert_eq!(
        stage.ask("{}"),
        Outcome::Heard {
            text: "{}".to_owned()
        },
        "{name}"
    );
}
