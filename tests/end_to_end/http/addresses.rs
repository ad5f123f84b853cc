//! Cases 43, 44 and 45: every spelling of a place that was not granted, and a place that is not what it is called.

use portcullis_tests::{Browser, Port};
use serde_json::{Value, json};

use super::server::Server;
use super::{NOTHING, expect_failed, home, private, request, send, to};
use crate::hostile::measured::expect_goes_on;

fn send_to(port: &mut Port, scheme: &str, authority: &str) -> Value {
    let request = json!({ "scheme": scheme, "authority": authority, "path": "/hello" });
    send(port, &request)
}

/// Case 43, with each of these names and addresses granted and private ones not.
#[test]
fn case_43_names_and_addresses_of_this_machine_and_its_networks_are_refused() {
    let server = Server::plain();
    let number = server.port;
    let hosts = [
        "127.0.0.1",
        "127.1.2.3",
        "localhost",
        "LOCALHOST.",
        "any.localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
        "[::]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.0.1",
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fd12::1]",
        "[fe80::1]",
        "224.0.0.1",
        "255.255.255.255",
        "[ff02::1]",
    ];
    let granted = hosts.map(|host| format!("http://{host}:{number}"));
    let home = home(&format!("http = {}", json!(granted)), "");
    let mut port = Browser::chromium(&home).start();
    for host in hosts {
        let outcome = send_to(&mut port, "http", &format!("{host}:{number}"));
        expect_failed(&outcome, "response", "DestinationIpProhibited");
    }
    // What has no canonical form cannot even be granted.
    for spelling in [
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "127.0.0.01",
        "[::ffff:127.0.0.1",
        "1",
    ] {
        let outcome = send_to(&mut port, "http", &format!("{spelling}:{number}"));
        let step = outcome["failed"].as_str().unwrap_or_default();
        assert!(
            ["handle", "authority"].contains(&step),
            "{spelling}: {outcome}"
        );
    }
    let outcome = send_to(&mut port, "http", "metadata.google.internal");
    expect_failed(&outcome, "handle", "HttpRequestDenied");
    expect_goes_on(port, &home, "places of this machine", NOTHING);
    assert_eq!(server.most_at_a_time(), 0, "somebody has connected");
    let log = home.log();
    assert!(log.contains("http http-private` would allow it"), "{log}");
    assert!(
        log.contains("a cloud's metadata; nothing grants that"),
        "{log}"
    );
}

/// `http-private` opens this machine, and never a cloud's metadata.
#[test]
fn case_43_metadata_is_refused_with_private_addresses_granted() {
    let hosts = [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "0.0.0.0",
        "255.255.255.255",
    ];
    let granted = hosts.map(|host| format!("http://{host}"));
    let home = home(&private(&granted.each_ref().map(String::as_str)), "");
    let mut port = Browser::chromium(&home).start();
    for host in hosts {
        let outcome = send_to(&mut port, "http", host);
        expect_failed(&outcome, "response", "DestinationIpProhibited");
    }
    expect_goes_on(port, &home, "metadata", NOTHING);
}

/// Case 44.
#[test]
fn case_44_a_redirect_is_a_response_and_its_place_is_judged_like_any_other() {
    let (server, other) = (Server::plain(), Server::plain());
    let home = home(&to(&server), "");
    let mut port = Browser::chromium(&home).start();
    let elsewhere = format!("http://localhost:{}/hello", other.port);
    let got = send(
        &mut port,
        &request(&server, &format!("/redirect?{elsewhere}")),
    );
    assert_eq!(got["status"], 302, "{got}");
    assert!(got["fields"].to_string().contains(&elsewhere), "{got}");
    let outcome = send(&mut port, &request(&other, "/hello"));
    expect_failed(&outcome, "handle", "HttpRequestDenied");
    expect_goes_on(port, &home, "a redirect", NOTHING);
    assert_eq!((server.heads().len(), other.most_at_a_time()), (1, 0));
}

/// Case 45.
#[test]
fn case_45_spellings_of_the_granted_place_work_and_its_lookalikes_do_not() {
    let (server, other) = (Server::plain(), Server::plain());
    let (number, other_number) = (server.port, other.port);
    let home = home(&to(&server), "");
    let mut port = Browser::chromium(&home).start();
    for same in [
        "localhost",
        "LOCALHOST",
        "LocalHost",
        "localhost.",
        "localhost",
    ] {
        let got = send_to(&mut port, "http", &format!("{same}:{number}"));
        assert_eq!(got["status"], 200, "{same}: {got}");
    }
    assert_eq!(
        send_to(&mut port, "http", &format!("localhost:0{number}"))["status"],
        200
    );
    for head in server.heads() {
        assert!(
            head.contains(&format!("host: localhost:{number}\r\n")),
            "{head}"
        );
    }
    let seen = server.heads().len();

    for (scheme, authority) in [
        ("https", format!("localhost:{number}")),
        ("http", format!("localhost:{other_number}")),
        ("http", "localhost".to_owned()),
        ("http", format!("127.0.0.1:{number}")),
        ("http", format!("a.localhost:{number}")),
        ("http", format!("localhost.evil.test:{number}")),
        ("http", format!("localhost..:{number}")),
        ("http", format!("xn--lcalhost-54a:{number}")),
        ("http", format!("user@localhost:{number}")),
        ("http", format!("localhost:{number}@evil.test")),
        ("http", format!("user:password@localhost:{number}")),
        ("http", "localhost:".to_owned()),
        ("http", "localhost:0".to_owned()),
        ("http", "localhost:99999".to_owned()),
        ("http", String::new()),
        ("http", format!("lоcalhost:{number}")),
        ("http", format!("localhost:{number}/evil")),
        ("http", format!("localhost\\@evil.test:{number}")),
        ("http", format!("localhost%2eevil:{number}")),
        ("ftp", format!("localhost:{number}")),
        ("file", format!("localhost:{number}")),
        ("unix", format!("localhost:{number}")),
    ] {
        let outcome = send_to(&mut port, scheme, &authority);
        let step = outcome["failed"].as_str().unwrap_or_default();
        assert!(
            ["handle", "authority"].contains(&step),
            "{scheme} {authority}: {outcome}"
        );
    }
    // Where a request goes is not for its path to say.
    for path in [
        format!("http://localhost:{other_number}/hello"),
        "*".to_owned(),
        "hello".to_owned(),
        "//evil.test/\r\nhost: evil".to_owned(),
    ] {
        let outcome = send(&mut port, &request(&server, &path));
        expect_failed(&outcome, "path", "refused");
    }
    let got = send(&mut port, &request(&server, "//evil.test/hello"));
    assert_eq!(got["status"], 404, "{got}");
    expect_goes_on(port, &home, "spellings", NOTHING);
    assert_eq!(
        (server.heads().len(), other.most_at_a_time()),
        (seen + 1, 0)
    );
}

#[test]
fn a_star_means_the_names_below() {
    let server = Server::plain();
    let granted = format!("http://*.tests.localhost:{}", server.port);
    let home = home(&private(&[&granted]), "");
    let mut port = Browser::chromium(&home).start();
    for (host, is_granted) in [
        ("a.tests.localhost", true),
        ("a.b.tests.localhost", true),
        ("tests.localhost", false),
        ("atests.localhost", false),
        ("localhost", false),
    ] {
        let outcome = send_to(&mut port, "http", &format!("{host}:{}", server.port));
        assert_eq!(outcome["status"] == 200, is_granted, "{host}: {outcome}");
    }
    expect_goes_on(port, &home, "a star", NOTHING);
}
