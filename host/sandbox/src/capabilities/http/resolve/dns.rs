//! DNS over UDP, over TCP where an answer is too long for that (RFC 1035, 4.2; RFC 7766).
//!
//! A stub: it asks the system's name servers, which do the work. Nothing is kept between requests; those servers have a
//! cache. What an answer must match to be believed is what an outsider would have to guess: the port, the number of
//! the question, and the question itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::{MOST_ADDRESSES, Resolve, Unresolved, configuration, loopback};

/// How long one name server has for one answer. The C library gives five seconds, which is half of what a request has
/// to be connected in.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often all name servers are asked: a datagram may get lost.
const ROUNDS: usize = 2;

/// The longest answer by UDP. Without an extension that says otherwise it is 512 bytes; the rest is for servers that
/// do not keep to that.
const DATAGRAM: usize = 4096;

/// Aliases that are followed within one answer.
const MOST_ALIASES: usize = 16;

/// The system's name servers, and the names that need none.
pub(super) struct Dns {
    servers: Vec<SocketAddr>,
    hosts: BTreeMap<String, Vec<IpAddr>>,
}

impl Dns {
    /// As the files of this system say. One that cannot be read says nothing.
    pub(super) fn of_system() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self {
            servers: configuration::servers(&read("/etc/resolv.conf")),
            hosts: configuration::hosts(&read("/etc/hosts")),
        }
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Vec<IpAddr>, Unresolved> {
        let mut worst = Unresolved::Silence;
        for _ in 0..ROUNDS {
            for server in &self.servers {
                let exchange = exchange(*server, name, kind);
                match timeout(PATIENCE, exchange).await {
                    Err(_) | Ok(Err(_)) => {}
                    Ok(Ok(answer)) => match answer.metadata.response_code {
                        ResponseCode::NoError => return Ok(addresses(name, &answer.answers)),
                        ResponseCode::NXDomain => return Err(Unresolved::NoAddress),
                        _ => worst = Unresolved::Refused,
                    },
                }
            }
        }
        Err(worst)
    }
}

#[async_trait::async_trait]
impl Resolve for Dns {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
        if let Some(known) = self.hosts.get(name) {
            return Ok(known.clone());
        }
        if let Some(addresses) = loopback(name) {
            return Ok(addresses);
        }
        let name = Name::from_ascii(format!("{name}.")).map_err(|_| Unresolved::NoAddress)?;
        let (six, four) = both(
            self.ask(&name, RecordType::AAAA),
            self.ask(&name, RecordType::A),
        )
        .await;
        let fault = match (&six, &four) {
            (Err(fault), _) | (_, Err(fault)) => fault.clone(),
            (Ok(_), Ok(_)) => Unresolved::NoAddress,
        };
        // One of each by turns, so that a family without a way out does not use up all the time.
        let (six, four) = (six.unwrap_or_default(), four.unwrap_or_default());
        let longest = six.len().max(four.len());
        let turns = (0..longest).flat_map(|place| [four.get(place), six.get(place)]);
        let addresses: Vec<IpAddr> = turns.flatten().copied().take(MOST_ADDRESSES).collect();
        if addresses.is_empty() {
            return Err(fault);
        }
        Ok(addresses)
    }
}

/// Waits for both at once.
async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (std::pin::pin!(one), std::pin::pin!(other));
    let (mut first, mut second) = (None, None);
    std::future::poll_fn(move |context| {
        use std::task::Poll;
        if first.is_none()
            && let Poll::Ready(result) = one.as_mut().poll(context)
        {
            first = Some(result);
        }
        if second.is_none()
            && let Poll::Ready(result) = other.as_mut().poll(context)
        {
            second = Some(result);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

/// One question to one server, and its answer.
async fn exchange(server: SocketAddr, name: &Name, kind: RecordType) -> io::Result<Message> {
    let mut question = Message::query();
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(name.clone(), kind));
    let bytes = question.to_vec().map_err(io::Error::other)?;

    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    // From here on the system drops what comes from elsewhere.
    socket.connect(server).await?;
    socket.send(&bytes).await?;
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let read = Message::from_vec(buffer.get(..length).unwrap_or_default());
        let Some(answer) = read.ok().filter(|answer| answers(&question, answer)) else {
            continue;
        };
        if answer.metadata.truncation {
            return exchange_by_stream(server, &question, &bytes).await;
        }
        return Ok(answer);
    }
}

async fn exchange_by_stream(
    server: SocketAddr,
    question: &Message,
    bytes: &[u8],
) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(bytes).await?;
    let length = stream.read_u16().await?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await?;
    let answer = Message::from_vec(&buffer).map_err(io::Error::other)?;
    if answers(question, &answer) {
        Ok(answer)
    } else {
        Err(io::Error::other("an answer to another question"))
    }
}

/// Whether this is an answer to that question.
fn answers(question: &Message, answer: &Message) -> bool {
    answer.metadata.id == question.metadata.id
        && answer.metadata.message_type == MessageType::Response
        && answer.queries == question.queries
}

/// The addresses of `name` among the records of an answer, through its aliases.
fn addresses(name: &Name, records: &[Record]) -> Vec<IpAddr> {
    let mut names = BTreeSet::from([name.clone()]);
    for _ in 0..MOST_ALIASES {
        let known = names.len();
        for record in records {
            if let (true, RData::CNAME(alias)) = (names.contains(&record.name), &record.data) {
                names.insert(alias.0.clone());
            }
        }
        if names.len() == known {
            break;
        }
    }
    let theirs = records.iter().filter(|record| names.contains(&record.name));
    theirs
        .filter_map(|record| match &record.data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use hickory_proto::rr::rdata::{A, AAAA, CNAME};

    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).expect(text)
    }

    fn record(of: &str, data: RData) -> Record {
        Record::from_rdata(name(of), 60, data)
    }

    fn runtime() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime")
    }

    /// A name server on this machine that answers each question by `answer`, and how it is asked.
    fn server(answer: impl Fn(&Message, &mut Message) + Send + Clone + 'static) -> Dns {
        let datagrams = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = datagrams.local_addr().expect("it is bound");
        let streams = TcpListener::bind(address).expect("the same port");
        let reply = move |bytes: &[u8], answer: &dyn Fn(&Message, &mut Message)| {
            let question = Message::from_vec(bytes).expect("a question");
            let mut reply = question.clone().into_response();
            answer(&question, &mut reply);
            reply.to_vec().expect("an answer")
        };
        let by_stream = answer.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok((length, from)) = datagrams.recv_from(&mut buffer) {
                let reply = reply(&buffer[..length], &answer);
                datagrams.send_to(&reply, from).expect("it listens");
            }
        });
        std::thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            for stream in streams.incoming() {
                let mut stream = stream.expect("a connection");
                let mut length = [0; 2];
                stream.read_exact(&mut length).expect("a length");
                let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut bytes).expect("a question");
                let truncated = |question: &Message, reply: &mut Message| {
                    by_stream(question, reply);
                    reply.metadata.truncation = false;
                    reply.add_answer(record("long.test.", RData::A(A::new(10, 0, 0, 9))));
                };
                let reply = reply(&bytes, &truncated);
                let length = u16::try_from(reply.len()).expect("short");
                stream.write_all(&length.to_be_bytes()).expect("a length");
                stream.write_all(&reply).expect("an answer");
            }
        });
        let hosts = configuration::hosts("10.1.1.1 printer.test\n");
        Dns {
            servers: vec![address],
            hosts,
        }
    }

    #[test]
    fn names_are_resolved_through_aliases_and_by_stream_where_it_is_long() {
        let dns = server(|question, reply| {
            let asked = &question.queries[0];
            match (asked.name.to_ascii().as_str(), asked.query_type) {
                ("a.test.", RecordType::A) => {
                    reply.add_answer(record("a.test.", RData::CNAME(CNAME(name("b.test.")))));
                    reply.add_answer(record("b.test.", RData::A(A::new(10, 0, 0, 1))));
                    reply.add_answer(record("c.test.", RData::A(A::new(10, 0, 0, 2))));
                }
                ("a.test.", RecordType::AAAA) => {
                    let address = AAAA(Ipv6Addr::LOCALHOST);
                    reply.add_answer(record("a.test.", RData::AAAA(address)));
                }
                ("long.test.", _) => reply.metadata.truncation = true,
                ("empty.test.", _) => {}
                ("broken.test.", _) => reply.metadata.response_code = ResponseCode::ServFail,
                _ => reply.metadata.response_code = ResponseCode::NXDomain,
            }
        });
        let resolve = |name: &str| {
            let found = runtime().block_on(dns.resolve(name));
            found.map(|found| {
                found
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        assert_eq!(resolve("a.test").as_deref(), Ok("10.0.0.1 ::1"));
        assert_eq!(resolve("long.test").as_deref(), Ok("10.0.0.9 10.0.0.9"));
        assert_eq!(resolve("printer.test").as_deref(), Ok("10.1.1.1"));
        assert_eq!(resolve("x.localhost").as_deref(), Ok("127.0.0.1 ::1"));
        assert_eq!(resolve("empty.test"), Err(Unresolved::NoAddress));
        assert_eq!(resolve("nobody.test"), Err(Unresolved::NoAddress));
        assert_eq!(resolve("broken.test"), Err(Unresolved::Refused));
    }

    #[test]
    fn what_answers_another_question_is_not_heard() {
        let mut question = Message::query();
        question.add_query(Query::query(name("a.test."), RecordType::A));
        let answer = question.clone().into_response();
        assert!(answers(&question, &answer));
        let mut other = answer.clone();
        other.metadata.id = question.metadata.id.wrapping_add(1);
        assert!(!answers(&question, &other));
        let mut other = answer.clone();
        other.queries = vec![Query::query(name("b.test."), RecordType::A)];
        assert!(!answers(&question, &other));
        assert!(!answers(&question, &question));
    }

    #[test]
    fn aliases_that_lead_to_each_other_end() {
        let records = [
            record("a.test.", RData::CNAME(CNAME(name("b.test.")))),
            record("b.test.", RData::CNAME(CNAME(name("a.test.")))),
        ];
        assert!(addresses(&name("a.test."), &records).is_empty());
    }
}
