//! Broken files that people and `portcullis` write: the policy and the lock. The rule for all of them: nothing runs (fail closed), every frame still has an answer, one
//! sentence on stderr says what is wrong and where, and the exit code is 1, because the user can mend it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

use portcullis_tests::{Browser, Ended, Home, HostError, ORIGIN};

use crate::fixture::{HELLO, home, home_with, route};
use crate::hostile::measured::expect_small;

/// Asks twice and returns the first error and the end.
fn refused(browser: Browser) -> (HostError, Ended) {
    let mut port = browser.start();
    let first = port
        .ask(HELLO)
        .error()
        .expect("a home that is broken is answered with errors");
    let second = port.ask(HELLO).error().expect("every frame is answered");
    assert_eq!((first.request, second.request), (Some(1), Some(2)));
    expect_small(&port, "a home that is broken");
    (first, port.end())
}

pub(crate) fn assert_public(home: &Home, error: &HostError) {
    let path = home.path().to_string_lossy();
    assert!(
        !error.message.contains(&*path),
        "a path is not for the extension: {}",
        error.message
    );
}

#[test]
fn a_malformed_policy_is_refused_with_the_place() {
    let route = route(ORIGIN, "echo");
    // The text after `version = 1`, the line of the mistake, and a word that the sentence needs.
    let table: &[(&str, &str, u32, &str)] = &[
        (
            "unknown key",
            &format!("{route}colour = \"red\"\n"),
            5,
            "colour",
        ),
        ("unknown table", "[sandbox]\nos = \"off\"\n", 2, "sandbox"),
        (
            "key of a later version",
            "[limits]\nplanets = \"9\"\n",
            3,
            "planets",
        ),
        (
            "grant of a later version",
            &format!("{route}[route.grant]\nmicrophone = true\n"),
            6,
            "microphone",
        ),
        (
            "duplicate key",
            &format!("{route}plugin = \"other\"\n"),
            5,
            "duplicate",
        ),
        ("duplicate table", "[limits]\n[limits]\n", 3, "duplicate"),
        ("wrong type", "[limits]\nmemory = 5\n", 3, "`5`"),
        (
            "unknown unit",
            "[limits]\nmemory = \"128 MB\"\n",
            3,
            "128 MB",
        ),
        ("bare number", "[limits]\ncpu-per-call = \"5\"\n", 3, "5"),
        (
            "above the ceiling",
            "[limits]\nmessage-in = \"65MiB\"\n",
            3,
            "65MiB",
        ),
        ("nothing at all", "[limits]\ninit = \"0s\"\n", 3, "init"),
        (
            "not an origin",
            "[[route]]\norigin = \"https://example.com/\"\nplugin = \"echo\"\n",
            3,
            "https://example.com/",
        ),
        (
            "a wildcard",
            "[[route]]\norigin = \"chrome-extension://*/\"\nplugin = \"echo\"\n",
            3,
            "*",
        ),
        (
            "not a plugin's name",
            &format!("[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"../echo\"\n"),
            4,
            "plugin's name",
        ),
        (
            "no plugin",
            &format!("[[route]]\norigin = \"{ORIGIN}\"\n"),
            2,
            "plugin",
        ),
        (
            "a condition on a list",
            &format!("{route}when = {{ \"/a\" = [1] }}\n"),
            5,
            "when",
        ),
        (
            "a condition that is no pointer",
            &format!("{route}when = {{ \"a\" = 1 }}\n"),
            5,
            "a",
        ),
        (
            "unknown word",
            &format!("{route}lifetime = \"for-ever\"\n"),
            5,
            "for-ever",
        ),
        ("two routes alike", &format!("{route}{route}"), 5, "line 2"),
        ("no TOML", "[[route\n", 2, "policy.toml"),
    ];
    let home = home("echo");
    let mut wrong = Vec::new();
    for (what, text, line, word) in table {
        home.policy(&format!("version = 1\n{text}"));
        wrong.extend(refusal_of_policy(&home, what, Some(*line), word));
    }
    for (what, text, word) in [
        ("no version", route.as_str(), "version"),
        ("newer version", "version = 2\n", "2"),
        ("version as text", "version = \"1\"\n", "\"1\""),
        ("nothing in it", "", "version"),
    ] {
        home.policy(text);
        wrong.extend(refusal_of_policy(&home, what, Some(1), word));
    }
    home.write("policy.toml", b"version = 1\n# \xff\n");
    wrong.extend(refusal_of_policy(&home, "not UTF-8", None, "UTF-8"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the refusal of the policy that is there; `line` is where the mistake is, if it has a place.
fn refusal_of_policy(home: &Home, what: &str, line: Option<u32>, word: &str) -> Option<String> {
    let (error, ended) = refused(Browser::chromium(home));
    assert_eq!(error.code, "policy-invalid", "{what}");
    assert_public(home, &error);
    let ended = ended.expect_exit(1);
    let stderr = &ended.stderr;
    let placed = line.is_none_or(|line| {
        let place = format!("policy.toml:{line}:");
        let mut after = stderr.split(&place).skip(1);
        after.any(|column| column.starts_with(|character: char| character.is_ascii_digit()))
    });
    let missing = match () {
        () if stderr.lines().count() != 1 => "one line",
        () if !stderr.contains("policy.toml") => "the file",
        () if !stderr.contains(word) => word,
        () if !placed => "the line and the column",
        () => return None,
    };
    Some(format!(
        "{what} (line {line:?}): no {missing} in:\n{stderr}"
    ))
}

#[test]
fn a_policy_or_lock_that_others_can_write_is_refused() {
    let home = home("echo");
    for file in ["policy.toml", "plugins.lock"] {
        let path = home.path().join(file);
        let right = fs::metadata(&path)
            .expect("both files are there")
            .permissions();
        for mode in [0o666, 0o602, 0o620] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("the file is ours");
            let (error, ended) = refused(Browser::chromium(&home));
            ended.expect_exit(1).expect_stderr_contains(file);
            assert_public(&home, &error);
        }
        fs::set_permissions(&path, right).expect("the file is ours");
        // Only who is root can give a file away.
        if chown(&path, Some(12_345), None).is_ok() {
            let (_, ended) = refused(Browser::chromium(&home));
            ended.expect_exit(1).expect_stderr_contains(file);
            chown(&path, Some(rustix::process::geteuid().as_raw()), None)
                .expect("root can take it back");
        }
    }
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(HELLO);
    port.end().expect_exit(0).expect_quiet();
}

#[test]
fn a_policy_or_lock_that_is_no_file_is_refused() {
    for file in ["policy.toml", "plugins.lock"] {
        let home = home("echo");
        let path = home.path().join(file);
        fs::remove_file(&path)
            .and_then(|()| fs::create_dir(&path))
            .expect("the home is ours");
        let (error, ended) = refused(Browser::chromium(&home));
        ended.expect_exit(1).expect_stderr_contains(file);
        assert_public(&home, &error);
    }
}

#[test]
fn a_malformed_lock_is_refused_with_the_place() {
    let home = home("echo");
    let right = fs::read_to_string(home.path().join("plugins.lock")).expect("`add` wrote it");
    let broken = [
        ("no TOML", "[[plugin\n".to_owned()),
        ("unknown key", format!("colour = \"red\"\n{right}")),
        ("another file", "version = 999\n".to_owned()),
        ("cut in the middle", right[..right.len() / 2].to_owned()),
        ("a digest that is none", right.replace("sha256", "sha512")),
    ];
    for (what, text) in broken {
        home.write("plugins.lock", text.as_bytes());
        let (error, ended) = refused(Browser::chromium(&home));
        let ended = ended.expect_exit(1).expect_stderr_contains("plugins.lock");
        assert!(
            ended
                .stderr
                .contains(|character: char| character.is_ascii_digit()),
            "{what}: {}",
            ended.stderr
        );
        assert_public(&home, &error);
    }
    home.write("plugins.lock", right.as_bytes());
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(HELLO);
    port.end().expect_exit(0).expect_quiet();
}

#[test]
fn a_route_to_a_plugin_that_was_never_added_is_an_error_with_the_command() {
    let home = home_with(&[], &route(ORIGIN, "notes"));
    let mut port = Browser::chromium(&home).start();
    let error = port.ask(HELLO).expect_error("plugin-missing");
    assert_eq!(error.plugin.as_deref(), Some("notes"));
    assert!(
        error
            .hint
            .is_some_and(|hint| hint.contains("portcullis add"))
    );
    let ended = port.end();
    // Whether this is a misconfiguration of the whole port is left to the host: another plugin of it may work.
    let code = ended.status.code().unwrap_or(-1);
    assert!(code == 0 || code == 1, "the exit code is {code}");
    ended.expect_exit(code);
}
