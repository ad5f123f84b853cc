//! Any policy and any message: a fault has its place, and the route that is chosen is the one narrowest that fits.
//!
//! Input: the text of a policy, a line `---`, a message.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use portcullis_core::policy::{Policy, PortRoutes, Route};
use portcullis_core::protocol::{INBOUND_CEILING, json};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let (text, message) = text.split_once("\n---\n").unwrap_or((text, "{}"));
    let policy = match Policy::parse(text, Path::new("policy.toml")) {
        Ok(policy) => policy,
        Err(error) => {
            assert!(
                (1..=text.split('\n').count()).contains(&error.line),
                "{error}"
            );
            let line = text.split('\n').nth(error.line - 1).unwrap_or_default();
            assert!(
                (1..=line.chars().count() + 2).contains(&error.column),
                "{error}"
            );
            assert!(!error.problem.is_empty());
            return;
        }
    };
    for route in policy.routes() {
        for host_name in [None, route.host_name.as_ref()] {
            let port = policy.for_port(&route.origin, host_name);
            assert!(port.message_limit() <= u64::from(INBOUND_CEILING));
            for found in port.as_slice() {
                assert_eq!(found.origin, route.origin);
                assert!(found.host_name.is_none() || found.host_name.as_ref() == host_name);
                assert!(port.confinement() >= found.confinement);
            }
            check_choice(&port, message);
        }
    }
});

fn check_choice(port: &PortRoutes, message: &str) {
    let looks = port.as_slice().iter().any(|route| !route.when.is_empty());
    match port.select(message) {
        Ok(Some(chosen)) => {
            let chosen = &port.as_slice()[chosen];
            assert!(fits(chosen, message));
            for other in port.as_slice().iter().filter(|other| *other != chosen) {
                assert!(!fits(other, message) || conditions(other) < conditions(chosen));
            }
        }
        Ok(None) => assert!(!port.as_slice().iter().any(|route| fits(route, message))),
        Err(_) => assert!(looks, "nobody had to look into it"),
    }
    if looks && json::check(message).is_err() {
        assert!(
            port.select(message).is_err(),
            "a message was routed by what is no JSON"
        );
    }
}

fn fits(route: &Route, message: &str) -> bool {
    route
        .when
        .iter()
        .all(|(pointer, scalar)| pointer.matches(message, scalar) == Ok(true))
}

fn conditions(route: &Route) -> usize {
    route.when.len() + usize::from(route.host_name.is_some())
}
