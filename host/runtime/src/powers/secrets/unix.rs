//! Unix: a pipe that may be full, and threads that no signal reaches.

use std::io::{self, Write as _};
use std::process::ChildStdin;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Writes all of `bytes`, or fails when `patience` is over: a child that does not read must not hold the port up.
pub(super) fn write_within(
    pipe: &mut ChildStdin,
    mut bytes: &[u8],
    patience: Duration,
) -> io::Result<()> {
    let deadline = Instant::now() + patience;
    rustix::io::ioctl_fionbio(&*pipe, true)?;
    while !bytes.is_empty() {
        match pipe.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                let left = Timespec {
                    tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: i64::from(left.subsec_nanos()),
                };
                // Whether it was ready, interrupted or too late shows at the next write.
                let _ = poll(&mut [PollFd::new(&*pipe, PollFlags::OUT)], Some(&left));
            }
            Err(error) => return Err(error),
        }
    }
    // The courier's thread, which writes from now on, has time.
    Ok(rustix::io::ioctl_fionbio(&*pipe, false)?)
}

/// Runs `start`, which starts a thread, so that no signal ever reaches that thread: ticks are the port's, and a signal
/// that ends the port has to interrupt the port's own read.
pub(super) fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    // SAFETY: an all-zero `sigset_t` is a valid place for a set, every pointer lives for its call, and the mask is this
    // thread's own.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let result = start();
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut());
        result
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_that_does_not_read_is_not_waited_for() {
        let mut child = Command::new("sleep")
            .arg("60")
            .stdin(Stdio::piped())
            .spawn()
            .expect("every system has it");
        let mut pipe = child.stdin.take().expect("a pipe");
        write_within(&mut pipe, b"little", Duration::ZERO).expect("there is room");
        let much = vec![0; 4 << 20];
        let error = write_within(&mut pipe, &much, Duration::from_millis(50))
            .expect_err("there is no room for it");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
    }
}
