//! `doctor FILE.json…`: manifests of whatever host, as the browsers that would read them see them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use portcullis_core::caller::Family;
use portcullis_core::manifest;
use portcullis_core::names::{HostName, escape};
use serde_json::Value;

use super::finding::{Finding, Findings};
use super::walk::program_at;
use crate::browsers::{Browser, Machine, Place, Platform, There, read_bounded};
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
            findings.push(Finding::note("manifest", unread(&machine)).in_file(&file));
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

/// The browsers that read this file: those that look for manifests in its folder, and those that a key leads to it.
fn readers_of(machine: &Machine, file: &Path) -> Vec<(Family, &'static str)> {
    // A person may name it by another way than a browser, over links or `..`.
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = real(file.parent().unwrap_or(Path::new("")));
    let name = file.file_stem().and_then(|stem| stem.to_str());
    let host: Option<HostName> = name.and_then(|name| name.parse().ok());
    let is_named_by = |place: &Place| match (place, machine.look(place)) {
        (Place::Key(_), There::Manifest { file: named, .. }) => real(&named) == real(file),
        _ => false,
    };
    let reads = |browser: &&'static Browser| {
        let folders = machine.folders_read_by(browser);
        let places = host.iter().flat_map(|host| machine.read_by(browser, host));
        folders.iter().any(|one| real(one) == folder)
            || places.into_iter().any(|(_, place)| is_named_by(&place))
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

/// That no browser reads a file.
fn unread(machine: &Machine) -> &'static str {
    match machine.surroundings.platform {
        Platform::Windows => "no key of a browser's leads to it",
        Platform::Linux | Platform::MacOs => "no browser looks for manifests in its folder",
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browsers::testing::{Fake, Found, Hive, View};

    #[test]
    fn on_windows_a_file_is_read_by_whom_a_key_leads_to_it() {
        let fake = Fake::new(Platform::Windows);
        let file = fake.write("anywhere/a.b.json", "{}");
        assert_eq!(readers_of(&fake.machine, &file), []);
        let named = fake.path("anywhere/../anywhere/a.b.json");
        for key in [r"Software\Mozilla", r"Software\Microsoft\Edge"] {
            let key = format!(r"{key}\NativeMessagingHosts\a.b");
            let value = Found::Text(named.display().to_string());
            fake.registry.put(Hive::Machine, View::Bits64, &key, value);
        }
        let readers = readers_of(&fake.machine, &file);
        let names: Vec<_> = readers.iter().map(|(_, name)| *name).collect();
        assert!(names.starts_with(&["Microsoft Edge"]), "{names:?}");
        assert!(names.contains(&"Firefox") && !names.contains(&"Google Chrome"));
        // Keys for another host do not count, whatever file they name.
        let other = fake.write("anywhere/c.d.json", "{}");
        assert_eq!(readers_of(&fake.machine, &other), []);
    }
}
