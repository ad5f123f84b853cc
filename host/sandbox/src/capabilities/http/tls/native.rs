//! The stores of macOS and Windows, which are behind interfaces that a confined process may not reach: they are asked
//! at the start of a port that may speak HTTP.

use super::Source;

pub(super) fn of_system() -> Result<Source, String> {
    let found = rustls_native_certs::load_native_certs();
    match found.errors.first() {
        Some(error) if found.certs.is_empty() => Err(format!(
            "the system's certificate authorities cannot be read: {error}"
        )),
        _ => Ok(Source::Each(found.certs)),
    }
}
