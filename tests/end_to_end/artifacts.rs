//! Plugins and their ahead-of-time code on disk: what was changed is never run. Code is made again by the other program,
//! once; where that is not possible the answer says what to do.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis_tests::{Browser, Home, ORIGIN, PATIENCE, Port, guests, programs};
use rustix::process::Signal;

use crate::fixture::{HELLO, home, home_with, route};
use crate::hostile::measured::{expect_goes_on, expect_small};
use crate::malformed::assert_public;

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
        expect_small(&port, "a store that was changed");
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
    /// Given to another user. Only root can do that; for anybody else the attack fails here.
    Given,
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
        Change::Given => {
            let given = std::os::unix::fs::chown(path, Some(NOBODY), None);
            let is_root = rustix::process::geteuid().is_root();
            assert_eq!(given.is_ok(), is_root, "who may give files away");
        }
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

/// The user that owns nothing.
const NOBODY: u32 = 65534;

const DAMAGES: [Change; 8] = [
    Change::Flipped,
    Change::Cut,
    Change::Emptied,
    Change::Removed,
    Change::Opened,
    Change::Linked,
    Change::Foreign,
    Change::Given,
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
        expect_small(&port, "a host that had code made again");
        expect_goes_on(port, &home, "after the rebuild", (HELLO, HELLO));
        let before = home.log();
        assert!(
            matches!(change, Change::Given) && !rustix::process::geteuid().is_root()
                || before.contains("ahead-of-time") && before.contains("echo"),
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
        expect_small(&port, "a host without code");
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
fn a_plugin_that_is_replaced_while_its_code_is_made_again_gets_nothing_of_the_old_one() {
    // The program beside the host stands in for somebody who replaces the plugin in that very moment: what the port has
    // judged and opened by then is for the build that was there before.
    let home = home("echo");
    home.policy(&format!(
        "version = 1\n{}[route.grant]\n{}storage = true\n",
        route(ORIGIN, "echo"),
        home.approved("echo")
    ));
    let folder = home.beside().join("programs");
    fs::create_dir(&folder).expect("a temporary folder takes a folder");
    let host = folder.join("portcullis-host");
    fs::copy(programs::host(), &host).expect("a program can be copied");
    let real = programs::portcullis().display().to_string();
    let other = guests::unruly().display().to_string();
    let script = format!(
        "#!/bin/sh\n'{real}' add --replace --name echo '{other}' > /dev/null 2>&1 && exec '{real}' \"$@\"\n"
    );
    let program = folder.join("portcullis");
    fs::write(&program, script).expect("the folder is ours");
    fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("our own file");
    apply(&Change::Cut, &only_file(&home, "cache"));
    let mut port = Browser::chromium(&home).program(&host).start();
    let error = port.ask(HELLO).expect_error("artifact-unavailable");
    assert!(error.message.contains("was replaced"), "{}", error.message);
    port.end().expect_exit(0).expect_no_frames();
    // The next port meets the new build, which nobody has approved.
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_error("permission-required");
    port.end().expect_exit(0).expect_no_frames();
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

#[test]
fn ports_that_open_at_once_share_one_rebuild_and_one_line() {
    let home = home("unruly");
    apply(&Change::Cut, &only_file(&home, "cache"));
    let mut ports: Vec<Port> = (0..5).map(|_| Browser::chromium(&home).start()).collect();
    for port in &mut ports {
        port.send("[1]");
    }
    let inode = || {
        fs::metadata(only_file(&home, "cache"))
            .expect("it was made again")
            .ino()
    };
    ports[0].receive(PATIENCE).expect_text(r#"{"length":3}"#);
    let made = inode();
    for port in &mut ports[1..] {
        port.receive(PATIENCE).expect_text(r#"{"length":3}"#);
    }
    let mut words = String::new();
    for port in ports {
        words += &port.end().expect_exit(0).expect_no_frames().stderr;
    }
    assert_eq!(inode(), made, "one of the five makes it, the others wait");
    for text in [home.log(), words] {
        let lines = text
            .lines()
            .filter(|line| line.contains("ahead-of-time"))
            .count();
        assert_eq!(lines, 1, "the one that made it says so:\n{text}");
    }
}

#[test]
fn a_host_that_is_killed_while_it_rebuilds_leaves_a_home_that_works() {
    let home = home("unruly");
    for delay in [20, 60, 120, 200] {
        apply(&Change::Cut, &only_file(&home, "cache"));
        let mut port = Browser::chromium(&home).start();
        std::thread::sleep(Duration::from_millis(delay));
        port.signal(Signal::KILL);
        port.wait().expect_killed(Signal::KILL);
        let mut port = Browser::chromium(&home).start();
        port.ask("[1]").expect_text(r#"{"length":3}"#);
        port.end().expect_exit(0).expect_no_frames();
    }
    only_file(&home, "cache");
}

#[test]
fn the_end_of_input_is_noticed_while_code_is_made_again() {
    let home = home("unruly-session");
    apply(&Change::Removed, &only_file(&home, "cache"));
    let mut port = Browser::chromium(&home).start();
    port.send("[1]");
    port.end()
        .expect_exit(0)
        .expect_within(Duration::from_millis(1900));
}

#[test]
fn code_of_another_version_is_made_again_once() {
    let home = home("echo");
    let lock = home.path().join("plugins.lock");
    let text = fs::read_to_string(&lock).expect("`add` wrote the lock");
    let now = r#"program = "0.1.0""#;
    assert!(text.contains(now), "{text}");
    let earlier = text
        .replace(now, r#"program = "0.0.9""#)
        .replace("-0.1.0-", "-0.0.9-");
    home.write("plugins.lock", earlier.as_bytes());
    for lines in [1, 1] {
        let mut port = Browser::chromium(&home).start();
        port.ask(HELLO).expect_text(HELLO);
        port.end().expect_exit(0).expect_no_frames();
        let log = home.log();
        let made = log
            .lines()
            .filter(|line| line.contains("ahead-of-time"))
            .count();
        assert_eq!(made, lines, "{log}");
    }
    let text = fs::read_to_string(&lock).expect("it is still there");
    assert!(text.contains(now), "{text}");
}
