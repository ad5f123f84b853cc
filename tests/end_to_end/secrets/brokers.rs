//! The broker's process: there only where it is needed, bounded however it behaves, gone with its port.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Home, ORIGIN, PATIENCE, programs};
use rustix::process::{Pid, Signal, kill_process};

use super::{change, done, empty_home, end, error, get, home_with_grant, set, value};
use crate::fixture::{HELLO, home as echo_home};

/// The processes that this one has started and that have not been waited for.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("Linux has it");
    let names = processes.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let numbers = names.filter_map(|name| name.parse::<u32>().ok());
    numbers
        .filter(|number| stat(*number).is_some_and(|(of, _)| of == parent))
        .collect()
}

/// The parent and the state of a process.
fn stat(process: u32) -> Option<(u32, char)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of a program is in parentheses and may have blanks.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

/// Waits until a process is gone, or only not waited for.
#[track_caller]
fn wait_for_the_end_of(process: u32) {
    let given_up = Instant::now() + PATIENCE;
    while stat(process).is_some_and(|(_, state)| state != 'Z') {
        assert!(
            Instant::now() < given_up,
            "process {process} is still there"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

fn the_child(parent: u32) -> u32 {
    let children = children(parent);
    let [child] = children.as_slice() else {
        panic!("one broker, not {children:?}")
    };
    *child
}

fn kill(process: u32) {
    let number = i32::try_from(process).ok().and_then(Pid::from_raw);
    kill_process(number.expect("a process"), Signal::KILL).expect("it is there");
}

#[test]
fn a_port_without_secrets_starts_no_process_and_no_thread() {
    for home in [echo_home("echo"), empty_home_routed()] {
        let mut port = Browser::chromium(&home).start();
        port.ask(HELLO);
        assert_eq!(children(port.id()), [0_u32; 0]);
        assert_eq!(threads(port.id()), 1);
        end(port);
    }
}

fn empty_home_routed() -> Home {
    let home = empty_home();
    home.route(ORIGIN, super::PLUGIN);
    home
}

fn threads(process: u32) -> usize {
    let tasks = fs::read_dir(format!("/proc/{process}/task"));
    tasks.expect("the host is running").count()
}

#[test]
fn secrets_are_fetched_while_the_port_starts_and_taken_over_when_they_are_asked_for() {
    let home = home_with_grant(r#""token""#);
    set(&home, ORIGIN, "token", "value");
    let mut port = Browser::chromium(&home).start();
    port.ask(HELLO);
    let broker = the_child(port.id());
    assert_eq!(threads(port.id()), 1, "nobody has asked");
    assert_eq!(get(&mut port, "token"), value("value"));
    // Nothing may be changed, so nothing is left to do.
    wait_for_the_end_of(broker);
    assert_eq!(get(&mut port, "token"), value("value"));
    end(port);
}

#[test]
fn a_broker_that_may_change_something_stays_and_ends_with_its_port() {
    let home = home_with_grant(r#"{ name = "key", write = true }"#);
    let mut port = Browser::chromium(&home).start();
    assert_eq!(change(&mut port, "key", "x"), done());
    let broker = the_child(port.id());
    end(port);
    wait_for_the_end_of(broker);

    let mut port = Browser::chromium(&home).start();
    assert_eq!(change(&mut port, "key", "y"), done());
    let broker = the_child(port.id());
    port.signal(Signal::KILL);
    port.wait().expect_killed(Signal::KILL);
    wait_for_the_end_of(broker);
    // What was acknowledged was kept, although nobody has ended in order.
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "key"), value("y"));
    end(port);
}

#[test]
fn a_broker_that_is_killed_leaves_a_port_without_changes() {
    let home = home_with_grant(r#"{ name = "key", write = true }"#);
    set(&home, ORIGIN, "key", "before");
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "key"), value("before"));
    kill(the_child(port.id()));
    assert_eq!(change(&mut port, "key", "after"), error("unavailable"));
    assert_eq!(change(&mut port, "key", "after"), error("unavailable"));
    assert_eq!(get(&mut port, "key"), value("before"));
    end(port);
    assert!(
        home.log().contains("their broker has failed"),
        "{}",
        home.log()
    );
}

/// The host in a folder of its own, with something else in the place of `portcullis`.
fn host_beside(home: &Home, script: Option<&str>) -> PathBuf {
    let folder = home.beside().join("programs");
    fs::create_dir(&folder).expect("a new folder");
    let host = folder.join("portcullis-host");
    fs::copy(programs::host(), &host).expect("copied");
    if let Some(script) = script {
        let program = folder.join("portcullis");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
        make_executable(&program);
    }
    host
}

fn make_executable(program: &Path) {
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("our own");
}

#[test]
fn a_port_goes_on_without_a_broker_that_is_of_use() {
    for (script, said) in [
        (None, "failed to start their broker"),
        (Some("exit 3"), "the secrets are unavailable"),
        (Some("exec cat /dev/zero"), "their broker has failed"),
        (
            Some("printf '\\377\\377\\377\\377v'; cat > /dev/null"),
            "a frame longer than any",
        ),
        (
            Some("printf '\\003\\000\\000\\000v\\377\\377'; cat > /dev/null"),
            "not UTF-8",
        ),
    ] {
        let home = home_with_grant(r#"{ name = "key", write = true }"#);
        let host = host_beside(&home, script);
        let mut port = Browser::chromium(&home).program(&host).start();
        port.ask(HELLO).expect_text(r#"{"hello":true}"#);
        assert_eq!(get(&mut port, "key"), error("unavailable"), "{script:?}");
        assert_eq!(change(&mut port, "key", "x"), error("unavailable"));
        port.ask(HELLO).expect_text(r#"{"hello":true}"#);
        end(port);
        assert!(home.log().contains(said), "{script:?}: {}", home.log());
    }
}

#[test]
fn a_broker_that_hangs_is_not_waited_for() {
    // It reads what it is told, and says nothing; and one that does not even read.
    for script in ["cat > /dev/null", "exec sleep 40"] {
        let home = home_with_grant(r#"{ name = "key", write = true }"#);
        let host = host_beside(&home, Some(script));
        let began = Instant::now();
        let mut port = Browser::chromium(&home).program(&host).start();
        port.ask(HELLO).expect_text(r#"{"hello":true}"#);
        let opened = began.elapsed();
        assert!(opened < Duration::from_secs(3), "the start took {opened:?}");
        let broker = the_child(port.id());

        let asked = Instant::now();
        assert_eq!(get(&mut port, "key"), error("unavailable"));
        let waited = asked.elapsed();
        let bound = Duration::from_secs(4)..Duration::from_secs(9);
        assert!(bound.contains(&waited), "the answer took {waited:?}");
        // The time is over for all that ask later.
        let asked = Instant::now();
        assert_eq!(get(&mut port, "key"), error("unavailable"));
        assert_eq!(change(&mut port, "key", "x"), error("unavailable"));
        let waited = asked.elapsed();
        assert!(
            waited < Duration::from_secs(2),
            "the answers took {waited:?}"
        );
        let ended = port.end().expect_exit(0).expect_no_frames();
        ended.expect_within(Duration::from_secs(2));
        if stat(broker).is_some() {
            kill(broker);
        }
    }
}

#[test]
fn a_broker_that_does_not_answer_a_change_is_not_waited_for() {
    // It hands one absent secret over, and takes no order.
    let script = "printf '\\001\\000\\000\\000a'; cat > /dev/null";
    let home = home_with_grant(r#"{ name = "key", write = true }"#);
    let host = host_beside(&home, Some(script));
    let mut port = Browser::chromium(&home).program(&host).start();
    assert_eq!(get(&mut port, "key"), super::absent());
    let asked = Instant::now();
    assert_eq!(change(&mut port, "key", "x"), error("unavailable"));
    let waited = asked.elapsed();
    let bound = Duration::from_secs(9)..Duration::from_secs(15);
    assert!(bound.contains(&waited), "the answer took {waited:?}");
    assert_eq!(get(&mut port, "key"), super::absent());
    end(port);
}

#[test]
fn no_process_has_a_secret_in_its_arguments_or_its_environment() {
    const CANARY: &str = "canary-5b1e07-in-no-process";
    let home = home_with_grant(r#""token", { name = "key", write = true }"#);
    set(&home, ORIGIN, "token", CANARY);
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "token"), value(CANARY));
    assert_eq!(change(&mut port, "key", CANARY), done());
    let broker = the_child(port.id());
    let mut looked_at = Vec::new();
    for entry in fs::read_dir("/proc").expect("Linux has it").flatten() {
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|it| it.parse::<u32>().ok())
        else {
            continue;
        };
        for file in ["cmdline", "environ"] {
            // Of some processes only their own user may know, and some are gone by now.
            let Ok(bytes) = fs::read(entry.path().join(file)) else {
                continue;
            };
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(CANARY), "{process} {file}: {text}");
            looked_at.push((process, file));
        }
    }
    for process in [port.id(), broker] {
        assert!(looked_at.contains(&(process, "cmdline")), "{looked_at:?}");
    }
    end(port);
}

#[test]
fn a_broker_takes_no_place_that_was_not_announced_for_writing() {
    use std::io::{Read as _, Write as _};
    let home = home_with_grant(r#""token""#);
    set(&home, ORIGIN, "token", "kept");
    let own = std::process::id().to_string();
    let announcement = serde_json::json!({
        "origin": ORIGIN,
        "backend": "file",
        "secrets": [
            { "plugin": super::PLUGIN, "installation": 1, "name": "token", "access": "read" },
            { "plugin": super::PLUGIN, "installation": 1, "name": "key", "access": "write" },
        ],
    });
    let mut command = home.portcullis(["secret-broker", "--parent", &own]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("a pipe");
    let mut frame = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).expect("short").to_le_bytes();
        input.write_all(&length).expect("it reads");
        input.write_all(bytes).expect("it reads");
    };
    frame(announcement.to_string().as_bytes());
    frame(b"s\0\0\0\0stolen");
    frame(b"d\0\0\0\0");
    frame(b"s\x02\0\0\0stolen");
    frame(b"s\x01\0\0\0written");
    drop(input);
    let mut said = Vec::new();
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_to_end(&mut said).expect("it ends");
    assert!(child.wait().expect("it is ours").success());
    let said = String::from_utf8_lossy(&said);
    let refused = said.matches("it was not announced for writing").count();
    assert_eq!(refused, 3, "{said:?}");
    assert!(
        said.contains("vkept") && said.ends_with("\x01\0\0\0d"),
        "{said:?}"
    );
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "token"), value("kept"));
    end(port);
}
