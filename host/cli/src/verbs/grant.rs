//! `grant ORIGIN PLUGIN POWER… [--approve]`: gives a plugin powers for one extension.
//!
//! The deciding choice: whoever grants a power sees, beside everything that the plugin then has, why it wants each, and
//! so approves the installed build. Settings and variables are no powers and approve nothing.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use portcullis_core::home::forbidden::{Forbidden, check_together};
use portcullis_core::home::lock::{Installed, Lock};
use portcullis_core::home::{Home, machine_wide};
use portcullis_core::policy::{Policy, Route};

use crate::environment::Environment;
use crate::exit::Usage;
use crate::installation;
use crate::output::{Output, shell_word};
use crate::policy_file::{self, grants};
use crate::power::Power;
use crate::verbs::route::Choice;

/// Gives a plugin powers for one extension.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    route: Choice,
    /// `storage`, `fs=HOST:GUEST[:rw]`, `http=https://HOST`, `http-private`, `secret=NAME[:write]`, `env=NAME=VALUE`,
    /// `config=KEY=VALUE`
    #[arg(value_name = "POWER")]
    powers: Vec<Power>,
    /// Approves the installed build for what is granted already
    #[arg(long)]
    approve: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let Arguments {
        route: choice,
        powers,
        approve,
    } = arguments;
    if powers.is_empty() && !approve {
        bail!(Usage(
            "name what to grant, for example `storage`, or approve what is granted with `--approve`".to_owned()
        ));
    }
    let home = environment.home()?;
    let lock = installation::lock(&home, "grant")?;
    let list = Lock::load(&home)?;
    let Some(installed) = list.find(&choice.plugin) else {
        bail!("{}", installation::not_installed(&choice.plugin, &list));
    };
    let (text, policy) = policy_file::read(&home)?;
    let rest: String = powers
        .iter()
        .map(|power| format!(" {}", shell_word(&power.to_string())))
        .chain(approve.then(|| " --approve".to_owned()))
        .collect();
    let (place, before) = choice.find(&policy, "grant", &rest)?;
    let approves = *approve || powers.iter().any(Power::needs_approval);
    let approved = approves.then_some(&installed.digest);
    let text = grants::with_grants(&text, place, powers, approved)?;
    let policy_after = Policy::parse(&text, &home.policy_file())
        .context("nothing was written, because the policy would not be valid any more")?;
    let after = &policy_after.routes()[place];
    check_folders(&home, environment, after, powers)?;
    policy_file::save(&lock, &text)?;
    tell(before, after, installed, approves)?;
    warn_of_machine(&policy_after, place, environment);
    Ok(())
}

/// What is granted and yet not had. The grant stands all the same: the machine-wide policy may change tomorrow.
pub(crate) fn warn_of_machine(policy: &Policy, place: usize, environment: &Environment) {
    let route = &policy.routes()[place];
    let machine = machine_wide::file().map_err(anyhow::Error::from);
    let machine = machine.and_then(|file| Ok(machine_wide::load(&file)?));
    let mut stderr = io::stderr().lock();
    let machine = match machine {
        Ok(machine) => machine,
        Err(error) => {
            // With standard error closed there is nobody to warn.
            _ = writeln!(stderr, "warning: no extension is served: {error:#}");
            return;
        }
    };
    let user_home = environment.surroundings().user_home.as_deref();
    let narrowed = machine_wide::narrowed(policy, &machine, user_home);
    for power in withheld(route, &narrowed) {
        _ = writeln!(
            stderr,
            "warning: the machine-wide policy does not allow `{power}`"
        );
    }
}

/// The powers of a route that are not left in the policy as the machine's has narrowed it.
pub(crate) fn withheld(route: &Route, narrowed: &Policy) -> Vec<Power> {
    let mut left = narrowed.routes().iter();
    let left = left.find(|left| left.line == route.line);
    let left = left
        .map(|left| Power::all_of(&left.grant))
        .unwrap_or_default();
    let mut all = Power::all_of(&route.grant);
    all.retain(|power| !left.contains(power));
    all
}

/// Refuses folders that no plugin can have. Those that were granted before are not judged again: a folder that is gone must
/// not stand in the way of another grant.
pub(crate) fn check_folders(
    home: &Home,
    environment: &Environment,
    route: &Route,
    powers: &[Power],
) -> Result<()> {
    let is_new = |guest| {
        let mut new = powers.iter();
        new.any(|power| matches!(power, Power::Folder { guest: new, .. } if new == guest))
    };
    if !powers
        .iter()
        .any(|power| matches!(power, Power::Folder { .. }))
    {
        return Ok(());
    }
    let forbidden = Forbidden::of(home, environment.surroundings());
    let mut open = Vec::new();
    for folder in &route.grant.folders {
        match forbidden.open(&folder.host, folder.access) {
            Ok(folder) => open.push(folder),
            Err(error) if is_new(&folder.guest) => {
                return Err(error).context("nothing was granted");
            }
            Err(_) => {}
        }
    }
    check_together(&open).context("nothing was granted")
}

/// Shows all that the plugin has now for this extension, and what it says about each.
fn tell(before: &Route, after: &Route, installed: &Installed, approved: bool) -> Result<()> {
    let plugin = &after.plugin;
    let mut output = Output::new();
    if approved {
        let digest = &installed.digest;
        output.line(format!(
            "approved `{plugin}`, sha256 {digest}, for `{}`",
            after.origin
        ))?;
    }
    let (had, has) = (Power::all_of(&before.grant), Power::all_of(&after.grant));
    let headings = ["POWER", "", "ITS REASON"].map(str::to_owned).to_vec();
    let requests = installed.requests.as_ref();
    let row = |power: &Power| {
        let state = if had.contains(power) { "had it" } else { "new" };
        let reason = requests.and_then(|requests| power.reason(requests));
        let reason = reason.unwrap_or("none given");
        vec![power.to_string(), state.to_owned(), reason.to_owned()]
    };
    let rows: Vec<_> = std::iter::once(headings)
        .chain(has.iter().map(row))
        .collect();
    if has.is_empty() {
        output.line(format!("nothing is granted to `{plugin}`"))?;
    } else {
        output.table(&rows)?;
    }
    drop(output);
    let new = || has.iter().filter(|power| !had.contains(power));
    let mut stderr = io::stderr().lock();
    // With standard error closed there is nobody to warn, and the grant is made.
    match requests {
        None if new().next().is_some() => {
            _ = writeln!(stderr, "warning: `{plugin}` does not say what it asks for");
        }
        Some(requests) => {
            for power in new().filter(|power| !power.is_requested(requests)) {
                _ = writeln!(stderr, "warning: `{plugin}` never asked for `{power}`");
            }
        }
        None => {}
    }
    Ok(())
}
