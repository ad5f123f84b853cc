//! `verify`: every installed plugin and its native code, read in full and checked against their digests.

use anyhow::{Result, bail};
use portcullis_core::home::artifact::{self, ArtifactProblem, StampCheck};
use portcullis_core::home::lock::{Installed, Lock};
use portcullis_core::home::{Home, store};
use portcullis_sandbox::{PROGRAM_VERSION, TARGET};

use crate::environment::Environment;
use crate::installation;
use crate::output::Output;

pub(crate) fn run(environment: &Environment) -> Result<()> {
    let mut output = Output::new();
    let Some(home) = environment.home_if_any()? else {
        let home = environment.home_path()?;
        return Ok(output.line(format!("no plugins are installed in `{}`", home.display()))?);
    };
    // Held, so that no writer changes the one file between a look at the other.
    let lock = installation::lock(&home, "verify")?;
    let mut list = Lock::load(&home)?;
    let mut wrong = 0;
    let mut renewed = Vec::new();
    for plugin in list.plugins() {
        let name = &plugin.name;
        for finding in [check_plugin(&home, plugin), check_artifact(&home, plugin)] {
            match finding {
                Finding::Whole => {}
                Finding::Moved(stamp) => {
                    let mut artifact = plugin.artifact.clone();
                    artifact.stamp = stamp;
                    renewed.push((plugin.digest, artifact));
                    output.line(format!(
                        "`{name}`: the native code was touched and is unchanged; noted"
                    ))?;
                }
                Finding::Stale(text) => output.line(format!("`{name}`: {text}"))?,
                Finding::Wrong(text) => {
                    wrong += 1;
                    output.line(format!("`{name}`: {text}"))?;
                }
            }
        }
    }
    if !renewed.is_empty() {
        for (digest, artifact) in &renewed {
            list.set_artifact(digest, artifact);
        }
        list.save(&lock)?;
    }
    match (wrong, list.plugins().len()) {
        (0, 1) => Ok(output.line("1 plugin is whole")?),
        (0, count) => Ok(output.line(format!("{count} plugins are whole"))?),
        (1, _) => bail!("1 file is not what was installed"),
        (wrong, _) => bail!("{wrong} files are not what was installed"),
    }
}

pub(super) enum Finding {
    Whole,
    /// Another stamp and the right bytes: each start would read it in full.
    Moved(artifact::Stamp),
    /// Right, and of no use to this version of the program.
    Stale(String),
    Wrong(String),
}

pub(super) fn check_plugin(home: &Home, plugin: &Installed) -> Finding {
    match store::read(home, &plugin.digest, plugin.size) {
        Ok(_) => Finding::Whole,
        Err(error) => Finding::Wrong(format!("{:#}", anyhow::Error::from(error))),
    }
}

pub(super) fn check_artifact(home: &Home, plugin: &Installed) -> Finding {
    const MENDS_ITSELF: &str = "it is made again when the plugin is used next";
    match artifact::open_and_hash(home, plugin, PROGRAM_VERSION, TARGET) {
        Ok(found) => match found.stamp {
            StampCheck::Matched => Finding::Whole,
            StampCheck::HashedAgain { now } => Finding::Moved(now),
        },
        Err(problem @ ArtifactProblem::OtherVersion { .. }) => {
            Finding::Stale(format!("{problem}; {MENDS_ITSELF}"))
        }
        Err(problem) => {
            let problem = anyhow::Error::from(problem);
            Finding::Wrong(format!("{problem:#}; {MENDS_ITSELF}"))
        }
    }
}
