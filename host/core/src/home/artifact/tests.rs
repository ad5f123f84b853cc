//! Hostile-plugins cases 56 and 57, one level below the programs: what a changed or replaced artifact is answered
//! with.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::*;
use crate::home::lock::tests::installed;
use crate::home::tests::{private_folder, set_mode};

const VERSION: &str = "0.1.0";
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A home with one plugin whose artifact holds `native`, as it is after `add`.
struct Made {
    _folder: tempfile::TempDir,
    home: Home,
    plugin: Installed,
    path: PathBuf,
}

fn made() -> Made {
    let folder = private_folder();
    let home = Home::open(folder.path()).expect("a home");
    let mut plugin = installed("echo", b"echo");
    fs::create_dir(home.cache()).expect("a folder");
    let path = home.cache().join(plugin.artifact.file_name(&plugin.digest));
    put(&path, "native");
    plugin.artifact.stamp = stamp_of(&path);
    Made {
        _folder: folder,
        home,
        plugin,
        path,
    }
}

impl Made {
    fn open(&self) -> Result<OpenArtifact, ArtifactProblem> {
        open(&self.home, &self.plugin, VERSION, TARGET)
    }

    fn problem(&self) -> ArtifactProblem {
        self.open().expect_err("a doubtful artifact")
    }
}

/// Writes a file that only this user may write to, whatever the umask of whoever runs the tests.
fn put(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    set_mode(path, 0o600);
}

fn stamp_of(path: &Path) -> Stamp {
    let file = File::open(path).expect("there");
    let metadata = file.metadata().expect("open");
    Stamp::of(&file, &metadata).expect("open")
}

fn set_modified(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path).expect("writable");
    file.set_modified(time).expect("a time");
}

#[test]
fn an_untouched_artifact_is_opened_without_being_read() {
    let made = made();
    let mut artifact = made.open().expect("untouched");
    assert_eq!(artifact.stamp, StampCheck::Matched);
    assert_eq!(artifact.size, 6);
    assert_eq!(
        io::Seek::stream_position(&mut artifact.file).expect("a file"),
        0
    );
    let hashed = open_and_hash(&made.home, &made.plugin, VERSION, TARGET).expect("whole");
    assert_eq!(hashed.stamp, StampCheck::Matched);
}

#[test]
fn the_same_bytes_touched_are_accepted_after_reading_them() {
    fn touch(path: &Path) {
        set_modified(path, SystemTime::now() + Duration::from_secs(5));
    }
    fn restore(path: &Path) {
        let backup = path.with_extension("backup");
        fs::copy(path, &backup).expect("copied");
        fs::rename(&backup, path).expect("renamed");
    }
    for (name, change) in [
        ("touched", touch as fn(&Path)),
        ("restored from a backup", restore),
    ] {
        let made = made();
        change(&made.path);
        let artifact = made.open().expect(name);
        let now = stamp_of(&made.path);
        assert_eq!(artifact.stamp, StampCheck::HashedAgain { now }, "{name}");
    }
}

#[test]
fn changed_bytes_of_the_same_length_are_refused_even_with_the_old_time() {
    let made = made();
    let before = fs::metadata(&made.path)
        .expect("there")
        .modified()
        .expect("a time");
    fs::write(&made.path, "nativE").expect("a bit flipped");
    set_modified(&made.path, before);
    let found = Digest::of_bytes(b"nativE");
    assert!(
        matches!(made.problem(), ArtifactProblem::WrongDigest { found: it, .. } if it == found)
    );
}

#[test]
fn verify_reads_the_whole_even_where_the_stamp_matches() {
    let mut made = made();
    fs::write(&made.path, "nativE").expect("a bit flipped");
    // As if the disk had changed it and not a program.
    made.plugin.artifact.stamp = stamp_of(&made.path);
    assert!(made.open().is_ok());
    let problem = open_and_hash(&made.home, &made.plugin, VERSION, TARGET).expect_err("damaged");
    assert!(matches!(problem, ArtifactProblem::WrongDigest { .. }));
}

#[test]
fn another_length_is_refused() {
    for bytes in ["", "native code"] {
        let made = made();
        fs::write(&made.path, bytes).expect("written");
        let problem = made.problem();
        let length = bytes.len() as u64;
        assert!(matches!(problem, ArtifactProblem::WrongSize { found, .. } if found == length));
    }
}

#[test]
fn another_file_in_its_place_is_refused() {
    let other_valid = made();
    put(&other_valid.path.with_extension("other"), "sample");
    fs::rename(other_valid.path.with_extension("other"), &other_valid.path).expect("renamed");
    assert!(matches!(
        other_valid.problem(),
        ArtifactProblem::WrongDigest { .. }
    ));

    let gone = made();
    fs::remove_file(&gone.path).expect("there");
    assert!(matches!(gone.problem(), ArtifactProblem::Missing { .. }));

    let folder = made();
    fs::remove_file(&folder.path).expect("there");
    fs::create_dir(&folder.path).expect("a folder");
    assert!(matches!(
        folder.problem(),
        ArtifactProblem::Guarded(GuardedError::NotRegular { .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_link_in_its_place_is_refused() {
    let linked = made();
    fs::rename(&linked.path, linked.path.with_extension("real")).expect("renamed");
    std::os::unix::fs::symlink(linked.path.with_extension("real"), &linked.path).expect("a link");
    assert!(matches!(
        linked.problem(),
        ArtifactProblem::Guarded(GuardedError::Symlink { .. })
    ));
}

#[cfg(unix)]
#[test]
fn an_artifact_that_others_may_write_or_own_is_refused() {
    let writable = made();
    set_mode(&writable.path, 0o666);
    let problem = writable.problem();
    assert!(matches!(
        problem,
        ArtifactProblem::Guarded(GuardedError::WritableByOthers { .. })
    ));

    let foreign = made();
    if std::os::unix::fs::chown(&foreign.path, Some(12_345), None).is_ok() {
        let problem = foreign.problem();
        assert!(matches!(
            problem,
            ArtifactProblem::Guarded(GuardedError::ForeignOwner { .. })
        ));
    }
}

#[test]
fn another_version_or_target_is_not_even_looked_for() {
    let made = made();
    for (version, target) in [("0.2.0", TARGET), (VERSION, "aarch64-apple-darwin")] {
        let problem = open(&made.home, &made.plugin, version, target).expect_err("another");
        assert!(matches!(problem, ArtifactProblem::OtherVersion { .. }));
    }
}
