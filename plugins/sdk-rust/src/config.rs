//! The static settings that the policy gives this plugin for this origin (`[route.grant] config`).

use std::str::FromStr;

use crate::Error;
use crate::bindings::config as host;

/// The value of one key, where the policy has it.
pub fn get(key: &str) -> Option<String> {
    host::get(key)
}

/// The value of one key as another type, where the policy has it.
///
/// # Errors
///
/// `invalid-config`, where the value is not of that type.
pub fn parsed<T: FromStr>(key: &str) -> Result<Option<T>, Error> {
    let Some(value) = get(key) else {
        return Ok(None);
    };
    value.parse().map(Some).map_err(|_| {
        Error::new(
            "invalid-config",
            format!("the setting `{key}` in policy.toml cannot be `{value}`"),
        )
    })
}

/// All of them, sorted by key.
pub fn all() -> Vec<(String, String)> {
    host::all()
}
