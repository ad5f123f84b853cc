//! One-shot timers, for sessions. They are gone when the instance is.

use std::time::Duration;

use crate::Error;
use crate::bindings::timers as host;

/// Calls [`Session::timer`](crate::Session::timer) with `token` once, not before `delay` (in whole milliseconds,
/// rounded up) has passed. A token that is already waiting is moved.
///
/// # Errors
///
/// `too-many` (64 at once), `too-long` (30 days).
pub fn set(delay: Duration, token: u64) -> Result<(), Error> {
    let milliseconds = u64::try_from(delay.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    Ok(host::set(milliseconds, token)?)
}

/// Forgets the token; nothing happens where it is not waiting.
pub fn cancel(token: u64) {
    host::cancel(token)
}
