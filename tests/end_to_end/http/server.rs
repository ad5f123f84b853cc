//! A server for the tests: HTTP/1.1 by hand on loopback, in the clear or with TLS, and as rude as a path asks for.
//!
//! By hand, since most of what it does no server library would let it do. Each connection has a thread and carries one
//! request.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::authority::Identity;

/// A server that runs until the test is over.
pub(crate) struct Server {
    pub(crate) port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    most: Arc<AtomicUsize>,
}

/// How many are at it, and how many ever were.
struct Busy {
    now: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl Server {
    /// In the clear.
    pub(crate) fn plain() -> Self {
        Self::start(None)
    }

    /// With TLS, as this identity.
    pub(super) fn secure(identity: Identity) -> Self {
        let provider = Arc::new(ring::default_provider());
        let configuration = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate], identity.key)
            .expect("the key is the certificate's");
        Self::start(Some(Arc::new(configuration)))
    }

    fn start(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let port = listener.local_addr().expect("it is bound").port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let most = Arc::new(AtomicUsize::new(0));
        let busy = Arc::new(Busy {
            now: AtomicUsize::new(0),
            most: most.clone(),
        });
        let seen = heads.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.expect("a connection");
                let (tls, seen, busy) = (tls.clone(), seen.clone(), busy.clone());
                thread::spawn(move || {
                    let now = busy.now.fetch_add(1, Ordering::SeqCst) + 1;
                    busy.most.fetch_max(now, Ordering::SeqCst);
                    match tls {
                        None => serve(stream, &seen),
                        Some(tls) => {
                            let connection = ServerConnection::new(tls).expect("the settings fit");
                            serve(StreamOwned::new(connection, stream), &seen);
                        }
                    }
                    busy.now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, heads, most }
    }

    /// The heads of all requests so far.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The most connections that there were at a time.
    pub(super) fn most_at_a_time(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// Serves one request; what goes wrong is the client's choice and ends the connection.
fn serve(mut stream: impl Read + Write, seen: &Mutex<Vec<String>>) {
    let mut buffer = [0; 16 * 1024];
    let mut request = Vec::new();
    let end = loop {
        if let Some(end) = request.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8_lossy(&request[..end]).into_owned();
    seen.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(head.clone());
    let body = request.split_off(end);
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    // A client that goes away in the middle is what many of the tests are about.
    drop(answer(&mut stream, &target, &head, body));
}

fn answer(
    stream: &mut (impl Read + Write),
    target: &str,
    head: &str,
    body: Vec<u8>,
) -> std::io::Result<()> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let number = || query.parse::<usize>().expect("the test gave a number");
    match path {
        "/hello" => whole(stream, "", b"hello"),
        "/head" => {
            let length = read_body(stream, head, body)?;
            whole(stream, "", format!("{length}\n{head}").as_bytes())
        }
        "/redirect" => {
            let fields = format!("location: {query}\r\n");
            write!(
                stream,
                "HTTP/1.1 302 Found\r\n{fields}content-length: 0\r\n\r\n"
            )
        }
        "/wait" => {
            thread::sleep(Duration::from_millis(300));
            whole(stream, "", b"waited")
        }
        "/silent" => sleep(),
        "/slow" => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx")?;
            stream.flush()?;
            sleep()
        }
        "/endless" => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            )?;
            loop {
                write!(stream, "1000\r\n{}\r\n", "y".repeat(0x1000))?;
            }
        }
        "/endless-head" => {
            write!(stream, "HTTP/1.1 200 OK\r\n")?;
            loop {
                write!(stream, "x-endless: {}\r\n", "y".repeat(0x1000))?;
            }
        }
        "/fields" => {
            let fields: String = (0..number())
                .map(|place| format!("x-{place}: 1\r\n"))
                .collect();
            whole(stream, &fields, b"fields")
        }
        "/bytes" => whole(stream, "", &vec![b'z'; number()]),
        "/announces" => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                number()
            )?;
            stream.flush()?;
            sleep()
        }
        // Ten of a hundred.
        "/short" => write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789"
        ),
        "/compressed" => whole(stream, "content-encoding: gzip\r\n", &super::BOMB),
        "/switch" => write!(
            stream,
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\nother words"
        ),
        "/trailers" => write!(
            stream,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx-after: 1\r\nhost: evil\r\n\r\n"
        ),
        "/nonsense" => write!(stream, "this is not HTTP\r\n\r\n"),
        _ => write!(
            stream,
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
        ),
    }?;
    stream.flush()
}

fn whole(stream: &mut impl Write, fields: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\n{fields}content-length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)
}

/// Longer than any test waits.
fn sleep() -> std::io::Result<()> {
    thread::sleep(Duration::from_secs(60));
    Ok(())
}

/// Reads a body, however it is framed, and returns its length.
fn read_body(stream: &mut impl Read, head: &str, mut body: Vec<u8>) -> std::io::Result<usize> {
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap_or(0));
    let is_chunked = head.contains("transfer-encoding: chunked");
    let mut buffer = [0; 16 * 1024];
    loop {
        let is_whole = if is_chunked {
            body.ends_with(b"0\r\n\r\n")
        } else {
            body.len() >= length
        };
        if is_whole {
            break;
        }
        match stream.read(&mut buffer)? {
            0 => break,
            read => body.extend_from_slice(&buffer[..read]),
        }
    }
    // Of a chunked body only what is not framing counts, and the tests write nothing else but this letter.
    Ok(body.iter().filter(|byte| **byte == b'x').count())
}
