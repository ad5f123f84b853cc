//! Granted works; not granted, revoked, granted to another origin or for another build does not, and the log says how
//! it would be granted. Nothing but HTTP is granted with it (case 48).

use portcullis_tests::{Browser, Home, ORIGIN, OTHER_ORIGIN, guests};
use serde_json::json;

use super::server::Server;
use super::{IN_TIME, NOTHING, ask, expect_failed, home, origin_of, request, send, set_policy, to};
use crate::fixture::route;
use crate::hostile::measured::{ask_within, expect_goes_on};

fn expect_denied(home: &Home, server: &Server, origin: &str) {
    let mut port = Browser::chromium(home).origin(origin).start();
    expect_failed(
        &send(&mut port, &request(server, "/hello")),
        "handle",
        "HttpRequestDenied",
    );
    // Once more, for the log: it is told once.
    send(&mut port, &request(server, "/hello"));
    port.end()
        .expect_exit(0)
        .expect_no_frames()
        .expect_stderr_contains("portcullis grant");
    let log = home.log();
    let command = format!("portcullis grant {origin} http http={}", origin_of(server));
    assert_eq!(log.matches(&command).count(), 1, "{log}");
}

#[test]
fn what_is_not_granted_is_refused_and_the_log_names_the_command() {
    let server = Server::plain();
    for grant in [
        "",
        "http = []",
        "http-private = true",
        "http = [\"http://localhost\"]",
    ] {
        let home = home(grant, "");
        expect_denied(&home, &server, ORIGIN);
    }
    assert!(server.heads().is_empty());
}

#[test]
fn what_is_revoked_is_refused_from_the_next_port_on() {
    let server = Server::plain();
    let home = home(&to(&server), "");
    let mut port = Browser::chromium(&home).start();
    assert_eq!(send(&mut port, &request(&server, "/hello"))["status"], 200);
    port.end().expect_exit(0).expect_quiet();
    set_policy(&home, "", "");
    expect_denied(&home, &server, ORIGIN);
    assert_eq!(server.heads().len(), 1);
}

#[test]
fn a_grant_is_for_one_origin() {
    let server = Server::plain();
    let home = home(&to(&server), "");
    let policy = std::fs::read_to_string(home.path().join("policy.toml")).expect("it is there");
    home.policy(&(policy + &route(OTHER_ORIGIN, "http")));
    expect_denied(&home, &server, OTHER_ORIGIN);
    let mut port = Browser::chromium(&home).start();
    assert_eq!(send(&mut port, &request(&server, "/hello"))["status"], 200);
    port.end().expect_exit(0).expect_quiet();
}

#[test]
fn a_grant_is_for_one_build() {
    let server = Server::plain();
    let home = home(&to(&server), "");
    let policy = std::fs::read_to_string(home.path().join("policy.toml")).expect("it is there");
    let approved = home.approved("http");
    let another = format!("approved = \"sha256:{}\"\n", "0".repeat(64));
    for instead in [another.as_str(), ""] {
        home.policy(&policy.replace(&approved, instead));
        let mut port = Browser::chromium(&home).start();
        let order = json!({ "do": "send", "request": request(&server, "/hello") });
        let frame = port.ask(&order.to_string());
        let error = frame.expect_error("permission-required");
        let command = format!("portcullis grant {ORIGIN} http --approve");
        assert_eq!(error.hint.as_deref(), Some(command.as_str()));
        port.end().expect_exit(0);
    }
    assert!(server.heads().is_empty());
}

#[test]
fn case_48_sockets_and_names_stay_denied_with_a_grant_of_http() {
    let server = Server::plain();
    for grant in [to(&server), String::new()] {
        let home = home(&grant, "");
        let mut port = Browser::chromium(&home).start();
        let order = json!({ "do": "sockets", "port": server.port }).to_string();
        let said = ask_within(&mut port, &order, IN_TIME).json();
        for what in ["tcp", "udp", "names"] {
            let word = said[what].as_str().unwrap_or_default();
            assert!(
                ["access-denied", "permanent-resolver-failure"]
                    .iter()
                    .any(|it| word.contains(it)),
                "{what}: {said}"
            );
        }
        expect_goes_on(port, &home, "sockets", NOTHING);
    }
    assert_eq!(server.most_at_a_time(), 0);
}

#[test]
fn a_component_that_imports_http_is_added_and_starts_without_any_grant() {
    let home = Home::new();
    home.add("http", &guests::http()).route(ORIGIN, "http");
    let mut port = Browser::chromium(&home).start();
    assert_eq!(ask(&mut port, &json!({ "do": "nothing" })), "nothing");
    port.end().expect_exit(0).expect_quiet();
    let inspected = home.portcullis(["inspect"]).arg(guests::http()).output();
    let inspected = inspected.expect("it starts");
    assert!(inspected.status.success(), "{inspected:?}");
    let text = String::from_utf8_lossy(&inspected.stdout);
    assert!(text.contains("wasi:http/outgoing-handler"), "{text}");
}
