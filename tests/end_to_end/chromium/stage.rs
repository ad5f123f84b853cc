//! A browser with the extension, and every host that a test may name.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use portcullis_tests::chromium::{Chromium, started_from, wait_until_gone};
use portcullis_tests::{Home, OTHER_ORIGIN, encode, guests};

use super::cases::MOST_FROM_HOST;

/// What the `key` in the extension's manifest makes of it. The key is any RSA public key; nobody has the private one.
const ORIGIN: &str = "chrome-extension://ghcjmemlbppdjaidhppchgjkejoimbch/";

/// Host names, each with a launcher and a manifest where nothing else is said.
pub(super) const ECHO: &str = "com.portcullis.echo";
pub(super) const PING_PONG: &str = "com.portcullis.ping_pong";
pub(super) const UNRULY: &str = "com.portcullis.unruly";
/// The origin has routes, but none for this name.
pub(super) const UNROUTED: &str = "com.portcullis.unrouted";
/// Belongs to another home, whose policy does not mention the origin.
pub(super) const STRANGER: &str = "com.portcullis.stranger";
/// The manifest allows another extension only.
pub(super) const FORBIDDEN: &str = "com.portcullis.forbidden";
/// Has no manifest.
pub(super) const MISSING: &str = "com.portcullis.missing";

/// How soon a host has to be gone. The browser kills it a second later.
pub(super) const GONE_WITHIN: Duration = Duration::from_secs(1);

/// A browser, and the homes of the hosts that it may start.
pub(super) struct Stage {
    pub(super) browser: Chromium,
    home: Home,
    stranger: Home,
    /// What is started for each host name.
    programs: BTreeMap<&'static str, PathBuf>,
}

impl Stage {
    /// Builds what is to be built, fills two homes by the real verbs, and starts the browser.
    pub(super) fn new() -> Self {
        let home = Home::new();
        home.add("echo", &guests::echo())
            .add("ping-pong", &guests::ping_pong())
            .add("unruly", &guests::unruly());
        for (plugin, host) in [("echo", ECHO), ("ping-pong", PING_PONG), ("unruly", UNRULY)] {
            add_route(&home, ORIGIN, plugin, host);
        }
        let stranger = Home::new();
        stranger.add("echo", &guests::echo());
        add_route(&stranger, OTHER_ORIGIN, "echo", STRANGER);

        let extension = Path::new(env!("CARGO_MANIFEST_DIR")).join("extension");
        let browser = Chromium::start(&extension).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(
            browser.origin(),
            ORIGIN,
            "the origin follows from the `key` in `manifest.json`"
        );
        let mut stage = Self {
            browser,
            home,
            stranger,
            programs: BTreeMap::new(),
        };
        for host in [ECHO, PING_PONG, UNRULY, UNROUTED] {
            stage.register(host, stage.home.launcher(host), ORIGIN);
        }
        stage.register(STRANGER, stage.stranger.launcher(STRANGER), ORIGIN);
        stage.register(FORBIDDEN, stage.home.launcher(FORBIDDEN), OTHER_ORIGIN);
        stage
    }

    fn register(&mut self, host: &'static str, program: PathBuf, origin: &str) {
        self.browser
            .register(host, &program, origin)
            .expect("the browser's profile can be written");
        self.programs.insert(host, program);
    }

    /// Registers hosts that are wrong, each in its own way, and returns their names with what `check` may say of them.
    pub(super) fn wrong_hosts(&mut self) -> Vec<(&'static str, &'static [&'static str])> {
        const EXITED: &str = "Native host has exited.";
        const BROKEN: &str = "Error when communicating with the native messaging host.";
        // Without `exec`: the shell has to stay, because it holds the output that the browser listens to.
        const UNTIL_END_OF_INPUT: &str = "cat >/dev/null";
        // A pipe that has a writer and gets nothing: no child is made, which would be a second process for a moment.
        const FOR_EVER: &str = r#"exec 3<>"$0.pipe"; read line <&3"#;
        let right = encode(r#"{"a":1}"#);
        let wrong = encode(r#"{"a":2}"#);
        let too_long = encode(&format!("\"{}\"", "x".repeat(MOST_FROM_HOST - 1)));
        let mut hosts: Vec<(_, &[&str])> = vec![
            (MISSING, &["Specified native messaging host not found."]),
            (
                FORBIDDEN,
                &["Access to the specified native messaging host is forbidden."],
            ),
            // The browser says the second where it is still writing when the program ends.
            ("wrong.false", &[EXITED, BROKEN]),
        ];
        self.register("wrong.false", PathBuf::from("/bin/false"), ORIGIN);
        for (name, output, rest, objections) in [
            (
                "wrong.answer",
                &wrong[..],
                UNTIL_END_OF_INPUT,
                &[r#"{\"a\":2}"#] as &[&str],
            ),
            (
                "wrong.stray_print",
                b"ready\n",
                UNTIL_END_OF_INPUT,
                &[BROKEN],
            ),
            ("wrong.length", &too_long, UNTIL_END_OF_INPUT, &[BROKEN]),
            ("wrong.silent", b"", UNTIL_END_OF_INPUT, &["Silence"]),
            ("wrong.lingers", &right, FOR_EVER, &["still ran"]),
        ] {
            let program = self.home.beside().join(name);
            let written = self.home.beside().join(format!("{name}.output"));
            fs::write(&written, output).expect("the folder can be written");
            fs::write(
                &program,
                format!("#!/bin/sh\ncat '{}'\n{rest}\n", written.display()),
            )
            .expect("the folder can be written");
            fs::set_permissions(&program, Permissions::from_mode(0o700))
                .expect("the file is our own");
            let pipe = self.home.beside().join(format!("{name}.pipe"));
            mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
                .expect("the folder can be written");
            self.register(name, program, ORIGIN);
            hosts.push((name, objections));
        }
        hosts
    }

    /// The processes that run for a host name; none where nothing is registered for it.
    pub(super) fn processes(&self, host: &str) -> Vec<u32> {
        self.programs
            .get(host)
            .map(|program| started_from(program).expect("`/proc` can be read"))
            .unwrap_or_default()
    }

    /// Waits until none runs, for a second from `since` at most.
    pub(super) fn gone(&self, host: &str, since: Instant) -> Result<(), String> {
        match self.programs.get(host) {
            Some(program) => wait_until_gone(program, since, GONE_WITHIN)
                .map(drop)
                .map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    /// Ends the test: nothing was objected to, and no host panicked where only the browser's log could tell.
    pub(super) fn verdict(self, objections: &[String]) {
        let printed = self.browser.printed();
        let quiet = !printed.contains("panicked at");
        assert!(
            objections.is_empty() && quiet,
            "{}\n\nthe browser and its hosts printed:\n{printed}\nthe host's log:\n{}{}",
            objections.join("\n\n"),
            self.home.log(),
            self.stranger.log(),
        );
    }
}

fn add_route(home: &Home, origin: &str, plugin: &str, host: &str) {
    let output = home
        .portcullis(["route", "add", origin, plugin, "--host-name", host])
        .output()
        .expect("the program was just built");
    assert!(
        output.status.success(),
        "`portcullis route add` refused:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
