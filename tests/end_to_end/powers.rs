//! Every power, and every way not to have it: granted it works; not granted, revoked, granted to another extension or
//! for another build it is refused by its own code, and the log names the command that would grant it.
//!
//! One guest and one table for all powers, with nothing but what the verbs write and a log at its usual level, so that
//! no power can be left out. What each power does beyond that is in `files`, `http`, `storage` and `secrets`.

use std::fs;

use portcullis_tests::{Browser, Home, ORIGIN, OTHER_ORIGIN, guests};
use serde_json::{Value, json};

use crate::cli::{run, text};
use crate::fixture::route;
use crate::http::server::Server;

/// The name that the guest is installed under.
const PLUGIN: &str = "powers";

/// One power, and what a guest without it meets.
struct Power {
    /// What `portcullis grant` and `portcullis revoke` are told.
    grant: Vec<String>,
    revoke: Vec<String>,
    /// What the guest tries.
    order: Value,
    /// The code that it gets where it may not.
    code: &'static str,
    /// The end of the command that the log names then.
    command: String,
}

/// A home with the guest, which asks for every power, and what the powers lead to.
struct Stage {
    home: Home,
    server: Server,
    /// The policy without any grant: both extensions are routed to the guest.
    bare: String,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            home: Home::new(),
            server: Server::plain(),
            bare: format!(
                "version = 1\nsecrets-backend = \"file\"\n{}{}",
                route(ORIGIN, PLUGIN),
                route(OTHER_ORIGIN, PLUGIN)
            ),
        };
        fs::create_dir(stage.home.beside().join("notes")).expect("made");
        fs::write(stage.home.beside().join("notes/file"), "x").expect("written");
        stage.install("1", "");
        stage
    }

    /// Installs a build that asks for every power, and for `more`.
    #[track_caller]
    fn install(&self, version: &str, more: &str) {
        let beside = self.home.beside();
        let (manifest, build) = (beside.join("plugin.toml"), beside.join("build.wasm"));
        let requests = format!(
            "name = \"{PLUGIN}\"\nversion = \"{version}\"\ndescription = \"d\"\n[requests]\n\
             storage = {{ reason = \"r\" }}\n\
             fs = [{{ guest = \"/notes\", access = \"read-write\", reason = \"r\" }}]\n\
             http = [{{ destination = \"{}\", reason = \"r\" }}]\n\
             secrets = [{{ name = \"token\", write = true, reason = \"r\" }}{more}]\n",
            self.place()
        );
        fs::write(&manifest, requests).expect("written");
        let guest = guests::powers();
        let (manifest, build) = (text(&manifest), text(&build));
        let pack = [
            "pack",
            text(&guest),
            "--manifest",
            manifest,
            "--output",
            build,
        ];
        assert_eq!(run(&self.home, pack).code, 0);
        let added = run(&self.home, ["add", build, "--name", PLUGIN, "--replace"]);
        assert_eq!(added.code, 0, "{added:?}");
    }

    fn place(&self) -> String {
        format!("http://localhost:{}", self.server.port)
    }

    fn powers(&self) -> [Power; 5] {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let secret = |grant: &str, write: bool| Power {
            grant: words(&[grant]),
            revoke: words(&["secret=token"]),
            order: json!({ "try": "secret", "what": "token", "write": write }),
            code: "not-granted",
            command: grant.to_owned(),
        };
        let http = format!("http={}", self.place());
        [
            Power {
                grant: vec![format!(
                    "fs={}/notes:/notes:rw",
                    self.home.beside().display()
                )],
                revoke: words(&["fs=/notes"]),
                order: json!({ "try": "fs", "what": "/notes/file", "write": true }),
                code: "entity not found",
                command: "fs=FOLDER:/notes:rw".to_owned(),
            },
            Power {
                grant: words(&[&http, "http-private"]),
                revoke: words(&[&http]),
                order: json!({ "try": "http", "what": format!("{}/hello", self.place()) }),
                code: "ErrorCode::HttpRequestDenied",
                command: http,
            },
            Power {
                grant: words(&["storage"]),
                revoke: words(&["storage"]),
                order: json!({ "try": "storage" }),
                code: "not-granted",
                command: "storage".to_owned(),
            },
            secret("secret=token", false),
            secret("secret=token:write", true),
        ]
    }

    /// `portcullis <verb> ORIGIN PLUGIN <words>`.
    #[track_caller]
    fn edit(&self, verb: &str, words: &[String]) {
        let command = [verb, ORIGIN, PLUGIN].into_iter();
        let said = run(&self.home, command.chain(words.iter().map(String::as_str)));
        assert_eq!(said.code, 0, "{said:?}");
    }

    fn policy(&self) -> String {
        fs::read_to_string(self.home.path().join("policy.toml")).expect("written")
    }

    /// Tries twice in one port, which has a log of its own; it has to come to the same.
    #[track_caller]
    fn attempt(&self, origin: &str, order: &Value) -> (Value, String) {
        drop(fs::remove_dir_all(self.home.path().join("logs")));
        let mut port = Browser::chromium(&self.home).origin(origin).start();
        let [first, second] = [(); 2].map(|()| port.ask(&order.to_string()).json());
        assert_eq!(first, second, "{order}");
        port.end().expect_exit(0).expect_no_frames();
        (first, self.home.log())
    }

    #[track_caller]
    fn expect_allowed(&self, power: &Power) {
        let (answer, log) = self.attempt(ORIGIN, &power.order);
        assert_eq!(answer, json!({ "allowed": true }), "{}\n{log}", power.order);
        assert!(!log.contains("portcullis grant"), "{}: {log}", power.order);
    }

    #[track_caller]
    fn expect_refused(&self, what: &str, origin: &str, power: &Power) {
        let (answer, log) = self.attempt(origin, &power.order);
        let refused = json!({ "allowed": false, "code": power.code });
        assert_eq!(answer, refused, "{what}: {}\n{log}", power.order);
        let command = format!(
            "`portcullis grant {origin} {PLUGIN} {}` would allow it",
            power.command
        );
        let told: Vec<&str> = log.lines().filter(|line| line.contains(&command)).collect();
        assert_eq!(told.len(), 1, "{what}: `{command}`, once: {log}");
        assert!(told[0].contains("WARN"), "{what}: {log}");
    }
}

#[test]
fn every_power_is_for_whom_it_was_granted_and_for_nobody_else() {
    let stage = Stage::new();
    let mut granted = Vec::new();
    for power in stage.powers() {
        stage.home.policy(&stage.bare);
        stage.expect_refused("never granted", ORIGIN, &power);
        stage.edit("grant", &power.grant);
        stage.expect_allowed(&power);
        stage.expect_refused("granted to another extension", OTHER_ORIGIN, &power);
        granted.push(stage.policy());
        stage.edit("revoke", &power.revoke);
        stage.expect_refused("revoked", ORIGIN, &power);
    }
    stage.install("2", ", { name = \"more\", reason = \"r\" }");
    for (power, granted) in stage.powers().iter().zip(granted) {
        stage.home.policy(&granted);
        drop(fs::remove_dir_all(stage.home.path().join("logs")));
        let mut port = Browser::chromium(&stage.home).start();
        let frame = port.ask(&power.order.to_string());
        let error = frame.expect_error("permission-required");
        let command = format!("portcullis grant {ORIGIN} {PLUGIN} --approve");
        assert_eq!(error.hint.as_deref(), Some(&*command), "{}", power.order);
        port.end().expect_exit(0).expect_no_frames();
        let log = stage.home.log();
        let told = format!("`{command}` would allow it");
        assert_eq!(log.matches(&told).count(), 1, "{}: {log}", power.order);
        stage.edit("grant", &["--approve".to_owned()]);
        stage.expect_allowed(power);
    }
}

/// Settings and variables are told and not reached, so that there is nothing to refuse or to approve; but they are for
/// one extension, and as long as the policy has them.
#[test]
fn settings_and_variables_are_for_one_extension() {
    let stage = Stage::new();
    for (grant, revoke, order) in [
        (
            "config=theme=dark",
            "config=theme",
            json!({ "try": "config", "what": "theme" }),
        ),
        (
            "env=TZ=UTC",
            "env=TZ",
            json!({ "try": "env", "what": "TZ" }),
        ),
    ] {
        stage.home.policy(&stage.bare);
        let has = |origin| {
            let (answer, log) = stage.attempt(origin, &order);
            assert!(!log.contains("portcullis grant"), "{log}");
            answer["allowed"].as_bool().expect("yes or no")
        };
        assert!(!has(ORIGIN), "{grant}: never granted");
        stage.edit("grant", &[grant.to_owned()]);
        assert!(has(ORIGIN) && !has(OTHER_ORIGIN), "{grant}: granted to one");
        stage.edit("revoke", &[revoke.to_owned()]);
        assert!(!has(ORIGIN), "{grant}: revoked");
    }
}
