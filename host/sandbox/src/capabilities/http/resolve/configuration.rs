//! `/etc/resolv.conf` and `/etc/hosts`: whom to ask, and what need not be asked.
//!
//! Read once, before the process is confined. A search list is not followed: what the policy allows is a whole name,
//! and a name with something added is another one.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The port of name servers.
const DNS: u16 = 53;

/// Name servers that are asked, as many as the C library takes (resolv.conf(5)).
const MOST_SERVERS: usize = 3;

/// The name servers of a `resolv.conf`, in their order; the one of this machine where it names none, as the C library
/// has it.
pub(super) fn servers(text: &str) -> Vec<SocketAddr> {
    let lines = text.lines().map(|line| line.split_whitespace());
    let named = lines.filter_map(|mut words| match (words.next(), words.next()) {
        (Some("nameserver"), Some(address)) => server(address),
        _ => None,
    });
    let servers: Vec<SocketAddr> = named.take(MOST_SERVERS).collect();
    if servers.is_empty() {
        return vec![(Ipv4Addr::LOCALHOST, DNS).into()];
    }
    servers
}

fn server(address: &str) -> Option<SocketAddr> {
    // `fe80::1%eth0`: a zone has a number that only the system knows, and std reads numbers alone.
    let address: IpAddr = address.parse().ok()?;
    Some((address, DNS).into())
}

/// What a `hosts` file says: names in lower case, and their addresses in the order of the file.
pub(super) fn hosts(text: &str) -> BTreeMap<String, Vec<IpAddr>> {
    let mut hosts: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
    for line in text.lines() {
        let content = line.split('#').next().unwrap_or_default();
        let mut words = content.split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse().ok()) else {
            continue;
        };
        for name in words {
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            hosts.entry(name).or_default().push(address);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_servers_at_most_are_asked_in_their_order() {
        let text = "# a comment\nsearch example.com\nnameserver 10.0.0.1\n  nameserver\t2001:db8::1\n\
                    nameserver fe80::1%eth0\nnameserver nonsense\nnameserver\noptions edns0\nnameserver 10.0.0.3\n\
                    nameserver 10.0.0.4\n";
        let expected = ["10.0.0.1:53", "[2001:db8::1]:53", "10.0.0.3:53"];
        assert_eq!(
            servers(text),
            expected.map(|server| server.parse().expect(server))
        );
        assert_eq!(servers(""), ["127.0.0.1:53".parse().expect("an address")]);
    }

    #[test]
    fn a_hosts_file_has_several_names_and_addresses() {
        let text = "127.0.0.1 localhost\n::1\tlocalhost  ip6-localhost # six\n\n#10.0.0.1 no\n\
                    10.0.0.2 Printer. p\nx y\n";
        let hosts = hosts(text);
        let of = |name: &str| -> Vec<String> {
            let addresses = hosts.get(name).into_iter().flatten();
            addresses.map(ToString::to_string).collect()
        };
        assert_eq!(of("localhost"), ["127.0.0.1", "::1"]);
        assert_eq!(of("printer"), ["10.0.0.2"]);
        assert_eq!(of("p"), ["10.0.0.2"]);
        assert!(of("no").is_empty() && of("y").is_empty());
    }
}
