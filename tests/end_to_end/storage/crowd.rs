//! Case 60: many ports of one extension at once.

use std::fs;
use std::time::Duration;

use portcullis_tests::{Browser, PATIENCE, Port};

use super::{get, json, number, set, storing_home};
use crate::fixture::{HELLO, alone, limited_home};
use crate::hostile::measured::{END, expect_goes_on, expect_small};

/// The ports that browsers are known to open at once.
const PORTS: usize = 50;

/// What each of them adds, 1 at a time.
const TIMES: u64 = 100;

/// Five thousand changes, one after the other, each forced to the disk, on a machine that builds something meanwhile.
const PATIENT: Duration = Duration::from_secs(480);

#[test]
fn case_60_fifty_ports_add_up() {
    let _alone = alone();
    let home = storing_home(
        "counter",
        "wall-per-call = \"480s\"\ncpu-per-call = \"60s\"",
    );
    let mut ports: Vec<Port> = (0..PORTS)
        .map(|_| Browser::chromium(&home).start())
        .collect();
    for port in &mut ports {
        for _ in 0..TIMES {
            port.send(r#"{"add":1}"#);
        }
    }
    let mut values = Vec::new();
    for port in &mut ports {
        for _ in 0..TIMES {
            let frame = port.receive(PATIENT);
            let value = frame.json()["value"].as_u64();
            values.push(value.unwrap_or_else(|| panic!("{}", frame.shortened())));
        }
    }
    values.sort_unstable();
    let expected: Vec<u64> = (1..=TIMES * PORTS as u64).collect();
    assert_eq!(values, expected, "each number once");
    let sum = json!({ "value": TIMES * PORTS as u64 }).to_string();
    for port in ports {
        expect_goes_on(port, &home, "fifty ports", (r#"{"get":true}"#, &sum));
    }
}

#[test]
fn case_60_two_ports_set_the_same_key_and_both_go_on() {
    let home = storing_home("storage", "");
    let mut ports = [(); 2].map(|()| Browser::chromium(&home).start());
    for round in 0..100 {
        for (place, port) in ports.iter_mut().enumerate() {
            let order = json!({ "do": "set", "key": "a", "text": format!("{round} {place}") });
            port.send(&order.to_string());
        }
        for port in &mut ports {
            port.receive(PATIENCE).expect_text("\"set\"");
        }
        let [one, two] = &mut ports;
        let value = get(one, "a");
        assert_eq!(value, get(two, "a"));
        let value = value.as_str().expect("a text");
        assert!(value.starts_with(&format!("{round} ")), "{value}");
    }
    let good = (r#"{"do":"set","key":"good","text":"x"}"#, "\"set\"");
    for port in ports {
        expect_goes_on(port, &home, "two ports", good);
    }
}

#[test]
fn a_port_that_writes_without_end_keeps_nobody_out() {
    let home = storing_home("storage", "wall-per-call = \"60s\"\ncpu-per-call = \"60s\"");
    let mut writer = Browser::chromium(&home).start();
    let count = json!({ "do": "count", "key": "n", "bytes": 100 });
    writer.send(&count.to_string());
    number(&writer.receive(PATIENCE));
    let mut port = Browser::chromium(&home).start();
    for round in 0..20 {
        set(&mut port, "a", &round.to_string());
        assert_eq!(get(&mut port, "a"), json!(round.to_string()));
    }
    port.end().expect_exit(0);
    writer.signal(rustix::process::Signal::KILL);
    writer.wait().expect_killed(rustix::process::Signal::KILL);
}

/// The limit of a home with `echo`, and the answer of a port that is one too many.
fn expect_refused(port: &mut Port) {
    for _ in 0..2 {
        let refused = port.ask(HELLO).expect_error("too-many-ports");
        assert!(
            refused
                .message
                .starts_with("3 ports of this extension are open")
        );
        assert!(refused.hint.is_some_and(|hint| hint.contains("`ports`")));
    }
}

#[test]
fn case_60_an_extension_has_only_so_many_ports_at_a_time() {
    let home = limited_home("echo", "ports = 3");
    home.route(portcullis_tests::OTHER_ORIGIN, "echo");
    let start = || {
        let mut port = Browser::chromium(&home).start();
        // Until it answers it may not have a place yet.
        let answer = port.ask(HELLO);
        (port, answer)
    };
    let mut ports: Vec<Port> = (0..3)
        .map(|_| {
            let (port, answer) = start();
            answer.expect_text(HELLO);
            port
        })
        .collect();
    let (mut refused, answer) = start();
    answer.expect_error("too-many-ports");
    expect_refused(&mut refused);
    expect_small(&refused, "one port too many");
    refused
        .end()
        .expect_exit(1)
        .expect_no_frames()
        .expect_within(END);
    assert!(
        home.log().contains("3 ports of this extension are open"),
        "{}",
        home.log()
    );

    let mut other = Browser::chromium(&home)
        .origin(portcullis_tests::OTHER_ORIGIN)
        .start();
    other.ask(HELLO).expect_text(HELLO);
    other.end().expect_exit(0);

    // However a port ends, its place is free.
    ports.pop().expect("three").end().expect_exit(0);
    let (port, answer) = start();
    answer.expect_text(HELLO);
    ports.push(port);
    let mut killed = ports.pop().expect("three");
    killed.signal(rustix::process::Signal::KILL);
    killed.wait().expect_killed(rustix::process::Signal::KILL);
    let (port, answer) = start();
    answer.expect_text(HELLO);
    ports.push(port);
    for port in ports {
        expect_goes_on(port, &home, "few ports", (HELLO, HELLO));
    }
}

#[test]
fn the_smallest_of_a_ports_routes_counts() {
    let home = limited_home("echo", "ports = 5");
    let policy = fs::read_to_string(home.path().join("policy.toml")).expect("written");
    let narrow = format!(
        "{}when = {{ \"/a\" = 1 }}\n[route.limits]\nports = 1\n",
        crate::fixture::route(portcullis_tests::ORIGIN, "echo")
    );
    home.policy(&format!("{policy}\n{narrow}"));
    let mut one = Browser::chromium(&home).start();
    one.ask(HELLO).expect_text(HELLO);
    let mut two = Browser::chromium(&home).start();
    two.ask(HELLO).expect_error("too-many-ports");
    two.end().expect_exit(1);
    one.end().expect_exit(0);
}
