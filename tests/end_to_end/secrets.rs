//! Secrets: granted and not, by files and by a real keyring, and never in a log.

mod brokers;
mod keyring;
mod redaction;
mod surroundings;
mod verb;

use std::io::Write as _;
use std::process::{Command, Stdio};

use portcullis_tests::{Browser, Home, ORIGIN, OTHER_ORIGIN, Port, guests};
use serde_json::{Value, json};

use crate::fixture::route;

/// The plugin of these tests, by the name that they give it.
pub(crate) const PLUGIN: &str = "secrets";

/// A home with the guest installed and nothing granted yet.
pub(crate) fn empty_home() -> Home {
    let home = Home::new();
    home.add(PLUGIN, &guests::secrets());
    home
}

/// A policy that keeps secrets in files and grants these to the guest: what stands in `secrets = […]`.
pub(crate) fn grant(home: &Home, origin: &str, secrets: &str) {
    grant_in(home, "file", origin, secrets);
}

/// The same with another backend.
pub(crate) fn grant_in(home: &Home, backend: &str, origin: &str, secrets: &str) {
    home.policy(&format!(
        "version = 1\nsecrets-backend = \"{backend}\"\n{}[route.grant]\n{}secrets = [{secrets}]\n",
        route(origin, PLUGIN),
        home.approved(PLUGIN)
    ));
}

/// A home whose guest may use these secrets, kept in files.
pub(crate) fn home_with_grant(secrets: &str) -> Home {
    let home = empty_home();
    grant(&home, ORIGIN, secrets);
    home
}

/// `portcullis secret set`, with the value on standard input.
pub(crate) fn set(home: &Home, origin: &str, name: &str, value: &str) {
    set_by(
        home.portcullis(["secret", "set", origin, PLUGIN, name]),
        value,
    );
}

/// The same, by a command that has something else in its environment.
pub(crate) fn set_by(mut command: Command, value: &str) {
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program was just built");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(value.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(value.is_empty() || !stdout.contains(value), "{stdout}");
}

/// What the guest is told of a secret.
pub(crate) fn get(port: &mut Port, name: &str) -> Value {
    ask(port, &json!({ "do": "get", "name": name }))
}

/// What the guest is told of a change.
pub(crate) fn change(port: &mut Port, name: &str, value: &str) -> Value {
    ask(port, &json!({ "do": "set", "name": name, "value": value }))
}

pub(crate) fn delete(port: &mut Port, name: &str) -> Value {
    ask(port, &json!({ "do": "delete", "name": name }))
}

pub(crate) fn ask(port: &mut Port, order: &Value) -> Value {
    port.ask(&order.to_string()).json()
}

pub(crate) fn value(value: &str) -> Value {
    json!({ "value": value })
}

pub(crate) fn error(code: &str) -> Value {
    json!({ "error": code })
}

pub(crate) fn done() -> Value {
    json!({ "done": true })
}

pub(crate) fn absent() -> Value {
    json!({ "value": null })
}

/// Ends a port that should have nothing more to say.
#[track_caller]
pub(crate) fn end(port: Port) {
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn what_is_granted_is_read_and_what_is_granted_for_writing_is_written() {
    let home = home_with_grant(r#""token", { name = "key", write = true }"#);
    set(&home, ORIGIN, "token", "the token\n");
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "token"), value("the token"));
    assert_eq!(get(&mut port, "key"), absent());
    assert_eq!(change(&mut port, "key", "first"), done());
    assert_eq!(get(&mut port, "key"), value("first"));
    let odd = "zwei \u{0} \"\\\n\u{1f511}";
    assert_eq!(change(&mut port, "key", odd), done());
    end(port);

    // A process of its own, which finds what the other one was told is kept.
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "key"), value(odd));
    assert_eq!(delete(&mut port, "key"), done());
    assert_eq!(delete(&mut port, "key"), done(), "there is none any more");
    assert_eq!(get(&mut port, "key"), absent());
    assert_eq!(change(&mut port, "key", ""), done());
    end(port);
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "key"), value(""));
    end(port);
}

#[test]
fn what_is_not_granted_is_refused_and_the_log_says_what_would_grant_it() {
    let home = home_with_grant(r#""token""#);
    for name in ["token", "other"] {
        set(&home, ORIGIN, name, "value");
    }
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "other"), error("not-granted"));
    assert_eq!(change(&mut port, "other", "x"), error("not-granted"));
    assert_eq!(delete(&mut port, "other"), error("not-granted"));
    assert_eq!(change(&mut port, "token", "x"), error("read-only"));
    assert_eq!(delete(&mut port, "token"), error("read-only"));
    for no_name in ["", "a b", "../token", "token\n", &"x".repeat(200)] {
        assert_eq!(get(&mut port, no_name), error("not-granted"), "{no_name}");
    }
    assert_eq!(get(&mut port, "token"), value("value"));
    assert_eq!(get(&mut port, "other"), error("not-granted"));
    end(port);
    let log = home.log();
    for power in ["secret=other", "secret=other:write", "secret=token:write"] {
        let command = format!("`portcullis grant {ORIGIN} {PLUGIN} {power}` would allow it");
        let lines = log.lines().filter(|line| line.contains(&command)).count();
        assert_eq!(lines, 1, "{command}, once:\n{log}");
    }
    assert!(log.contains("nothing grants that"), "{log}");

    // Revoked.
    grant(&home, ORIGIN, "");
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "token"), error("not-granted"));
    end(port);
}

#[test]
fn another_extension_has_other_secrets() {
    let home = home_with_grant(r#"{ name = "key", write = true }"#);
    set(&home, ORIGIN, "key", "of the first");
    grant(&home, OTHER_ORIGIN, r#""key""#);
    let mut port = Browser::chromium(&home).start();
    port.ask("{}").expect_error("no-route");
    port.end().expect_exit(1);
    let mut port = Browser::chromium(&home).origin(OTHER_ORIGIN).start();
    assert_eq!(get(&mut port, "key"), absent());
    end(port);
    set(&home, OTHER_ORIGIN, "key", "of the second");
    let mut port = Browser::chromium(&home).origin(OTHER_ORIGIN).start();
    assert_eq!(get(&mut port, "key"), value("of the second"));
    end(port);
    grant(&home, ORIGIN, r#""key""#);
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "key"), value("of the first"));
    end(port);
}

#[test]
fn another_plugin_and_another_installation_have_other_secrets() {
    let home = home_with_grant(r#""key""#);
    set(&home, ORIGIN, "key", "mine");
    home.add("second", &guests::secrets());
    home.policy(&format!(
        "version = 1\nsecrets-backend = \"file\"\n{}[route.grant]\n{}secrets = [\"key\"]\n",
        route(ORIGIN, "second"),
        home.approved("second")
    ));
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "key"), absent());
    end(port);

    // The name is used again, for something else.
    home.policy("version = 1\n");
    let removed = home.portcullis(["remove", PLUGIN]).output();
    assert!(removed.expect("it starts").status.success());
    home.add(PLUGIN, &guests::secrets());
    grant(&home, ORIGIN, r#""key""#);
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "key"), absent());
    end(port);
}

#[test]
fn another_build_waits_for_approval() {
    let home = home_with_grant(r#""key""#);
    set(&home, ORIGIN, "key", "value");
    let another = "0".repeat(64);
    home.policy(&format!(
        "version = 1\nsecrets-backend = \"file\"\n{}[route.grant]\n\
         approved = \"sha256:{another}\"\nsecrets = [\"key\"]\n",
        route(ORIGIN, PLUGIN)
    ));
    let mut port = Browser::chromium(&home).start();
    let order = json!({ "do": "get", "name": "key" });
    port.ask(&order.to_string())
        .expect_error("permission-required");
    let children = brokers::children(port.id());
    assert!(children.is_empty(), "nothing was fetched: {children:?}");
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn the_length_of_a_secret_has_a_limit() {
    let home = home_with_grant(r#"{ name = "key", write = true }"#);
    let mut port = Browser::chromium(&home).start();
    let long = |length: usize| json!({ "do": "set-long", "name": "key", "length": length });
    assert_eq!(ask(&mut port, &long(64 * 1024)), done());
    assert_eq!(ask(&mut port, &long(64 * 1024 + 1)), error("too-large"));
    assert_eq!(get(&mut port, "key"), value(&"x".repeat(64 * 1024)));
    end(port);
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "key"), value(&"x".repeat(64 * 1024)));
    end(port);
}

#[test]
fn two_routes_to_one_plugin_have_each_their_own_grants() {
    let home = empty_home();
    let approved = home.approved(PLUGIN);
    let narrow = "when = { \"/to\" = \"writer\" }\n";
    home.policy(&format!(
        "version = 1\nsecrets-backend = \"file\"\n{}[route.grant]\n{approved}secrets = [\"key\"]\n\n\
         {}{narrow}[route.grant]\n{approved}secrets = [{{ name = \"key\", write = true }}]\n",
        route(ORIGIN, PLUGIN),
        route(ORIGIN, PLUGIN),
    ));
    let mut port = Browser::chromium(&home).start();
    assert_eq!(change(&mut port, "key", "x"), error("read-only"));
    let order = json!({ "to": "writer", "do": "set", "name": "key", "value": "y" });
    assert_eq!(ask(&mut port, &order), done());
    assert_eq!(get(&mut port, "key"), value("y"), "one port, one secret");
    end(port);
}
