//! `remove NAME [--purge]`: takes a plugin out. What it has stored stays, under its installation number, unless it is
//! purged: then everything goes that was ever kept under this name.

use anyhow::{Context as _, Result, bail};
use portcullis_core::home::lock::Lock;
use portcullis_core::home::{HomeLock, data, store};
use portcullis_core::names::PluginName;

use crate::environment::Environment;
use crate::output::Output;
use crate::{installation, policy_file, secrets};

/// Removes a plugin.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plugin
    name: PluginName,
    /// Deletes what it has kept, for every extension; also what a plugin of this name left that was removed before
    #[arg(long)]
    purge: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let Arguments { name, purge } = arguments;
    let home = environment.home()?;
    let lock = installation::lock(&home, "remove")?;
    let mut list = Lock::load(&home)?;
    if list.find(name).is_none() {
        if *purge {
            let kept = purge_all(&lock, name, environment)?;
            if kept.is_any() {
                return Ok(Output::new().line(kept.said_of(name))?);
            }
        }
        bail!("{}", installation::not_installed(name, &list));
    }
    // A policy that cannot be read may route to it.
    let (_, policy) = policy_file::read(&home)?;
    let commands: Vec<String> = policy
        .routes()
        .iter()
        .filter(|route| route.plugin == *name)
        .map(|route| format!("\n  {}", policy_file::removal_command(route)))
        .collect();
    if !commands.is_empty() {
        bail!(
            "cannot remove `{name}`: the policy routes to it; first run{}",
            commands.concat()
        );
    }
    list.remove(name);
    list.save(&lock)?;
    store::sweep(&lock, &list);
    let mut output = Output::new();
    output.line(format!("removed `{name}`"))?;
    if *purge {
        output.line(purge_all(&lock, name, environment)?.said_of(name))?;
    }
    Ok(())
}

/// What was deleted.
pub(super) struct Purged {
    folders: usize,
    secrets: usize,
}

/// Deletes everything that plugins of this name have kept: their storage and their secrets.
pub(super) fn purge_all(
    lock: &HomeLock,
    name: &PluginName,
    environment: &Environment,
) -> Result<Purged> {
    let folders = data::purge(lock, name)?;
    let secrets = secrets::purge(lock, name, environment).with_context(|| {
        format!(
            "its secrets are not deleted, all else is: mend that and run `portcullis remove {name} --purge` again"
        )
    })?;
    Ok(Purged { folders, secrets })
}

impl Purged {
    fn is_any(&self) -> bool {
        self.folders + self.secrets > 0
    }

    /// The sentence for it.
    pub(super) fn said_of(&self, name: &PluginName) -> String {
        let secrets = match self.secrets {
            0 => "",
            _ => " and its secrets",
        };
        match (self.folders, self.secrets) {
            (0, 0) => format!("`{name}` had kept nothing"),
            (0, _) => format!("deleted the secrets of `{name}`"),
            (1, _) => format!("deleted what `{name}` had kept for one extension{secrets}"),
            (folders, _) => format!("deleted what `{name}` had kept, {folders} folders{secrets}"),
        }
    }
}
