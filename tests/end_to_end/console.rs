//! The console extension in real browsers, used as a newcomer would: it is loaded, says which command is missing, and
//! shows the reply when the commands that it showed have been run.
//!
//! The folder is copied and two files are laid beside the console, a page that types, presses and reads (its
//! `test/page.js`). The console's own files stay as they ship, so that it needs no door for tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use portcullis_tests::chromium::{Chromium, Outcome, Place, Step};
use portcullis_tests::firefox::Firefox;
use portcullis_tests::{Home, cargo, guests};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::finished;

const HOST: &str = "com.example.echo";
const TALKATIVE: &str = "com.example.ping_pong";

/// What the key in the manifest makes of the extension, wherever it is loaded from.
const CHROMIUM_ORIGIN: &str = "chrome-extension://epmadcmhdhahpacoheglgabflhmhmell/";

const ADD_ON: &str = "console@portcullis.example";

const PATIENCE: Duration = Duration::from_secs(20);

fn console() -> PathBuf {
    cargo::root().join("plugins/console")
}

/// A folder that a browser can load: the console, and the page that drives it.
fn extension() -> TempDir {
    let extension = tempfile::tempdir().expect("the system's temporary folder can be written");
    for folder in [console(), console().join("test")] {
        copy_files(&folder, extension.path());
    }
    extension
}

/// A browser with the console, and a home that nothing is registered for.
struct Stage {
    browser: Chromium,
    page: Place,
    home: Home,
    _extension: TempDir,
}

impl Stage {
    fn new() -> Self {
        let extension = extension();
        let mut browser =
            Chromium::start(extension.path()).unwrap_or_else(|error| panic!("{error:#}"));
        let page = browser.page().unwrap_or_else(|error| panic!("{error:#}"));
        let home = Home::new();
        home.add("echo", &guests::echo())
            .add("ping-pong", &guests::ping_pong());
        Self {
            browser,
            page,
            home,
            _extension: extension,
        }
    }

    #[track_caller]
    fn run(&self, line: &str) {
        run(&self.home, self.browser.home(), line);
    }

    fn perform(&mut self, host: &str, steps: &[Step]) -> Vec<Outcome> {
        self.browser
            .exchange(&self.page, "console", host, steps, PATIENCE)
            .unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Sends in one shot, and returns the texts of the entry that appears.
    #[track_caller]
    fn ask(&mut self, host: &str, text: &str) -> Value {
        entry(&self.perform(host, &[ask(text)])[0])
    }
}

/// Runs a command line that begins with `portcullis`, as the user whose home is `user`, as which the browser runs.
#[track_caller]
fn run(home: &Home, user: &Path, line: &str) {
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("portcullis"), "{line}");
    let mut command: Command = home.portcullis(words);
    command.env("HOME", user).env("PATH", "/usr/bin");
    for variable in ["XDG_CONFIG_HOME", "CHROME_CONFIG_HOME"] {
        command.env_remove(variable);
    }
    finished(home, &mut command).succeeds();
}

fn ask(text: &str) -> Step {
    Step::Ask {
        text: text.to_owned(),
    }
}

fn copy_files(from: &Path, to: &Path) {
    for file in fs::read_dir(from).expect("the folder is part of the project") {
        let path = file.expect("a folder of ours can be listed").path();
        if path.is_file() {
            let name = path.file_name().expect("a listed file has a name");
            fs::copy(&path, to.join(name)).expect("a temporary folder takes a file");
        }
    }
}

/// The entry that was read, without its time, which has to be a number of milliseconds where something was waited for.
#[track_caller]
fn entry(outcome: &Outcome) -> Value {
    let Outcome::Heard { text } = outcome else {
        panic!("the page showed no entry: {outcome:?}");
    };
    let mut seen: Value = serde_json::from_str(text).expect("the driver writes JSON");
    let parts = seen.as_object_mut().expect("the driver writes an object");
    parts.remove("state");
    let time = parts.remove("time");
    if parts["kind"] == "message" {
        assert_eq!(time, None, "nobody waited for {seen}");
        return seen;
    }
    let time = time.as_ref().and_then(Value::as_str).unwrap_or_default();
    let number = time
        .strip_suffix(" ms")
        .and_then(|number| number.parse::<f64>().ok());
    assert!(number.is_some_and(|number| number > 0.0), "{time}: {seen}");
    seen
}

/// What the page offers as the command that mends it.
#[track_caller]
fn hint(seen: &Value) -> String {
    let hint = seen["hint"].as_str();
    hint.unwrap_or_else(|| panic!("{seen:#} has no hint"))
        .to_owned()
}

#[test]
fn a_newcomer_is_led_from_nothing_to_a_reply_by_what_the_page_shows() {
    let mut stage = Stage::new();
    assert_eq!(stage.browser.origin(), CHROMIUM_ORIGIN);

    let seen = stage.ask(HOST, r#"{"a":1}"#);
    let register = format!("portcullis register {HOST} --allow {CHROMIUM_ORIGIN} --keep");
    let sentence =
        format!("\"{HOST}\" is not installed on this computer: install Portcullis and register it");
    assert_eq!(
        seen,
        json!({"kind": "error", "host": HOST, "code": "not-installed", "text": sentence, "hint": register})
    );
    stage.run(&hint(&seen));

    let seen = stage.ask(HOST, r#"{"a":1}"#);
    let sentence = format!("no route for origin `{CHROMIUM_ORIGIN}` and host name `{HOST}`");
    let add = format!("portcullis route add {CHROMIUM_ORIGIN} PLUGIN --host-name {HOST}");
    assert_eq!(
        seen,
        json!({"kind": "error", "host": HOST, "code": "no-route", "text": sentence, "hint": add})
    );
    stage.run(&hint(&seen).replace("PLUGIN", "echo"));

    let seen = stage.ask(HOST, r#"{"a":[1,"<b>"]}"#);
    let body = "{\n  \"a\": [\n    1,\n    \"<b>\"\n  ]\n}";
    assert_eq!(seen, json!({"kind": "reply", "host": HOST, "body": body}));

    for (text, problem) in [
        (r#"{"a":"#, "this is not JSON: "),
        ("1", "in one shot, Chromium sends objects only"),
    ] {
        match &stage.perform(HOST, &[ask(text)])[0] {
            Outcome::Threw { message } if message.starts_with(problem) => {}
            other => panic!("{text} should not have been sent: {other:?}"),
        }
    }
}

#[test]
fn a_port_shows_replies_messages_that_nobody_asked_for_and_refusals() {
    let mut stage = Stage::new();
    stage.run(&format!(
        "portcullis register {TALKATIVE} --allow {CHROMIUM_ORIGIN}"
    ));
    stage.run(&format!(
        "portcullis route add {CHROMIUM_ORIGIN} ping-pong --host-name {TALKATIVE}"
    ));
    let steps = [
        Step::post(r#""ping""#),
        Step::Hear,
        Step::post(r#"{"every":20,"times":2}"#),
        Step::Hear,
        Step::Hear,
        Step::post("null"),
        Step::Hear,
        Step::Disconnect,
    ];
    let outcomes = stage.perform(TALKATIVE, &steps);
    let tick = |number: u32| format!("{{\n  \"tick\": {number}\n}}");
    let refusal = "send `\"ping\"`, or `{\"every\": milliseconds, \"times\": n}`";
    for (at, expected) in [
        (
            1,
            json!({"kind": "reply", "host": TALKATIVE, "body": "\"pong\""}),
        ),
        (
            3,
            json!({"kind": "reply", "host": TALKATIVE, "body": tick(1)}),
        ),
        (
            4,
            json!({"kind": "message", "host": TALKATIVE, "body": tick(2)}),
        ),
        (
            6,
            json!({"kind": "error", "host": TALKATIVE, "code": "unknown-request", "text": refusal}),
        ),
    ] {
        assert_eq!(entry(&outcomes[at]), expected, "step {at}");
    }
}

#[test]
fn the_same_source_leads_a_newcomer_in_firefox() {
    let extension = extension();
    let mut browser =
        Firefox::start(extension.path(), ADD_ON).unwrap_or_else(|error| panic!("{error:#}"));
    let home = Home::new();
    home.add("echo", &guests::echo());
    for (code, plugin) in [("not-installed", ""), ("no-route", "echo")] {
        let outcomes = browser.exchange("console", HOST, &[ask("1")], PATIENCE);
        let seen = entry(&outcomes.unwrap_or_else(|error| panic!("{error:#}"))[0]);
        assert_eq!(seen["code"], code, "{seen:#}");
        assert!(hint(&seen).contains(ADD_ON), "{seen:#}");
        run(
            &home,
            browser.home(),
            &hint(&seen).replace("PLUGIN", plugin),
        );
    }
    for steps in [&[ask("1")][..], &[Step::post("1"), Step::Hear]] {
        let outcomes = browser.exchange("console", HOST, steps, PATIENCE);
        let outcomes = outcomes.unwrap_or_else(|error| panic!("{error:#}"));
        let seen = entry(&outcomes[steps.len() - 1]);
        assert_eq!(seen, json!({"kind": "reply", "host": HOST, "body": "1"}));
    }
}

#[test]
fn the_client_of_the_console_is_the_one_for_authors() {
    let read = |path: PathBuf| fs::read_to_string(path).expect("the file is part of the project");
    assert!(
        read(console().join("portcullis.js"))
            == read(cargo::root().join("plugins/client-js/portcullis.js")),
        "the copy is not the original: cp plugins/client-js/portcullis.js plugins/console/portcullis.js"
    );
}

#[test]
fn the_manual_of_the_console_names_its_fixed_ids() {
    let read = |name: &str| {
        fs::read_to_string(console().join(name)).expect("the file is part of the project")
    };
    let manifest: Value = serde_json::from_str(&read("manifest.json")).expect("it is JSON");
    assert_eq!(manifest["browser_specific_settings"]["gecko"]["id"], ADD_ON);
    for identity in [CHROMIUM_ORIGIN, ADD_ON] {
        assert!(read("README.md").contains(identity), "{identity}");
    }
}
