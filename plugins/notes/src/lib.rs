//! Text notes in a folder that the user grants: an extension keeps them where every other program can find them.
//!
//! | Request | Reply |
//! |---|---|
//! | `{"list": true}` | `{"notes": ["shopping", "to do"]}`, sorted |
//! | `{"read": "shopping"}` | `{"note": "shopping", "text": "…"}` |
//! | `{"write": "shopping", "text": "…"}` | `{"note": "shopping", "written": 12}`, in bytes |
//! | `{"delete": "shopping"}` | `{"note": "shopping", "deleted": true}` |
//!
//! Files are plain `std::fs`: the granted folder is `/notes`, and there is nothing else. The host would refuse any way
//! out of it; names are still checked here, because a note called `a/b` would be a mistake, and a plugin's own sentence
//! about it is better than the system's.
//!
//! `portcullis grant ORIGIN notes fs=~/Notes:/notes:rw`

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;

wit_bindgen::generate!({ path: "../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};

/// Where the policy puts the user's folder.
const FOLDER: &str = "/notes";

/// What the file of a note ends in.
const ENDING: &str = ".txt";

/// What an extension may ask for. One of the first four.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    list: Option<bool>,
    read: Option<String>,
    write: Option<String>,
    text: Option<String>,
    delete: Option<String>,
}

struct Notes;

impl Guest for Notes {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        let request: Request = serde_json::from_str(&message).map_err(|_| unknown())?;
        let reply = match request {
            Request {
                list: Some(true),
                read: None,
                write: None,
                text: None,
                delete: None,
            } => {
                json!({ "notes": list()? })
            }
            Request {
                list: None,
                read: Some(note),
                write: None,
                text: None,
                delete: None,
            } => {
                let text = fs::read_to_string(file_of(&note)?).map_err(failed)?;
                json!({ "note": note, "text": text })
            }
            Request {
                list: None,
                read: None,
                write: Some(note),
                text: Some(text),
                delete: None,
            } => {
                write(&note, &text)?;
                json!({ "note": note, "written": text.len() })
            }
            Request {
                list: None,
                read: None,
                write: None,
                text: None,
                delete: Some(note),
            } => {
                fs::remove_file(file_of(&note)?).map_err(failed)?;
                json!({ "note": note, "deleted": true })
            }
            _ => return Err(unknown()),
        };
        Ok(reply.to_string())
    }
}

fn list() -> Result<Vec<String>, PluginError> {
    let mut notes = Vec::new();
    for entry in fs::read_dir(FOLDER).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let note = name.to_str().and_then(|name| name.strip_suffix(ENDING));
        notes.extend(note.map(str::to_owned));
    }
    notes.sort();
    Ok(notes)
}

/// Writes beside the note and renames, so that who reads meanwhile sees the old text or the new one.
fn write(note: &str, text: &str) -> Result<(), PluginError> {
    let file = file_of(note)?;
    let beside = file.with_extension("new");
    fs::write(&beside, text).map_err(failed)?;
    fs::rename(&beside, &file).map_err(failed)
}

/// The file of a note: letters, digits, spaces and a little more, so that it is the same on every system.
fn file_of(note: &str) -> Result<PathBuf, PluginError> {
    let is_plain = |c: char| c.is_alphanumeric() || " -_".contains(c);
    if note.trim() != note || note.is_empty() || note.len() > 100 || !note.chars().all(is_plain) {
        return Err(error(
            "bad-name",
            "a note's name is 1 to 100 letters, digits, spaces, `-` and `_`",
        ));
    }
    Ok(PathBuf::from(FOLDER).join(format!("{note}{ENDING}")))
}

fn unknown() -> PluginError {
    error(
        "unknown-request",
        "send `{\"list\": true}`, `{\"read\": name}`, `{\"write\": name, \"text\": …}` or `{\"delete\": name}`",
    )
}

/// What an extension can act on by its code; the rest is for a person.
fn failed(cause: io::Error) -> PluginError {
    let code = match cause.kind() {
        io::ErrorKind::NotFound => "not-found",
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => "not-allowed",
        io::ErrorKind::QuotaExceeded | io::ErrorKind::StorageFull => "full",
        _ => "failed",
    };
    error(code, &cause.to_string())
}

fn error(code: &str, message: &str) -> PluginError {
    PluginError {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

export!(Notes);
