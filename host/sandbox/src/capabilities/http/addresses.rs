//! Which addresses a request may be sent to.
//!
//! What is judged is the address that a connection is about to be made to, never a name: a name can lead anywhere, and
//! elsewhere the next time. An IPv6 address that carries an IPv4 one is judged by that, since it ends at the same
//! machine. The ranges are those of the registries of special-purpose addresses (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// To the internet.
    Public,
    /// To this machine or to its own networks, and to which of these.
    Private(&'static str),
    /// To nothing that an HTTP server is ever reached by, or to what no plugin has any business with.
    Never(&'static str),
}

/// Where `address` leads.
#[must_use]
pub fn place(address: IpAddr) -> Place {
    match address.to_canonical() {
        IpAddr::V4(address) => place_v4(address),
        IpAddr::V6(address) => place_v6(address),
    }
}

/// What the clouds tell a machine about itself, its credentials included. On every cloud at this address.
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// The same by IPv6, on the cloud that has it.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Azure's platform: what its machines get their names, their health and their certificates from. A public address by
/// its range, and the same for every machine there.
const AZURE_PLATFORM: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

fn place_v4(address: Ipv4Addr) -> Place {
    use Place::{Never, Private, Public};
    match address.octets() {
        _ if address == METADATA_V4 => Never("a cloud's metadata"),
        _ if address == AZURE_PLATFORM => Never("a cloud's platform"),
        [0, ..] => Never("this network (0.0.0.0/8)"),
        [127, ..] => Private("this machine"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Private("a private network"),
        [100, 64..=127, ..] => Private("a provider's own network (100.64.0.0/10)"),
        [169, 254, ..] => Private("the link"),
        [192, 0, 0, _] => Never("protocol assignments (192.0.0.0/24)"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Never("documentation"),
        [192, 88, 99, _] => Never("relays of 6to4"),
        [198, 18..=19, ..] => Private("a network for benchmarks"),
        [224..=239, ..] => Never("many machines at once"),
        [240..=255, ..] => Never("reserved or broadcast addresses"),
        _ => Public,
    }
}

fn place_v6(address: Ipv6Addr) -> Place {
    use Place::{Never, Private, Public};
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        place_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        _ if address == METADATA_V6 => Never("a cloud's metadata"),
        _ if address == Ipv6Addr::LOCALHOST => Private("this machine"),
        // The unspecified address and those that were to carry IPv4 addresses once (RFC 4291, 2.5.5.1).
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0) => Never("no machine"),
        // NAT64 (RFC 6052): how a network without IPv4 reaches the rest.
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => embedded(g, h),
        (0x64, 0xff9b) => Private("a translator of this network (64:ff9b:1::/48)"),
        (0x100, 0) if (c, d) == (0, 0) => Never("nothing (100::/64)"),
        (0x2001, 0) => Never("tunnels (Teredo)"),
        (0x2001, 0x10..=0x2f) => Never("identifiers (ORCHID)"),
        (0x2001, 0xdb8) | (0x3fff, 0..=0xfff) => Never("documentation"),
        (0x2002, _) => embedded(b, c),
        (0xfc00..=0xfdff, _) => Private("a private network"),
        (0xfe80..=0xfebf, _) => Private("the link"),
        (0xfec0..=0xfeff, _) => Private("a site (fec0::/10)"),
        (0xff00..=0xffff, _) => Never("many machines at once"),
        // Nothing else has been given out (RFC 4291, 2.4; the registry of IPv6 unicast addresses).
        (0x2000..=0x3fff, _) => Public,
        _ => Never("addresses that nobody was given"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(address: &str) -> char {
        match place(address.parse().expect(address)) {
            Place::Public => '+',
            Place::Private(_) => '-',
            Place::Never(_) => '!',
        }
    }

    #[test]
    fn every_range_is_what_it_is() {
        let cases = [
            (
                '+',
                "1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255",
            ),
            (
                '+',
                "128.0.0.0 172.15.255.255 172.32.0.0 169.253.255.255 192.167.255.255 223.255.255.255",
            ),
            (
                '-',
                "127.0.0.1 127.255.255.255 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1",
            ),
            (
                '-',
                "100.64.0.1 100.127.255.255 169.254.0.1 169.254.169.253 198.18.0.1",
            ),
            (
                '!',
                "0.0.0.0 0.1.2.3 169.254.169.254 192.0.0.1 192.0.2.1 198.51.100.1 203.0.113.1",
            ),
            (
                '!',
                "192.88.99.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255",
            ),
            (
                '+',
                "2606:4700:4700::1111 2a00:1450::1 2001:4860:4860::8888",
            ),
            (
                '-',
                "::1 fc00::1 fd12::1 fe80::1 febf::1 fec0::1 64:ff9b:1::1",
            ),
            (
                '!',
                ":: ::2 ::7f00:1 100::1 2001::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1 ff02::1",
            ),
            ('!', "fd00:ec2::254 4000::1 1::1 fe00::1"),
            ('!', "168.63.129.16 ::ffff:168.63.129.16"),
            ('+', "168.63.129.15 168.63.129.17"),
        ];
        for (expected, addresses) in cases {
            for address in addresses.split(' ') {
                assert_eq!(is(address), expected, "{address}");
            }
        }
    }

    #[test]
    fn an_address_within_an_address_is_judged_by_itself() {
        for (inner, expected) in [
            ("127.0.0.1", '-'),
            ("10.0.0.1", '-'),
            ("169.254.169.254", '!'),
            ("0.0.0.0", '!'),
            ("1.1.1.1", '+'),
        ] {
            let [a, b, c, d] = inner.parse::<Ipv4Addr>().expect(inner).octets();
            for outer in [
                format!("::ffff:{inner}"),
                format!("64:ff9b::{inner}"),
                format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"),
            ] {
                assert_eq!(is(&outer), expected, "{outer}");
            }
        }
    }
}
