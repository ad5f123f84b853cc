//! From what the policy grants to powers that are open: the one place where a plugin's rights are made.
//!
//! The decision that shaped it: a route's grant is opened as a whole, before the process is confined, and a grant that
//! cannot be opened as it stands makes the plugin unavailable; nothing is left out quietly. What was granted for one
//! build of a plugin is not given to another.

mod files;
mod http;
pub(crate) mod ports;
pub(crate) mod secrets;
mod storage;

use std::cell::OnceCell;
use std::sync::Arc;

use portcullis_core::caller::Origin;
use portcullis_core::home::Home;
use portcullis_core::home::lock::{Approval, Installed};
use portcullis_core::policy::Route;
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::{Network, Powers};

use crate::environment::Environment;
use secrets::Ledger;

/// Opens the grants of one port's routes.
pub(crate) struct Opener<'a> {
    pub(crate) home: &'a Home,
    pub(crate) origin: &'a Origin,
    pub(crate) environment: &'a Environment,
    /// The secrets of all routes, fetched together once every route has been opened.
    pub(crate) secrets: Ledger<'a>,
    /// The way to the network of all routes, opened by the first that is granted HTTP.
    pub(crate) network: OnceCell<Network>,
}

impl Opener<'_> {
    /// What the plugin of a route may reach.
    ///
    /// # Errors
    ///
    /// The report that every message for it gets: where nobody has approved the grant for this build of the plugin, or
    /// where something that is granted cannot be opened.
    pub(crate) fn open(&self, route: &Route, installed: &Installed) -> Result<Powers, Box<Report>> {
        check_approval(route, installed)?;
        let mut powers = Powers::none(self.origin, &route.plugin);
        powers.config = Arc::new(route.grant.config.clone());
        powers.environment = Arc::new(route.grant.environment.clone());
        powers.folders = files::open(self.home, self.environment, route, &powers.denials)?
            .requested(installed.requests.as_ref());
        powers.http = http::open(&route.grant, &self.network, self.environment)?;
        powers.storage = storage::open(self.home, route, installed)?;
        powers.secrets = self.secrets.add(route, installed).map_err(|error| {
            tracing::error!(plugin = %route.plugin, "failed to prepare for secrets: {error}");
            let sentence = "the secrets that the policy grants could not be prepared";
            Box::new(Report::new(ErrorCode::Internal, sentence))
        })?;
        Ok(powers)
    }
}

/// A grant is for the build that a person saw, and for later ones that ask for nothing more.
fn check_approval(route: &Route, installed: &Installed) -> Result<(), Box<Report>> {
    if !route.grant.has_powers() {
        return Ok(());
    }
    let Approval::Missing(reason) = installed.approval(route.grant.approved.as_ref()) else {
        return Ok(());
    };
    let (plugin, command) = (
        &route.plugin,
        format!("portcullis grant {} --approve", route.words()),
    );
    tracing::warn!(
        %plugin,
        "refused: the grants of `policy.toml` line {} are not approved: the installed build, sha256 {}, {reason}; \
         `{command}` would allow it",
        route.line,
        installed.digest
    );
    let sentence = format!("nobody has approved what this build of plugin `{plugin}` may use");
    Err(Box::new(
        Report::new(ErrorCode::PermissionRequired, sentence).with_hint(command),
    ))
}
