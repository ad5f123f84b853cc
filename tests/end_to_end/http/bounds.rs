//! Case 46: responses without end, in bytes and in time, and requests without number. Measured as every hostile deed.

use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Home, Port};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::server::Server;
use super::{BOMB, NOTHING, ask, expect_failed, home, request, send, threads, to, with};
use crate::hostile::measured::{END, LATE, ask_within, expect_goes_on, expect_small};

/// Small, so that what the host takes for itself shows.
const SMALL: &str = "memory = \"16MiB\"\nhttp-body = \"1MiB\"";

fn ordered(request: &Value) -> String {
    json!({ "do": "send", "request": request }).to_string()
}

fn small(server: &Server) -> (Home, Port) {
    let home = home(&to(server), SMALL);
    let port = Browser::chromium(&home).start();
    (home, port)
}

#[test]
fn case_46_a_response_ends_at_its_bytes() {
    let server = Server::plain();
    let (home, mut port) = small(&server);
    let whole = send(&mut port, &request(&server, &format!("/bytes?{}", 1 << 20)));
    assert_eq!(
        (&whole["length"], &whole["body-failed"]),
        (&json!(1 << 20), &Value::Null),
        "{whole}"
    );
    let announced = send(
        &mut port,
        &request(&server, &format!("/announces?{}", (1 << 20) + 1)),
    );
    expect_failed(&announced, "response", "HttpResponseBodySize");

    let endless = ordered(&request(&server, "/endless"));
    let frame = ask_within(&mut port, &endless, Duration::from_secs(5) + LATE);
    let got = frame.json();
    assert!(got["body-failed"].is_string(), "{got}");
    assert!(got["length"].as_u64() <= Some(1 << 20), "{got}");
    let head = ordered(&request(&server, "/endless-head"));
    let frame = ask_within(&mut port, &head, Duration::from_secs(5) + LATE);
    expect_failed(&frame.json(), "response", "HttpResponseHeaderSectionSize");
    for (fields, is_taken) in [(200, true), (300, false), (32_769, false)] {
        let got = send(&mut port, &request(&server, &format!("/fields?{fields}")));
        assert_eq!(got["status"] == 200, is_taken, "{fields}: {got}");
    }
    let short = send(&mut port, &request(&server, "/short"));
    assert!(
        short["body-failed"].is_string() && short["length"] == 10,
        "{short}"
    );
    expect_goes_on(port, &home, "responses without end", NOTHING);
}

#[test]
fn case_46_a_compressed_response_stays_as_it_is() {
    let server = Server::plain();
    let (home, mut port) = small(&server);
    let got = send(&mut port, &request(&server, "/compressed"));
    assert_eq!(got["length"], BOMB.len(), "{got}");
    assert!(got["fields"].to_string().contains("gzip"), "{got}");
    assert!(
        !server.heads()[0].contains("accept-encoding"),
        "nobody asked for it"
    );
    expect_goes_on(port, &home, "a compressed response", NOTHING);
}

#[test]
fn case_46_a_request_ends_at_its_bytes() {
    let server = Server::plain();
    let (home, mut port) = small(&server);
    let post = with(&request(&server, "/head"), "method", &json!("POST"));
    let got = send(&mut port, &with(&post, "body", &json!(1 << 20)));
    assert!(
        got["body"]
            .as_str()
            .unwrap_or_default()
            .starts_with("1048576\n"),
        "{got}"
    );
    let over = send(&mut port, &with(&post, "body", &json!((1 << 20) + 1)));
    expect_failed(&over, "response", "HttpRequestBodySize");
    let announced = json!([["content-length", ((1 << 20) + 1).to_string()]]);
    let announced = with(&with(&post, "fields", &announced), "body", &json!(1));
    expect_failed(
        &send(&mut port, &announced),
        "handle",
        "HttpRequestBodySize",
    );
    expect_goes_on(port, &home, "a request without end", NOTHING);
}

#[test]
fn case_46_a_server_is_waited_for_as_long_as_it_was_asked_for_and_no_longer() {
    let server = Server::plain();
    let (home, mut port) = small(&server);
    let third = 300_000_000_u64;
    let most = u64::MAX;
    for (path, patience, step, word) in [
        (
            "/silent",
            [most, third, most],
            "response",
            "ConnectionReadTimeout",
        ),
        (
            "/silent",
            [most, 0, most],
            "response",
            "ConnectionReadTimeout",
        ),
    ] {
        let order = ordered(&with(&request(&server, path), "patience", &json!(patience)));
        let frame = ask_within(&mut port, &order, Duration::from_millis(300) + LATE);
        expect_failed(&frame.json(), step, word);
    }
    // A connection to this machine may be there before any clock has moved.
    let hasty = with(
        &request(&server, "/hello"),
        "patience",
        &json!([0, most, most]),
    );
    let frame = ask_within(&mut port, &ordered(&hasty), LATE);
    if frame.json()["status"] != 200 {
        expect_failed(&frame.json(), "response", "ConnectionTimeout");
    }
    for between in [third, 0] {
        let slow = with(
            &request(&server, "/slow"),
            "patience",
            &json!([most, most, between]),
        );
        let frame = ask_within(
            &mut port,
            &ordered(&slow),
            Duration::from_millis(300) + LATE,
        );
        let got = frame.json();
        assert!(got["body-failed"].is_string(), "{got}");
    }
    expect_goes_on(port, &home, "a slow server", NOTHING);
}

#[test]
fn case_46_the_call_has_its_own_end() {
    let server = Server::plain();
    let limits = format!("{SMALL}\nwall-per-call = \"300ms\"");
    let home = home(&to(&server), &limits);
    for path in ["/silent", "/slow"] {
        let mut port = Browser::chromium(&home).start();
        let order = ordered(&request(&server, path));
        let frame = ask_within(&mut port, &order, Duration::from_millis(300) + LATE);
        frame.expect_error("plugin-timeout");
        expect_goes_on(port, &home, path, NOTHING);
    }
    // Neither does a request hold up the end of a port.
    super::set_policy(&home, &to(&server), SMALL);
    for signal in [None, Some(Signal::TERM)] {
        let mut port = Browser::chromium(&home).start();
        port.send(&ordered(&request(&server, "/silent")));
        std::thread::sleep(Duration::from_millis(300));
        match signal {
            None => port.close_input(),
            Some(signal) => port.signal(signal),
        };
        port.wait().expect_exit(0).expect_within(END);
    }
}

#[test]
fn case_46_requests_end_at_their_number() {
    let server = Server::plain();
    let (home, mut port) = small(&server);
    let order = json!({ "do": "many", "request": request(&server, "/wait"), "times": 500 });
    let frame = ask_within(&mut port, &order.to_string(), Duration::from_secs(10));
    assert_eq!(
        frame.json(),
        json!({ "200": 8, "ErrorCode::ConnectionLimitReached": 492 })
    );
    assert_eq!(server.most_at_a_time(), 8);
    assert_eq!(threads(&port), 2);
    // Places are given back, also by requests that nobody waits for.
    let order = json!({ "do": "abandon", "request": request(&server, "/wait"), "times": 5000 });
    let frame = ask_within(&mut port, &order.to_string(), Duration::from_secs(20));
    assert!(frame.json()["sent"].as_u64() >= Some(8), "{}", frame.text);
    let begun = Instant::now();
    loop {
        let again = send(&mut port, &request(&server, "/hello"));
        if again["status"] == 200 {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "no place is free: {again}"
        );
    }
    expect_goes_on(port, &home, "requests without number", NOTHING);
}

#[test]
fn case_46_responses_that_are_kept_unread_take_places_and_no_memory() {
    let server = Server::plain();
    let (home, mut port) = small(&server);
    for place in 0..10 {
        let held = ask(
            &mut port,
            &json!({ "do": "hold", "request": request(&server, "/endless") }),
        );
        if place < 8 {
            assert_eq!(held, json!({ "status": 200 }));
        } else {
            expect_failed(&held, "handle", "ConnectionLimitReached");
        }
    }
    expect_small(&port, "unread responses");
    expect_goes_on(port, &home, "unread responses", NOTHING);
}

#[test]
fn a_route_may_have_fewer_places_and_options_leave_nothing_behind() {
    let server = Server::plain();
    let home = home(&to(&server), "http-in-flight = 1");
    let mut port = Browser::chromium(&home).start();
    let order = json!({ "do": "many", "request": request(&server, "/wait"), "times": 3 });
    assert_eq!(
        ask(&mut port, &order),
        json!({ "200": 1, "ErrorCode::ConnectionLimitReached": 2 })
    );
    // More requests than a plugin may have resources, each with options.
    let patient = with(&request(&server, "/hello"), "patience", &json!([1, 1, 1]));
    let order = json!({ "do": "abandon", "request": patient, "times": 5000 });
    assert!(ask(&mut port, &order)["sent"].is_u64());
    port.end().expect_exit(0).expect_no_frames();
}

/// No grant is needed for any of this, and nothing is sent.
#[test]
fn case_46_what_is_kept_and_never_sent_takes_places_and_no_memory() {
    let home = home("", "memory = \"32MiB\"");
    let keep = |what: &str, number: usize| json!({ "do": "keep", "what": what, "number": number });
    for what in ["fields", "requests", "copies"] {
        let mut port = Browser::chromium(&home).start();
        let most = ask(&mut port, &keep(what, 60));
        assert_eq!(most, json!({ "made": 60 }), "{what}");
        let order = keep(what, 4000).to_string();
        let frame = ask_within(&mut port, &order, Duration::from_secs(10));
        frame.expect_error("plugin-crashed");
        expect_goes_on(port, &home, what, NOTHING);
    }
    for what in ["methods", "paths", "authorities", "schemes"] {
        let mut port = Browser::chromium(&home).start();
        let order = keep(what, 300).to_string();
        let frame = ask_within(&mut port, &order, Duration::from_secs(20));
        assert_eq!(frame.json(), json!({ "made": 0 }), "{what}");
        expect_goes_on(port, &home, what, NOTHING);
    }
}
