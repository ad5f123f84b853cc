//! The conformance cases 39 to 49: `doctor FILE.json` over manifests of anybody's, each in a folder of a browser.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::{Value, json};

use super::{HOST, Machine};

const CHROMIUM: &str = "user/.config/chromium/NativeMessagingHosts";
const FIREFOX: &str = "user/.mozilla/native-messaging-hosts";

const NOT_FOUND: &str = "Specified native messaging host not found.";
const INVALID_NAME: &str = "Invalid native messaging host name specified.";

/// What a browser is expected to make of a manifest.
#[derive(Debug, Clone, Copy)]
enum Verdict {
    /// It starts the program.
    Taken,
    /// It does not, and the extension is told this.
    Refused(&'static str),
    /// It parses, and lets nobody in.
    Nobody,
}

use Verdict::{Nobody, Refused, Taken};

/// A manifest that both families would take, but for the one list that is each one's own.
fn whole(folder: &str, name: &str) -> Value {
    let mut manifest =
        json!({ "name": name, "description": "x", "path": "/bin/true", "type": "stdio" });
    if folder == CHROMIUM {
        manifest["allowed_origins"] =
            json!(["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/"]);
    } else {
        manifest["allowed_extensions"] = json!(["native@tests.mozilla.org"]);
    }
    manifest
}

/// Writes the manifest `name`, lets `doctor` look at it and compares.
#[track_caller]
fn check(machine: &Machine, folder: &str, name: &str, text: &str, expected: Verdict) -> Value {
    let file = machine.write(&format!("{folder}/{name}.json"), text);
    let (code, said) = machine.json(["doctor", file.to_str().expect("a plain name")]);
    let findings = said["findings"].as_array().expect("a list");
    let broken: Vec<&Value> = findings
        .iter()
        .filter(|one| one["severity"] == "broken")
        .collect();
    let about = format!("{folder}/{name}.json: {text}\n{said:#}");
    match expected {
        Taken => assert_eq!((code, broken.len()), (0, 0), "{about}"),
        Refused(shown) => {
            assert_eq!((code, broken.len()), (1, 1), "{about}");
            assert_eq!(broken[0]["shown"], *shown, "{about}");
            assert!(broken[0]["mend"].is_string(), "{about}");
        }
        Nobody => {
            assert_eq!((code, broken.len()), (1, 1), "{about}");
            assert_eq!(
                broken[0]["detail"], "`allowed_origins` is empty: nobody can connect",
                "{about}"
            );
        }
    }
    broken.first().map(|one| (*one).clone()).unwrap_or_default()
}

#[track_caller]
fn check_with(
    machine: &Machine,
    folder: &str,
    change: impl Fn(&mut Value),
    expected: Verdict,
) -> Value {
    let mut manifest = whole(folder, HOST);
    change(&mut manifest);
    check(machine, folder, HOST, &manifest.to_string(), expected)
}

const UNKNOWN: Verdict = Refused("No such native application com.example.notes");

#[test]
fn case_39_and_40_names() {
    let machine = Machine::new();
    for (name, chromium, firefox) in [
        ("a", Taken, Taken),
        ("foo", Taken, Taken),
        ("foo132", Taken, Taken),
        ("foo.bar", Taken, Taken),
        ("foo.bar2", Taken, Taken),
        ("a._.c", Taken, Taken),
        ("A.b", Refused(INVALID_NAME), Taken),
        ("Test.App", Refused(INVALID_NAME), Taken),
        (
            "a..b",
            Refused(INVALID_NAME),
            Refused(r#"String "a..b" must match /^\w+(\.\w+)*$/"#),
        ),
        (
            ".a",
            Refused(INVALID_NAME),
            Refused(r#"String ".a" must match /^\w+(\.\w+)*$/"#),
        ),
        (
            "b.",
            Refused(INVALID_NAME),
            Refused(r#"String "b." must match /^\w+(\.\w+)*$/"#),
        ),
        (
            "a*",
            Refused(INVALID_NAME),
            Refused(r#"String "a*" must match /^\w+(\.\w+)*$/"#),
        ),
    ] {
        check(
            &machine,
            CHROMIUM,
            name,
            &whole(CHROMIUM, name).to_string(),
            chromium,
        );
        check(
            &machine,
            FIREFOX,
            name,
            &whole(FIREFOX, name).to_string(),
            firefox,
        );
    }
    // A name that would lead out of the folder.
    for (folder, expected) in [(CHROMIUM, Refused(NOT_FOUND)), (FIREFOX, UNKNOWN)] {
        check_with(
            &machine,
            folder,
            |it| it["name"] = json!("../test"),
            expected,
        );
    }
}

#[test]
fn case_41_what_is_missing_and_what_is_of_another_type() {
    let machine = Machine::new();
    for (folder, list, expected) in [
        (CHROMIUM, "allowed_origins", Refused(NOT_FOUND)),
        (FIREFOX, "allowed_extensions", UNKNOWN),
    ] {
        check_with(&machine, folder, |_| {}, Taken);
        for key in ["name", "description", "path", "type", list] {
            let broken = check_with(
                &machine,
                folder,
                |it| {
                    it.as_object_mut().expect("an object").remove(key);
                },
                expected,
            );
            let detail = broken["detail"].as_str().expect("a text");
            assert!(detail.contains(&format!("`{key}`")), "{detail}");
        }
        for kind in ["pkcs11", "bogus"] {
            check_with(&machine, folder, |it| it["type"] = json!(kind), expected);
        }
    }
}

#[test]
fn case_42_one_bad_origin_spoils_the_file() {
    let machine = Machine::new();
    let good = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";
    for (origins, expected) in [
        (json!([good]), Taken),
        (json!([good, good]), Taken),
        (json!([good.trim_end_matches('/')]), Refused(NOT_FOUND)),
        (json!(["chrome-extension://*/"]), Refused(NOT_FOUND)),
        (json!(["<all_urls>"]), Refused(NOT_FOUND)),
        (json!(["http://a/"]), Refused(NOT_FOUND)),
        (json!([good, "http://a/"]), Refused(NOT_FOUND)),
        (json!([good, 1]), Refused(NOT_FOUND)),
    ] {
        check_with(
            &machine,
            CHROMIUM,
            |it| it["allowed_origins"] = origins.clone(),
            expected,
        );
    }
}

#[test]
fn case_43_unknown_keys() {
    let machine = Machine::new();
    for key in ["$schema", "comment", "allowed_origins"] {
        check_with(&machine, FIREFOX, |it| it[key] = json!([]), UNKNOWN);
    }
    for key in ["$schema", "comment", "allowed_extensions"] {
        check_with(&machine, CHROMIUM, |it| it[key] = json!([]), Taken);
    }
}

#[test]
fn case_44_an_empty_list() {
    let machine = Machine::new();
    check_with(
        &machine,
        FIREFOX,
        |it| it["allowed_extensions"] = json!([]),
        UNKNOWN,
    );
    check_with(
        &machine,
        CHROMIUM,
        |it| it["allowed_origins"] = json!([]),
        Nobody,
    );
}

#[test]
fn case_45_a_relative_path() {
    let machine = Machine::new();
    for (folder, expected) in [(CHROMIUM, Refused(NOT_FOUND)), (FIREFOX, UNKNOWN)] {
        let broken = check_with(&machine, folder, |it| it["path"] = json!("true"), expected);
        assert_eq!(broken["line"], 1);
        check_with(
            &machine,
            folder,
            |it| it["path"] = json!("/bin/./../bin/true"),
            Taken,
        );
    }
}

#[test]
fn case_47_marks_bytes_and_comments() {
    let machine = Machine::new();
    let text = |folder| whole(folder, HOST).to_string();
    check(
        &machine,
        FIREFOX,
        HOST,
        &format!("\u{feff}{}", text(FIREFOX)),
        Taken,
    );
    check(
        &machine,
        FIREFOX,
        HOST,
        &format!("// x\n{}", text(FIREFOX)),
        UNKNOWN,
    );
    check(
        &machine,
        CHROMIUM,
        HOST,
        &format!("// x\n{}", text(CHROMIUM)),
        Taken,
    );
    for (folder, expected) in [
        (CHROMIUM, NOT_FOUND),
        (FIREFOX, "No such native application com.example.notes"),
    ] {
        let file = machine.write(&format!("{folder}/{HOST}.json"), "");
        let mut bytes = text(folder).into_bytes();
        bytes.insert(3, 0xff);
        fs::write(&file, bytes).expect("it is ours");
        let (code, said) = machine.json(["doctor", file.to_str().expect("a plain name")]);
        assert_eq!(
            (code, &said["findings"][0]["shown"]),
            (1, &json!(expected)),
            "{said:#}"
        );
    }
}

#[test]
fn case_48_native_initiated_connections() {
    let machine = Machine::new();
    const KEY: &str = "supports_native_initiated_connections";
    check_with(&machine, CHROMIUM, |it| it[KEY] = json!(true), Taken);
    check_with(
        &machine,
        CHROMIUM,
        |it| it[KEY] = json!("true"),
        Refused(NOT_FOUND),
    );
}

#[test]
fn case_49_another_name_no_program_and_none_that_starts() {
    let machine = Machine::new();
    let plain = machine.write("plain", "");
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o600)).expect("it is ours");
    for (folder, other_name, missing, not_executable) in [
        (CHROMIUM, NOT_FOUND, NOT_FOUND, "Native host has exited."),
        (
            FIREFOX,
            "No such native application com.example.notes",
            "An unexpected error occurred",
            "An unexpected error occurred",
        ),
    ] {
        check_with(
            &machine,
            folder,
            |it| it["name"] = json!("com.example.other"),
            Refused(other_name),
        );
        check_with(
            &machine,
            folder,
            |it| it["path"] = json!("/nonexistent/host"),
            Refused(missing),
        );
        check_with(
            &machine,
            folder,
            |it| it["path"] = json!(&plain),
            Refused(not_executable),
        );
    }
}

/// A person may name a manifest over links and `..`; it is the same file.
#[test]
fn a_file_is_read_by_its_browsers_however_it_is_named() {
    let machine = Machine::new();
    machine.write(
        &format!("{CHROMIUM}/{HOST}.json"),
        &whole(CHROMIUM, HOST).to_string(),
    );
    symlink(machine.path(CHROMIUM), machine.path("link")).expect("a folder takes a link");
    for named in [
        format!("{CHROMIUM}/../NativeMessagingHosts/{HOST}.json"),
        format!("link/{HOST}.json"),
    ] {
        let file = machine.path(&named);
        let said = machine.run(["doctor", file.to_str().expect("a plain name")]);
        let said = said.succeeds();
        assert!(said.starts_with("ok: Chromium: it starts"), "{said}");
    }
}

#[test]
fn a_file_that_no_browser_reads_is_judged_by_its_list() {
    let machine = Machine::new();
    let chromium = machine.write(&format!("{HOST}.json"), &whole(CHROMIUM, HOST).to_string());
    let said = machine
        .run(["doctor", chromium.to_str().expect("a plain name")])
        .succeeds();
    assert_eq!(
        said,
        "note: manifest: no browser looks for manifests in its folder\n\
         \x20 in: [BESIDE]/com.example.notes.json\n\
         ok: Chromium and its kin: it starts `/bin/true` for 1 of its entries\n\
         \x20 in: [BESIDE]/com.example.notes.json\n"
    );
    // Neither list: neither family takes it.
    let neither = machine.write("neither.json", "{}");
    let (code, said) = machine.json(["doctor", neither.to_str().expect("a plain name")]);
    assert_eq!((code, &said["broken"]), (1, &json!(2)), "{said:#}");
}
