//! `secret set|list|delete ORIGIN PLUGIN …`: a person's way to the secrets of their plugins.
//!
//! A value comes from the terminal, without an echo, or from standard input; never from the arguments, which every
//! program on the machine can read and a shell writes down. No verb shows one.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Read as _};

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use portcullis_core::caller::Origin;
use portcullis_core::home::Home;
use portcullis_core::home::lock::Lock;
use portcullis_core::names::PluginName;
use portcullis_core::policy::{Policy, SecretAccess, SecretName};
use portcullis_core::protocol::broker::LONGEST_SECRET;
use serde_json::json;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::installation;
use crate::output::{Output, shell_word};
use crate::policy_file;
use crate::secrets::{self, Backend, BackendError, Manner, Owner};

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Sets a secret: asks for its value, or reads it from standard input
    Set(One),
    /// Lists the names of the secrets that are set or granted, never their values
    List(All),
    /// Deletes a secret
    Delete(One),
}

/// One secret.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// The extension: `chrome-extension://ID/` or a Mozilla add-on id
    origin: Origin,
    /// The plugin
    plugin: PluginName,
    /// The secret's name
    name: SecretName,
}

/// The secrets of one plugin for one extension.
#[derive(Debug, clap::Args)]
pub(crate) struct All {
    /// The extension: `chrome-extension://ID/` or a Mozilla add-on id
    origin: Origin,
    /// The plugin
    plugin: PluginName,
    /// Prints JSON: an array with an object for each secret
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(secret: &Secret, environment: &Environment) -> Result<()> {
    match secret {
        Secret::Set(one) => set(one, environment),
        Secret::List(all) => list(all, environment),
        Secret::Delete(one) => delete(one, environment),
    }
}

/// What every one of these verbs needs.
struct Place {
    home: Home,
    installation: u64,
    policy: Policy,
    backend: Box<dyn Backend>,
}

impl Place {
    fn open(plugin: &PluginName, environment: &Environment) -> Result<Self> {
        let home = environment.home()?;
        let (_, policy) = policy_file::read(&home)?;
        let list = Lock::load(&home)?;
        let Some(installed) = list.find(plugin) else {
            bail!("{}", installation::not_installed(plugin, &list));
        };
        let backend = secrets::open(policy.secrets_backend(), environment, Manner::Asks)?;
        Ok(Self {
            installation: installed.number,
            home,
            policy,
            backend,
        })
    }

    fn owner<'a>(&'a self, origin: &'a Origin, plugin: &'a PluginName) -> Owner<'a> {
        Owner {
            home: &self.home,
            origin,
            plugin,
            installation: self.installation,
        }
    }

    /// What the policy grants of this plugin's secrets to this extension, by any of its routes.
    fn granted(&self, origin: &Origin, plugin: &PluginName) -> BTreeMap<SecretName, SecretAccess> {
        let routes = self.policy.routes().iter();
        let ours = routes.filter(|route| route.origin == *origin && route.plugin == *plugin);
        let mut granted = BTreeMap::new();
        for grant in ours.flat_map(|route| &route.grant.secrets) {
            let access = granted.entry(grant.name.clone()).or_insert(grant.access);
            *access = (*access).max(grant.access);
        }
        granted
    }
}

fn set(one: &One, environment: &Environment) -> Result<()> {
    let One {
        origin,
        plugin,
        name,
    } = one;
    let place = Place::open(plugin, environment)?;
    let value = value(name)?;
    place
        .backend
        .set(place.owner(origin, plugin), name, &value)
        .with_context(|| format!("failed to set the secret `{name}`"))?;
    let mut output = Output::new();
    output.line(format!("the secret `{name}` of `{plugin}` is set"))?;
    if !place.granted(origin, plugin).contains_key(name) {
        let origin = shell_word(origin.as_str());
        output.line(format!(
            "the policy does not grant it yet: `portcullis grant {origin} {plugin} secret={name}` does"
        ))?;
    }
    Ok(())
}

fn delete(one: &One, environment: &Environment) -> Result<()> {
    let One {
        origin,
        plugin,
        name,
    } = one;
    let place = Place::open(plugin, environment)?;
    let deleted = place.backend.delete(place.owner(origin, plugin), name);
    let said = if deleted.with_context(|| format!("failed to delete the secret `{name}`"))? {
        format!("the secret `{name}` of `{plugin}` is deleted")
    } else {
        format!("the secret `{name}` of `{plugin}` was not set")
    };
    Ok(Output::new().line(said)?)
}

fn list(all: &All, environment: &Environment) -> Result<()> {
    let All {
        origin,
        plugin,
        json,
    } = all;
    let place = Place::open(plugin, environment)?;
    let set = place.backend.names(place.owner(origin, plugin));
    let set = set.context("failed to list the secrets")?;
    let mut rows: BTreeMap<SecretName, (bool, Option<SecretAccess>)> = BTreeMap::new();
    for (name, access) in place.granted(origin, plugin) {
        rows.insert(name, (false, Some(access)));
    }
    for name in set {
        rows.entry(name).or_default().0 = true;
    }
    let mut output = Output::new();
    if *json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(name, (set, access))| json!({ "name": name, "set": set, "granted": access }))
            .collect();
        return Ok(output.line(serde_json::to_string_pretty(&rows)?)?);
    }
    if rows.is_empty() {
        return Ok(output.line(format!("no secrets of `{plugin}` are set or granted"))?);
    }
    let headings = ["NAME", "SET", "GRANTED"].map(str::to_owned).to_vec();
    let rows = rows.into_iter().map(|(name, (set, access))| {
        let set = if set { "yes" } else { "no" };
        let granted = match access {
            None => "no",
            Some(SecretAccess::Read) => "to read",
            Some(SecretAccess::Write) => "to read and write",
        };
        vec![name.to_string(), set.to_owned(), granted.to_owned()]
    });
    Ok(output.table(&std::iter::once(headings).chain(rows).collect::<Vec<_>>())?)
}

/// The value, from whoever runs this. Without the one line end that a program such as `echo` puts behind it.
fn value(name: &SecretName) -> Result<Zeroizing<String>> {
    if io::stdin().is_terminal() {
        let typed = rpassword::prompt_password(format!("Value of `{name}`: "));
        return Ok(Zeroizing::new(typed.map_err(BackendError::Input)?));
    }
    /// The longest value, its line end, and one byte to see that there is more.
    const MOST: u64 = LONGEST_SECRET as u64 + 3;
    // As large as it can get, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_SECRET + 3));
    io::stdin()
        .lock()
        .take(MOST)
        .read_to_end(&mut bytes)
        .map_err(BackendError::Input)?;
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    secrets::check_length(bytes.len())?;
    let text = std::str::from_utf8(&bytes).context("a secret must be UTF-8 text")?;
    Ok(Zeroizing::new(text.to_owned()))
}
