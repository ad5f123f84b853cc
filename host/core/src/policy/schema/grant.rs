//! The shape of `[route.grant]`, and its conversion to what it means.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::{Fault, fault, line_of, read};
use crate::names::Digest;
use crate::policy::grant::{
    Access, Destination, FolderGrant, Grant, GuestPath, HttpGrant, SecretAccess, SecretGrant,
    SecretName, StorageGrant,
};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct GrantTable {
    approved: Option<Spanned<String>>,
    fs: Vec<Spanned<FolderTable>>,
    http: Vec<Spanned<String>>,
    http_private: bool,
    env: BTreeMap<Spanned<String>, Spanned<String>>,
    config: BTreeMap<String, String>,
    secrets: Vec<Spanned<toml::Value>>,
    storage: Option<Spanned<bool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FolderTable {
    host: Spanned<String>,
    guest: Spanned<String>,
    access: Access,
}

/// Brings a table of grants to what it means.
pub(super) fn meaning_of(newlines: &[usize], table: GrantTable) -> Result<Grant, Fault> {
    let line = |at: usize| line_of(newlines, at);
    check_single(&table)?;
    let folders = table.fs.into_iter().map(|folder| folder_of(folder, line));
    let http = table.http.into_iter().map(|text| {
        Ok(HttpGrant {
            destination: read::<Destination>(&text)?,
            line: line(text.span().start),
        })
    });
    let secrets = table.secrets.into_iter().map(|value| secret(&value, line));
    let storage = table.storage.filter(|allowed| *allowed.get_ref());
    let grant = Grant {
        approved: table.approved.as_ref().map(approved).transpose()?,
        folders: folders.collect::<Result<Vec<_>, _>>()?,
        http: http.collect::<Result<_, _>>()?,
        http_private: table.http_private,
        environment: environment(table.env)?,
        config: table.config,
        secrets: secrets.collect::<Result<_, _>>()?,
        storage: storage.map(|allowed| StorageGrant {
            line: line(allowed.span().start),
        }),
    };
    Ok(grant)
}

/// Refuses what stands twice: with two folders in one place, or one secret with two rules, a person could not see what
/// holds.
fn check_single(table: &GrantTable) -> Result<(), Fault> {
    let mut places = BTreeSet::new();
    for folder in &table.fs {
        let guest = &folder.get_ref().guest;
        if !places.insert(guest.get_ref()) {
            let problem = format!("`{}` stands for another folder already", guest.get_ref());
            return Err(fault(guest, problem));
        }
    }
    let mut names = BTreeSet::new();
    for secret in &table.secrets {
        let value = secret.get_ref();
        let name = value.as_str().or_else(|| value.get("name")?.as_str());
        if let Some(name) = name
            && !names.insert(name)
        {
            return Err(Fault {
                at: secret.span().start,
                problem: format!(
                    "the secret `{}` stands here twice",
                    crate::names::escape(name)
                ),
            });
        }
    }
    Ok(())
}

/// Digests are written `sha256:…`, so that a file that is read in ten years says what they are.
fn approved(text: &Spanned<String>) -> Result<Digest, Fault> {
    let hex = text.get_ref().strip_prefix("sha256:").ok_or_else(|| {
        fault(
            text,
            "an approved build is written `sha256:…`, as `portcullis grant` does",
        )
    })?;
    hex.parse().map_err(|error| fault(text, error))
}

fn folder_of(
    folder: Spanned<FolderTable>,
    line: impl Fn(usize) -> usize,
) -> Result<FolderGrant, Fault> {
    let at = folder.span().start;
    let FolderTable {
        host,
        guest,
        access,
    } = folder.into_inner();
    let is_whole = host.get_ref().starts_with("~/")
        || host.get_ref() == "~"
        || std::path::Path::new(host.get_ref()).is_absolute();
    if !is_whole || host.get_ref().contains('\0') {
        let problem = format!(
            "`{}` is not a folder's whole path: begin it with `~/` or write it from the root",
            crate::names::escape(host.get_ref())
        );
        return Err(fault(&host, problem));
    }
    Ok(FolderGrant {
        guest: read::<GuestPath>(&guest)?,
        host: host.into_inner(),
        access,
        line: line(at),
    })
}

/// A secret is its name, or a table with more.
fn secret(
    value: &Spanned<toml::Value>,
    line: impl Fn(usize) -> usize,
) -> Result<SecretGrant, Fault> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct SecretTable {
        name: String,
        #[serde(default)]
        write: bool,
    }
    let at = value.span().start;
    let wrong = |problem: String| Fault { at, problem };
    let table = match value.get_ref() {
        toml::Value::String(name) => SecretTable {
            name: name.clone(),
            write: false,
        },
        toml::Value::Table(table) => table
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?,
        other => {
            return Err(wrong(format!(
                "a secret is its name or `{{ name = \"…\", write = true }}`, not {} `{other}`",
                other.type_str()
            )));
        }
    };
    let name: Result<SecretName, _> = table.name.parse();
    Ok(SecretGrant {
        name: name.map_err(|error| wrong(error.to_string()))?,
        access: if table.write {
            SecretAccess::Write
        } else {
            SecretAccess::Read
        },
        line: line(at),
    })
}

/// Variables that a guest's C library can hold.
fn environment(
    table: BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<BTreeMap<String, String>, Fault> {
    for (name, value) in &table {
        if name.get_ref().is_empty() || name.get_ref().contains(['=', '\0']) {
            return Err(fault(
                name,
                "a variable has a name, without `=` and zero bytes",
            ));
        }
        if value.get_ref().contains('\0') {
            return Err(fault(value, "a variable holds no zero bytes"));
        }
    }
    let pairs = table.into_iter();
    Ok(pairs
        .map(|(name, value)| (name.into_inner(), value.into_inner()))
        .collect())
}
