//! A certificate authority of the test's own, and identities that it vouches for.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a server shows, and what it proves it by.
pub(super) struct Identity {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// Somebody to trust.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut about = CertificateParams::new(Vec::new()).expect("no name is a good list");
        about
            .distinguished_name
            .push(DnType::CommonName, "an authority of the tests");
        about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        about.key_usages.push(KeyUsagePurpose::KeyCertSign);
        let key = KeyPair::generate().expect("a key can be made");
        let pem = about.self_signed(&key).expect("it signs itself").pem();
        let issuer = Issuer::new(about, key);
        Self { issuer, pem }
    }

    /// The certificate in a file, for `SSL_CERT_FILE`.
    pub(super) fn file(&self, folder: &Path) -> PathBuf {
        let path = folder.join("authority.pem");
        fs::write(&path, &self.pem).expect("the folder can be written");
        path
    }

    /// An identity for these names and addresses.
    pub(super) fn identity(&self, names: &[&str]) -> Identity {
        self.issue(names, |_| {})
    }

    /// The same, no longer valid.
    pub(super) fn expired_identity(&self, names: &[&str]) -> Identity {
        self.issue(names, |about| {
            about.not_before = date_time_ymd(2001, 1, 1);
            about.not_after = date_time_ymd(2002, 1, 1);
        })
    }

    fn issue(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut about = CertificateParams::new(names).expect("the names are good");
        change(&mut about);
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = about.signed_by(&key, &self.issuer).expect("it is signed");
        Identity {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        }
    }
}
