//! A real Firefox that finds the host through what `register` wrote, holds the conversations that Chromium holds, and
//! says of a broken registration what `doctor` said it would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use portcullis_tests::chromium::{Outcome, Step, started_from, wait_until_gone};
use portcullis_tests::firefox::Firefox;
use portcullis_tests::{Home, guests};
use serde_json::{Value, json};

use crate::cli::finished;

/// The id in the extension's manifest.
const ADD_ON: &str = "exchange@tests.portcullis.example";

/// Host names, as Firefox alone takes the first: with upper case.
const ECHO: &str = "com.portcullis.Echo";
const PING_PONG: &str = "com.portcullis.ping_pong";
const UNRULY: &str = "com.portcullis.unruly";

/// The most that the browser takes from a host, in bytes of JSON.
const MOST_FROM_HOST: usize = 1024 * 1024;

/// More than the browser's own limit for the other direction in Chromium would let pass at once; Firefox has none, and
/// its time grows with the square.
const MUCH_TO_HOST: usize = 4 * 1024 * 1024;

const PATIENCE: Duration = Duration::from_secs(30);

/// How soon a host has to be gone. The browser sends a signal two seconds later.
const GONE_WITHIN: Duration = Duration::from_secs(1);

/// A browser, and a home with plugins for its add-on.
struct Stage {
    browser: Firefox,
    home: Home,
}

impl Stage {
    fn new() -> Self {
        let extension = Path::new(env!("CARGO_MANIFEST_DIR")).join("extension");
        let browser =
            Firefox::start(&extension, ADD_ON).unwrap_or_else(|error| panic!("{error:#}"));
        let home = Home::new();
        home.add("echo", &guests::echo())
            .add("ping-pong", &guests::ping_pong())
            .add("unruly", &guests::unruly());
        let stage = Self { browser, home };
        for (plugin, host) in [("echo", ECHO), ("ping-pong", PING_PONG), ("unruly", UNRULY)] {
            stage.run(["route", "add", ADD_ON, plugin, "--host-name", host]);
            stage.run(["register", host, "--allow", ADD_ON, "--browser", "firefox"]);
        }
        stage
    }

    /// `portcullis`, for the user that the browser runs as.
    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.home.portcullis(arguments);
        command
            .env("HOME", self.browser.home())
            .env("PATH", "/usr/bin")
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    #[track_caller]
    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) {
        finished(&self.home, &mut self.command(arguments)).succeeds();
    }

    fn exchange(&mut self, host: &str, steps: &[Step]) -> Vec<Outcome> {
        let outcomes = self.browser.exchange("port", host, steps, PATIENCE);
        outcomes.unwrap_or_else(|error| panic!("{error:#}\n\nthe host's log:\n{}", self.home.log()))
    }

    fn launcher(&self, host: &str) -> PathBuf {
        self.home.path().join("hosts").join(host)
    }

    fn gone(&self, host: &str, since: Instant) {
        wait_until_gone(&self.launcher(host), since, GONE_WITHIN)
            .expect("the host ends with its port");
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
}

fn heard(text: &str) -> Outcome {
    Outcome::Heard {
        text: text.to_owned(),
    }
}

fn ask(text: &str) -> Step {
    Step::Ask {
        text: text.to_owned(),
    }
}

/// The error's code and the number of the message that it answers.
fn error_of(outcome: &Outcome) -> (String, u64) {
    let Outcome::Heard { text } = outcome else {
        panic!("an error frame was expected, came {outcome:?}");
    };
    let frame: Value = serde_json::from_str(text).expect("a frame is JSON");
    let error = &frame["$portcullis"]["error"];
    let code = error["code"]
        .as_str()
        .unwrap_or_else(|| panic!("{text} is no error frame"));
    (
        code.to_owned(),
        error["request"].as_u64().expect("a number"),
    )
}

#[test]
fn an_add_on_talks_to_plugins() {
    let mut stage = Stage::new();
    assert_eq!(stage.diagnosed(), None);

    // Several messages both ways, in order, and any JSON value.
    let texts = [
        "null",
        "[1,-0.5,true,{}]",
        r#"{"b":{"a":"Это юникода 👍"},"a":""}"#,
        r#""\ud800 <script> \u0000""#,
    ];
    for text in texts {
        let outcomes = stage.exchange(ECHO, &[Step::post(text), Step::Hear]);
        assert_eq!(outcomes, [Outcome::Done, heard(text)]);
    }
    assert_eq!(
        started_from(&stage.launcher(ECHO))
            .expect("`/proc` can be read")
            .len(),
        1
    );

    // Its own limit: exactly 1 MiB back; a byte more is refused by the host, and the port stays open.
    let steps = [
        Step::PostBytes {
            bytes: MOST_FROM_HOST,
        },
        Step::Hear,
        Step::PostBytes {
            bytes: MOST_FROM_HOST + 1,
        },
        Step::Hear,
        Step::post("1"),
        Step::Hear,
    ];
    let outcomes = stage.exchange(ECHO, &steps);
    assert_eq!(
        outcomes[1],
        Outcome::HeardLong {
            bytes: MOST_FROM_HOST,
            same: true
        }
    );
    assert_eq!(error_of(&outcomes[3]), ("reply-too-large".to_owned(), 6));
    assert_eq!(outcomes[5], heard("1"));
    end(&mut stage, ECHO);

    // A session that speaks by itself.
    let steps = [
        Step::post(r#"{"every":20,"times":2}"#),
        Step::Hear,
        Step::Hear,
        Step::post(r#""ping""#),
        Step::Hear,
    ];
    let outcomes = stage.exchange(PING_PONG, &steps);
    assert_eq!(
        outcomes[1..3],
        [heard(r#"{"tick":1}"#), heard(r#"{"tick":2}"#)]
    );
    assert_eq!(outcomes[4], heard(r#""pong""#));
    end(&mut stage, PING_PONG);

    // The plugin learns who is calling; what traps is an error frame, and the next message is served.
    let steps = [
        Step::post(r#"{"do":"peer","n":0}"#),
        Step::Hear,
        Step::post(r#"{"do":"trap","n":0}"#),
        Step::Hear,
        Step::PostBytes {
            bytes: MUCH_TO_HOST,
        },
        Step::Hear,
    ];
    let outcomes = stage.exchange(UNRULY, &steps);
    let expected = format!(r#"{{"browser":"mozilla","host-name":"{UNRULY}","origin":"{ADD_ON}"}}"#);
    assert_eq!(outcomes[1], heard(&expected));
    assert_eq!(error_of(&outcomes[3]), ("plugin-crashed".to_owned(), 2));
    assert_eq!(
        outcomes[5],
        heard(&format!("{{\"length\":{MUCH_TO_HOST}}}"))
    );
    end(&mut stage, UNRULY);

    // One shot: any value, and the first frame is the answer.
    for text in [r#"{"a":[null]}"#, r#""text""#] {
        assert_eq!(stage.exchange(ECHO, &[ask(text)]), [heard(text)]);
    }
    stage.gone(ECHO, Instant::now());

    // A page that is left ends its port; so does the browser.
    let talk = [Step::post("1"), Step::Hear];
    stage.exchange(ECHO, &talk);
    let since = Instant::now();
    stage
        .browser
        .leave_page()
        .unwrap_or_else(|error| panic!("{error:#}"));
    stage.gone(ECHO, since);

    // What the host says on standard error is in the browser's console, and nothing of it is a panic's.
    let console = stage
        .browser
        .console()
        .unwrap_or_else(|error| panic!("{error:#}"));
    let from_host: Vec<_> = console
        .iter()
        .filter(|line| line.contains("stderr output from native app"))
        .collect();
    assert!(
        from_host
            .iter()
            .any(|line| line.contains(UNRULY) && line.contains("WARN")),
        "{console:#?}"
    );
    assert!(
        !from_host.iter().any(|line| line.contains("panicked")),
        "{from_host:#?}"
    );

    stage
        .browser
        .open_page()
        .unwrap_or_else(|error| panic!("{error:#}"));
    stage.exchange(ECHO, &talk);
    stage
        .browser
        .quit()
        .unwrap_or_else(|error| panic!("{error:#}"));
    stage.gone(ECHO, Instant::now());
}

/// Closes the port from the extension's side, and sees its host end in time and by itself.
fn end(stage: &mut Stage, host: &str) {
    let since = Instant::now();
    assert_eq!(stage.exchange(host, &[Step::Disconnect]), [Outcome::Done]);
    stage.gone(host, since);
    let log = stage.home.log();
    assert!(
        log.lines()
            .last()
            .is_some_and(|line| line.contains("port closed")),
        "{log}"
    );
}

#[test]
fn firefox_agrees_with_the_doctor() {
    let mut stage = Stage::new();
    let host = PING_PONG;
    let place = stage
        .browser
        .home()
        .join(".mozilla/native-messaging-hosts")
        .join(format!("{host}.json"));
    let whole: Value =
        serde_json::from_slice(&fs::read(&place).expect("it is there")).expect("it is JSON");
    let change = |key: &str, value: Value| {
        let mut changed = whole.clone();
        changed[key] = value;
        Some(changed.to_string())
    };
    for (name, text) in [
        ("no manifest", None),
        ("half a manifest", Some("{\"name\":".to_owned())),
        ("another name", change("name", json!("com.example.other"))),
        ("another type", change("type", json!("pkcs11"))),
        ("a relative path", change("path", json!("portcullis-host"))),
        (
            "a key of the other family",
            change("allowed_origins", json!([])),
        ),
        ("nobody", change("allowed_extensions", json!([]))),
        (
            "another add-on",
            change("allowed_extensions", json!(["x@y"])),
        ),
    ] {
        match &text {
            Some(text) => fs::write(&place, text).expect("it is ours"),
            None => fs::remove_file(&place).expect("it is ours"),
        }
        compare(&mut stage, host, name);
    }
    let launcher = stage.launcher(host);
    fs::remove_file(&launcher).expect("it is ours");
    compare(&mut stage, host, "no launcher");
    fs::remove_file(&launcher).expect("it is ours");
    fs::write(&launcher, "").expect("it is ours");
    compare(&mut stage, host, "a launcher that cannot be started");
}

/// The browser says what `doctor` says that it says, to the add-on and in its console; and `doctor --fix` mends it.
#[track_caller]
fn compare(stage: &mut Stage, host: &str, name: &str) {
    let diagnosed = stage
        .diagnosed()
        .unwrap_or_else(|| panic!("{name}: the doctor finds nothing"));
    let lines_before = stage.browser.console().expect("it answers").len();
    let said = stage.exchange(host, &[ask("{}")]);
    let shown = diagnosed["shown"].as_str().expect("it was looked for");
    assert_eq!(
        said,
        [Outcome::Ended {
            message: shown.to_owned()
        }],
        "{name}: {diagnosed:#}"
    );
    if let Some(logged) = diagnosed["logged"].as_str() {
        let console = stage
            .browser
            .console()
            .expect("it answers")
            .split_off(lines_before)
            .join("\n");
        assert!(
            console.contains(logged),
            "{name}: `{logged}` is not in\n{console}"
        );
    }
    stage.run(["doctor", "--fix"]);
    assert_eq!(stage.diagnosed(), None, "{name}");
    let answered = stage.exchange(
        host,
        &[Step::post(r#""ping""#), Step::Hear, Step::Disconnect],
    );
    assert_eq!(answered[1], heard(r#""pong""#), "{name}");
}
