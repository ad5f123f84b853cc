//! macOS: resource limits, and the system's own sandbox with a profile of ours.
//!
//! `sandbox_init` is declared as deprecated since 2012 and has no successor for a program without an app's entitlements;
//! the browsers confine their own processes with it. Its language is not documented. What is open stays usable.

use std::ffi::{CStr, CString, c_char, c_int};
use std::fs::File;
use std::ptr;

use portcullis_core::policy::Access;

use super::{Layers, Needs, resources};

/// No network, no other program, no other process, and nothing written but what is open. Reading stays: wasmtime maps
/// the code of a plugin by a path of its open file. What comes after it and says otherwise wins.
const PROFILE: &str = "(version 1)
(allow default)
(deny network*)
(deny process-exec*)
(deny process-fork)
(deny file-write*)
";

/// The way to the service that resolves names, for a process that may connect to anything at all.
const NAMES: &str = "(allow network-outbound (literal \"/private/var/run/mDNSResponder\"))\n";

/// The profile is the text itself and not the name of one of the system's.
const TEXT: u64 = 0;

// In the library that every program is linked with (`sandbox.h`).
unsafe extern "C" {
    fn sandbox_init(profile: *const c_char, flags: u64, error: *mut *mut c_char) -> c_int;
    fn sandbox_free_error(error: *mut c_char);
}

pub(super) fn confine(needs: &Needs<'_>, layers: &mut Layers) {
    layers.record("resource-limits", resources::limit(needs));
    layers.record(
        "seatbelt",
        profile(needs).and_then(|profile| enter(&profile)),
    );
}

/// The profile with the folders that a plugin may write into and the ports that may be connected to.
fn profile(needs: &Needs<'_>) -> Result<CString, String> {
    let mut profile = PROFILE.to_owned();
    for (folder, access) in &needs.folders {
        if *access == Access::ReadWrite {
            let path = quoted(folder)?;
            profile.push_str(&format!("(allow file-write* (subpath {path}))\n"));
        }
    }
    for port in &needs.ports {
        profile.push_str(&format!(
            "(allow network-outbound (remote tcp \"*:{port}\"))\n"
        ));
    }
    if !needs.ports.is_empty() {
        profile.push_str(NAMES);
    }
    CString::new(profile).map_err(|error| error.to_string())
}

/// The path of an open folder, as the profile's language writes a text.
fn quoted(folder: &File) -> Result<String, String> {
    let path = rustix::fs::getpath(folder).map_err(|error| error.to_string())?;
    let path = path.to_str().map_err(|error| error.to_string())?;
    if path.contains(char::is_control) {
        return Err("a granted folder has a control character in its path".to_owned());
    }
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(format!("\"{escaped}\""))
}

fn enter(profile: &CStr) -> Result<(), String> {
    let mut error = ptr::null_mut();
    // SAFETY: the profile ends with a zero, and `error` lives for the call.
    if unsafe { sandbox_init(profile.as_ptr(), TEXT, &mut error) } == 0 {
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
