//! Reading and writing a file as a stream.
//!
//! wasmtime-wasi's streams hand each step to a thread of tokio's. These take it at once: a regular file is always
//! ready, so nothing is ever under way between two calls, and what is written has been counted before.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{InputStream, OutputStream, StreamError, StreamResult};

use super::Slot;
use super::folders::{Budget, Spent};

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// The most bytes of one read or write: what a guest can make the host hold for it.
const CHUNK: usize = 64 * 1024;

/// A file that is read from a place on.
pub(super) struct Reader {
    file: Arc<File>,
    position: u64,
    _slot: Slot,
}

impl Reader {
    pub(super) fn new(file: &Arc<File>, position: u64, slot: Slot) -> Self {
        Self {
            file: Arc::clone(file),
            position,
            _slot: slot,
        }
    }
}

/// A file that is written from a place on, or at its end.
pub(super) struct Writer {
    file: Arc<File>,
    place: Place,
    budget: Arc<Budget>,
    _slot: Slot,
}

impl Writer {
    pub(super) fn new(file: &Arc<File>, place: Place, budget: &Arc<Budget>, slot: Slot) -> Self {
        Self {
            file: Arc::clone(file),
            place,
            budget: Arc::clone(budget),
            _slot: slot,
        }
    }
}

/// Where the next bytes go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    At(u64),
    End,
}

impl Place {
    /// Counts `length` bytes that are about to be written here. A file that is first made longer by this costs that as
    /// well: some file systems write the zeroes between.
    pub(super) fn pay(
        self,
        file: &File,
        length: usize,
        budget: &Budget,
    ) -> io::Result<Result<(), Spent>> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let gap = match self {
            Self::End => 0,
            Self::At(position) => position.saturating_sub(file.metadata()?.len()),
        };
        Ok(budget.write(length.saturating_add(gap)))
    }
}

#[async_trait::async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {}
}

impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        let mut bytes = BytesMut::zeroed(size.min(CHUNK));
        let read =
            again(|| platform::read_at(&self.file, &mut bytes, self.position)).map_err(failed)?;
        if read == 0 {
            return Err(StreamError::Closed);
        }
        bytes.truncate(read);
        self.position = self.position.saturating_add(read as u64);
        Ok(bytes.freeze())
    }
}

#[async_trait::async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

impl OutputStream for Writer {
    fn write(&mut self, mut bytes: Bytes) -> StreamResult<()> {
        let paid = self.place.pay(&self.file, bytes.len(), &self.budget);
        paid.map_err(failed)?
            .map_err(|spent| StreamError::LastOperationFailed(spent.into()))?;
        while !bytes.is_empty() {
            let written = again(|| match self.place {
                Place::At(position) => platform::write_at(&self.file, &bytes, position),
                Place::End => platform::append(&self.file, &bytes),
            });
            let written = written.map_err(failed)?;
            if written == 0 {
                return Err(failed(io::ErrorKind::WriteZero.into()));
            }
            if let Place::At(position) = &mut self.place {
                *position = position.saturating_add(written as u64);
            }
            drop(bytes.split_to(written));
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

fn failed(error: io::Error) -> StreamError {
    StreamError::LastOperationFailed(error.into())
}

/// Once more where a signal came between; the ticker's comes every few milliseconds.
fn again(mut step: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match step() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
