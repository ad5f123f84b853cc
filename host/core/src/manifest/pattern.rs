//! An entry of `allowed_origins`, read as Chromium reads it: a URL pattern (`extensions/common/url_pattern.cc`) with
//! the one scheme `chrome-extension`.
//!
//! What this does not do: international and percent-encoded hosts are not brought into their normal form, since
//! nothing but 32 letters from a to p is an extension. They pass and match nobody.

use std::net::Ipv6Addr;

use crate::caller::Origin;

/// What the browser says of a pattern that it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatternFault {
    /// It is no URL pattern, for this reason.
    Unreadable(&'static str),
    /// It is one, and matches more than one extension.
    TooBroad,
}

const SCHEME: &str = "chrome-extension";

const MISSING_SEPARATOR: PatternFault = PatternFault::Unreadable("Missing scheme separator.");
const INVALID_SCHEME: PatternFault = PatternFault::Unreadable("Invalid scheme.");
const WRONG_SEPARATOR: PatternFault = PatternFault::Unreadable("Wrong scheme type.");
const EMPTY_HOST: PatternFault = PatternFault::Unreadable("Host can not be empty.");
const HOST_WILDCARD: PatternFault = PatternFault::Unreadable("Invalid host wildcard.");
const EMPTY_PATH: PatternFault = PatternFault::Unreadable("Empty path.");
const INVALID_PORT: PatternFault = PatternFault::Unreadable("Invalid port.");
const INVALID_HOST: PatternFault = PatternFault::Unreadable("Invalid host.");

/// The extension that a pattern fits; `Ok(None)` where Chromium takes the pattern and it can never fit one.
///
/// # Errors
///
/// The fault for which the browser refuses the whole file.
pub(super) fn read(pattern: &str) -> Result<Option<Origin>, PatternFault> {
    if pattern == "<all_urls>" {
        return Err(PatternFault::TooBroad);
    }
    let (scheme, rest) = split_scheme(pattern)?;
    // The path is read and never compared.
    let (authority, _path) = match rest.split_once('/') {
        Some(("", _)) => return Err(EMPTY_HOST),
        Some(split) => split,
        None if rest.is_empty() => return Err(EMPTY_HOST),
        None => return Err(EMPTY_PATH),
    };
    let host = without_port(authority)?;
    let (host, is_broad) = match host.strip_prefix("*.") {
        Some("") => return Err(EMPTY_HOST),
        Some(domain) => (domain, true),
        None if host == "*" => ("", true),
        None => (host, false),
    };
    if host.contains('*') {
        return Err(HOST_WILDCARD);
    }
    if host.contains(is_forbidden) && !is_bracketed_address(host) {
        return Err(INVALID_HOST);
    }
    if is_broad {
        return Err(PatternFault::TooBroad);
    }
    if scheme == "*" {
        // It stands for http and https, of which no extension is one.
        return Ok(None);
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    Ok(format!("{SCHEME}://{host}/").parse().ok())
}

fn split_scheme(pattern: &str) -> Result<(&str, &str), PatternFault> {
    let (scheme, rest, separator) = match pattern.split_once("://") {
        Some((scheme, rest)) => (scheme, rest, "://"),
        None => match pattern.split_once(':') {
            Some((scheme, rest)) => (scheme, rest, ":"),
            None => return Err(MISSING_SEPARATOR),
        },
    };
    match scheme {
        SCHEME | "*" if separator == "://" => Ok((scheme, rest)),
        SCHEME | "*" => Err(WRONG_SEPARATOR),
        _ => Err(INVALID_SCHEME),
    }
}

/// The host of `host[:port]`. Only the port `*` is one for this scheme, which has no ports.
fn without_port(authority: &str) -> Result<&str, PatternFault> {
    let host_end = if authority.starts_with('[') {
        match authority.find(']') {
            None => return Err(INVALID_HOST),
            Some(1) => return Err(EMPTY_HOST),
            Some(end) => end + 1,
        }
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at(host_end);
    match rest {
        "" | ":*" if host.is_empty() => Err(EMPTY_HOST),
        "" | ":*" => Ok(host),
        _ if rest.starts_with(':') => Err(INVALID_PORT),
        _ => Err(INVALID_HOST),
    }
}

fn is_bracketed_address(host: &str) -> bool {
    host.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// What no host has in any form (the URL standard's forbidden code points).
fn is_forbidden(character: char) -> bool {
    character.is_ascii_control()
        || matches!(
            character,
            ' ' | '#' | '<' | '>' | '?' | '@' | '[' | '\\' | ']' | '^' | '|'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "knldjmfmopnpolahpmmgbagdohdnhkik";

    #[test]
    fn one_extension_is_what_a_pattern_may_fit() {
        for (pattern, fits) in [
            (format!("chrome-extension://{ID}/"), true),
            (format!("chrome-extension://{ID}/*"), true),
            (format!("chrome-extension://{ID}/page.html"), true),
            (format!("chrome-extension://{ID}:*/"), true),
            (format!("chrome-extension://{ID}./"), true),
            (
                format!("chrome-extension://{}/", ID.to_ascii_uppercase()),
                true,
            ),
            (format!("*://{ID}/"), false),
            (format!("chrome-extension://{}/", &ID[1..]), false),
            (format!("chrome-extension://{ID}../"), false),
            ("chrome-extension://example.org/".to_owned(), false),
            ("chrome-extension://bücher/".to_owned(), false),
            ("chrome-extension://[::1]:*/".to_owned(), false),
        ] {
            let origin = format!("chrome-extension://{ID}/").parse().ok();
            assert_eq!(
                read(&pattern),
                Ok(origin.filter(|_: &Origin| fits)),
                "{pattern}"
            );
        }
    }

    #[test]
    fn the_rest_is_refused_in_the_words_of_the_browser() {
        for (pattern, expected) in [
            ("<all_urls>", PatternFault::TooBroad),
            ("chrome-extension://*/", PatternFault::TooBroad),
            ("chrome-extension://*.x/", PatternFault::TooBroad),
            ("*://*/*", PatternFault::TooBroad),
            ("", MISSING_SEPARATOR),
            (ID, MISSING_SEPARATOR),
            ("http://a/", INVALID_SCHEME),
            ("extension://a/", INVALID_SCHEME),
            ("Chrome-Extension://a/", INVALID_SCHEME),
            ("://a/", INVALID_SCHEME),
            ("chrome-extension:a/", WRONG_SEPARATOR),
            ("chrome-extension://", EMPTY_HOST),
            ("chrome-extension:///", EMPTY_HOST),
            ("chrome-extension://*./", EMPTY_HOST),
            ("chrome-extension://:*/", EMPTY_HOST),
            ("chrome-extension://[]/", EMPTY_HOST),
            ("chrome-extension://a", EMPTY_PATH),
            ("chrome-extension://a*b/", HOST_WILDCARD),
            ("chrome-extension://a:80/", INVALID_PORT),
            ("chrome-extension://a:/", INVALID_PORT),
            ("chrome-extension://[a/", INVALID_HOST),
            ("chrome-extension://[a]b/", INVALID_HOST),
            ("chrome-extension://a b/", INVALID_HOST),
        ] {
            assert_eq!(read(pattern), Err(expected), "{pattern}");
        }
    }
}
