//! Which layers of the second line this machine has.
//!
//! They are put on in a process, in the same way as the host does, and what came of it is said: what a kernel claims to
//! offer and what it then enforces are two things. They cannot be taken off again, so a check that has more to do starts
//! this program anew for it.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use portcullis_core::policy::{Policy, Strictness};
use portcullis_sandbox::confine::{self, Layer, Needs};
use serde::Deserialize;
use serde_json::json;

use super::finding::{Finding, Findings};
use crate::output::Output;

/// `doctor --sandbox`: puts them on in this very process.
pub(super) fn show(as_json: bool) -> Result<()> {
    let mut output = Output::new();
    let layers = confine::confine(Strictness::BestEffort, &Needs::default())?;
    if as_json {
        let layers: Vec<_> = layers
            .as_slice()
            .iter()
            .map(|Layer { name, absent }| {
                json!({ "layer": name, "active": absent.is_none(), "reason": absent })
            })
            .collect();
        output.line(serde_json::to_string_pretty(&layers)?)?;
    } else {
        for Layer { name, absent } in layers.as_slice() {
            let state = absent
                .as_ref()
                .map_or_else(|| "active".to_owned(), |reason| format!("absent: {reason}"));
            output.line(format!("{name}: {state}"))?;
        }
    }
    if !layers.are_complete() {
        bail!(
            "the confinement by the system is not complete; a route with `os = \"required\"` would refuse to run"
        );
    }
    Ok(())
}

/// One layer, as [`show`] prints it.
#[derive(Debug, Deserialize)]
struct Shown {
    layer: String,
    reason: Option<String>,
}

/// The same in a process of its own.
pub(super) fn check(policy: &Policy, findings: &mut Findings) {
    const ABOUT: &str = "second line";
    let shown = match ask() {
        Ok(shown) => shown,
        Err(error) => {
            let detail = format!("cannot find out what this system confines: {error:#}");
            return findings.push(Finding::broken(ABOUT, detail));
        }
    };
    let absent: Vec<String> = shown
        .iter()
        .filter_map(|one| Some(format!("{} ({})", one.layer, one.reason.as_ref()?)))
        .collect();
    if absent.is_empty() {
        let layers: Vec<_> = shown.iter().map(|one| one.layer.as_str()).collect();
        return findings.push(Finding::good(
            ABOUT,
            format!("active: {}", layers.join(", ")),
        ));
    }
    let required = policy
        .routes()
        .iter()
        .find(|route| route.confinement == Strictness::Required);
    let detail = format!("absent: {}", absent.join(", "));
    findings.push(match required {
        Some(route) => Finding::broken(
            ABOUT,
            format!(
                "{detail}; the route at line {} requires all of it, so its plugin does not run",
                route.line
            ),
        ),
        None => Finding::warning(ABOUT, detail),
    });
}

fn ask() -> Result<Vec<Shown>> {
    let output = Command::new(env::current_exe()?)
        .args(["doctor", "--sandbox", "--json"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the check ended with {}", output.status))
}
