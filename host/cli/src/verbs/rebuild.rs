//! `rebuild NAME`: makes a plugin's native code again, where it needs to be. Hidden: `portcullis-host` runs it when it
//! meets an artifact that is missing, stale or damaged.
//!
//! Several hosts may find the same artifact bad at once. The lock makes them queue here, and each looks again before
//! it compiles, so it is made once. Standard output gets a line where this process has made it, and nothing where it was
//! good by then: so of the hosts that wait, only one says in the log that it was made again.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use portcullis_core::home::artifact::{self, StampCheck};
use portcullis_core::home::lock::{Artifact, Installed, Lock};
use portcullis_core::home::{Home, store};
use portcullis_core::names::PluginName;
use portcullis_sandbox::{Engine, PROGRAM_VERSION, Plugin, PluginFault, TARGET, inspect};

use crate::environment::Environment;
use crate::exit::Internal;
use crate::installation;
use crate::output::Output;

/// Makes a plugin's native code again.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plugin
    name: PluginName,
}

/// How long to wait for another writer: as long as that one may compile.
const PATIENCE: Duration = Duration::from_secs(190);

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let name = &arguments.name;
    let home = environment.home()?;
    let lock = installation::lock_within(&home, "rebuild", PATIENCE)?;
    let mut list = Lock::load(&home)?;
    let Some(plugin) = list.find(name).cloned() else {
        bail!("{}", installation::not_installed(name, &list));
    };
    let (artifact, is_new) = match look(&home, &plugin)? {
        Look::Good => return Ok(()),
        Look::Moved(artifact) => (artifact, false),
        Look::Bad => {
            // Reads it against its digest: nothing else is ever compiled in its name.
            store::read(&home, &plugin.digest, inspect::LARGEST)?;
            let made =
                installation::make_artifact(&lock, &plugin.digest, name.as_str(), plugin.size)
                    .with_context(|| format!("cannot make the native code of `{name}` again"))?;
            (made, true)
        }
    };
    list.set_artifact(&plugin.digest, &artifact);
    list.save(&lock)?;
    store::sweep(&lock, &list);
    if is_new {
        Output::new().line(format!("made the native code of `{name}` again"))?;
    }
    Ok(())
}

enum Look {
    Good,
    /// The right bytes with another stamp: noting that spares reading it in full at each start.
    Moved(Artifact),
    Bad,
}

fn look(home: &Home, plugin: &Installed) -> Result<Look> {
    let Ok(found) = artifact::open(home, plugin, PROGRAM_VERSION, TARGET) else {
        return Ok(Look::Bad);
    };
    // Also code with the right digest may be of no use, where the same version was built in another way.
    let engine = Engine::start(|| ()).map_err(|error| Internal(error.to_string()))?;
    if let Err(PluginFault::Load(_)) = Plugin::load(&engine, &found.file) {
        return Ok(Look::Bad);
    }
    Ok(match found.stamp {
        StampCheck::Matched => Look::Good,
        StampCheck::HashedAgain { now } => Look::Moved(Artifact {
            stamp: now,
            ..plugin.artifact.clone()
        }),
    })
}
