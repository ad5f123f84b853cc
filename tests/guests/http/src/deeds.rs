//! Many at once, and fields without end.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use wasip2::http::types::{
    Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};

use crate::exchange::{Request, begin, outcome, received};

pub(crate) fn many(request: &Request, times: usize) -> Value {
    let begun: Vec<_> = (0..times).map(|_| begin(request)).collect();
    let mut counted = BTreeMap::<String, usize>::new();
    for future in begun {
        let word = match future.and_then(|future| received(&future)) {
            Ok(response) => response.status().to_string(),
            Err((_, word)) => word,
        };
        *counted.entry(word).or_default() += 1;
    }
    json!(counted)
}

pub(crate) fn abandon(request: &Request, times: usize) -> Value {
    let mut sent = 0;
    for _ in 0..times {
        // Dropped before anything can have come.
        sent += usize::from(begin(request).is_ok());
    }
    json!({ "sent": sent })
}

pub(crate) fn hold(request: &Request) -> Value {
    thread_local! {
        static HELD: RefCell<Vec<IncomingResponse>> = const { RefCell::new(Vec::new()) };
    }
    outcome(
        begin(request)
            .and_then(|future| received(&future))
            .map(|response| {
                let status = response.status();
                HELD.with_borrow_mut(|held| held.push(response));
                json!({ "status": status })
            }),
    )
}

/// What to keep.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kept {
    /// Maps of fields.
    Fields,
    /// Requests with fields, an address, a body and trailers.
    Requests,
    /// Copies of the fields of one request, each made the fields of another.
    Copies,
    /// Requests with a method of seven megabytes; made is one whose method was taken.
    Methods,
    /// Requests with a path of seven megabytes.
    Paths,
    /// Requests with an authority of 64 KiB, which is as long as one can be.
    Authorities,
    /// Requests with a scheme of 64 bytes and one.
    Schemes,
}

/// Far more than any name may have.
const LONG: usize = 7_000_000;

pub(crate) fn keep(what: &Kept, number: usize) -> Value {
    // Forgotten, so that the host is never told to drop them.
    let mut made = 0;
    let mut last: Option<OutgoingRequest> = None;
    let long = "A".repeat(LONG);
    for _ in 0..number {
        made += usize::from(match what {
            Kept::Fields => {
                std::mem::forget(full());
                true
            }
            Kept::Requests => {
                std::mem::forget(request());
                true
            }
            Kept::Copies => {
                let fields = last.take().map_or_else(full, |request| {
                    let fields = request.headers().clone();
                    std::mem::forget(request);
                    fields
                });
                last = Some(OutgoingRequest::new(fields));
                true
            }
            Kept::Methods => set(|it| it.set_method(&Method::Other(long.clone()))),
            Kept::Paths => set(|it| it.set_path_with_query(Some(&format!("/{long}")))),
            Kept::Authorities => set(|it| it.set_authority(Some(&long[..60_000]))),
            Kept::Schemes => set(|it| it.set_scheme(Some(&Scheme::Other(long[..65].to_owned())))),
        });
    }
    json!({ "made": made })
}

fn set(setter: impl Fn(&OutgoingRequest) -> Result<(), ()>) -> bool {
    let request = OutgoingRequest::new(Fields::new());
    let taken = setter(&request).is_ok();
    if taken {
        std::mem::forget(request);
    }
    taken
}

/// As many fields as a map takes.
fn full() -> Fields {
    let entries: Vec<_> = (0..380)
        .map(|place| (format!("x-{place:03}"), vec![b'x'; 4]))
        .collect();
    Fields::from_list(&entries).expect("they are few enough")
}

/// As large a request as there can be.
fn request() -> OutgoingRequest {
    let request = OutgoingRequest::new(full());
    let long = "a".repeat(8000);
    let _ = request.set_path_with_query(Some(&format!("/{long}")));
    let _ = request.set_authority(Some(&long));
    let body = request.body().expect("it has not been asked for");
    let stream = body.write().expect("it has not been asked for");
    // Until the host takes no more without sending.
    loop {
        let room = stream.check_write().unwrap_or(0);
        if room == 0 || stream.write(&vec![b'x'; room as usize]).is_err() {
            break;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, Some(full()));
    request
}

pub(crate) fn fields(number: usize, at_once: bool) -> Value {
    let name = |place: usize| format!("x-{place}");
    if at_once {
        let entries: Vec<_> = (0..number).map(|place| (name(place), Vec::new())).collect();
        return match Fields::from_list(&entries) {
            Ok(fields) => json!({ "made": fields.entries().len() }),
            Err(error) => json!({ "failed": "fields", "word": format!("{error:?}") }),
        };
    }
    let fields = Fields::new();
    for place in 0..number {
        if let Err(error) = fields.append(&name(place), b"") {
            return json!({ "failed": "fields", "word": format!("{error:?}") });
        }
    }
    json!({ "made": fields.entries().len() })
}

pub(crate) fn field(name: &str, value: &str) -> Value {
    let fields = Fields::new();
    let one = fields.append(name, value.as_bytes());
    let other = fields.set(name, &[value.as_bytes().to_vec()]);
    let all = Fields::from_list(&[(name.to_owned(), value.as_bytes().to_vec())]);
    json!([
        format!("{one:?}"),
        format!("{other:?}"),
        format!("{:?}", all.map(drop)),
    ])
}
