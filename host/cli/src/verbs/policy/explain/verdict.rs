//! A verdict about one route, and how it looks.

use std::path::{Path, PathBuf};

use anyhow::Result;
use portcullis_core::names::PluginName;
use portcullis_core::policy::Route;
use serde_json::{Value, json};

use crate::output::Output;

/// Where the rule stands that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// On this line of the user's policy.
    Policy(usize),
    /// In the machine-wide policy.
    Machine(PathBuf),
}

/// Whether it would be allowed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) allowed: bool,
    pub(super) place: Option<Place>,
    plugin: Option<PluginName>,
    /// Where it is refused: the code of the host's report, or `not-granted` where the plugin meets the refusal.
    code: Option<&'static str>,
    because: String,
    mend: Option<String>,
    file: Option<PathBuf>,
}

impl Verdict {
    pub(super) fn allowed(because: String) -> Self {
        Self {
            allowed: true,
            place: None,
            plugin: None,
            code: None,
            because,
            mend: None,
            file: None,
        }
    }

    pub(super) fn refused(code: &'static str, because: String) -> Self {
        Self {
            allowed: false,
            code: Some(code),
            ..Self::allowed(because)
        }
    }

    /// The same with the command that would allow it.
    pub(super) fn mended_by(mut self, command: String) -> Self {
        self.mend = Some(command);
        self
    }

    /// The same about a route.
    pub(super) fn of(mut self, route: &Route) -> Self {
        self.plugin = Some(route.plugin.clone());
        self
    }

    /// The same about a route, with the place of the rule.
    pub(super) fn at(self, route: &Route, place: Place) -> Self {
        let mut verdict = self.of(route);
        verdict.place = Some(place);
        verdict
    }

    /// The same with the place of another verdict.
    pub(super) fn placed_as(mut self, other: Self) -> Self {
        self.place = other.place;
        self
    }

    /// The same with the file in which the user's policy is.
    pub(super) fn in_file(mut self, file: &Path) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    fn rule(&self) -> Option<(&Path, Option<usize>)> {
        match (self.place.as_ref()?, &self.file) {
            (Place::Policy(line), Some(file)) => Some((file, Some(*line))),
            (Place::Policy(_), None) => None,
            (Place::Machine(file), _) => Some((file, None)),
        }
    }

    pub(super) fn print(&self, output: &mut Output) -> Result<()> {
        let word = if self.allowed { "allowed" } else { "refused" };
        let plugin = self.plugin.as_ref();
        let plugin = plugin.map_or_else(String::new, |plugin| format!(" (`{plugin}`)"));
        output.line(format!("{word}{plugin}: {}", self.because))?;
        match self.rule() {
            Some((file, Some(line))) => output.line(format!("  by {}:{line}", file.display()))?,
            Some((file, None)) => output.line(format!("  by {}", file.display()))?,
            None => {}
        }
        if let Some(command) = &self.mend {
            output.line(format!("  to allow it: {command}"))?;
        }
        Ok(())
    }

    pub(super) fn as_json(&self) -> Value {
        let rule = self
            .rule()
            .map(|(file, line)| json!({ "file": file.display().to_string(), "line": line }));
        json!({
            "allowed": self.allowed,
            "plugin": self.plugin,
            "code": self.code,
            "because": self.because,
            "rule": rule,
            "mend": self.mend,
        })
    }
}
