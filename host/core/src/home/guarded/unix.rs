//! Unix: a link is refused by the system itself, and nothing in the file's place can hold the program up.

use std::fs::File;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{NotOpened, Purpose};

/// Opens what is at `path`. A file that is mapped may be replaced by a rename and stays as it is.
pub(super) fn open(path: &Path, purpose: Purpose) -> Result<File, NotOpened> {
    let (wanted, mode) = match purpose {
        Purpose::Read | Purpose::Map => (OFlags::RDONLY, Mode::empty()),
        Purpose::Append => (
            OFlags::RDWR | OFlags::APPEND | OFlags::CREATE,
            Mode::RUSR | Mode::WUSR,
        ),
    };
    // Without `NONBLOCK` a named pipe in the file's place would hold the program up for ever.
    let always = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    match rustix::fs::open(path, wanted | always, mode) {
        Ok(descriptor) => Ok(File::from(descriptor)),
        Err(Errno::NOENT) => Err(NotOpened::Missing),
        Err(Errno::LOOP) => Err(NotOpened::Symlink),
        // What a socket in the file's place answers.
        Err(Errno::NXIO) => Err(NotOpened::NotRegular),
        Err(error) => Err(NotOpened::Refused(error.into())),
    }
}
