//! Which address is connected to, whatever the name servers say and however often they are asked.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

use bytes::Bytes;
use http_body_util::Empty;
use portcullis_core::policy::Grant;

use super::super::power::Http;
use super::super::resolve::Resolve;
use super::super::tls::Roots;
use super::*;

/// A name server whose answer is another one each time.
struct Changing {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

#[async_trait::async_trait]
impl Resolve for Changing {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
        assert_eq!(name, "changing.test");
        let time = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.answers[time % self.answers.len()].clone())
    }
}

fn changing(answers: &[&str]) -> Arc<Changing> {
    let answers = answers.iter().map(|answer| {
        let addresses = answer
            .split(' ')
            .map(|address| address.parse().expect(address));
        addresses.collect()
    });
    Arc::new(Changing {
        answers: answers.collect(),
        asked: AtomicUsize::new(0),
    })
}

/// A server that answers every request with its own address, and tells what it was asked.
fn server(address: Ipv4Addr, port: u16) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind((address, port)).expect("a port of this machine");
    let address = listener.local_addr().expect("it is bound");
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut buffer).expect("a request");
                if read == 0 {
                    break;
                }
                request.extend_from_slice(&buffer[..read]);
            }
            // The test may have seen enough.
            drop(sender.send(String::from_utf8_lossy(&request).into_owned()));
            let reply = format!(
                "HTTP/1.1 200 OK\r\nserver: {}\r\ncontent-length: 2\r\n\r\nok",
                address.ip()
            );
            stream.write_all(reply.as_bytes()).expect("it listens");
        }
    });
    (address, receiver)
}

fn order(resolver: Arc<Changing>, reach: Reach, url: &str) -> Order {
    let network = Network::with(resolver, Roots::none());
    let http = Http::new(&Grant::default(), &network);
    Order {
        target: Target::of_url(url).expect(url),
        reach,
        patience: Patience::MOST,
        body_limit: 1024,
        permit: http.enter(1).expect("a place"),
        network,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

fn send(resolver: Arc<Changing>, reach: Reach, url: &str) -> Result<String, Fault> {
    let body = Empty::<Bytes>::new().map_err(|never| match never {});
    let request = Request::get("http://ignored.test/path?query");
    let request = request.body(body.boxed_unsync()).expect("a request");
    runtime().block_on(async {
        let (response, driven) = order(resolver, reach, url).send(request).await?;
        let driven = tokio::spawn(Box::into_pin(driven));
        let server = &response.headers()["server"];
        let server = server.to_str().expect("text").to_owned();
        let body = response.into_body().collect().await?.to_bytes();
        assert_eq!(body, "ok");
        driven.await.expect("it ends").expect("it ends well");
        Ok(server)
    })
}

#[test]
fn the_address_that_was_judged_is_the_one_that_is_connected_to() {
    let (first, asked) = server(Ipv4Addr::LOCALHOST, 0);
    let (_second, other) = server(Ipv4Addr::new(127, 0, 0, 2), first.port());
    let resolver = changing(&["127.0.0.1", "127.0.0.2"]);
    let url = format!("http://changing.test:{}", first.port());
    let answered = send(resolver.clone(), Reach::Private, &url).expect("it answers");
    assert_eq!(answered, "127.0.0.1");
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1, "asked once");
    assert!(
        other.try_recv().is_err(),
        "the second answer was never used"
    );
    let request = asked.try_recv().expect("it was asked");
    assert!(
        request.starts_with("GET /path?query HTTP/1.1\r\n"),
        "{request}"
    );
    let host = format!("host: changing.test:{}\r\n", first.port());
    assert!(request.contains(&host), "{request}");
}

#[test]
fn an_answer_that_becomes_private_is_not_heard() {
    let (server, asked) = server(Ipv4Addr::LOCALHOST, 0);
    let url = format!("http://changing.test:{}", server.port());
    let resolver = changing(&["240.0.0.1 127.0.0.1", "127.0.0.1"]);
    let fault = send(resolver.clone(), Reach::Public, &url).expect_err("nothing may be reached");
    assert!(
        matches!(
            fault,
            Fault::Prohibited {
                is_final: false,
                ..
            }
        ),
        "{fault:?}"
    );
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1);
    assert!(asked.try_recv().is_err(), "nobody was connected to");
}

#[test]
fn a_private_address_beside_a_public_one_is_left_out() {
    let url = "http://changing.test";
    for (answer, reach, allowed) in [
        ("1.1.1.1 127.0.0.1", Reach::Public, "1.1.1.1"),
        ("::1 ::ffff:1.1.1.1 fd00:ec2::254", Reach::Public, "1.1.1.1"),
        (
            "127.0.0.1 1.1.1.1 0.0.0.0",
            Reach::Private,
            "127.0.0.1 1.1.1.1",
        ),
    ] {
        let resolver = changing(&[answer]);
        let order = order(resolver.clone(), reach, url);
        let found = runtime().block_on(order.addresses()).expect(answer);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown.join(" "), allowed, "{answer}");
        assert_eq!(resolver.asked.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn metadata_is_never_reached() {
    for address in [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "168.63.129.16",
    ] {
        let resolver = changing(&[address]);
        let fault = send(resolver, Reach::Private, "http://changing.test").expect_err("never");
        assert!(
            matches!(fault, Fault::Prohibited { is_final: true, .. }),
            "{address}: {fault:?}"
        );
    }
}

#[test]
fn a_query_alone_is_one_of_the_root() {
    let order = order(changing(&[]), Reach::Private, "http://changing.test");
    for (path, sent) in [
        ("?a=b", "/?a=b"),
        ("", "/"),
        ("/", "/"),
        ("/c?a=b", "/c?a=b"),
    ] {
        let body = Empty::<Bytes>::new().map_err(|never| match never {});
        let request = Request::get(format!("http://ignored.test{path}"));
        let request = request.body(body.boxed_unsync()).expect(path);
        let completed = order.complete(request).expect(path);
        assert_eq!(completed.uri(), sent, "{path}");
    }
}

#[test]
fn a_guest_may_be_less_patient_and_never_more() {
    assert_eq!(Patience::within(None), Patience::MOST);
    let asked = RequestOptions {
        connect_timeout: Some(Duration::ZERO),
        first_byte_timeout: Some(Duration::from_secs(u64::MAX)),
        between_bytes_timeout: Some(Duration::from_millis(5)),
    };
    let patience = Patience::within(Some(asked));
    assert_eq!(patience.connect, Duration::ZERO);
    assert_eq!(patience.first_byte, Patience::MOST.first_byte);
    assert_eq!(patience.between_bytes, Duration::from_millis(5));
}
