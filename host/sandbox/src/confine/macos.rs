//! macOS: resource limits, and the system's own sandbox with a profile of ours.
//!
//! `sandbox_init` is declared as deprecated since 2012 and has no successor for a program without an app's entitlements;
//! the browsers confine their own processes with it. Its language is not documented. What is open stays usable.

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use super::{Layers, Needs, resources};

/// No network, no other program, no other process, and nothing written but what is open. Reading stays: wasmtime maps
/// the code of a plugin by a path of its open file.
const PROFILE: &CStr = c"(version 1)
(allow default)
(deny network*)
(deny process-exec*)
(deny process-fork)
(deny file-write*)
";

/// The profile is the text itself and not the name of one of the system's.
const TEXT: u64 = 0;

// In the library that every program is linked with (`sandbox.h`).
unsafe extern "C" {
    fn sandbox_init(profile: *const c_char, flags: u64, error: *mut *mut c_char) -> c_int;
    fn sandbox_free_error(error: *mut c_char);
}

pub(super) fn confine(needs: &Needs<'_>, layers: &mut Layers) {
    layers.record("resource-limits", resources::limit(needs));
    layers.record("seatbelt", enter());
}

fn enter() -> Result<(), String> {
    let mut error = ptr::null_mut();
    // SAFETY: the profile ends with a zero, and `error` lives for the call.
    if unsafe { sandbox_init(PROFILE.as_ptr(), TEXT, &mut error) } == 0 {
        return Ok(());
    }
    if error.is_null() {
        return Err("the system refused and did not say why".to_owned());
    }
    // SAFETY: the system has written a text that ends with a zero; it is freed once, when it has been copied.
    let words = unsafe {
        let words = CStr::from_ptr(error).to_string_lossy().into_owned();
        sandbox_free_error(error);
        words
    };
    Err(words)
}
