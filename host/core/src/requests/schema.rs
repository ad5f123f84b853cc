//! The shape of the requests in TOML, and the conversion each way.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Spanned;

use super::{
    Asked, FORMAT, FolderRequest, HttpRequest, LONGEST, MOST_ITEMS, Reason, Requests,
    SecretRequest, SettingRequest, VariableRequest, Wish, Words,
};
use crate::caller::Origin;
use crate::names::{HostName, PluginName};
use crate::policy::{Access, Destination, GuestPath, SecretAccess, SecretName};

/// A problem and the byte of the text where it is.
pub(crate) type Located = (usize, String);

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Shape {
    /// Left out by authors, who write the newest there is; always in a section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<Spanned<i64>>,
    name: PluginName,
    version: Words<64>,
    description: Words<1024>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    origins: Vec<Spanned<Origin>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    host_names: Vec<Spanned<HostName>>,
    #[serde(default)]
    requests: PowersShape,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PowersShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<StorageShape>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fs: Vec<Spanned<FolderShape>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    http: Vec<Spanned<HttpShape>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<Spanned<SecretShape>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    config: Vec<Spanned<SettingShape>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env: Vec<Spanned<VariableShape>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StorageShape {
    reason: Reason,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FolderShape {
    guest: GuestPath,
    access: Access,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suggested: Option<Words<1024>>,
    reason: Reason,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpShape {
    #[serde(deserialize_with = "from_text", serialize_with = "as_text")]
    destination: Destination,
    reason: Reason,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretShape {
    name: SecretName,
    #[serde(default, skip_serializing_if = "is_read")]
    write: bool,
    reason: Reason,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingShape {
    key: Words<256>,
    reason: Reason,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VariableShape {
    name: Words<256>,
    reason: Reason,
}

/// The powers of an earlier build, as `plugins.lock` keeps them: without words.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AskedShape {
    #[serde(skip_serializing_if = "is_read")]
    storage: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fs: Vec<AskedFolder>,
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "from_texts",
        serialize_with = "as_texts"
    )]
    http: Vec<Destination>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<AskedSecret>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedFolder {
    guest: GuestPath,
    access: Access,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedSecret {
    name: SecretName,
    #[serde(default, skip_serializing_if = "is_read")]
    write: bool,
}

/// Reads requests.
pub(super) fn parse(text: &str) -> Result<Requests, Located> {
    if text.len() > LONGEST {
        let length = text.len();
        let problem = format!("requests have at most {LONGEST} bytes, these have {length}");
        return Err((LONGEST, problem));
    }
    let shape: Shape = toml::from_str(text).map_err(|error| located(text, &error))?;
    meaning_of(shape)
}

/// Writes requests.
pub(super) fn write(requests: &Requests) -> String {
    let shape = Shape {
        format: Some(unlocated(FORMAT)),
        ..shape_of(requests)
    };
    toml::to_string(&shape).expect("texts and tables are what TOML consists of")
}

/// What a newer format adds would be an unknown key here, and that is not what its reader has to know.
fn located(text: &str, error: &toml::de::Error) -> Located {
    #[derive(Deserialize)]
    struct FormatOnly {
        format: Spanned<i64>,
    }
    if let Ok(FormatOnly { format }) = toml::from_str(text)
        && let Err(problem) = check_format(&format)
    {
        return problem;
    }
    let at = error.span().map_or(0, |span| span.start);
    (at, error.message().to_owned())
}

fn check_format(format: &Spanned<i64>) -> Result<(), Located> {
    let problem = match *format.get_ref() {
        FORMAT => return Ok(()),
        newer if newer > FORMAT => format!(
            "format {newer} of requests is newer than this program reads ({FORMAT}): update Portcullis"
        ),
        other => format!("there is no format {other} of requests, only {FORMAT}"),
    };
    Err((format.span().start, problem))
}

/// Brings requests to what they mean.
pub(crate) fn meaning_of(shape: Shape) -> Result<Requests, Located> {
    if let Some(format) = &shape.format {
        check_format(format)?;
    }
    let powers = shape.requests;
    Ok(Requests {
        name: shape.name,
        version: shape.version,
        description: shape.description,
        origins: distinct(shape.origins, "extension", Origin::to_string)?,
        host_names: distinct(shape.host_names, "host name", HostName::to_string)?,
        storage: powers.storage.map(|storage| storage.reason),
        folders: distinct(powers.fs, "folder", |one| one.guest.to_string())?
            .into_iter()
            .map(|one| FolderRequest {
                guest: one.guest,
                access: one.access,
                suggested: one.suggested,
                reason: one.reason,
            })
            .collect(),
        http: distinct(powers.http, "destination", |one| {
            one.destination.to_string()
        })?
        .into_iter()
        .map(|one| HttpRequest {
            destination: one.destination,
            reason: one.reason,
        })
        .collect(),
        secrets: distinct(powers.secrets, "secret", |one| one.name.to_string())?
            .into_iter()
            .map(|one| SecretRequest {
                name: one.name,
                access: access_of(one.write),
                reason: one.reason,
            })
            .collect(),
        config: distinct(powers.config, "setting", |one| one.key.to_string())?
            .into_iter()
            .map(|one| SettingRequest {
                key: one.key,
                reason: one.reason,
            })
            .collect(),
        environment: distinct(powers.env, "variable", |one| one.name.to_string())?
            .into_iter()
            .map(|one| VariableRequest {
                name: one.name,
                reason: one.reason,
            })
            .collect(),
    })
}

/// The items of a list in which nothing stands twice, and which a person can read to its end.
fn distinct<T>(
    items: Vec<Spanned<T>>,
    what: &str,
    name_of: impl Fn(&T) -> String,
) -> Result<Vec<T>, Located> {
    if let Some(beyond) = items.get(MOST_ITEMS) {
        let problem = format!("at most {MOST_ITEMS} items stand in one list");
        return Err((beyond.span().start, problem));
    }
    let mut names = BTreeSet::new();
    for item in &items {
        let name = name_of(item.get_ref());
        if names.contains(&name) {
            let problem = format!("the {what} `{name}` stands here twice");
            return Err((item.span().start, problem));
        }
        names.insert(name);
    }
    Ok(items.into_iter().map(Spanned::into_inner).collect())
}

/// The shape of requests, without a format: for a file that has a version of its own.
pub(crate) fn shape_of(requests: &Requests) -> Shape {
    let folders = requests.folders.iter().map(|one| FolderShape {
        guest: one.guest.clone(),
        access: one.access,
        suggested: one.suggested.clone(),
        reason: one.reason.clone(),
    });
    let http = requests.http.iter().map(|one| HttpShape {
        destination: one.destination.clone(),
        reason: one.reason.clone(),
    });
    let secrets = requests.secrets.iter().map(|one| SecretShape {
        name: one.name.clone(),
        write: one.access == SecretAccess::Write,
        reason: one.reason.clone(),
    });
    let config = requests.config.iter().map(|one| SettingShape {
        key: one.key.clone(),
        reason: one.reason.clone(),
    });
    let env = requests.environment.iter().map(|one| VariableShape {
        name: one.name.clone(),
        reason: one.reason.clone(),
    });
    let storage = requests.storage.clone();
    Shape {
        format: None,
        name: requests.name.clone(),
        version: requests.version.clone(),
        description: requests.description.clone(),
        origins: requests.origins.iter().cloned().map(unlocated).collect(),
        host_names: requests.host_names.iter().cloned().map(unlocated).collect(),
        requests: PowersShape {
            storage: storage.map(|reason| StorageShape { reason }),
            fs: folders.map(unlocated).collect(),
            http: http.map(unlocated).collect(),
            secrets: secrets.map(unlocated).collect(),
            config: config.map(unlocated).collect(),
            env: env.map(unlocated).collect(),
        },
    }
}

impl From<AskedShape> for Asked {
    fn from(shape: AskedShape) -> Self {
        let mut wishes = Vec::new();
        wishes.extend(shape.storage.then_some(Wish::Storage));
        let folders = shape.fs.into_iter();
        wishes.extend(folders.map(|one| Wish::Folder(one.guest, one.access)));
        wishes.extend(shape.http.into_iter().map(Wish::Http));
        let secrets = shape.secrets.into_iter();
        wishes.extend(secrets.map(|one| Wish::Secret(one.name, access_of(one.write))));
        Self::from_wishes(wishes)
    }
}

impl From<&Asked> for AskedShape {
    fn from(asked: &Asked) -> Self {
        let mut shape = Self::default();
        for wish in asked.wishes() {
            match wish.clone() {
                Wish::Storage => shape.storage = true,
                Wish::Folder(guest, access) => shape.fs.push(AskedFolder { guest, access }),
                Wish::Http(destination) => shape.http.push(destination),
                Wish::Secret(name, access) => shape.secrets.push(AskedSecret {
                    name,
                    write: access == SecretAccess::Write,
                }),
            }
        }
        shape
    }
}

fn access_of(write: bool) -> SecretAccess {
    match write {
        true => SecretAccess::Write,
        false => SecretAccess::Read,
    }
}

/// What is not written because it is the default.
fn is_read(write: &bool) -> bool {
    !*write
}

fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn from_texts<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parsed = texts.iter().map(|text| text.parse());
    parsed
        .collect::<Result<_, _>>()
        .map_err(serde::de::Error::custom)
}

fn as_texts<S: Serializer>(values: &[impl Display], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}

/// A value on its way out, which comes from no place in a text.
fn unlocated<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}
