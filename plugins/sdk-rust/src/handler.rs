//! Mode 1: a function from a message to a reply.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::{self, PluginError};
use crate::envelope::{self, Message};
use crate::{Error, Peer};

/// Makes a function the plugin: `fn(Peer, Message) -> Result<Reply, E>`, where `Message` can be deserialised, `Reply`
/// serialised, and `E` turns into an [`Error`].
///
/// Once in a crate. A message that does not fit the type is answered with the code `invalid-message`, before the
/// function is called.
///
/// ```
/// use portcullis_plugin::{Error, Peer, handler};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize)]
/// struct Sum { terms: Vec<f64> }
///
/// #[derive(Serialize)]
/// struct Total { total: f64 }
///
/// fn add(_peer: Peer, sum: Sum) -> Result<Total, Error> {
///     Ok(Total { total: sum.terms.iter().sum() })
/// }
///
/// handler!(add);
/// ```
#[macro_export]
macro_rules! handler {
    ($function:path) => {
        const _: () = {
            struct Plugin;

            impl $crate::expanded::handler::exports::portcullis::plugin::handler::Guest for Plugin {
                fn handle(
                    peer: $crate::expanded::handler::exports::portcullis::plugin::handler::Peer,
                    message: ::std::string::String,
                ) -> ::core::result::Result<
                    ::std::string::String,
                    $crate::expanded::handler::exports::portcullis::plugin::handler::PluginError,
                > {
                    $crate::expanded::answer($function, peer, &message)
                }
            }

            // Elsewhere there is nobody to export to, and linkers that take no such names; `cargo test` runs there.
            #[cfg(target_family = "wasm")]
            $crate::expanded::handler::export_handler!(Plugin with_types_in $crate::expanded::handler);
            #[cfg(not(target_family = "wasm"))]
            const _: fn() = || {
                let _ = Plugin;
                let _ = <Plugin as $crate::expanded::handler::exports::portcullis::plugin::handler::Guest>::handle;
            };
        };
    };
}

/// What the plugin answers to one JSON text: for tests of a plugin, on any machine and without a host.
///
/// # Errors
///
/// The function's own, or `invalid-message` where the text does not fit its type.
///
/// ```
/// use portcullis_plugin::{Error, Peer, respond};
///
/// let shout = |_: Peer, text: String| Ok::<_, Error>(text.to_uppercase());
/// assert_eq!(respond(shout, Peer::default(), r#""hello""#), Ok(r#""HELLO""#.to_owned()));
/// assert_eq!(respond(shout, Peer::default(), "1").unwrap_err().code(), "invalid-message");
/// ```
pub fn respond<Function, Received, Reply, E>(
    function: Function,
    peer: Peer,
    text: &str,
) -> Result<String, Error>
where
    Function: FnOnce(Peer, Received) -> Result<Reply, E>,
    Received: DeserializeOwned,
    Reply: Serialize,
    E: Into<Error>,
{
    let message = Message::of(text);
    let reply = function(peer, message.read(text)?).map_err(Into::into)?;
    envelope::reply(message.id, &reply)
}

/// [`respond`] in the types of the contract.
#[doc(hidden)]
pub fn answer<Function, Received, Reply, E>(
    function: Function,
    peer: bindings::Peer,
    text: &str,
) -> Result<String, PluginError>
where
    Function: FnOnce(Peer, Received) -> Result<Reply, E>,
    Received: DeserializeOwned,
    Reply: Serialize,
    E: Into<Error>,
{
    respond(function, peer.into(), text).map_err(Into::into)
}
