//! Taking a registration back: what we wrote, and only that.

use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result};
use portcullis_core::caller::Family;
use portcullis_core::home::{HomeLock, launcher};
use portcullis_core::names::HostName;

use super::{Ground, Record};
use crate::browsers::manifest_file::{self, Owner, owner_of};
use crate::browsers::place::{Place, Scope, There};
use crate::browsers::{Browser, Machine, sign_of, system_launcher};

/// What will be taken away.
#[derive(Debug)]
pub(crate) struct Withdrawal {
    host: HostName,
    pub(crate) removals: Vec<Removal>,
    /// The launcher, where no browser is left that could use it, and it is there.
    pub(crate) launcher: Option<PathBuf>,
    /// The browsers that stay registered.
    left: Vec<String>,
    /// Manifests that only the registry names.
    kept: Vec<PathBuf>,
    is_recorded: bool,
}

/// One place with a manifest of this name.
#[derive(Debug)]
pub(crate) struct Removal {
    pub(crate) place: Place,
    /// Who reads it there, of those that are installed or were registered.
    pub(crate) browsers: Vec<&'static Browser>,
    pub(crate) kind: Kind,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is ours, and goes.
    Ours,
    /// It is ours, and a browser that stays registered reads it as well.
    Shared,
    /// It is not ours, and stays.
    Foreign,
}

/// Works out what is to be taken away for these browsers; for all of them where none is named.
pub(crate) fn plan(
    machine: &Machine,
    ground: &Ground,
    record: &Record,
    host: &HostName,
    browsers: &[&'static Browser],
) -> Result<Withdrawal> {
    let known = record.find(host).filter(|_| ground.scope == Scope::User);
    let recorded = known.map_or(&[][..], |known| &known.browsers);
    let goes = |id: &str| browsers.is_empty() || browsers.iter().any(|browser| browser.id == id);
    let left: Vec<String> = recorded.iter().filter(|id| !goes(id)).cloned().collect();
    let mut removals: Vec<Removal> = Vec::new();
    for browser in machine.browsers().iter().filter(|browser| goes(browser.id)) {
        for place in machine.written_for(browser, ground.scope, host) {
            let is_recorded = recorded.iter().any(|id| id == browser.id);
            let is_concerned = is_recorded || sign_of(machine, browser).is_some();
            if let Some(removal) = removals.iter_mut().find(|removal| removal.place == place) {
                if is_concerned {
                    removal.browsers.push(browser);
                }
                continue;
            }
            let Some(owner) = owner_at(machine, ground, &place, is_recorded) else {
                continue;
            };
            let stays = |other: &&Browser| {
                left.iter().any(|id| id == other.id)
                    && machine
                        .written_for(other, ground.scope, host)
                        .contains(&place)
            };
            let kind = match owner {
                Owner::Us if machine.browsers().iter().any(|other| stays(&other)) => Kind::Shared,
                Owner::Us => Kind::Ours,
                Owner::SomebodyElse | Owner::Illegible => Kind::Foreign,
            };
            removals.push(Removal {
                place,
                browsers: is_concerned.then_some(browser).into_iter().collect(),
                kind,
            });
        }
    }
    let launcher = ground.launcher(machine, host)?;
    let is_last = left.is_empty() && (browsers.is_empty() || known.is_some());
    let (launcher, kept) = if is_last {
        let families = [Family::Chromium, Family::Mozilla];
        let kept = families.map(|family| ground.kept_manifest(family, host));
        let kept = kept.map(|file| ground.on_disk(machine, &file));
        let is_there = fs::symlink_metadata(ground.on_disk(machine, &launcher)).is_ok();
        (is_there.then_some(launcher), kept.into())
    } else {
        (None, Vec::new())
    };
    Ok(Withdrawal {
        host: host.clone(),
        removals,
        launcher,
        left,
        kept,
        is_recorded: known.is_some(),
    })
}

/// Whose the thing at a place is; `None` where nothing is there.
fn owner_at(machine: &Machine, ground: &Ground, place: &Place, is_recorded: bool) -> Option<Owner> {
    let kept = |file: &PathBuf| file.starts_with(ground.root.join("manifests"));
    Some(match machine.look(place) {
        There::Nothing => return None,
        There::NoFile { file } if kept(&file) => Owner::Us,
        There::NoFile { .. } | There::NotText | There::Unreadable { .. } => Owner::SomebodyElse,
        There::Manifest { text, .. } => match owner_of(&text, &ground.hosts) {
            Owner::Illegible if is_recorded => Owner::Us,
            owner => owner,
        },
    })
}

impl Withdrawal {
    /// Whether there is anything of ours to take away.
    pub(crate) fn is_empty(&self) -> bool {
        let ours = self
            .removals
            .iter()
            .any(|removal| removal.kind == Kind::Ours);
        !ours && self.launcher.is_none() && !self.is_recorded
    }

    /// Takes it away for this user: manifests, then the launcher, then the note.
    pub(crate) fn carry_out_for_user(&self, machine: &Machine, lock: &HomeLock) -> Result<()> {
        self.remove_manifests(machine)?;
        if let Some(path) = &self.launcher {
            launcher::remove(lock, &self.host)
                .with_context(|| format!("cannot remove the launcher `{}`", path.display()))?;
        }
        let mut record = Record::load(lock.home())?;
        match record.find(&self.host).cloned() {
            Some(mut known) if !self.left.is_empty() => {
                known.browsers.clone_from(&self.left);
                record.put(known);
            }
            Some(_) => record.remove(&self.host),
            None => return Ok(()),
        }
        record.save(lock)
    }

    /// The same where this user's home is gone, and with it the launcher and the note.
    pub(crate) fn carry_out_without_home(&self, machine: &Machine) -> Result<()> {
        self.remove_manifests(machine)
    }

    /// The same for every user of the machine.
    pub(crate) fn carry_out_for_system(&self, machine: &Machine) -> Result<()> {
        self.remove_manifests(machine)?;
        if let Some(path) = &self.launcher {
            system_launcher::remove(machine, path)
                .with_context(|| format!("cannot remove the launcher `{}`", path.display()))?;
        }
        Ok(())
    }

    fn remove_manifests(&self, machine: &Machine) -> Result<()> {
        for removal in self
            .removals
            .iter()
            .filter(|removal| removal.kind == Kind::Ours)
        {
            clear(machine, &removal.place)
                .with_context(|| format!("cannot remove `{}`", removal.place))?;
        }
        for file in &self.kept {
            manifest_file::remove(file)
                .with_context(|| format!("cannot remove `{}`", file.display()))?;
        }
        Ok(())
    }
}

/// Empties a place.
pub(super) fn clear(machine: &Machine, place: &Place) -> io::Result<()> {
    match place {
        Place::File(path) => manifest_file::remove(path),
        Place::Key(key) => machine.registry.remove(key),
    }
}
