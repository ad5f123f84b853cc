//! Which powers an installation gives: what was typed, or what the plugin asks for.

use anyhow::{Result, bail};
use portcullis_core::requests::Requests;

use crate::exit::Usage;
use crate::output::shell_word;
use crate::power::Power;
use crate::requests_table;

/// What a plugin that asks for this is to have, where `typed` comes in the place of all of it. A folder is the one that
/// its author suggests; where there is no suggestion, a person has to choose. Settings and variables have no value that
/// anybody could give them unasked.
pub(super) fn wanted(requests: Option<&Requests>, typed: &[Power]) -> Result<Vec<Power>> {
    if !typed.is_empty() {
        return Ok(typed.to_vec());
    }
    let Some(requests) = requests else {
        return Ok(Vec::new());
    };
    let storage = requests.storage.iter().map(|_| Power::Storage);
    let mut powers: Vec<Power> = storage.collect();
    for folder in &requests.folders {
        let Some(suggested) = &folder.suggested else {
            bail!(Usage(format!(
                "it asks for a folder at `{}` and suggests none: choose one, with everything else that you grant\n  \
                 --grant {}",
                folder.guest,
                words(requests)
            )));
        };
        powers.push(Power::Folder {
            host: suggested.as_str().to_owned(),
            guest: folder.guest.clone(),
            access: folder.access,
        });
    }
    let http = requests.http.iter();
    powers.extend(http.map(|one| Power::Http(one.destination.clone())));
    let secrets = requests.secrets.iter();
    powers.extend(secrets.map(|one| Power::Secret(one.name.clone(), one.access)));
    Ok(powers)
}

/// Everything that is asked for, as it is typed; `FOLDER` stands for what a person chooses.
fn words(requests: &Requests) -> String {
    let rows = requests_table::rows(requests).into_iter();
    let rows = rows.filter(|row| !row.word.starts_with("config=") && !row.word.starts_with("env="));
    let words: Vec<String> = rows.map(|row| shell_word(&row.word).to_string()).collect();
    words.join(" ")
}
