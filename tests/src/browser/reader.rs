//! The thread that reads the host's stdout, so that no test can fill the pipe by accident, and that can stop reading or
//! close its end when a test wants just that.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};

use super::Output;
use crate::frame::{self, Frame};

/// What came out of the host.
#[derive(Debug)]
pub(super) enum Event {
    Frame(Frame),
    /// Something that no browser would take; nothing is read after it.
    Garbage(String),
    /// The host, or the test, has closed the channel.
    End,
}

/// The test's end of the thread. Dropped, it closes the browser's end of stdout.
pub(super) struct Reader {
    pub(super) events: Receiver<Event>,
    control: io::PipeWriter,
}

const RESUME: u8 = b'r';
const CLOSE: u8 = b'c';

impl Reader {
    pub(super) fn start(stdout: OwnedFd, output: Output) -> io::Result<Self> {
        let (orders, control) = io::pipe()?;
        let (sender, events) = mpsc::channel();
        thread::Builder::new()
            .name("browser-reader".to_owned())
            .spawn(move || {
                let last = match read(File::from(stdout), orders, output, &sender) {
                    Ok(()) => Event::End,
                    Err(sentence) => Event::Garbage(sentence),
                };
                // The test may have forgotten its port by now.
                let _ = sender.send(last);
            })?;
        Ok(Self { events, control })
    }

    pub(super) fn resume(&mut self) {
        self.order(RESUME);
    }

    pub(super) fn close(&mut self) {
        self.order(CLOSE);
    }

    fn order(&mut self, order: u8) {
        // The thread is gone when the host has already ended, and then there is nothing to order.
        let _ = self.control.write_all(&[order]);
    }
}

fn read(
    mut stdout: File,
    mut orders: io::PipeReader,
    output: Output,
    sender: &Sender<Event>,
) -> Result<(), String> {
    let mut reading = output == Output::Read;
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 128 * 1024];
    loop {
        let (ordered, readable) = wait(&orders, &stdout, reading)?;
        if ordered {
            let mut order = [0];
            match orders.read(&mut order) {
                Ok(1) if order[0] == RESUME => reading = true,
                _ => return Ok(()),
            }
        } else if readable {
            let count = match stdout.read(&mut chunk) {
                Ok(0) if bytes.is_empty() => return Ok(()),
                Ok(0) => {
                    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
                    return Err(format!(
                        "stdout ended inside a frame, after {} bytes: {shown:?}",
                        bytes.len()
                    ));
                }
                Ok(count) => count,
                Err(error) => return Err(format!("reading stdout failed: {error}")),
            };
            bytes.extend_from_slice(&chunk[..count]);
            frame::take(&mut bytes, |frame| {
                let _ = sender.send(Event::Frame(frame));
            })?;
        }
    }
}

/// Waits until there is an order or, while reading, something to read.
fn wait(orders: &io::PipeReader, stdout: &File, reading: bool) -> Result<(bool, bool), String> {
    let mut all = [
        PollFd::new(orders, PollFlags::IN),
        PollFd::new(stdout, PollFlags::IN),
    ];
    let watched = if reading { 2 } else { 1 };
    match poll(&mut all[..watched], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(format!("waiting for stdout failed: {error}")),
    }
    Ok((!all[0].revents().is_empty(), !all[1].revents().is_empty()))
}
