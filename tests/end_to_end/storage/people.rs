//! `portcullis storage`: what it prints and what it refuses, beside ports that are open.

use std::io::Write as _;
use std::process::Stdio;

use portcullis_tests::{Browser, OTHER_ORIGIN};

use super::{Home, ORIGIN, get, guest, json, set, storing_home};
use crate::cli::{Said, finished};

/// Runs `portcullis storage VERB ORIGIN storage …`.
#[track_caller]
fn storage(home: &Home, verb: &str, rest: &[&str]) -> Said {
    let arguments = ["storage", verb, ORIGIN, "storage"];
    let mut command = home.portcullis(arguments.iter().chain(rest).copied());
    finished(home, &mut command)
}

/// Says what a run must do.
enum Expected<'a> {
    Prints(&'a str),
    Refuses(i32, &'a str),
}

use Expected::{Prints, Refuses};

#[test]
fn the_verbs_one_after_the_other_while_a_port_is_open() {
    let home = storing_home("storage", "storage = \"4KiB\"");
    let mut port = Browser::chromium(&home).start();
    set(&mut port, "from/port", "größer\n\u{1b}[31m\\");
    let keeps = |what: &str| format!("`storage` keeps {what} for `{ORIGIN}`");
    let question = format!(
        "this forgets 5 keys with 47 B: if that is meant, run `portcullis storage clear {ORIGIN} storage --yes`"
    );
    let forgotten = format!("`storage` has forgotten 5 keys with 47 B for `{ORIGIN}`\n");
    let cannot = format!("cannot use what `storage` keeps for `{ORIGIN}`");
    let too_much = format!(
        "{cannot}: raise it for the route in policy.toml: keys and values would be 5045 bytes together, and `storage` \
         allows 4096"
    );
    let long = "x".repeat(5000);
    for (verb, rest, expected) in [
        (
            "get",
            &["from/port"][..],
            Prints("größer\\u{a}\\u{1b}[31m\\\\\n"),
        ),
        (
            "get",
            &["from/port", "--raw"],
            Prints("größer\n\u{1b}[31m\\"),
        ),
        (
            "get",
            &["from/port", "--json"],
            Prints("{\"key\":\"from/port\",\"text\":\"größer\\n\\u001b[31m\\\\\"}\n"),
        ),
        ("get", &["none"], Refuses(1, &keeps("nothing under `none`"))),
        (
            "set",
            &["from/person", "x y"],
            Prints("set `from/person` to 3 B\n"),
        ),
        ("set", &["empty", ""], Prints("set `empty` to 0 B\n")),
        ("set", &["a\nb", "1"], Prints("set `a\\u{a}b` to 1 B\n")),
        ("get", &["a\nb"], Prints("1\n")),
        (
            "list",
            &[],
            Prints("a\\u{a}b\nempty\nfrom/person\nfrom/port\n"),
        ),
        ("list", &["from/"], Prints("from/person\nfrom/port\n")),
        (
            "list",
            &["from/", "--json"],
            Prints("[\n  \"from/person\",\n  \"from/port\"\n]\n"),
        ),
        ("list", &["none"], Prints("")),
        ("list", &["none", "--json"], Prints("[]\n")),
        ("delete", &["empty"], Prints("deleted `empty`\n")),
        (
            "delete",
            &["empty"],
            Refuses(1, &keeps("nothing under `empty`")),
        ),
        ("set", &["big", &long], Refuses(1, &too_much)),
        ("set", &["a", "1"], Prints("set `a` to 1 B\n")),
        ("set", &["b", "12"], Prints("set `b` to 2 B\n")),
        ("clear", &[], Refuses(2, &question)),
        ("get", &["from/person"], Prints("x y\n")),
        ("clear", &["--yes"], Prints(&forgotten)),
        ("list", &[], Prints("")),
        (
            "get",
            &["from/person"],
            Refuses(1, &keeps("nothing under `from/person`")),
        ),
    ] {
        let said = storage(&home, verb, rest);
        match expected {
            Prints(text) => said.prints(text),
            Refuses(code, error) => said.refuses(code, error),
        };
        if verb == "set" && rest[0] == "from/person" {
            assert_eq!(get(&mut port, "from/person"), "x y");
        }
    }
    assert_eq!(get(&mut port, "from/port"), json!(null));
    set(&mut port, "again", "x");
    port.end().expect_exit(0);
    storage(&home, "get", &["again"]).prints("x\n");
}

#[test]
fn bytes_that_are_no_text_go_in_and_come_out() {
    let home = storing_home("storage", "");
    let mut command = home.portcullis(["storage", "set", ORIGIN, "storage", "k", "-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .expect("it was just built");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"\xff\0a").expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("its own child");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "set `k` to 3 B\n");
    assert!(output.status.success() && output.stderr.is_empty());
    storage(&home, "get", &["k"]).prints("\\xff\\u{0}a\n");
    storage(&home, "get", &["k", "--json"]).prints("{\"key\":\"k\",\"bytes\":[255,0,97]}\n");
    let mut raw = home.portcullis(["storage", "get", ORIGIN, "storage", "k", "--raw"]);
    let raw = raw.output().expect("it was just built");
    assert_eq!(
        (raw.stdout.as_slice(), raw.stderr.as_slice()),
        (&b"\xff\0a"[..], &b""[..])
    );
}

#[test]
fn what_is_not_there_is_said_and_looking_makes_nothing() {
    let home = Home::new();
    home.add("storage", &guest("storage"));
    let keeps = |what: &str| format!("`storage` keeps {what} for `{ORIGIN}`");
    storage(&home, "list", &[]).prints("");
    storage(&home, "list", &["--json"]).prints("[]\n");
    storage(&home, "get", &["a"]).refuses(1, &keeps("nothing under `a`"));
    storage(&home, "delete", &["a"]).refuses(1, &keeps("nothing under `a`"));
    storage(&home, "clear", &[]).refuses(1, &keeps("nothing"));
    storage(&home, "clear", &["--yes"]).refuses(1, &keeps("nothing"));
    assert!(!home.path().join("data").exists());
    for (verb, rest, words) in [
        ("get", &[""][..], "a key needs at least one byte"),
        ("get", &["a", "--json", "--raw"], "cannot be used with"),
        ("set", &["a"], "<VALUE>"),
    ] {
        storage(&home, verb, rest).refuses_with(2, words);
    }
    let mut stranger = home.portcullis(["storage", "get", ORIGIN, "stranger", "a"]);
    finished(&home, &mut stranger).refuses(1, "no plugin `stranger` is installed, but `storage`");
    let mut no_origin = home.portcullis(["storage", "get", "https://example.com", "storage", "a"]);
    finished(&home, &mut no_origin).refuses_with(2, "https://example.com");

    // What a person sets before the first port is there for it, and for this extension alone.
    storage(&home, "set", &["a", "1"]).prints("set `a` to 1 B\n");
    let mut other = home.portcullis(["storage", "list", OTHER_ORIGIN, "storage"]);
    finished(&home, &mut other).prints("");
}

#[test]
fn a_purge_finds_what_was_left_and_says_so() {
    let home = Home::new();
    home.add("storage", &guest("storage"));
    storage(&home, "set", &["a", "1"]).prints("set `a` to 1 B\n");
    let run = |arguments: &[&str]| finished(&home, &mut home.portcullis(arguments.iter().copied()));
    run(&["remove", "storage"]).prints("removed `storage`\n");
    let purge = ["remove", "storage", "--purge"];
    run(&purge).prints("deleted what `storage` had kept for one extension\n");
    run(&purge).refuses_with(1, "no plugin `storage` is installed");
    home.add("storage", &guest("storage"));
    run(&purge).prints("removed `storage`\n`storage` had kept nothing\n");
}
