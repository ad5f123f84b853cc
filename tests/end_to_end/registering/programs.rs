//! The two programs belong together, and `doctor` says where they do not.

use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use portcullis_tests::{Browser, programs};

use super::Machine;
use crate::cli::{finished, text};
use crate::fixture::{HELLO, home};

/// What both programs are, told by the one for people.
fn version() -> String {
    let machine = Machine::new();
    let said = machine.run(["--version"]).succeeds();
    let version = said.trim_end().strip_prefix("portcullis ");
    version.expect("it names itself").to_owned()
}

#[test]
fn the_host_tells_its_version_where_nothing_else_is_asked() {
    let told = format!("portcullis-host {}\n", version());
    for (arguments, code, stdout) in [
        (&["--version"][..], 0, &*told),
        (&["--version", "x"], 2, ""),
        (&["x", "--version"], 2, ""),
        (&["--version=1"], 2, ""),
        (&["version"], 2, ""),
    ] {
        let ended = Command::new(programs::host())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the program was just built");
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stdout), stdout);
        assert_eq!(ended.stderr.is_empty(), code == 0, "{ended:?}");
    }
    // A browser's start stays one, whatever else it passes.
    let home = home("echo");
    let mut port = Browser::chromium(&home).argument("--version").start();
    port.ask(HELLO).expect_text(HELLO);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_channel_that_nobody_reads_is_an_error_and_no_signal() {
    for (argument, code) in [("--version", 4), ("version", 2)] {
        // No pipe: another test's child could have its reading end for a moment.
        let (_reader, output) = UnixStream::pair().expect("sockets can be made");
        output.shutdown(Shutdown::Write).expect("it is open");
        let output = OwnedFd::from(output);
        let error = output.try_clone().expect("a descriptor can be copied");
        let status = Command::new(programs::host())
            .arg(argument)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(error)
            .status()
            .expect("the program was just built");
        assert_eq!(status.code(), Some(code), "{argument}: {status}");
    }
}

#[test]
fn a_host_of_another_version_is_named() {
    let machine = Machine::new();
    let ours = version();
    let portcullis = machine.path("programs/portcullis");
    shell(
        "ln \"$1\" \"$2\" 2> /dev/null || cp \"$1\" \"$2\"",
        [text(programs::portcullis()), text(&portcullis)],
    );
    let host = machine.path("programs/portcullis-host");
    for (script, words) in [
        (
            "echo portcullis-host 0.0.7".to_owned(),
            format!(
                "has version 0.0.7, and this program {ours}: it runs nothing that this one compiles"
            ),
        ),
        (
            "echo portcullis-host: no caller >&2; exit 2".to_owned(),
            "does not tell its version: it ended with exit status: 2".to_owned(),
        ),
        (
            format!("echo portcullis-host {ours}; exit 1"),
            "exit status: 1".to_owned(),
        ),
        (
            "echo something else".to_owned(),
            "exit status: 0".to_owned(),
        ),
        (
            format!("echo portcullis-host {ours}"),
            format!("ok: programs: version {ours}, with `[BESIDE]/programs/portcullis-host`"),
        ),
    ] {
        let script = format!("#!/bin/sh\n{script}\n");
        shell(
            "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"",
            [&*script, text(&host)],
        );
        let usual = machine.command(["doctor"]);
        let mut command = Command::new(&portcullis);
        command.args(usual.get_args());
        for (name, value) in usual.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let said = finished(&machine.home, &mut command);
        let is_good = words.starts_with("ok: ");
        assert_eq!(said.code, i32::from(!is_good), "{said:?}");
        assert!(said.stdout.contains(&words), "`{words}` is not in {said:?}");
        assert_eq!(said.stdout.contains("broken: programs: "), !is_good);
    }
}

/// Programs are made by another process: while a file is open for writing in this one, a test beside us may start a
/// child that has it open as well for a moment, and nobody can start it then.
#[track_caller]
fn shell(script: &str, arguments: [&str; 2]) {
    let made = Command::new("/bin/sh")
        .args(["-c", script, "sh"])
        .args(arguments)
        .status();
    assert!(made.is_ok_and(|made| made.success()), "{arguments:?}");
}
