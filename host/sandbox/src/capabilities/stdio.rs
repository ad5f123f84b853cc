//! Standard input and output of a plugin in stdio mode: its way to the extension.
//!
//! Bytes and nothing else: what they mean is known to whoever gives them and to the [`Outlet`] that takes them, so this
//! crate knows no frames. Both directions are bounded without a buffer of their own. The guest is given more input only
//! after it has read what it was given and asks for more, and it may write only while the outlet has nothing that still
//! waits for the browser.
//!
//! What the clocks make of waiting is said in `instance/clocks.rs`: for input it is rest, for the browser nobody's time.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{InputStream, OutputStream, StreamError, StreamResult};

use super::output::WRITE_LIMIT;
use crate::instance::{Allowance, Clocks};

/// Bytes that one read returns at the most. A guest may ask for everything at once, and what it is given is copied.
const READ_LIMIT: usize = 64 * 1024;

/// Takes what a plugin in stdio mode writes to its standard output.
pub trait Outlet: Send {
    /// Takes bytes, at most 64 KiB. Called only after [`Self::poll_ready`] has said that it may be, but for a plugin
    /// that writes to one stream by several handles: then a second time.
    ///
    /// # Errors
    ///
    /// [`OutputRefused`] where they are not what may be written here. The plugin is ended then.
    fn write(&mut self, bytes: &[u8]) -> Result<(), OutputRefused>;

    /// Whether more may be written; pending while what was written waits for the browser.
    ///
    /// # Errors
    ///
    /// As [`Self::write`], where bytes are judged later than they are taken.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), OutputRefused>>;
}

/// Why a plugin's output was refused. For the log, so without a word of the plugin's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its standard output was refused: {0}")]
pub struct OutputRefused(pub String);

/// Both streams of one run. Clones are the same streams.
#[derive(Clone)]
pub(crate) struct Stdio {
    pub(crate) input: Input,
    pub(crate) output: Output,
}

impl Stdio {
    /// Streams without any input yet. `allowance` is what each piece of input may take.
    pub(crate) fn new(clocks: &Clocks, allowance: Allowance, outlet: Box<dyn Outlet>) -> Self {
        Self {
            input: Input {
                given: Arc::default(),
                clocks: clocks.clone(),
                allowance,
            },
            output: Output {
                outlet: Arc::new(Mutex::new(outlet)),
                clocks: clocks.clone(),
            },
        }
    }
}

/// A guest's standard input.
#[derive(Clone)]
pub(crate) struct Input {
    given: Arc<Mutex<Given>>,
    clocks: Clocks,
    allowance: Allowance,
}

#[derive(Default)]
struct Given {
    pieces: VecDeque<Bytes>,
    has_ended: bool,
    /// Whether the guest has asked for more since it was last given something.
    is_wanted: bool,
}

impl Input {
    /// Gives the guest more to read, which counts as a new call. The guest is not woken: whoever gives it something
    /// runs it next.
    pub(crate) fn give(&self, pieces: impl IntoIterator<Item = Vec<u8>>) {
        let mut given = self.lock();
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
        given.pieces.extend(pieces.map(Bytes::from));
        given.is_wanted = false;
        self.clocks.wind(self.allowance);
    }

    /// The guest has been given all: the stream ends after it. Counts as a new call, too.
    pub(crate) fn end(&self) {
        let mut given = self.lock();
        given.has_ended = true;
        given.is_wanted = false;
        self.clocks.wind(self.allowance);
    }

    /// Whether the guest has read all that it was given, and asks for more.
    pub(crate) fn is_wanted(&self) -> bool {
        self.lock().is_wanted
    }

    fn lock(&self) -> MutexGuard<'_, Given> {
        // No code runs under the lock that could leave it half-changed.
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Input {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Input {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        // Only WASI 0.3 asks for this, and it is not offered.
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        let mut rest = None;
        poll_fn(|_| {
            let mut given = self.lock();
            if given.has_ended || !given.pieces.is_empty() {
                return Poll::Ready(());
            }
            given.is_wanted = true;
            drop(given);
            rest.get_or_insert_with(|| self.clocks.rest(self.allowance));
            Poll::Pending
        })
        .await;
    }
}

impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut given = self.lock();
        let Some(front) = given.pieces.front_mut() else {
            if given.has_ended {
                return Err(StreamError::Closed);
            }
            given.is_wanted = true;
            return Ok(Bytes::new());
        };
        let part = front.split_to(size.min(READ_LIMIT).min(front.len()));
        if front.is_empty() {
            given.pieces.pop_front();
        }
        Ok(part)
    }
}

/// A guest's standard output.
#[derive(Clone)]
pub(crate) struct Output {
    outlet: Arc<Mutex<Box<dyn Outlet>>>,
    clocks: Clocks,
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Box<dyn Outlet>> {
        // A panic of an outlet ends the process.
        self.outlet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this, and it is not offered.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        let mut standing = None;
        poll_fn(|context| {
            // What was refused is told by whatever the guest calls next.
            let polled = self.lock().poll_ready(context).map(drop);
            if polled.is_pending() {
                standing.get_or_insert_with(|| self.clocks.stand_still());
            }
            polled
        })
        .await;
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > WRITE_LIMIT {
            return Err(StreamError::trap("wrote more than it was permitted to"));
        }
        self.lock().write(&bytes).map_err(refused)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        // Nobody is to be woken: who is told 0 waits by `ready`.
        match self
            .lock()
            .poll_ready(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(Ok(())) => Ok(WRITE_LIMIT),
            Poll::Ready(Err(fault)) => Err(refused(fault)),
            Poll::Pending => Ok(0),
        }
    }
}

/// Ends the guest: it could do nothing sensible with an error.
fn refused(fault: OutputRefused) -> StreamError {
    StreamError::Trap(fault.into())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use portcullis_core::policy::Limits;

    use super::*;

    /// Takes everything.
    struct Sink;

    impl Outlet for Sink {
        fn write(&mut self, _bytes: &[u8]) -> Result<(), OutputRefused> {
            Ok(())
        }

        fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), OutputRefused>> {
            Poll::Ready(Ok(()))
        }
    }

    fn input() -> Input {
        let allowance = Allowance::for_call(&Limits::default());
        Stdio::new(&Clocks::new(), allowance, Box::new(Sink)).input
    }

    #[test]
    fn input_is_read_in_parts_and_wanted_only_when_it_is_used_up() {
        let mut input = input();
        assert!(!input.is_wanted());
        assert!(input.read(10).expect("not at its end").is_empty());
        assert!(input.is_wanted());
        input.give([b"1234".to_vec(), vec![], vec![b'x'; READ_LIMIT + 1]]);
        assert!(!input.is_wanted());
        assert_eq!(input.read(3).expect("there is some"), &b"123"[..]);
        assert_eq!(input.read(10).expect("there is some"), &b"4"[..]);
        assert_eq!(input.read(usize::MAX).expect("some").len(), READ_LIMIT);
        assert_eq!(input.read(usize::MAX).expect("some").len(), 1);
        assert!(!input.is_wanted());
        assert!(input.read(1).expect("not at its end").is_empty());
        assert!(input.is_wanted());
        input.end();
        assert!(matches!(input.read(1), Err(StreamError::Closed)));
        assert!(!input.is_wanted());
    }

    #[test]
    fn waiting_for_input_is_rest_until_it_comes() {
        let input = input();
        let mut handle = input.clone();
        let mut ready = pin!(handle.ready());
        let mut context = Context::from_waker(Waker::noop());
        assert!(ready.as_mut().poll(&mut context).is_pending());
        assert!(input.is_wanted() && input.clocks.is_resting());
        input.give([b"1".to_vec()]);
        assert!(ready.as_mut().poll(&mut context).is_ready());
        assert!(!input.clocks.is_resting());
    }

    #[test]
    fn no_write_is_longer_than_permitted() {
        let allowance = Allowance::for_call(&Limits::default());
        let mut output = Stdio::new(&Clocks::new(), allowance, Box::new(Sink)).output;
        assert_eq!(output.check_write().expect("nothing waits"), WRITE_LIMIT);
        assert!(output.write(vec![0; WRITE_LIMIT].into()).is_ok());
        let long = output.write(vec![0; WRITE_LIMIT + 1].into());
        assert!(matches!(long, Err(StreamError::Trap(_))));
    }
}
