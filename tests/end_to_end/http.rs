//! HTTP: what is granted works, with TLS and under the whole confinement; everything else is refused, with the reason
//! in the log.
//!
//! A real server on loopback stands at the other end, so `http-private` is granted in most of these. Cases 20 and 43 to
//! 48 of the list of hostile plugins are here.

mod addresses;
mod authority;
mod bounds;
mod confined;
mod fields;
mod grants;
pub(crate) mod server;
mod trust;

use std::fs;
use std::thread;
use std::time::Duration;

use portcullis_tests::{Browser, Home, ORIGIN, Port, guests};
use serde_json::{Value, json};

use crate::fixture::route;
use crate::hostile::measured::{LATE, ask_within};
use authority::Authority;
use server::Server;

/// A `gzip` stream of a few bytes that says of itself that it holds four gigabytes.
const BOMB: [u8; 23] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x4b, 0x4c, 0x04, 0x02, 0x00, 0, 0, 0, 0, 0xff, 0xff, 0xff,
    0xff,
];

/// The longest that the host waits by itself, for a connection, and what an answer may be late by.
const IN_TIME: Duration = Duration::from_secs(10).saturating_add(LATE.saturating_mul(2));

/// An order that sends nothing, and its reply.
const NOTHING: (&str, &str) = (r#"{"do":"nothing"}"#, "\"nothing\"");

/// A home with the test's guest and this grant: lines of `[route.grant]`, under `os = "required"`.
fn home(grant: &str, limits: &str) -> Home {
    let home = Home::new();
    home.add("http", &guests::http());
    set_policy(&home, grant, limits);
    home
}

fn set_policy(home: &Home, grant: &str, limits: &str) {
    let approved = home.approved("http");
    let route = route(ORIGIN, "http");
    home.policy(&format!(
        "version = 1\n[limits]\n{limits}\n{route}[route.sandbox]\nos = \"required\"\n\
         [route.grant]\n{approved}{grant}\n"
    ));
}

/// The grant of these destinations, private addresses included.
fn private(destinations: &[&str]) -> String {
    format!("http = {}\nhttp-private = true", json!(destinations))
}

/// The grant of one server in the clear.
fn to(server: &Server) -> String {
    private(&[&origin_of(server)])
}

fn origin_of(server: &Server) -> String {
    format!("http://localhost:{}", server.port)
}

/// The parts of a request for this path of a server in the clear.
fn request(server: &Server, path: &str) -> Value {
    json!({
        "scheme": "http",
        "authority": format!("localhost:{}", server.port),
        "path": path,
    })
}

/// Sends a request that no limit has to end, and returns what came of it.
#[track_caller]
fn send(port: &mut Port, request: &Value) -> Value {
    let order = json!({ "do": "send", "request": request });
    ask_within(port, &order.to_string(), IN_TIME).json()
}

fn ask(port: &mut Port, order: &Value) -> Value {
    port.ask(&order.to_string()).json()
}

/// A request with one more part.
fn with(request: &Value, key: &str, value: &Value) -> Value {
    let mut request = request.clone();
    request[key] = value.clone();
    request
}

#[track_caller]
fn expect_failed(outcome: &Value, step: &str, word: &str) {
    let said = outcome["word"].as_str().unwrap_or_default();
    assert!(
        outcome["failed"] == step && said.contains(word),
        "not `{step}: …{word}…` but {outcome}"
    );
}

/// How many threads the host has.
fn threads(port: &Port) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", port.id()));
    tasks.expect("the host is running").count()
}

#[test]
fn what_is_granted_works_under_the_whole_confinement() {
    let authority = Authority::new();
    let secure = Server::secure(authority.identity(&["localhost", "127.0.0.1"]));
    let plain = Server::plain();
    let destinations = [
        format!("https://localhost:{}", secure.port),
        format!("https://127.0.0.1:{}", secure.port),
        origin_of(&plain),
    ];
    let home = home(&private(&destinations.each_ref().map(String::as_str)), "");
    let mut port = Browser::chromium(&home)
        .environment("SSL_CERT_FILE", authority.file(home.beside()))
        .start();
    assert_eq!(threads(&port), 1);
    for (scheme, host, server) in [
        ("https", "localhost", &secure),
        ("https", "127.0.0.1", &secure),
        ("http", "localhost", &plain),
    ] {
        let authority = format!("{host}:{}", server.port);
        let asked = json!({ "scheme": scheme, "authority": authority, "path": "/head?a=b" });
        let got = send(&mut port, &asked);
        assert_eq!(
            (&got["status"], &got["body-failed"]),
            (&json!(200), &Value::Null),
            "{got}"
        );
        let head = got["body"].as_str().unwrap_or_default();
        assert!(head.starts_with("0\nGET /head?a=b HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("host: {authority}\r\n")), "{head}");
        assert_eq!(head.matches("\nhost:").count(), 1, "{head}");
    }
    assert_eq!(threads(&port), 2, "one for the port, one for the network");

    let posted = with(&request(&plain, "/head"), "method", &json!("POST"));
    let posted = send(&mut port, &with(&posted, "body", &json!(100_000)));
    let body = posted["body"].as_str().unwrap_or_default();
    assert!(body.starts_with("100000\nPOST /head"), "{posted}");

    port.end().expect_exit(0).expect_no_frames().expect_quiet();
    let log = home.log();
    assert!(
        log.contains("confined by the system: no-new-privileges"),
        "{log}"
    );
}

#[test]
fn a_port_whose_plugin_sends_nothing_that_is_allowed_stays_one_thread() {
    let server = Server::plain();
    let home = home(&to(&server), "");
    let mut port = Browser::chromium(&home).start();
    ask(&mut port, &json!({ "do": "nothing" }));
    let elsewhere = json!({ "scheme": "http", "authority": "example.com", "path": "/" });
    expect_failed(&send(&mut port, &elsewhere), "handle", "HttpRequestDenied");
    assert_eq!(threads(&port), 1);
    assert!(server.heads().is_empty());
    port.end().expect_exit(0).expect_no_frames();
}

/// How often each thread of the host has been switched to and from.
fn switches(port: &Port) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", port.id()));
    let tasks = tasks.expect("the host is running");
    let status = tasks.map(|task| {
        let path = task.expect("the host is running").path().join("status");
        fs::read_to_string(path).expect("the host is running")
    });
    let counts = status.flat_map(|text| {
        let lines = text.lines().filter(|line| line.contains("ctxt_switches"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    });
    counts.collect()
}

#[test]
fn a_port_that_has_sent_requests_has_no_wake_ups_while_it_is_idle() {
    let server = Server::plain();
    let home = home(&to(&server), "");
    let mut port = Browser::chromium(&home).start();
    assert_eq!(send(&mut port, &request(&server, "/hello"))["status"], 200);
    // The ticker stops at the second tick that meets no guest.
    thread::sleep(Duration::from_millis(300));
    let before = switches(&port);
    assert_eq!(before.len(), 4, "two counts for each of two threads");
    thread::sleep(Duration::from_secs(5));
    assert_eq!(
        switches(&port),
        before,
        "a process that wakes up is switched to"
    );
    assert_eq!(send(&mut port, &request(&server, "/hello"))["status"], 200);
    assert_ne!(switches(&port), before, "the count does count");
    port.end().expect_exit(0).expect_quiet();
}

#[test]
fn fetch_fetches() {
    let authority = Authority::new();
    let server = Server::secure(authority.identity(&["localhost"]));
    let home = Home::new();
    home.add("fetch", &guests::fetch());
    let approved = home.approved("fetch");
    let granted = private(&[&format!("https://localhost:{}", server.port)]);
    let route = route(ORIGIN, "fetch");
    home.policy(&format!(
        "version = 1\n{route}[route.grant]\n{approved}{granted}\n"
    ));
    let mut port = Browser::chromium(&home)
        .environment("SSL_CERT_FILE", authority.file(home.beside()))
        .start();
    let url = |path: &str| format!("https://localhost:{}{path}", server.port);

    let got = ask(&mut port, &json!({ "url": url("/hello#fragment") }));
    assert_eq!(
        (&got["status"], &got["body"]),
        (&json!(200), &json!("hello")),
        "{got}"
    );
    let posted = json!({
        "url": url("/head?q"), "method": "POST", "headers": { "X-One": "1" }, "body": "xxx",
    });
    let got = ask(&mut port, &posted);
    let head = got["body"].as_str().unwrap_or_default();
    assert!(head.starts_with("3\nPOST /head?q HTTP/1.1\r\n"), "{got}");
    assert!(
        head.contains("x-one: 1\r\n") && head.contains("content-length: 3\r\n"),
        "{got}"
    );
    let got = ask(&mut port, &json!({ "url": url("/nowhere") }));
    assert_eq!(got["status"], 404, "{got}");

    let refused = |port: &mut Port, order: &Value, word: &str| {
        let frame = port.ask(&order.to_string());
        let error = frame.expect_error("plugin-error");
        assert!(error.all.to_string().contains(word), "{}", error.all);
    };
    refused(
        &mut port,
        &json!({ "url": url("/bytes?1000000") }),
        "too-long",
    );
    refused(&mut port, &json!({ "url": url("/compressed") }), "not-text");
    refused(
        &mut port,
        &json!({ "url": "https://example.com/" }),
        "HttpRequestDenied",
    );
    refused(&mut port, &json!({ "url": "nonsense" }), "invalid-request");
    refused(
        &mut port,
        &json!({ "url": url("/"), "headers": { "Host": "evil" } }),
        "Forbidden",
    );
    refused(&mut port, &json!({ "URL": url("/") }), "invalid-request");
    port.end().expect_exit(0).expect_no_frames();
}
