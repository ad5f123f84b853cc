//! The second line, proved from inside by a probe, from outside on the host itself, and where a layer is absent.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use portcullis_tests::{Browser, Home, ORIGIN, programs};
use rustix::process::Signal;

use crate::fixture::{HELLO, Verb, guest, home, home_with, limited_home, order, route};

/// What the probe prints in one of its modes: each deed, and whether it was done.
fn probe(mode: &str) -> BTreeMap<String, bool> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let output = Command::new(programs::confinement_probe())
        .arg(mode)
        .arg(folder.path())
        .output()
        .expect("the probe starts");
    assert!(output.status.success(), "{mode}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("the probe prints UTF-8");
    let deed = |line: &str| {
        let (deed, outcome) = line.split_once(' ').expect("a deed and its outcome");
        assert!(
            outcome == "done" || outcome.starts_with("refused: "),
            "{line}"
        );
        (deed.to_owned(), outcome == "done")
    };
    text.lines().map(deed).collect()
}

#[test]
fn what_is_possible_without_the_second_line_is_refused_behind_it() {
    let free = probe("free");
    let confined = probe("confined");
    assert_eq!(
        free.keys().collect::<Vec<_>>(),
        confined.keys().collect::<Vec<_>>()
    );
    assert!(free.len() > 30, "the probe tries much: {free:?}");
    for (deed, done) in &free {
        assert!(
            done,
            "`{deed}` has to be possible without confinement, or its refusal shows nothing"
        );
    }
    for (deed, done) in &confined {
        assert_eq!(*done, deed == "own-work", "`{deed}` behind the second line");
    }
}

#[test]
fn a_process_that_aborts_behind_the_second_line_ends() {
    let output = Command::new(programs::confinement_probe())
        .args(["abort-confined", "."])
        .output()
        .expect("the probe starts");
    let signal = output.status.signal().and_then(Signal::from_named_raw);
    assert_eq!(signal, Some(Signal::ABORT), "{output:?}");
}

/// The largest file that a process may write, in bytes, as `/proc/<pid>/limits` says it.
fn largest_file(process: u32) -> String {
    let text = fs::read_to_string(format!("/proc/{process}/limits")).expect("the host is running");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max file size"));
    let values = line.unwrap_or_else(|| panic!("no file size in:\n{text}"));
    let values: Vec<&str> = values.split_whitespace().collect();
    let [soft, hard, "bytes"] = values[..] else {
        panic!("{values:?}");
    };
    assert_eq!(soft, hard, "nothing can be raised again");
    soft.to_owned()
}

#[test]
fn files_stay_as_small_as_the_grant_lets_them() {
    const MIB: u64 = 1024 * 1024;
    let put = r#"{"do":"set","key":"k","bytes":1}"#;
    let storage = "storage = true\n";
    // Room for 100 MiB and a thousand keys, in pages that may be three quarters empty, and what a file has anyway.
    let large = 4 * (100 * MIB + 1000 * 600) + MIB;
    for (plugin, limits, grant, (order, reply), expected) in [
        (
            "storage",
            "storage = \"4KiB\"",
            storage,
            (put, "\"set\""),
            (64 * MIB).to_string(),
        ),
        (
            "storage",
            "storage = \"100MiB\"\nstorage-keys = 1000",
            storage,
            (put, "\"set\""),
            large.to_string(),
        ),
        (
            "files",
            "",
            "read-only",
            ("[]", "[]"),
            (64 * MIB).to_string(),
        ),
        // Whatever is in a folder of the user's may be there at any size.
        (
            "files",
            "",
            "read-write",
            ("[]", "[]"),
            "unlimited".to_owned(),
        ),
    ] {
        let home = Home::new();
        home.add(plugin, &guest(plugin));
        let granted = if plugin == "files" {
            let folder = home.beside().join("granted");
            fs::create_dir(&folder).expect("a new folder");
            format!("fs = [{{ host = {folder:?}, guest = \"/granted\", access = \"{grant}\" }}]\n")
        } else {
            grant.to_owned()
        };
        let (route, approved) = (route(ORIGIN, plugin), home.approved(plugin));
        home.policy(&format!(
            "version = 1\n[limits]\n{limits}\n{route}\n[route.grant]\n{approved}{granted}"
        ));
        let mut port = Browser::chromium(&home).start();
        port.ask(order).expect_text(reply);
        assert_eq!(largest_file(port.id()), expected, "{limits} {granted}");
        port.end().expect_exit(0).expect_no_frames();
    }
}

/// One line of `/proc/<pid>/status`.
fn status(process: u32, key: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{process}/status")).expect("the host is running");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{key}:")));
    line.unwrap_or_else(|| panic!("no `{key}` in:\n{text}"))
        .trim()
        .to_owned()
}

#[test]
fn the_host_is_confined_before_the_first_message_and_only_then() {
    let home_off = home_with(
        &["echo"],
        &(route(ORIGIN, "echo") + "[route.sandbox]\nos = \"off\"\n"),
    );
    for (home, no_new_privileges, seccomp, word) in [
        (home("echo"), "1", "2", "landlock, seccomp"),
        (home_off, "0", "0", "confined by the system: off"),
    ] {
        let mut port = Browser::chromium(&home).start();
        port.ask(HELLO).expect_text(HELLO);
        assert_eq!(status(port.id(), "NoNewPrivs"), no_new_privileges);
        assert_eq!(status(port.id(), "Seccomp"), seccomp);
        assert_eq!(
            status(port.id(), "Threads"),
            "1",
            "one thread, all of it confined"
        );
        let first = home
            .log()
            .lines()
            .next()
            .map(str::to_owned)
            .unwrap_or_default();
        assert!(
            first.contains(word),
            "the log's first line names the layers: {first}"
        );
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
    }
}

#[test]
fn required_fails_closed_where_a_layer_is_absent() {
    let required = route(ORIGIN, "echo") + "[route.sandbox]\nos = \"required\"\n";
    for (policy, works) in [(required, false), (route(ORIGIN, "echo"), true)] {
        let home = home_with(&["echo"], &policy);
        // With every layer there it works in either case.
        let mut port = Browser::chromium(&home).start();
        port.ask(HELLO).expect_text(HELLO);
        port.end().expect_exit(0).expect_quiet();

        let probe = programs::confinement_probe();
        let mut port = Browser::chromium(&home)
            .wrapper([probe.as_os_str(), "without-landlock".as_ref()])
            .start();
        if works {
            port.ask(HELLO).expect_text(HELLO);
            assert!(home.log().contains("no landlock ("), "{}", home.log());
            port.end().expect_exit(0).expect_quiet();
        } else {
            port.ask(HELLO).expect_error("sandbox-unavailable");
            port.ask(HELLO).expect_error("sandbox-unavailable");
            port.end()
                .expect_exit(1)
                .expect_stderr_contains("no landlock (");
        }
    }
}

/// A mask survives `exec`, and the host lives by two signals: the ticks that stop a guest, and the one that ends a port.
#[test]
fn signals_that_a_parent_has_blocked_still_count() {
    let home = limited_home("unruly", "cpu-per-call = \"300ms\"");
    let probe = programs::confinement_probe();
    let wrapper = || [probe.as_os_str(), "with-blocked-signals".as_ref()];
    for signal in [
        None,
        Some(Signal::TERM),
        Some(Signal::INT),
        Some(Signal::HUP),
    ] {
        let mut port = Browser::chromium(&home).wrapper(wrapper()).start();
        port.ask(HELLO).expect_text(r#"{"length":18}"#);
        match signal {
            None => {
                port.ask(&order(Verb::Loop, 0))
                    .expect_error("plugin-timeout");
                port.ask(HELLO).expect_text(r#"{"length":18}"#);
                port.close_input();
            }
            Some(signal) => {
                port.signal(signal);
            }
        }
        port.wait()
            .expect_exit(0)
            .expect_no_frames()
            .expect_within(Duration::from_millis(1900));
    }
    // They were blocked indeed: a program that does nothing about it cannot be ended by them.
    let mut port = Browser::chromium(&home)
        .wrapper(wrapper())
        .program(Path::new("/bin/cat"))
        .arguments(["-"])
        .start();
    port.ask("[1]").expect_text("[1]");
    port.signal(Signal::TERM);
    thread::sleep(Duration::from_millis(200));
    assert!(port.is_running(), "SIGTERM was not blocked");
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn doctor_names_the_layers() {
    let home = home("echo");
    let output = home
        .portcullis(["doctor", "--sandbox"])
        .output()
        .expect("portcullis starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for layer in [
        "no-new-privileges",
        "not-dumpable",
        "resource-limits",
        "landlock",
        "seccomp",
    ] {
        assert!(text.contains(&format!("{layer}: active")), "{text}");
    }
    let json = home
        .portcullis(["doctor", "--sandbox", "--json"])
        .output()
        .expect("it starts");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it prints JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(5), "{json}");
}

#[test]
fn an_idle_port_has_no_wake_ups() {
    let home = home("ping-pong");
    let mut port = Browser::chromium(&home).start();
    port.ask("\"ping\"").expect_text("\"pong\"");
    // The ticker stops at the second tick that meets no guest.
    thread::sleep(Duration::from_millis(200));
    let switches = || {
        let voluntary = status(port.id(), "voluntary_ctxt_switches");
        let other = status(port.id(), "nonvoluntary_ctxt_switches");
        (voluntary, other)
    };
    let before = switches();
    thread::sleep(Duration::from_secs(10));
    assert_eq!(switches(), before, "a process that wakes up is switched to");
    port.ask("\"ping\"").expect_text("\"pong\"");
    thread::sleep(Duration::from_millis(200));
    assert_ne!(
        status(port.id(), "voluntary_ctxt_switches"),
        before.0,
        "the count does count"
    );
    port.end().expect_exit(0).expect_no_frames();
}
