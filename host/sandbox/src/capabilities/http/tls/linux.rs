//! The one file into which a distribution gathers its roots.

use std::fs;
use std::io;

use super::Source;

/// Where distributions keep it. The order is that of how many machines have it.
const FILES: &[&str] = &[
    // Debian, Ubuntu, Arch, Gentoo
    "/etc/ssl/certs/ca-certificates.crt",
    // Fedora, Red Hat
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    // openSUSE
    "/etc/ssl/ca-bundle.pem",
    // Alpine
    "/etc/ssl/cert.pem",
];

pub(super) fn of_system() -> Result<Source, String> {
    for path in FILES {
        match fs::read(path) {
            Ok(bytes) => return Ok(Source::Pem(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(format!(
                    "the system's certificate authorities in `{path}` cannot be read: {error}"
                ));
            }
        }
    }
    Err("the system has no certificate authorities: install `ca-certificates`, or let `SSL_CERT_FILE` name a PEM file"
        .to_owned())
}
