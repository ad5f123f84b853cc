//! Secrets of the user, each by a name that the policy grants (`[route.grant] secrets`).
//!
//! Every function's errors are those of the host: `not-granted`, `read-only`, `too-large`, `unavailable`.

use crate::Error;
use crate::bindings::secrets as host;

/// The secret, where the user or the plugin has set one.
///
/// # Errors
///
/// See the module.
pub fn get(name: &str) -> Result<Option<String>, Error> {
    Ok(host::get(name)?)
}

/// Sets the secret, where the grant has `write = true`.
///
/// # Errors
///
/// See the module.
pub fn set(name: &str, value: &str) -> Result<(), Error> {
    Ok(host::set(name, value)?)
}

/// Deletes the secret, where the grant has `write = true`; nothing happens where there is none.
///
/// # Errors
///
/// See the module.
pub fn delete(name: &str) -> Result<(), Error> {
    Ok(host::delete(name)?)
}
