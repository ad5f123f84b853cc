//! Unix: the channel does not block, so the loop writes to it itself.

use std::io::IoSlice;
use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use crate::channel::{Claimed, PIPE, widen};

/// The channel.
pub(super) struct Sink {
    channel: Claimed,
    /// The flags to give back at the end: they belong to the open pipe, which a shell may share with other programs.
    flags: Option<OFlags>,
    is_widened: bool,
}

impl Sink {
    pub(super) fn new(channel: Claimed) -> Self {
        // Only pipes and sockets are made non-blocking. A terminal or a file is shared with whoever started this
        // program by hand, and would stay so after it.
        let kind = rustix::fs::fstat(&channel).map(|stat| FileType::from_raw_mode(stat.st_mode));
        let flags = match kind {
            Ok(FileType::Fifo | FileType::Socket) => rustix::fs::fcntl_getfl(&channel).ok(),
            _ => None,
        };
        if let Some(flags) = flags {
            // Where it fails, writes wait: slower to notice the end, still right.
            let _ = rustix::fs::fcntl_setfl(&channel, flags | OFlags::NONBLOCK);
        }
        Self {
            channel,
            flags,
            is_widened: false,
        }
    }

    /// One write. 0 where the pipe is full, an error where nobody reads it any more.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> Result<usize, ()> {
        if !self.is_widened && slices.iter().map(|slice| slice.len()).sum::<usize>() > PIPE {
            self.is_widened = true;
            widen(self.channel.as_fd());
        }
        loop {
            let written = match slices {
                [one] => rustix::io::write(&self.channel, one),
                all => rustix::io::writev(&self.channel, all),
            };
            match written {
                Ok(written) => return Ok(written),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(0),
                Err(_) => return Err(()),
            }
        }
    }

    /// Whether what was written is in the pipe: it always is.
    pub(super) fn is_idle(&self) -> bool {
        true
    }

    /// The descriptor, to wait on.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(flags) = self.flags {
            let _ = rustix::fs::fcntl_setfl(&self.channel, flags);
        }
    }
}
