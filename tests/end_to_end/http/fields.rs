//! Cases 20 and 47: header fields without end, and fields that are the host's.

use std::time::Duration;

use portcullis_tests::Browser;
use serde_json::json;

use super::server::Server;
use super::{NOTHING, ask, expect_failed, home, request, send, to, with};
use crate::hostile::measured::{ask_within, expect_goes_on};

/// Case 20. The map of fields that wasmtime-wasi-http uses gives up at 32 768.
#[test]
fn case_20_fields_end_at_their_bytes_and_never_at_a_panic() {
    let home = home("", "");
    for (number, at_once) in [
        (32_767, false),
        (32_769, false),
        (100_000, true),
        (1_000_000, false),
    ] {
        let mut port = Browser::chromium(&home).start();
        let order = json!({ "do": "fields", "number": number, "at-once": at_once });
        let order = order.to_string().replace("at-once", "at_once");
        let frame = ask_within(&mut port, &order, Duration::from_secs(10));
        frame.expect_error("plugin-crashed");
        expect_goes_on(port, &home, &order, NOTHING);
    }
    let mut port = Browser::chromium(&home).start();
    let made = ask(
        &mut port,
        &json!({ "do": "fields", "number": 300, "at_once": true }),
    );
    assert_eq!(made, json!({ "made": 300 }));
    port.end().expect_exit(0);
}

/// Case 47.
#[test]
fn case_47_fields_of_the_hosts_cannot_be_set() {
    let server = Server::plain();
    let home = home(&to(&server), "");
    let mut port = Browser::chromium(&home).start();
    for name in [
        "Host",
        "host",
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Proxy-Authenticate",
        "Transfer-Encoding",
        "Upgrade",
        "TE",
        "Trailer",
        "Expect",
        "HTTP2-Settings",
    ] {
        let said = ask(
            &mut port,
            &json!({ "do": "field", "name": name, "value": "x" }),
        );
        for word in said.as_array().into_iter().flatten() {
            assert!(word.to_string().contains("Forbidden"), "{name}: {said}");
        }
        let fields = json!([[name, "x"]]);
        let outcome = send(
            &mut port,
            &with(&request(&server, "/head"), "fields", &fields),
        );
        expect_failed(&outcome, "field", "Forbidden");
    }
    for (name, value) in [
        ("x-a", "1\r\nhost: evil"),
        ("x-a", "1\nx-b: 2"),
        ("x-a", "1\r"),
        ("x-a", "\0"),
        ("x-a: 1\r\nhost", "evil"),
        ("host ", "evil"),
        ("ho\tst", "evil"),
        (":authority", "evil"),
        ("", "evil"),
    ] {
        let said = ask(
            &mut port,
            &json!({ "do": "field", "name": name, "value": value }),
        );
        for word in said.as_array().into_iter().flatten() {
            assert!(
                word.to_string().contains("InvalidSyntax"),
                "{name:?}: {said}"
            );
        }
    }
    assert_eq!(server.most_at_a_time(), 0);

    let fields = json!([
        ["x-good", "1"],
        ["authorization", "Bearer x"],
        ["cookie", "a=b"]
    ]);
    let got = send(
        &mut port,
        &with(&request(&server, "/head"), "fields", &fields),
    );
    let head = got["body"].as_str().unwrap_or_default();
    for (name, value) in [
        ("x-good", "1"),
        ("authorization", "Bearer x"),
        ("connection", "close"),
    ] {
        assert!(head.contains(&format!("{name}: {value}\r\n")), "{got}");
    }
    expect_goes_on(port, &home, "fields of the host's", NOTHING);
}

/// Case 47: what would make one request two for somebody on the way.
#[test]
fn case_47_a_body_is_as_long_as_it_says() {
    let server = Server::plain();
    // With one place, a request that is refused and keeps it would be the last.
    let home = home(&to(&server), "http-in-flight = 1");
    let mut port = Browser::chromium(&home).start();
    let post = with(&request(&server, "/head"), "method", &json!("POST"));
    let with_length = |length: &str, body: u64| {
        let fields = json!([["content-length", length]]);
        with(&with(&post, "fields", &fields), "body", &json!(body))
    };
    let got = send(&mut port, &with_length("5", 5));
    assert!(
        got["body"].as_str().unwrap_or_default().starts_with("5\n"),
        "{got}"
    );
    expect_failed(
        &send(&mut port, &with_length("5", 3)),
        "finish",
        "HttpRequestBodySize",
    );
    let more = send(&mut port, &with_length("5", 7));
    expect_failed(&more, "response", "HttpRequestBodySize(Some(5))");
    for nonsense in ["+5", "5, 5", "0x5", "-1", "", "99999999999999999999"] {
        let outcome = send(&mut port, &with_length(nonsense, 5));
        assert!(outcome["failed"].is_string(), "{nonsense:?}: {outcome}");
    }
    let twice = json!([["content-length", "5"], ["Content-Length", "50"]]);
    let outcome = send(
        &mut port,
        &with(&with(&post, "fields", &twice), "body", &json!(5)),
    );
    expect_failed(&outcome, "field", "InvalidSyntax");
    let announced = with(&post, "fields", &json!([["content-length", "5"]]));
    expect_failed(
        &send(&mut port, &announced),
        "handle",
        "HttpRequestBodySize",
    );

    let trailers = json!([["x-after", "1"]]);
    let outcome = send(
        &mut port,
        &with(&with(&post, "body", &json!(5)), "trailers", &trailers),
    );
    expect_failed(&outcome, "response", "HttpRequestTrailerSectionSize");
    let trailers = json!([["host", "evil"]]);
    let outcome = send(
        &mut port,
        &with(&with(&post, "body", &json!(5)), "trailers", &trailers),
    );
    expect_failed(&outcome, "trailer", "Forbidden");
    let unfinished = with(&with(&post, "body", &json!(5)), "unfinished", &json!(true));
    expect_failed(
        &send(&mut port, &unfinished),
        "response",
        "HttpProtocolError",
    );
    for head in server.heads() {
        assert_eq!(
            head.matches("content-length").count() + head.matches("transfer-encoding").count(),
            1,
            "{head}"
        );
    }
    expect_goes_on(port, &home, "a body and its length", NOTHING);
}

#[test]
fn a_connection_cannot_be_made_a_tunnel_and_stays_http() {
    let server = Server::plain();
    let home = home(&to(&server), "");
    let mut port = Browser::chromium(&home).start();
    let connect = with(&request(&server, "/hello"), "method", &json!("CONNECT"));
    expect_failed(
        &send(&mut port, &connect),
        "handle",
        "HttpRequestMethodInvalid",
    );
    let spelt = with(&request(&server, "/hello"), "method", &json!("connect"));
    expect_failed(
        &send(&mut port, &spelt),
        "handle",
        "HttpRequestMethodInvalid",
    );
    for method in ["GET /evil HTTP/1.1\r\nhost: evil\r\n\r\nGET", "G T", ""] {
        let injected = with(&request(&server, "/hello"), "method", &json!(method));
        expect_failed(&send(&mut port, &injected), "method", "refused");
    }
    expect_failed(
        &send(&mut port, &request(&server, "/switch")),
        "response",
        "HttpUpgradeFailed",
    );
    expect_failed(
        &send(&mut port, &request(&server, "/nonsense")),
        "response",
        "HttpProtocolError",
    );
    let got = send(&mut port, &request(&server, "/trailers"));
    assert_eq!(
        (&got["status"], &got["length"]),
        (&json!(200), &json!(1)),
        "{got}"
    );
    expect_goes_on(port, &home, "a tunnel", NOTHING);
}

#[test]
fn a_body_is_never_left_out() {
    let server = Server::plain();
    // With one place, a request that is refused and keeps it would be the last.
    let home = home(&to(&server), "http-in-flight = 1");
    let mut port = Browser::chromium(&home).start();
    let get = request(&server, "/head");
    for method in ["GET", "HEAD"] {
        let written = with(&with(&get, "method", &json!(method)), "body", &json!(5));
        expect_failed(
            &send(&mut port, &written),
            "response",
            "HttpRequestLengthRequired",
        );
    }
    assert!(server.heads().is_empty(), "nothing was said");
    let opened = with(&get, "body", &json!(0));
    let unfinished = with(&opened, "unfinished", &json!(true));
    expect_failed(
        &send(&mut port, &unfinished),
        "response",
        "HttpProtocolError",
    );
    let length = with(&get, "fields", &json!([["content-length", "5"]]));
    for (asked, taken) in [(&opened, "0\n"), (&with(&length, "body", &json!(5)), "5\n")] {
        let got = send(&mut port, asked);
        let body = got["body"].as_str().unwrap_or_default();
        assert!(body.starts_with(taken), "{asked}: {got}");
    }
    let query = send(&mut port, &request(&server, "?a=b"));
    assert_eq!(query["status"], 404, "{query}");
    let heads = server.heads();
    let last = heads.last().expect("it was asked");
    assert!(last.starts_with("GET /?a=b HTTP/1.1\r\n"), "{last}");
    expect_goes_on(port, &home, "a body", NOTHING);
}
