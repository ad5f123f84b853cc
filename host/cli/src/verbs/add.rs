//! `add FILE.wasm [--name NAME] [--replace]`: stores a plugin and compiles it.
//!
//! The order is what makes an interrupted `add` harmless: the bytes, then the native code, then the lock, each renamed
//! into place. Until the lock is written nothing refers to the others, and the next writer sweeps them away.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use portcullis_core::home::lock::{Approval, Installed, Lock};
use portcullis_core::home::{Home, HomeLock, artifact, store};
use portcullis_core::names::{Digest, PluginName, escape};
use portcullis_sandbox::inspect::{self, Inspection, Mode};
use portcullis_sandbox::{PROGRAM_VERSION, TARGET};

use crate::environment::Environment;
use crate::exit::Usage;
use crate::output::{Output, size};
use crate::{clock, installation, policy_file, requests_table};

/// Stores a plugin and compiles it for this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// What policy and commands call it [default: what it calls itself, or the file's name]
    #[arg(long)]
    name: Option<PluginName>,
    /// Puts it in the place of the plugin with that name; routes and stored data stay
    #[arg(long)]
    replace: bool,
}

/// A component that can be installed.
pub(crate) struct Candidate {
    pub(crate) name: PluginName,
    pub(crate) mode: Mode,
    pub(crate) inspection: Inspection,
    bytes: Vec<u8>,
    file: PathBuf,
}

/// What is installed under a candidate's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Nothing,
    /// The same bytes.
    Same,
    /// Another build, which it may replace.
    Other(Digest),
}

pub(crate) fn run(arguments: Arguments, environment: &Environment) -> Result<()> {
    let candidate = Candidate::read(&arguments.file, arguments.name)?;
    let Candidate {
        name,
        mode,
        inspection,
        ..
    } = &candidate;
    let home = environment.home_made()?;
    let lock = installation::lock(&home, "add")?;
    let mut list = Lock::load(&home)?;
    let done = match candidate.standing(&list, arguments.replace)? {
        Standing::Same => {
            candidate.keep_again(&lock, &mut list)?;
            return Ok(Output::new().line(format!(
                "`{name}` is already installed, sha256 {}",
                inspection.digest
            ))?);
        }
        Standing::Other(_) => "replaced",
        Standing::Nothing => "added",
    };
    candidate.install(&lock, &mut list)?;
    store::sweep(&lock, &list);

    let mut output = Output::new();
    output.line(format!(
        "{done} `{name}`: a {}, {}, sha256 {}",
        mode.as_str(),
        size(inspection.size),
        inspection.digest
    ))?;
    if let Some(requests) = &inspection.requests {
        requests_table::print(&mut output, requests)?;
    }
    // A policy that cannot be read is for `policy check` to explain; the plugin is installed.
    let policy = policy_file::read(&home).map(|(_, policy)| policy);
    let is_routed = policy
        .as_ref()
        .is_ok_and(|policy| policy_file::names(policy, name));
    for route in policy.iter().flat_map(|policy| policy.routes()) {
        let approval = list
            .find(name)
            .map(|build| build.approval(route.grant.approved.as_ref()));
        if route.plugin == *name
            && route.grant.has_powers()
            && let Some(Approval::Missing(reason)) = approval
        {
            output.line(format!(
                "it {reason}; until you approve it for `{}` it does not run: `portcullis grant {} --approve`",
                route.origin,
                route.words()
            ))?;
        }
    }
    if !is_routed {
        output.line(format!(
            "no extension may use it yet: `portcullis route add ORIGIN {name}` lets one"
        ))?;
    }
    Ok(())
}

/// Reads the file, and no more than the largest that is taken.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("cannot read `{}`", path.display());
    let file = File::open(path).with_context(cannot)?;
    let metadata = file.metadata().with_context(cannot)?;
    if metadata.is_dir() {
        bail!(
            "`{}` is a folder: name the `.wasm` file in it",
            path.display()
        );
    }
    let too_large = || {
        anyhow!(
            "`{}` is larger than {}, which is the largest component that is taken",
            path.display(),
            size(inspect::LARGEST)
        )
    };
    if metadata.len() > inspect::LARGEST {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // What a pipe or a growing file has is not known beforehand.
    file.take(inspect::LARGEST + 1)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    if bytes.len() as u64 > inspect::LARGEST {
        return Err(too_large());
    }
    Ok(bytes)
}

/// The mode of a plugin that this host can run; otherwise every reason why it cannot.
fn accepted(inspection: &Inspection, file: &Path) -> Result<Mode> {
    runnable(inspection).with_context(|| format!("cannot add `{}`", file.display()))
}

/// The mode of a plugin that this host can run.
///
/// # Errors
///
/// Every reason why it cannot, as a list of sentences about it.
pub(super) fn runnable(inspection: &Inspection) -> Result<Mode> {
    const MOST_REASONS: usize = 8;
    let refusals = &inspection.refusals;
    if let (Some(mode), []) = (inspection.mode, &refusals[..]) {
        return Ok(mode);
    }
    let mut reasons: Vec<String> = refusals
        .iter()
        .take(MOST_REASONS)
        .map(|refusal| format!("it {refusal}"))
        .collect();
    if refusals.len() > MOST_REASONS {
        reasons.push(format!(
            "and {} more reasons",
            refusals.len() - MOST_REASONS
        ));
    }
    bail!("{}", reasons.join("; "))
}

/// The name that a file suggests: its stem, with dashes where toolchains write underscores.
fn name_from(file: &Path) -> Result<PluginName> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    stem.replace('_', "-").parse().map_err(|error| {
        let text = format!(
            "`{}` does not make a plugin's name ({error}): give one with `--name`",
            escape(&stem)
        );
        Usage(text).into()
    })
}

impl Candidate {
    /// Reads and judges a file. Its name is the one that was typed, else what it calls itself, else the file's.
    pub(crate) fn read(file: &Path, typed: Option<PluginName>) -> Result<Self> {
        let bytes = read(file)?;
        let inspection =
            inspect::inspect(&bytes).with_context(|| format!("cannot add `{}`", file.display()))?;
        let mode = accepted(&inspection, file)?;
        let name = match (typed, &inspection.requests) {
            (Some(name), _) => name,
            (None, Some(requests)) => requests.name.clone(),
            (None, None) => name_from(file)?,
        };
        Ok(Self {
            name,
            mode,
            inspection,
            bytes,
            file: file.to_owned(),
        })
    }

    /// What it would stand beside, or in the place of; an error where that takes a `--replace` which is missing.
    pub(crate) fn standing(&self, list: &Lock, replace: bool) -> Result<Standing> {
        let name = &self.name;
        match list.find(name) {
            None => Ok(Standing::Nothing),
            Some(there) if there.digest == self.inspection.digest => Ok(Standing::Same),
            Some(there) if replace => Ok(Standing::Other(there.digest)),
            Some(there) => bail!(
                "another plugin is installed as `{name}` (sha256 {}): put this one in its place with `--replace`, \
                 or give it another name with `--name`",
                there.digest
            ),
        }
    }

    /// Stores and compiles it and writes the lock. What it replaces stays in the store until the caller sweeps.
    pub(crate) fn install(&self, lock: &HomeLock, list: &mut Lock) -> Result<()> {
        let installed = match self.stored(lock, list) {
            Ok(installed) => installed,
            Err(error) => {
                // Nothing refers to what has been stored so far.
                store::sweep(lock, list);
                return Err(error.context(format!("cannot add `{}`", self.file.display())));
            }
        };
        // Another plugin with the same bytes shares the native code, which may have been made anew.
        list.set_artifact(&installed.digest, &installed.artifact);
        list.put(installed);
        Ok(list.save(lock)?)
    }

    /// Whether it is installed as it should be, where the same bytes are: nothing was damaged since.
    pub(crate) fn is_whole(&self, home: &Home, list: &Lock) -> bool {
        list.find(&self.name).is_some_and(|there| {
            store::read(home, &there.digest, inspect::LARGEST).is_ok()
                && artifact::open(home, there, PROGRAM_VERSION, TARGET).is_ok()
        })
    }

    /// Mends what may have been damaged since the same bytes were installed under the same name.
    pub(crate) fn keep_again(&self, lock: &HomeLock, list: &mut Lock) -> Result<()> {
        let name = &self.name;
        let there = list
            .find(name)
            .context("it was found a moment ago")?
            .clone();
        store::keep(lock, &there.digest, &self.bytes)?;
        if artifact::open(lock.home(), &there, PROGRAM_VERSION, TARGET).is_err() {
            let made = installation::make_artifact(lock, &there.digest, name.as_str(), there.size)?;
            list.set_artifact(&there.digest, &made);
            list.save(lock)?;
            store::sweep(lock, list);
        }
        Ok(())
    }

    fn stored(&self, lock: &HomeLock, list: &Lock) -> Result<Installed> {
        let Self {
            name, inspection, ..
        } = self;
        let digest = inspection.digest;
        store::keep(lock, &digest, &self.bytes)?;
        let shared = list.plugins().iter().find(|plugin| {
            plugin.digest == digest
                && artifact::open(lock.home(), plugin, PROGRAM_VERSION, TARGET).is_ok()
        });
        let artifact = match shared {
            Some(plugin) => plugin.artifact.clone(),
            None => installation::make_artifact(lock, &digest, name.as_str(), inspection.size)?,
        };
        Ok(Installed {
            number: list.number_for(name),
            name: name.clone(),
            source: self.file.display().to_string(),
            digest,
            size: inspection.size,
            installed: clock::now().parse()?,
            artifact,
            requests: inspection.requests.clone(),
            // The lock remembers those of the builds before it.
            earlier: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_comes_from_the_file() {
        let cases = [
            ("echo.wasm", Some("echo")),
            ("/a/b/ping_pong.wasm", Some("ping-pong")),
            ("plugin", Some("plugin")),
            ("notes.component.wasm", None),
            ("Echo.wasm", None),
            ("_x.wasm", None),
            ("\u{1b}[2J.wasm", None),
            ("/", None),
        ];
        for (file, expected) in cases {
            let name = name_from(Path::new(file));
            assert_eq!(
                name.as_ref().ok().map(PluginName::as_str),
                expected,
                "{file:?}"
            );
            if let Err(error) = name {
                assert!(
                    error.is::<Usage>() && error.to_string().ends_with("with `--name`"),
                    "{error}"
                );
                assert!(!error.to_string().contains('\u{1b}'));
            }
        }
    }
}
