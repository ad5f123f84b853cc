//! Storage: the folder in which a plugin keeps what it keeps, made and opened before the process is confined.
//!
//! The file in it is left alone until the plugin asks: a port that never looks pays for one folder, and a route that is
//! not granted storage for nothing.

use portcullis_core::home::Home;
use portcullis_core::home::data::{DataFolder, Owner};
use portcullis_core::home::lock::Installed;
use portcullis_core::policy::Route;
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::Storage;

use crate::plugins::chain;

/// The storage of a route's plugin, where the route grants it.
///
/// # Errors
///
/// The report that every message for the plugin gets: its folder, or what is in it, cannot be trusted or used. The
/// detail is in the log.
pub(super) fn open(
    home: &Home,
    route: &Route,
    installed: &Installed,
) -> Result<Option<Storage>, Box<Report>> {
    if route.grant.storage.is_none() {
        return Ok(None);
    }
    let (origin, plugin) = (&route.origin, &route.plugin);
    let owner = Owner {
        origin,
        plugin,
        number: installed.number,
    };
    let folder = DataFolder::make(home, owner).map_err(|error| {
        tracing::error!(%plugin, "cannot open the storage: {}", chain(&error));
        let sentence = format!("the storage of plugin `{plugin}` cannot be opened");
        Box::new(Report::new(ErrorCode::Internal, sentence).with_hint("portcullis doctor"))
    })?;
    let file = folder.storage_file();
    let folder = folder.into_folder();
    Ok(Some(Storage::new(
        folder,
        file,
        &route.limits,
        origin,
        plugin,
    )))
}
