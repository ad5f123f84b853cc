//! The main job on every system: what a person sets up, what a browser asks for, how it ends. The other tests look
//! deeper, and are written for Linux.

use std::process::Command;
use std::time::Duration;

use portcullis_tests::{Home, ORIGIN, OTHER_ORIGIN, PlainPort, guests, programs};
use serde_json::json;

/// A home with both plugins, `echo` routed.
fn home() -> Home {
    let home = Home::new();
    home.add("echo", &guests::echo())
        .add("ping-pong", &guests::ping_pong());
    home.route(ORIGIN, "echo");
    home
}

/// The host as Chromium starts it on Windows, with the argument that other systems do without.
fn chromium(home: &Home, origin: &str) -> Command {
    let mut command = Command::new(programs::host());
    command
        .env("PORTCULLIS_HOME", home.path())
        .args([origin, "--parent-window=0"]);
    command
}

#[test]
fn messages_come_back_byte_for_byte() {
    let home = home();
    let mut port = PlainPort::start(chromium(&home, ORIGIN));
    // Lengths whose bytes are line ends and the end-of-file of a text mode, and spaces between tokens that are.
    for length in [10, 13, 26, 0x0a0d, 0x1a1a, 65_536, 1024 * 1024] {
        let text = format!("\"{}\"", "x".repeat(length - 2));
        port.ask(&text).expect_text(&text);
    }
    let spaced = "{\r\n\"a\":\n\t[1 ,\r2]}\n";
    port.ask(spaced).expect_text(spaced);
    for number in 0..200 {
        port.send(&number.to_string());
    }
    for number in 0..200 {
        port.receive().expect_text(&number.to_string());
    }
    let end = port.end();
    assert_eq!((end.code, end.stderr.as_str()), (0, ""));
    assert!(end.took < Duration::from_secs(2), "{:?}", end.took);
}

#[test]
fn a_session_posts_by_itself_and_ends_with_its_port() {
    let home = home();
    home.policy(&format!(
        "version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"ping-pong\"\n"
    ));
    let mut port = PlainPort::start(chromium(&home, ORIGIN));
    port.ask("\"ping\"").expect_text("\"pong\"");
    port.send(r#"{"every":20,"times":3}"#);
    for tick in 1..=3 {
        assert_eq!(port.receive().json(), json!({ "tick": tick }));
    }
    let end = port.end();
    assert_eq!((end.code, end.stderr.as_str()), (0, ""));
}

#[test]
fn a_stranger_gets_a_report_and_no_plugin() {
    let home = home();
    let mut port = PlainPort::start(chromium(&home, OTHER_ORIGIN));
    port.ask("1").expect_error("no-route");
    assert_eq!(port.end().code, 1);
}

#[test]
fn a_launcher_tells_the_host_name_and_the_home() {
    let home = home();
    home.policy(&format!(
        "version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"echo\"\nhost-name = \"com.example.echo\"\n"
    ));
    for (name, known) in [("com.example.echo", true), ("com.example.other", false)] {
        let mut command = Command::new(home.launcher(name));
        command.env_remove("PORTCULLIS_HOME").arg(ORIGIN);
        let mut port = PlainPort::start(command);
        let answer = port.ask("[1]");
        if known {
            answer.expect_text("[1]");
        } else {
            answer.expect_error("no-route");
        }
        assert_eq!(port.end().code, i32::from(!known));
    }
}

#[test]
fn a_damaged_artifact_is_made_again() {
    let home = home();
    let cache = std::fs::read_dir(home.path().join("cache")).expect("it was filled");
    for entry in cache {
        let path = entry.expect("it can be listed").path();
        std::fs::write(path, "not code").expect("our own");
    }
    let mut port = PlainPort::start(chromium(&home, ORIGIN));
    port.ask("[1]").expect_text("[1]");
    let end = port.end();
    assert_eq!(end.code, 0);
    assert!(
        end.stderr.contains("made the ahead-of-time code again"),
        "{}",
        end.stderr
    );
}

#[test]
fn a_person_sends_a_message() {
    let home = home();
    for arguments in [
        &["send", "[1]"][..],
        &["send", "--host-name", "com.example.echo", "[1]"],
    ] {
        let output = home
            .portcullis(arguments.iter().copied())
            .output()
            .expect("the program was just built");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), "[1]");
    }
}

/// Case 38: how Chromium starts a host on Windows where it does not start it directly.
#[cfg(windows)]
#[test]
fn case_38_a_command_line_with_an_ampersand_and_a_space() {
    use std::os::windows::process::CommandExt as _;

    let home = home();
    let folder = home.beside().join("a & b");
    std::fs::create_dir(&folder).expect("a new folder");
    let host = folder.join("portcullis-host.exe");
    std::fs::copy(programs::host(), &host).expect("a copy");
    let mut command = Command::new("cmd");
    command.env("PORTCULLIS_HOME", home.path()).raw_arg(format!(
        "/d /s /c \"\"{}\" {ORIGIN} --parent-window=0\"",
        host.display()
    ));
    let mut port = PlainPort::start(command);
    let text = "{\r\n\"a\":\n\"\\u001a\"}";
    port.ask(text).expect_text(text);
    assert_eq!(port.end().code, 0);
}
