//! From a wish (this host, these extensions, these browsers) to manifests in their places, and back.
//!
//! The deciding choice: a [`Plan`] is made first and touches nothing, so that the whole of a change can be shown, refused
//! or dropped before any of it happens. What is in a place already decides its [`State`]; a file that is not ours stays
//! what it is unless the person says otherwise.

pub(crate) mod before;
mod carry_out;
pub(crate) mod withdrawal;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use portcullis_core::caller::{Family, Origin};
use portcullis_core::home::{Home, launcher};
use portcullis_core::manifest::program_named_by;
use portcullis_core::names::{HostName, escape};

use super::manifest_file::{self, Owner, owner_of};
use super::place::{Place, Scope, There};
use super::record::Record;
use super::{Browser, Machine, Reach, sign_of, system_launcher};

/// What is to be registered.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) host: HostName,
    /// Who may connect, of both families.
    pub(crate) allowed: Vec<Origin>,
    /// The browsers, installed or not; every one that is installed where none is named.
    pub(crate) browsers: Vec<&'static Browser>,
    pub(crate) scope: Scope,
}

/// Where launchers are, and whose manifests are ours.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    scope: Scope,
    /// The home, or the folder above the system's launchers.
    root: PathBuf,
    /// Manifests that lead into one of these are ours.
    pub(crate) hosts: Vec<PathBuf>,
}

/// What will be done.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) wish: Wish,
    pub(crate) launcher: PathBuf,
    pub(crate) steps: Vec<Step>,
    pub(crate) skipped: Vec<Skipped>,
}

/// One manifest in its place.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) place: Place,
    pub(crate) family: Family,
    /// Who reads it there: several browsers may share a place.
    pub(crate) browsers: Vec<&'static Browser>,
    pub(crate) state: State,
    /// The file, where the place is not one itself.
    file: PathBuf,
    text: String,
}

/// What is in a place, seen from what belongs there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing.
    Missing,
    /// Exactly that.
    Same,
    /// Something of ours that says something else.
    Outdated,
    /// Something of ours that nobody may use any more: it goes.
    Obsolete,
    /// Something that is not ours; the program that it starts, where it says.
    Foreign { what: String },
}

/// A browser that gets nothing.
#[derive(Debug)]
pub(crate) struct Skipped {
    pub(crate) browser: &'static Browser,
    pub(crate) why: Why,
}

/// Why a browser gets nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    NotInstalled,
    /// No extension of its family was allowed.
    NoExtension,
    /// Its family does not take such a name.
    Name,
    /// It could not start the host. The sentence says why and what would help.
    OutOfReach(String),
    /// It has no such place in this scope.
    NoPlace,
}

impl Why {
    /// The word for scripts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::NotInstalled => "not-installed",
            Self::NoExtension => "no-extension",
            Self::Name => "name",
            Self::OutOfReach(_) => "out-of-reach",
            Self::NoPlace => "no-place",
        }
    }
}

impl Ground {
    /// The ground of a registration for this user, whose home is (or will be) at `root`.
    pub(crate) fn of_user(root: &Path) -> Self {
        // A home may be named by a path with a link in it, now or when a manifest was written.
        let real = fs::canonicalize(root).ok().filter(|real| real != root);
        let roots = std::iter::once(root.to_owned()).chain(real);
        Self {
            scope: Scope::User,
            root: root.to_owned(),
            hosts: roots.map(|root| root.join(HOSTS)).collect(),
        }
    }

    /// The ground of a machine-wide one.
    pub(crate) fn of_system(machine: &Machine) -> Result<Self> {
        let hosts = machine.surroundings.system_hosts();
        let hosts =
            hosts.ok_or_else(|| anyhow!("cannot tell where programs are: set `ProgramFiles`"))?;
        Ok(Self {
            scope: Scope::System,
            root: hosts.parent().unwrap_or(Path::new("")).to_owned(),
            hosts: vec![hosts],
        })
    }

    /// The home, or the folder above the system's launchers.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    fn launcher(&self, machine: &Machine, host: &HostName) -> Result<PathBuf> {
        match self.scope {
            Scope::User => Ok(launcher::path(&self.root, host)),
            Scope::System => system_launcher::path(machine, host)
                .ok_or_else(|| anyhow!("cannot tell where programs are: set `ProgramFiles`")),
        }
    }

    /// Where something lies that manifests call `path`.
    pub(crate) fn on_disk(&self, machine: &Machine, path: &Path) -> PathBuf {
        match self.scope {
            Scope::User => path.to_owned(),
            Scope::System => machine.surroundings.below_root(path),
        }
    }

    /// Where the manifest of a family is kept on Windows, whose registry names it.
    fn kept_manifest(&self, family: Family, host: &HostName) -> PathBuf {
        let folder = self.root.join("manifests").join(family.as_str());
        folder.join(format!("{host}.json"))
    }
}

/// The folder of the launchers in a home; see `home` in the core.
const HOSTS: &str = "hosts";

/// Works out what a wish means on this machine, where `program` is the host. `record` tells which damaged files are
/// ours.
pub(crate) fn plan(
    machine: &Machine,
    ground: &Ground,
    record: &Record,
    wish: Wish,
    program: &Path,
) -> Result<Plan> {
    let launcher = ground.launcher(machine, &wish.host)?;
    let Some(launcher_text) = launcher.to_str() else {
        bail!(
            "`{}` is not UTF-8, and a manifest is: set PORTCULLIS_HOME to another folder",
            launcher.display()
        );
    };
    let mut plan = Plan {
        launcher: launcher.clone(),
        steps: Vec::new(),
        skipped: Vec::new(),
        wish: wish.clone(),
    };
    let known = record
        .find(&wish.host)
        .filter(|_| ground.scope == Scope::User);
    for browser in machine.browsers() {
        let is_recorded =
            known.is_some_and(|known| known.browsers.iter().any(|id| id == browser.id));
        let is_named = wish.browsers.iter().any(|named| named.id == browser.id);
        // Who was registered before stays so, and gets the new list of extensions.
        let is_wanted = is_named || is_recorded;
        if !is_wanted && !wish.browsers.is_empty() {
            continue;
        }
        let places = machine.written_for(browser, wish.scope, &wish.host);
        if let Some(why) =
            reason_to_skip(machine, ground, &wish, browser, is_wanted, program, &places)
        {
            if why == Why::NoExtension {
                plan.retire(machine, ground, browser, places);
            }
            plan.skipped.push(Skipped { browser, why });
            continue;
        }
        for place in places {
            if let Some(step) = plan.steps.iter_mut().find(|step| step.place == place) {
                step.browsers.push(browser);
                continue;
            }
            let text =
                manifest_file::text(browser.family, &wish.host, launcher_text, &wish.allowed);
            let file = match &place {
                Place::File(path) => path.clone(),
                Place::Key(_) => ground.kept_manifest(browser.family, &wish.host),
            };
            let state = state_of(machine, ground, &place, &file, &text, is_recorded);
            plan.steps.push(Step {
                place,
                family: browser.family,
                browsers: vec![browser],
                state,
                file,
                text,
            });
        }
    }
    Ok(plan)
}

/// The plan that makes the registration of a host again, as it was noted; `None` where it was not. What is not ours is
/// not in it.
pub(crate) fn plan_again(
    machine: &Machine,
    ground: &Ground,
    record: &Record,
    host: &HostName,
    program: &Path,
) -> Result<Option<Plan>> {
    let Some(known) = record.find(host) else {
        return Ok(None);
    };
    let is_known = |browser: &&Browser| known.browsers.iter().any(|id| id == browser.id);
    let wish = Wish {
        host: host.clone(),
        allowed: known.allowed.clone(),
        browsers: machine.browsers().iter().filter(is_known).collect(),
        scope: Scope::User,
    };
    let mut plan = plan(machine, ground, record, wish, program)?;
    plan.leave_foreign();
    Ok(Some(plan))
}

fn reason_to_skip(
    machine: &Machine,
    ground: &Ground,
    wish: &Wish,
    browser: &Browser,
    is_wanted: bool,
    program: &Path,
    places: &[Place],
) -> Option<Why> {
    if !is_wanted && sign_of(machine, browser).is_none() {
        return Some(Why::NotInstalled);
    }
    if !wish
        .allowed
        .iter()
        .any(|origin| origin.family() == browser.family)
    {
        return Some(Why::NoExtension);
    }
    if browser.family == Family::Chromium && !wish.host.fits_chromium() {
        return Some(Why::Name);
    }
    if let Some(sentence) = out_of_reach(machine, browser, &ground.root, program) {
        return Some(Why::OutOfReach(sentence));
    }
    places.is_empty().then_some(Why::NoPlace)
}

/// Why a browser could not start a host whose launcher is below `root` and whose program is `program`.
pub(crate) fn out_of_reach(
    machine: &Machine,
    browser: &Browser,
    root: &Path,
    program: &Path,
) -> Option<String> {
    let Reach::Below { folder, by } = browser.reach else {
        return None;
    };
    let visible = machine.surroundings.user_home.as_ref()?.join(folder);
    if root.starts_with(&visible) && program.starts_with(&visible) {
        return None;
    }
    Some(format!(
        "{by} lets it start only programs below `{}`; install the browser without {by}, or put the programs and \
         PORTCULLIS_HOME there",
        visible.display()
    ))
}

fn state_of(
    machine: &Machine,
    ground: &Ground,
    place: &Place,
    file: &Path,
    text: &str,
    is_recorded: bool,
) -> State {
    let foreign = |what: String| State::Foreign { what };
    match machine.look(place) {
        There::Nothing => match dangling(place) {
            None => State::Missing,
            Some(target) => {
                let target = escape(&target.display().to_string());
                foreign(format!("a link to `{target}`, which is missing"))
            }
        },
        There::NotText => foreign("a value that is no text".to_owned()),
        There::NoFile { file: named } if named == *file => State::Outdated,
        There::NoFile { file: named } => {
            foreign(format!("`{}`, which is missing", named.display()))
        }
        There::Unreadable { error, .. } => {
            foreign(format!("something that cannot be read ({error})"))
        }
        There::Manifest {
            file: found,
            text: there,
        } => {
            if there == text.as_bytes() && found == *file {
                return State::Same;
            }
            match owner_of(&there, &ground.hosts) {
                Owner::Us => State::Outdated,
                // A file that we wrote here once, and that has been damaged since.
                Owner::Illegible if is_recorded => State::Outdated,
                Owner::Illegible => foreign("a file that names no program".to_owned()),
                Owner::SomebodyElse => foreign(format!("a manifest for `{}`", path_in(&there))),
            }
        }
    }
}

/// What the link at a place names, where it leads nowhere. Browsers see nothing there, but somebody has put it there,
/// and we make none.
fn dangling(place: &Place) -> Option<PathBuf> {
    match place {
        Place::File(path) => fs::read_link(path).ok(),
        Place::Key(_) => None,
    }
}

/// The program that a manifest of somebody's names, for a person.
fn path_in(text: &[u8]) -> String {
    escape(&program_named_by(text).unwrap_or_default())
}

/// The record of a home that may not exist yet.
pub(crate) fn record_of(home: Option<&Home>) -> Result<Record> {
    home.map_or_else(|| Ok(Record::default()), Record::load)
}

#[cfg(test)]
mod tests;
