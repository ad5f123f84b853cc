//! `wasi:clocks/monotonic-clock`, waiting on our own [`Alarms`].
//!
//! wasmtime-wasi's own waits on a timer of tokio's, which would need a runtime, and a thread to drive it, in every
//! process of every port.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi_io::poll::{DynPollable, Pollable, subscribe};

use crate::alarms::{Alarms, Sleep};
use crate::instance::State;

/// Defines the interface.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    monotonic_clock::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

/// The moment from which guests count: some moment of this process, since theirs may not be compared across processes.
fn beginning() -> Instant {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    *BEGINNING.get_or_init(Instant::now)
}

/// A moment that a guest waits for.
enum Moment {
    Reached(Sleep),
    /// So late that it cannot be counted. The wall clock of the call ends the wait.
    Never,
}

#[async_trait::async_trait]
impl Pollable for Moment {
    async fn ready(&mut self) {
        match self {
            Self::Reached(sleep) => sleep.await,
            Self::Never => std::future::pending().await,
        }
    }
}

fn moment(alarms: &Alarms, at: Option<Instant>) -> Moment {
    at.map_or(Moment::Never, |at| Moment::Reached(alarms.sleep_until(at)))
}

impl monotonic_clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(beginning().elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(1)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let at = beginning().checked_add(Duration::from_nanos(when));
        let moment = self.table.push(moment(&self.alarms, at))?;
        subscribe(&mut self.table, moment)
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let at = Instant::now().checked_add(Duration::from_nanos(duration));
        let moment = self.table.push(moment(&self.alarms, at))?;
        subscribe(&mut self.table, moment)
    }
}
