//! The client for extensions by itself in real browsers, in each place where an extension runs: a page and a service
//! worker in Chromium, a page and an event page in Firefox.
//!
//! An extension uses the client and reports what it saw (`tests/extension-client/cases.js`); what it should have seen
//! is one function here, [`everything`], for all four. The hosts are real and were registered by the real verbs, but
//! for one that ends as soon as it is started: it counts its starts in a file, since no browser tells of them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use portcullis_tests::chromium::{Chromium, Outcome, Place, Step, started_from, wait_until_gone};
use portcullis_tests::firefox::Firefox;
use portcullis_tests::languages::PING_PONGS;
use portcullis_tests::{Home, OTHER_ORIGIN, cargo};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::finished;

/// What the key in the manifest makes of the extension, wherever it is loaded from.
const CHROMIUM_ORIGIN: &str = "chrome-extension://ghcjmemlbppdjaidhppchgjkejoimbch/";

const ADD_ON: &str = "client@tests.portcullis.example";

/// Serves the ping-pong that was made with an SDK, which gives the numbers of requests back.
const HOST: &str = "com.example.ping_pong";
/// Is registered and has no route.
const UNROUTED: &str = "com.example.unrouted";
/// Is registered for another extension.
const FORBIDDEN: &str = "com.example.forbidden";
/// Is not registered.
const MISSING: &str = "com.example.missing";
/// Ends at once.
const FAILING: &str = "com.example.failing";

/// How long the extension may take for one case.
const PATIENCE: Duration = Duration::from_secs(40);

/// How soon a host has to be gone when its port is.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// The waits before the first and the second reconnection are never shorter, in milliseconds: half of 0.5 s and of 1 s,
/// the other half being drawn by lot. Browsers may fire a timer a millisecond early.
const SHORTEST_WAITS: [f64; 2] = [249.0, 499.0];

/// What differs between the browsers.
struct Kind {
    /// What the browser is called in `register`.
    name: &'static str,
    origin: &'static str,
    /// Another extension of its family.
    stranger: &'static str,
    /// Where it looks for manifests, from its user's home.
    manifests: &'static str,
    /// The code where the manifest names another extension: Firefox says the same as where there is none.
    forbidden: &'static str,
}

const CHROMIUM: Kind = Kind {
    name: "chromium",
    origin: CHROMIUM_ORIGIN,
    stranger: OTHER_ORIGIN,
    manifests: ".config/chromium/NativeMessagingHosts",
    forbidden: "not-allowed",
};

const FIREFOX: Kind = Kind {
    name: "firefox",
    origin: ADD_ON,
    stranger: "somebody@example.com",
    manifests: ".mozilla/native-messaging-hosts",
    forbidden: "not-installed",
};

/// A folder that a browser can load: the test's extension, and the client as its author would copy it.
fn extension() -> TempDir {
    let folder = tempfile::tempdir().expect("the system's temporary folder can be written");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("extension-client");
    let own = fs::read_dir(own)
        .expect("the folder is part of the project")
        .map(|file| file.expect("a folder of ours can be listed").path());
    for path in own.chain([cargo::root().join("plugins/client-js/portcullis.js")]) {
        let name = path.file_name().expect("a listed file has a name");
        fs::copy(&path, folder.path().join(name)).expect("a temporary folder takes a file");
    }
    folder
}

/// A home with the plugin: what takes long, before a browser is there to wait for it.
fn home() -> Home {
    let home = Home::new();
    let plugin = PING_PONGS
        .iter()
        .find(|one| one.name == "rust-sdk")
        .expect("there is one in Rust");
    home.add("ping-pong", plugin.wasm());
    home
}

/// The hosts of one browser, whose user has this home.
struct Hosts {
    home: Home,
    kind: &'static Kind,
    user: PathBuf,
}

impl Hosts {
    fn registered(home: Home, kind: &'static Kind, user: &Path) -> Self {
        let hosts = Self {
            home,
            kind,
            user: user.to_owned(),
        };
        let Kind { name, origin, .. } = kind;
        hosts.run(&["route", "add", origin, "ping-pong", "--host-name", HOST]);
        for host in [HOST, UNROUTED] {
            hosts.run(&["register", host, "--allow", origin, "--browser", name]);
        }
        let stranger = kind.stranger;
        hosts.run(&[
            "register",
            FORBIDDEN,
            "--allow",
            stranger,
            "--browser",
            name,
        ]);
        hosts.register_failing();
        hosts
    }

    /// The one that is not ours: it writes a line for every start, and ends.
    fn register_failing(&self) {
        let program = self.home.beside().join("failing");
        let starts = self.starts_file();
        fs::write(
            &program,
            format!("#!/bin/sh\necho start >>'{}'\n", starts.display()),
        )
        .expect("the folder can be written");
        fs::set_permissions(&program, Permissions::from_mode(0o700)).expect("it is ours");
        let mut manifest = json!({
            "name": FAILING,
            "description": "Ends at once",
            "path": program,
            "type": "stdio",
        });
        if self.kind.name == "firefox" {
            manifest["allowed_extensions"] = json!([self.kind.origin]);
        } else {
            manifest["allowed_origins"] = json!([self.kind.origin]);
        }
        let folder = self.user.join(self.kind.manifests);
        fs::write(folder.join(format!("{FAILING}.json")), manifest.to_string())
            .expect("the other manifests are there");
    }

    fn starts_file(&self) -> PathBuf {
        self.home.beside().join("starts")
    }

    /// How often the failing host was started, and forgets it.
    fn starts(&self) -> usize {
        let starts = fs::read_to_string(self.starts_file()).unwrap_or_default();
        fs::write(self.starts_file(), "").expect("the folder can be written");
        starts.lines().count()
    }

    /// Runs a verb as the user that the browser runs as.
    #[track_caller]
    fn run(&self, arguments: &[&str]) {
        let mut command: Command = self.home.portcullis(arguments.iter().copied());
        command.env("HOME", &self.user).env("PATH", "/usr/bin");
        for variable in ["XDG_CONFIG_HOME", "CHROME_CONFIG_HOME"] {
            command.env_remove(variable);
        }
        finished(&self.home, &mut command).succeeds();
    }

    fn running(&self) -> Vec<u32> {
        started_from(&self.launcher()).expect("`/proc` can be read")
    }

    fn launcher(&self) -> PathBuf {
        self.home.path().join("hosts").join(HOST)
    }

    /// No host outlives its connection.
    #[track_caller]
    fn gone(&self) {
        wait_until_gone(&self.launcher(), Instant::now(), GONE_WITHIN)
            .expect("the host ends with its port");
    }
}

/// What a `PortcullisError` of the client was seen to be. Parts that it does not have are not there.
fn error(code: &str, message: &str, more: Value) -> Value {
    let mut error =
        json!({"is": true, "name": "PortcullisError", "code": code, "message": message});
    if let (Some(error), Value::Object(more)) = (error.as_object_mut(), more) {
        error.extend(more);
    }
    error
}

/// Everything that the client promises, in one place of an extension. `perform` has it done there.
fn everything(hosts: &Hosts, mut perform: impl FnMut(&str, &str) -> Value) {
    let mut case = |host: &str, name: &str, expected: Value| {
        let came = perform(host, name);
        assert_eq!(came, expected, "{name}: {came:#}");
    };
    case(
        HOST,
        "correlation",
        json!({
            "replies": ["pong"], "count": 50, "ended": [true, true],
            "order": ["fifty", "first", "last"],
            "heard": [{"tick": 1}, {"tick": 2}, {"tick": 3}],
        }),
    );
    case(HOST, "turns", json!(["pong", "pong"]));
    case(
        HOST,
        "timeout",
        json!({
            "error": error("timed-out", "there was no answer within 50 ms", json!({})),
            "reply": "pong",
        }),
    );
    case(
        HOST,
        "abort",
        json!({
            "underWay": "changed my mind", "before": "changed my mind", "inTime": "TimeoutError",
            "reply": "pong",
        }),
    );
    let refusal = "send `\"ping\"`, or `{\"every\": milliseconds, \"times\": n}`";
    let of_plugin = |request: u32| json!({"plugin": "ping-pong", "request": request});
    case(
        HOST,
        "errors",
        json!({
            "good": "pong", "refused": error("unknown-request", refusal, of_plugin(2)),
            "again": "pong", "unsendable": "not-sent", "closed": "closed",
        }),
    );
    case(
        HOST,
        "once",
        json!([
            {"tick": 1},
            {"is": true, "code": "invalid-message", "plugin": "ping-pong", "request": 1},
        ]),
    );
    let origin = hosts.kind.origin;
    let no_route = |request: u32| {
        error(
            "no-route",
            &format!("no route for origin `{origin}` and host name `{UNROUTED}`"),
            json!({
                "hint": format!("portcullis route add {origin} PLUGIN --host-name {UNROUTED}"),
                "request": request,
            }),
        )
    };
    case(
        UNROUTED,
        "unrouted",
        json!({"request": no_route(1), "event": no_route(2), "once": no_route(1)}),
    );
    let sentence = |host: &str, code: &str| match code {
        "not-allowed" => {
            format!("\"{host}\" is installed, but not for this extension: register it again")
        }
        _ => format!(
            "\"{host}\" is not installed on this computer: install Portcullis and register it"
        ),
    };
    case(
        HOST,
        "installed",
        json!({"installed": true, "code": null, "sentence": null}),
    );
    let identity = origin.strip_prefix("chrome-extension://");
    let identity = identity.map_or(origin, |id| id.trim_end_matches('/'));
    for (host, code) in [
        (MISSING, "not-installed"),
        (FORBIDDEN, hosts.kind.forbidden),
    ] {
        let sentence = sentence(host, code);
        let installed = code == "not-allowed";
        case(
            host,
            "installed",
            json!({"installed": installed, "code": code, "sentence": sentence}),
        );
        let missing = error(
            code,
            &sentence,
            json!({"hint": format!("portcullis register {host} --allow {identity} --keep")}),
        );
        case(
            host,
            "missing",
            json!({"request": missing, "once": missing}),
        );
    }
    hosts.gone();

    case(HOST, "hold", json!("pong"));
    let [held] = hosts.running()[..] else {
        panic!("one connection is one host, not {:?}", hosts.running());
    };
    let pid = i32::try_from(held).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process number"), Signal::KILL).expect("it is ours");
    case(
        HOST,
        "bereft",
        json!({
            "lost": "disconnected", "wasOpen": false, "reply": "pong", "ended": ["disconnected"],
            "opened": 1,
        }),
    );
    hosts.gone();

    hosts.starts();
    let stormed = perform(FAILING, "storm");
    assert_eq!(stormed["codes"], json!(["disconnected"]), "{stormed:#}");
    for (place, shortest) in SHORTEST_WAITS.iter().enumerate() {
        let waited = stormed["waits"][place].as_f64();
        assert!(
            waited.is_some_and(|waited| waited >= *shortest),
            "wait {place} was shorter than {shortest} ms: {stormed:#}"
        );
    }
    assert_eq!(hosts.starts(), 3, "the first start and two more");
}

/// The value that the only outcome reports.
#[track_caller]
fn reported(outcomes: anyhow::Result<Vec<Outcome>>) -> Value {
    let outcomes = outcomes.unwrap_or_else(|error| panic!("{error:#}"));
    let [Outcome::Heard { text }] = &outcomes[..] else {
        panic!("the extension reported nothing: {outcomes:?}");
    };
    serde_json::from_str(text).expect("the extension writes JSON")
}

fn step(name: &str) -> [Step; 1] {
    [Step::Ask {
        text: name.to_owned(),
    }]
}

#[test]
fn in_chromium_a_page_and_a_service_worker_can_rely_on_the_client() {
    let home = home();
    let extension = extension();
    let mut browser = Chromium::start(extension.path()).unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(browser.origin(), CHROMIUM_ORIGIN);
    let hosts = Hosts::registered(home, &CHROMIUM, browser.home());
    for place in [Chromium::page, Chromium::worker] {
        let place: Place = place(&mut browser).unwrap_or_else(|error| panic!("{error:#}"));
        everything(&hosts, |host, name| {
            reported(browser.exchange(&place, name, host, &step(name), PATIENCE))
        });
    }
}

#[test]
fn in_firefox_a_page_and_an_event_page_can_rely_on_the_client() {
    let home = home();
    let extension = extension();
    let mut browser =
        Firefox::start(extension.path(), ADD_ON).unwrap_or_else(|error| panic!("{error:#}"));
    let hosts = Hosts::registered(home, &FIREFOX, browser.home());
    for place in ["page", "background"] {
        everything(&hosts, |host, name| {
            reported(browser.exchange(place, host, &step(name), PATIENCE))
        });
    }
}
