//! From a name to addresses, by the host itself and never by a guest.
//!
//! The decision that shaped it: what is resolved here is what is connected to. A name is asked for once for each
//! request, its answers are judged, and the connection is made to one of those; nobody asks a second time, so a name
//! server that answers something else the second time is never heard.
//!
//! On Linux the host speaks DNS on its own: the C library's resolver loads modules and reads files as it goes, and a
//! confined process can do neither. What it would have read is read at the start. Elsewhere the system resolves.

#[cfg(any(target_os = "linux", test))]
mod configuration;
#[cfg(target_os = "linux")]
mod dns;
#[cfg(not(target_os = "linux"))]
mod system;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Asks where names lead.
#[async_trait::async_trait]
pub(super) trait Resolve: Send + Sync {
    /// The addresses of a name in canonical form, in the order in which to try them; never none.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Unresolved>;
}

/// Why a name leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unresolved {
    /// Nobody has that name, or it has no address.
    #[error("the name has no address")]
    NoAddress,
    /// The name servers did not answer.
    #[error("no name server answered")]
    Silence,
    /// A name server refused, or failed itself.
    #[error("the name servers refused to answer")]
    Refused,
}

/// Addresses that are tried for one name. More would only be tried when these have all been waited for.
const MOST_ADDRESSES: usize = 8;

/// The resolver of this system, with everything read that it needs later.
pub(super) fn of_system() -> Arc<dyn Resolve> {
    #[cfg(target_os = "linux")]
    return Arc::new(dns::Dns::of_system());
    #[cfg(not(target_os = "linux"))]
    Arc::new(system::System)
}

/// The addresses of this machine, if the name is one of those that mean it. A resolver must not ask the network for
/// these (RFC 6761, 6.3).
fn loopback(name: &str) -> Option<Vec<IpAddr>> {
    let is_local = name == "localhost" || name.ends_with(".localhost");
    is_local.then(|| vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_not_asked_for() {
        for name in ["localhost", "api.localhost", "a.b.localhost"] {
            assert!(loopback(name).is_some(), "{name}");
        }
        for name in [
            "localhost.example.com",
            "notlocalhost",
            "localhost.localdomain",
        ] {
            assert!(loopback(name).is_none(), "{name}");
        }
    }
}
