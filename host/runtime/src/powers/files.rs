//! The folders of a route, opened.
//!
//! The deciding choice: a folder that cannot be opened as it is granted makes the plugin unavailable. A plugin that
//! finds an empty machine where its notes should be might well begin anew, and write over what is there later.
//!
//! The folder of one class of devices (`/sys/class/net`) holds nothing but links into `/sys/devices`, and links are
//! never followed out of a folder. So each of them is followed here, once, and given to the plugin as a folder of its
//! own below the class: `/sys/class/net` as `/net` makes `/net`, `/net/lo`, `/net/eth0`. A device that comes later is
//! seen in a listing and cannot be entered before the next start.

use std::fs;
use std::path::Path;

use portcullis_core::home::Home;
use portcullis_core::home::forbidden::{Forbidden, OpenFolder, check_together, is_of_one_class};
use portcullis_core::policy::{FolderGrant, GuestPath, Route};
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::{Denials, Folder, Folders};

use crate::environment::Environment;
use crate::plugins::chain;

/// Opens every folder that a route grants. Called before the process is confined.
///
/// # Errors
///
/// The report that every message for the plugin gets, where a folder is missing, is a link, or must not be granted. The
/// path is only in the log.
pub(super) fn open(
    home: &Home,
    environment: &Environment,
    route: &Route,
    denials: &Denials,
) -> Result<Folders, Box<Report>> {
    if route.grant.folders.is_empty() {
        return Ok(Folders::none(denials));
    }
    let forbidden = Forbidden::of(home, &environment.surroundings);
    let refused = |line: usize, error: &dyn std::error::Error| {
        let plugin = &route.plugin;
        tracing::error!(
            %plugin,
            "the folders of `policy.toml` line {line} cannot be used: {}",
            chain(error)
        );
        let sentence = format!("a folder that plugin `{plugin}` was granted cannot be used");
        let report = Report::new(ErrorCode::PolicyInvalid, sentence);
        Box::new(report.with_hint("portcullis policy check"))
    };
    let grants = &route.grant.folders;
    let opened = grants.iter().map(|grant| {
        let folder = forbidden.open(&grant.host, grant.access);
        folder.map_err(|error| refused(grant.line, &error))
    });
    let opened = opened.collect::<Result<Vec<_>, _>>()?;
    check_together(&opened).map_err(|error| refused(route.line, &error))?;
    let mut folders = Vec::with_capacity(opened.len());
    for (grant, OpenFolder { handle, path, .. }) in grants.iter().zip(opened) {
        let (guest, access) = (grant.guest.as_str(), grant.access);
        if is_of_one_class(&path) {
            folders.push(Folder::only_to_read(handle, guest));
            devices(grant, &path, &forbidden, &mut folders);
        } else {
            folders.push(Folder::new(handle, guest, access, &grant.host));
        }
    }
    Ok(Folders::new(folders, &route.limits, denials))
}

/// Adds the devices of one class. One that goes in this moment is left out, as it would be a moment later.
fn devices(grant: &FolderGrant, class: &Path, forbidden: &Forbidden, folders: &mut Vec<Folder>) {
    let entries = fs::read_dir(class).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    let total = names.len();
    for (before, name) in names.into_iter().enumerate() {
        let below = format!("{}/{name}", grant.guest.as_str().trim_end_matches('/'));
        let Ok(guest) = GuestPath::try_from(below) else {
            continue;
        };
        if let Ok(OpenFolder { handle, .. }) = forbidden.open_device(&class.join(&name)) {
            let Some(folder) = Folder::of_device(handle, guest.as_str()) else {
                tracing::warn!(
                    "`{}` has {total} devices, and the first {before} can be read: a port has no room for more",
                    grant.host
                );
                return;
            };
            folders.push(folder);
        }
    }
}
