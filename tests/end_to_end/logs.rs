//! What is written where: bodies nowhere, levels as chosen, the folder and the file for the user alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use portcullis_tests::{Browser, ORIGIN, OTHER_ORIGIN, PATIENCE, Stderr};

use crate::fixture::{HELLO, Verb, home, home_with, limited_home, order, route};

/// Nobody's word but this test's.
const CANARY: &str = "canary-3f9a71";

#[test]
fn no_message_body_is_ever_logged() {
    let when = "when = { \"/to\" = \"unruly\" }\n";
    let policy = route(ORIGIN, "echo") + &route(ORIGIN, "unruly") + when;
    let home = home_with(&["echo", "unruly"], &policy);
    let mut port = Browser::chromium(&home)
        .environment("PORTCULLIS_LOG", "debug")
        .start();
    port.ask(&format!(r#"{{"text":"{CANARY}"}}"#));
    port.ask(&format!(r#"{{"text":"{CANARY}""#))
        .expect_error("invalid-json");
    port.ask(&format!("\"{CANARY}{}\"", "x".repeat(1 << 20)))
        .expect_error("reply-too-large");
    port.ask(&format!(
        r#"{{"to":"unruly","do":"trap","text":"{CANARY}"}}"#
    ))
    .expect_error("plugin-crashed");
    port.ask(&format!(
        r#"{{"to":"unruly","do":"garbage","text":"{CANARY}"}}"#
    ))
    .expect_error("invalid-json");
    let body = format!("\"{CANARY}\u{0}\"").replace('\u{0}', "\u{7f}");
    let mut bytes = portcullis_tests::encode(&body);
    if let Some(byte) = bytes.iter_mut().find(|byte| **byte == 0x7f) {
        *byte = 0xff;
    }
    port.send_raw(&bytes)
        .receive(PATIENCE)
        .expect_error("invalid-json");
    let ended = port.end().expect_exit(0).expect_no_frames();
    let log = home.log();
    assert!(!log.is_empty());
    assert!(!log.contains(CANARY), "the log has a message:\n{log}");
    assert!(
        !ended.stderr.contains(CANARY),
        "stderr has a message:\n{}",
        ended.stderr
    );
}

#[test]
fn no_message_body_is_logged_of_a_caller_without_a_route() {
    let home = home("echo");
    let mut port = Browser::chromium(&home)
        .origin(OTHER_ORIGIN)
        .environment("PORTCULLIS_LOG", "debug")
        .start();
    port.ask(&format!("\"{CANARY}\"")).expect_error("no-route");
    let ended = port.end().expect_exit(1);
    assert!(!home.log().contains(CANARY) && !ended.stderr.contains(CANARY));
}

#[test]
fn the_level_of_the_file_is_chosen_by_the_environment() {
    let lines = |level: Option<&str>| {
        let home = home("unruly");
        let mut browser = Browser::chromium(&home);
        if let Some(level) = level {
            browser = browser.environment("PORTCULLIS_LOG", level);
        }
        let mut port = browser.start();
        port.ask(HELLO);
        port.ask(&order(Verb::Trap, 0))
            .expect_error("plugin-crashed");
        port.end().expect_exit(0);
        home.log().lines().count()
    };
    let (error, warn, info, debug) = (
        lines(Some("error")),
        lines(Some("warn")),
        lines(Some("info")),
        lines(Some("debug")),
    );
    assert!(
        error <= warn && warn < info && info < debug,
        "lines: {error} {warn} {info} {debug}"
    );
    assert!(warn >= 1, "a crash is worth a warning");
    assert_eq!(lines(None), info, "`info` is the default");
    // A word that is no level must not stop a browser's port.
    assert!(lines(Some("verbose")) >= warn);
}

#[test]
fn debug_tells_lengths_and_the_outcome_of_each_request() {
    let home = home("echo");
    let mut port = Browser::chromium(&home)
        .environment("PORTCULLIS_LOG", "debug")
        .start();
    let message = format!("\"{}\"", "x".repeat(31_335));
    port.ask(&message).expect_text(&message);
    port.end().expect_exit(0);
    let log = home.log();
    let line = log.lines().find(|line| line.contains("31337"));
    let line =
        line.unwrap_or_else(|| panic!("the length of a message has to be in the log:\n{log}"));
    assert!(
        line.contains("echo") && line.contains(ORIGIN),
        "a request's line says whose it is: {line}"
    );
}

#[test]
fn the_private_detail_of_an_error_is_in_the_log_under_the_same_request() {
    let home = limited_home("unruly", "memory = \"16MiB\"\nwall-per-call = \"300ms\"");
    let mut port = Browser::chromium(&home).start();
    let failures = [Verb::Trap, Verb::Exhaust, Verb::Sleep, Verb::Exit];
    for (request, deed) in (1..).zip(failures) {
        let error = port
            .ask(&order(deed, 60_000))
            .error()
            .expect("each is an error");
        assert_eq!(error.request, Some(request));
    }
    port.end().expect_exit(0);
    let log = home.log();
    for request in 1..=failures.len() {
        let named = log
            .lines()
            .any(|line| line.contains(&format!("request={request} ")) && line.contains("unruly"));
        assert!(
            named,
            "request {request} failed, and the log does not say so by its number:\n{log}"
        );
    }
}

#[test]
fn stderr_has_one_line_for_each_warning() {
    let home = home("unruly");
    let mut port = Browser::chromium(&home).start();
    for deed in [Verb::Trap, Verb::Panic, Verb::Exit] {
        port.ask(&order(deed, 1));
    }
    let ended = port.end().expect_exit(0);
    for line in ended.stderr.lines() {
        assert!(
            line.contains("unruly"),
            "each line says which plugin: {line}"
        );
        assert!(
            !line.contains('\u{1b}'),
            "a browser's log has no colours: {line}"
        );
    }
    assert!(
        ended.stderr.lines().count() >= 3,
        "three failures:\n{}",
        ended.stderr
    );
}

#[test]
fn the_log_is_for_the_user_alone() {
    let home = home("echo");
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO);
    port.end().expect_exit(0).expect_quiet();
    for (name, mode) in [("", 0o700), ("logs", 0o700), ("logs/portcullis.log", 0o600)] {
        let found = fs::metadata(home.path().join(name))
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(found, mode, "`{name}` has mode {found:o}");
    }
}

#[test]
fn a_log_that_cannot_be_written_does_not_stop_a_port() {
    let home = limited_home("echo", "");
    let logs = home.path().join("logs");
    let _ = fs::remove_dir_all(&logs);
    fs::write(&logs, b"a file where the folder should be").expect("the home is ours");
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(HELLO);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn the_log_is_rotated_before_it_grows_without_bound() {
    let home = home("echo");
    let logs = home.path().join("logs");
    fs::create_dir_all(&logs).expect("the home is ours");
    fs::set_permissions(&logs, fs::Permissions::from_mode(0o700)).expect("the home is ours");
    let old = "an old line\n".repeat(3 << 20);
    home.write("logs/portcullis.log", old.as_bytes());
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO).expect_text(HELLO);
    port.end().expect_exit(0);
    let now = fs::metadata(logs.join("portcullis.log"))
        .expect("the log is there")
        .len();
    assert!(
        now < old.len() as u64 / 2,
        "36 MiB of log were appended to: {now} bytes"
    );
}

/// A disk that takes nothing more: a limit on the size of files does the same to every write, and needs no right to mount
/// anything. The log and the journal of crashes are what the host writes.
#[test]
fn a_full_disk_costs_no_answer() {
    for (stderr, said) in [(Stderr::Kept, true), (Stderr::Broken, false)] {
        let home = limited_home("unruly", "crashes = 3");
        let full = ["/bin/sh", "-c", "ulimit -f 0 && exec \"$@\"", "sh"];
        let mut port = Browser::chromium(&home)
            .wrapper(full)
            .stderr(stderr)
            .start();
        port.ask(HELLO).expect_text(r#"{"length":18}"#);
        for _ in 0..3 {
            port.ask(&order(Verb::Trap, 0))
                .expect_error("plugin-crashed");
        }
        // Nothing could be written down, and within the port it counts all the same.
        port.ask(HELLO).expect_error("quarantined");
        let ended = port.end().expect_exit(0).expect_no_frames();
        let lines = ended.stderr.lines();
        let journal = lines.filter(|line| line.contains("failed to write the journal of crashes"));
        assert_eq!(journal.count(), usize::from(said), "{}", ended.stderr);
        assert_eq!(home.log(), "", "nothing can be written to the log");
        let crashes = home.path().join("crashes");
        let written: u64 = fs::read_dir(crashes)
            .expect("the folder can be made")
            .filter_map(|file| Some(file.ok()?.metadata().ok()?.len()))
            .sum();
        assert_eq!(written, 0, "nothing can be written to the journal");
        // With room again, the next port begins to count.
        let mut port = Browser::chromium(&home).start();
        port.ask(HELLO).expect_text(r#"{"length":18}"#);
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
    }
}
