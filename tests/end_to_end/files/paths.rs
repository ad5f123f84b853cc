//! Ways out of a folder, and ways to write what may only be read.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use portcullis_tests::PATIENCE;
use rustix::fs::{CWD, FileType, Mode};
use serde_json::{Value, json};

use super::{Ground, IN_TIME};
use crate::hostile::measured::{ask_within, expect_goes_on};

/// One `open` for each path, and the code that each must end in.
fn opens(at: &str, how: &str, cases: &[(&str, &str)]) -> (Value, Value) {
    let steps = cases
        .iter()
        .map(|(path, _)| json!({ "do": "open", "at": at, "path": path, "how": how, "name": "x" }));
    let codes = cases.iter().map(|(_, code)| json!(code));
    (steps.collect(), codes.collect())
}

#[test]
fn case_33_paths_that_lead_out() {
    let ground = Ground::new("files");
    fs::write(ground.path("secret"), "secret").expect("written");
    fs::create_dir(ground.path("rw/a")).expect("made");
    fs::write(ground.path("rw/b"), "inside").expect("written");
    ground.usual("");
    let long = "n".repeat(5000);
    let name = "n".repeat(300);
    let cases = [
        ("../secret", "not-permitted"),
        ("../../etc/passwd", "not-permitted"),
        ("/etc/passwd", "not-permitted"),
        ("a/../../secret", "not-permitted"),
        ("a/../../../../../../etc/passwd", "not-permitted"),
        ("..", "not-permitted"),
        ("a/../..", "not-permitted"),
        ("//", "not-permitted"),
        ("//etc/passwd", "not-permitted"),
        ("/", "not-permitted"),
        ("", "no-entry"),
        ("b\u{0}c", "illegal-byte-sequence"),
        ("\u{0}", "illegal-byte-sequence"),
        (&long, "name-too-long"),
        (&name, "name-too-long"),
        ("b/", "not-directory"),
        ("b/.", "not-directory"),
        ("b/..", "not-directory"),
        ("b/../b", "not-directory"),
        ("missing/../b", "no-entry"),
        // What only looks like a way out.
        ("a/..", "ok"),
        ("a/../b", "ok"),
        ("a//..//b", "ok"),
        ("./b", "ok"),
        (".", "ok"),
    ];
    let (steps, expected) = opens("/rw", "r", &cases);
    ground.attack("paths", &steps, &expected);
    let log = ground.home.log();
    assert_eq!(
        log.matches("a path that leads out of `/rw`").count(),
        1,
        "{log}"
    );
    // The same paths for every other thing that takes one.
    let others = [
        "type-at",
        "set-times-at",
        "read-link",
        "make-folder",
        "remove",
        "remove-folder",
    ];
    for path in ["../secret", "/etc/passwd", "a/../../secret"] {
        let mut steps: Vec<Value> = others
            .iter()
            .map(|step| json!({ "do": step, "at": "/rw", "path": path }))
            .collect();
        for step in ["rename", "link"] {
            steps.push(json!({ "do": step, "at": "/rw", "path": path, "to-path": "taken" }));
            steps.push(json!({ "do": step, "at": "/rw", "path": "b", "to-path": path }));
        }
        let expected: Vec<Value> = steps.iter().map(|_| json!("not-permitted")).collect();
        ground.attack(path, &json!(steps), &json!(expected));
    }
    assert_eq!(
        fs::read_to_string(ground.path("secret")).expect("there"),
        "secret"
    );
    assert_eq!(
        fs::read_to_string(ground.path("rw/b")).expect("there"),
        "inside"
    );
}

#[test]
fn case_34_links_that_lead_out() {
    let ground = Ground::new("files");
    fs::create_dir(ground.path("outside")).expect("made");
    fs::write(ground.path("outside/secret"), "secret").expect("written");
    let links = [
        ("rw/relative", "../outside/secret".to_owned()),
        ("rw/absolute", ground.host("outside/secret")),
        ("rw/folder", "../outside".to_owned()),
        ("rw/slash", "../outside/".to_owned()),
        ("rw/itself", "itself".to_owned()),
        ("rw/back", "../rw/good".to_owned()),
        ("rw/magic", "/proc/self/environ".to_owned()),
        ("rw/dangling", "../outside/new".to_owned()),
        ("rw/inside", "good".to_owned()),
    ];
    fs::write(ground.path("rw/good"), "good").expect("written");
    for (link, target) in links {
        symlink(target, ground.path(link)).expect("made");
    }
    ground.usual("");
    let cases = [
        ("relative", "not-permitted"),
        ("absolute", "not-permitted"),
        ("folder", "not-permitted"),
        ("folder/", "not-permitted"),
        ("folder/secret", "not-permitted"),
        ("folder/.", "not-permitted"),
        ("slash", "not-permitted"),
        ("slash/secret", "not-permitted"),
        ("itself", "loop"),
        ("back", "not-permitted"),
        ("magic", "not-permitted"),
        ("inside", "ok"),
        ("inside/", "not-directory"),
    ];
    let (steps, expected) = opens("/rw", "r", &cases);
    ground.attack("links", &steps, &expected);
    // What only a folder can be called is not opened for writing, wherever it leads.
    let cases = cases.map(|(path, code)| match code {
        "not-permitted" if path.ends_with(['/', '.']) || path == "slash" => (path, "is-directory"),
        "not-directory" => (path, "is-directory"),
        code => (path, code),
    });
    let (steps, expected) = opens("/rw", "rw", &cases);
    ground.attack("links", &steps, &expected);
    let cases = [
        ("dangling", "not-permitted"),
        ("folder/new", "not-permitted"),
    ];
    for how in ["crw", "ctw"] {
        let (steps, expected) = opens("/rw", how, &cases);
        ground.attack("made through links", &steps, &expected);
    }
    // Links that a guest makes lead down, wherever they are moved to.
    let targets = [
        "../outside/secret",
        "/etc/passwd",
        "a/../../outside",
        "..",
        "good/..",
    ];
    let steps: Value = targets
        .iter()
        .map(|target| json!({ "do": "symlink", "at": "/rw", "path": "mine", "text": target }))
        .collect();
    let refused: Value = targets.iter().map(|_| json!("not-permitted")).collect();
    ground.attack("links made", &steps, &refused);
    assert!(!ground.path("outside/new").exists());
    assert!(ground.path("rw/mine").symlink_metadata().is_err());
    let outside = fs::read_to_string(ground.path("outside/secret"));
    assert_eq!(outside.expect("there"), "secret");
}

/// Another program exchanges a file with something else as fast as it can, while a plugin opens it over and over.
fn race(ground: &Ground, allowed: &[&str]) {
    const MOST: usize = 50;
    let [target, decoy, third] =
        ["target", "decoy", "third"].map(|name| ground.path("rw").join(name));
    let over = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let swapping = thread::spawn(move || {
        while !is_over.load(Ordering::Relaxed) {
            for (from, to) in [(&target, &third), (&decoy, &target), (&third, &decoy)] {
                fs::rename(from, to).expect("nobody else moves them");
            }
        }
    });
    let open =
        json!([{ "do": "open-often", "at": "/rw", "path": "target", "how": "r", "n": 3000 }]);
    let mut port = ground.start();
    let mut seen = BTreeSet::new();
    for _ in 0..MOST {
        let frame = ask_within(&mut port, &open.to_string(), PATIENCE);
        let counts = frame.json();
        let counts = counts[0].as_object().expect("counts of what came");
        seen.extend(counts.keys().cloned());
    }
    over.store(true, Ordering::Relaxed);
    swapping.join().expect("it swapped to the end");
    for came in &seen {
        assert!(
            allowed.contains(&came.as_str()),
            "`{came}` came of it: {seen:?}"
        );
    }
    for needed in ["good", "not-permitted"] {
        assert!(seen.contains(needed), "the two never met: {seen:?}");
    }
    expect_goes_on(port, &ground.home, "a race", ("[]", "[]"));
}

#[test]
fn case_34_a_link_that_is_swapped_in_meanwhile() {
    let ground = Ground::new("files");
    fs::write(ground.path("secret"), "secret").expect("written");
    fs::write(ground.path("rw/target"), "good").expect("written");
    symlink("../secret", ground.path("rw/decoy")).expect("made");
    ground.usual("cpu-per-call = \"60s\"\nwall-per-call = \"60s\"");
    race(&ground, &["good", "not-permitted", "no-entry", "busy"]);
}

fn make_pipe(path: &Path) {
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(CWD, path, FileType::Fifo, mode, 0).expect("a pipe");
}

#[test]
fn case_08_a_pipe_that_is_swapped_in_meanwhile() {
    let ground = Ground::new("files");
    fs::write(ground.path("rw/target"), "good").expect("written");
    make_pipe(&ground.path("rw/decoy"));
    ground.usual("cpu-per-call = \"60s\"\nwall-per-call = \"60s\"");
    race(&ground, &["good", "not-permitted", "no-entry", "busy"]);
}

#[test]
fn case_08_pipes_sockets_and_devices_are_refused_at_once() {
    let ground = Ground::new("files");
    let socket = ground.path("rw/socket");
    let _listening = UnixListener::bind(&socket).expect("a socket");
    make_pipe(&ground.path("rw/pipe"));
    symlink("pipe", ground.path("rw/to-pipe")).expect("made");
    // Only root can make one; for everybody else the pipe and the socket have to do.
    let device = ground.path("rw/zero");
    let zero = rustix::fs::makedev(1, 5);
    let made = rustix::fs::mknodat(
        CWD,
        &device,
        FileType::CharacterDevice,
        Mode::RUSR | Mode::WUSR,
        zero,
    );
    let device = made.map_or("pipe", |()| "zero");
    ground.usual("");
    let names = ["pipe", "socket", "to-pipe", device];
    for how in ["r", "w", "rw", "crw", "t", "ctw", "dr", ""] {
        let cases = names.map(|name| (name, "not-permitted"));
        let (steps, expected) = opens("/rw", how, &cases);
        ground.attack("special files", &steps, &expected);
    }
    let times = |how: &str| {
        let at = 1_000_000_000;
        json!([{ "do": "set-times-at", "at": "/rw", "path": "pipe", "how": how, "n": at }])
    };
    ground.attack("a pipe's times", &times(""), &json!(["not-permitted"]));
    ground.attack("a pipe's times", &times("n"), &json!(["ok"]));
    let looked = json!([
        { "do": "type-at", "at": "/rw", "path": "pipe" },
        { "do": "open", "at": "/rw", "path": "pipe/x", "how": "r" },
    ]);
    ground.attack(
        "a pipe",
        &looked,
        &json!(["DescriptorType::Unknown", "not-directory"]),
    );
    let log = ground.home.log();
    assert!(
        log.contains("opening a pipe, a socket or a device in `/rw`; nothing grants that"),
        "{log}"
    );
}

/// A step that takes two paths, each below a descriptor.
fn step(what: &str, from: (&str, &str), to: (&str, &str)) -> Value {
    let ((at, path), (to, to_path)) = (from, to);
    json!({ "do": what, "at": at, "path": path, "to": to, "to-path": to_path })
}

#[test]
fn case_35_second_names_from_one_grant_into_another() {
    let ground = Ground::new("files");
    fs::write(ground.path("ro/kept"), "kept").expect("written");
    fs::write(ground.path("rw/mine"), "mine").expect("written");
    fs::create_dir(ground.path("rw/sub")).expect("made");
    fs::create_dir(ground.path("rw2")).expect("made");
    let folders = [
        ground.folder("rw", "/rw", "read-write"),
        ground.folder("rw2", "/rw2", "read-write"),
        ground.folder("ro", "/ro", "read-only"),
    ];
    ground.grant(&folders, "");
    let steps = json!([
        step("link", ("/ro", "kept"), ("/rw", "stolen")),
        step("link", ("/ro", "kept"), ("/ro", "second")),
        step("link", ("/rw", "mine"), ("/ro", "planted")),
        step("link", ("/rw", "mine"), ("/rw2", "second")),
        step("rename", ("/ro", "kept"), ("/rw", "stolen")),
        step("rename", ("/rw", "mine"), ("/ro", "planted")),
        step("rename", ("/rw", "mine"), ("/ro", "kept")),
        step("rename", ("/ro", "kept"), ("/ro", "other")),
        // Within what may be written both go, also from folder to folder.
        step("link", ("/rw", "mine"), ("/rw", "sub/second")),
        step("rename", ("/rw", "mine"), ("/rw", "sub/mine")),
        step("rename", ("/rw", "sub/mine"), ("/rw2", "moved")),
    ]);
    ground.attack(
        "links and renames",
        &steps,
        &json!([
            "read-only",
            "read-only",
            "read-only",
            "cross-device",
            "read-only",
            "read-only",
            "read-only",
            "read-only",
            "ok",
            "ok",
            "ok"
        ]),
    );
    assert_eq!(
        fs::read_to_string(ground.path("ro/kept")).expect("there"),
        "kept"
    );
    assert_eq!(fs::read_dir(ground.path("ro")).expect("there").count(), 1);
    assert_eq!(
        fs::read_to_string(ground.path("rw2/moved")).expect("there"),
        "mine"
    );
}

#[test]
fn case_36_every_way_to_write_in_a_folder_for_reading() {
    let ground = Ground::new("files");
    fs::create_dir_all(ground.path("ro/sub/deep")).expect("made");
    for file in ["ro/file", "ro/sub/file", "ro/sub/deep/file"] {
        let path = ground.path(file);
        fs::write(&path, "untouched").expect("written");
        // The system would let the host write.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("ours");
    }
    symlink("file", ground.path("ro/sub/link")).expect("made");
    ground.usual("");
    let before = fs::metadata(ground.path("ro/sub/file")).expect("there");
    for (folder, at) in [("", "/ro"), ("sub/", "/ro"), ("", "sub"), ("deep/", "sub")] {
        let file = format!("{folder}file");
        let mut steps =
            vec![json!({ "do": "open", "at": "/ro", "path": "sub", "how": "drm", "name": "sub" })];
        let mut expected = vec![json!("ok")];
        for how in [
            "w", "rw", "t", "rt", "tw", "c", "cr", "ct", "cx", "cxw", "ctw", "crn",
        ] {
            for path in [file.clone(), format!("{folder}new")] {
                steps
                    .push(json!({ "do": "open", "at": at, "path": path, "how": how, "name": "x" }));
                expected.push(json!("read-only"));
            }
        }
        for what in ["make-folder", "remove", "remove-folder", "set-times-at"] {
            steps.push(json!({ "do": what, "at": at, "path": file }));
            expected.push(json!("read-only"));
        }
        steps.push(
            json!({ "do": "symlink", "at": at, "path": format!("{folder}new"), "text": "x" }),
        );
        expected.push(json!("read-only"));
        steps.push(json!({ "do": "open", "at": at, "path": file, "how": "r", "name": "file" }));
        expected.push(json!("ok"));
        for what in ["write", "write-stream", "set-size", "set-times"] {
            steps.push(json!({ "do": what, "at": "file", "text": "changed", "n": 1 }));
            expected.push(json!("read-only"));
        }
        steps.push(
            json!({ "do": "write-stream", "at": "file", "how": "a", "text": "changed", "n": 1 }),
        );
        expected.push(json!("read-only"));
        steps.push(json!({ "do": "set-times", "at": at, "n": 1 }));
        expected.push(json!("read-only"));
        steps.push(json!({ "do": "read", "at": "file", "n": 100 }));
        expected.push(json!("untouched"));
        ground.attack(
            &format!("`{at}`, `{file}`"),
            &json!(steps),
            &json!(expected),
        );
    }
    let after = fs::metadata(ground.path("ro/sub/file")).expect("there");
    assert_eq!(
        after.modified().expect("a time"),
        before.modified().expect("a time")
    );
    for file in ["ro/file", "ro/sub/file", "ro/sub/deep/file"] {
        assert_eq!(
            fs::read_to_string(ground.path(file)).expect("there"),
            "untouched"
        );
    }
    let log = ground.home.log();
    let command = format!("fs={}:/ro:rw` would allow it", ground.host("ro"));
    assert!(log.contains(&command), "{log}");
}

/// What Windows refuses by its looks (the unit tests of `files/names` have every rule) means nothing here: each is the
/// name of one file in the folder, and of no other.
#[test]
fn case_37_names_that_windows_takes_for_something_else() {
    let ground = Ground::new("files");
    for file in ["COM", "file", "PROGRAM", "trailing", "NUL"] {
        fs::write(ground.path("rw").join(file), "kept").expect("written");
    }
    ground.usual("");
    let names = [
        "COM1",
        "COM\u{b9}",
        "LPT1",
        "NUL.txt",
        "CONIN$",
        "file:stream",
        "file::$DATA",
        "PROGRA~1",
        r"\\?\C:",
        r"\\.\COM1",
        r"C:\secret",
        r"..\secret",
        r"sub\..\..\secret",
        "trailing.",
        "trailing ",
        "NUL ",
    ];
    let (mut steps, mut expected) = (Vec::new(), Vec::new());
    for name in names {
        let text = format!("in {name}");
        steps.push(json!({ "do": "open", "at": "/rw", "path": name, "how": "crwx", "name": "x" }));
        steps.push(json!({ "do": "write", "at": "x", "text": text }));
        expected.extend([json!("ok"), json!(text.len())]);
    }
    for name in names {
        steps.push(json!({ "do": "open", "at": "/rw", "path": name, "how": "r", "name": "x" }));
        steps.push(json!({ "do": "type", "at": "x" }));
        steps.push(json!({ "do": "read", "at": "x", "n": 100 }));
        let text = format!("in {name}");
        expected.extend([
            json!("ok"),
            json!("DescriptorType::RegularFile"),
            json!(text),
        ]);
    }
    ground.attack("names", &json!(steps), &json!(expected));
    // In a folder for reading the same names are neither found nor made.
    for (how, code) in [("r", "no-entry"), ("crw", "read-only")] {
        let (steps, expected) = opens("/ro", how, &names.map(|name| (name, code)));
        ground.attack("names", &steps, &expected);
    }
    let in_folder = |name: &str| fs::read_dir(ground.path(name)).expect("there").count();
    assert_eq!((in_folder("rw"), in_folder("ro")), (names.len() + 5, 0));
    for name in names {
        let text = fs::read_to_string(ground.path("rw").join(name));
        assert_eq!(text.expect("a file of this folder"), format!("in {name}"));
    }
    for file in ["COM", "file", "PROGRAM", "trailing", "NUL"] {
        let text = fs::read_to_string(ground.path("rw").join(file));
        assert_eq!(text.expect("there"), "kept", "{file}");
    }
    // Beside the folders and the home nothing has come to be.
    assert_eq!(in_folder(""), 3);
}

#[test]
fn case_42_times_that_no_clock_shows() {
    let ground = Ground::new("files");
    fs::write(ground.path("rw/file"), "").expect("written");
    ground.usual("");
    let most = u64::MAX;
    let nanoseconds = u64::from(u32::MAX);
    let mut steps =
        vec![json!({ "do": "open", "at": "/rw", "path": "file", "how": "rw", "name": "file" })];
    for (at, what) in [("/rw", "set-times-at"), ("file", "set-times")] {
        for how in ["", "n"] {
            for (seconds, more) in [
                (most, 0),
                (most, nanoseconds),
                (most / 2, nanoseconds),
                (0, nanoseconds),
            ] {
                steps.push(json!({
                    "do": what, "at": at, "path": "file", "how": how, "n": seconds, "offset": more
                }));
            }
        }
    }
    let mut port = ground.start();
    let frame = ask_within(&mut port, &json!(steps).to_string(), IN_TIME);
    let results = frame.json();
    let results = results.as_array().expect("a list");
    assert_eq!(results.len(), steps.len());
    for (step, result) in steps.iter().zip(results).skip(1) {
        let is_right = match step["n"].as_u64() {
            Some(0) => result == "ok",
            _ => ["overflow", "invalid"].contains(&result.as_str().unwrap_or_default()),
        };
        assert!(is_right, "{step}: {result}");
    }
    expect_goes_on(port, &ground.home, "times", ("[]", "[]"));
    assert_eq!(fs::read(ground.path("rw/file")).expect("there"), b"");
}
