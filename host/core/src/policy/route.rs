//! Routes, and the choice among them.
//!
//! A route is a set of conditions: an origin, perhaps a host name, perhaps values in the message. The one rule that
//! shaped this: two routes that could both fit a message are an error unless one has every condition of the other and
//! more, so that the narrowest route is always unique and the order of the file never matters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::grant::{Grant, SecretsBackend};
use super::limits::Limits;
use crate::caller::Origin;
use crate::names::{HostName, PluginName, shell_word};
use crate::protocol::json::{self, JsonError};
use crate::protocol::pointer::{Pointer, Scalar};

/// How long one instance of a plugin lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Lifetime {
    /// As long as the port.
    #[default]
    Port,
    /// For one message. Not for sessions.
    Message,
}

/// What follows a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OnCrash {
    /// The next message meets a fresh instance.
    #[default]
    Restart,
    /// The port is closed, for an extension that has to begin again anyway.
    Close,
}

/// How much confinement by the operating system a route asks for. The order is from the least strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Strictness {
    /// None. For finding out whether the confinement is what stands in the way.
    Off,
    /// Whatever the system has.
    #[default]
    BestEffort,
    /// All of it, or no plugin runs.
    Required,
}

/// One route: its conditions, and what the plugin gets when they hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The extension.
    pub origin: Origin,
    /// The host name that it must have asked for, where the route says so.
    pub host_name: Option<HostName>,
    /// What the message must hold: all of these.
    pub when: BTreeMap<Pointer, Scalar>,
    /// Who serves it.
    pub plugin: PluginName,
    /// How long an instance lives.
    pub lifetime: Lifetime,
    /// What follows a crash.
    pub on_crash: OnCrash,
    /// Whether messages are checked to be JSON before the plugin sees them.
    pub check_inbound: bool,
    /// What the plugin may use.
    pub limits: Limits,
    /// What the plugin may reach and is told.
    pub grant: Grant,
    /// How much confinement by the operating system it asks for.
    pub confinement: Strictness,
    /// Where the route stands in the file: a line, from 1.
    pub line: usize,
}

/// How two routes relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// No message can fit both.
    Disjoint,
    /// Every message that fits one fits the other, and not the other way round.
    Narrower,
    /// They have the same conditions.
    Same,
    /// Some message would fit both, and neither is narrower.
    Overlapping,
}

impl Route {
    /// What follows the verb in a command about this very route, as a person can paste it: origin, plugin, conditions.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = vec![shell_word(self.origin.as_str()), self.plugin.to_string()];
        if let Some(host_name) = &self.host_name {
            words.push(format!("--host-name {host_name}"));
        }
        for (pointer, scalar) in &self.when {
            let condition = format!("{}={scalar}", pointer.as_str());
            words.push(format!("--when {}", shell_word(&condition)));
        }
        words.join(" ")
    }

    /// How this route relates to another one.
    pub(super) fn relation(&self, other: &Self) -> Relation {
        if self.origin != other.origin || self.excludes(other) {
            return Relation::Disjoint;
        }
        match (self.includes(other), other.includes(self)) {
            (true, true) => Relation::Same,
            (false, false) => Relation::Overlapping,
            _ => Relation::Narrower,
        }
    }

    /// Whether the conditions of the two contradict each other.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        let names = matches!((&self.host_name, &other.host_name), (Some(a), Some(b)) if a != b);
        names
            || self.when.iter().any(|(pointer, scalar)| {
                other.when.iter().any(|(their_pointer, their_scalar)| {
                    (pointer == their_pointer && scalar != their_scalar)
                        || pointer.passes_through(their_pointer)
                })
            })
    }

    /// Whether this route has every condition of the other.
    pub(super) fn includes(&self, other: &Self) -> bool {
        (other.host_name.is_none() || self.host_name == other.host_name)
            && other
                .when
                .iter()
                .all(|(pointer, scalar)| self.when.get(pointer) == Some(scalar))
    }

    /// The number of conditions. Of two routes that fit one message, the one with more is the narrower.
    pub(super) fn conditions(&self) -> usize {
        self.when.len() + usize::from(self.host_name.is_some())
    }
}

/// The routes of one port, the narrowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortRoutes {
    routes: Vec<Route>,
    secrets_backend: SecretsBackend,
}

impl PortRoutes {
    pub(super) fn new(mut routes: Vec<Route>, secrets_backend: SecretsBackend) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(route.conditions()));
        // The first route without a `when` fits every message of this port, so the ones after it never can.
        if let Some(last) = routes.iter().position(|route| route.when.is_empty()) {
            routes.truncate(last + 1);
        }
        Self {
            routes,
            secrets_backend,
        }
    }

    /// Where their secrets are kept.
    #[must_use]
    pub fn secrets_backend(&self) -> SecretsBackend {
        self.secrets_backend
    }

    /// The routes that a message of this port can take. Their places are what [`Self::select`] returns.
    #[must_use]
    pub fn as_slice(&self) -> &[Route] {
        &self.routes
    }

    /// The place of the route that fits every message for which no narrower one does.
    #[must_use]
    pub fn unconditional(&self) -> Option<usize> {
        self.routes.iter().position(|route| route.when.is_empty())
    }

    /// The confinement of the process: the strictest that any of them asks for, since one process serves them all.
    #[must_use]
    pub fn confinement(&self) -> Strictness {
        self.routes
            .iter()
            .map(|route| route.confinement)
            .max()
            .unwrap_or_default()
    }

    /// The longest message that any of them takes, in bytes; 0 where there is none.
    #[must_use]
    pub fn message_limit(&self) -> u64 {
        self.routes
            .iter()
            .map(|route| route.limits.message_in.bytes())
            .max()
            .unwrap_or(0)
    }

    /// The place of the one route for a message; `None` where no route fits.
    ///
    /// A message is only looked into where a route has a `when`. It is then checked to be JSON as a whole first.
    ///
    /// # Errors
    ///
    /// [`JsonError`] where the message had to be read and is not JSON, or has a duplicate key where a route looks.
    pub fn select(&self, message: &str) -> Result<Option<usize>, JsonError> {
        let mut checked = false;
        'routes: for (place, route) in self.routes.iter().enumerate() {
            for (pointer, scalar) in &route.when {
                if !checked {
                    json::check(message)?;
                    checked = true;
                }
                if !pointer.matches(message, scalar)? {
                    continue 'routes;
                }
            }
            return Ok(Some(place));
        }
        Ok(None)
    }
}
