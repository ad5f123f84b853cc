//! Whether the two programs are there and belong together.
//!
//! Native code is tied to the version of the program that made it, so a host of another version runs no plugin that
//! this program has compiled, nor can it have one compiled anew. Nothing else shows that before an extension asks.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use portcullis_core::names::escape;
use portcullis_sandbox::PROGRAM_VERSION;

use super::finding::{Finding, Findings, PROGRAMS};
use crate::hand_over::host_program;

pub(super) fn check(findings: &mut Findings) {
    let host = match host_program() {
        Ok(host) => host,
        Err(error) => return findings.push(Finding::broken(PROGRAMS, format!("{error:#}"))),
    };
    let detail = match version_of(&host) {
        Ok(version) if version == PROGRAM_VERSION => {
            let detail = format!("version {version}, with `{}`", host.display());
            return findings.push(Finding::good(PROGRAMS, detail));
        }
        Ok(version) => format!(
            "`portcullis-host` has version {}, and this program {PROGRAM_VERSION}: it runs nothing that this one compiles",
            escape(&version)
        ),
        Err(error) => format!("`portcullis-host` does not tell its version: {error:#}"),
    };
    findings.push(
        Finding::broken(PROGRAMS, detail)
            .in_file(host)
            .mended_by("put both programs of one version into one folder"),
    );
}

/// What a host, or a launcher, says that it is.
pub(super) fn version_of(host: &Path) -> Result<String> {
    let ended = Command::new(host)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .context("it cannot be started")?;
    let said = String::from_utf8_lossy(&ended.stdout);
    match said.trim_end().strip_prefix("portcullis-host ") {
        Some(version) if ended.status.success() => Ok(version.to_owned()),
        _ => bail!("it ended with {}", ended.status),
    }
}
