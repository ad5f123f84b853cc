//! The shape of `plugins.lock` in TOML, and the one conversion each way.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Artifact, EarlierBuild, Installed, Lock, LockProblem, MOST_EARLIER, VERSION};
use crate::home::Position;
use crate::home::artifact::{Stamp, artifact_file_name};
use crate::names::{Digest, PluginName};
use crate::requests::schema as requests;

/// What stands above the entries.
const HEADER: &str =
    "# Written by `portcullis`. It ties each plugin's native code to a digest: do not edit it.\n\n";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FileShape {
    version: Spanned<i64>,
    next_number: u64,
    #[serde(default, rename = "plugin", skip_serializing_if = "Vec::is_empty")]
    plugins: Vec<PluginShape>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PluginShape {
    name: Spanned<PluginName>,
    number: Spanned<u64>,
    source: String,
    sha256: Digest,
    size: u64,
    installed: Spanned<String>,
    artifact: ArtifactShape,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requests: Option<requests::Shape>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Spanned<EarlierShape>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct EarlierShape {
    sha256: Digest,
    #[serde(default)]
    asked: requests::AskedShape,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ArtifactShape {
    file: Spanned<String>,
    program: Spanned<String>,
    target: Spanned<String>,
    sha256: Digest,
    size: u64,
    // TOML has no unsigned 64-bit integer, so this is the same 64 bits read as a signed one.
    inode: i64,
    mtime_ns: i64,
    ctime_ns: i64,
}

/// A problem and the bytes that it is about.
type Located = (Range<usize>, LockProblem);

/// Reads a lock; the error says where in `text`.
pub(super) fn read(text: &str) -> Result<Lock, (Position, LockProblem)> {
    let lock = match toml::from_str::<FileShape>(text) {
        Ok(shape) => meaning_of(shape),
        Err(error) => Err(located(text, &error)),
    };
    lock.map_err(|(span, problem)| (Position::of(text, span.start), problem))
}

/// Writes a lock.
pub(super) fn write(lock: &Lock) -> String {
    let shape = FileShape {
        version: unlocated(VERSION),
        next_number: lock.next_number,
        plugins: lock.plugins.iter().map(shape_of).collect(),
    };
    let body =
        toml::to_string(&shape).expect("numbers, texts and tables are what TOML consists of");
    format!("{HEADER}{body}")
}

/// What the reader of TOML says, unless the reason is that the file is of another version: then that is what a
/// person has to know, and not which of its keys came as a surprise.
fn located(text: &str, error: &toml::de::Error) -> Located {
    #[derive(Deserialize)]
    struct VersionOnly {
        version: Spanned<i64>,
    }
    if let Ok(VersionOnly { version }) = toml::from_str(text)
        && let Err(problem) = check_version(&version)
    {
        return problem;
    }
    let problem = LockProblem::Shape {
        message: error.message().to_owned(),
    };
    (error.span().unwrap_or(0..0), problem)
}

fn check_version(version: &Spanned<i64>) -> Result<(), Located> {
    let problem = match *version.get_ref() {
        VERSION => return Ok(()),
        newer if newer > VERSION => LockProblem::NewerVersion { version: newer },
        other => LockProblem::UnknownVersion { version: other },
    };
    Err((version.span(), problem))
}

fn meaning_of(shape: FileShape) -> Result<Lock, Located> {
    check_version(&shape.version)?;
    let next = shape.next_number;
    let mut lock = Lock {
        next_number: next,
        plugins: Vec::with_capacity(shape.plugins.len()),
    };
    for plugin in shape.plugins {
        let name = plugin.name.get_ref();
        if lock.find(name).is_some() {
            return Err((
                plugin.name.span(),
                LockProblem::DuplicateName { name: name.clone() },
            ));
        }
        let number = *plugin.number.get_ref();
        if number >= next {
            return Err((
                plugin.number.span(),
                LockProblem::NumberTooHigh { number, next },
            ));
        }
        if lock.plugins.iter().any(|known| known.number == number) {
            return Err((
                plugin.number.span(),
                LockProblem::DuplicateNumber { number },
            ));
        }
        let installed = plugin.installed.get_ref().parse();
        lock.plugins.push(Installed {
            number,
            source: plugin.source,
            digest: plugin.sha256,
            size: plugin.size,
            installed: installed.map_err(|problem| (plugin.installed.span(), problem))?,
            artifact: meaning_of_artifact(plugin.artifact, &plugin.sha256)?,
            requests: plugin.requests.map(meaning_of_requests).transpose()?,
            earlier: meaning_of_earlier(plugin.earlier)?,
            name: plugin.name.into_inner(),
        });
    }
    Ok(lock)
}

fn meaning_of_requests(shape: requests::Shape) -> Result<crate::requests::Requests, Located> {
    requests::meaning_of(shape).map_err(|(at, message)| (at..at, LockProblem::Shape { message }))
}

fn meaning_of_earlier(shapes: Vec<Spanned<EarlierShape>>) -> Result<Vec<EarlierBuild>, Located> {
    if let Some(beyond) = shapes.get(MOST_EARLIER) {
        let message = format!("at most {MOST_EARLIER} earlier builds are kept");
        return Err((beyond.span(), LockProblem::Shape { message }));
    }
    let builds = shapes.into_iter().map(Spanned::into_inner);
    Ok(builds
        .map(|shape| EarlierBuild {
            digest: shape.sha256,
            asked: shape.asked.into(),
        })
        .collect())
}

fn meaning_of_artifact(shape: ArtifactShape, plugin: &Digest) -> Result<Artifact, Located> {
    let (program_version, target) = (plain(shape.program)?, plain(shape.target)?);
    let expected = artifact_file_name(plugin, &program_version, &target);
    if *shape.file.get_ref() != expected {
        return Err((shape.file.span(), LockProblem::FileName { expected }));
    }
    Ok(Artifact {
        program_version,
        target,
        digest: shape.sha256,
        size: shape.size,
        stamp: Stamp {
            inode: shape.inode.cast_unsigned(),
            modified_ns: shape.mtime_ns,
            changed_ns: shape.ctime_ns,
        },
    })
}

/// A text that may be part of a file's name: there is no way in it to leave the folder.
fn plain(text: Spanned<String>) -> Result<String, Located> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    if text.get_ref().is_empty() || !text.get_ref().chars().all(is_plain) {
        return Err((
            text.span(),
            LockProblem::NotPlain {
                text: text.into_inner(),
            },
        ));
    }
    Ok(text.into_inner())
}

fn shape_of(plugin: &Installed) -> PluginShape {
    let artifact = &plugin.artifact;
    PluginShape {
        name: unlocated(plugin.name.clone()),
        number: unlocated(plugin.number),
        source: plugin.source.clone(),
        sha256: plugin.digest,
        size: plugin.size,
        installed: unlocated(plugin.installed.as_str().to_owned()),
        artifact: ArtifactShape {
            file: unlocated(artifact.file_name(&plugin.digest)),
            program: unlocated(artifact.program_version.clone()),
            target: unlocated(artifact.target.clone()),
            sha256: artifact.digest,
            size: artifact.size,
            inode: artifact.stamp.inode.cast_signed(),
            mtime_ns: artifact.stamp.modified_ns,
            ctime_ns: artifact.stamp.changed_ns,
        },
        requests: plugin.requests.as_ref().map(requests::shape_of),
        earlier: plugin.earlier.iter().map(shape_of_earlier).collect(),
    }
}

fn shape_of_earlier(build: &EarlierBuild) -> Spanned<EarlierShape> {
    unlocated(EarlierShape {
        sha256: build.digest,
        asked: (&build.asked).into(),
    })
}

/// A value on its way out, which comes from no place in a text.
fn unlocated<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}
