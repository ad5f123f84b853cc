//! One live plugin: its store, its limits, one call at a time.
//!
//! The decision that shaped it: a call takes the instance and gives it back only when all went well. After a trap, an
//! exit or a time-out there is no instance any more, so nobody can enter a store that wasmtime has poisoned or whose
//! fiber was dropped in the middle (RUSTSEC-2026-0022), and what the guest left behind cannot be met by the next call.

mod budget;
mod clocks;
mod failure;
mod run;
mod state;
mod usage;

use portcullis_core::caller::Origin;
use portcullis_core::names::HostName;
use portcullis_core::policy::Limits;
use wasmtime::component::Func;
use wasmtime::{AsContextMut, Store, UpdateDeadline};

pub(crate) use clocks::{Allowance, Clocks};
pub use failure::{Failure, FailureKind};
pub use run::Run;
pub(crate) use state::State;
pub use usage::{Usage, Used};

use crate::alarms::Alarms;
use crate::capabilities::log::PluginLog;
use crate::capabilities::port::Port;
use crate::contract::{
    HandlerExports, Incoming, PeerRecord, PluginErrorRecord, SessionExports, Text,
};
use crate::engine::TICK;
use crate::plugin::{Exports, Plugin};
use crate::powers::Powers;

/// What host calls may lift out of a guest in one call, in bytes. Twice the longest legal text in its widest encoding,
/// with room for what goes with it; wasmtime's own default is 128 MiB.
const HOST_CALL_FUEL: usize = 8 * 1024 * 1024;

/// Handles that a component may hold. A stream of requests has tens; the default of wasmtime is 100 000.
const HANDLE_LIMIT: usize = 4096;

/// Who is at the other end of the port, as the plugin is told.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The extension.
    pub origin: Origin,
    /// The host name that it asked for, where that is known.
    pub host_name: Option<HostName>,
}

/// What an instance is given and held to.
#[derive(Clone)]
pub struct Terms {
    /// Where its words go. One for all instances of a plugin in a port.
    pub log: PluginLog,
    /// Who is at the other end.
    pub peer: Peer,
    /// What it may use.
    pub limits: Limits,
    /// What it may reach.
    pub powers: Powers,
    /// Where its waiting is kept.
    pub alarms: Alarms,
    /// Where it is kept what it uses, if anybody wants to know.
    pub usage: Option<Usage>,
}

/// How a call ended that went well, as far as the sandbox is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A reply. Not judged: it may be anything but longer than a browser takes.
    Reply(String),
    /// A reply longer than a browser takes, in bytes. It was not copied.
    ReplyTooLong(usize),
    /// No reply, as a session may choose.
    Nothing,
    /// The plugin's own error value.
    Refused {
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
}

/// A plugin that has been started. As large as a pointer: it is handed in and out with each message.
pub struct Instance {
    live: Box<Live>,
}

struct Live {
    store: Guarded,
    functions: Functions,
    peer: PeerRecord,
    limits: Limits,
}

enum Functions {
    Handler(HandlerExports<Func>),
    Session(SessionExports<Func>),
}

impl Instance {
    /// Starts a plugin: instantiates it and, for a session, calls its `connect`, all within the limit for that.
    ///
    /// Returns the instance, and [`Outcome::Refused`] in its place where `connect` answered with an error value.
    ///
    /// # Errors
    ///
    /// [`Failure`] where it trapped, ended itself or took too much. Nothing of the instance is left then.
    pub async fn start(
        plugin: &Plugin,
        terms: Terms,
        port: Box<dyn Port>,
    ) -> Result<Result<Self, Outcome>, Failure> {
        let peer = PeerRecord {
            origin: terms.peer.origin.as_str().to_owned(),
            browser: terms.peer.origin.family().as_str().to_owned(),
            host_name: terms.peer.host_name.as_ref().map(ToString::to_string),
        };
        let limits = terms.limits;
        let mut store = Guarded::new(plugin, terms, port);
        let allowance = Allowance::for_start(&limits);
        let started = store
            .enter(allowance, async |store: &mut Store<State>| {
                let instance = plugin.prepared.instantiate_async(&mut *store).await?;
                match &plugin.exports {
                    Exports::Handler(exports) => {
                        let exports = exports.bind(store.as_context_mut(), &instance)?;
                        Ok(Ok(Functions::Handler(exports)))
                    }
                    Exports::Session(exports) => {
                        let exports = exports.bind(store.as_context_mut(), &instance)?;
                        let greeted = exports.connect(store.as_context_mut(), &peer).await?;
                        Ok(greeted.map(|()| Functions::Session(exports)))
                    }
                    Exports::Stdio(_) => Err(wasmtime::format_err!("it has a `run` and no calls")),
                }
            })
            .await;
        match started {
            Ok(Ok(functions)) => {
                let live = Live {
                    store,
                    functions,
                    peer,
                    limits,
                };
                let live = Box::new(live);
                Ok(Ok(Self { live }))
            }
            Ok(Err(error)) => Ok(Err(refused(error))),
            Err(failure) => Err(failure),
        }
    }

    /// Gives the plugin one message: `handle` or `message`, by its mode.
    ///
    /// # Errors
    ///
    /// [`Failure`] where the call did not end well. The instance is gone then.
    pub async fn message(mut self, text: &Incoming<'_>) -> Result<(Outcome, Self), Failure> {
        let Live {
            store,
            functions,
            peer,
            limits,
        } = &mut *self.live;
        let allowance = Allowance::for_call(limits);
        let outcome = store
            .enter(allowance, async |store: &mut Store<State>| {
                let context = store.as_context_mut();
                Ok(match functions {
                    Functions::Handler(exports) => match exports.handle(context, peer, text).await?
                    {
                        Ok(reply) => replied(reply),
                        Err(error) => refused(error),
                    },
                    Functions::Session(exports) => match exports.message(context, text).await? {
                        Ok(Some(reply)) => replied(reply),
                        Ok(None) => Outcome::Nothing,
                        Err(error) => refused(error),
                    },
                })
            })
            .await?;
        Ok((outcome, self))
    }

    /// Tells a session that a timer of its own is due. [`Outcome::Nothing`] for a handler, which has none.
    ///
    /// # Errors
    ///
    /// As [`Self::message`].
    pub async fn timer(mut self, token: u64) -> Result<(Outcome, Self), Failure> {
        let Live {
            store,
            functions,
            limits,
            ..
        } = &mut *self.live;
        let Functions::Session(exports) = functions else {
            return Ok((Outcome::Nothing, self));
        };
        let allowance = Allowance::for_call(limits);
        let outcome = store
            .enter(allowance, async |store: &mut Store<State>| {
                Ok(match exports.timer(store.as_context_mut(), token).await? {
                    Ok(()) => Outcome::Nothing,
                    Err(error) => refused(error),
                })
            })
            .await?;
        Ok((outcome, self))
    }

    /// Tells a session that its port is closing, and ends the instance.
    ///
    /// # Errors
    ///
    /// As [`Self::message`].
    pub async fn disconnect(mut self) -> Result<(), Failure> {
        let Live {
            store,
            functions,
            limits,
            ..
        } = &mut *self.live;
        let Functions::Session(exports) = functions else {
            return Ok(());
        };
        let allowance = Allowance::for_call(limits);
        store
            .enter(allowance, async |store: &mut Store<State>| {
                exports.disconnect(store.as_context_mut()).await
            })
            .await
    }
}

fn replied<const LIMIT: usize>(reply: Text<LIMIT>) -> Outcome {
    match reply {
        Text::Within(text) => Outcome::Reply(text),
        Text::TooLong(length) => Outcome::ReplyTooLong(length),
    }
}

fn refused(error: PluginErrorRecord) -> Outcome {
    Outcome::Refused {
        code: error.code.or_note(),
        message: error.message.or_note(),
    }
}

/// A store, with what all that enters it is held to.
struct Guarded {
    store: Store<State>,
    // The same as in the store, which is lent to each call.
    clocks: Clocks,
    alarms: Alarms,
}

impl Guarded {
    /// The only way to a store: with its budget, its clocks and its caps.
    fn new(plugin: &Plugin, terms: Terms, port: Box<dyn Port>) -> Self {
        let mut store = Store::new(&plugin.engine.inner, State::new(terms, port));
        store.limiter(|state| &mut state.budget);
        store.set_hostcall_fuel(HOST_CALL_FUEL);
        store.set_max_component_handles(HANDLE_LIMIT);
        store.epoch_deadline_callback(|context| {
            // Each tick gives the event loop a turn, so that input, signals and other plugins are served; the budget is
            // judged by the processor time that was really used, never by counting ticks.
            match context.data().clocks.tick() {
                Ok(()) => Ok(UpdateDeadline::Yield(1)),
                Err(stopped) => Err(wasmtime::Error::from(stopped)),
            }
        });
        let State { clocks, alarms, .. } = store.data();
        let (clocks, alarms) = (clocks.clone(), alarms.clone());
        Self {
            store,
            clocks,
            alarms,
        }
    }

    /// The only way into a guest: under both clocks, and with every way to die told apart.
    async fn enter<R>(
        &mut self,
        allowance: Allowance,
        call: impl AsyncFnOnce(&mut Store<State>) -> wasmtime::Result<R>,
    ) -> Result<R, Failure> {
        let Self {
            store,
            clocks,
            alarms,
        } = self;
        // Due at the next tick: the callback then decides. It must be set before instantiation, which runs guest code.
        store.set_epoch_deadline(1);
        clocks.begin(allowance);
        let _told = clocks.told_at_end();
        // In a box: a call is some kilobytes, and every future that waits for it would be moved with it.
        let mut call = Box::pin(call(store));
        let result = clocks::under_both(clocks, alarms, call.as_mut()).await;
        drop(call);
        result.map_err(|error| failure::classify(error, store.data()))
    }
}

const _: () = assert!(
    TICK.as_millis() > 0,
    "a tick of zero would disarm the timer"
);
