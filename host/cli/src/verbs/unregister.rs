//! `unregister HOST_NAME [--browser B…] [--system] [--dry-run] [--json]`: takes away what `register` wrote, and nothing
//! else.

use anyhow::Result;
use portcullis_core::names::HostName;
use serde_json::json;

use super::register::{browser, names};
use crate::browsers::registration::withdrawal::{self, Kind, Withdrawal};
use crate::browsers::registration::{self, Ground};
use crate::browsers::{Browser, Scope};
use crate::environment::Environment;
use crate::installation;
use crate::output::Output;

/// Takes a host away from browsers.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The host
    host_name: HostName,
    /// Only from this browser
    #[arg(long, value_name = "BROWSER", num_args = 1.., value_parser = browser)]
    browser: Vec<&'static Browser>,
    /// What was registered for every user of this machine. Takes an administrator
    #[arg(long)]
    system: bool,
    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let machine = environment.machine();
    let host = &arguments.host_name;
    let scope = if arguments.system {
        Scope::System
    } else {
        Scope::User
    };
    let (ground, home) = match scope {
        Scope::User => (
            Ground::of_user(&environment.home_path()?),
            environment.home_if_any()?,
        ),
        Scope::System => (Ground::of_system(&machine)?, None),
    };
    let lock = match &home {
        Some(home) if !arguments.dry_run => Some(installation::lock(home, "unregister")?),
        _ => None,
    };
    let record = registration::record_of(home.as_ref())?;
    let plan = withdrawal::plan(&machine, &ground, &record, host, &arguments.browser)?;
    if !arguments.dry_run {
        match (&lock, scope) {
            (Some(lock), _) => plan.carry_out_for_user(&machine, lock)?,
            (None, Scope::User) => plan.carry_out_without_home(&machine)?,
            (None, Scope::System) => plan.carry_out_for_system(&machine)?,
        }
    }
    let mut output = Output::new();
    if arguments.json {
        return Ok(output.line(serde_json::to_string_pretty(&as_json(arguments, &plan))?)?);
    }
    output.line(match (plan.is_empty(), arguments.dry_run) {
        (true, _) => format!("`{host}` was not registered"),
        (false, false) => format!("unregistered `{host}`"),
        (false, true) => format!("would unregister `{host}`"),
    })?;
    let removed = if arguments.dry_run {
        "would remove"
    } else {
        "removed"
    };
    for removal in &plan.removals {
        let (word, why) = match removal.kind {
            Kind::Ours => (removed, ""),
            Kind::Shared => (
                "kept",
                ", which a browser that stays registered reads as well",
            ),
            Kind::Foreign => ("kept", ", which is not ours"),
        };
        let whose = if removal.browsers.is_empty() {
            "no browser that is installed".to_owned()
        } else {
            names(&removal.browsers)
        };
        output.line(format!("  {whose}: {word} `{}`{why}", removal.place))?;
    }
    if let Some(launcher) = &plan.launcher {
        output.line(format!("  {removed} `{}`", launcher.display()))?;
    }
    Ok(())
}

fn as_json(arguments: &Arguments, plan: &Withdrawal) -> serde_json::Value {
    let manifests: Vec<_> = plan
        .removals
        .iter()
        .map(|removal| {
            let ids: Vec<_> = removal.browsers.iter().map(|browser| browser.id).collect();
            let state = match removal.kind {
                Kind::Ours => "removed",
                Kind::Shared => "shared",
                Kind::Foreign => "foreign",
            };
            json!({ "browsers": ids, "place": removal.place.to_string(), "state": state })
        })
        .collect();
    json!({
        "host": arguments.host_name,
        "dry-run": arguments.dry_run,
        "launcher": plan.launcher,
        "manifests": manifests,
    })
}
