//! One request over `wasi:http`, waited for. The host tells where it may not go, and how.

use std::collections::BTreeMap;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    Scheme,
};
use wasip2::io::streams::StreamError;

use super::{PluginError, Request, Response, error};

/// The longest body that is read, in bytes. A browser takes no message over a mebibyte, and the text of a body grows
/// where it is put into JSON.
const LONGEST: usize = 900 * 1024;

/// Bytes that an output stream takes at once.
const PIECE: usize = 4096;

pub(super) fn fetch(request: &Request) -> Result<Response, PluginError> {
    let outgoing = prepare(request)?;
    let body = outgoing.body().map_err(|()| invalid("the body"))?;
    // Sent before the body is written: the host takes it as it comes.
    let response = outgoing_handler::handle(outgoing, None).map_err(failed)?;
    write(body, request.body.as_bytes())?;
    response.subscribe().block();
    let response = match response.get() {
        Some(Ok(Ok(response))) => response,
        Some(Ok(Err(code))) => return Err(failed(code)),
        Some(Err(())) | None => return Err(error("request-failed", "there is no response")),
    };
    let status = response.status();
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in response.headers().entries() {
        let value = String::from_utf8_lossy(&value);
        let joined = headers.entry(name).or_default();
        if !joined.is_empty() {
            joined.push_str(", ");
        }
        joined.push_str(&value);
    }
    let body = String::from_utf8(read(&response)?)
        .map_err(|_| error("not-text", "the response is no text in UTF-8"))?;
    Ok(Response {
        status,
        headers,
        body,
    })
}

/// The request without its body.
fn prepare(request: &Request) -> Result<OutgoingRequest, PluginError> {
    let (scheme, rest) = request
        .url
        .split_once("://")
        .ok_or_else(|| invalid("the URL"))?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => return Err(invalid("the scheme")),
    };
    // A fragment is for whoever reads the document, and is never sent.
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));

    let fields = Fields::new();
    for (name, value) in &request.headers {
        let appended = fields.append(name, value.as_bytes());
        appended.map_err(|problem| invalid(&format!("the header `{name}` ({problem:?})")))?;
    }
    let length = request.body.len().to_string();
    if !request.body.is_empty() {
        let set = fields.set("content-length", &[length.into_bytes()]);
        set.map_err(|problem| invalid(&format!("the body's length ({problem:?})")))?;
    }
    let outgoing = OutgoingRequest::new(fields);
    let set = outgoing.set_method(&method(&request.method));
    set.map_err(|()| invalid("the method"))?;
    let set = outgoing.set_scheme(Some(&scheme));
    set.map_err(|()| invalid("the scheme"))?;
    let set = outgoing.set_authority(Some(authority));
    set.map_err(|()| invalid("the host"))?;
    let set = outgoing.set_path_with_query(Some(path));
    set.map_err(|()| invalid("the path"))?;
    Ok(outgoing)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// Writes the body. Where the host does not take it any more, the response says why.
fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), PluginError> {
    let stream = body.write().map_err(|()| invalid("the body"))?;
    let written = bytes
        .chunks(PIECE)
        .try_for_each(|piece| stream.blocking_write_and_flush(piece));
    drop(stream);
    match written {
        Ok(()) => OutgoingBody::finish(body, None).map_err(failed),
        Err(_) => Ok(()),
    }
}

fn read(response: &IncomingResponse) -> Result<Vec<u8>, PluginError> {
    let taken = |()| error("request-failed", "there is no body");
    let body: IncomingBody = response.consume().map_err(taken)?;
    let stream = body.stream().map_err(taken)?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(PIECE as u64) {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(problem)) => {
                return Err(error("request-failed", &problem.to_debug_string()));
            }
        }
        if bytes.len() > LONGEST {
            return Err(error("too-long", "the response has more than 900 KiB"));
        }
    }
}

fn invalid(what: &str) -> PluginError {
    error("invalid-request", &format!("{what} is not one"))
}

fn failed(code: ErrorCode) -> PluginError {
    error("request-failed", &format!("{code:?}"))
}
