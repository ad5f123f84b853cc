//! TLS, and whom it trusts: whoever the system trusts.
//!
//! A list of roots that is built in would go on trusting an authority that the machine's owner has removed, and would
//! not know one that a company has added. The roots are taken up before the process is confined, and read when they are
//! first needed.

use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod native;

#[cfg(target_os = "linux")]
use linux::of_system;
#[cfg(not(target_os = "linux"))]
use native::of_system;

/// The certificates of authorities, not looked at yet.
pub struct Roots {
    source: Result<Source, String>,
}

enum Source {
    /// A file in the PEM form.
    Pem(Vec<u8>),
    /// What a system has given one by one.
    #[cfg(not(target_os = "linux"))]
    Each(Vec<CertificateDer<'static>>),
}

impl Roots {
    /// What the system trusts.
    #[must_use]
    pub fn of_system() -> Self {
        Self {
            source: of_system(),
        }
    }

    /// The certificates of one PEM file, as it was read.
    #[must_use]
    pub fn of_file(read: io::Result<Vec<u8>>) -> Self {
        let source = read.map(Source::Pem).map_err(|error| {
            format!("the file that `SSL_CERT_FILE` names cannot be read: {error}")
        });
        Self { source }
    }

    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self {
            source: Err("there are none".to_owned()),
        }
    }
}

/// What speaks TLS 1.2 and 1.3 with whoever has a certificate from these roots.
///
/// # Errors
///
/// A sentence for the log, where there is no root to trust.
pub(super) fn connector(roots: &Roots) -> Result<TlsConnector, String> {
    let source = roots.source.as_ref().map_err(String::clone)?;
    let mut store = RootCertStore::empty();
    match source {
        Source::Pem(text) => {
            use rustls::pki_types::pem::PemObject as _;
            let each = CertificateDer::pem_slice_iter(text);
            // A section that is no certificate is none that could be trusted; the others still count.
            store.add_parsable_certificates(each.filter_map(Result::ok));
        }
        #[cfg(not(target_os = "linux"))]
        Source::Each(certificates) => {
            store.add_parsable_certificates(certificates.iter().cloned());
        }
    }
    if store.is_empty() {
        return Err(
            "no certificate authority is known: install the system's (`ca-certificates`), \
                    or let `SSL_CERT_FILE` name a PEM file"
                .to_owned(),
        );
    }
    let provider = Arc::new(ring::default_provider());
    let configuration = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut configuration = configuration
        .with_root_certificates(store)
        .with_no_client_auth();
    // Not HTTP/2: a connection carries one request here, so there is nothing to multiplex, and its streams, windows and
    // compressed fields would be the largest reader of hostile bytes in the program.
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A ticket would let a server recognise the plugin the next time, for connections that are few.
    configuration.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(configuration)))
}

/// The name that a server's certificate must be for.
pub(super) fn server_name(
    target: &portcullis_core::policy::Target,
) -> Result<ServerName<'static>, Error> {
    match (target.name(), target.address()) {
        (Some(name), _) => {
            ServerName::try_from(name.to_owned()).map_err(|_| Error::HttpRequestUriInvalid)
        }
        (None, Some(address)) => Ok(ServerName::from(address)),
        (None, None) => Err(Error::HttpRequestUriInvalid),
    }
}

/// What went wrong in a handshake, as a guest is told.
pub(super) fn fault(error: &io::Error) -> Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(rustls::Error::InvalidCertificate(_)) => Error::TlsCertificateError,
        Some(rustls::Error::AlertReceived(alert)) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: alert.as_str().map(str::to_owned),
        },
        Some(_) => Error::TlsProtocolError,
        None => Error::ConnectionTerminated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_trusted_where_there_are_no_roots() {
        let missing = Roots::of_file(Err(io::Error::from(io::ErrorKind::NotFound)));
        for (roots, words) in [
            (missing, "SSL_CERT_FILE"),
            (Roots::of_file(Ok(Vec::new())), "ca-certificates"),
            (
                Roots::of_file(Ok(b"-----BEGIN CERTIFICATE-----\n!!\n".to_vec())),
                "ca-certificates",
            ),
        ] {
            let error = connector(&roots).err().expect("nobody is trusted");
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_certificate_is_for_the_canonical_name() {
        for (url, expected) in [
            ("https://API.Example.com.", "api.example.com"),
            ("https://127.0.0.1:8443", "127.0.0.1"),
            ("https://[::ffff:127.0.0.1]", "127.0.0.1"),
            ("https://[::1]", "::1"),
        ] {
            let target = portcullis_core::policy::Target::of_url(url).expect(url);
            let name = server_name(&target).expect(url);
            assert_eq!(name.to_str(), expected, "{url}");
        }
    }
}
