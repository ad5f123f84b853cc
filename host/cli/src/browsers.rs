//! Browsers on this machine, and the manifests that they start our hosts by.
//!
//! The deciding choice: where a browser looks is data ([`mod@table`]), what the machine has is handed in ([`Machine`]), and
//! the one file per host that says what was wanted ([`record`]) is kept apart from the manifests that follow from it. So
//! a manifest that is lost or damaged can be made again, and what is ours is never guessed: a manifest is ours where its
//! `path` leads into our own folder of launchers.
//!
//! What this does not do: it judges no manifest (that is `manifest` in the core), and prints nothing.

mod detect;
mod manifest_file;
pub(crate) mod place;
pub(crate) mod policies;
pub(crate) mod record;
pub(crate) mod registration;
mod registry;
mod surroundings;
mod system_launcher;
pub(crate) mod table;

use std::path::PathBuf;

pub(crate) use detect::sign_of;
pub(crate) use manifest_file::{Owner, owner_of, read_bounded};
pub(crate) use place::{Place, Scope, There};
pub(crate) use registry::{Registry, of_this_system as registry_of_this_system};
pub(crate) use surroundings::{Platform, Surroundings};
pub(crate) use table::{Browser, Folder, Reach};

/// The machine as browsers see it.
pub(crate) struct Machine {
    pub(crate) surroundings: Surroundings,
    pub(crate) registry: Box<dyn Registry>,
}

impl Machine {
    /// The browsers that there are on such a system, installed or not.
    pub(crate) fn browsers(&self) -> &'static [Browser] {
        table::browsers(self.surroundings.platform)
    }

    /// Where this folder is for this user; `None` where the system does not say.
    fn folder(&self, folder: Folder) -> Option<PathBuf> {
        let at = &self.surroundings;
        match folder {
            Folder::Config(path) => {
                let settings = at.chrome_config_home.as_ref().or(at.config_home.as_ref());
                match settings {
                    Some(settings) => Some(settings.join(path)),
                    None => Some(at.user_home.as_ref()?.join(".config").join(path)),
                }
            }
            Folder::Home(path) => Some(at.user_home.as_ref()?.join(path)),
            Folder::Support(path) => {
                let support = at.user_home.as_ref()?.join("Library/Application Support");
                Some(support.join(path))
            }
            Folder::Local(path) => Some(at.local_app_data.as_ref()?.join(path)),
            Folder::Roaming(path) => Some(at.roaming_app_data.as_ref()?.join(path)),
            Folder::Root(path) => Some(at.below_root(path.as_ref())),
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
