//! `portcullis secret`: names and never values, from the terminal or standard input and never from the arguments.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use portcullis_tests::{ADD_ON, Browser, Home, ORIGIN, programs};
use serde_json::{Value, json};

use super::{PLUGIN, empty_home, end, get, grant, home_with_grant, set, set_by, value};

const CANARY: &str = "canary-90c2d4";

/// Standard output, standard error and the exit code.
fn run(mut command: Command) -> (String, String, Option<i32>) {
    let output = command.output().expect("the program was just built");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

fn secret(home: &Home, arguments: &[&str]) -> (String, String, Option<i32>) {
    run(home.portcullis(["secret"].into_iter().chain(arguments.iter().copied())))
}

#[test]
fn secrets_are_set_listed_and_deleted() {
    let home = home_with_grant(r#""token", { name = "key", write = true }"#);
    let quiet = String::new();
    set(&home, ORIGIN, "token", CANARY);
    set(&home, ORIGIN, "stray", "x\r\n");
    let table =
        "NAME   SET  GRANTED\nkey    no   to read and write\nstray  yes  no\ntoken  yes  to read\n";
    let list = ["list", ORIGIN, PLUGIN];
    assert_eq!(
        secret(&home, &list),
        (table.to_owned(), quiet.clone(), Some(0))
    );
    let (text, stderr, code) = secret(&home, &["list", ORIGIN, PLUGIN, "--json"]);
    let listed: Value = serde_json::from_str(&text).expect("it prints JSON");
    let expected = json!([
        { "name": "key", "set": false, "granted": "write" },
        { "name": "stray", "set": true, "granted": null },
        { "name": "token", "set": true, "granted": "read" },
    ]);
    assert_eq!((listed, stderr, code), (expected, quiet.clone(), Some(0)));

    for (name, said) in [
        ("token", "the secret `token` of `secrets` is deleted\n"),
        ("token", "the secret `token` of `secrets` was not set\n"),
        ("never", "the secret `never` of `secrets` was not set\n"),
    ] {
        let deleted = secret(&home, &["delete", ORIGIN, PLUGIN, name]);
        assert_eq!(deleted, (said.to_owned(), quiet.clone(), Some(0)));
    }
    let none = secret(&home, &["list", ADD_ON, PLUGIN]);
    let said = "no secrets of `secrets` are set or granted\n";
    assert_eq!(none, (said.to_owned(), quiet, Some(0)));
}

#[test]
fn a_purge_deletes_the_secrets_of_a_plugin_and_of_no_other() {
    let home = home_with_grant(r#""token""#);
    home.add("secrets-2", &portcullis_tests::guests::echo());
    set(&home, ORIGIN, "token", CANARY);
    set(&home, ADD_ON, "token", CANARY);
    let policy = std::fs::read_to_string(home.path().join("policy.toml")).expect("it has a policy");
    let backend = policy.lines().take_while(|line| !line.starts_with("[["));
    home.policy(&backend.collect::<Vec<_>>().join("\n"));
    let files = || {
        let listed = std::fs::read_dir(home.path().join("secrets")).expect("a folder");
        listed.count()
    };
    assert_eq!(files(), 2);
    // Another plugin's purge, and a removal without one, leave them.
    let (said, stderr, code) = run(home.portcullis(["remove", "secrets-2", "--purge"]));
    let expected = "removed `secrets-2`\n`secrets-2` had kept nothing\n";
    assert_eq!((&*said, &*stderr, code), (expected, "", Some(0)));
    let (said, stderr, code) = run(home.portcullis(["remove", PLUGIN]));
    let expected = format!("removed `{PLUGIN}`\n");
    assert_eq!((said, &*stderr, code), (expected, "", Some(0)));
    assert_eq!(files(), 2);
    let (said, stderr, code) = run(home.portcullis(["remove", PLUGIN, "--purge"]));
    let expected = format!("deleted the secrets of `{PLUGIN}`\n");
    assert_eq!((said, &*stderr, code), (expected, "", Some(0)));
    assert_eq!(files(), 0);
}

#[test]
fn a_terminal_does_not_show_what_is_typed() {
    let home = home_with_grant(r#""token""#);
    let program = programs::portcullis().display();
    // It makes a terminal and copies what that shows.
    let mut terminal = Command::new("script")
        .arg("--quiet")
        .arg("--return")
        .arg("--command")
        .arg(format!("{program} secret set {ORIGIN} {PLUGIN} token"))
        .arg("/dev/null")
        .env("PORTCULLIS_HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script` is missing: `apt-get install bsdutils` installs it");
    let mut keyboard = terminal.stdin.take().expect("a pipe");
    let mut screen = terminal.stdout.take().expect("a pipe");
    let mut shown = Vec::new();
    let mut byte = [0];
    while !shown.ends_with(b"Value of `token`: ") {
        screen.read_exact(&mut byte).expect("it asks");
        shown.extend_from_slice(&byte);
    }
    // The library asks first and switches the echo off then; no person types as fast as a pipe.
    std::thread::sleep(std::time::Duration::from_secs(2));
    writeln!(keyboard, "{CANARY}").expect("it listens");
    screen.read_to_end(&mut shown).expect("it ends");
    let shown = String::from_utf8_lossy(&shown);
    assert!(terminal.wait().expect("it is ours").success(), "{shown}");
    assert!(shown.contains("the secret `token` of `secrets` is set"));
    assert!(!shown.contains(CANARY), "{shown}");
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "token"), value(CANARY));
    end(port);
}

#[test]
fn setting_a_secret_says_what_is_still_to_be_granted() {
    let home = empty_home();
    grant(&home, ORIGIN, "");
    let mut command = home.portcullis(["secret", "set", ORIGIN, PLUGIN, "token"]);
    command.stdin(Stdio::null());
    let (stdout, stderr, code) = run(command);
    let expected = format!(
        "the secret `token` of `secrets` is set\n\
         the policy does not grant it yet: `portcullis grant {ORIGIN} secrets secret=token` does\n"
    );
    assert_eq!((stdout, stderr, code), (expected, String::new(), Some(0)));
}

#[test]
fn what_cannot_be_done_is_refused_in_words() {
    let home = home_with_grant(r#""token""#);
    let cases: &[(&[&str], i32, &str)] = &[
        (
            &["set", ORIGIN, "nobody", "token"],
            1,
            "no plugin `nobody` is installed",
        ),
        (
            &["set", "https://example.com", PLUGIN, "token"],
            2,
            "is not an extension",
        ),
        (
            &["set", ORIGIN, PLUGIN, "a b"],
            2,
            "a secret's name holds only letters",
        ),
        (
            &["set", ORIGIN, PLUGIN, "token", CANARY],
            2,
            "unexpected argument",
        ),
        (
            &["list", ORIGIN, "nobody"],
            1,
            "no plugin `nobody` is installed",
        ),
        (
            &["delete", ORIGIN, "nobody", "token"],
            1,
            "no plugin `nobody` is installed",
        ),
    ];
    for (arguments, expected, said) in cases {
        let (stdout, stderr, code) = secret(&home, arguments);
        assert_eq!((stdout.as_str(), code), ("", Some(*expected)), "{stderr}");
        assert!(stderr.contains(said), "{arguments:?}: {stderr}");
    }
    for (value, said) in [
        ("x".repeat(64 * 1024 + 1).into_bytes(), "it has 65537 bytes"),
        (b"\xff".to_vec(), "a secret must be UTF-8 text"),
    ] {
        let file = home.beside().join("value");
        std::fs::write(&file, value).expect("written");
        let mut command = home.portcullis(["secret", "set", ORIGIN, PLUGIN, "token"]);
        command.stdin(std::fs::File::open(&file).expect("readable"));
        let (stdout, stderr, code) = run(command);
        assert_eq!((stdout.as_str(), code), ("", Some(1)), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
    let longest = "x".repeat(64 * 1024) + "\r\n";
    set(&home, ORIGIN, "token", &longest);
}

#[test]
fn where_secrets_are_kept_is_a_persons_choice_and_nothing_else_s() {
    let home = home_with_grant(r#""token""#);
    // Without a word the keyring, which is not there.
    home.policy("version = 1\n");
    let mut command = home.portcullis(["secret", "set", ORIGIN, PLUGIN, "token"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    let (stdout, stderr, code) = run(command);
    assert_eq!((stdout.as_str(), code), ("", Some(1)));
    assert!(stderr.contains("there is no keyring"), "{stderr}");
    assert!(
        !home.path().join("secrets").exists(),
        "no file in its place"
    );

    home.policy("version = 1\nsecrets-backend = \"files\"\n");
    let (_, stderr, code) = secret(&home, &["list", ORIGIN, PLUGIN]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("policy.toml:2:19: "), "{stderr}");
}

#[test]
fn two_that_write_at_once_lose_nothing() {
    let home = home_with_grant(r#""token""#);
    std::thread::scope(|scope| {
        for number in 0..8 {
            let home = &home;
            scope.spawn(move || {
                let name = format!("secret-{number}");
                let command = home.portcullis(["secret", "set", ORIGIN, PLUGIN, &name]);
                set_by(command, &format!("value of {number}"));
            });
        }
    });
    let (text, _, _) = secret(&home, &["list", ORIGIN, PLUGIN]);
    assert_eq!(text.matches("secret-").count(), 8, "{text}");
}
