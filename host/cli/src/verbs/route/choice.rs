//! Which route between an extension and a plugin a command means.
//!
//! As with `route remove`: what is left out is not compared, unless that leaves several; then the route with exactly the
//! conditions that were typed is the one, and where there is none, the person is shown what to type.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use portcullis_core::caller::Origin;
use portcullis_core::names::{HostName, PluginName, shell_word};
use portcullis_core::policy::{Policy, Route};
use portcullis_core::protocol::pointer::{Pointer, Scalar};

use super::condition::{self, Condition};

/// An extension, a plugin, and what tells their routes apart.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Choice {
    /// `chrome-extension://<id>/`, or the id of a Mozilla add-on
    pub(crate) origin: Origin,
    /// The plugin
    pub(crate) plugin: PluginName,
    /// The route for this host name, where there are several
    #[arg(long, value_name = "NAME")]
    host_name: Option<HostName>,
    /// The route with this condition, where there are several
    #[arg(long, value_name = "POINTER=VALUE")]
    when: Vec<Condition>,
}

impl Choice {
    /// The one route that is meant, and its place in the policy. `verb` and `rest` are what stands around the route's
    /// words in the command.
    pub(crate) fn find<'a>(
        &self,
        policy: &'a Policy,
        verb: &str,
        rest: &str,
    ) -> Result<(usize, &'a Route)> {
        let when = condition::together(&self.when)?;
        let fitting: Vec<(usize, &Route)> = policy
            .routes()
            .iter()
            .enumerate()
            .filter(|(_, route)| self.fits(&when, route))
            .collect();
        let exact = fitting
            .iter()
            .find(|(_, route)| route.host_name == self.host_name && route.when == when);
        match (&fitting[..], exact) {
            ([one], _) => Ok(*one),
            (_, Some(exact)) => Ok(*exact),
            ([], None) => bail!(
                "no such route of `{}` to `{}`: first run `portcullis route add {}`",
                self.origin,
                self.plugin,
                self.words(&when)
            ),
            (several, None) => {
                let commands = several
                    .iter()
                    .map(|(_, route)| format!("\n  portcullis {verb} {}{rest}", route.words()));
                let commands: String = commands.collect();
                bail!("{} routes fit: choose one with{commands}", several.len())
            }
        }
    }

    fn fits(&self, when: &BTreeMap<Pointer, Scalar>, route: &Route) -> bool {
        route.origin == self.origin
            && route.plugin == self.plugin
            && (self.host_name.is_none() || route.host_name == self.host_name)
            && (when.is_empty() || route.when == *when)
    }

    fn words(&self, when: &BTreeMap<Pointer, Scalar>) -> String {
        let mut words = format!("{} {}", shell_word(self.origin.as_str()), self.plugin);
        if let Some(host_name) = &self.host_name {
            words.push_str(&format!(" --host-name {host_name}"));
        }
        for (pointer, scalar) in when {
            let condition = format!("{}={scalar}", pointer.as_str());
            words.push_str(&format!(" --when {}", shell_word(&condition)));
        }
        words
    }
}
