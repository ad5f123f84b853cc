//! HTTP as the plugin of one route has it: where to, and how much at a time.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_core::policy::{Grant, Target};

use super::network::Network;

/// The TCP port of name servers, for answers that are too long for a datagram.
const DNS: u16 = 53;

/// The power to send HTTP requests. Clones share the count of those under way.
#[derive(Clone)]
pub struct Http {
    grant: Arc<Grant>,
    network: Network,
    in_flight: Arc<AtomicU32>,
}

/// Which addresses requests may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those of the internet.
    Public,
    /// Those of this machine and its networks as well.
    Private,
}

impl Http {
    /// What `grant` allows, over `network`.
    #[must_use]
    pub fn new(grant: &Grant, network: &Network) -> Self {
        Self {
            grant: Arc::new(grant.clone()),
            network: network.clone(),
            in_flight: Arc::default(),
        }
    }

    /// Adds the TCP ports that requests may be sent to, and that of name servers.
    pub(crate) fn add_ports(&self, ports: &mut BTreeSet<u16>) {
        let granted = self.grant.http.iter();
        ports.extend(granted.map(|grant| grant.destination.port()));
        ports.insert(DNS);
    }

    pub(super) fn admits(&self, target: &Target) -> bool {
        self.grant.http_to(target).is_some()
    }

    pub(super) fn reach(&self) -> Reach {
        if self.grant.http_private {
            Reach::Private
        } else {
            Reach::Public
        }
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// A place among the requests under way, if there are fewer than `most`.
    pub(super) fn enter(&self, most: u32) -> Option<Permit> {
        let more = |now: u32| (now < most).then_some(now + 1);
        let entered = self
            .in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        entered.ok().map(|_| Permit(self.in_flight.clone()))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Http")
            .field(&self.grant.http)
            .finish()
    }
}

/// A place among the requests under way, given back when it is dropped.
pub(super) struct Permit(Arc<AtomicU32>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tls::Roots;
    use super::*;

    #[test]
    fn there_are_as_many_places_as_there_are() {
        let http = Http::new(&Grant::default(), &Network::open(Roots::none()));
        let first = http.enter(2).expect("a place");
        let _second = http.clone().enter(2).expect("a place");
        assert!(http.enter(2).is_none());
        drop(first);
        assert!(http.enter(2).is_some());
    }
}
