//! Broken files of the home. The rule for all of them: nothing runs (fail closed), every frame still has an answer, one
//! sentence on stderr says what is wrong and where, and the exit code is 1, because the user can mend it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis_tests::{Browser, Ended, Home, HostError, ORIGIN, PATIENCE, programs};

use crate::fixture::{HELLO, home, home_with, route};

/// Asks twice and returns the first error and the end.
fn refused(browser: Browser) -> (HostError, Ended) {
    let mut port = browser.start();
    let first = port
        .ask(HELLO)
        .error()
        .expect("a home that is broken is answered with errors");
    let second = port.ask(HELLO).error().expect("every frame is answered");
    assert_eq!((first.request, second.request), (Some(1), Some(2)));
    (first, port.end())
}

fn assert_public(home: &Home, error: &HostError) {
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
            "[limits]\nstorage = \"16MiB\"\n",
            3,
            "storage",
        ),
        (
            "grant of a later version",
            &format!("{route}[route.grant]\nstorage = true\n"),
            6,
            "storage",
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

#[test]
fn a_store_that_was_changed_is_refused() {
    for change in [Change::Flipped, Change::Cut, Change::Emptied] {
        let home = home("echo");
        // Without the artifact the host has to go back to the `.wasm`.
        fs::remove_file(only_file(&home, "cache")).expect("the cache is ours");
        apply(&change, &only_file(&home, "store"));
        let mut port = Browser::chromium(&home).start();
        let error = port.ask(HELLO).expect_error("digest-mismatch");
        assert_eq!(error.plugin.as_deref(), Some("echo"), "{change:?}");
        assert_public(&home, &error);
        let ended = port.end();
        let code = ended.status.code().unwrap_or(-1);
        assert!(code == 0 || code == 1, "the exit code is {code}");
        ended.expect_exit(code);
    }
}

/// What may have happened to a file.
#[derive(Debug)]
enum Change {
    /// One bit in the middle; the length and the time stay.
    Flipped,
    Cut,
    Emptied,
    Removed,
    /// Writable for others.
    Opened,
    /// Replaced by a link to the same bytes elsewhere.
    Linked,
    /// Another program's file altogether.
    Foreign,
}

fn apply(change: &Change, path: &Path) {
    let before = fs::metadata(path).expect("the file is there");
    let bytes = fs::read(path).expect("the file is ours");
    let write = |bytes: &[u8]| fs::write(path, bytes).expect("the file is ours");
    match change {
        Change::Flipped => {
            let mut flipped = bytes;
            let middle = flipped.len() / 2;
            flipped[middle] ^= 1;
            write(&flipped);
            let file = fs::File::options()
                .write(true)
                .open(path)
                .expect("the file is ours");
            file.set_modified(before.modified().expect("files have a time"))
                .expect("the file is ours");
        }
        Change::Cut => write(&bytes[..bytes.len() / 2]),
        Change::Emptied => write(b""),
        Change::Removed => fs::remove_file(path).expect("the file is ours"),
        Change::Opened => {
            fs::set_permissions(path, Permissions::from_mode(0o666)).expect("the file is ours")
        }
        Change::Linked => {
            let elsewhere = path.with_extension("elsewhere");
            fs::rename(path, &elsewhere).expect("the home is ours");
            std::os::unix::fs::symlink(&elsewhere, path).expect("the home is ours");
        }
        Change::Foreign => write(b"\x7fELF and so on"),
    }
}

fn only_file(home: &Home, folder: &str) -> PathBuf {
    let entries = fs::read_dir(home.path().join(folder)).expect("`add` made the folder");
    let files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm" || extension == "cwasm")
        })
        .collect();
    assert_eq!(
        files.len(),
        1,
        "one plugin leaves one file in `{folder}`: {files:?}"
    );
    files.into_iter().next().expect("there is one")
}

const DAMAGES: [Change; 7] = [
    Change::Flipped,
    Change::Cut,
    Change::Emptied,
    Change::Removed,
    Change::Opened,
    Change::Linked,
    Change::Foreign,
];

#[test]
fn a_damaged_artifact_is_rebuilt_once_with_a_line_in_the_log() {
    for change in DAMAGES {
        let home = home("echo");
        apply(&change, &only_file(&home, "cache"));
        let mut port = Browser::chromium(&home).start();
        let frame = port.ask(HELLO);
        assert!(
            frame.text == HELLO,
            "{change:?}: {}\n{}",
            frame.shortened(),
            port.stderr()
        );
        port.end().expect_exit(0).expect_no_frames();
        let before = home.log();
        assert!(
            before.contains("ahead-of-time") && before.contains("echo"),
            "{change:?} is worth a line in the log:\n{before}"
        );
        // The second port finds it whole.
        let artifact = fs::symlink_metadata(only_file(&home, "cache")).expect("it was rebuilt");
        assert!(
            artifact.is_file() && artifact.permissions().mode() & 0o077 == 0,
            "{change:?}: {artifact:?}"
        );
        let mut port = Browser::chromium(&home).start();
        port.ask(HELLO).expect_text(HELLO);
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
    }
}

#[test]
fn a_damaged_artifact_without_the_compiler_is_an_error_with_the_command() {
    for change in DAMAGES {
        let home = home("echo");
        // The host alone in a folder: nothing beside it can compile.
        let folder = home.beside().join("alone");
        fs::create_dir(&folder).expect("a temporary folder takes a folder");
        let host = folder.join("portcullis-host");
        fs::copy(programs::host(), &host).expect("a program can be copied");
        apply(&change, &only_file(&home, "cache"));
        let mut port = Browser::chromium(&home)
            .program(&host)
            .environment("PATH", "/nowhere")
            .start();
        let error = port.ask(HELLO).expect_error("artifact-unavailable");
        assert_eq!(
            (error.request, error.plugin.as_deref()),
            (Some(1), Some("echo")),
            "{change:?}"
        );
        assert!(
            error.hint.is_some_and(|hint| hint.contains("portcullis ")),
            "{change:?}: a hint is a command"
        );
        assert!(port.try_receive(Duration::from_millis(50)).is_none());
        let ended = port.end();
        assert!(
            !ended.stderr.is_empty(),
            "{change:?} is worth a line on stderr"
        );
        let code = ended.status.code().unwrap_or(-1);
        assert!(code == 0 || code == 1, "the exit code is {code}");
        ended.expect_exit(code);
    }
}

#[test]
fn an_artifact_is_never_taken_from_another_plugin() {
    // A valid artifact of our own engine under the wrong name: only the digest tells.
    let home = home_with(&["echo", "unruly"], &route(ORIGIN, "echo"));
    let mut artifacts: Vec<PathBuf> = fs::read_dir(home.path().join("cache"))
        .expect("`add` made the cache")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cwasm")
        })
        .collect();
    artifacts.sort_by_key(|path| fs::metadata(path).map_or(0, |metadata| metadata.len()));
    let [echo, unruly] = artifacts.as_slice() else {
        panic!("two plugins, two artifacts: {artifacts:?}")
    };
    fs::copy(unruly, echo).expect("the cache is ours");
    let mut port = Browser::chromium(&home).start();
    port.send(HELLO).receive(PATIENCE).expect_text(HELLO);
    port.end().expect_exit(0).expect_no_frames();
}
