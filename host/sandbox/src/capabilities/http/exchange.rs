//! One request and its response, on the thread of the network.
//!
//! The order is the point: the name is resolved once, its addresses are judged, a connection is made to one that may be
//! reached, and only then is anything said; the certificate and the `Host` field are for the name that was granted,
//! whatever its address. One connection carries one request. A redirect is a response like any other: whoever wants to
//! follow it makes a second request, which is judged as this one was.

use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use portcullis_core::policy::{Scheme, Target};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::addresses::{Place, place};
use super::body::{Outgoing, Received, Unsent, pass_on};
use super::headers;
use super::network::Network;
use super::power::{Permit, Reach};
use super::resolve::Unresolved;
use super::tls;

/// How long a request waits for what, at the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    /// For the name, the connection and TLS together.
    connect: Duration,
    /// From then to the response's head; the request's body is sent meanwhile.
    first_byte: Duration,
    /// Between two pieces of the response's body.
    between_bytes: Duration,
}

impl Patience {
    /// Ten seconds to connect are what browsers give on a bad line; thirty without a byte are the patience of a call.
    const MOST: Self = Self {
        connect: Duration::from_secs(10),
        first_byte: Duration::from_secs(30),
        between_bytes: Duration::from_secs(30),
    };

    /// What a guest asks for, where that is less. Zero is a time like any other, and over at the next millisecond.
    pub(super) fn within(options: Option<RequestOptions>) -> Self {
        let most = Self::MOST;
        let options = options.unwrap_or_default();
        let shorter =
            |asked: Option<Duration>, most: Duration| asked.map_or(most, |it| it.min(most));
        Self {
            connect: shorter(options.connect_timeout, most.connect),
            first_byte: shorter(options.first_byte_timeout, most.first_byte),
            between_bytes: shorter(options.between_bytes_timeout, most.between_bytes),
        }
    }
}

/// A request that has been allowed.
pub(super) struct Order {
    pub(super) target: Target,
    pub(super) reach: Reach,
    pub(super) patience: Patience,
    /// The most bytes of a body, in each direction.
    pub(super) body_limit: u64,
    /// Held until the response's body is over.
    pub(super) permit: Permit,
    pub(super) network: Network,
}

/// A response, and what has to be driven for its body to come.
pub(super) type Answer = (
    Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

/// Why there is no response.
#[derive(Debug)]
pub(super) enum Fault {
    /// Every address of the host leads to where the plugin may not go: what that is, and whether a grant would mend it.
    Prohibited {
        address: IpAddr,
        place: &'static str,
        is_final: bool,
    },
    /// There is nobody to trust, and why.
    NoRoots(String),
    /// Anything else, as the guest is told.
    Other(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl Order {
    /// Sends the request and waits for the head of the response.
    pub(super) async fn send(self, request: Request<WasiBody>) -> Result<Answer, Fault> {
        let request = self.without_hidden_body(request).await?;
        let deadline = Instant::now() + self.patience.connect;
        let connected = timeout_at(deadline, self.connect(deadline)).await;
        let Connected {
            mut sender,
            connection,
        } = connected.map_err(|_| Error::ConnectionTimeout)??;
        let request = self.complete(request)?;
        let response = timeout(self.patience.first_byte, sender.send_request(request)).await;
        let response = response
            .map_err(|_| Error::ConnectionReadTimeout)?
            .map_err(|error| fault(&error))?;
        self.judge(&response)?;

        let (head, body) = response.into_parts();
        let (pieces, received) = Received::new();
        let Self {
            permit,
            patience,
            body_limit,
            ..
        } = self;
        let driven = async move {
            let held = (sender, connection, permit);
            pass_on(body, pieces, body_limit, patience.between_bytes, held).await;
            Ok(())
        };
        let response = Response::from_parts(head, received.boxed_unsync());
        Ok((response, Box::new(driven)))
    }

    /// The request, where its body is one that will be sent.
    ///
    /// A GET or HEAD says nothing of a body whose length it does not give, and hyper then leaves it out: the server
    /// would answer another request than the guest wrote. Many clients open a body and write nothing, which is a
    /// request without one; so the guest is waited for until it has written something or is done.
    async fn without_hidden_body(
        &self,
        request: Request<WasiBody>,
    ) -> Result<Request<WasiBody>, Error> {
        let is_bare = matches!(*request.method(), Method::GET | Method::HEAD)
            && !request.headers().contains_key(header::CONTENT_LENGTH);
        if !is_bare || request.body().is_end_stream() {
            return Ok(request);
        }
        let (head, body) = request.into_parts();
        let mut body = Outgoing::new(body, self.body_limit);
        let first = timeout(self.patience.first_byte, body.frame()).await;
        match first.map_err(|_| Error::ConnectionReadTimeout)? {
            None => {
                let nothing = Empty::new().map_err(|never| match never {});
                Ok(Request::from_parts(head, nothing.boxed_unsync()))
            }
            Some(Ok(_)) => Err(Error::HttpRequestLengthRequired),
            Some(Err(unsent)) => Err(unsent.into()),
        }
    }

    async fn connect(&self, deadline: Instant) -> Result<Connected, Fault> {
        let addresses = self.addresses().await?;
        let stream = dial(&addresses, self.target.port(), deadline).await?;
        match self.target.scheme() {
            Scheme::Http => Ok(handshake(stream).await?),
            Scheme::Https => {
                let connector = self.network.tls();
                let connector = connector.map_err(|why| Fault::NoRoots(why.to_owned()))?;
                let name = tls::server_name(&self.target)?;
                let stream = connector.connect(name, stream).await;
                let stream = stream.map_err(|error| {
                    tracing::debug!(target = %self.target, "no TLS: {error}");
                    tls::fault(&error)
                })?;
                Ok(handshake(stream).await?)
            }
        }
    }

    /// The addresses of the target that may be connected to; never none.
    async fn addresses(&self) -> Result<Vec<IpAddr>, Fault> {
        let found = match (self.target.address(), self.target.name()) {
            (Some(address), _) => vec![address],
            (None, Some(name)) => {
                let resolved = self.network.resolver().resolve(name).await;
                resolved.map_err(|unresolved| unresolved_error(&unresolved))?
            }
            (None, None) => Vec::new(),
        };
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in found {
            let address = address.to_canonical();
            match (place(address), self.reach) {
                (Place::Public, _) | (Place::Private(_), Reach::Private) => allowed.push(address),
                (Place::Private(place), Reach::Public) => {
                    refused = Some((address, place, false));
                }
                (Place::Never(place), _) => {
                    refused.get_or_insert((address, place, true));
                }
            }
        }
        match (allowed.is_empty(), refused) {
            (false, _) => Ok(allowed),
            (true, Some((address, place, is_final))) => Err(Fault::Prohibited {
                address,
                place,
                is_final,
            }),
            (true, None) => Err(Error::DestinationNotFound.into()),
        }
    }

    /// The request as it goes over the wire: with the fields that are the host's, and with nothing but a path before
    /// them.
    fn complete(&self, request: Request<WasiBody>) -> Result<Request<Outgoing>, Error> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        // A query alone is one of the root; over the wire it has to say so (RFC 9112, 3.2.1).
        let root = if path.starts_with('/') { "" } else { "/" };
        head.uri = format!("{root}{path}")
            .parse::<Uri>()
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        let target = self.target.to_string();
        let authority = target
            .split_once("://")
            .map_or("", |(_, authority)| authority);
        let host = HeaderValue::from_str(authority).map_err(|_| Error::HttpRequestUriInvalid)?;
        head.headers.insert(header::HOST, host);
        let close = HeaderValue::from_static("close");
        head.headers.insert(header::CONNECTION, close);
        // What is longer than it says would be cut off where the next request begins.
        let announced = head.headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
        let most = announced.unwrap_or(self.body_limit).min(self.body_limit);
        let body = Outgoing::new(body, most);
        Ok(Request::from_parts(head, body))
    }

    fn judge(&self, response: &Response<hyper::body::Incoming>) -> Result<(), Error> {
        // Nobody asked for another protocol: the field that would is the host's.
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Error::HttpUpgradeFailed);
        }
        let size = headers::size(response.headers());
        if size > headers::FIELD_BYTES {
            return Err(Error::HttpResponseHeaderSectionSize(
                u32::try_from(size).ok(),
            ));
        }
        let announced = response.body().size_hint().lower();
        if announced > self.body_limit {
            return Err(Error::HttpResponseBodySize(Some(announced)));
        }
        Ok(())
    }
}

struct Connected {
    sender: SendRequest<Outgoing>,
    connection: AbortOnDropJoinHandle<()>,
}

/// Connects to the first of these that answers.
async fn dial(addresses: &[IpAddr], port: u16, deadline: Instant) -> Result<TcpStream, Error> {
    let mut fault = Error::DestinationUnavailable;
    let mut tries_left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        // An address that does not answer must leave time for the others.
        let patience = deadline.saturating_duration_since(Instant::now()) / tries_left.max(1);
        tries_left = tries_left.saturating_sub(1);
        match timeout(patience, TcpStream::connect((*address, port))).await {
            Ok(Ok(stream)) => {
                // A request is written in one piece where it can be; waiting for more only delays it.
                drop(stream.set_nodelay(true));
                return Ok(stream);
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fault = Error::ConnectionRefused;
            }
            Ok(Err(error)) => {
                tracing::debug!(%address, port, "no connection: {error}");
            }
            Err(_) => fault = Error::ConnectionTimeout,
        }
    }
    Err(fault)
}

/// What hyper may keep of what a server sends before it is taken, in bytes: the head of a response as a whole, which
/// has no more than half of this in fields, or a piece of a body.
const BUFFER: usize = 2 * headers::FIELD_BYTES;

async fn handshake<S>(stream: S) -> Result<Connected, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(BUFFER)
        .max_headers(headers::RESPONSE_FIELDS);
    let (sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| fault(&error))?;
    let connection = spawn(async move {
        // What goes wrong here is told to whoever waits for the response or its body.
        drop(connection.await);
    });
    Ok(Connected { sender, connection })
}

/// What hyper's error means to a guest.
pub(super) fn fault(error: &hyper::Error) -> Error {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(unsent) = inner.downcast_ref::<Unsent>() {
            return unsent.clone().into();
        }
        source = inner.source();
    }
    if error.is_timeout() {
        Error::HttpResponseTimeout
    } else if error.is_parse_too_large() {
        Error::HttpResponseHeaderSectionSize(None)
    } else if error.is_incomplete_message() {
        Error::HttpResponseIncomplete
    } else if error.is_parse() {
        Error::HttpProtocolError
    } else if error.is_user() {
        Error::InternalError(None)
    } else {
        Error::ConnectionTerminated
    }
}

fn unresolved_error(unresolved: &Unresolved) -> Error {
    let error = |rcode: &str| Error::DnsError {
        rcode: Some(rcode.to_owned()),
        info_code: None,
    };
    match unresolved {
        Unresolved::NoAddress => error("NXDOMAIN"),
        Unresolved::Refused => error("SERVFAIL"),
        Unresolved::Silence => Error::DnsTimeout,
    }
}

#[cfg(test)]
mod tests;
