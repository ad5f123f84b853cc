//! `doctor FILE.json…`: manifests of whatever host, as the browsers that would read them see them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use portcullis_core::caller::Family;
use portcullis_core::manifest;
use portcullis_core::names::escape;
use serde_json::Value;

use super::finding::{Finding, Findings};
use super::walk::program_at;
use crate::browsers::{Browser, Machine, read_bounded};
use crate::environment::Environment;

pub(super) fn check(files: &[PathBuf], environment: &Environment) -> Result<Findings> {
    let machine = environment.machine();
    let mut findings = Findings::default();
    for file in files {
        let file = std::path::absolute(file)
            .with_context(|| format!("cannot tell where `{}` is", file.display()))?;
        let text =
            read_bounded(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let readers = readers_of(&machine, &file);
        let (families, about): (Vec<Family>, _) = if readers.is_empty() {
            findings.push(
                Finding::note("manifest", "no browser looks for manifests in its folder")
                    .in_file(&file),
            );
            (families_in(&text), None)
        } else {
            let mut families: Vec<Family> = readers.iter().map(|(family, _)| *family).collect();
            families.dedup();
            (families, Some(&readers))
        };
        for family in families {
            let names: Vec<&str> = about
                .into_iter()
                .flatten()
                .filter_map(|(of, name)| (*of == family).then_some(*name))
                .collect();
            let about = if names.is_empty() {
                kin(family).to_owned()
            } else {
                names.join(", ")
            };
            judge(&about, family, &file, &text, &mut findings);
        }
    }
    Ok(findings)
}

fn judge(about: &str, family: Family, file: &Path, text: &[u8], findings: &mut Findings) {
    // An extension asks for a name, and its browser looks for a file of that name.
    let requested = file.file_stem().unwrap_or_default().to_string_lossy();
    let manifest = match manifest::read(family, text, &requested) {
        Ok(manifest) => manifest,
        Err(fault) => return findings.push(Finding::fault(about, fault).in_file(file)),
    };
    let mut is_good = true;
    if manifest.allowed().is_empty() {
        is_good = false;
        findings.push(
            Finding::broken(about, "`allowed_origins` is empty: nobody can connect")
                .in_file(file)
                .mended_by("list the extensions that may"),
        );
    }
    for allowed in manifest
        .allowed()
        .iter()
        .filter(|allowed| allowed.origin.is_none())
    {
        let detail = format!(
            "`{}` is the id of no extension, and lets nobody in",
            escape(&allowed.written)
        );
        findings.push(Finding::warning(about, detail).in_file(file));
    }
    if let Err(fault) = manifest.check_program(program_at(&manifest.program(file))) {
        is_good = false;
        findings.push(Finding::fault(about, fault).in_file(file));
    }
    if is_good {
        let detail = format!(
            "it starts `{}` for {} of its entries",
            escape(&manifest.program(file).display().to_string()),
            manifest
                .allowed()
                .iter()
                .filter(|allowed| allowed.origin.is_some())
                .count()
        );
        findings.push(Finding::good(about, detail).in_file(file));
    }
}

/// The browsers that look for manifests in the folder of this file.
fn readers_of(machine: &Machine, file: &Path) -> Vec<(Family, &'static str)> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let reads = |browser: &&'static Browser| {
        machine
            .folders_read_by(browser)
            .iter()
            .any(|one| one == folder)
    };
    let mut readers: Vec<_> = machine
        .browsers()
        .iter()
        .filter(reads)
        .map(|browser| (browser.family, browser.name))
        .collect();
    readers.sort_by_key(|(family, _)| *family == Family::Mozilla);
    readers
}

/// The families that a manifest seems to be for, by the list that it has; both where it has none.
fn families_in(text: &[u8]) -> Vec<Family> {
    let manifest: Value = serde_json::from_slice(text).unwrap_or_default();
    let has = |key: &str| manifest.get(key).is_some();
    match (has("allowed_origins"), has("allowed_extensions")) {
        (true, false) => vec![Family::Chromium],
        (false, true) => vec![Family::Mozilla],
        _ => vec![Family::Chromium, Family::Mozilla],
    }
}

/// What the browsers of a family are called together.
fn kin(family: Family) -> &'static str {
    match family {
        Family::Chromium => "Chromium and its kin",
        Family::Mozilla => "Firefox and its kin",
    }
}
