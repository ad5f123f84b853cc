//! The lock: what is read back, and each way of being refused with its place.

#[cfg(unix)]
use std::fs;
use std::time::Duration;

use super::*;
use crate::home::artifact::Stamp;
use crate::home::tests::private_folder;
#[cfg(unix)]
use crate::home::{guarded::GuardedError, tests::set_mode};

/// An installed plugin whose `.wasm` is `bytes`, for the tests of this room.
pub(crate) fn installed(name: &str, bytes: &[u8]) -> Installed {
    Installed {
        name: name.parse().expect("a legal name"),
        number: 1,
        source: format!("./{name}.wasm"),
        digest: Digest::of_bytes(bytes),
        size: bytes.len() as u64,
        installed: "2026-01-31T12:00:00Z".parse().expect("a time"),
        artifact: Artifact {
            program_version: "0.1.0".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            digest: Digest::of_bytes(b"native"),
            size: 6,
            stamp: Stamp {
                inode: u64::MAX,
                modified_ns: -1,
                changed_ns: i64::MAX,
            },
        },
        requests: None,
        earlier: Vec::new(),
    }
}

fn two_plugins() -> Lock {
    let mut lock = Lock::default();
    for name in ["echo", "notes"] {
        let mut plugin = installed(name, name.as_bytes());
        plugin.number = lock.number_for(&plugin.name);
        lock.put(plugin);
    }
    lock
}

fn problem(text: &str) -> (String, LockProblem) {
    match Lock::parse(text, Path::new("/h/plugins.lock")) {
        Err(LockError::Malformed {
            position, problem, ..
        }) => (position.to_string(), problem),
        other => panic!("refused with a place was expected, not {other:?}\n{text}"),
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut strange = two_plugins();
    strange.plugins[0].source = "a \"path\"\nwith\u{1b} \'\'\' everything\r\n".to_owned();
    for lock in [Lock::default(), two_plugins(), strange] {
        let text = lock.to_text();
        let read = Lock::parse(&text, Path::new("plugins.lock")).expect(&text);
        assert_eq!(read, lock);
        assert_eq!(read.to_text(), text);
    }
}

#[test]
fn numbers_are_never_given_twice() {
    let mut lock = two_plugins();
    let [echo, notes] = ["echo", "notes"].map(|name| name.parse().expect("a name"));
    assert_eq!((lock.number_for(&echo), lock.number_for(&notes)), (1, 2));
    assert!(lock.remove(&notes).is_some());
    assert!(lock.remove(&notes).is_none());
    assert_eq!(
        lock.number_for(&notes),
        3,
        "the same name is another installation"
    );
    assert_eq!(
        lock.number_for(&echo),
        1,
        "a new build is the same installation"
    );

    let text = lock.to_text();
    let read = Lock::parse(&text, Path::new("plugins.lock")).expect(&text);
    assert_eq!(read.number_for(&notes), 3, "also after a restart");
}

#[test]
fn a_missing_lock_is_an_empty_one() {
    let folder = private_folder();
    let home = Home::open(folder.path()).expect("a home");
    assert_eq!(Lock::load(&home).expect("missing"), Lock::default());

    let guard = HomeLock::take(&home, "test", Duration::ZERO).expect("free");
    let lock = two_plugins();
    lock.save(&guard).expect("written");
    assert_eq!(Lock::load(&home).expect("its own text"), lock);
}

#[cfg(unix)]
#[test]
fn a_lock_that_others_may_write_to_is_refused() {
    let folder = private_folder();
    let home = Home::open(folder.path()).expect("a home");
    fs::write(home.lock_file(), two_plugins().to_text()).expect("written");
    set_mode(&home.lock_file(), 0o666);
    let error = Lock::load(&home).expect_err("writable by others");
    assert!(
        matches!(
            error,
            LockError::Guarded(GuardedError::WritableByOthers { .. })
        ),
        "{error}"
    );
}

#[test]
fn an_error_says_where() {
    let text = "version = 1\nnext-number = 1\nextra = 2\n";
    let error = Lock::parse(text, Path::new("/h/plugins.lock")).expect_err("an unknown key");
    let shown = error.to_string();
    assert!(
        shown.starts_with("/h/plugins.lock:3:1: unknown field `extra`"),
        "{shown}"
    );
}

#[test]
fn each_way_of_being_malformed_has_its_place_and_problem() {
    let good = two_plugins().to_text();
    // The first plugin's own part begins on line 6, its artifact on line 14, the second plugin on line 24.
    let shape = |message: &str| LockProblem::Shape {
        message: message.to_owned(),
    };
    let expected_name = installed("echo", b"echo")
        .artifact
        .file_name(&Digest::of_bytes(b"echo"));
    let name_line = format!("file = \"{expected_name}\"");
    let cases = [
        (
            "version = 1",
            "version = 2",
            "3:11",
            LockProblem::NewerVersion { version: 2 },
        ),
        (
            "version = 1",
            "version = 2\nnovelty = true",
            "3:11",
            LockProblem::NewerVersion { version: 2 },
        ),
        (
            "version = 1",
            "version = 0",
            "3:11",
            LockProblem::UnknownVersion { version: 0 },
        ),
        (
            "version = 1",
            "version = -1",
            "3:11",
            LockProblem::UnknownVersion { version: -1 },
        ),
        (
            "version = 1",
            "version = \"1\"",
            "3:11",
            shape("invalid type: string \"1\", expected i64"),
        ),
        ("version = 1\n", "", "1:1", shape("missing field `version`")),
        (
            "version = 1",
            "version = 1\nversion = 1",
            "4:1",
            shape("duplicate key"),
        ),
        (
            "number = 2",
            "number = 1",
            "26:10",
            LockProblem::DuplicateNumber { number: 1 },
        ),
        (
            "number = 2",
            "number = 3",
            "26:10",
            LockProblem::NumberTooHigh { number: 3, next: 3 },
        ),
        (
            "\"notes\"",
            "\"echo\"",
            "25:8",
            LockProblem::DuplicateName {
                name: "echo".parse().expect("a name"),
            },
        ),
        (
            "\"echo\"",
            "\"Echo\"",
            "7:8",
            shape("a plugin's name holds only `a`-`z`, `0`-`9` and `-`, this one has `E`"),
        ),
        (
            "2026-01-31T12:00:00Z",
            "2026-01-31",
            "12:13",
            LockProblem::Timestamp {
                text: "2026-01-31".to_owned(),
            },
        ),
        (
            "program = \"0.1.0\"",
            "program = \"../0.1.0\"",
            "16:11",
            LockProblem::NotPlain {
                text: "../0.1.0".to_owned(),
            },
        ),
        (
            "target = \"x86_64-unknown-linux-gnu\"",
            "target = \"\"",
            "17:10",
            LockProblem::NotPlain {
                text: String::new(),
            },
        ),
        (
            name_line.as_str(),
            "file = \"/etc/passwd\"",
            "15:8",
            LockProblem::FileName {
                expected: expected_name.clone(),
            },
        ),
    ];
    for (old, new, place, expected) in cases {
        assert!(good.contains(old), "{old:?} is not in\n{good}");
        let text = good.replacen(old, new, 1);
        let (found_place, found) = problem(&text);
        assert_eq!(
            (found_place.as_str(), found),
            (place, expected),
            "{new:?} in\n{text}"
        );
    }
}
