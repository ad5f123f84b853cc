//! `install FILE.wasm [--name NAME] [--origin ORIGIN]… [--host-name NAME]… [--browser B]… [--grant POWER…|--no-grants]
//! [--replace] [--yes] [--dry-run] [--json]`: what `add`, `route add`, `grant` and `register` do, in one step for people.
//!
//! The deciding choice: the whole change is worked out before any of it happens, shown as one table, agreed to once, and
//! then made all or nothing. The person is asked without the home being held, and what was agreed to is worked out again
//! under the lock: where it has become something else, nothing is done.

mod all_or_nothing;
mod consent;
mod plan;
mod powers;
mod show;

use std::path::PathBuf;

use anyhow::{Result, bail};
use portcullis_core::home::{Home, HomeLock, store};
use portcullis_core::names::{HostName, PluginName};

use super::add::{Candidate, Standing};
use super::doctor;
use super::grant::warn_of_machine;
use super::register::{browser, extension::Extension};
use crate::browsers::registration::Ground;
use crate::browsers::{Browser, Machine};
use crate::environment::Environment;
use crate::exit::Usage;
use crate::hand_over::host_program;
use crate::output::Output;
use crate::power::Power;
use crate::{installation, policy_file};
pub(crate) use all_or_nothing::all_or_nothing;
pub(crate) use consent::Consent;
use plan::Change;

/// Does everything that it takes for an extension to use a plugin.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// What policy and commands call it [default: what it calls itself, or the file's name]
    #[arg(long)]
    name: Option<PluginName>,
    /// An extension that may use it, in the place of those that it is made for
    #[arg(long = "origin", value_name = "ORIGIN", num_args = 1..)]
    origins: Vec<Extension>,
    /// What the extension passes to `connectNative`, in the place of what the plugin says
    #[arg(long = "host-name", value_name = "NAME", num_args = 1..)]
    host_names: Vec<HostName>,
    /// Only this browser, installed or not
    #[arg(long, value_name = "BROWSER", num_args = 1.., value_parser = browser)]
    browser: Vec<&'static Browser>,
    /// What it is given, in the place of what it asks for; written as for `portcullis grant`
    #[arg(long = "grant", value_name = "POWER", num_args = 1.., conflicts_with = "no_grants")]
    grants: Vec<Power>,
    /// Gives it nothing of what it asks for
    #[arg(long)]
    no_grants: bool,
    /// Puts it in the place of another build with that name
    #[arg(long)]
    replace: bool,
    /// Does not ask
    #[arg(long)]
    yes: bool,
    /// Says what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Prints JSON; takes `--yes` or `--dry-run`
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    if arguments.json && !arguments.yes && !arguments.dry_run {
        bail!(Usage(
            "with `--json` nobody is asked: agree with `--yes`, or look with `--dry-run`"
                .to_owned()
        ));
    }
    let scene = Scene {
        machine: environment.machine(),
        ground: Ground::of_user(&environment.home_path()?),
        program: host_program()?,
        environment,
        candidate: Candidate::read(&arguments.file, arguments.name.clone())?,
        arguments,
    };
    let planned = scene.look()?;
    if planned.is_nothing() {
        return scene.end(&planned, "is already installed");
    }
    if arguments.dry_run {
        if arguments.json {
            let json = show::as_json(&scene, &planned, None);
            return Ok(Output::new().line(serde_json::to_string_pretty(&json)?)?);
        }
        return show::print(&scene, &planned);
    }
    let consent = Consent::new(arguments.yes)?;
    if !arguments.json {
        show::print(&scene, &planned)?;
    }
    consent.ask("Do all this?")?;
    let home = environment.home_made()?;
    {
        let lock = installation::lock(&home, "install")?;
        let change = plan::make(&scene, &home)?;
        if show::rows(&scene, &change) != show::rows(&scene, &planned) {
            bail!(
                "somebody else has changed the plugins, the policy or the manifests since you were asked, and nothing \
                 was done: install again"
            );
        }
        scene.carry_out(&change, &lock)?;
        for route in &change.routes {
            warn_of_machine(&change.policy, route.place, environment);
        }
    }
    scene.end(&planned, "is installed")
}

/// Everything that an installation is worked out from.
struct Scene<'a> {
    arguments: &'a Arguments,
    environment: &'a Environment,
    machine: Machine,
    ground: Ground,
    /// The `portcullis-host` that launchers are to lead to.
    program: PathBuf,
    candidate: Candidate,
}

impl Scene<'_> {
    /// Works the change out without the home being held, or being made.
    fn look(&self) -> Result<Change> {
        if let Some(home) = self.environment.home_if_any()? {
            return plan::make(self, &home);
        }
        // An empty one stands in for the home that is yet to be made. Under the lock the real one is looked at.
        let folder = tempfile::tempdir()?;
        plan::make(self, &Home::create(folder.path().join("home"))?)
    }

    fn carry_out(&self, change: &Change, lock: &HomeLock) -> Result<()> {
        let hosts = change.hosts();
        let place = (&self.machine, &self.ground, self.program.as_path());
        let mut list = change.list.clone();
        all_or_nothing(lock, place, &hosts, || {
            match change.standing {
                Standing::Same => self.candidate.keep_again(lock, &mut list)?,
                Standing::Nothing | Standing::Other(_) => {
                    self.candidate.install(lock, &mut list)?
                }
            }
            if change.text != change.text_before {
                policy_file::save(lock, &change.text)?;
            }
            for (registration, _) in &change.registrations {
                let failures =
                    registration.carry_out_for_user(&self.machine, lock, &self.program)?;
                if let Some((step, error)) = failures.first() {
                    bail!("cannot write `{}`: {error}", step.place);
                }
            }
            Ok(())
        })?;
        store::sweep(lock, &list);
        Ok(())
    }

    /// Says how things are now, with what `doctor` finds. What is broken is an error: it was wanted that the plugin can be
    /// used.
    fn end(&self, change: &Change, how: &str) -> Result<()> {
        let name = &self.candidate.name;
        let findings = doctor::of_hosts(self.environment, &change.hosts(), name)?;
        let mut output = Output::new();
        if self.arguments.json {
            let json = show::as_json(self, change, Some(&findings));
            output.line(serde_json::to_string_pretty(&json)?)?;
        } else {
            let digest = &self.candidate.inspection.digest;
            output.line(format!("`{name}` {how}, sha256 {digest}"))?;
            findings.print(&mut output)?;
        }
        drop(output);
        match findings.broken() {
            0 => Ok(()),
            1 => bail!("`{name}` {how}, and 1 thing is broken; see `portcullis doctor`"),
            count => {
                bail!("`{name}` {how}, and {count} things are broken; see `portcullis doctor`")
            }
        }
    }
}
