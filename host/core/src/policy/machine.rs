//! The machine-wide policy: what an administrator leaves of the user's.
//!
//! The decision that shaped it: it is written in the same words as the user's and never grants. The user's policy is
//! intersected with it, once, before anything else looks at it; so a host needs no second judgement anywhere, and what
//! is left of a grant stands on the user's line. An extension that it does not mention is the user's own matter, unless it
//! says `unmentioned = "deny"`. Limits and confinement that it does not mention are not narrowed.
//!
//! What this does not do: it reads no file and resolves no link; who calls it says where a folder really lies.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::grant::{FolderGrant, Grant, HttpGrant, SecretGrant};
use super::limits::{Limits, TABLE};
use super::schema::Owner;
use super::{Policy, PolicyError, Route, parse};

/// What becomes of extensions that the machine-wide policy does not mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unmentioned {
    /// The user's policy decides.
    #[default]
    Allow,
    /// They have no routes.
    Deny,
}

/// What an administrator allows. The default, of a machine without such a policy, narrows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MachinePolicy {
    routes: Vec<Route>,
    unmentioned: Unmentioned,
}

impl MachinePolicy {
    /// Reads the text of a machine-wide policy. `file` is only for the error's sake.
    ///
    /// # Errors
    ///
    /// The first [`PolicyError`] of the file. No extension may be served then.
    pub fn parse(text: &str, file: &Path) -> Result<Self, PolicyError> {
        let parsed = parse(text, file, Owner::Machine)?;
        Ok(Self {
            routes: parsed.routes,
            unmentioned: parsed.unmentioned,
        })
    }

    /// What is left of one route of the user's; `None` where nothing is.
    ///
    /// `real` is where a folder of a policy really lies, links resolved; `None` where it does not exist.
    fn narrowed(&self, route: &Route, real: &dyn Fn(&str) -> Option<PathBuf>) -> Option<Route> {
        let mut ours = self
            .routes
            .iter()
            .filter(|ours| ours.origin == route.origin);
        if ours.clone().next().is_none() {
            return match self.unmentioned {
                Unmentioned::Allow => Some(route.clone()),
                Unmentioned::Deny => None,
            };
        }
        let ours: Vec<&Route> = ours
            .by_ref()
            .filter(|ours| ours.plugin == route.plugin)
            .collect();
        // The narrowest that every message of the user's route fits. There is one: machine-wide routes do not overlap.
        let fitting = ours.iter().filter(|ours| route.includes(ours));
        let fitting = fitting.max_by_key(|ours| ours.conditions())?;
        let mut left = route.clone();
        intersect(&mut left, fitting, real);
        // Some messages of the user's route fit these, too, and must not be a way around what they narrow.
        let within = ours
            .iter()
            .filter(|ours| !route.includes(ours) && !route.excludes(ours));
        for narrower in within {
            intersect(&mut left, narrower, real);
        }
        Some(left)
    }
}

impl Policy {
    /// What a machine-wide policy leaves of this one. `real` says where a folder of either policy really lies, links
    /// resolved, and `None` where there is no such folder; what is not there is not granted.
    #[must_use]
    pub fn narrowed_by(
        &self,
        machine: &MachinePolicy,
        real: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Self {
        let routes = self.routes.iter();
        Self {
            routes: routes
                .filter_map(|route| machine.narrowed(route, real))
                .collect(),
            secrets_backend: self.secrets_backend,
        }
    }
}

/// Leaves of a route what another one allows as well. What tells the plugin something is the machine's where both say it:
/// settings are no powers, and an administrator who sets one means it.
fn intersect(route: &mut Route, machine: &Route, real: &dyn Fn(&str) -> Option<PathBuf>) {
    route.limits = route.limits.lower(&machine.limits);
    route.confinement = route.confinement.max(machine.confinement);
    route.check_inbound |= machine.check_inbound;
    let Grant {
        approved: _,
        folders,
        http,
        http_private,
        environment,
        config,
        secrets,
        storage,
    } = &mut route.grant;
    let theirs = &machine.grant;
    *folders = folders
        .iter()
        .filter_map(|folder| narrowed_folder(folder, &theirs.folders, real))
        .collect();
    *http = http
        .iter()
        .flat_map(|grant| narrowed_destination(grant, &theirs.http))
        .collect();
    *http_private &= theirs.http_private;
    *secrets = secrets
        .iter()
        .filter_map(|secret| {
            let allowed = theirs.secret(&secret.name)?;
            Some(SecretGrant {
                access: secret.access.min(allowed.access),
                ..secret.clone()
            })
        })
        .collect();
    *storage = storage.filter(|_| theirs.storage.is_some());
    environment.extend(theirs.environment.clone());
    config.extend(theirs.config.clone());
}

/// The folder with the access that the machine allows for it, which is the most that any folder around it allows.
fn narrowed_folder(
    folder: &FolderGrant,
    machine: &[FolderGrant],
    real: &dyn Fn(&str) -> Option<PathBuf>,
) -> Option<FolderGrant> {
    let path = real(&folder.host)?;
    let around = machine
        .iter()
        .filter(|allowed| real(&allowed.host).is_some_and(|outer| path.starts_with(outer)));
    let access = around.map(|allowed| allowed.access).max()?;
    Some(FolderGrant {
        access: folder.access.min(access),
        ..folder.clone()
    })
}

/// The destination where the machine allows all of it, and otherwise those of the machine's that lie in it.
fn narrowed_destination(grant: &HttpGrant, machine: &[HttpGrant]) -> Vec<HttpGrant> {
    let covers = |allowed: &HttpGrant| allowed.destination.covers(&grant.destination);
    if machine.iter().any(covers) {
        return vec![grant.clone()];
    }
    let within = machine
        .iter()
        .filter(|allowed| grant.destination.covers(&allowed.destination));
    within
        .map(|allowed| HttpGrant {
            destination: allowed.destination.clone(),
            line: grant.line,
        })
        .collect()
}

macro_rules! each_limit {
    ($($lowest_is_strictest:ident)*; $($highest_is_strictest:ident)*) => {
        impl Limits {
            /// Limits that narrow nothing.
            pub(super) fn widest() -> Self {
                Self {
                    $($lowest_is_strictest: TABLE.$lowest_is_strictest.ceiling,)*
                    $($highest_is_strictest: TABLE.$highest_is_strictest.floor,)*
                }
            }

            /// The stricter of each.
            fn lower(&self, other: &Self) -> Self {
                Self {
                    $($lowest_is_strictest: self.$lowest_is_strictest.min(other.$lowest_is_strictest),)*
                    $($highest_is_strictest: self.$highest_is_strictest.max(other.$highest_is_strictest),)*
                }
            }
        }
    };
}

// Crashes count for longer in a longer window.
each_limit! {
    memory cpu_per_call wall_per_call init message_in log_rate crashes storage storage_keys http_body http_in_flight
    files_written files_made ports;
    crash_window
}

#[cfg(test)]
mod tests;
