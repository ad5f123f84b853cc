//! Many at once, and fields without end.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use wasip2::http::types::{Fields, IncomingResponse};

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
