//! One request, every part of it as the order has it.

use serde::Deserialize;
use serde_json::{Value, json};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::StreamError;

/// A request, piece by piece, so that a test can write what no URL could.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Request {
    #[serde(default)]
    pub(crate) scheme: Option<String>,
    pub(crate) authority: Option<String>,
    #[serde(default)]
    pub(crate) path: Option<String>,
    #[serde(default)]
    pub(crate) method: Option<String>,
    #[serde(default)]
    pub(crate) fields: Vec<(String, String)>,
    /// Bytes of body to write; none at all where this is absent.
    #[serde(default)]
    pub(crate) body: Option<u64>,
    /// Drops the body in place of finishing it.
    #[serde(default)]
    pub(crate) unfinished: bool,
    #[serde(default)]
    pub(crate) trailers: Vec<(String, String)>,
    /// Nanoseconds: connect, first byte, between bytes.
    #[serde(default)]
    pub(crate) patience: Option<[u64; 3]>,
}

/// Which step failed, and the word for it.
pub(crate) type Failed = (&'static str, String);

/// Bytes of a body that are shown; of the others there is the number.
const SHOWN: usize = 2000;

pub(crate) fn outcome(result: Result<Value, Failed>) -> Value {
    result.unwrap_or_else(|(step, word)| json!({ "failed": step, "word": word }))
}

pub(crate) fn send(request: &Request) -> Result<Value, Failed> {
    let response = received(&begin(request)?)?;
    let fields: Vec<(String, String)> = response
        .headers()
        .entries()
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect();
    let (length, shown, failed) = read(&response)?;
    Ok(json!({
        "status": response.status(),
        "fields": fields,
        "length": length,
        "body": String::from_utf8_lossy(&shown),
        "body-failed": failed,
    }))
}

/// Sends a request and its body, and waits for nothing.
pub(crate) fn begin(request: &Request) -> Result<FutureIncomingResponse, Failed> {
    let fields = Fields::new();
    for (name, value) in &request.fields {
        let appended = fields.append(name, value.as_bytes());
        appended.map_err(|error| ("field", format!("{error:?}")))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let refused = |step| move |()| (step, "refused".to_owned());
    if let Some(method) = &request.method {
        let method = match method.as_str() {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "CONNECT" => Method::Connect,
            other => Method::Other(other.to_owned()),
        };
        outgoing.set_method(&method).map_err(refused("method"))?;
    }
    let scheme = request.scheme.as_deref().map(|scheme| match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    });
    let set = outgoing.set_scheme(scheme.as_ref());
    set.map_err(refused("scheme"))?;
    let set = outgoing.set_authority(request.authority.as_deref());
    set.map_err(refused("authority"))?;
    let set = outgoing.set_path_with_query(request.path.as_deref());
    set.map_err(refused("path"))?;

    let options = request.patience.map(|[connect, first, between]| {
        let options = RequestOptions::new();
        // The host takes any number.
        let _ = options.set_connect_timeout(Some(connect));
        let _ = options.set_first_byte_timeout(Some(first));
        let _ = options.set_between_bytes_timeout(Some(between));
        options
    });
    let word = |code: ErrorCode| format!("{code:?}");
    let Some(length) = request.body else {
        return outgoing_handler::handle(outgoing, options).map_err(|code| ("handle", word(code)));
    };
    let body = outgoing.body().map_err(refused("body"))?;
    let future =
        outgoing_handler::handle(outgoing, options).map_err(|code| ("handle", word(code)))?;
    write(body, length, request)?;
    Ok(future)
}

fn write(body: OutgoingBody, length: u64, request: &Request) -> Result<(), Failed> {
    let stream = body
        .write()
        .map_err(|()| ("body", "has no stream".to_owned()))?;
    let mut left = length;
    while left > 0 {
        let piece = left.min(4096);
        if stream
            .blocking_write_and_flush(&vec![b'x'; piece as usize])
            .is_err()
        {
            // Why is told with the response.
            return Ok(());
        }
        left -= piece;
    }
    drop(stream);
    if request.unfinished {
        return Ok(());
    }
    let trailers = Fields::new();
    for (name, value) in &request.trailers {
        let appended = trailers.append(name, value.as_bytes());
        appended.map_err(|error| ("trailer", format!("{error:?}")))?;
    }
    let trailers = (!request.trailers.is_empty()).then_some(trailers);
    OutgoingBody::finish(body, trailers).map_err(|code| ("finish", format!("{code:?}")))
}

/// Waits for a response.
pub(crate) fn received(future: &FutureIncomingResponse) -> Result<IncomingResponse, Failed> {
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(code))) => Err(("response", format!("{code:?}"))),
        other => Err(("response", format!("{other:?}"))),
    }
}

/// Reads a body to its end: its length, its beginning, and why it broke off, if it did.
fn read(response: &IncomingResponse) -> Result<(u64, Vec<u8>, Option<String>), Failed> {
    let taken = |()| ("body", "is taken".to_owned());
    let body = response.consume().map_err(taken)?;
    let stream = body.stream().map_err(taken)?;
    let (mut length, mut shown) = (0, Vec::new());
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(piece) => {
                length += piece.len() as u64;
                let room = SHOWN - shown.len();
                shown.extend(piece.iter().take(room));
            }
            Err(StreamError::Closed) => return Ok((length, shown, None)),
            Err(StreamError::LastOperationFailed(error)) => {
                return Ok((length, shown, Some(error.to_debug_string())));
            }
        }
    }
}
