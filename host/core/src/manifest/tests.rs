//! Conformance cases 39 to 49, as far as they are about one manifest or the choice among several.

mod reading;

use serde_json::{Value, json};

use super::*;

const NAME: &str = "com.example.echo";
const ID: &str = "knldjmfmopnpolahpmmgbagdohdnhkik";
const ADD_ON: &str = "native@tests.mozilla.org";
const FAMILIES: [Family; 2] = [Family::Chromium, Family::Mozilla];

const NOT_FOUND: &str = "Specified native messaging host not found.";

fn origin(family: Family) -> Origin {
    let text = match family {
        Family::Chromium => format!("chrome-extension://{ID}/"),
        Family::Mozilla => ADD_ON.to_owned(),
    };
    text.parse().expect("a valid origin")
}

fn list(family: Family) -> &'static str {
    match family {
        Family::Chromium => "allowed_origins",
        Family::Mozilla => "allowed_extensions",
    }
}

/// A manifest that this family takes.
fn good(family: Family) -> Value {
    json!({
        "name": NAME,
        "description": "Echo",
        "path": "/opt/echo",
        "type": "stdio",
        list(family): [origin(family)],
    })
}

fn with(family: Family, key: &str, value: Value) -> Value {
    let mut manifest = good(family);
    manifest[key] = value;
    manifest
}

fn judge_named(family: Family, manifest: &Value, name: &str) -> Result<HostManifest, Fault> {
    read_on(System::Posix, family, manifest.to_string().as_bytes(), name)
}

fn judge(family: Family, manifest: &Value) -> Result<HostManifest, Fault> {
    judge_named(family, manifest, NAME)
}

/// The line of the browser's log for a manifest that it refuses, without what Chromium's lines begin with.
fn reason(family: Family, manifest: &Value) -> String {
    let fault = judge(family, manifest).expect_err("the browser refuses it");
    let line = fault.logged.expect("the browser says why");
    let start = format!("Failed to load manifest for native messaging host {NAME}: ");
    line.strip_prefix(&start).unwrap_or(&line).to_owned()
}

#[test]
fn a_good_manifest_is_taken_and_lets_its_extension_in() {
    for family in FAMILIES {
        let manifest = judge(family, &good(family)).expect("a good manifest");
        assert_eq!(
            (
                manifest.family(),
                manifest.name().as_str(),
                manifest.description(),
                manifest.path()
            ),
            (family, NAME, "Echo", "/opt/echo")
        );
        assert_eq!(manifest.check_caller(&origin(family)), Ok(()));
        let shown = match family {
            Family::Chromium => "Access to the specified native messaging host is forbidden.",
            Family::Mozilla => "No such native application com.example.echo",
        };
        let other = match family {
            Family::Chromium => format!("chrome-extension://{}/", ID.replace('k', "l")),
            Family::Mozilla => "other@tests.mozilla.org".to_owned(),
        };
        for other in [
            other,
            origin(FAMILIES[usize::from(family == Family::Chromium)]).to_string(),
        ] {
            let other: Origin = other.parse().expect("a valid origin");
            assert!(!manifest.allows(&other));
            let fault = manifest
                .check_caller(&other)
                .expect_err("it is not on the list");
            assert_eq!((fault.shown.as_str(), fault.position), (shown, None));
        }
    }
}

#[test]
fn case_39_names_in_chromium() {
    for name in ["a", "foo", "foo132", "foo.bar", "foo.bar2", "a._.c"] {
        let manifest = with(Family::Chromium, "name", json!(name));
        judge_named(Family::Chromium, &manifest, name).expect(name);
    }
    for name in ["A.b", "a..b", ".a", "b.", "a*", ""] {
        let manifest = with(Family::Chromium, "name", json!(name));
        assert_eq!(
            reason(Family::Chromium, &manifest),
            "Invalid value for name."
        );
        let fault = judge_named(Family::Chromium, &manifest, name).expect_err(name);
        assert_eq!(
            (fault.shown.as_str(), fault.logged),
            ("Invalid native messaging host name specified.", None)
        );
    }
}

#[test]
fn case_40_names_in_mozilla() {
    let upper = with(Family::Mozilla, "name", json!("Test.App"));
    judge_named(Family::Mozilla, &upper, "Test.App").expect("Firefox takes upper case");
    for name in ["../test", "not test", "a-b", ""] {
        let manifest = with(Family::Mozilla, "name", json!(name));
        assert_eq!(
            reason(Family::Mozilla, &manifest),
            r".name must match the pattern /^\w+(\.\w+)*$/"
        );
        let fault = judge_named(Family::Mozilla, &manifest, name).expect_err(name);
        assert_eq!(
            fault.shown,
            format!(r#"String "{name}" must match /^\w+(\.\w+)*$/"#)
        );
    }
    let upper = with(Family::Chromium, "name", json!("Test.App"));
    judge_named(Family::Chromium, &upper, "Test.App").expect_err("Chromium does not");
}

#[test]
fn case_41_every_key_is_required() {
    for family in FAMILIES {
        for key in ["name", "description", "path", "type", list(family)] {
            let mut manifest = good(family);
            let members = manifest.as_object_mut().expect("it is an object");
            members.shift_remove(key);
            let fault = judge(family, &manifest).expect_err("a key is missing");
            assert_eq!(fault.detail, format!("there is no `{key}`"));
            assert_eq!(fault.position, None);
            let expected = match (family, key) {
                (Family::Mozilla, _) => format!("contain the required \"{key}\" property"),
                (_, "allowed_origins") => {
                    "Invalid value for allowed_origins. Expected a list of strings.".to_owned()
                }
                _ => format!("Invalid value for {key}."),
            };
            assert_eq!(reason(family, &manifest), expected);
            // Of another kind than it should be.
            let wrong = with(family, key, json!(5));
            let expected = match (family, key) {
                (Family::Mozilla, "allowed_extensions") => {
                    ".allowed_extensions must be an array value".to_owned()
                }
                (Family::Mozilla, _) => format!(".{key} must be a string value"),
                _ => expected,
            };
            assert_eq!(reason(family, &wrong), expected);
        }
    }
}

#[test]
fn case_41_the_type_is_stdio() {
    for kind in ["pkcs11", "bogus", "storage", "STDIO", ""] {
        let expected = match kind {
            "pkcs11" => "has type property pkcs11 (expected stdio)",
            _ => r#".type must be one of ["pkcs11", "stdio"]"#,
        };
        let manifest = |family| with(family, "type", json!(kind));
        assert_eq!(
            reason(Family::Mozilla, &manifest(Family::Mozilla)),
            expected
        );
        assert_eq!(
            reason(Family::Chromium, &manifest(Family::Chromium)),
            "Invalid value for type."
        );
    }
}

#[test]
fn case_42_one_bad_origin_spoils_the_whole_file() {
    let good_one = format!("chrome-extension://{ID}/");
    let manifest = |entries: &[&str]| with(Family::Chromium, "allowed_origins", json!(entries));
    judge(Family::Chromium, &manifest(&[&good_one, &good_one])).expect("twice is fine");
    for (bad, expected) in [
        (
            good_one.trim_end_matches('/'),
            "Failed to parse pattern \"_\": Empty path.",
        ),
        ("chrome-extension://*/", "Pattern \"_\" is not allowed."),
        ("<all_urls>", "Pattern \"_\" is not allowed."),
        (
            "http://a/",
            "Failed to parse pattern \"_\": Invalid scheme.",
        ),
        (
            "chrome-extension://a*b/",
            "Failed to parse pattern \"_\": Invalid host wildcard.",
        ),
    ] {
        let expected = expected.replace('_', bad);
        for entries in [vec![bad], vec![&good_one, bad], vec![bad, &good_one]] {
            let manifest = manifest(&entries);
            assert_eq!(reason(Family::Chromium, &manifest), expected);
            let fault = judge(Family::Chromium, &manifest).expect_err(bad);
            let place = fault.position.expect("the entry has a place");
            assert!(manifest.to_string()[place.column - 1..].starts_with(&format!("\"{bad}\"")));
        }
    }
    let numbers = with(Family::Chromium, "allowed_origins", json!([good_one, 1]));
    assert_eq!(
        reason(Family::Chromium, &numbers),
        "allowed_origins must be list of strings."
    );
}

#[test]
fn case_42_one_bad_id_spoils_the_whole_file() {
    for good in [
        "{b9db16a4-6edc-47ec-a1f4-b86292ed211d}",
        "@x",
        &format!("{}@x", "a".repeat(300)),
    ] {
        let manifest = with(Family::Mozilla, "allowed_extensions", json!([ADD_ON, good]));
        let manifest = judge(Family::Mozilla, &manifest).expect(good);
        assert!(manifest.allows(&origin(Family::Mozilla)));
    }
    for bad in ["*", "name", "a/b@x", "", "{b9db16a4}", "a@b@c"] {
        let manifest = with(Family::Mozilla, "allowed_extensions", json!([ADD_ON, bad]));
        assert_eq!(reason(Family::Mozilla, &manifest), "Value must either:");
    }
}

#[test]
fn case_43_unknown_keys_are_fatal_in_mozilla_only() {
    for (family, key) in FAMILIES
        .into_iter()
        .zip(["allowed_extensions", "allowed_origins"])
    {
        for key in [key, "$schema", "comment"] {
            let manifest = with(family, key, json!(["x"]));
            if family == Family::Chromium {
                judge(family, &manifest).expect("unknown keys are ignored");
                continue;
            }
            assert_eq!(
                reason(family, &manifest),
                format!("not contain an unexpected \"{key}\" property")
            );
            let place = judge(family, &manifest).expect_err(key).position;
            let column = place.expect("the key has a place").column;
            assert!(manifest.to_string()[column - 1..].starts_with(&format!("\"{key}\"")));
        }
    }
    let mut two = with(Family::Mozilla, "z", json!(1));
    two["a"] = json!(1);
    assert_eq!(
        reason(Family::Mozilla, &two),
        "not contain the unexpected properties [a, z]"
    );
}

#[test]
fn case_44_an_empty_list_lets_nobody_in() {
    let empty = |family| with(family, list(family), json!([]));
    let manifest = judge(Family::Chromium, &empty(Family::Chromium)).expect("Chromium takes it");
    assert_eq!(manifest.allowed(), []);
    assert!(!manifest.allows(&origin(Family::Chromium)));
    assert_eq!(
        reason(Family::Mozilla, &empty(Family::Mozilla)),
        ".allowed_extensions must have at least 1 items"
    );
    // Nor does an entry that no extension can have.
    let short = with(
        Family::Chromium,
        "allowed_origins",
        json!(["chrome-extension://short/"]),
    );
    let manifest = judge(Family::Chromium, &short).expect("Chromium takes it");
    assert_eq!(manifest.allowed()[0].origin, None);
}

#[test]
fn case_45_a_relative_path_is_for_windows() {
    for family in FAMILIES {
        let text = with(family, "path", json!("bin/echo.exe")).to_string();
        let fault = read_on(System::Posix, family, text.as_bytes(), NAME)
            .expect_err("it must be absolute here");
        let (shown, logged) = match family {
            Family::Chromium => (
                NOT_FOUND,
                "Native messaging host path must be absolute for com.example.echo",
            ),
            Family::Mozilla => (
                "No such native application com.example.echo",
                "has relative path value bin/echo.exe (expected absolute path)",
            ),
        };
        assert_eq!(
            (fault.shown.as_str(), fault.logged.as_deref()),
            (shown, Some(logged))
        );
        assert!(fault.position.is_some());
        let manifest = read_on(System::Windows, family, text.as_bytes(), NAME)
            .expect("it may be relative there");
        assert_eq!(
            manifest.program(Path::new("/etc/hosts/x.json")),
            Path::new("/etc/hosts/bin/echo.exe")
        );
    }
    let dots = with(Family::Mozilla, "path", json!("/a/./b/../c"));
    judge(Family::Mozilla, &dots).expect("Firefox takes dots");
    let empty = with(Family::Chromium, "path", json!(""));
    assert_eq!(reason(Family::Chromium, &empty), "Invalid value for path.");
}

#[test]
fn case_46_a_broken_file_of_the_user_stops_chromium_and_not_firefox() {
    for family in FAMILIES {
        let good = good(family).to_string();
        let files = [&b"{"[..], good.as_bytes()];
        let Choice { manifest, faults } = choose(family, &files, NAME);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].0, 0);
        assert_eq!(
            manifest.map(|(place, _)| place),
            match family {
                Family::Chromium => None,
                Family::Mozilla => Some(1),
            }
        );
        let both = choose(family, &[good.as_bytes(), b"{"], NAME);
        assert_eq!(both.manifest.map(|(place, _)| place), Some(0));
        assert_eq!(choose(family, &[], NAME).manifest, None);
    }
}

#[test]
fn case_47_marks_bytes_and_comments() {
    for family in FAMILIES {
        let text = good(family).to_string();
        let read = |bytes: &[u8]| read_on(System::Posix, family, bytes, NAME);
        // Both were seen to take a byte order mark.
        read(format!("\u{feff}{text}").as_bytes()).expect("a byte order mark is skipped");

        let mut broken = format!("{{\n\"é\": \"{}", &text[1..]).into_bytes();
        broken.insert(10, 0xff);
        let fault = read(&broken).expect_err("it is not UTF-8");
        assert_eq!(fault.detail, "the file is not UTF-8");
        assert_eq!(
            fault.position.map(|it| it.to_string()),
            Some("2:8".to_owned())
        );

        let commented = format!("// for {NAME}\n{{ /* all */{} // end", &text[1..]);
        let verdict = read(commented.as_bytes());
        if family == Family::Chromium {
            verdict.expect("Chromium takes comments");
            continue;
        }
        let fault = verdict.expect_err("Firefox does not");
        assert_eq!(
            fault.logged.as_deref(),
            Some("Error parsing native manifest")
        );
        assert_eq!(
            fault.position.map(|it| it.to_string()),
            Some("1:1".to_owned())
        );
    }
}

#[test]
fn case_48_a_flag_is_no_string() {
    const KEY: &str = "supports_native_initiated_connections";
    for flag in [true, false] {
        judge(Family::Chromium, &with(Family::Chromium, KEY, json!(flag)))
            .expect("a boolean is fine");
    }
    for wrong in [json!("true"), json!(null), json!(1)] {
        assert_eq!(
            reason(Family::Chromium, &with(Family::Chromium, KEY, wrong)),
            "supports_native_initiated_connections must be a boolean."
        );
    }
}

#[test]
fn case_49_another_name_and_a_program_that_cannot_be_started() {
    for family in FAMILIES {
        let other = with(family, "name", json!("com.example.other"));
        let expected = match family {
            Family::Chromium => "Invalid name specified in the manifest.",
            Family::Mozilla => "has name property com.example.other (expected com.example.echo)",
        };
        assert_eq!(reason(family, &other), expected);

        let manifest = judge(family, &good(family)).expect("a good manifest");
        assert_eq!(manifest.check_program(Program::Executable), Ok(()));
        let check = |program| {
            let fault = manifest
                .check_program(program)
                .expect_err("it cannot be started");
            (fault.shown, fault.logged.expect("the browser says why"))
        };
        let (missing, not_executable) = match family {
            Family::Chromium => (
                (
                    NOT_FOUND,
                    "Found manifest, but not the binary for native messaging host \
                     com.example.echo. Host path specified in the manifest: /opt/echo",
                ),
                ("Native host has exited.", "LaunchProcess: failed to execvp"),
            ),
            Family::Mozilla => {
                let both = (
                    "An unexpected error occurred",
                    "File at path \"/opt/echo\" does not exist, or is not executable",
                );
                (both, both)
            }
        };
        let owned = |(shown, logged): (&str, &str)| (shown.to_owned(), logged.to_owned());
        assert_eq!(check(Program::Missing), owned(missing));
        assert_eq!(check(Program::NotExecutable), owned(not_executable));
    }
}

#[test]
fn the_program_is_found_in_whatever_a_browser_could_read() {
    for (text, program) in [
        (r#"{"path":"/a"}"#, Some("/a")),
        ("\u{feff}{\"path\":\"/a\"}", Some("/a")),
        ("// x\n{\"path\":/* y */\"/a\"}", Some("/a")),
        (r#"{"path":"\x2fa"}"#, Some("/a")),
        (r#"{"path":"/a","path":"/b"}"#, Some("/b")),
        (
            r#"{"path":"/a","description":"\ud800","x":1e999}"#,
            Some("/a"),
        ),
        (r#"{"path":1}"#, None),
        (r#"{"Path":"/a"}"#, None),
        (r#"{"path":"/a""#, None),
        (r#"["path","/a"]"#, None),
        ("", None),
    ] {
        let found = program_named_by(text.as_bytes());
        assert_eq!(found.as_deref(), program, "{text}");
    }
    assert_eq!(program_named_by(b"{\"path\":\"/\xff\"}"), None);
}
