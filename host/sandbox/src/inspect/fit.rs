//! Whether what a component imports and what it asks for fit together: a help for authors, and a hint for people.

use std::fmt;

use portcullis_core::requests::Requests;

use super::Inspection;

/// A power that is imported and not asked for, or the reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misfit {
    /// The key in `[requests]`.
    power: &'static str,
    /// What uses the power.
    interface: &'static str,
    is_imported: bool,
}

impl Misfit {
    /// Whether a power is imported that nothing asks for. Toolchains that give every plugin the whole contract import
    /// each of them, so that there it tells nothing.
    #[must_use]
    pub fn is_of_imports(&self) -> bool {
        self.is_imported
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            power, interface, ..
        } = self;
        if self.is_imported {
            write!(
                formatter,
                "it imports `{interface}` and requests no `{power}`: every call will be refused"
            )
        } else {
            write!(
                formatter,
                "it requests `{power}` and imports nothing of `{interface}`: it cannot use that"
            )
        }
    }
}

/// A power, what uses it, and what an import of that says.
struct Row(&'static str, &'static str, Import);

enum Import {
    /// It is used.
    Telling,
    /// Nothing: the standard libraries of several languages import it always.
    Usual,
}

const ROWS: [Row; 6] = [
    Row("storage", "portcullis:plugin/storage", Import::Telling),
    Row("secrets", "portcullis:plugin/secrets", Import::Telling),
    Row("http", "wasi:http/outgoing-handler", Import::Telling),
    Row("fs", "wasi:filesystem", Import::Usual),
    Row("config", "portcullis:plugin/config", Import::Usual),
    Row("env", "wasi:cli/environment", Import::Usual),
];

/// Where the imports and the requests of a component do not fit. `requests` may be others than those in it.
#[must_use]
pub fn misfits(inspection: &Inspection, requests: &Requests) -> Vec<Misfit> {
    let is_requested = |power: &str| match power {
        "storage" => requests.storage.is_some(),
        "secrets" => !requests.secrets.is_empty(),
        "http" => !requests.http.is_empty(),
        "fs" => !requests.folders.is_empty(),
        "config" => !requests.config.is_empty(),
        _ => !requests.environment.is_empty(),
    };
    let rows = ROWS.iter();
    rows.filter_map(|Row(power, interface, import)| {
        let is_imported = inspection.imports.iter().any(|item| {
            item.name
                .strip_prefix(interface)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', '/']))
        });
        let fits = match (is_imported, is_requested(power)) {
            (true, false) => matches!(import, Import::Usual),
            (false, true) => false,
            _ => true,
        };
        (!fits).then_some(Misfit {
            power,
            interface,
            is_imported,
        })
    })
    .collect()
}
