//! What is kept is what was read, and nothing is believed that does not fit in every way.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::thread;

use super::*;
use crate::home::lock::tests::installed;
use crate::home::tests::{private_folder, set_mode};

const ORIGIN: &str = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";
const OTHER: &str = "notes@example.com";

/// Every kind of thing that a policy can say.
const POLICY: &str = r#"
version = 1
secrets-backend = "file"
[limits]
memory = "64MiB"
ports = 7
[[route]]
origin = "notes@example.com"
plugin = "notes"
[[route]]
origin = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/"
plugin = "echo"
when = { "/type" = "note", "/n" = 3, "/a~1b" = true }
host-name = "com.example.echo"
lifetime = "message"
on-crash = "close"
check-inbound = true
[route.limits]
cpu-per-call = "1s"
log-rate = "1KiB/s"
[route.grant]
approved = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
fs = [{ host = "~/Notes", guest = "/notes", access = "read-only" }]
http = ["https://*.example.com:8443", "http://[::1]:80"]
http-private = true
env = { TZ = "UTC" }
config = { theme = "dark \"é\"" }
secrets = ["api-token", { name = "vault-key", write = true }]
storage = true
[route.sandbox]
os = "required"
[[route]]
origin = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/"
plugin = "notes"
"#;

const REQUESTS: &str = r#"
format = 1
name = "notes"
version = "1.0"
description = "Keeps notes."
[requests]
storage = { reason = "to keep them" }
"#;

fn origin(text: &str) -> Origin {
    text.parse().expect("a legal origin")
}

fn policy() -> Policy {
    Policy::parse(POLICY, Path::new("policy.toml")).expect("a policy")
}

fn lock() -> Lock {
    let mut lock = Lock::default();
    for name in ["echo", "other", "notes"] {
        let mut plugin = installed(name, name.as_bytes());
        plugin.number = lock.number_for(&plugin.name);
        lock.put(plugin);
    }
    let mut newer = installed("notes", b"newer");
    newer.number = lock.number_for(&newer.name);
    newer.requests = Some(Requests::parse(REQUESTS).expect("requests"));
    lock.put(newer.clone());
    newer.digest = Digest::of_bytes(b"newest");
    lock.put(newer);
    lock
}

/// A home with both files, and what they are.
fn home(folder: &Path) -> (Home, Sources) {
    let home = Home::open(folder).expect("a home");
    for (path, text) in [
        (home.policy_file(), POLICY.to_owned()),
        (home.lock_file(), lock().to_text()),
    ] {
        fs::write(&path, text).expect("written");
        set_mode(&path, 0o600);
    }
    let sources = Sources::of(&home).expect("both are there");
    (home, sources)
}

/// Keeps both, as soon as they are old enough.
fn keep(home: &Home, of: &str, sources: &Sources) {
    loop {
        let now = Sources::of(home).expect("both are there");
        assert_eq!(now, *sources);
        let sources = (&now, Duration::ZERO);
        if write(home, &origin(of), sources, &policy(), &lock()).expect("a folder to write to") {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_is_kept_is_what_the_files_say_of_one_extension() {
    let folder = private_folder();
    let (home, sources) = home(folder.path());
    assert_eq!(read(&home, &origin(ORIGIN), &sources), None, "nothing yet");
    for (of, plugins) in [(ORIGIN, vec!["echo", "notes"]), (OTHER, vec!["notes"])] {
        keep(&home, of, &sources);
        let kept = read(&home, &origin(of), &sources).expect("it was just written");
        assert_eq!(kept.policy, policy().of_origin(&origin(of)));
        assert_eq!(kept.lock.next_number(), lock().next_number());
        let all = lock();
        let expected = plugins.iter().map(|name| {
            let name = name.parse().expect("a legal name");
            all.find(&name).expect("it is installed").clone()
        });
        assert_eq!(kept.lock.plugins(), expected.collect::<Vec<_>>());
        assert!(!kept.lock.plugins().iter().all(|it| it.earlier.is_empty()));
    }
}

#[test]
fn nothing_is_kept_of_what_has_just_changed_or_says_nothing() {
    let folder = private_folder();
    let (home, sources) = home(folder.path());
    let told_since = |of: &str, sources: &Sources, since: Duration| {
        let sources = (sources, since);
        write(&home, &origin(of), sources, &policy(), &lock()).expect("a folder to write to")
    };
    let told = |of: &str, sources: &Sources| told_since(of, sources, Duration::ZERO);
    keep(&home, ORIGIN, &sources);
    // However old they are by now: an hour ago they were looked at too early.
    assert!(!told_since(OTHER, &sources, Duration::from_secs(3600)));
    let mut changed = Sources::of(&home).expect("both are there");
    assert!(!told("unknown@example.com", &changed));
    changed.lock.size += 1;
    assert!(!told(OTHER, &changed), "it has changed while it was read");
    assert_eq!(read(&home, &origin(OTHER), &changed), None);
}

#[test]
fn an_edit_counts_at_once_whatever_it_leaves_as_it_was() {
    let folder = private_folder();
    let (home, sources) = home(folder.path());
    let file = home.policy_file();
    keep(&home, ORIGIN, &sources);
    let read_now = || {
        let sources = Sources::of(&home)?;
        read(&home, &origin(ORIGIN), &sources)
    };
    assert!(read_now().is_some());

    let modified = fs::metadata(&file)
        .and_then(|it| it.modified())
        .expect("a time");
    let edited = POLICY.replace("64MiB", "32MiB");
    assert_eq!(edited.len(), POLICY.len());
    // The same file, size and time of the last write.
    fs::write(&file, &edited).expect("written");
    let times = FileTimes::new().set_modified(modified);
    File::options()
        .write(true)
        .open(&file)
        .and_then(|it| it.set_times(times))
        .expect("our own");
    let now = Sources::of(&home).expect("both are there");
    assert_eq!(now.policy.size, sources.policy.size);
    assert_eq!(now.policy.stamp.inode, sources.policy.stamp.inode);
    assert_eq!(
        now.policy.stamp.modified_ns,
        sources.policy.stamp.modified_ns
    );
    assert_eq!(read_now(), None);

    // Another file in its place, and another lock.
    keep(&home, ORIGIN, &now);
    assert!(read_now().is_some());
    let other = folder.path().join("other");
    fs::copy(&file, &other).expect("copied");
    fs::rename(&other, &file).expect("renamed");
    assert_eq!(read_now(), None);
    keep(&home, ORIGIN, &Sources::of(&home).expect("both"));
    fs::write(home.lock_file(), lock().to_text()).expect("written");
    assert_eq!(read_now(), None);
    keep(&home, ORIGIN, &Sources::of(&home).expect("both"));
    fs::remove_file(&file).expect("it is there");
    assert_eq!(read_now(), None, "no policy, no routes");
}

#[test]
fn what_is_damaged_or_not_ours_counts_as_not_there() {
    let folder = private_folder();
    let (home, sources) = home(folder.path());
    keep(&home, ORIGIN, &sources);
    keep(&home, OTHER, &sources);
    let kept = file_of(&home, &origin(ORIGIN));
    let text = fs::read_to_string(&kept).expect("it was just written");
    let ours = || read(&home, &origin(ORIGIN), &sources);
    let put = |text: &str| {
        fs::write(&kept, text).expect("written");
        ours()
    };
    assert!(put(&text).is_some());
    for length in (0..text.len()).step_by(97) {
        let short = text.get(..length).unwrap_or_default();
        assert_eq!(put(short), None, "{length} bytes of it");
    }
    let others = fs::read_to_string(file_of(&home, &origin(OTHER))).expect("kept, too");
    for wrong in [
        others.clone(),
        others.replacen(OTHER, ORIGIN, 1),
        text.replacen(PROGRAM, "0.0.0", 1),
        text.replacen("\"size\":", "\"size\":1", 1),
        text.replacen("\"origin\"", "\"extra\":1,\"origin\"", 1),
        text.replacen("read-only", "read-all", 1),
        text.replacen("\"echo\"", "\"../echo\"", 1),
    ] {
        assert_ne!(wrong, text);
        assert_eq!(put(&wrong), None, "{wrong}");
    }
    assert!(put(&text).is_some());
    set_mode(&kept, 0o666);
    assert_eq!(ours(), None, "others may write to it");
    set_mode(&kept, 0o600);
    assert!(ours().is_some());
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&kept, &elsewhere).expect("moved");
    std::os::unix::fs::symlink(&elsewhere, &kept).expect("a link");
    assert_eq!(ours(), None, "a link");
}
