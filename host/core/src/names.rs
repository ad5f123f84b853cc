//! Names that cannot be wrong: of plugins, of native messaging hosts, and of bytes (their digest).
//!
//! The deciding choice: each is a private value in a newtype with one checked constructor, and serde goes through
//! that constructor too. Names become parts of paths (`store/<digest>.wasm`, `hosts/<host name>`), so a value that
//! has not been checked must not exist as one of these types: "digest not validated before use as a path" is a
//! published class of holes in installers. There is one error variant for each rule that can be broken. For names that
//! are not ours to check there is [`escape()`], without which none of them is shown.
//!
//! What this does not do: it knows no origin (that is `caller`) and touches no file.

mod digest;
mod escape;
mod host_name;
mod plugin_name;
mod shell;

pub use digest::{Digest, DigestError};
pub use escape::{escape, misleads};
pub use host_name::{HostName, HostNameError};
pub use plugin_name::{PluginName, PluginNameError};
pub use shell::shell_word;

/// Everything that a checked text type has in common: the way in through `TryFrom<String>` (which serde uses) and
/// `FromStr`, and the ways out. The type itself supplies `fn check(&str) -> Result<(), Error>`.
macro_rules! checked_text {
    ($name:ident, $error:ident) => {
        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                Self::check(&text)?;
                Ok(Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                Self::check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(&self.0)
            }
        }
    };
}
pub(crate) use checked_text;
