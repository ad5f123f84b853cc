//! Mode 2: a value that lives as long as the port.
//!
//! The value is made by `connect`, so a plugin never meets a state without a peer. Calls never overlap, which is why
//! one cell holds it without a lock.

use std::cell::{Cell, RefCell};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::{self, PluginError};
use crate::envelope::{self, Message};
use crate::{Error, Peer, port};

/// A plugin that keeps state for the life of a port, sets timers, and may speak unasked.
///
/// ```
/// use portcullis_plugin::{Error, Peer, Session, session};
///
/// struct Counter(u64);
///
/// impl Session for Counter {
///     type Message = u64;
///     type Reply = u64;
///
///     fn connect(_peer: Peer) -> Result<Self, Error> {
///         Ok(Counter(0))
///     }
///
///     fn message(&mut self, step: u64) -> Result<Option<u64>, Error> {
///         self.0 += step;
///         Ok(Some(self.0))
///     }
/// }
///
/// session!(Counter);
/// ```
pub trait Session: Sized + 'static {
    /// What the extension sends.
    type Message: DeserializeOwned;
    /// What is answered.
    type Reply: Serialize;

    /// The port is open. Comes first, once for each instance.
    ///
    /// # Errors
    ///
    /// Refuses the port's messages; the extension is told.
    fn connect(peer: Peer) -> Result<Self, Error>;

    /// A message from the extension. `Some` is the reply; `None` says that nothing is to be said, or that it is said by
    /// [`port::post`] or [`later`].
    ///
    /// # Errors
    ///
    /// Whatever the extension is to be told in place of a reply.
    fn message(&mut self, message: Self::Message) -> Result<Option<Self::Reply>, Error>;

    /// A timer that [`timers::set`](crate::timers::set) started is due.
    ///
    /// # Errors
    ///
    /// The extension is told, as an error that answers no message.
    fn timer(&mut self, token: u64) -> Result<(), Error> {
        let _ = token;
        Ok(())
    }

    /// The port is closing; there is one second for everything.
    fn disconnect(&mut self) {}
}

/// The right to answer a message after the call that brought it: when a timer is due, or with a later message.
///
/// Dropped unused, it leaves the extension's request to its time-out.
#[derive(Debug)]
#[must_use = "the extension waits for this answer"]
pub struct Later {
    id: Option<u64>,
}

impl Later {
    /// Answers.
    ///
    /// # Errors
    ///
    /// As [`port::post`].
    pub fn reply(self, value: &impl Serialize) -> Result<(), Error> {
        port::post_text(&envelope::reply(self.id, value)?)
    }

    /// Says that the request is done and has no other answer. To a message without a number nothing is said, since
    /// nobody waits for it.
    ///
    /// # Errors
    ///
    /// As [`port::post`].
    pub fn finish(self) -> Result<(), Error> {
        self.id
            .map_or(Ok(()), |id| port::post_text(&envelope::taken(id)))
    }

    /// Answers with an error. To a message without a number it is the message `{"$error": …}`, since the host's own
    /// error frames are made only in the call that brought the message.
    ///
    /// # Errors
    ///
    /// As [`port::post`].
    pub fn refuse(self, error: &Error) -> Result<(), Error> {
        port::post_text(&envelope::refusal(self.id, error))
    }
}

thread_local! {
    /// The message that is being handled: its number, and whether somebody took the right to answer it.
    static CURRENT: Cell<(Option<u64>, bool)> = const { Cell::new((None, false)) };
}

/// Takes the right to answer the message that is being handled, to use it later. [`Session::message`] then returns
/// `Ok(None)`.
pub fn later() -> Later {
    let (id, _) = CURRENT.get();
    CURRENT.set((id, true));
    Later { id }
}

/// Makes a type that implements [`Session`] the plugin. Once in a crate.
#[macro_export]
macro_rules! session {
    ($session:ty) => {
        const _: () = {
            use $crate::expanded::session::exports::portcullis::plugin::session as contract;

            ::std::thread_local! {
                static HELD: $crate::expanded::Held<$session> = const { $crate::expanded::Held::new() };
            }

            struct Plugin;

            impl contract::Guest for Plugin {
                fn connect(peer: contract::Peer) -> ::core::result::Result<(), contract::PluginError> {
                    HELD.with(|held| held.connect(peer))
                }

                fn message(
                    json: ::std::string::String,
                ) -> ::core::result::Result<::core::option::Option<::std::string::String>, contract::PluginError> {
                    HELD.with(|held| held.message(&json))
                }

                fn timer(token: u64) -> ::core::result::Result<(), contract::PluginError> {
                    HELD.with(|held| held.timer(token))
                }

                fn disconnect() {
                    HELD.with(|held| held.disconnect())
                }
            }

            // Elsewhere there is nobody to export to, and linkers that take no such names; `cargo test` runs there.
            #[cfg(target_family = "wasm")]
            $crate::expanded::session::export_session!(Plugin with_types_in $crate::expanded::session);
            #[cfg(not(target_family = "wasm"))]
            const _: fn() = || {
                let _ = Plugin;
                let _ = <Plugin as contract::Guest>::message;
            };
        };
    };
}

/// The one session of an instance.
#[doc(hidden)]
pub struct Held<S>(RefCell<Option<S>>);

impl<S: Session> Held<S> {
    #[expect(
        clippy::new_without_default,
        reason = "a thread-local is made by a constant function"
    )]
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    pub fn connect(&self, peer: bindings::Peer) -> Result<(), PluginError> {
        let session = S::connect(peer.into())?;
        *self.0.borrow_mut() = Some(session);
        Ok(())
    }

    pub fn message(&self, text: &str) -> Result<Option<String>, PluginError> {
        Ok(self.with(|session| {
            let message = Message::of(text);
            let received = message.read(text)?;
            CURRENT.set((message.id, false));
            let reply = session.message(received)?;
            let (_, is_left_for_later) = CURRENT.get();
            match (reply, message.id) {
                (Some(reply), id) => envelope::reply(id, &reply).map(Some),
                // The extension waits for a request with a number, so it is told that there is nothing to wait for.
                (None, Some(id)) if !is_left_for_later => Ok(Some(envelope::taken(id))),
                (None, _) => Ok(None),
            }
        })?)
    }

    pub fn timer(&self, token: u64) -> Result<(), PluginError> {
        Ok(self.with(|session| session.timer(token))?)
    }

    pub fn disconnect(&self) {
        if let Some(session) = self.0.borrow_mut().as_mut() {
            session.disconnect()
        }
    }

    fn with<T>(&self, call: impl FnOnce(&mut S) -> Result<T, Error>) -> Result<T, Error> {
        match self.0.borrow_mut().as_mut() {
            Some(session) => call(session),
            None => Err(Error::new(
                "not-connected",
                "the plugin refused the connection",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Steps {
        sum: i64,
        waiting: Vec<Later>,
    }

    impl Session for Steps {
        type Message = i64;
        type Reply = i64;

        fn connect(peer: Peer) -> Result<Self, Error> {
            if peer.origin.is_empty() {
                return Err(Error::new("stranger", "who is there?"));
            }
            Ok(Self::default())
        }

        fn message(&mut self, step: i64) -> Result<Option<i64>, Error> {
            match step {
                0 => Ok(None),
                -1 => {
                    self.waiting.push(later());
                    Ok(None)
                }
                step if step < 0 => Err(Error::new("backwards", "steps go forward")),
                step => {
                    self.sum += step;
                    Ok(Some(self.sum))
                }
            }
        }
    }

    fn connected() -> Held<Steps> {
        let held = Held::new();
        let peer = bindings::Peer {
            origin: "test@example.com".to_owned(),
            browser: "mozilla".to_owned(),
            host_name: None,
        };
        held.connect(peer).expect("the origin is not empty");
        held
    }

    #[test]
    fn each_message_is_answered_in_its_own_form() {
        let held = connected();
        let answered: &[(&str, Option<&str>)] = &[
            ("1", Some("1")),
            ("2", Some("3")),
            (r#"{"$id":4,"$value":3}"#, Some(r#"{"$id":4,"$reply":6}"#)),
            ("0", None),
            (r#"{"$id":5,"$value":0}"#, Some(r#"{"$id":5}"#)),
            (r#"{"$id":6,"$value":-1}"#, None),
            (r#"{"$id":7,"$value":0}"#, Some(r#"{"$id":7}"#)),
        ];
        for (text, reply) in answered {
            let got = held.message(text).expect("none of these is refused");
            assert_eq!(got.as_deref(), *reply, "{text}");
        }
        let waiting = held.0.borrow().as_ref().map(|steps| steps.waiting[0].id);
        assert_eq!(waiting, Some(Some(6)));
    }

    #[test]
    fn errors_keep_their_codes() {
        let held = connected();
        let code = |text: &str| {
            held.message(text)
                .expect_err("each of these is refused")
                .code
        };
        assert_eq!(code("-2"), "backwards");
        assert_eq!(code("true"), "invalid-message");
        assert_eq!(code(r#"{"$id":4,"$value":true}"#), "invalid-message");
    }

    #[test]
    fn a_refused_connection_leaves_no_session() {
        let held = Held::<Steps>::new();
        let peer = bindings::Peer {
            origin: String::new(),
            browser: String::new(),
            host_name: None,
        };
        assert_eq!(
            held.connect(peer).expect_err("nobody is there").code,
            "stranger"
        );
        assert_eq!(
            held.message("1").expect_err("there is no session").code,
            "not-connected"
        );
        held.disconnect();
    }
}
