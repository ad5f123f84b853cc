//! Nothing is lost that was acknowledged: not by `kill -9`, not by a full disk, not by damage.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use portcullis_tests::{Browser, Home, PATIENCE};
use rustix::process::Signal;

use super::{ask, error, get, json, number, set, storing_home};

/// The file with what the plugin keeps.
fn storage_file(home: &Home) -> PathBuf {
    let only = |folder: PathBuf| {
        let mut entries = fs::read_dir(&folder).expect("it was made");
        let first = entries
            .next()
            .expect("something was kept")
            .expect("an entry");
        assert!(entries.next().is_none(), "{}", folder.display());
        first.path()
    };
    only(only(home.path().join("data"))).join("storage.sqlite")
}

#[test]
fn kill_9_loses_nothing_that_was_acknowledged() {
    let home = storing_home("storage", "wall-per-call = \"60s\"\ncpu-per-call = \"60s\"");
    let mut last = 0;
    for round in 0_u64..25 {
        let mut port = Browser::chromium(&home).start();
        // Small values and such as take many pages.
        let bytes = [10, 3000, 60_000][usize::try_from(round % 3).expect("small")];
        let count = json!({ "do": "count", "key": "n", "bytes": bytes });
        port.send(&count.to_string());
        // It goes on from what is kept, so the first number says what that is.
        let first = number(&port.receive(PATIENCE));
        assert!(
            first > last,
            "round {round}: {first} is kept after {last} was acknowledged"
        );
        last = first;
        // However slow the disk is, there is something to lose.
        for _ in 0..5 {
            last += 1;
            assert_eq!(number(&port.receive(PATIENCE)), last, "round {round}");
        }
        // Somewhere, by a number that neither repeats nor depends on a clock.
        std::thread::sleep(Duration::from_micros(round * round * 7919 % 40_000));
        port.signal(Signal::KILL);
        let ended = port.wait().expect_killed(Signal::KILL);
        for frame in &ended.frames {
            assert_eq!(number(frame), last + 1, "round {round}");
            last += 1;
        }
    }
    assert!(last >= 25 * 6, "only {last} were acknowledged in all");
}

/// Starts the host with a limit on the size of a file, in KiB. To a program it is a disk that is full at a
/// moment that the test knows, and unlike a small file system it needs no rights.
fn with_file_size(browser: Browser, size: u64) -> Browser {
    browser.wrapper(["prlimit", &format!("--fsize={}", size * 1024), "--"])
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let home = storing_home("storage", "");
    for size in [300, 500, 900] {
        let mut port = with_file_size(Browser::chromium(&home), size).start();
        let prefix = format!("{size}/");
        let fill = json!({ "do": "fill", "prefix": prefix, "keys": 1000, "bytes": 20_000 });
        let filled = ask(&mut port, fill);
        assert_eq!(filled["error"], "failed", "{filled}");
        let kept = filled["kept"].as_u64().expect("a number");
        assert!(kept > 0, "{filled}");
        // It goes on with what there is.
        assert_eq!(get(&mut port, &format!("{prefix}0")), json!(20_000));
        assert_eq!(get(&mut port, &format!("{prefix}{kept}")), json!(null));
        port.end().expect_exit(0).expect_no_frames();

        let mut port = Browser::chromium(&home).start();
        for number in 0..kept {
            assert_eq!(
                get(&mut port, &format!("{prefix}{number}")),
                json!(20_000),
                "{number}"
            );
        }
        set(&mut port, "room", "again");
        let delete = json!({ "do": "delete", "key": "room" });
        assert_eq!(ask(&mut port, delete), "deleted");
        port.end().expect_exit(0);
        assert!(
            home.log().contains("there is no room on the disk"),
            "{}",
            home.log()
        );
    }
}

/// Everything in a folder, by name.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut all: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.clone(), fs::read(&path).expect("readable")))
        .collect();
    all.sort();
    all
}

#[test]
fn a_damaged_storage_is_said_and_left_as_it_is() {
    let home = storing_home("storage", "");
    let mut port = Browser::chromium(&home).start();
    let fill = json!({ "do": "fill", "prefix": "k", "keys": 50, "bytes": 3000 });
    ask(&mut port, fill);
    port.end().expect_exit(0);
    let file = storage_file(&home);
    let mut bytes = OpenOptions::new().write(true).open(&file).expect("ours");
    bytes.seek(SeekFrom::Start(0)).expect("a file");
    bytes.write_all(&[0x5a; 8192]).expect("ours");
    drop(bytes);
    let folder = file.parent().expect("it lies in a folder");
    let before = contents(folder);

    let mut port = Browser::chromium(&home).start();
    for _ in 0..3 {
        let get = json!({ "do": "get", "key": "k1" });
        assert_eq!(ask(&mut port, get), error("failed"));
    }
    port.end().expect_exit(0);
    assert_eq!(contents(folder), before);
    let log = home.log();
    assert_eq!(log.matches("the file is damaged").count(), 1, "{log}");
    assert!(log.contains("portcullis storage clear"), "{log}");

    let whose = [portcullis_tests::ORIGIN, "storage"];
    let run = |arguments: &[&str]| {
        crate::cli::finished(&home, &mut home.portcullis(arguments.iter().copied()))
    };
    run(&["storage", "list", whose[0], whose[1]]).refuses_with(1, "set it aside and begin anew");
    let said = run(&["storage", "clear", whose[0], whose[1], "--yes"]).succeeds();
    assert!(said.contains("storage.sqlite.damaged-1`"), "{said}");
    let aside = fs::read(folder.join("storage.sqlite.damaged-1")).expect("set aside");
    assert!(before.iter().any(|(_, bytes)| *bytes == aside));

    let mut port = Browser::chromium(&home).start();
    set(&mut port, "k1", "anew");
    assert_eq!(get(&mut port, "k1"), "anew");
    port.end().expect_exit(0);
}

#[test]
fn a_folder_that_cannot_be_trusted_is_not_used() {
    let home = storing_home("storage", "");
    let mut port = Browser::chromium(&home).start();
    set(&mut port, "a", "kept");
    port.end().expect_exit(0);
    let file = storage_file(&home);
    let folder = file.parent().expect("it lies in a folder");
    let moved = folder.with_extension("moved");
    fs::rename(folder, &moved).expect("ours");
    std::os::unix::fs::symlink(&moved, folder).expect("ours");
    let mut port = Browser::chromium(&home).start();
    let refused = port
        .ask(r#"{"do":"get","key":"a"}"#)
        .expect_error("internal");
    assert!(!refused.message.contains('/'), "{}", refused.message);
    port.end().expect_exit(0);
    assert!(
        home.log().contains("cannot open the storage"),
        "{}",
        home.log()
    );
}
