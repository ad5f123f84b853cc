//! What `doctor` has to say: one thing that was looked at, and how it was found.

use std::path::PathBuf;

use anyhow::Result;
use portcullis_core::home::Position;
use portcullis_core::manifest::Fault;
use portcullis_core::names::{HostName, PluginName};
use serde_json::{Value, json};

use crate::output::Output;

/// What a finding about the two programs themselves is about.
pub(super) const PROGRAMS: &str = "programs";

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// Something does not work. Only this makes the exit code 1.
    Broken,
    /// It works, and not as somebody might think.
    Warning,
    /// Worth knowing.
    Note,
    /// It was looked at and is right.
    Good,
}

/// What `--fix` can do by itself: only to what is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fix {
    /// Write the launcher and the manifests of a host again, as they were registered.
    Register(HostName),
    /// Make the native code of a plugin again.
    Rebuild(PluginName),
}

/// One finding.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// What it is about: a browser, a plugin, a part of the home.
    pub(super) about: String,
    pub(super) host: Option<HostName>,
    pub(super) file: Option<PathBuf>,
    pub(super) position: Option<Position>,
    pub(super) detail: String,
    /// What the browser tells the extension.
    pub(super) shown: Option<String>,
    /// What it writes in its own log.
    pub(super) logged: Option<String>,
    pub(super) mend: Option<String>,
    pub(super) fix: Option<Fix>,
}

/// All of them, in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Good => "ok",
        }
    }
}

impl Finding {
    fn new(severity: Severity, about: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity,
            about: about.into(),
            host: None,
            file: None,
            position: None,
            detail: detail.into(),
            shown: None,
            logged: None,
            mend: None,
            fix: None,
        }
    }

    pub(super) fn broken(about: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Broken, about, detail)
    }

    pub(super) fn warning(about: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Warning, about, detail)
    }

    pub(super) fn note(about: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Note, about, detail)
    }

    pub(super) fn good(about: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Severity::Good, about, detail)
    }

    /// A browser's objection.
    pub(super) fn fault(about: impl Into<String>, fault: Fault) -> Self {
        Self {
            position: fault.position,
            shown: Some(fault.shown),
            logged: fault.logged,
            mend: Some(fault.mend),
            ..Self::broken(about, fault.detail)
        }
    }

    pub(super) fn of_host(self, host: &HostName) -> Self {
        Self {
            host: Some(host.clone()),
            ..self
        }
    }

    pub(super) fn in_file(self, file: impl Into<PathBuf>) -> Self {
        Self {
            file: Some(file.into()),
            ..self
        }
    }

    pub(super) fn mended_by(self, mend: impl Into<String>) -> Self {
        Self {
            mend: Some(mend.into()),
            ..self
        }
    }

    pub(super) fn fixed_by(self, fix: Fix) -> Self {
        Self {
            fix: Some(fix),
            ..self
        }
    }

    /// Where it is, as editors take it.
    fn place(&self) -> Option<String> {
        let file = self.file.as_ref()?.display();
        Some(match self.position {
            Some(position) => format!("{file}:{position}"),
            None => file.to_string(),
        })
    }

    fn print(&self, output: &mut Output) -> Result<()> {
        let host = self
            .host
            .as_ref()
            .map(|host| format!(" `{host}`"))
            .unwrap_or_default();
        output.line(format!(
            "{}: {}{host}: {}",
            self.severity.word(),
            self.about,
            self.detail
        ))?;
        let place = self.place();
        for (what, text) in [
            ("in", &place),
            ("the extension is told", &self.shown),
            ("the browser logs", &self.logged),
            ("mend", &self.mend),
        ] {
            if let Some(text) = text {
                output.line(format!("  {what}: {text}"))?;
            }
        }
        Ok(())
    }

    fn as_json(&self) -> Value {
        json!({
            "severity": self.severity.word(),
            "about": self.about,
            "host": self.host,
            "file": self.file.as_ref().map(|file| file.display().to_string()),
            "line": self.position.map(|position| position.line),
            "column": self.position.map(|position| position.column),
            "detail": self.detail,
            "shown": self.shown,
            "logged": self.logged,
            "mend": self.mend,
            "fixable": self.fix.is_some(),
        })
    }
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Drops what is about neither one of these hosts nor this one thing, unless it keeps every plugin from running.
    pub(super) fn keep_only(&mut self, hosts: &[HostName], about: &str) {
        self.0.retain(|finding| {
            let host = finding.host.as_ref();
            finding.about == about
                || host.is_some_and(|host| hosts.contains(host))
                || finding.about == PROGRAMS && finding.severity == Severity::Broken
        });
    }

    /// How many things do not work.
    pub(crate) fn broken(&self) -> usize {
        let broken = self
            .0
            .iter()
            .filter(|finding| finding.severity == Severity::Broken);
        broken.count()
    }

    /// What `--fix` can do about them, each once.
    pub(super) fn fixes(&self) -> Vec<Fix> {
        let mut fixes: Vec<Fix> = Vec::new();
        for fix in self.0.iter().filter_map(|finding| finding.fix.as_ref()) {
            if !fixes.contains(fix) {
                fixes.push(fix.clone());
            }
        }
        fixes
    }

    pub(crate) fn print(&self, output: &mut Output) -> Result<()> {
        self.0.iter().try_for_each(|finding| finding.print(output))
    }

    pub(crate) fn as_json(&self) -> Vec<Value> {
        self.0.iter().map(Finding::as_json).collect()
    }
}
