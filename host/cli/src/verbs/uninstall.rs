//! `uninstall NAME [--purge] [--yes]`: takes away a plugin and everything that leads to it: its routes with their grants,
//! the manifests by which its extensions reach it, and itself. What it has kept stays, unless it is purged.
//!
//! The deciding choice: an extension loses its way to a host only where no route serves it there any more, and a host
//! loses its manifests only where no extension is left. What others use stays as it is, as does every manifest of a host
//! that no route of the plugin names.

use std::path::Path;

use anyhow::{Result, bail};
use portcullis_core::caller::Origin;
use portcullis_core::home::lock::Lock;
use portcullis_core::home::{Home, store};
use portcullis_core::names::{HostName, PluginName};
use portcullis_core::policy::{Policy, Route};

use super::install::{Consent, all_or_nothing};
use super::register::names;
use super::remove::purge_all;
use crate::browsers::record::Record;
use crate::browsers::registration::withdrawal::{self, Kind, Withdrawal};
use crate::browsers::registration::{self, Ground, Plan, Wish};
use crate::browsers::{Browser, Machine, Scope};
use crate::environment::Environment;
use crate::hand_over::host_program;
use crate::output::Output;
use crate::power::Power;
use crate::{installation, policy_file};

/// Takes a plugin away, with everything that leads to it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plugin
    name: PluginName,
    /// Deletes what it has kept, for every extension
    #[arg(long)]
    purge: bool,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let name = &arguments.name;
    let machine = environment.machine();
    let ground = Ground::of_user(&environment.home_path()?);
    let program = host_program()?;
    let home = environment.home()?;
    let look = || Change::of(&home, &machine, &ground, &program, name);
    let planned = look()?;
    let consent = Consent::new(arguments.yes)?;
    Output::new().table(&planned.rows(arguments))?;
    consent.ask("Take all this away?")?;
    let lock = installation::lock(&home, "uninstall")?;
    let change = look()?;
    if change.rows(arguments) != planned.rows(arguments) {
        bail!(
            "somebody else has changed the plugins, the policy or the manifests since you were asked, and nothing was \
             done: uninstall again"
        );
    }
    let mut list = change.list.clone();
    let hosts = change.hosts();
    all_or_nothing(&lock, (&machine, &ground, &program), &hosts, || {
        if !change.routes.is_empty() {
            policy_file::save(&lock, &change.text)?;
        }
        for (_, unregistration) in &change.hosts {
            match unregistration {
                Unregistration::Whole(withdrawal) => {
                    withdrawal.carry_out_for_user(&machine, &lock)?;
                }
                Unregistration::Extensions(plan) => {
                    let failures = plan.carry_out_for_user(&machine, &lock, &program)?;
                    if let Some((step, error)) = failures.first() {
                        bail!("cannot write `{}`: {error}", step.place);
                    }
                }
            }
        }
        list.remove(name);
        Ok(list.save(&lock)?)
    })?;
    store::sweep(&lock, &list);
    let mut output = Output::new();
    output.line(format!("uninstalled `{name}`"))?;
    if arguments.purge {
        output.line(purge_all(&lock, name, environment)?.said_of(name))?;
    }
    Ok(())
}

/// What will be taken away.
struct Change {
    list: Lock,
    /// The policy's text without the routes.
    text: String,
    routes: Vec<Route>,
    hosts: Vec<(HostName, Unregistration)>,
}

/// What becomes of a registered host.
enum Unregistration {
    /// Nobody uses it any more.
    Whole(Withdrawal),
    /// Some extensions may not connect any more.
    Extensions(Plan),
}

impl Change {
    fn of(
        home: &Home,
        machine: &Machine,
        ground: &Ground,
        program: &Path,
        name: &PluginName,
    ) -> Result<Self> {
        let list = Lock::load(home)?;
        if list.find(name).is_none() {
            bail!("{}", installation::not_installed(name, &list));
        }
        let (mut text, policy) = policy_file::read(home)?;
        let routes: Vec<(usize, &Route)> = policy
            .routes()
            .iter()
            .enumerate()
            .filter(|(_, route)| route.plugin == *name)
            .collect();
        // From the last one, so that the places of the others stay what they are.
        for (place, _) in routes.iter().rev() {
            text = policy_file::without_route(&text, *place)?;
        }
        let after = if text.is_empty() {
            Policy::default()
        } else {
            Policy::parse(&text, &home.policy_file())?
        };
        let routes: Vec<Route> = routes.into_iter().map(|(_, route)| route.clone()).collect();
        let record = registration::record_of(Some(home))?;
        let mut hosts: Vec<HostName> = Vec::new();
        for host in routes.iter().filter_map(|route| route.host_name.as_ref()) {
            if !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
        let mut found = Vec::new();
        for host in hosts {
            let (allowed, is_less) = left(&record, &host, &routes, &after);
            if !is_less {
                continue;
            }
            let unregistration = if allowed.is_empty() {
                let withdrawal = withdrawal::plan(machine, ground, &record, &host, &[])?;
                Unregistration::Whole(withdrawal)
            } else {
                let wish = Wish {
                    host: host.clone(),
                    allowed,
                    browsers: registered_with(machine, &record, &host),
                    scope: Scope::User,
                };
                let mut plan = registration::plan(machine, ground, &record, wish, program)?;
                plan.leave_foreign();
                Unregistration::Extensions(plan)
            };
            found.push((host, unregistration));
        }
        Ok(Self {
            list,
            text,
            routes,
            hosts: found,
        })
    }

    fn hosts(&self) -> Vec<HostName> {
        self.hosts.iter().map(|(host, _)| host.clone()).collect()
    }

    /// Everything that goes, headings first.
    fn rows(&self, arguments: &Arguments) -> Vec<Vec<String>> {
        let row =
            |part: &str, state: &str, what: String| vec![part.to_owned(), state.to_owned(), what];
        let mut rows = vec![row("PART", "", "WHAT".to_owned())];
        for route in &self.routes {
            let host = route.host_name.iter();
            let host: String = host.map(|host| format!(" as {host}")).collect();
            rows.push(row("route", "removed", format!("{}{host}", route.origin)));
            for power in Power::all_of(&route.grant) {
                rows.push(row("grant", "removed", power.to_string()));
            }
        }
        for (_, unregistration) in &self.hosts {
            match unregistration {
                Unregistration::Whole(withdrawal) => {
                    for removal in &withdrawal.removals {
                        let state = match removal.kind {
                            Kind::Ours => "removed",
                            Kind::Shared | Kind::Foreign => "kept",
                        };
                        let what = match names(&removal.browsers) {
                            // No browser that is installed.
                            none if none.is_empty() => removal.place.to_string(),
                            names => format!("{names}: {}", removal.place),
                        };
                        rows.push(row("manifest", state, what));
                    }
                    if let Some(launcher) = &withdrawal.launcher {
                        rows.push(row("launcher", "removed", launcher.display().to_string()));
                    }
                }
                Unregistration::Extensions(plan) => {
                    for step in plan.changed() {
                        let what = format!("{}: {}", names(&step.browsers), step.place);
                        rows.push(row("manifest", "for others only", what));
                    }
                }
            }
        }
        rows.push(row("plugin", "removed", arguments.name.to_string()));
        let data = if arguments.purge { "deleted" } else { "kept" };
        rows.push(row("data", data, "what it has stored".to_owned()));
        rows
    }
}

/// Who may connect to a host without these routes, and whether these are fewer than before. Who was allowed without any
/// route of the plugin's is none of its business.
fn left(record: &Record, host: &HostName, routes: &[Route], after: &Policy) -> (Vec<Origin>, bool) {
    let Some(known) = record.find(host) else {
        return (Vec::new(), false);
    };
    let is_of_the_plugin = |origin: &Origin| {
        let mut routes = routes.iter();
        routes.any(|route| route.origin == *origin && route.host_name.as_ref() == Some(host))
    };
    let is_served = |origin: &Origin| !after.for_port(origin, Some(host)).as_slice().is_empty();
    let stays = |origin: &&Origin| !is_of_the_plugin(origin) || is_served(origin);
    let allowed: Vec<Origin> = known.allowed.iter().filter(stays).cloned().collect();
    let is_less = allowed.len() < known.allowed.len();
    (allowed, is_less)
}

fn registered_with(machine: &Machine, record: &Record, host: &HostName) -> Vec<&'static Browser> {
    let known = record.find(host).map_or(&[][..], |known| &known.browsers);
    let browsers = machine.browsers().iter();
    browsers
        .filter(|browser| known.iter().any(|id| id == browser.id))
        .collect()
}
