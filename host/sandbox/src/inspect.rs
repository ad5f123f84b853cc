//! Looking at a `.wasm` file that somebody else made, without running or compiling it.
//!
//! The deciding choice: everything that can be wrong with a file is found here and said in plain words, so that `add`
//! refuses before it stores or compiles anything, and so that nobody meets "no matching implementation in the linker".
//! A file is either not a component at all ([`InspectError`]) or a component of which there is something to show, and
//! perhaps [`Refusal`]s that stand between it and being installed.
//!
//! What this does not do: it does not check the types of WASI's functions (linking does), and it does not escape what
//! it returns. Every name in an [`Inspection`] is the author's text: show it through [`escape`].

mod fit;
mod lookalike;
mod parts;
mod read;
mod refusal;
mod requests;
mod signature;

use portcullis_core::names::Digest;
use portcullis_core::requests::Requests;
use thiserror::Error;

pub use fit::{Misfit, misfits};
pub use lookalike::Lookalike;
pub use portcullis_core::names::escape;
pub use refusal::Refusal;
pub use requests::{SectionFault, with_requests};
pub use signature::OtherTypes;

use crate::offered;

/// The largest component that is taken, in bytes. Twice the largest that a common toolchain makes (Python, 33 MB with
/// everything); above it, compiling would need more memory than the compiler's process is given.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// What a component is and has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Its length in bytes.
    pub size: u64,
    /// Its sha256.
    pub digest: Digest,
    /// How the host would drive it, where it exports exactly one way.
    pub mode: Option<Mode>,
    /// What it imports, in its own order.
    pub imports: Vec<Item>,
    /// What it exports, in its own order.
    pub exports: Vec<Item>,
    /// What it asks for, where it says so.
    pub requests: Option<Requests>,
    /// What stands between it and being installed; empty for a plugin that this host can run.
    pub refusals: Vec<Refusal>,
}

/// How the host drives a component, told by what it exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One request, one reply: exports `portcullis:plugin/handler`.
    Handler,
    /// Callbacks for the life of a port: exports `portcullis:plugin/session`.
    Session,
    /// Frames on its own standard input and output: exports `wasi:cli/run`.
    Stdio,
}

impl Mode {
    /// The mode in one word: `handler`, `session` or `stdio`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::Session => "session",
            Self::Stdio => "stdio",
        }
    }
}

/// One import or export at the top level of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name, for example `wasi:io/poll@0.2.6`. The author's text.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// The names of the functions in an instance; empty for anything else. The author's text.
    pub functions: Vec<String>,
}

/// What an import or export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// An instance of an interface.
    Instance,
    /// A function.
    Function,
    /// A type.
    Type,
    /// A core module.
    Module,
    /// A component.
    Component,
    /// A value.
    Value,
}

impl ItemKind {
    /// The kind in one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Function => "function",
            Self::Type => "type",
            Self::Module => "module",
            Self::Component => "component",
            Self::Value => "value",
        }
    }
}

/// Why there is nothing to show of a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InspectError {
    /// The file is something else.
    #[error("{0}")]
    NotAComponent(Lookalike),
    /// The file begins as a component and ends too early.
    #[error("a component that is cut short at byte {length}: copy or download it again")]
    Truncated {
        /// The number of bytes there are.
        length: usize,
    },
    /// The file begins as a component and breaks the rules of the format.
    #[error("not a valid component: {message} (at byte {offset}): build it again")]
    Invalid {
        /// Which rule. Already escaped, since it may quote the file.
        message: String,
        /// Where, in bytes from the file's beginning.
        offset: usize,
    },
    /// The names of what it imports and exports are longer than any toolchain makes them.
    #[error(
        "a component with more than 1 MiB of names of imported and exported functions: build it with fewer"
    )]
    TooManyNames,
    /// The file holds more components and modules, in each other and beside each other, than anyone needs.
    #[error("a component of more than 1000 components and modules: build it with fewer")]
    TooManyParts,
}

/// Looks at the bytes of a file. Takes time and memory proportional to its length, of which the caller has seen to it
/// that it is at most [`LARGEST`].
///
/// # Errors
///
/// An [`InspectError`] where the bytes are not a valid component. A valid component that this host cannot run is not
/// an error but has [`Inspection::refusals`].
pub fn inspect(bytes: &[u8]) -> Result<Inspection, InspectError> {
    if let Some(lookalike) = Lookalike::recognise(bytes) {
        return Err(InspectError::NotAComponent(lookalike));
    }
    let contents = read::contents(bytes)?;
    let exports = |interface: &offered::Interface| {
        contents
            .exports
            .iter()
            .any(|item| offered::meets(&item.name, interface))
    };
    let mode = match (
        exports(&offered::HANDLER),
        exports(&offered::SESSION),
        exports(&offered::RUN),
    ) {
        (true, true, _) | (false, false, false) => None,
        (true, false, _) => Some(Mode::Handler),
        (false, true, _) => Some(Mode::Session),
        (false, false, true) => Some(Mode::Stdio),
    };
    let mut refusals = refusal::refusals(&contents, mode);
    let requests = requests::read(bytes).unwrap_or_else(|fault| {
        refusals.push(Refusal::Requests(fault));
        None
    });
    Ok(Inspection {
        size: bytes.len() as u64,
        digest: Digest::of_bytes(bytes),
        mode,
        requests,
        refusals,
        imports: contents.imports,
        exports: contents.exports,
    })
}

#[cfg(test)]
mod tests;
