//! `send`: one message to the real host, as a browser would send it.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use portcullis_tests::{ADD_ON, Home, ORIGIN, OTHER_ORIGIN};
use serde_json::Value;

use super::{Said, run, said};
use crate::fixture::{Verb, home_with, order, route};

/// Runs `portcullis send` with this on standard input.
fn send_input(home: &Home, input: &[u8]) -> Said {
    let mut command = home.portcullis(["send", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program was just built");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input)
        .expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    said(home, &command, &output)
}

#[test]
fn the_answer_is_printed() {
    let home = home_with(&["echo"], &route(ORIGIN, "echo"));
    for message in ["\"ping\"", "{\"a\": [1.50, null]}", "\"\\ud800\"", "-1"] {
        run(&home, ["send", message]).prints(&format!("{message}\n"));
    }
    run(&home, ["send", "{\n\"a\":\n1}"]).prints("{ \"a\": 1}\n");
    send_input(&home, b"{\"from\": \"input\"}\n").prints("{\"from\": \"input\"} \n");
}

#[test]
fn a_message_that_is_not_json_is_not_sent() {
    let home = home_with(&["echo"], &route(ORIGIN, "echo"));
    run(&home, ["send", "{\"a\": tru }"]).refuses(
        2,
        "the message is not JSON: unexpected character in JSON at byte 9: ` }`",
    );
    run(&home, ["send", ""]).refuses(
        2,
        "the message is not JSON: the JSON text ends too early at byte 0: ``",
    );
    send_input(&home, b"1 2").refuses(
        2,
        "the message is not JSON: text after the JSON value at byte 2: `2`",
    );
    send_input(&home, b"\xff").refuses_with(1, "cannot read the message from standard input");
}

#[test]
fn the_caller_is_who_it_is_told_to_be() {
    let both = route(ORIGIN, "unruly") + &route(ADD_ON, "unruly");
    let home = home_with(&["unruly"], &both);
    let peer = |arguments: &[&str]| -> [Value; 3] {
        let message = order(Verb::Peer, 0);
        let all = ["send"]
            .into_iter()
            .chain(arguments.iter().copied())
            .chain([&*message]);
        let said = run(&home, all).succeeds();
        let answer: Value = serde_json::from_str(&said).expect("JSON");
        ["origin", "browser", "host-name"].map(|key| answer[key].clone())
    };
    let caller = |origin: &str, browser: &str, host_name: &str| {
        [origin, browser, host_name].map(Value::from)
    };
    let chromium = [ORIGIN.into(), "chromium".into(), Value::Null];
    assert_eq!(peer(&["--origin", ORIGIN]), chromium);
    let named = caller(ORIGIN, "chromium", "com.example.echo");
    assert_eq!(
        peer(&["--origin", ORIGIN, "--host-name", "com.example.echo"]),
        named
    );
    let mozilla = caller(ADD_ON, "mozilla", "portcullis");
    assert_eq!(peer(&["--origin", ADD_ON]), mozilla);
    let named = caller(ADD_ON, "mozilla", "Test.App");
    assert_eq!(
        peer(&["--origin", ADD_ON, "--host-name", "Test.App"]),
        named
    );

    run(&home, ["send", "1"]).refuses(
        1,
        &format!("the policy has routes for 2 origins: choose one with `--origin`\n  {ORIGIN}\n  {ADD_ON}"),
    );
    home.policy("version = 1\n");
    run(&home, ["send", "1"]).refuses(
        1,
        "the policy has no route: add one with `portcullis route add`, or name an `--origin`",
    );
}

#[test]
fn an_error_of_the_host_is_printed_and_told_by_the_code() {
    let home = home_with(&["echo"], &route(ORIGIN, "echo"));
    let said = run(&home, ["send", "--origin", OTHER_ORIGIN, "1"]);
    let frame: Value = serde_json::from_str(&said.stdout).expect("one frame");
    assert_eq!(frame["$portcullis"]["error"]["code"], "no-route");
    assert_eq!(said.code, 1);
    let lines: Vec<&str> = said.stderr.lines().collect();
    assert_eq!(
        lines.last(),
        Some(&"error: the host answered with an error"),
        "{lines:?}"
    );
    assert!(
        lines.len() > 1,
        "the host's own words pass through: {lines:?}"
    );
}

#[test]
fn unsolicited_messages_are_waited_for() {
    let home = home_with(&["ping-pong"], &route(ORIGIN, "ping-pong"));
    let ticks = r#"{"every": 50, "times": 3}"#;
    let first = run(&home, ["send", ticks]).succeeds();
    assert_eq!(
        first.lines().next(),
        Some("{\"tick\":1}"),
        "it ends after the first"
    );
    let begun = Instant::now();
    run(&home, ["send", "--wait", "1500ms", ticks])
        .prints("{\"tick\":1}\n{\"tick\":2}\n{\"tick\":3}\n");
    assert!(begun.elapsed() >= Duration::from_millis(1500));
    run(&home, ["send", "--wait", "soon", ticks]).refuses_with(2, "`soon` is not a span of time");
}

#[test]
fn without_a_host_beside_it_nothing_is_sent() {
    let home = home_with(&["echo"], &route(ORIGIN, "echo"));
    let folder = home.beside().join("alone");
    std::fs::create_dir(&folder).expect("a temporary folder takes a folder");
    let alone = folder.join("portcullis");
    std::fs::copy(portcullis_tests::programs::portcullis(), &alone)
        .expect("a program can be copied");
    let mut command = std::process::Command::new(alone);
    command
        .args(["send", "1"])
        .env("PORTCULLIS_HOME", home.path())
        .stdin(Stdio::null());
    let output = command.output().expect("it is executable");
    said(&home, &command, &output).refuses(
        1,
        "there is no `portcullis-host` beside `[BESIDE]/alone/portcullis`: put the two programs into one folder",
    );
}

#[test]
fn a_missing_home_says_how_to_make_one() {
    let home = Home::new();
    let missing = home.path().join("missing");
    let mut command = home.portcullis(["send", "1"]);
    super::finished(&home, command.env("PORTCULLIS_HOME", &missing)).refuses(
        1,
        "there is no Portcullis home at `[HOME]/missing`: `portcullis add FILE.wasm` makes one",
    );
}
