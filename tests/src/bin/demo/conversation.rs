//! The main job, from nothing to a conversation: `cargo demo`.
//!
//! Builds the two programs and two plugins, makes a throw-away home, adds and routes the plugins by the real
//! `portcullis`, then starts the real `portcullis-host` as a browser does and prints every frame that goes in and comes
//! out. The answers are checked: where the main job does not work this ends with a sentence and exit code 1.

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Instant;

use portcullis_tests::{
    ADD_ON, Browser, Ended, Frame, Home, ORIGIN, OTHER_ORIGIN, PATIENCE, Port, cargo, guests,
    programs,
};

/// The first thing that went wrong; what follows from it says less.
static REASON: OnceLock<String> = OnceLock::new();

/// Shows it, and checks every answer.
pub(crate) fn show() -> ExitCode {
    // The library fails by panicking, as tests do; a person is told the sentence alone.
    panic::set_hook(Box::new(|panic| {
        let sentence = panic.payload_as_str().unwrap_or("no reason was given");
        REASON.get_or_init(|| sentence.to_owned());
    }));
    if panic::catch_unwind(AssertUnwindSafe(demonstrate)).is_ok() {
        return ExitCode::SUCCESS;
    }
    let reason = REASON.get().map_or("", String::as_str);
    // With no stderr left there is nobody to tell, and the exit code still says it.
    let _ = writeln!(
        io::stderr().lock(),
        "\nThe main job does not work: {reason}"
    );
    ExitCode::FAILURE
}

fn demonstrate() {
    let begun = Instant::now();
    cargo::show_progress();
    progress("building the host and the program for people; the first time takes some minutes");
    programs::host();
    programs::portcullis();
    progress("building the plugins `echo` and `ping-pong` to WebAssembly components");
    let (echo, ping_pong) = (guests::echo(), guests::ping_pong());
    progress("done");

    let home = Home::new();
    say("A throw-away home, filled as a person would fill it:\n");
    run(&home, &["add", &relative(&echo), "--name", "echo"]);
    run(
        &home,
        &["add", &relative(&ping_pong), "--name", "ping-pong"],
    );
    run(&home, &["route", "add", ORIGIN, "echo"]);
    run(&home, &["route", "add", ADD_ON, "ping-pong"]);

    say("\n1. An extension of Chromium, routed to `echo`: the message comes back byte for byte.\n");
    let mut port = open(Browser::chromium(&home), &["portcullis-host", ORIGIN]);
    let message = r#"{"text": "Hello, Portcullis!", "price": 1.50, "list": [1, null, true]}"#;
    ask(&mut port, message).expect_text(message);
    close(port.end().expect_exit(0));

    say(
        "\n2. An add-on of Firefox, routed to `ping-pong`: an answer, then messages that nobody asked for.\n",
    );
    let manifest = "/home/user/.mozilla/native-messaging-hosts/com.example.ping.json";
    let mut port = open(
        Browser::mozilla(&home).arguments([manifest, ADD_ON]),
        &["portcullis-host", manifest, ADD_ON],
    );
    ask(&mut port, "\"ping\"").expect_text("\"pong\"");
    ask(&mut port, r#"{"every": 150, "times": 3}"#).expect_text(r#"{"tick":1}"#);
    for tick in 2..=3 {
        receive(&mut port).expect_text(&format!("{{\"tick\":{tick}}}"));
    }
    close(port.end().expect_exit(0));

    say(
        "\n3. An extension that no policy names: no plugin runs, and the answer says how to mend it.\n",
    );
    let mut port = open(
        Browser::chromium(&home).origin(OTHER_ORIGIN),
        &["portcullis-host", OTHER_ORIGIN],
    );
    ask(&mut port, "\"ping\"").expect_error("no-route");
    close(port.end().expect_exit(1));

    say(&format!(
        "\nThe main job works. All of it took {:.1} s.",
        begun.elapsed().as_secs_f64()
    ));
}

/// Runs one command of `portcullis`, shown as a person would type it.
fn run(home: &Home, arguments: &[&str]) {
    say(&format!("   $ portcullis {}", arguments.join(" ")));
    let output = home
        .portcullis(arguments.iter().copied())
        .current_dir(cargo::root())
        .output()
        .unwrap_or_else(|error| panic!("`portcullis` could not be started: {error}"));
    assert!(
        output.status.success(),
        "`portcullis {}` ended with {}\n{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
}

fn open(browser: Browser, command: &[&str]) -> Port {
    say(&format!("   $ {}", command.join(" ")));
    browser.start()
}

fn ask(port: &mut Port, message: &str) -> Frame {
    say(&format!(
        "   browser → host   {:>4} bytes   {message}",
        message.len()
    ));
    port.send(message);
    receive(port)
}

fn receive(port: &mut Port) -> Frame {
    let frame = port.receive(PATIENCE);
    say(&format!(
        "   browser ← host   {:>4} bytes   {}",
        frame.text.len(),
        frame.text
    ));
    frame
}

fn close(ended: Ended) {
    let ended = ended.expect_no_frames();
    let code = ended.status.code().unwrap_or(-1);
    let took = ended.took.as_secs_f64() * 1000.0;
    say(&format!(
        "   the browser closes the port; the host ends with exit code {code}, {took:.0} ms later"
    ));
    for line in ended.stderr.lines() {
        say(&format!("   its stderr: {line}"));
    }
}

/// A path as it looks from the folder that the reader stands in.
fn relative(path: &Path) -> String {
    path.strip_prefix(cargo::root())
        .unwrap_or(path)
        .display()
        .to_string()
}

fn progress(what: &str) {
    // A closed stderr is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "· {what}");
}

fn say(line: &str) {
    writeln!(io::stdout().lock(), "{line}")
        .unwrap_or_else(|error| panic!("nobody reads the conversation: {error}"));
}
