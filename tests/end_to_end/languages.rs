//! The example plugins in every language, through the real programs: built as their READMEs say, added, routed,
//! spoken to.
//!
//! What each prints about size and time is information: run with `--nocapture` to see it. A limit on either belongs
//! to a benchmark on a quiet machine.

use std::fs;
use std::io::{self, Write};
use std::time::Instant;

use portcullis_tests::languages::{self, Example, GREETERS, PING_PONGS, PROGRAMS};
use portcullis_tests::{Browser, Home, ORIGIN, PATIENCE, Port, cargo, programs};

use crate::fixture::json;

/// A home with the example and a route to it.
fn home(example: &Example) -> Home {
    let home = Home::new();
    home.add(example.name, example.wasm());
    home.route(ORIGIN, example.name);
    home
}

/// Runs a line of a shell in a folder of the project; it has to succeed.
#[track_caller]
fn run(folder: &str, line: &str) {
    let output = languages::run(line, &cargo::root().join(folder));
    assert!(
        output.status.success(),
        "`{line}` in `{folder}` ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What `portcullis inspect` says of a file.
fn inspected(example: &Example) -> String {
    let home = Home::new();
    let output = home
        .portcullis(["inspect"])
        .arg(example.wasm())
        .output()
        .expect("the program was just built");
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn tell(line: &str) {
    // Nobody is left to read where it fails.
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// What a person would want to compare: of no consequence for the test.
fn tell_of(example: &Example, home: &Home) {
    let size = fs::metadata(example.wasm()).map_or(0, |file| file.len());
    let start = Instant::now();
    let mut port = Browser::chromium(home).start();
    port.ask("\"ping\"");
    let first = start.elapsed();
    let start = Instant::now();
    port.ask("\"ping\"");
    let second = start.elapsed();
    tell(&format!(
        "{:>15}: {size:>9} bytes; start to first reply {:.1} ms, then {:.2} ms",
        example.name,
        first.as_secs_f64() * 1e3,
        second.as_secs_f64() * 1e3
    ));
}

#[track_caller]
fn hears(example: &Example, port: &mut Port, expected: &str) {
    let heard = port.receive(PATIENCE).json();
    assert_eq!(heard, json(expected), "{}", example.name);
}

/// One home for all that is asked of an example: compiling Python takes longer than the rest of this file.
#[test]
fn every_ping_pong_plays() {
    for example in &PING_PONGS {
        let home = home(example);
        plays(example, &home);
        if example.name.ends_with("-sdk") {
            gives_a_requests_number_back(example, &home);
            finds_its_replies(&home);
        }
        tell_of(example, &home);
    }
}

fn plays(example: &Example, home: &Home) {
    let mut port = Browser::chromium(home).start();
    port.send("\"ping\"");
    hears(example, &mut port, "\"pong\"");
    let error = port.ask("\"pong\"").expect_error("plugin-error");
    assert_eq!(error.request, Some(2), "{}", example.name);
    assert!(
        error.all["plugin_code"] == "unknown-request"
            || error.all["plugin_code"] == "invalid-message",
        "{}: {}",
        example.name,
        error.all
    );
    port.send(r#"{"every":200,"times":3}"#);
    // Whoever waits must not keep the others waiting.
    port.send("\"ping\"");
    for expected in [
        "\"pong\"",
        r#"{"tick":1}"#,
        r#"{"tick":2}"#,
        r#"{"tick":3}"#,
    ] {
        hears(example, &mut port, expected);
    }
    port.end().expect_exit(0).expect_no_frames();
    let log = home.log();
    for line in [&format!("connected to {ORIGIN}"), "disconnected"] {
        assert!(
            log.contains(line),
            "{} did not log `{line}`\n{log}",
            example.name
        );
    }
}

fn gives_a_requests_number_back(example: &Example, home: &Home) {
    let mut port = Browser::chromium(home).start();
    port.send(r#"{"$id":1,"$value":"ping"}"#);
    hears(example, &mut port, r#"{"$id":1,"$reply":"pong"}"#);
    // The request is over when the last tick has been sent, and another one may come between.
    port.send(r#"{"$id":2,"every":200,"times":2}"#);
    port.send(r#"{"$id":3,"$value":"ping"}"#);
    for expected in [
        r#"{"$id":3,"$reply":"pong"}"#,
        r#"{"tick":1}"#,
        r#"{"tick":2}"#,
        r#"{"$id":2}"#,
    ] {
        hears(example, &mut port, expected);
    }
    let error = port
        .ask(r#"{"$id":4,"$value":"pong"}"#)
        .expect_error("plugin-error");
    assert_eq!(error.request, Some(4), "{}", example.name);
    port.end().expect_exit(0).expect_no_frames();
}

/// The JavaScript client, in node, with the real host.
fn finds_its_replies(home: &Home) {
    let line = format!(
        "PORTCULLIS_HOME='{}' node test/real.js '{}' {ORIGIN}",
        home.path().display(),
        programs::host().display()
    );
    run("plugins/client-js", &line);
}

#[test]
fn every_sdk_makes_handlers() {
    for example in &GREETERS {
        let home = home(example);
        let mut port = Browser::chromium(&home).start();
        port.send(r#"{"name":"Zoë \"\\\ud83d\ude00"}"#);
        hears(example, &mut port, r#"{"greeting":"Hello, Zoë \"\\😀!"}"#);
        port.send(r#"{"$id":7,"name":"Ada"}"#);
        hears(
            example,
            &mut port,
            r#"{"$id":7,"$reply":{"greeting":"Hello, Ada!"}}"#,
        );
        let error = port.ask(r#"{"name":""}"#).expect_error("plugin-error");
        assert_eq!(error.all["plugin_code"], "no-name", "{}", example.name);
        assert_eq!(
            error.all["plugin_message"], "whom shall I greet?",
            "{}",
            example.name
        );
        // A message of another kind is an error value and never the end of the plugin.
        port.ask("17").expect_error("plugin-error");
        port.send(r#"{"name":"Ada"}"#);
        hears(example, &mut port, r#"{"greeting":"Hello, Ada!"}"#);
        port.end().expect_exit(0).expect_no_frames();
    }
}

#[test]
fn what_each_is_shows_when_it_is_inspected() {
    let modes = [
        (&PING_PONGS[..], "session"),
        (&GREETERS[..], "handler"),
        (&PROGRAMS[..], "stdio"),
    ];
    for (examples, mode) in modes {
        for example in examples {
            let said = inspected(example);
            let line = said.lines().find(|line| line.starts_with("mode"));
            assert!(
                line.is_some_and(|line| line.ends_with(mode)),
                "{} is no {mode}:\n{said}",
                example.folder
            );
        }
    }
}

#[test]
fn the_libraries_pass_their_own_tests() {
    let libraries = [
        ("plugins/sdk-rust", "cargo test --quiet --locked"),
        ("plugins/sdk-c", "cargo test --quiet --locked"),
        ("plugins/sdk-js", "npm test"),
        ("plugins/sdk-python", "python3 -m unittest discover tests"),
        ("plugins/client-js", "npm test"),
    ];
    for (folder, line) in libraries {
        run(folder, line);
    }
}
