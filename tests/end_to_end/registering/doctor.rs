//! `doctor`: a registration is broken in every way that we know; it is named in the browser's words, and mended where it
//! is ours.

mod breaks;

use std::fs;
use std::path::PathBuf;

use portcullis_tests::{ADD_ON, Browser, ORIGIN, OTHER_ORIGIN};
use serde_json::{Value, json};

use super::{HOST, Machine, files_below};
use crate::fixture::{Verb, home_with, order, route};
use breaks::{BREAKS, Break};

const CHROMIUM: &str = "user/.config/chromium/NativeMessagingHosts/com.example.notes.json";
const FIREFOX: &str = "user/.mozilla/native-messaging-hosts/com.example.notes.json";

const NOT_FOUND: &str = "Specified native messaging host not found.";
const FORBIDDEN: &str = "Access to the specified native messaging host is forbidden.";
const UNKNOWN: &str = "No such native application com.example.notes";

/// A machine with Chromium and Firefox, on which one plugin serves an extension of each.
fn machine() -> Machine {
    let policy = route(ORIGIN, "echo") + &route(ADD_ON, "echo");
    let machine = Machine::with(home_with(&["echo"], &policy));
    for program in ["chromium", "firefox-esr"] {
        machine.write(&format!("programs/{program}"), "");
    }
    machine
        .run(["register", HOST, "--allow", ORIGIN, ADD_ON])
        .succeeds();
    machine
}

/// The findings of this severity.
fn found<'a>(said: &'a Value, severity: &str) -> Vec<&'a Value> {
    let findings = said["findings"].as_array().expect("a list").iter();
    findings
        .filter(|finding| finding["severity"] == *severity)
        .collect()
}

/// Nothing is broken.
#[track_caller]
fn is_clean(machine: &Machine) {
    let (code, said) = machine.json(["doctor"]);
    assert_eq!((code, found(&said, "broken").len()), (0, 0), "{said:#}");
}

fn edit(machine: &Machine, path: &str, change: impl Fn(&mut Value)) {
    let mut manifest = serde_json::from_str(&machine.read(path)).expect("it is JSON");
    change(&mut manifest);
    machine.write(path, &manifest.to_string());
}

fn launcher(machine: &Machine) -> PathBuf {
    machine.home.path().join("hosts").join(HOST)
}

#[test]
fn every_break_of_ours_is_named_and_mended() {
    let machine = machine();
    is_clean(&machine);
    for Break {
        name,
        how,
        about,
        shown,
        words,
    } in BREAKS
    {
        how(&machine);
        let (code, said) = machine.json(["doctor"]);
        let broken = found(&said, "broken");
        assert_eq!(code, 1, "{name}: {said:#}");
        let first = broken
            .first()
            .unwrap_or_else(|| panic!("{name}: nothing is broken: {said:#}"));
        assert_eq!(first["about"], *about, "{name}: {said:#}");
        assert_eq!(first["shown"].as_str(), *shown, "{name}: {said:#}");
        let all = broken.iter().map(ToString::to_string).collect::<String>();
        assert!(all.contains(words), "{name}: `{words}` is not in {all}");
        let (code, said) = machine.json(["doctor", "--fix"]);
        assert_eq!(
            (code, found(&said, "broken").len()),
            (0, 0),
            "{name}: {said:#}"
        );
        assert_ne!(said["mended"], json!([]), "{name}");
        is_clean(&machine);
    }
}

/// How a machine is changed.
type How<'a> = &'a dyn Fn(&Machine);

/// What `--fix` must leave alone, or cannot know.
#[test]
fn what_is_not_ours_is_named_and_stays() {
    let foreign = json!({
        "name": HOST, "description": "x", "path": "/bin/true", "type": "stdio", "allowed_origins": [ORIGIN],
    });
    let ways: &[(&str, How<'_>, &str, &str)] = &[
        (
            "somebody else's manifest",
            &|machine| drop(machine.write(CHROMIUM, &foreign.to_string())),
            "Chromium",
            "its manifest starts `/bin/true`, which is not ours",
        ),
        (
            "a route without a manifest",
            &|machine| {
                let policy =
                    route(ORIGIN, "echo") + &route(ADD_ON, "echo") + &route(OTHER_ORIGIN, "echo");
                machine.home.policy(&format!("version = 1\n{policy}"));
            },
            "routes",
            "`portcullis register HOST_NAME --allow chrome-extension://abcdefghijklmnopabcdefghijklmnop/`",
        ),
        (
            "a manifest without a route",
            &|machine| {
                machine
                    .home
                    .policy(&format!("version = 1\n{}", route(ORIGIN, "echo")));
            },
            "routes",
            "`portcullis route add native@tests.mozilla.org PLUGIN`",
        ),
        (
            "a route to no plugin",
            &|machine| {
                let policy = route(ORIGIN, "notes") + &route(ADD_ON, "echo");
                machine.home.policy(&format!("version = 1\n{policy}"));
            },
            "policy",
            "line 2 routes `chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/` to `notes`, which is not installed",
        ),
        (
            "a policy that cannot be read",
            &|machine| {
                machine.home.policy("version = 1\nrout = 1\n");
            },
            "policy",
            "policy.toml",
        ),
        (
            "a plugin that was changed",
            &|machine| {
                for file in files_below(&machine.home.path().join("store")) {
                    fs::write(file, "other bytes").expect("it is ours");
                }
            },
            "plugin `echo`",
            "--name echo --replace`",
        ),
        (
            "a policy of an administrator's",
            &|machine| {
                let policies = json!({ "NativeMessagingBlocklist": ["*"] });
                machine.write(
                    "system/etc/chromium/policies/managed/hosts.json",
                    &policies.to_string(),
                );
            },
            "Chromium",
            "an administrator's policy does not let `com.example.notes` start",
        ),
        (
            "a record that cannot be read",
            &|machine| {
                machine.home.write("hosts.json", b"{");
            },
            "hosts",
            "hosts.json",
        ),
    ];
    for (name, how, about, words) in ways {
        let machine = machine();
        how(&machine);
        for arguments in [&["doctor"][..], &["doctor", "--fix"]] {
            let before = machine.path(CHROMIUM);
            let before = fs::read(&before).expect("it is there");
            let (code, said) = machine.json(arguments.iter().copied());
            let broken = found(&said, "broken");
            assert_eq!(code, 1, "{name}: {said:#}");
            let it = broken
                .iter()
                .find(|one| one["about"] == *about && one.to_string().contains(words));
            assert!(
                it.is_some(),
                "{name}: no `{words}` about `{about}` in {said:#}"
            );
            assert_eq!(
                fs::read(machine.path(CHROMIUM)).expect("it is there"),
                before,
                "{name}"
            );
        }
    }
}

#[test]
fn an_administrators_list_that_allows_wins_and_one_that_forbids_users_hosts_hides_ours() {
    let machine = machine();
    let managed = "system/etc/chromium/policies/managed/hosts.json";
    let policies = json!({ "NativeMessagingBlocklist": ["*"], "NativeMessagingAllowlist": [HOST] });
    machine.write(managed, &policies.to_string());
    is_clean(&machine);
    machine.write(
        managed,
        &json!({ "NativeMessagingUserLevelHosts": false }).to_string(),
    );
    let (code, said) = machine.json(["doctor"]);
    assert_eq!(
        (code, &found(&said, "broken")[0]["shown"]),
        (1, &json!(NOT_FOUND)),
        "{said:#}"
    );
    assert_eq!(
        found(&said, "warning")[0]["file"],
        json!(machine.path(managed)),
        "{said:#}"
    );
}

/// Case 46.
#[test]
fn case_46_a_bad_file_of_the_users_hides_a_good_one_from_chromium_only() {
    let machine = machine();
    machine
        .run(["register", HOST, "--allow", ORIGIN, ADD_ON, "--system"])
        .succeeds();
    is_clean(&machine);
    machine.write(CHROMIUM, "{");
    machine.write(FIREFOX, "{");
    let (code, said) = machine.json(["doctor"]);
    assert_eq!(code, 1);
    let broken = found(&said, "broken");
    assert_eq!(broken.len(), 1, "{said:#}");
    assert_eq!(
        (&broken[0]["about"], &broken[0]["shown"]),
        (&json!("Chromium"), &json!(NOT_FOUND))
    );
    let warnings = found(&said, "warning");
    assert_eq!(
        (&warnings[0]["about"], &warnings[0]["file"]),
        (&json!("Firefox"), &json!(machine.path(FIREFOX)))
    );
    let good = found(&said, "ok");
    let system = machine
        .path("system/usr/lib/mozilla/native-messaging-hosts")
        .join(format!("{HOST}.json"));
    assert!(
        good.iter()
            .any(|one| one["about"] == "Firefox" && one["file"] == json!(system)),
        "{said:#}"
    );
}

#[test]
fn what_a_person_reads() {
    let machine = machine();
    let said = machine.run(["doctor"]).succeeds();
    for line in [
        "ok: browsers: Chromium, Firefox\n",
        "ok: Chromium `com.example.notes`: 1 extension may connect\n",
        "ok: plugin `echo`: it and its native code are what was installed\n",
        "ok: policy: 2 routes\n",
        "ok: second line: active: no-new-privileges, not-dumpable, resource-limits, landlock, seccomp\n",
    ] {
        assert!(said.contains(line), "`{line}` is not in\n{said}");
    }
    edit(&machine, CHROMIUM, |it| it["type"] = json!("pipe"));
    let output = machine
        .command(["doctor"])
        .output()
        .expect("the program was just built");
    let said = String::from_utf8_lossy(&output.stdout);
    let place = machine.path(CHROMIUM);
    let expected = format!(
        "broken: Chromium `com.example.notes`: `type` is `pipe`, not `stdio`\n\
         \x20 in: {}:1:",
        place.display()
    );
    assert!(said.contains(&expected), "`{expected}` is not in\n{said}");
    let expected = "  the extension is told: Specified native messaging host not found.\n\
                    \x20 the browser logs: Failed to load manifest for native messaging host com.example.notes: Invalid \
                    value for type.\n\
                    \x20 mend: write `\"type\": \"stdio\"`\n";
    assert!(said.contains(expected), "`{expected}` is not in\n{said}");
    assert_eq!(
        (
            output.status.code(),
            &*String::from_utf8_lossy(&output.stderr)
        ),
        (
            Some(1),
            "error: 1 thing is broken; `portcullis doctor --fix` mends what is ours\n"
        )
    );
}

#[test]
fn a_quarantine_and_the_last_errors_are_told() {
    let machine = Machine::with(home_with(&["unruly"], &route(ORIGIN, "unruly")));
    machine.write("programs/chromium", "");
    machine
        .run(["register", HOST, "--allow", ORIGIN])
        .succeeds();
    is_clean(&machine);
    for _ in 0..8 {
        let mut port = Browser::chromium(&machine.home).start();
        port.ask(&order(Verb::Trap, 0));
        port.end().expect_exit(0);
    }
    // Errors that can be told apart, and one more of them than are shown.
    for had in 1..=6_u8 {
        let mut port = Browser::chromium(&machine.home).start();
        port.send_raw(&10_u32.to_ne_bytes())
            .send_raw(&vec![b' '; had.into()]);
        port.end().expect_exit(3);
    }
    let (code, said) = machine.json(["doctor", "--fix"]);
    let broken = found(&said, "broken");
    assert_eq!((code, broken.len()), (1, 1), "{said:#}");
    let mend = broken[0]["mend"].as_str().expect("a text");
    assert!(
        mend.ends_with(&format!("`portcullis enable {ORIGIN} unruly`")),
        "{mend}"
    );
    let errors = found(&said, "note").into_iter();
    let errors = errors.filter(|note| note["about"] == "log");
    let errors: Vec<&str> = errors
        .map(|note| note["detail"].as_str().expect("a text"))
        .collect();
    assert_eq!(errors.len(), 5, "the last of them: {said:#}");
    for (error, had) in errors.iter().zip(2..) {
        let words = format!("input ended after {had} of the 10 bytes of a frame");
        assert!(error.contains(&words), "`{words}`: {errors:#?}");
    }
}

#[test]
fn a_machine_without_anything() {
    let machine = Machine::new();
    let (code, said) = machine.json(["doctor"]);
    assert_eq!((code, found(&said, "broken").len()), (0, 0), "{said:#}");
    let notes: Vec<_> = found(&said, "note")
        .iter()
        .map(|one| one["detail"].clone())
        .collect();
    assert_eq!(notes, ["none was found"], "{said:#}");
}
