//! Unix: the child gets no descriptor but its own.

use std::io;
use std::process::Command;

/// Marks every descriptor but the standard ones to be closed in children. Firefox leaves one of its own, number 3,
/// open in its hosts. The child is in this process's group, and is ended with the port.
pub(super) fn prepare(_command: &mut Command) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    // SAFETY: changes flags of descriptors only; where the kernel is too old it fails and changes nothing.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3u32,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
    }
    Ok(())
}
