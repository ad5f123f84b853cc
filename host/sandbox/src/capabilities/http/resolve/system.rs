//! The system's own resolver, on a thread of its own for as long as it takes.

use std::io;
use std::net::IpAddr;

use super::{MOST_ADDRESSES, Resolve, Unresolved, loopback};

/// `getaddrinfo`.
pub(super) struct System;

#[async_trait::async_trait]
impl Resolve for System {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved> {
        if let Some(addresses) = loopback(name) {
            return Ok(addresses);
        }
        // The dot keeps the search list out of it. A name of one label is one of this network, which some systems do
        // not find with a dot.
        let whole = if name.contains('.') {
            format!("{name}.")
        } else {
            name.to_owned()
        };
        let found = tokio::net::lookup_host((whole, 0)).await;
        let found = found.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Unresolved::Silence,
            // The system's service for names is out of reach of a process that is confined too narrowly.
            io::ErrorKind::PermissionDenied => Unresolved::Refused,
            _ => Unresolved::NoAddress,
        })?;
        let addresses: Vec<IpAddr> = found
            .map(|address| address.ip())
            .take(MOST_ADDRESSES)
            .collect();
        if addresses.is_empty() {
            return Err(Unresolved::NoAddress);
        }
        Ok(addresses)
    }
}
