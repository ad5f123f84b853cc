//! What a browser makes of a host: its checks, in its order.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_core::caller::{Family, Origin};
use portcullis_core::manifest::{self, Fault, HostManifest, Program};
use portcullis_core::names::{HostName, escape};

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use super::finding::{Finding, Severity};
use crate::browsers::policies::Policies;
use crate::browsers::{Machine, Place, Scope, There};

/// What a browser ends at.
pub(super) struct Walk {
    /// The manifest that it uses, with its file.
    pub(super) manifest: Option<(PathBuf, HostManifest)>,
    pub(super) findings: Vec<Finding>,
}

/// One browser, or several that do the same.
pub(super) struct Reader<'a> {
    /// Their names.
    pub(super) about: &'a str,
    pub(super) family: Family,
    /// Where they look, in their order.
    pub(super) places: &'a [(Scope, Place)],
    pub(super) policies: &'a Policies,
}

/// What a place gives to a browser.
enum Step {
    /// The next place is looked at.
    On,
    Found(PathBuf, HostManifest),
    /// There is no host for it.
    End,
}

/// Goes the way of a browser from the name of a host to the program, for each of these extensions.
pub(super) fn walk(
    machine: &Machine,
    reader: &Reader<'_>,
    host: &HostName,
    wanted: &[Origin],
) -> Walk {
    let mut findings = Vec::new();
    let about = reader.about;
    if reader.policies.block(host) {
        let source = reader.policies.source.clone().unwrap_or_default();
        let finding = Finding::fault(about, manifest::forbidden_by_policy(host));
        findings.push(finding.of_host(host).in_file(source));
        return Walk {
            manifest: None,
            findings,
        };
    }
    let mut found = None;
    for (scope, place) in reader.places {
        if *scope == Scope::User && reader.policies.ignore_users_manifests() {
            if !matches!(machine.look(place), There::Nothing) {
                let detail = format!("an administrator's policy makes it pass over `{place}`");
                findings.push(
                    Finding::warning(about, detail)
                        .of_host(host)
                        .in_file(reader.policies.source.clone().unwrap_or_default()),
                );
            }
            continue;
        }
        match look(machine, reader, host, place, &mut findings) {
            Step::On => {}
            Step::Found(file, manifest) => {
                found = Some((*scope, file, manifest));
                break;
            }
            Step::End => {
                return Walk {
                    manifest: None,
                    findings,
                };
            }
        }
    }
    let Some((scope, file, manifest)) = found else {
        return Walk {
            manifest: None,
            findings,
        };
    };
    // What was refused before this one stood in nobody's way.
    for finding in &mut findings {
        finding.severity = Severity::Warning;
    }
    let fault = |fault: Fault| Finding::fault(about, fault).of_host(host).in_file(&file);
    if manifest.allowed().is_empty() {
        findings.push(
            Finding::broken(about, "`allowed_origins` is empty: nobody can connect")
                .of_host(host)
                .in_file(&file)
                .mended_by("list the extensions that may"),
        );
    }
    let refused = wanted
        .iter()
        .filter_map(|origin| manifest.check_caller(origin).err());
    findings.extend(refused.map(fault));
    let program = manifest.program(&file);
    let on_disk = match scope {
        Scope::User => program,
        Scope::System => machine.surroundings.below_root(&program),
    };
    findings.extend(
        manifest
            .check_program(program_at(&on_disk))
            .err()
            .map(fault),
    );
    Walk {
        manifest: Some((file, manifest)),
        findings,
    }
}

fn look(
    machine: &Machine,
    reader: &Reader<'_>,
    host: &HostName,
    place: &Place,
    findings: &mut Vec<Finding>,
) -> Step {
    let about = reader.about;
    let unusable = |detail: String| {
        let fault = manifest::not_found(reader.family, host);
        Finding {
            detail,
            ..Finding::fault(about, fault)
        }
        .of_host(host)
    };
    match machine.look(place) {
        There::Nothing => Step::On,
        There::NotText => {
            findings.push(unusable(format!("the value of `{place}` is no text")));
            // Chromium takes what is no text for nothing; Firefox stops.
            match reader.family {
                Family::Chromium => Step::On,
                Family::Mozilla => Step::End,
            }
        }
        There::NoFile { file } => {
            let shown = escape(&file.display().to_string());
            findings.push(
                unusable(format!("`{place}` names `{shown}`, which is missing")).in_file(file),
            );
            Step::End
        }
        There::Unreadable { file, error } => {
            findings.push(unusable(format!("`{place}` cannot be read: {error}")).in_file(file));
            on_after_fault(reader.family, place)
        }
        There::Manifest { file, text } => match manifest::read(reader.family, &text, host.as_str())
        {
            Ok(manifest) => Step::Found(file, manifest),
            Err(fault) => {
                findings.push(Finding::fault(about, fault).of_host(host).in_file(file));
                on_after_fault(reader.family, place)
            }
        },
    }
}

/// Chromium takes the first file that exists, and where that is broken there is no host. Firefox goes on to the next
/// folder, but not to the next key (`NativeManifests.sys.mjs`: `_tryPaths` is a loop, `_winLookup` takes one path).
fn on_after_fault(family: Family, place: &Place) -> Step {
    match (family, place) {
        (Family::Mozilla, Place::File(_)) => Step::On,
        (Family::Mozilla, Place::Key(_)) | (Family::Chromium, _) => Step::End,
    }
}

/// What is at the path of a program.
pub(super) fn program_at(path: &Path) -> Program {
    match fs::metadata(path) {
        Err(_) => Program::Missing,
        Ok(found) if platform::is_executable(&found) => Program::Executable,
        Ok(_) => Program::NotExecutable,
    }
}

#[cfg(test)]
mod tests;
