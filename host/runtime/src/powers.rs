//! From what the policy grants to powers that are open: the one place where a plugin's rights are made.
//!
//! The decision that shaped it: a route's grant is opened as a whole, before the process is confined, and a grant that
//! cannot be opened as it stands makes the plugin unavailable; nothing is left out quietly. What was granted for one
//! build of a plugin is not given to another.

use std::sync::Arc;

use portcullis_core::caller::Origin;
use portcullis_core::home::Home;
use portcullis_core::home::lock::Installed;
use portcullis_core::policy::Route;
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::Powers;

use crate::environment::Environment;

/// Opens the grants of one port's routes.
pub(crate) struct Opener<'a> {
    pub(crate) home: &'a Home,
    pub(crate) origin: &'a Origin,
    pub(crate) environment: &'a Environment,
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
        Ok(powers)
    }
}

/// A grant is for the build that a person saw.
fn check_approval(route: &Route, installed: &Installed) -> Result<(), Box<Report>> {
    let (plugin, origin) = (&route.plugin, &route.origin);
    if !route.grant.has_powers() || route.grant.approved == Some(installed.digest) {
        return Ok(());
    }
    tracing::warn!(
        %plugin,
        "refused: the grants of `policy.toml` line {} are not approved for the installed build, sha256 {}",
        route.line,
        installed.digest
    );
    let sentence = format!("nobody has approved what this build of plugin `{plugin}` may use");
    let hint = format!("portcullis grant {origin} {plugin} --approve");
    Err(Box::new(
        Report::new(ErrorCode::PermissionRequired, sentence).with_hint(hint),
    ))
}
