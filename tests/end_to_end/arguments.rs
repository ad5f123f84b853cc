//! Section B of the conformance cases: argv, environment, descriptors.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use portcullis_tests::{ADD_ON, Browser, Frame, Home, ORIGIN, OTHER_ORIGIN, PATIENCE};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};

use crate::fixture::{HELLO, Verb, home, home_with, json, order, route};

/// Who the plugin says is calling.
fn peer(origin: &str, browser: &str, host_name: Option<&str>) -> serde_json::Value {
    serde_json::json!({ "origin": origin, "browser": browser, "host-name": host_name })
}

fn who(frame: &Frame) -> serde_json::Value {
    frame.json()
}

#[test]
fn case_18_chromium_names_the_caller_in_the_first_argument() {
    let home = home("unruly");
    let mut port = Browser::chromium(&home).start();
    assert_eq!(
        who(&port.ask(&order(Verb::Peer, 0))),
        peer(ORIGIN, "chromium", None)
    );
    // A message cannot name its own origin.
    let claim = format!(
        r#"{{"do":"peer","origin":"{OTHER_ORIGIN}","peer":{{"origin":"{OTHER_ORIGIN}"}}}}"#
    );
    assert_eq!(who(&port.ask(&claim)), peer(ORIGIN, "chromium", None));
    port.end().expect_exit(0).expect_quiet();
}

#[test]
fn case_18_the_launcher_tells_the_host_name() {
    let home = home("unruly");
    let mut port = Browser::chromium(&home)
        .host_name(&home, "com.example.unruly")
        .start();
    let expected = peer(ORIGIN, "chromium", Some("com.example.unruly"));
    assert_eq!(who(&port.ask(&order(Verb::Peer, 0))), expected);
    port.end().expect_exit(0).expect_quiet();
}

#[test]
fn case_19_the_parent_window_changes_nothing() {
    let home = home("unruly");
    for argument in ["--parent-window=0", "--parent-window=123456"] {
        let mut port = Browser::chromium(&home).argument(argument).start();
        assert_eq!(
            who(&port.ask(&order(Verb::Peer, 0))),
            peer(ORIGIN, "chromium", None),
            "{argument}"
        );
        port.end().expect_exit(0).expect_quiet();
    }
}

#[test]
fn case_20_arguments_of_native_initiated_connections_are_accepted_and_the_command_is_never_logged()
{
    // Base64 of a browser's argv: it may hold the path of a profile.
    const COMMAND: &str = "WyIvb3B0L2Nocm9tZSIsIi0tcHJvZmlsZS1kaXJlY3Rvcnk9U2VjcmV0Il0=";
    let home = home("echo");
    let reconnect = format!("--reconnect-command={COMMAND}");
    let lists: [&[&str]; 4] = [
        &[
            "--parent-window=0",
            &reconnect,
            "--native-messaging-connect-id=abc",
        ],
        &["--extension-not-installed"],
        &["--invalid-connect-id"],
        &["--something-of-a-later-browser=1", "word"],
    ];
    for arguments in lists {
        let mut browser = Browser::chromium(&home).environment("PORTCULLIS_LOG", "debug");
        for argument in arguments {
            browser = browser.argument(argument);
        }
        let mut port = browser.start();
        port.ask(HELLO).expect_text(HELLO);
        let ended = port.end().expect_exit(0);
        assert!(
            !ended.stderr.contains(COMMAND),
            "stderr has the reconnect command:\n{}",
            ended.stderr
        );
    }
    let log = home.log();
    assert!(
        !log.is_empty() && !log.contains(COMMAND),
        "the log has the reconnect command:\n{log}"
    );
}

#[test]
fn case_21_mozilla_names_the_manifest_and_the_add_on() {
    let home = home_with(&["unruly"], &route(ADD_ON, "unruly"));
    let arguments = ["/home/u/.mozilla/native-messaging-hosts/x.json", ADD_ON];
    let mut port = Browser::mozilla(&home).arguments(arguments).start();
    assert_eq!(
        who(&port.ask(&order(Verb::Peer, 0))),
        peer(ADD_ON, "mozilla", Some("x"))
    );
    port.end().expect_exit(0).expect_quiet();
}

#[test]
fn case_22_an_add_on_may_be_a_uuid_in_braces() {
    const BRACED: &str = "{b9db16a4-6edc-47ec-a1f4-b86292ed211d}";
    let home = home_with(&["unruly"], &route(BRACED, "unruly"));
    let mut port = Browser::mozilla(&home)
        .origin(BRACED)
        .host_name(&home, "com.example.UPPER_1")
        .start();
    let expected = peer(BRACED, "mozilla", Some("com.example.UPPER_1"));
    assert_eq!(who(&port.ask(&order(Verb::Peer, 0))), expected);
    port.end().expect_exit(0).expect_quiet();
}

#[test]
fn case_23_an_origin_that_no_browser_passes_is_refused() {
    let home = home_with(&["echo"], &(route(ORIGIN, "echo") + &route(ADD_ON, "echo")));
    let manifest = "/home/u/.mozilla/native-messaging-hosts/x.json";
    let lists: [&[&str]; 20] = [
        &["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik"],
        &["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/page.html"],
        &["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik//"],
        &["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/?x"],
        &["chrome-extension://KNLDJMFMOPNPOLAHPMMGBAGDOHDNHKIK/"],
        &["CHROME-EXTENSION://knldjmfmopnpolahpmmgbagdohdnhkik/"],
        &["extension://knldjmfmopnpolahpmmgbagdohdnhkik/"],
        &["http://knldjmfmopnpolahpmmgbagdohdnhkik/"],
        &["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhki/"],
        &["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkikk/"],
        &["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkiq/"],
        &["chrome-extension://*/"],
        &["chrome-extension:///"],
        &[" chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/"],
        &["chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/\n"],
        &[manifest, "native/x@tests.mozilla.org"],
        &[manifest, "no-at-sign"],
        &[manifest, "{b9db16a4-6edc-47ec-a1f4}"],
        &[manifest, ""],
        &[manifest],
    ];
    for arguments in lists {
        let mut port = Browser::chromium(&home).arguments(arguments).start();
        // The host may be gone before this arrives.
        let _ = port.try_send_raw(&portcullis_tests::encode(HELLO), Duration::from_secs(1));
        let ended = port
            .end()
            .expect_exit(2)
            .expect_no_frames()
            .expect_within(Duration::from_secs(1));
        assert!(
            !ended.stderr.trim().is_empty(),
            "{arguments:?} has to be refused with a sentence"
        );
    }
    let log = home.log();
    assert!(
        !log.contains("echo"),
        "no plugin may be touched for a caller that is not one:\n{log}"
    );
}

#[test]
fn case_24_without_a_browser_there_are_no_frames_and_people_are_told_where_to_go() {
    let home = home("echo");
    let manifest_elsewhere = ["relative/x.json", ADD_ON];
    let lists: [&[&str]; 7] = [
        &[],
        &["--help"],
        &["list"],
        &["frobnicate", "--now"],
        &[""],
        &["--", ORIGIN],
        &manifest_elsewhere,
    ];
    for arguments in lists {
        let port = Browser::chromium(&home).arguments(arguments).start();
        let ended = port.wait().expect_exit(2).expect_no_frames();
        assert!(
            ended.stderr.contains("browser") && ended.stderr.contains("`portcullis`"),
            "{arguments:?} has to be told that a browser starts this, and that people want `portcullis`:\n{}",
            ended.stderr
        );
    }
}

#[test]
fn case_24_the_other_program_hands_over_to_the_host() {
    let home = home_with(&["echo"], &(route(ORIGIN, "echo") + &route(ADD_ON, "echo")));
    let program = portcullis_tests::programs::portcullis();
    for browser in [
        Browser::chromium(&home).argument("--parent-window=0"),
        Browser::mozilla(&home),
    ] {
        let mut port = browser.program(program).start();
        port.ask(HELLO).expect_text(HELLO);
        // The same process: a browser that kills what it started must hit the host.
        let name =
            fs::read_to_string(format!("/proc/{}/comm", port.id())).expect("the host is running");
        assert_eq!(name.trim(), "portcullis-host");
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
    }
}

#[test]
fn case_25_an_empty_environment_and_the_root_folder_are_enough() {
    let home = home("echo");
    let root = Path::new("/");
    let homes: [(&str, Browser); 2] = [
        (
            "the variable alone",
            Browser::chromium(&home)
                .bare_environment()
                .environment("PATH", "")
                .environment("PORTCULLIS_HOME", home.path()),
        ),
        (
            "nothing but the launcher's own place",
            Browser::chromium(&home)
                .bare_environment()
                .host_name(&home, "com.example.echo"),
        ),
    ];
    for (what, browser) in homes {
        let mut port = browser.directory(root).start();
        assert!(
            port.ask(HELLO).text == HELLO,
            "the plugin has to be found with {what}"
        );
        port.end().expect_exit(0).expect_no_frames().expect_quiet();
    }
}

#[test]
fn case_25_the_platforms_data_folder_is_the_last_resort() {
    let home = Home::new();
    let data = home.beside().join("data");
    fs::create_dir(&data).expect("a temporary folder takes a folder");
    std::os::unix::fs::symlink(home.path(), data.join("portcullis")).expect("and a link");
    home.add("echo", &crate::fixture::guest("echo"))
        .route(ORIGIN, "echo");
    let real = data.join("portcullis");
    fs::remove_file(&real)
        .and_then(|()| fs::rename(home.path(), &real))
        .expect("the home can be moved");
    let fallback = home.beside().join(".local/share");
    fs::create_dir_all(&fallback).expect("a temporary folder takes folders");
    let with_xdg = Browser::chromium(&home)
        .bare_environment()
        .environment("XDG_DATA_HOME", &data);
    let mut port = with_xdg.start();
    port.ask(HELLO).expect_text(HELLO);
    port.end().expect_exit(0);

    fs::rename(&real, fallback.join("portcullis")).expect("the home can be moved");
    let with_home = Browser::chromium(&home)
        .bare_environment()
        .environment("HOME", home.beside());
    let mut port = with_home.start();
    port.ask(HELLO).expect_text(HELLO);
    port.end().expect_exit(0);
}

#[test]
fn case_25_without_any_home_every_frame_still_has_an_answer() {
    let home = Home::new();
    let mut port = Browser::chromium(&home)
        .bare_environment()
        .directory(Path::new("/"))
        .start();
    let error = port
        .ask(HELLO)
        .error()
        .expect("an error frame says what is wrong");
    assert_eq!(error.request, Some(1));
    port.end().expect_exit(1);
}

#[test]
fn case_26_a_caller_without_a_route_is_refused_and_no_plugin_runs() {
    let home = home("unruly");
    let mut port = Browser::chromium(&home).origin(OTHER_ORIGIN).start();
    for request in [1, 2] {
        let error = port.ask(HELLO).expect_error("no-route");
        assert_eq!((error.request, error.plugin), (Some(request), None));
        assert!(
            error.message.contains(OTHER_ORIGIN),
            "the message says who asked: {}",
            error.message
        );
        let hint = error.hint.expect("there is a command that mends it");
        assert!(
            hint.contains("portcullis route add"),
            "the hint is the command: {hint}"
        );
    }
    let ended = port
        .end()
        .expect_exit(1)
        .expect_no_frames()
        .expect_stderr_contains(OTHER_ORIGIN);
    assert!(
        ended.stderr.contains("no route") || ended.stderr.contains("no-route"),
        "{}",
        ended.stderr
    );
    assert!(
        !home.log().contains("unruly"),
        "no plugin may be touched:\n{}",
        home.log()
    );
}

#[test]
fn case_26_without_a_policy_nobody_has_a_route() {
    let home = Home::new();
    let mut port = Browser::chromium(&home).start();
    assert_eq!(port.ask("1").expect_error("no-route").request, Some(1));
    port.end().expect_exit(1).expect_no_frames();
}

#[test]
fn case_26_a_route_of_another_family_or_host_name_is_no_route() {
    let policy = route(ORIGIN, "echo") + "host-name = \"com.example.one\"\n";
    let home = home_with(&["echo"], &policy);
    let mut named = Browser::chromium(&home)
        .host_name(&home, "com.example.one")
        .start();
    named.ask(HELLO).expect_text(HELLO);
    named.end().expect_exit(0).expect_quiet();
    for browser in [
        Browser::chromium(&home).host_name(&home, "com.example.two"),
        Browser::chromium(&home),
        Browser::mozilla(&home).host_name(&home, "com.example.one"),
    ] {
        let mut port = browser.start();
        port.ask(HELLO).expect_error("no-route");
        port.end().expect_exit(1);
    }
}

#[test]
fn case_26_the_narrower_route_wins() {
    let named = route(ORIGIN, "unruly") + "host-name = \"com.example.one\"\n";
    let home = home_with(&["echo", "unruly"], &(route(ORIGIN, "echo") + &named));
    let mut port = Browser::chromium(&home)
        .host_name(&home, "com.example.one")
        .start();
    port.ask("[1]").expect_text(r#"{"length":3}"#);
    port.end().expect_exit(0);
    let mut port = Browser::chromium(&home)
        .host_name(&home, "com.example.two")
        .start();
    port.ask("[1]").expect_text("[1]");
    port.end().expect_exit(0);
}

#[test]
fn case_27_descriptor_3_is_neither_written_to_nor_inherited() {
    let home = home("echo");
    let sentinel = home.beside().join("sentinel");
    mknodat(CWD, &sentinel, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
        .expect("a FIFO beside the home");
    let reading = open(
        &sentinel,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
    );
    let mut reader = File::from(reading.expect("a FIFO can be opened without a writer"));
    // A stale artifact makes the host start a child: the compiler.
    for entry in fs::read_dir(home.path().join("cache")).expect("`add` made the cache") {
        fs::write(entry.expect("the cache can be listed").path(), b"stale")
            .expect("the cache is ours");
    }
    let script = format!("exec 3>'{}'; exec \"$0\" \"$@\"", sentinel.display());
    let mut port = Browser::chromium(&home)
        .wrapper(["/bin/sh", "-c", &script])
        .start();
    let link = |id: u32, name: &str| fs::read_link(format!("/proc/{id}/{name}")).ok();
    let host = portcullis_tests::programs::host();
    let mut children_seen = 0;
    port.send(HELLO);
    let frame = loop {
        for child in children(port.id()) {
            // Before its `exec` a child is a copy of the host, with all that will be closed by it.
            if link(child, "exe").is_some_and(|exe| exe != host) {
                children_seen += 1;
                let held = link(child, "fd/3") == Some(sentinel.clone());
                assert!(!held, "a child of the host holds descriptor 3");
            }
        }
        if let Some(frame) = port.try_receive(Duration::from_millis(1)) {
            break frame;
        }
        assert!(port.is_running(), "the host ended: {}", port.stderr());
    };
    frame.expect_text(HELLO);
    assert!(
        children_seen > 0,
        "the artifact was rebuilt without a child, so this test saw nothing"
    );
    let ended = port.end().expect_exit(0);
    let mut written = Vec::new();
    reader
        .read_to_end(&mut written)
        .expect("a FIFO without writers is at its end");
    assert!(
        written.is_empty(),
        "the host wrote to descriptor 3: {written:?}"
    );
    drop(ended);
}

#[test]
fn what_a_plugin_sees_of_the_process_is_nothing() {
    let home = home("unruly");
    let mut port = Browser::chromium(&home)
        .environment("SECRET", "1")
        .argument("--parent-window=1")
        .start();
    let seen = port
        .send(&order(Verb::Environment, 0))
        .receive(PATIENCE)
        .json();
    assert_eq!(
        seen,
        json(r#"{"arguments":0,"variables":0,"readable":false}"#)
    );
    port.end().expect_exit(0);
}

#[test]
fn what_a_plugin_sees_of_the_policy_is_its_own_settings() {
    let policy =
        route(ORIGIN, "unruly") + "[route.grant]\nconfig = { theme = \"dark\", alpha = \"1\" }\n";
    let home = home_with(&["unruly"], &policy);
    let mut port = Browser::chromium(&home).start();
    let seen = port.ask(&order(Verb::Config, 0)).json();
    assert_eq!(
        seen,
        json(r#"{"all":[["alpha","1"],["theme","dark"]],"theme":"dark"}"#)
    );
    port.end().expect_exit(0).expect_quiet();
}

/// The processes whose parent is this one.
pub(crate) fn children(id: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("Linux has /proc");
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|child| {
        let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        parent.and_then(|parent| parent.trim().parse().ok()) == Some(id)
    })
    .collect()
}
