//! What a plugin asks for, as a person reads it before deciding. `add` and `inspect` print the same.

use anyhow::Result;
use portcullis_core::policy::{Access, SecretAccess};
use portcullis_core::requests::Requests;
use serde_json::{Value, json};

use crate::output::Output;

/// Prints name, version and description, and a row for each request.
pub(crate) fn print(output: &mut Output, requests: &Requests) -> Result<()> {
    let Requests {
        name,
        version,
        description,
        ..
    } = requests;
    output.line(format!("it calls itself `{name}` {version}: {description}"))?;
    if !requests.origins.is_empty() {
        let origins = requests.origins.iter().map(|origin| format!("`{origin}`"));
        let origins: Vec<String> = origins.collect();
        output.line(format!("it is made for {}", origins.join(", ")))?;
    }
    if !requests.host_names.is_empty() {
        let names = requests.host_names.iter().map(|name| format!("`{name}`"));
        let names: Vec<String> = names.collect();
        output.line(format!("its host name is {}", names.join(" or ")))?;
    }
    let rows = rows(requests);
    if rows.is_empty() {
        return Ok(output.line("it asks for nothing")?);
    }
    output.line("it asks for (and has nothing of it until you grant it)")?;
    let headings = ["  POWER", "ITS REASON"].map(str::to_owned).to_vec();
    let rows = rows
        .into_iter()
        .map(|Row { word, reason, .. }| vec![format!("  {word}"), reason]);
    Ok(output.table(&std::iter::once(headings).chain(rows).collect::<Vec<_>>())?)
}

/// One request.
pub(crate) struct Row {
    /// As `grant` takes it; where a folder of the machine is missing in it, `FOLDER` stands for one.
    pub(crate) word: String,
    pub(crate) reason: String,
}

/// Every request, in the order of the policy's keys.
pub(crate) fn rows(requests: &Requests) -> Vec<Row> {
    let row = |word: String, reason: &dyn std::fmt::Display| Row {
        word,
        reason: reason.to_string(),
    };
    let mut rows = Vec::new();
    rows.extend(
        requests
            .storage
            .iter()
            .map(|reason| row("storage".to_owned(), reason)),
    );
    rows.extend(requests.folders.iter().map(|one| {
        let host = one
            .suggested
            .as_ref()
            .map_or("FOLDER", |suggested| suggested.as_str());
        let suffix = match one.access {
            Access::ReadOnly => "",
            Access::ReadWrite => ":rw",
        };
        row(format!("fs={host}:{}{suffix}", one.guest), &one.reason)
    }));
    let http = requests.http.iter();
    rows.extend(http.map(|one| row(format!("http={}", one.destination), &one.reason)));
    rows.extend(requests.secrets.iter().map(|one| {
        let suffix = match one.access {
            SecretAccess::Read => "",
            SecretAccess::Write => ":write",
        };
        row(format!("secret={}{suffix}", one.name), &one.reason)
    }));
    let env = requests.environment.iter();
    rows.extend(env.map(|one| row(format!("env={}=VALUE", one.name), &one.reason)));
    let config = requests.config.iter();
    rows.extend(config.map(|one| row(format!("config={}=VALUE", one.key), &one.reason)));
    rows
}

/// The requests as JSON, by the keys of `plugin.toml`.
pub(crate) fn as_json(requests: &Requests) -> Value {
    let folders: Vec<_> = requests.folders.iter().map(|one| {
        json!({ "guest": one.guest, "access": one.access, "suggested": one.suggested, "reason": one.reason })
    }).collect();
    let http: Vec<_> = requests
        .http
        .iter()
        .map(|one| json!({ "destination": one.destination.to_string(), "reason": one.reason }))
        .collect();
    let secrets: Vec<_> = requests.secrets.iter().map(|one| {
        json!({ "name": one.name, "write": one.access == SecretAccess::Write, "reason": one.reason })
    }).collect();
    let config: Vec<_> = requests
        .config
        .iter()
        .map(|one| json!({ "key": one.key, "reason": one.reason }))
        .collect();
    let env: Vec<_> = requests
        .environment
        .iter()
        .map(|one| json!({ "name": one.name, "reason": one.reason }))
        .collect();
    json!({
        "name": requests.name,
        "version": requests.version,
        "description": requests.description,
        "origins": requests.origins,
        "host-names": requests.host_names,
        "requests": {
            "storage": requests.storage.as_ref().map(|reason| json!({ "reason": reason })),
            "fs": folders,
            "http": http,
            "secrets": secrets,
            "config": config,
            "env": env,
        },
    })
}
