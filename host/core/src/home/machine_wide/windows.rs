//! Windows: the folder of programs, asked of the registry and not of the environment.

use std::io;
use std::path::PathBuf;
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegGetValueW,
};
use windows_sys::w;

/// The longest path that the value may hold, in UTF-16 units: far above `MAX_PATH`.
const LONGEST: usize = 1024;

/// The file's place.
pub(super) fn file() -> io::Result<PathBuf> {
    let mut path = [0u16; LONGEST];
    let mut bytes = u32::try_from(size_of_val(&path)).unwrap_or(0);
    // SAFETY: the names are constants that end with a zero, and the buffer has `bytes` bytes and lives for the call.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            w!("SOFTWARE\\Microsoft\\Windows\\CurrentVersion"),
            w!("ProgramFilesDir"),
            RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY,
            ptr::null_mut(),
            path.as_mut_ptr().cast(),
            &mut bytes,
        )
    };
    if code != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(code.cast_signed()));
    }
    let length = path.iter().take_while(|unit| **unit != 0).count();
    let folder = PathBuf::from(String::from_utf16_lossy(&path[..length]));
    if !folder.is_absolute() {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    Ok(folder.join("portcullis").join("policy.toml"))
}
