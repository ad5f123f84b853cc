//! What the user allows: which plugin serves which extension, within which limits.
//!
//! Three steps with a type each: `schema` is the shape of the file, `limits` and `route` its meaning, and
//! [`PortRoutes`] what is left of it for one port. Every step fails closed, with line and column: an unknown key, a
//! duplicate one, a version from the future, two routes that would both fit a message. Reading the file, its owner and
//! its mode are not done here; see [`crate::home`].

mod grant;
mod limits;
mod machine;
mod quantity;
mod route;
mod schema;

use std::path::{Path, PathBuf};

pub use grant::{
    Access, Destination, DestinationError, FolderGrant, Grant, GuestPath, GuestPathError,
    HttpGrant, Scheme, SecretAccess, SecretGrant, SecretName, SecretNameError, SecretsBackend,
    StorageGrant, Target, TargetError,
};
pub use limits::{Bound, Limits, TABLE};
pub use machine::{MachinePolicy, Unmentioned};
pub use quantity::{ByteRate, ByteSize, QuantityError, TimeSpan};
pub use route::{Lifetime, OnCrash, PortRoutes, Route, Strictness};

use serde::{Deserialize, Serialize};

use crate::caller::Origin;
use crate::home::Position;
use crate::names::HostName;
use schema::{Fault, Owner, Parsed};

/// The version of the policy file that this program reads.
pub const VERSION: i64 = 1;

/// The longest policy file that is read, in bytes: room for some ten thousand routes, and a bound on what a start
/// may cost.
pub const FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// A policy that holds together. The empty one routes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    routes: Vec<Route>,
    secrets_backend: SecretsBackend,
}

/// Why a policy file cannot be used: where and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {problem}", .file.display())]
pub struct PolicyError {
    /// The file, as it was named to [`Policy::parse`].
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong there and how to mend it.
    pub problem: String,
}

impl Policy {
    /// Reads the text of a policy file. `file` is only for the error's sake.
    ///
    /// # Errors
    ///
    /// The first [`PolicyError`] of the file. Nothing of a file with an error may be used.
    pub fn parse(text: &str, file: &Path) -> Result<Self, PolicyError> {
        let parsed = parse(text, file, Owner::User)?;
        Ok(Self {
            routes: parsed.routes,
            secrets_backend: parsed.secrets_backend,
        })
    }

    /// Every route, in the order of the file.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What applies to one port: the routes of this origin whose host name, where they have one, is this one. A route
    /// with a host name never fits a port whose host name is unknown.
    #[must_use]
    pub fn for_port(&self, origin: &Origin, host_name: Option<&HostName>) -> PortRoutes {
        let fits = |route: &&Route| {
            route.origin == *origin
                && route
                    .host_name
                    .as_ref()
                    .is_none_or(|wanted| Some(wanted) == host_name)
        };
        let routes = self.routes.iter().filter(fits).cloned().collect();
        PortRoutes::new(routes, self.secrets_backend)
    }

    /// What is said of one extension. The rest has been judged with it and is of no meaning for its ports.
    #[must_use]
    pub fn of_origin(&self, origin: &Origin) -> Self {
        let routes = self.routes.iter();
        Self {
            routes: routes
                .filter(|route| route.origin == *origin)
                .cloned()
                .collect(),
            secrets_backend: self.secrets_backend,
        }
    }

    /// Where secrets are kept.
    #[must_use]
    pub fn secrets_backend(&self) -> SecretsBackend {
        self.secrets_backend
    }
}

/// What a plugin may use and reach, without who may call it: the tables `[limits]` and `[grant]`, which mean the same
/// in a plugin's project, for its tests, as in a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The limits, with the defaults where the text says nothing.
    pub limits: Limits,
    /// The grant; an empty one where the text says nothing.
    pub grant: Grant,
}

impl Terms {
    /// Reads these two tables of a text; what else stands in it is for others to judge. `file` is only for the error's
    /// sake.
    ///
    /// # Errors
    ///
    /// The first [`PolicyError`] in them, or where the text is no TOML.
    pub fn parse(text: &str, file: &Path) -> Result<Self, PolicyError> {
        schema::terms(text).map_err(|fault| located(text, file, fault))
    }
}

fn parse(text: &str, file: &Path, owner: Owner) -> Result<Parsed, PolicyError> {
    schema::parse(text, owner).map_err(|fault| located(text, file, fault))
}

fn located(text: &str, file: &Path, fault: Fault) -> PolicyError {
    let Position { line, column } = Position::of(text, fault.at);
    PolicyError {
        file: file.to_owned(),
        line,
        column,
        problem: fault.problem,
    }
}

#[cfg(test)]
mod tests;
