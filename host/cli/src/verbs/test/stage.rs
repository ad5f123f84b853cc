//! A throw-away home with one plugin in it: where transcripts are played and files are measured.
//!
//! The deciding choice: a whole home and not a part of the user's. What a test stores, breaks or puts into quarantine is
//! then nobody's, secrets are never looked for in the user's keyring, and nothing is left when it is over.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use portcullis_core::caller::Origin;
use portcullis_core::home::Home;
use portcullis_core::home::data::{DataFolder, Owner};
use portcullis_core::home::lock::Lock;
use portcullis_core::names::PluginName;
use portcullis_core::policy::Limits;
use portcullis_storage::{Quota, Storage, Usage};

use crate::installation;
use crate::policy_file::{self, NewRoute};
use crate::project::Project;
use crate::scratch::Scratch;
use crate::verbs::add::Candidate;

/// The extension that a plugin meets which names none: letters that no store gives out in this order.
const MADE_UP: &str = "chrome-extension://abcdefghijklmnopabcdefghijklmnop/";

/// Where the host of a stage writes its log, the older one first.
const LOG_FILES: [&str; 2] = ["portcullis.log.1", "portcullis.log"];

/// A throw-away home. It is deleted when this is dropped.
pub(in crate::verbs) struct Stage {
    // Only kept: dropping it deletes the folder.
    _folder: Scratch,
    home: Home,
    origin: Origin,
    plugin: PluginName,
    installation: u64,
    limits: Limits,
}

impl Stage {
    /// Sets up a component with the policy of its project, or with the default limits and no grant. Compiles it, which
    /// the person sees. The extension is the one that was typed, else the first that the plugin is made for.
    pub(in crate::verbs) fn set_up(
        component: &Path,
        project: Option<&Project>,
        origin: Option<&Origin>,
    ) -> Result<Self> {
        let name = project.map(|project| project.name().clone());
        let candidate = Candidate::read(component, name)?;
        let requested = candidate.inspection.requests.as_ref();
        let requested = requested.and_then(|requests| requests.origins.first());
        let origin = match origin.or(requested) {
            Some(origin) => origin.clone(),
            None => MADE_UP.parse().context("the made-up extension has an id")?,
        };
        let folder = Scratch::new().context("cannot make a temporary folder for a home")?;
        let home = Home::create(folder.path().join("home"))?;
        let lock = installation::lock(&home, "test")?;
        let mut list = Lock::load(&home)?;
        candidate.install(&lock, &mut list)?;
        let policy = match project {
            Some(project) => project.policy_text(&origin, Some(&candidate.inspection.digest)),
            None => without_grant(&origin, &candidate.name)?,
        };
        policy_file::save(&lock, &with_secrets_in_files(&policy))?;
        let installed = list.find(&candidate.name);
        Ok(Self {
            _folder: folder,
            home,
            origin,
            installation: installed.map_or(0, |installed| installed.number),
            plugin: candidate.name,
            limits: project.map_or_else(Limits::default, |project| project.terms().limits),
        })
    }

    pub(in crate::verbs) fn home(&self) -> &Home {
        &self.home
    }

    pub(in crate::verbs) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(in crate::verbs) fn plugin(&self) -> &PluginName {
        &self.plugin
    }

    pub(in crate::verbs) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes away everything that a case has left: all but the plugin, its code and the policy.
    pub(super) fn clear(&self) -> Result<()> {
        let root = self.home.root();
        let cannot = || format!("cannot clear `{}`", root.display());
        let kept = [
            self.home.policy_file(),
            self.home.lock_file(),
            self.home.store(),
            self.home.cache(),
        ];
        for entry in fs::read_dir(root).with_context(cannot)? {
            let path = entry.with_context(cannot)?.path();
            if kept.contains(&path) {
                continue;
            }
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.with_context(cannot)?;
        }
        Ok(())
    }

    /// Everything that has been logged since it was cleared.
    pub(super) fn log(&self) -> Result<String> {
        let mut all = String::new();
        for name in LOG_FILES {
            match fs::read(self.home.logs().join(name)) {
                Ok(bytes) => all.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).context("cannot read the log of the host"),
            }
        }
        Ok(all)
    }

    /// What the plugin keeps now; nothing where it has never stored anything, or what it has stored cannot be read.
    pub(super) fn stored(&self) -> Option<Usage> {
        let owner = Owner {
            origin: &self.origin,
            plugin: &self.plugin,
            number: self.installation,
        };
        let file = DataFolder::find(&self.home, owner).ok()??.storage_file();
        if !file.exists() {
            return None;
        }
        let quota = Quota {
            bytes: self.limits.storage.bytes(),
            keys: self.limits.storage_keys.into(),
        };
        Storage::open(&file, quota).ok()?.usage().ok()
    }
}

fn without_grant(origin: &Origin, plugin: &PluginName) -> Result<String> {
    let route = NewRoute {
        origin: origin.clone(),
        host_name: None,
        when: std::collections::BTreeMap::new(),
        plugin: plugin.clone(),
    };
    policy_file::with_route("", &route)
}

/// A test must neither read nor write what is in the user's keyring.
fn with_secrets_in_files(policy: &str) -> String {
    format!("secrets-backend = \"file\"\n{policy}")
}
