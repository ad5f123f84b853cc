//! The checkers, checked: a fake browser that lets a bad host pass would make every other test worthless. Shells stand in
//! for hosts that do what ours must not.

use std::path::Path;
use std::time::Duration;

use portcullis_tests::{Browser, Home, Output, PATIENCE, Port};
use rustix::process::Signal;

/// A port to a "host" that is this shell script.
fn shell(script: &str) -> Port {
    let home = Home::new();
    Browser::chromium(&home)
        .program(Path::new("/bin/sh"))
        .arguments(["-c", script])
        .start()
}

#[test]
fn a_good_host_passes() {
    let mut port = shell("exec cat");
    port.ask("{\"a\":1}").expect_text("{\"a\":1}");
    port.send("[1]").send("[2]");
    port.receive(PATIENCE).expect_text("[1]");
    assert!(port.peak_resident_bytes() > 0);
    let ended = port
        .end()
        .expect_exit(0)
        .expect_quiet()
        .expect_within(Duration::from_secs(5));
    assert_eq!(ended.frames.len(), 1);
}

#[test]
#[should_panic(expected = "which no browser takes")]
fn text_on_stdout_is_not_a_frame() {
    shell("echo starting up; cat >/dev/null").receive(PATIENCE);
}

#[test]
#[should_panic(expected = "a frame of 0 bytes")]
fn an_empty_frame_is_not_a_frame() {
    shell("printf '\\0\\0\\0\\0'; cat >/dev/null").receive(PATIENCE);
}

#[test]
#[should_panic(expected = "that is not JSON")]
fn a_frame_without_json_is_not_a_frame() {
    shell("printf '\\1\\0\\0\\0{'; cat >/dev/null").receive(PATIENCE);
}

#[test]
#[should_panic(expected = "ended inside a frame")]
fn bytes_after_the_last_frame_are_found_at_the_end() {
    shell("cat; printf 'x'").end().expect_exit(0);
}

#[test]
#[should_panic(expected = "sent no frame within")]
fn silence_is_not_an_answer() {
    shell("cat >/dev/null").receive(Duration::from_millis(100));
}

#[test]
#[should_panic(expected = "instead of sending a frame")]
fn an_end_is_not_an_answer() {
    shell("exit 0").receive(PATIENCE);
}

#[test]
#[should_panic(expected = "the host panicked")]
fn exit_code_101_is_never_expected() {
    shell("exit 101").wait().expect_exit(101);
}

#[test]
#[should_panic(expected = "the host panicked")]
fn exit_code_101_is_found_in_a_port_that_a_test_forgets() {
    let port = shell("exit 101");
    while port.is_running() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
#[should_panic(expected = "the host panicked")]
fn the_text_of_a_panic_is_found_whatever_the_exit_code() {
    shell("echo \"thread 'main' panicked at x.rs:1:1\" >&2")
        .end()
        .expect_exit(0);
}

#[test]
#[should_panic(expected = "a signal that nobody sent")]
fn death_by_a_signal_is_never_expected() {
    shell("kill -ABRT $$").wait().expect_killed(Signal::ABORT);
}

#[test]
#[should_panic(expected = "expected exit code 0")]
fn another_exit_code_is_found() {
    shell("exit 3").end().expect_exit(0);
}

#[test]
#[should_panic(expected = "the test did not look")]
fn an_end_that_nobody_looks_at_is_found() {
    drop(shell("exit 0").end());
}

#[test]
fn a_signal_that_the_test_sent_is_no_surprise() {
    let mut port = shell("exec sleep 60");
    port.signal(Signal::TERM);
    port.wait().expect_killed(Signal::TERM);
}

#[test]
fn a_forgotten_host_is_killed() {
    let port = shell("exec sleep 60");
    let id = port.id();
    drop(port);
    assert!(!Path::new(&format!("/proc/{id}")).exists());
}

#[test]
fn a_browser_that_does_not_read_fills_the_pipe() {
    let mut port = Browser::chromium(&Home::new())
        .program(Path::new("/bin/cat"))
        .arguments([""; 0])
        .output(Output::Unread)
        .start();
    let message = format!("\"{}\"", "x".repeat(900_000));
    let bytes = portcullis_tests::encode(&message);
    let taken = port
        .try_send_raw(&bytes, Duration::from_millis(200))
        .expect("cat reads");
    assert!(
        taken < bytes.len(),
        "`cat` took everything though nobody reads"
    );
    port.resume_output()
        .send_raw(&bytes[taken..])
        .receive(PATIENCE)
        .expect_text(&message);
    port.close_output();
    let _ = port.try_send_raw(&bytes, PATIENCE);
    // `cat` knows no better than to die of it.
    let status = port.wait();
    assert!(status.status.code() != Some(0));
    std::mem::forget(status);
}
