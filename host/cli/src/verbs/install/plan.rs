//! What an installation changes, worked out and not done.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Error, Result, anyhow, bail};
use portcullis_core::caller::Origin;
use portcullis_core::home::forbidden::FolderError;
use portcullis_core::home::lock::Lock;
use portcullis_core::home::{Home, launcher};
use portcullis_core::names::HostName;
use portcullis_core::policy::{Policy, Route};

use super::{Scene, powers};
use crate::browsers::Scope;
use crate::browsers::registration::{self, Plan, Wish};
use crate::exit::Usage;
use crate::output::shell_word;
use crate::policy_file::{self, NewRoute, grants};
use crate::power::Power;
use crate::verbs::add::Standing;
use crate::verbs::grant::check_folders;
use crate::verbs::register;
use crate::verbs::route::{Routed, routed};

/// The whole of it.
pub(super) struct Change {
    pub(super) list: Lock,
    pub(super) standing: Standing,
    /// Whether what is installed already is undamaged.
    pub(super) is_whole: bool,
    pub(super) text_before: String,
    /// The policy's text afterwards, and what it means.
    pub(super) text: String,
    pub(super) policy: Policy,
    pub(super) routes: Vec<PlannedRoute>,
    /// What the plugin is to have on each of the routes, and whether that is new on any.
    pub(super) powers: Vec<(Power, bool)>,
    pub(super) registrations: Registrations,
    /// Whether the launchers and the record are as the registrations want them.
    is_registered: bool,
}

/// One for each host name, with who was allowed before.
type Registrations = Vec<(Plan, Vec<Origin>)>;

/// One route.
pub(super) struct PlannedRoute {
    pub(super) origin: Origin,
    pub(super) host: HostName,
    pub(super) is_new: bool,
    /// Where it stands among the routes afterwards.
    pub(super) place: usize,
}

impl Change {
    /// Whether everything is as it should be already.
    pub(super) fn is_nothing(&self) -> bool {
        let mut registrations = self.registrations.iter();
        self.standing == Standing::Same
            && self.is_whole
            && self.text == self.text_before
            && self.is_registered
            && registrations.all(|(plan, _)| plan.changed().next().is_none())
    }

    /// The host names that it is about.
    pub(super) fn hosts(&self) -> Vec<HostName> {
        let registrations = self.registrations.iter();
        registrations
            .map(|(plan, _)| plan.wish.host.clone())
            .collect()
    }
}

/// Works it out against what is in `home`. Everything that can be refused is refused here.
pub(super) fn make(scene: &Scene<'_>, home: &Home) -> Result<Change> {
    let list = Lock::load(home)?;
    let standing = scene.candidate.standing(&list, scene.arguments.replace)?;
    let is_whole = standing == Standing::Same && scene.candidate.is_whole(home, &list);
    let (text_before, policy_before) = policy_file::read(home)?;
    let (origins, hosts) = (origins(scene)?, hosts(scene)?);
    let mut text = text_before.clone();
    let mut policy = policy_before;
    let mut routes = Vec::new();
    for host in &hosts {
        for origin in &origins {
            let new = NewRoute {
                origin: origin.clone(),
                host_name: Some(host.clone()),
                when: Default::default(),
                plugin: scene.candidate.name.clone(),
            };
            let (place, is_new) = match routed(&text, &policy, &home.policy_file(), &new)? {
                Routed::Already(place) => (place, false),
                Routed::New(with_it) => {
                    let place = policy.routes().len();
                    (text, policy) = parsed(home, with_it)?;
                    (place, true)
                }
            };
            routes.push(PlannedRoute {
                origin: origin.clone(),
                host: host.clone(),
                is_new,
                place,
            });
        }
    }
    let mut powers: Vec<(Power, bool)> = wanted(scene)?
        .into_iter()
        .map(|power| (power, false))
        .collect();
    for route in &routes {
        (text, policy) = grant(scene, home, (text, policy), route.place, &mut powers)?;
    }
    let (registrations, is_registered) = registrations(scene, home, &origins, &hosts)?;
    Ok(Change {
        list,
        standing,
        is_whole,
        text_before,
        text,
        policy,
        routes,
        powers,
        registrations,
        is_registered,
    })
}

fn parsed(home: &Home, text: String) -> Result<(String, Policy)> {
    let policy = Policy::parse(&text, &home.policy_file())
        .context("the policy would not be valid any more")?;
    Ok((text, policy))
}

/// Who is to use it: whom the person names, or whom it is made for.
fn origins(scene: &Scene<'_>) -> Result<Vec<Origin>> {
    let typed = scene.arguments.origins.iter();
    let mut origins: Vec<Origin> = typed.map(|extension| extension.0.clone()).collect();
    if origins.is_empty() {
        let requests = scene.candidate.inspection.requests.iter();
        origins.extend(requests.flat_map(|requests| requests.origins.clone()));
    }
    if origins.is_empty() {
        bail!(Usage(format!(
            "`{}` does not say which extension it is made for: name one with `--origin ORIGIN`",
            scene.candidate.name
        )));
    }
    Ok(distinct(origins))
}

/// By which host names: likewise.
fn hosts(scene: &Scene<'_>) -> Result<Vec<HostName>> {
    let mut hosts = scene.arguments.host_names.clone();
    if hosts.is_empty() {
        let requests = scene.candidate.inspection.requests.iter();
        hosts.extend(requests.flat_map(|requests| requests.host_names.clone()));
    }
    if hosts.is_empty() {
        bail!(Usage(format!(
            "`{}` does not say what extensions call it: give the host name that they pass to `connectNative` with \
             `--host-name NAME`",
            scene.candidate.name
        )));
    }
    Ok(distinct(hosts))
}

fn distinct<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

fn wanted(scene: &Scene<'_>) -> Result<Vec<Power>> {
    if scene.arguments.no_grants {
        return Ok(Vec::new());
    }
    let requests = scene.candidate.inspection.requests.as_ref();
    powers::wanted(requests, &scene.arguments.grants)
        .with_context(|| format!("cannot give `{}` what it needs", scene.candidate.name))
}

/// The policy in which the route at this place has the powers, too. Those that are new there are marked.
fn grant(
    scene: &Scene<'_>,
    home: &Home,
    (text, policy): (String, Policy),
    place: usize,
    powers: &mut [(Power, bool)],
) -> Result<(String, Policy)> {
    let route = &policy.routes()[place];
    let had = Power::all_of(&route.grant);
    let is_typed = !scene.arguments.grants.is_empty();
    let mut new = Vec::new();
    for (power, is_new) in powers.iter_mut() {
        if !has(&had, power, is_typed) {
            *is_new = true;
            new.push(power.clone());
        }
    }
    let digest = scene.candidate.inspection.digest;
    let reaches = had.iter().chain(&new).any(Power::needs_approval);
    let is_wanted = reaches && !scene.arguments.no_grants;
    let approves = is_wanted && route.grant.approved != Some(digest);
    if new.is_empty() && !approves {
        return Ok((text, policy));
    }
    let text = grants::with_grants(&text, place, &new, approves.then_some(&digest))?;
    let (text, policy) = parsed(home, text)?;
    check_folders(home, scene.environment, &policy.routes()[place], &new)
        .map_err(|error| how_to_make(scene, &policy.routes()[place], error))?;
    Ok((text, policy))
}

/// Whether a power is among those that a route gives. What a person has chosen for a request earlier, such as another
/// folder, stands, unless it is chosen anew.
fn has(had: &[Power], power: &Power, is_typed: bool) -> bool {
    let answers = |had: &Power| match (had.wish(), power.wish()) {
        (Some(had), Some(wanted)) => had.covers(&wanted),
        _ => false,
    };
    had.iter()
        .any(|had| had == power || !is_typed && answers(had))
}

/// A folder is never made because an author suggests it: the command is said, and a person runs it.
fn how_to_make(scene: &Scene<'_>, route: &Route, error: Error) -> Error {
    let Some(FolderError::Missing { path }) = error.downcast_ref() else {
        return error.context(format!("cannot give `{}` a folder", route.plugin));
    };
    anyhow!(
        "`{}` is to have the folder `{}`, which does not exist: make it with `mkdir -p {}`, or choose another with \
         `--grant`",
        scene.candidate.name,
        path.display(),
        shell_word(&path.to_string_lossy())
    )
}

/// The manifests, and whether launchers and record are right already. Who may connect already stays allowed.
fn registrations(
    scene: &Scene<'_>,
    home: &Home,
    origins: &[Origin],
    hosts: &[HostName],
) -> Result<(Registrations, bool)> {
    let record = registration::record_of(Some(home))?;
    let mut plans = Vec::new();
    let mut is_registered = true;
    for host in hosts {
        let known = record.find(host);
        let before = known.map(|known| known.allowed.clone()).unwrap_or_default();
        let allowed = distinct(before.iter().chain(origins).cloned().collect());
        is_registered &= allowed == before && leads_to(scene, host);
        let wish = Wish {
            host: host.clone(),
            allowed,
            browsers: scene.arguments.browser.clone(),
            scope: Scope::User,
        };
        let (machine, ground) = (&scene.machine, &scene.ground);
        let plan = registration::plan(machine, ground, &record, wish, &scene.program)?;
        register::check(&plan, false)?;
        plans.push((plan, before));
    }
    Ok((plans, is_registered))
}

/// Whether the launcher of a host is there and leads to this program.
fn leads_to(scene: &Scene<'_>, host: &HostName) -> bool {
    let launcher = launcher::path(scene.ground.root(), host);
    let real = |path: &Path| fs::canonicalize(path).ok();
    let programs = launcher::folder_of_programs(&launcher);
    launcher.exists() && scene.program.parent().and_then(real) == real(&programs)
}
