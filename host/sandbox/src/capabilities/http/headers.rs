//! Which header fields are the host's, and how many there may be.
//!
//! A field that says how a message is framed, or whom it is for, decides what a server or a proxy between takes for one
//! request; whoever writes it can hide a second one in a first (request smuggling) or address another server than the
//! one that was granted. Those are the host's alone, in requests, in trailers and in what a guest is shown.

use http::{HeaderMap, HeaderName, header};

/// Bytes that header fields may take, as wasmtime-wasi-http counts them: names, values, and the room of each entry.
/// Servers take 8 to 16 KiB; twice that leaves room for the entries. Each entry counts 40 bytes at least, so there are
/// never more than eight hundred, and the 32 768 at which the map itself gives up are out of reach.
pub(super) const FIELD_BYTES: usize = 32 * 1024;

/// Header fields that a response may have. Real ones have tens.
pub(super) const RESPONSE_FIELDS: usize = 256;

/// Whether a field is the host's.
pub(super) fn is_forbidden(name: &HeaderName) -> bool {
    const FRAMING: [HeaderName; 8] = [
        header::CONNECTION,
        header::EXPECT,
        header::HOST,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        HeaderName::from_static("keep-alive"),
    ];
    FRAMING.contains(name) || name == "http2-settings" || name.as_str().starts_with("proxy-")
}

/// What the fields take by [`FIELD_BYTES`]'s count.
pub(super) fn size(fields: &HeaderMap) -> usize {
    let entries = fields.iter();
    entries.fold(0, |sum, (name, value)| {
        sum + name.as_str().len() + value.len() + size_of::<http::HeaderValue>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_frames_or_addresses_a_message_is_the_hosts() {
        for name in [
            "connection",
            "Connection",
            "expect",
            "HOST",
            "http2-settings",
            "keep-alive",
            "proxy-authenticate",
            "Proxy-Authorization",
            "proxy-connection",
            "proxy-anything",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ] {
            let parsed: HeaderName = name.parse().expect(name);
            assert!(is_forbidden(&parsed), "{name}");
        }
        for name in [
            "accept",
            "authorization",
            "content-length",
            "hosts",
            "x-proxy-id",
            "user-agent",
        ] {
            let parsed: HeaderName = name.parse().expect(name);
            assert!(!is_forbidden(&parsed), "{name}");
        }
    }
}
