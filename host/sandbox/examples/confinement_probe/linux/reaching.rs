//! What reaches the user's files and processes without opening a path or holding a descriptor: what is known of a file
//! besides its contents, and signals.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::parent_id;
use std::path::Path;

use super::system_call;

/// Numbers that `libc` does not have on every machine.
const FCHMODAT2: libc::c_long = 452;
const SETXATTRAT: libc::c_long = 463;
const REMOVEXATTRAT: libc::c_long = 466;
const FILE_SETATTR: libc::c_long = 469;
const FIOSETOWN: usize = 0x8901;

/// "This folder", "as it is" and "now" where a call wants a number.
const HERE: usize = usize::MAX - 99;
const UNCHANGED: usize = usize::MAX;
const NOW: usize = 0;

/// A file of this user that the process has not open.
pub(super) struct Target(CString);

type Deeds = Vec<(&'static str, io::Result<()>)>;

impl Target {
    /// Makes it in this folder.
    pub(super) fn make(folder: &Path) -> io::Result<Self> {
        let path = folder.join("target");
        fs::write(&path, "x")?;
        Ok(Self(CString::new(path.as_os_str().as_bytes())?))
    }

    /// Does each deed to the file, and to the program that has started this one.
    pub(super) fn reach(&self, socket: &OwnedFd) -> Deeds {
        let mut deeds = self.change();
        deeds.extend(self.change_by_old_calls());
        deeds.extend(signal(socket));
        deeds
    }

    fn change(&self) -> Deeds {
        let path = self.0.as_ptr().addr();
        let name = c"user.probe".as_ptr().addr();
        let (value, size) = (b"x".as_ptr().addr(), 1);
        vec![
            (
                "change-a-mode",
                system_call(libc::SYS_fchmodat, [HERE, path, 0o600]),
            ),
            (
                "change-a-mode-by-the-newer-call",
                looked(system_call(FCHMODAT2, [HERE, path, 0o600, 0])),
            ),
            (
                "change-an-owner",
                system_call(libc::SYS_fchownat, [HERE, path, UNCHANGED, UNCHANGED, 0]),
            ),
            (
                "set-the-times",
                system_call(libc::SYS_utimensat, [HERE, path, NOW, 0]),
            ),
            (
                "set-an-attribute",
                looked(system_call(libc::SYS_setxattr, [path, name, value, size])),
            ),
            (
                "remove-an-attribute",
                looked(system_call(libc::SYS_removexattr, [path, name])),
            ),
            (
                "set-an-attribute-of-a-link",
                looked(system_call(libc::SYS_lsetxattr, [path, name, value, size])),
            ),
            (
                "remove-an-attribute-of-a-link",
                looked(system_call(libc::SYS_lremovexattr, [path, name])),
            ),
            (
                "set-an-attribute-by-the-newer-call",
                looked(system_call(SETXATTRAT, [HERE, path, 0, name, 0, 0])),
            ),
            (
                "remove-an-attribute-by-the-newer-call",
                looked(system_call(REMOVEXATTRAT, [HERE, path, 0, name])),
            ),
            (
                "set-the-flags-of-a-file",
                looked(system_call(FILE_SETATTR, [HERE, path, 0, 0, 0])),
            ),
        ]
    }

    #[cfg(target_arch = "x86_64")]
    fn change_by_old_calls(&self) -> Deeds {
        let path = self.0.as_ptr().addr();
        let unchanged = [path, UNCHANGED, UNCHANGED];
        vec![
            ("old-chmod", system_call(libc::SYS_chmod, [path, 0o600])),
            ("old-chown", system_call(libc::SYS_chown, unchanged)),
            ("old-lchown", system_call(libc::SYS_lchown, unchanged)),
            ("old-utime", system_call(libc::SYS_utime, [path, NOW])),
            ("old-utimes", system_call(libc::SYS_utimes, [path, NOW])),
            (
                "old-futimesat",
                system_call(libc::SYS_futimesat, [HERE, path, NOW]),
            ),
        ]
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn change_by_old_calls(&self) -> Deeds {
        Vec::new()
    }
}

/// Reaches the parent by every call that names a process. Signal 0 is only a question.
fn signal(socket: &OwnedFd) -> Deeds {
    let parent = usize::try_from(parent_id()).unwrap_or_default();
    let own = usize::try_from(std::process::id()).unwrap_or_default();
    let descriptor = usize::try_from(socket.as_raw_fd()).unwrap_or_default();
    let owner = parent_id();
    // A signal's description has 128 bytes; its third number says that a program has queued it.
    let mut queued = [0_i32; 32];
    queued[2] = libc::SI_QUEUE;
    let queued = queued.as_ptr().addr();
    vec![
        ("kill-itself", system_call(libc::SYS_kill, [own, 0])),
        (
            "signal-a-thread-of-the-parent",
            system_call(libc::SYS_tgkill, [parent, parent, 0]),
        ),
        (
            "signal-a-thread-by-its-number",
            system_call(libc::SYS_tkill, [parent, 0]),
        ),
        (
            "queue-a-signal",
            system_call(libc::SYS_rt_sigqueueinfo, [parent, 0, queued]),
        ),
        (
            "queue-a-signal-for-a-thread",
            system_call(libc::SYS_rt_tgsigqueueinfo, [parent, parent, 0, queued]),
        ),
        (
            "give-the-parent-a-socket's-signals",
            system_call(
                libc::SYS_fcntl,
                [
                    descriptor,
                    usize::try_from(libc::F_SETOWN).unwrap_or_default(),
                    parent,
                ],
            ),
        ),
        (
            "give-the-parent-a-socket's-signals-otherwise",
            system_call(
                libc::SYS_ioctl,
                [descriptor, FIOSETOWN, (&raw const owner).addr()],
            ),
        ),
        (
            "limit-the-parent",
            system_call(libc::SYS_prlimit64, [parent, 7, 0, 0]),
        ),
        (
            "change-a-priority",
            system_call(libc::SYS_setpriority, [0, own, 19]),
        ),
    ]
}

/// What a C library does on the program's own behalf: signals to own threads, and own limits.
pub(super) fn own_work() -> io::Result<()> {
    // SAFETY: takes a number only, of a signal that does nothing where nobody handles it.
    if unsafe { libc::raise(libc::SIGURG) } != 0 {
        return Err(io::Error::other("it cannot signal itself"));
    }
    // SAFETY: all-zero is a valid limit, which lives for the call.
    let read = unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit)
    };
    if read == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Not every kernel and file system offers everything, and saying so is no refusal: what matters is whether it was let
/// look.
fn looked(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() != Some(libc::EPERM) => Ok(()),
        result => result,
    }
}
