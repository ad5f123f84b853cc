//! What the plugin keeps for this extension, where the policy grants it (`[route.grant] storage`). It outlives the
//! process, and every port of the extension sees the same.
//!
//! Keys are 1 to 512 bytes, values at most 1 MiB. Every function's errors are those of the host: `not-granted`,
//! `invalid-key`, `too-large`, `quota`, `busy`, `failed`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::bindings::storage as host;

/// How many keys [`keys`] asks the host for at a time: the most that it gives.
const PAGE: u32 = 1000;

/// The value of a key, where there is one.
///
/// # Errors
///
/// See the module.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(host::get(key)?)
}

/// Sets a key, whatever it had before. What is acknowledged is on the disk.
///
/// # Errors
///
/// See the module.
pub fn set(key: &str, value: &[u8]) -> Result<(), Error> {
    Ok(host::set(key, value)?)
}

/// Forgets a key; nothing happens where it has no value.
///
/// # Errors
///
/// See the module.
pub fn delete(key: &str) -> Result<(), Error> {
    Ok(host::delete(key)?)
}

/// The value of a key that [`set_json`] has set.
///
/// # Errors
///
/// See the module; `invalid-value` where the value is of another form.
pub fn get_json<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Error> {
    let Some(value) = get(key)? else {
        return Ok(None);
    };
    serde_json::from_slice(&value).map(Some).map_err(|error| {
        Error::new(
            "invalid-value",
            format!("the value of `{key}` has another form: {error}"),
        )
    })
}

/// Sets a key to a value's JSON text.
///
/// # Errors
///
/// See the module; `invalid-reply` where the value has no JSON form.
pub fn set_json(key: &str, value: &impl Serialize) -> Result<(), Error> {
    set(
        key,
        &serde_json::to_vec(value).map_err(|error| Error::invalid_reply(&error))?,
    )
}

/// Every key that begins with `prefix`, sorted by bytes; all of them with `""`.
///
/// # Errors
///
/// See the module.
pub fn keys(prefix: &str) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = host::keys(prefix, after.as_deref(), PAGE)?;
        found.extend(page.keys);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Sets the key to `value`, or deletes it where that is `None`, if it has exactly the value `expected` now. Returns
/// whether it did. No other port can come between the two.
///
/// # Errors
///
/// See the module.
pub fn compare_and_swap(
    key: &str,
    expected: Option<&[u8]>,
    value: Option<&[u8]>,
) -> Result<bool, Error> {
    Ok(host::compare_and_swap(key, expected, value)?)
}
