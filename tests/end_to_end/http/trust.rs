//! TLS: who is trusted, and for which name.

use portcullis_tests::{Browser, Home, Port};
use serde_json::{Value, json};

use super::authority::Authority;
use super::server::Server;
use super::{expect_failed, home, private, send};

fn secure_home(server: &Server) -> Home {
    home(
        &private(&[&format!("https://localhost:{}", server.port)]),
        "",
    )
}

fn hello(port: &mut Port, server: &Server) -> Value {
    let authority = format!("localhost:{}", server.port);
    send(
        port,
        &json!({ "scheme": "https", "authority": authority, "path": "/hello" }),
    )
}

#[test]
fn a_server_is_believed_by_its_certificate_alone() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (identity, is_good) in [
        (authority.identity(&["localhost"]), true),
        (authority.identity(&["localhost", "other.test"]), true),
        (authority.identity(&["other.test"]), false),
        (authority.identity(&["127.0.0.1"]), false),
        (authority.identity(&["*.localhost"]), false),
        (authority.expired_identity(&["localhost"]), false),
        (stranger.identity(&["localhost"]), false),
    ] {
        let server = Server::secure(identity);
        let home = secure_home(&server);
        let mut port = Browser::chromium(&home)
            .environment("SSL_CERT_FILE", authority.file(home.beside()))
            .start();
        let outcome = hello(&mut port, &server);
        if is_good {
            assert_eq!(outcome["status"], 200, "{outcome}");
        } else {
            expect_failed(&outcome, "response", "TlsCertificateError");
            assert!(
                server.heads().is_empty(),
                "something was said to a stranger"
            );
        }
        port.end().expect_exit(0).expect_no_frames();
    }
}

#[test]
fn without_authorities_nobody_is_believed_and_the_log_says_why() {
    let authority = Authority::new();
    let server = Server::secure(authority.identity(&["localhost"]));
    let home = secure_home(&server);
    let empty = home.beside().join("empty.pem");
    std::fs::write(&empty, "").expect("the folder can be written");
    let missing = home.beside().join("missing.pem");
    for (file, words) in [
        (empty, "no certificate authority is known"),
        (
            missing,
            "the file that `SSL_CERT_FILE` names cannot be read",
        ),
    ] {
        let mut port = Browser::chromium(&home)
            .environment("SSL_CERT_FILE", file)
            .start();
        let outcome = hello(&mut port, &server);
        expect_failed(&outcome, "response", "TlsCertificateError");
        port.end().expect_exit(0).expect_stderr_contains(words);
    }
    // Whom the system trusts does not know the test's authority.
    let mut port = Browser::chromium(&home)
        .without_environment("SSL_CERT_FILE")
        .start();
    expect_failed(
        &hello(&mut port, &server),
        "response",
        "TlsCertificateError",
    );
    port.end().expect_exit(0);
    assert!(server.heads().is_empty());
}

#[test]
fn a_server_that_speaks_no_tls_is_told_nothing() {
    let server = Server::plain();
    let home = secure_home(&server);
    let authority = Authority::new();
    let mut port = Browser::chromium(&home)
        .environment("SSL_CERT_FILE", authority.file(home.beside()))
        .start();
    let outcome = hello(&mut port, &server);
    assert_eq!(outcome["failed"], "response", "{outcome}");
    port.end().expect_exit(0).expect_no_frames();
    assert!(server.heads().is_empty());
}
