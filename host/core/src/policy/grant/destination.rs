//! Where HTTP requests go: what the policy names, and what a plugin asks for.
//!
//! Both are brought into one canonical form before they are compared, since a comparison of spellings is how lists of
//! allowed hosts are got around: letters in lower case, no dot at the end, the port always there, an address in the one
//! form that the system would read it in. What has no canonical form is refused, never guessed at.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// `http` or `https`. There is no third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// As in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port where a URL names none.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A host in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Host {
    /// A name, in lower case and without a dot at its end.
    Name(String),
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(formatter, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(formatter, "[{address}]"),
        }
    }
}

/// What one request asks for: scheme, host and port, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Target {
    /// The target of a request with this authority (`host`, or `host:port`).
    ///
    /// # Errors
    ///
    /// [`TargetError`] where the authority has no canonical form: user information, a host that is neither a name nor
    /// an address in its usual form, a port that is none.
    pub fn new(scheme: Scheme, authority: &str) -> Result<Self, TargetError> {
        let (host, port) = split(authority)?;
        Ok(Self {
            scheme,
            host: canonical(host)?,
            port: port.unwrap_or(scheme.default_port()),
        })
    }

    /// The target of a URL; its path, query and fragment are not looked at.
    ///
    /// # Errors
    ///
    /// [`TargetError`], also where the scheme is not HTTP's.
    pub fn of_url(url: &str) -> Result<Self, TargetError> {
        let (scheme, rest) = scheme_of(url)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Self::new(scheme, authority)
    }

    /// With TLS or without.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host, where it is a name that has to be resolved.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.host {
            Host::Name(name) => Some(name),
            Host::Address(_) => None,
        }
    }

    /// The host, where it is an address.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Address(address) => Some(address),
            Host::Name(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.host)?;
        if self.port != self.scheme.default_port() {
            write!(formatter, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// Where requests may go, as the policy names it: one host, or with `*.` every name below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Destination {
    target: Target,
    /// Whether the names below the host are meant, and not the host itself.
    below: bool,
}

impl Destination {
    /// Whether a request to `target` goes to this destination.
    #[must_use]
    pub fn admits(&self, target: &Target) -> bool {
        let Self {
            target: allowed,
            below,
        } = self;
        if (allowed.scheme, allowed.port) != (target.scheme, target.port) {
            return false;
        }
        match (&allowed.host, &target.host, below) {
            (Host::Name(domain), Host::Name(name), true) => name
                .strip_suffix(domain.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty()),
            (allowed, asked, false) => allowed == asked,
            _ => false,
        }
    }

    /// Whether every request that goes to `other` goes to this destination, too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if self.below && other.below {
            let same =
                (self.target.scheme, self.target.port) == (other.target.scheme, other.target.port);
            return same && (self.target.host == other.target.host || self.admits(&other.target));
        }
        self == other || (!other.below && self.admits(&other.target))
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.target.scheme
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.target.port
    }
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, DestinationError> {
        let (scheme, authority) = scheme_of(text)?;
        if let Some(at) = authority.find(['/', '?', '#']) {
            return Err(DestinationError::Path {
                path: authority[at..].to_owned(),
            });
        }
        let (authority, below) = match authority.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (authority, false),
        };
        if authority.contains('*') {
            return Err(DestinationError::Wildcard);
        }
        let target = Target::new(scheme, authority)?;
        // `*.com` would be everybody.
        let is_domain = target.name().is_some_and(|name| name.contains('.'));
        if below && !is_domain {
            return Err(DestinationError::Wildcard);
        }
        Ok(Self { target, below })
    }
}

impl TryFrom<String> for Destination {
    type Error = DestinationError;

    fn try_from(text: String) -> Result<Self, DestinationError> {
        text.parse()
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> Self {
        destination.to_string()
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.target.to_string();
        match (self.below, text.split_once("://")) {
            (true, Some((scheme, rest))) => write!(formatter, "{scheme}://*.{rest}"),
            _ => formatter.write_str(&text),
        }
    }
}

/// Why a text does not name where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Neither `http://` nor `https://`.
    #[error("it begins with neither `https://` nor `http://`")]
    Scheme,
    /// A name or a password before the host.
    #[error("it holds user information (`…@`)")]
    UserInformation,
    /// The port is no number from 1 to 65535.
    #[error("`{port}` is not a port")]
    Port {
        /// What stands after the colon.
        port: String,
    },
    /// The host is no name in ASCII, and no address in its usual form.
    #[error(
        "`{host}` is neither a host name in ASCII (`xn--…` for others) nor an address in its usual form"
    )]
    Host {
        /// The host as it was written, escaped.
        host: String,
    },
}

/// Why a text of the policy does not name where requests may go.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// It names no place at all.
    #[error("a destination is written like `https://api.example.com`: {0}")]
    Target(#[from] TargetError),
    /// It has a path, which is not compared.
    #[error("a destination ends with the host or the port: remove `{path}`")]
    Path {
        /// What follows the host.
        path: String,
    },
    /// A star in another place than before a domain.
    #[error("a star stands only for the names below a domain, as in `https://*.example.com`")]
    Wildcard,
}

fn scheme_of(url: &str) -> Result<(Scheme, &str), TargetError> {
    let (scheme, rest) = url.split_once("://").ok_or(TargetError::Scheme)?;
    let scheme = [Scheme::Http, Scheme::Https]
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known.as_str()))
        .ok_or(TargetError::Scheme)?;
    Ok((scheme, rest))
}

/// The host and the port of an authority.
fn split(authority: &str) -> Result<(&str, Option<u16>), TargetError> {
    if authority.contains('@') {
        return Err(TargetError::UserInformation);
    }
    // The colons of an address in brackets are not the port's.
    let after_host = authority.find(']').map_or(0, |end| end + 1);
    let (host, port) = match authority[after_host..].find(':') {
        None => return Ok((authority, None)),
        Some(colon) => authority.split_at(after_host + colon),
    };
    let digits = &port[1..];
    let not_a_port = || TargetError::Port {
        port: digits.escape_debug().to_string(),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_a_port());
    }
    match digits.parse::<u16>() {
        Ok(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(not_a_port()),
    }
}

fn canonical(host: &str) -> Result<Host, TargetError> {
    let refused = || TargetError::Host {
        host: host.escape_debug().to_string(),
    };
    if let Some(inner) = host.strip_prefix('[') {
        let address: Ipv6Addr = inner
            .strip_suffix(']')
            .and_then(|inner| inner.parse().ok())
            .ok_or_else(refused)?;
        // An IPv4 address in the clothes of an IPv6 one reaches the same machine.
        return Ok(Host::Address(IpAddr::V6(address).to_canonical()));
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    // RFC 1035, 2.3.4: 255 octets on the wire are 253 characters.
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(refused());
    }
    // A last label that is a number makes it an address for every resolver (URL standard, 3.5, "ends in a number"), and
    // `127.1`, `0x7f.1` and `2130706433` all mean 127.0.0.1 to some: only the usual form is taken.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number {
        let address: Ipv4Addr = name.parse().map_err(|_| refused())?;
        return Ok(Host::Address(address.into()));
    }
    Ok(Host::Name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(text: &str) -> Destination {
        text.parse().expect("a destination")
    }

    fn target(text: &str) -> Target {
        Target::of_url(text).expect("a target")
    }

    #[test]
    fn spellings_of_one_place_are_one_place() {
        let allowed = destination("https://api.example.com");
        for same in [
            "https://api.example.com/path?query#fragment",
            "HTTPS://API.Example.COM",
            "https://api.example.com.",
            "https://api.example.com:443",
            "https://api.example.com:0443/",
        ] {
            assert!(allowed.admits(&target(same)), "{same}");
        }
        for other in [
            "http://api.example.com",
            "http://api.example.com:443",
            "https://api.example.com:8443",
            "https://example.com",
            "https://a.api.example.com",
            "https://api.example.com.evil.org",
            "https://apixexample.com",
        ] {
            assert!(!allowed.admits(&target(other)), "{other}");
        }
    }

    #[test]
    fn a_star_means_names_below_and_nothing_else() {
        let allowed = destination("https://*.example.com:8443");
        assert!(allowed.admits(&target("https://a.example.com:8443")));
        assert!(allowed.admits(&target("https://a.b.example.com:8443")));
        for other in [
            "https://example.com:8443",
            "https://.example.com:8443",
            "https://aexample.com:8443",
            "https://a.example.com",
        ] {
            assert!(
                Target::of_url(other).map_or(true, |target| !allowed.admits(&target)),
                "{other}"
            );
        }
        for bad in [
            "https://*",
            "https://*.com",
            "https://a.*.com",
            "https://*.1.2.3.4",
        ] {
            assert!(bad.parse::<Destination>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_has_no_canonical_form_is_refused() {
        for bad in [
            "https://user@example.com",
            "https://user:password@example.com",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:+1",
            "https://example.com:",
            "https://",
            "https://exa mple.com",
            "https://exämple.com",
            "https://example..com",
            "https://127.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://0x7f000001",
            "https://127.0.0.01",
            "https://1.2.3.4.5",
            "https://[::1",
            "https://[127.0.0.1]",
            "https://::1",
            "ftp://example.com",
            "example.com",
            "https:/example.com",
        ] {
            assert!(Target::of_url(bad).is_err(), "{bad}");
        }
        assert_eq!(
            target("https://[::ffff:127.0.0.1]").address(),
            Some(Ipv4Addr::LOCALHOST.into())
        );
    }

    #[test]
    fn coverage_is_about_every_request() {
        for (wide, narrow, expected) in [
            ("https://*.example.com", "https://a.example.com", true),
            ("https://*.example.com", "https://*.a.example.com", true),
            ("https://*.example.com", "https://*.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://a.example.com", "https://*.example.com", false),
            ("https://example.com", "https://example.com:443", true),
            ("https://example.com", "http://example.com", false),
            ("https://*.example.com", "https://*.ple.com", false),
        ] {
            assert_eq!(
                destination(wide).covers(&destination(narrow)),
                expected,
                "{wide} {narrow}"
            );
        }
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        for text in [
            "https://*.example.com:8443",
            "http://[::1]:81",
            "https://a.b",
        ] {
            assert_eq!(destination(text).to_string(), text);
        }
    }
}
