//! What stands between a valid component and being installed, in words.

use std::fmt;

use super::read::{Beyond, Contents};
use super::requests::SectionFault;
use super::signature::OtherTypes;
use super::{Item, Mode, escape};
use crate::offered;
use crate::parts::TooMany;

/// The most names that one sentence lists.
const MOST_NAMES: usize = 3;

/// A reason why this host cannot run a component. Shown as a sentence that says what to change; what it quotes from
/// the component is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It exports both of the modes that the host drives.
    Ambiguous,
    /// It exports no mode.
    NoMode,
    /// It uses WASI 0.3.
    NewerWasi {
        /// The names of the imports and exports.
        names: Vec<String>,
    },
    /// It uses component-model async.
    Async {
        /// The functions that are asynchronous by type, as far as they are imported or exported.
        functions: Vec<String>,
    },
    /// It uses another part of WebAssembly that is switched off.
    SwitchedOff {
        /// What the validator says, escaped.
        message: String,
    },
    /// It imports or exports an interface in a version, or by a name, that the host does not have.
    Different {
        /// The sentence.
        sentence: String,
    },
    /// It imports functions that the host's version of an interface does not have.
    NewerFunctions {
        /// The interface as the component calls it.
        interface: String,
        /// The functions.
        functions: Vec<String>,
        /// The version that the host has.
        version: offered::Version,
    },
    /// It imports or exports a function of our contract with other types than the contract's.
    OtherTypes(OtherTypes),
    /// It exports an interface without all of its functions.
    Incomplete {
        /// The interface as the component calls it.
        interface: String,
        /// The functions that are missing.
        functions: Vec<String>,
    },
    /// It is made of more parts than a plugin may have.
    TooMany(TooMany),
    /// It says what it asks for in a way that cannot be read.
    Requests(SectionFault),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous => write!(
                formatter,
                "exports both `{}` and `{}`: export one of them",
                offered::HANDLER,
                offered::SESSION
            ),
            Self::NoMode => write!(
                formatter,
                "exports neither `{}` nor `{}`, nor is it a program with `{}`: build against a world of `wit/`",
                offered::HANDLER,
                offered::SESSION,
                offered::RUN
            ),
            Self::NewerWasi { names } => {
                write!(
                    formatter,
                    "uses {}: WASI 0.3 is not offered: build for WASI 0.2",
                    listed(names)
                )
            }
            Self::Async { functions } => {
                formatter.write_str("uses asynchronous functions")?;
                if !functions.is_empty() {
                    write!(formatter, " ({})", listed(functions))?;
                }
                formatter.write_str(
                    ", which this host does not offer: build against a synchronous world (componentize-qjs: `--sync`)",
                )
            }
            Self::SwitchedOff { message } => write!(
                formatter,
                "uses a part of WebAssembly that is switched off here: {message}: build without it"
            ),
            Self::Different { sentence } => formatter.write_str(sentence),
            Self::NewerFunctions {
                interface,
                functions,
                version,
            } => write!(
                formatter,
                "needs {} of `{}`, this host has `{version}` without: update the host",
                listed(functions),
                escape(interface)
            ),
            Self::OtherTypes(OtherTypes {
                interface,
                function,
                found,
                expected,
            }) => write!(
                formatter,
                "has `{function}` of `{}` as `{}` where the contract has `{expected}`: build against `wit/`",
                escape(interface),
                escape(found)
            ),
            Self::Incomplete {
                interface,
                functions,
            } => write!(
                formatter,
                "exports `{}` without {}: build against a world of `wit/`",
                escape(interface),
                listed(functions)
            ),
            Self::TooMany(too_many) => write!(formatter, "{too_many}"),
            Self::Requests(fault) => write!(formatter, "{fault}"),
        }
    }
}

/// Names for a sentence: escaped, in backticks, and not too many.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MOST_NAMES)
        .map(|name| format!("`{}`", escape(name)))
        .collect();
    let list = shown.join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

/// Everything that speaks against a component, what explains most first.
pub(super) fn refusals(contents: &Contents, mode: Option<Mode>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let items = || contents.imports.iter().chain(&contents.exports);
    let newer: Vec<String> = items()
        .filter(|item| offered::is_newer_wasi(&item.name))
        .map(|item| item.name.clone())
        .collect();
    let is_newer = !newer.is_empty();
    if is_newer {
        refusals.push(Refusal::NewerWasi { names: newer });
    }
    match &contents.beyond {
        Some(Beyond::Async { functions }) => {
            refusals.push(Refusal::Async {
                functions: functions.clone(),
            });
        }
        Some(Beyond::Other { message }) => {
            refusals.push(Refusal::SwitchedOff {
                message: message.clone(),
            });
        }
        None => {}
    }
    refusals.extend(contents.imports.iter().filter_map(import_refusal));
    refusals.extend(
        contents
            .other_types
            .iter()
            .cloned()
            .map(Refusal::OtherTypes),
    );
    let differing = contents
        .exports
        .iter()
        .filter_map(|item| offered::export_difference(&item.name));
    let before = refusals.len();
    refusals.extend(differing.map(|sentence| Refusal::Different { sentence }));
    match mode {
        Some(Mode::Stdio) => refusals.extend(incomplete(contents, &offered::RUN)),
        Some(Mode::Handler) => refusals.extend(incomplete(contents, &offered::HANDLER)),
        Some(Mode::Session) => refusals.extend(incomplete(contents, &offered::SESSION)),
        None if has_both(contents) => refusals.push(Refusal::Ambiguous),
        // An export in another version, or `wasi:cli/run@0.3`, has been explained already.
        None if refusals.len() > before || is_newer => {}
        None => refusals.push(Refusal::NoMode),
    }
    refusals.extend(contents.made.too_many().map(Refusal::TooMany));
    refusals
}

fn import_refusal(item: &Item) -> Option<Refusal> {
    if offered::is_newer_wasi(&item.name) {
        return None;
    }
    let Some(interface) = offered::import(&item.name) else {
        return offered::difference(&item.name).map(|sentence| Refusal::Different { sentence });
    };
    let known = interface.functions;
    let newer: Vec<String> = item
        .functions
        .iter()
        .filter(|function| !known.contains(&function.as_str()))
        .cloned()
        .collect();
    (!newer.is_empty()).then(|| Refusal::NewerFunctions {
        interface: item.name.clone(),
        functions: newer,
        version: interface.version,
    })
}

fn incomplete(contents: &Contents, interface: &offered::Interface) -> Option<Refusal> {
    let export = contents
        .exports
        .iter()
        .find(|item| offered::meets(&item.name, interface))?;
    let missing: Vec<String> = interface
        .functions
        .iter()
        .filter(|function| !export.functions.iter().any(|it| it == *function))
        .map(|function| (*function).to_owned())
        .collect();
    (!missing.is_empty()).then(|| Refusal::Incomplete {
        interface: export.name.clone(),
        functions: missing,
    })
}

fn has_both(contents: &Contents) -> bool {
    [offered::HANDLER, offered::SESSION]
        .iter()
        .all(|interface| {
            contents
                .exports
                .iter()
                .any(|item| offered::meets(&item.name, interface))
        })
}
