//! What the policy cannot grant: the plugin is unavailable then, and nothing is given in the folder's place.

use std::fs;
use std::os::unix::fs::symlink;

use portcullis_tests::{Browser, ORIGIN};

use super::{Ground, IN_TIME, WRITE};
use crate::fixture::{guest, route};
use crate::hostile::measured::{ask_within, expect_goes_on};

/// A plugin that is granted folders, and one that is granted nothing and goes on whatever becomes of the first.
fn ground() -> Ground {
    let ground = Ground::new("notes");
    ground.home.add("echo", &guest("echo"));
    ground
}

/// What the other plugin is sent, and its reply.
const TO_ECHO: &str = r#"{"to":"echo"}"#;

/// Nothing of this grant is given: every message gets the report, in time and in little memory, and the other plugin of
/// the port is served.
#[track_caller]
fn expect_unavailable(ground: &Ground, folders: &[String], words: &str) {
    ground.grant(folders, "");
    let policy = ground.home.path().join("policy.toml");
    let policy = fs::read_to_string(policy).expect("written");
    let to_echo = route(ORIGIN, "echo") + "when = { \"/to\" = \"echo\" }\n";
    ground.home.policy(&(policy + &to_echo));
    let mut port = Browser::chromium(&ground.home)
        .environment("HOME", ground.home.beside())
        .start();
    for _ in 0..2 {
        let frame = ask_within(&mut port, WRITE, IN_TIME);
        let error = frame.expect_error("policy-invalid");
        assert_eq!(error.plugin.as_deref(), Some(ground.plugin));
        let path = ground.host("");
        assert!(
            !error.message.contains(&path),
            "no path leaves the host: {}",
            error.message
        );
    }
    expect_goes_on(port, &ground.home, words, (TO_ECHO, TO_ECHO));
    let log = ground.home.log();
    assert!(log.contains(words), "`{words}` is not in the log: {log}");
}

#[test]
fn case_39_a_folder_with_the_hosts_own_files_or_a_browsers() {
    let ground = ground();
    for place in [
        "home",
        "home/cache",
        "home/data",
        "",
        ".mozilla",
        ".mozilla/native-messaging-hosts",
        ".config/chromium/Default",
        ".config",
        ".ssh",
        ".gnupg",
        ".config/autostart",
    ] {
        fs::create_dir_all(ground.path(place)).expect("made");
        for access in ["read-only", "read-write"] {
            let folder = ground.folder(place, "/notes", access);
            expect_unavailable(&ground, &[folder], "cannot be granted, since");
        }
    }
}

#[test]
fn case_40_a_link_a_file_or_nothing_in_the_folders_place() {
    let ground = ground();
    symlink(ground.path("rw"), ground.path("link")).expect("made");
    fs::write(ground.path("file"), "").expect("written");
    for (place, words) in [
        ("link", "is a link, which could lead elsewhere"),
        ("link/", "is a link, which could lead elsewhere"),
        ("file", "is not a folder"),
        ("missing", "there is no folder"),
    ] {
        let folder = ground.folder(place, "/notes", "read-write");
        expect_unavailable(&ground, &[folder], words);
    }
    // One good folder beside a bad one does not help.
    let folders = [
        ground.folder("rw", "/notes", "read-write"),
        ground.folder("missing", "/more", "read-only"),
    ];
    expect_unavailable(&ground, &folders, "there is no folder");
    assert_eq!(fs::read_dir(ground.path("rw")).expect("there").count(), 0);
}

#[test]
fn case_41_the_system_and_the_processes() {
    let ground = ground();
    let whole = |host: &str, access: &str| {
        vec![format!(
            "{{ host = \"{host}\", guest = \"/notes\", access = \"{access}\" }}"
        )]
    };
    for host in [
        "/",
        "/proc",
        "/proc/1",
        "/sys",
        "/sys/class",
        "/sys/kernel",
        "/dev",
        "/dev/shm",
    ] {
        expect_unavailable(
            &ground,
            &whole(host, "read-only"),
            "cannot be granted, since",
        );
    }
    expect_unavailable(&ground, &whole("/proc/self", "read-only"), "is a link");
    let words = "can be granted read-only and not for writing";
    expect_unavailable(&ground, &whole("/sys/class/net", "read-write"), words);
}

#[test]
fn a_folder_to_read_inside_one_to_write() {
    let ground = ground();
    fs::create_dir(ground.path("rw/sub")).expect("made");
    let folders = [
        ground.folder("rw", "/notes", "read-write"),
        ground.folder("rw/sub", "/sub", "read-only"),
    ];
    expect_unavailable(&ground, &folders, "is granted read-only and lies in");
}

#[test]
fn the_users_own_folder_is_what_a_tilde_stands_for() {
    let ground = Ground::new("notes");
    let folder = "{ host = \"~/rw\", guest = \"/notes\", access = \"read-write\" }";
    ground.grant(&[folder.to_owned()], "");
    let mut port = Browser::chromium(&ground.home)
        .environment("HOME", ground.home.beside())
        .start();
    port.ask(WRITE)
        .expect_text(r#"{"note":"first note","written":5}"#);
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
    assert!(ground.path("rw/first note.txt").exists());
}
