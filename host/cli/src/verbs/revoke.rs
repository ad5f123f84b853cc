//! `revoke ORIGIN PLUGIN [POWER…|--all]`: takes powers away. A port that is open keeps what it has until it is closed.

use anyhow::{Result, bail};
use portcullis_core::policy::Policy;

use crate::environment::Environment;
use crate::exit::Usage;
use crate::installation;
use crate::output::{Output, shell_word};
use crate::policy_file::{self, grants};
use crate::power::{Power, Revoked};
use crate::verbs::route::Choice;

/// Takes powers of a plugin away, for one extension.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    route: Choice,
    /// As they were granted, or in short: `fs=/notes`, `secret=NAME`, `env=NAME`, `config=KEY`
    #[arg(value_name = "POWER", conflicts_with = "all")]
    powers: Vec<Revoked>,
    /// All powers and the approval; settings and variables stay
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let Arguments {
        route: choice,
        powers,
        all,
    } = arguments;
    if powers.is_empty() && !all {
        bail!(Usage(
            "name what to revoke, for example `storage`, or take all of it with `--all`".to_owned()
        ));
    }
    let home = environment.home()?;
    let lock = installation::lock(&home, "revoke")?;
    let (text, policy) = policy_file::read(&home)?;
    let rest: String = powers
        .iter()
        .map(|power| format!(" {}", shell_word(&power.to_string())))
        .chain(all.then(|| " --all".to_owned()))
        .collect();
    let (place, route) = choice.find(&policy, "revoke", &rest)?;
    let had = Power::all_of(&route.grant);
    let powers: Vec<Revoked> = if *all {
        let reaching = had.iter().filter(|power| power.needs_approval());
        reaching.map(Revoked::from).collect()
    } else {
        powers.clone()
    };
    for power in &powers {
        if !had.iter().any(|had| Revoked::from(had) == *power) {
            let list: Vec<String> = had.iter().map(|power| format!("`{power}`")).collect();
            let there = match list.is_empty() {
                true => "nothing is".to_owned(),
                false => list.join(", "),
            };
            bail!("`{power}` is not granted to `{}`: {there}", route.plugin);
        }
    }
    let text = grants::without_grants(&text, place, &powers)?;
    policy_file::save(&lock, &text)?;
    let after = Policy::parse(&text, &home.policy_file())?;
    let has = Power::all_of(&after.routes()[place].grant);
    let mut output = Output::new();
    let (origin, plugin) = (&route.origin, &route.plugin);
    for power in had.iter().filter(|power| !has.contains(power)) {
        output.line(format!("revoked `{power}` from `{plugin}` for `{origin}`"))?;
    }
    if had == has {
        output.line(format!("`{plugin}` has no powers for `{origin}`"))?;
    }
    Ok(())
}
