//! The one thread that requests run on, and what every request of a port shares: the resolver and the trusted roots.
//!
//! The decision that shaped it: sockets, timers and TLS live on a thread of their own that is started by the first
//! request which is allowed, so a port without HTTP, and one whose plugins do not use it, stays a single thread. The
//! port's thread and this one exchange nothing but bytes of bodies and results, through channels.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_rustls::TlsConnector;

use super::resolve::{self, Resolve};
use super::tls::{self, Roots};

#[cfg(unix)]
use unix::spawn_undisturbed;
#[cfg(windows)]
use windows::spawn_undisturbed;

/// The way to the network for all plugins of one port. Clones share it.
#[derive(Clone)]
pub struct Network {
    shared: Arc<Shared>,
}

struct Shared {
    resolver: Arc<dyn Resolve>,
    roots: Roots,
    /// Made by the first request with TLS: to read a hundred certificates takes longer than to start a port.
    tls: OnceLock<Result<TlsConnector, String>>,
    runtime: Mutex<Option<Handle>>,
}

/// The name of the thread, for whoever looks at a process.
const THREAD: &str = "network";

/// How long the port's thread waits for this one to have its turn: microseconds on any machine but an overloaded one,
/// and less than a call may take on that.
const TURN: Duration = Duration::from_secs(1);

impl Network {
    /// Reads what the process cannot read any more once it is confined. Starts nothing.
    #[must_use]
    pub fn open(roots: Roots) -> Self {
        Self::with(resolve::of_system(), roots)
    }

    pub(super) fn with(resolver: Arc<dyn Resolve>, roots: Roots) -> Self {
        Self {
            shared: Arc::new(Shared {
                resolver,
                roots,
                tls: OnceLock::new(),
                runtime: Mutex::default(),
            }),
        }
    }

    pub(super) fn resolver(&self) -> &dyn Resolve {
        &*self.shared.resolver
    }

    /// What speaks TLS.
    ///
    /// # Errors
    ///
    /// A sentence for the log, where there is nobody to trust.
    pub(super) fn tls(&self) -> Result<&TlsConnector, &str> {
        let Shared { tls, roots, .. } = &*self.shared;
        let made = tls.get_or_init(|| tls::connector(roots));
        made.as_ref().map_err(String::as_str)
    }

    /// The runtime on the thread of the network, which is started if it does not run yet.
    ///
    /// # Errors
    ///
    /// Where the system gives no thread or no descriptors.
    pub(super) fn runtime(&self) -> io::Result<Handle> {
        let runtime = self.shared.runtime.lock();
        // No code runs under the lock that could leave it half-changed.
        let mut runtime = runtime.unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*runtime {
            return Ok(handle.clone());
        }
        let mut builder = Builder::new_current_thread();
        // Only a resolver of the system's own blocks; it may do so twice at a time.
        let made = builder
            .enable_io()
            .enable_time()
            .max_blocking_threads(2)
            .build()?;
        let handle = made.handle().clone();
        spawn_undisturbed(THREAD, move || {
            // Nothing ends it but the process: a port may send its next request after an hour.
            made.block_on(std::future::pending::<()>());
        })?;
        *runtime = Some(handle.clone());
        Ok(handle)
    }

    /// Waits, for [`TURN`] at most, until the thread has done what it was told before: above all, until it has let go
    /// of the requests that the guest has dropped.
    ///
    /// Returns at once where it does not run.
    pub(super) fn settle(&self) {
        let runtime = self.shared.runtime.lock();
        let runtime = runtime.unwrap_or_else(PoisonError::into_inner).clone();
        let Some(runtime) = runtime else { return };
        let (sender, receiver) = mpsc::sync_channel(1);
        // What comes from another thread is done in the order in which it came, and a request that is dropped ends by
        // such an order.
        drop(runtime.spawn(async move { sender.send(()) }));
        let _ = receiver.recv_timeout(TURN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_dropped_before_is_over_after_a_turn() {
        let network = Network::open(Roots::none());
        network.settle();
        let runtime = network.runtime().expect("a thread");
        for _ in 0..1000 {
            let held = Arc::new(());
            let also = held.clone();
            let task = runtime.spawn(async move {
                std::future::pending::<()>().await;
                drop(also);
            });
            task.abort();
            network.settle();
            assert_eq!(Arc::strong_count(&held), 1);
        }
    }

    #[test]
    fn there_is_one_thread_and_only_when_it_is_asked_for() {
        let network = Network::open(Roots::none());
        assert!(network.shared.runtime.lock().expect("no panic").is_none());
        let handle = network.runtime().expect("a thread");
        let name = || std::thread::current().name().map(str::to_owned);
        let (sender, receiver) = mpsc::channel();
        let sent = sender.clone();
        handle.spawn(async move { sent.send((name(), std::thread::current().id())) });
        let first = receiver.recv().expect("it runs");
        assert_eq!(first.0.as_deref(), Some(THREAD));
        let again = network.clone().runtime().expect("a thread");
        again.spawn(async move { sender.send((name(), std::thread::current().id())) });
        assert_eq!(receiver.recv().expect("it runs"), first);
    }
}
