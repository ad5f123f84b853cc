//! Windows: the channel is a handle, and bytes pass through it unchanged, since nothing here goes through the C library
//! and its text mode.
//!
//! What the C library knows as descriptor 1 stays as it was. No library in this program writes by it.

use std::io;
use std::os::windows::io::{AsHandle as _, AsRawHandle as _, OwnedHandle};

use windows_sys::Win32::Foundation::{
    HANDLE_FLAG_INHERIT, INVALID_HANDLE_VALUE, SetHandleInformation,
};
use windows_sys::Win32::System::Console::{
    GetStdHandle, STD_ERROR_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, SetStdHandle,
};

/// The channel, taken from standard output.
pub(crate) type Claimed = OwnedHandle;

/// Takes standard output for frames alone. Call it first of all, once.
///
/// # Errors
///
/// Where the system refuses, or there is no standard output; nothing may be served then.
pub(crate) fn claim_standard_output() -> io::Result<Claimed> {
    let stdout = io::stdout();
    if stdout.as_raw_handle().is_null() {
        return Err(io::Error::other("there is no standard output"));
    }
    // The copy is inherited by nobody, and neither is what the browser has given from now on.
    let channel = stdout.as_handle().try_clone_to_owned()?;
    for which in [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE] {
        // SAFETY: asks for a handle of this process and changes a flag of it; what is no handle is not touched.
        unsafe {
            let handle = GetStdHandle(which);
            if !handle.is_null() && handle != INVALID_HANDLE_VALUE {
                SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0);
            }
        }
    }
    // SAFETY: changes which handle the process calls its standard output; both stay open to the end of the process.
    if unsafe { SetStdHandle(STD_OUTPUT_HANDLE, GetStdHandle(STD_ERROR_HANDLE)) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(channel)
}
