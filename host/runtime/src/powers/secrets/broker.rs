//! The broker's process, seen from the host: started, told, and never waited for.

use std::io;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use portcullis_core::home::Home;
use portcullis_core::protocol::broker::Announcement;

use super::platform;
use crate::rebuild;

/// A running broker. It ends when its input does, and with the port in any case.
pub(super) struct Broker {
    pub(super) child: Child,
    /// Open where the broker is to make changes.
    pub(super) requests: Option<ChildStdin>,
    pub(super) answers: ChildStdout,
}

impl Broker {
    /// Starts the other program as a broker and tells it what is granted. Takes no longer than the pipe does to hold
    /// that, and is bounded where it does not.
    ///
    /// # Errors
    ///
    /// Where there is no such program, or it does not listen. It is gone then.
    pub(super) fn start(home: &Home, announcement: &Announcement) -> io::Result<Self> {
        let mut command = rebuild::other_program(home)?;
        command
            .args(["secret-broker", "--parent", &std::process::id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What goes wrong is told through the pipe. Nobody would read anything else, and a keyring's library could
            // fill a pipe that is never read.
            .stderr(Stdio::null());
        let mut child = command.spawn()?;
        match tell(&mut child, announcement) {
            Ok((requests, answers)) => Ok(Self {
                child,
                requests: announcement.allows_changes().then_some(requests),
                answers,
            }),
            Err(error) => {
                // It may have ended by itself; what matters is that it is gone.
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }
}

fn tell(child: &mut Child, announcement: &Announcement) -> io::Result<(ChildStdin, ChildStdout)> {
    let (Some(mut requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let mut frame = Vec::new();
    announcement.send(&mut frame)?;
    platform::write_within(&mut requests, &frame, super::PATIENCE)?;
    Ok((requests, answers))
}
