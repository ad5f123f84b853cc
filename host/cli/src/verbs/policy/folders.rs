//! Whether the folders of a route can be given to its plugin, as the host finds it at a start.

use portcullis_core::home::forbidden::{FolderError, Forbidden, check_together};
use portcullis_core::policy::Route;

/// Opens every folder of the route, and closes them again.
///
/// # Errors
///
/// The first folder that cannot be given, and the line of the policy on which it stands. The host does not start the
/// plugin then.
pub(super) fn check(forbidden: &Forbidden, route: &Route) -> Result<(), (usize, FolderError)> {
    let mut open = Vec::new();
    for folder in &route.grant.folders {
        let opened = forbidden.open(&folder.host, folder.access);
        open.push(opened.map_err(|error| (folder.line, error))?);
    }
    check_together(&open).map_err(|error| (route.line, error))
}
