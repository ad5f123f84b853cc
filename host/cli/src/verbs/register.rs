//! `register HOST_NAME --allow ORIGIN… [--keep] [--browser B…] [--system] [--dry-run] [--force] [--json]`: the manifests
//! by which browsers start the host.
//!
//! The list of extensions is the whole list: what was allowed before and is not named again is not allowed any more, in
//! every browser that the host was ever registered with, unless a person says `--keep`. Nothing is written while a manifest of somebody else's is in
//! the way, so that a refusal leaves things as they were.

pub(crate) mod extension;

use std::io;

use anyhow::{Result, bail};
use portcullis_core::caller::Origin;
use portcullis_core::names::{HostName, escape};
use serde_json::{Value, json};

use crate::browsers::record::Record;
use crate::browsers::registration::{self, Ground, Plan, Skipped, State, Step, Why, Wish};
use crate::browsers::{Browser, Platform, Reach, Scope, table};
use crate::environment::Environment;
use crate::exit::Usage;
use crate::hand_over::host_program;
use crate::installation;
use crate::output::Output;
use extension::Extension;

/// Tells browsers of a host.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What extensions pass to `connectNative`, for example `com.example.notes`
    host_name: HostName,
    /// An extension that may connect: `chrome-extension://<id>/`, `<id>`, or the id of a Mozilla add-on. One extension
    /// has several where it is in several stores. Left out, it is who was allowed before
    #[arg(long, value_name = "ORIGIN", num_args = 1..)]
    allow: Vec<Extension>,
    /// Lets those that were allowed before connect as well
    #[arg(long, requires = "allow", conflicts_with = "system")]
    keep: bool,
    /// Only this browser, installed or not
    #[arg(long, value_name = "BROWSER", num_args = 1.., value_parser = browser)]
    browser: Vec<&'static Browser>,
    /// For every user of this machine. Takes an administrator
    #[arg(long)]
    system: bool,
    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Replaces manifests of this name that are not ours
    #[arg(long)]
    force: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// The browser that was meant.
pub(super) fn browser(id: &str) -> Result<&'static Browser, String> {
    table::find(Platform::THIS, id).ok_or_else(|| {
        let ids: Vec<_> = table::browsers(Platform::THIS)
            .iter()
            .map(|one| one.id)
            .collect();
        format!("it is one of {}", ids.join(", "))
    })
}

pub(crate) fn run(arguments: Arguments, environment: &Environment) -> Result<()> {
    let machine = environment.machine();
    let program = host_program()?;
    let scope = if arguments.system {
        Scope::System
    } else {
        Scope::User
    };
    let ground = match scope {
        Scope::User => Ground::of_user(&environment.home_path()?),
        Scope::System => Ground::of_system(&machine)?,
    };
    let home = match scope {
        Scope::User if arguments.dry_run => environment.home_if_any()?,
        Scope::User => Some(environment.home_made()?),
        Scope::System => None,
    };
    // Held from the first look on, so that two of these do not undo each other's.
    let lock = match &home {
        Some(home) if !arguments.dry_run => Some(installation::lock(home, "register")?),
        _ => None,
    };
    let record = registration::record_of(home.as_ref())?;
    let wish = wish(&arguments, scope, &record)?;
    let before = record
        .find(&wish.host)
        .map(|known| known.allowed.clone())
        .unwrap_or_default();
    let plan = registration::plan(&machine, &ground, &record, wish, &program)?;
    check(&plan, arguments.force)?;
    let failures = match (&lock, scope) {
        _ if arguments.dry_run => Vec::new(),
        (Some(lock), _) => plan.carry_out_for_user(&machine, lock, &program)?,
        (None, _) => plan.carry_out_for_system(&machine, &program)?,
    };
    let report = Report {
        plan: &plan,
        failures: &failures,
        before: &before,
        is_dry: arguments.dry_run,
    };
    if arguments.json {
        Output::new().line(serde_json::to_string_pretty(&report.as_json())?)?;
    } else {
        report.print()?;
    }
    match failures.len() {
        0 => Ok(()),
        1 => bail!("1 manifest could not be written"),
        count => bail!("{count} manifests could not be written"),
    }
}

/// What was typed, with what was registered before in the place of what was not.
fn wish(arguments: &Arguments, scope: Scope, record: &Record) -> Result<Wish> {
    let host = arguments.host_name.clone();
    let known = record.find(&host).filter(|_| scope == Scope::User);
    let mut allowed: Vec<Origin> = match known {
        Some(known) if arguments.keep || arguments.allow.is_empty() => known.allowed.clone(),
        _ => Vec::new(),
    };
    for Extension(origin) in &arguments.allow {
        if !allowed.contains(origin) {
            allowed.push(origin.clone());
        }
    }
    if allowed.is_empty() {
        let text =
            format!("nobody may connect to `{host}` yet: name an extension with `--allow ORIGIN`");
        return Err(Usage(text).into());
    }
    Ok(Wish {
        host,
        allowed,
        browsers: arguments.browser.clone(),
        scope,
    })
}

/// That there is something to do, and that nothing of somebody else's is in the way.
pub(crate) fn check(plan: &Plan, force: bool) -> Result<()> {
    let host = &plan.wish.host;
    if !force {
        let foreign: Vec<String> = plan
            .foreign()
            .map(|(step, what)| format!("\n  `{}` holds {what}", step.place))
            .collect();
        if !foreign.is_empty() {
            bail!(
                "`{host}` is somebody else's already; nothing was written. To take the name over, use `--force`{}",
                foreign.concat()
            );
        }
    }
    if plan.steps.is_empty() {
        let reasons: Vec<String> = plan
            .skipped
            .iter()
            .filter(|skipped| skipped.why != Why::NotInstalled)
            .map(|skipped| format!("\n  {}", sentence(skipped)))
            .collect();
        bail!(
            "no browser was found that `{host}` could be registered with; one that is not found is named with \
             `--browser`{}",
            reasons.concat()
        );
    }
    Ok(())
}

/// What came of it.
pub(crate) struct Report<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) failures: &'a [(&'a Step, io::Error)],
    /// Who was allowed before.
    pub(crate) before: &'a [Origin],
    pub(crate) is_dry: bool,
}

impl Report<'_> {
    fn failure(&self, step: &Step) -> Option<&io::Error> {
        let failure = self
            .failures
            .iter()
            .find(|(failed, _)| std::ptr::eq(*failed, step));
        failure.map(|(_, error)| error)
    }

    /// Who was allowed before and is not any more.
    fn dropped(&self) -> impl Iterator<Item = &Origin> {
        self.before
            .iter()
            .filter(|origin| !self.plan.wish.allowed.contains(origin))
    }

    fn print(&self) -> Result<()> {
        let mut output = Output::new();
        let wish = &self.plan.wish;
        let count = wish.allowed.len();
        output.line(format!(
            "{} `{}` for {count} {}",
            if self.is_dry {
                "would register"
            } else {
                "registered"
            },
            wish.host,
            if count == 1 {
                "extension"
            } else {
                "extensions"
            },
        ))?;
        for step in &self.plan.steps {
            output.line(format!(
                "  {}: {} `{}`",
                names(&step.browsers),
                self.word(step),
                step.place
            ))?;
            if let Some(error) = self.failure(step) {
                output.line(format!("    {error}"))?;
            }
            for browser in &step.browsers {
                if let Reach::ByProxy(note) = browser.reach {
                    output.line(format!("    {}: {note}", browser.name))?;
                }
            }
        }
        for origin in self.dropped() {
            output.line(format!("  no longer allowed: `{origin}`"))?;
        }
        let (absent, others): (Vec<_>, Vec<_>) = self
            .plan
            .skipped
            .iter()
            .partition(|skipped| skipped.why == Why::NotInstalled);
        for skipped in others {
            output.line(format!("  skipped {}", sentence(skipped)))?;
        }
        if !absent.is_empty() {
            let absent: Vec<_> = absent.iter().map(|skipped| skipped.browser).collect();
            output.line(format!("  not installed: {}", names(&absent)))?;
        }
        Ok(())
    }

    fn word(&self, step: &Step) -> &'static str {
        if self.failure(step).is_some() {
            return "could not write";
        }
        match (&step.state, self.is_dry) {
            (State::Same, _) => "unchanged",
            (State::Missing, false) => "wrote",
            (State::Missing, true) => "would write",
            (State::Outdated | State::Foreign { .. }, false) => "replaced",
            (State::Outdated | State::Foreign { .. }, true) => "would replace",
            (State::Obsolete, false) => "removed",
            (State::Obsolete, true) => "would remove",
        }
    }

    pub(crate) fn as_json(&self) -> Value {
        let ids = |browsers: &[&Browser]| browsers.iter().map(|one| one.id).collect::<Vec<_>>();
        let manifests: Vec<Value> = self
            .plan
            .steps
            .iter()
            .map(|step| {
                let state = match (&step.state, self.failure(step)) {
                    (_, Some(_)) => "failed",
                    (State::Same, _) => "unchanged",
                    (State::Missing, _) => "written",
                    (State::Outdated | State::Foreign { .. }, _) => "replaced",
                    (State::Obsolete, _) => "removed",
                };
                json!({
                    "browsers": ids(&step.browsers),
                    "family": step.family.as_str(),
                    "place": step.place.to_string(),
                    "state": state,
                    "error": self.failure(step).map(ToString::to_string),
                })
            })
            .collect();
        let skipped: Vec<Value> = self
            .plan
            .skipped
            .iter()
            .map(|skipped| json!({ "browser": skipped.browser.id, "reason": skipped.why.word(), "detail": sentence(skipped) }))
            .collect();
        json!({
            "host": self.plan.wish.host,
            "dry-run": self.is_dry,
            "launcher": self.plan.launcher,
            "allowed": self.plan.wish.allowed,
            "no-longer-allowed": self.dropped().collect::<Vec<_>>(),
            "manifests": manifests,
            "skipped": skipped,
        })
    }
}

/// The names of browsers, as a list for people.
pub(crate) fn names(browsers: &[&Browser]) -> String {
    browsers
        .iter()
        .map(|browser| browser.name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Why a browser gets nothing.
pub(crate) fn sentence(skipped: &Skipped) -> String {
    let name = skipped.browser.name;
    match &skipped.why {
        Why::NotInstalled => format!("{name}: it is not installed"),
        Why::NoExtension => format!("{name}: no extension of its family is allowed"),
        Why::Name => format!("{name}: its family takes no upper case in the name of a host"),
        Why::OutOfReach(sentence) => format!("{name}: {}", escape(sentence)),
        Why::NoPlace => format!("{name}: it has no place for hosts of every user"),
    }
}
