//! What `policy.toml` and `plugins.lock` say for one extension, kept so that a start need not read all of both: a home
//! with a hundred plugins then starts one as fast as a home with one.
//!
//! The deciding choice: a file here is no authority. It names the two files that it was made from by what the system
//! keeps about them (size, number, time of the last write, time of the last change), and one that does not fit in
//! every way, or is not wholly as this program writes it, counts as not there; then both are read as ever. So an edit
//! holds at once, whoever made it and by whatever means, and taking all of `compiled/` away changes nothing but a
//! start's length.
//!
//! What that rests on: every write to a file, every rename over it and every change of its times sets its time of
//! change, which no program can set (`utimensat(2)` cannot, and a restored copy gets a new one). Two writes within one
//! step of the file system's clock could leave the same time, so nothing is kept of files that had changed in the
//! last [`SETTLED`], by that same clock, when they were looked at. A program that maps a file and writes to it is seen
//! at its first write after the system has last stored the file; editors do not work that way. On Windows a program may set the time of change,
//! so nothing is kept there.
//!
//! What this does not do: the machine-wide policy is never kept. It is read at each start and narrows what is found here.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::Builder;

use super::artifact::Stamp;
use super::crashes::name_of;
use super::guarded::{self, Purpose};
use super::lock::{Artifact, EarlierBuild, Installed, Lock};
use super::{Home, make_folder, write};
use crate::caller::Origin;
use crate::names::{Digest, PluginName};
use crate::policy::Policy;
use crate::requests::Requests;
use crate::requests::schema::AskedShape;

/// How long ago the policy and the lock have changed last, at the least, where something is kept of them: counted up to
/// when they were looked at, since a start may be held up after that for any length of time. The coarsest clock of a
/// file system that a home may be on has steps of two seconds.
pub const SETTLED: Duration = Duration::from_secs(2);

/// The longest file that is read, in bytes. What is longer is read from the policy.
const LONGEST: u64 = 1024 * 1024;

/// What is found for one extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The user's policy, without the routes of other extensions.
    pub policy: Policy,
    /// The lock, without the plugins that these routes do not name.
    pub lock: Lock,
}

/// The policy and the lock, as the system knows them at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    policy: Source,
    lock: Source,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    size: u64,
    stamp: Stamp,
}

impl Sources {
    /// What the two are now. `None` where one of them is missing or not to be trusted: whoever reads them as a whole
    /// says what is wrong.
    #[must_use]
    pub fn of(home: &Home) -> Option<Self> {
        // Why: see the head of this file.
        if cfg!(windows) {
            return None;
        }
        let source = |path: PathBuf| {
            let (file, metadata) = guarded::open(&path, Purpose::Read).ok()??;
            Some(Source {
                size: metadata.len(),
                stamp: Stamp::of(&file, &metadata).ok()?,
            })
        };
        Some(Self {
            policy: source(home.policy_file())?,
            lock: source(home.lock_file())?,
        })
    }
}

/// What is kept for an extension and was made of these very files; `None` where there is nothing, or the least doubt.
#[must_use]
pub fn read(home: &Home, origin: &Origin, sources: &Sources) -> Option<Compiled> {
    let bytes = guarded::read(&file_of(home, origin), LONGEST).ok()??;
    let shape: Shape = serde_json::from_slice(&bytes).ok()?;
    let fits = shape.program == PROGRAM && shape.origin == *origin && shape.sources == *sources;
    let is_of_origin = |policy: &Policy| policy.routes().iter().all(|it| it.origin == *origin);
    if !fits || !is_of_origin(&shape.policy) {
        return None;
    }
    let plugins = shape.plugins.into_iter().map(Entry::meaning);
    Some(Compiled {
        policy: shape.policy,
        lock: Lock::of(shape.next_number, plugins.collect::<Option<_>>()?),
    })
}

/// Keeps what the whole policy and the whole lock say for an extension. `sources` are what they were before they were
/// read, `since` ago. Returns whether it was kept: not where one of them has changed since, or just before, or nothing
/// is said.
///
/// No lock is taken and nothing forced to the disk: the file appears whole, under its name, or not at all, and one that
/// a power failure has left empty or torn is not as this program writes it.
///
/// # Errors
///
/// Where the folder cannot be written to. It is as before then.
pub fn write(
    home: &Home,
    origin: &Origin,
    (sources, since): (&Sources, Duration),
    policy: &Policy,
    lock: &Lock,
) -> io::Result<bool> {
    let policy = policy.of_origin(origin);
    let named = |plugin: &&Installed| {
        let mut routes = policy.routes().iter();
        routes.any(|route| route.plugin == plugin.name)
    };
    let plugins = lock.plugins().iter().filter(named).map(Entry::of).collect();
    if policy.routes().is_empty() {
        return Ok(false);
    }
    let shape = Shape {
        program: PROGRAM.to_owned(),
        origin: origin.clone(),
        sources: *sources,
        policy,
        next_number: lock.next_number(),
        plugins,
    };
    let folder = home.compiled();
    make_folder(&folder)?;
    let mut temporary = Builder::new()
        .prefix(write::TEMPORARY_PREFIX)
        .tempfile_in(&folder)?;
    let bytes = serde_json::to_vec(&shape).map_err(io::Error::other)?;
    temporary.write_all(&bytes)?;
    let metadata = temporary.as_file().metadata()?;
    let now = Stamp::of(temporary.as_file(), &metadata)?.changed_ns;
    let latest = sources
        .policy
        .stamp
        .changed_ns
        .max(sources.lock.stamp.changed_ns);
    let age = now.saturating_sub(latest);
    let needed = SETTLED.saturating_add(since);
    let is_settled = u64::try_from(age).is_ok_and(|age| Duration::from_nanos(age) >= needed);
    // What was read is only known to be of `sources` if they are still the same.
    if bytes.len() as u64 > LONGEST || !is_settled || Sources::of(home).as_ref() != Some(sources) {
        return Ok(false);
    }
    temporary
        .persist(file_of(home, origin))
        .map_err(|failure| failure.error)?;
    Ok(true)
}

fn file_of(home: &Home, origin: &Origin) -> PathBuf {
    home.compiled().join(format!("{}.json", name_of(origin)))
}

/// The version of the program: another one may mean something else by the same words.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    program: String,
    origin: Origin,
    sources: Sources,
    policy: Policy,
    next_number: u64,
    plugins: Vec<Entry>,
}

/// An installed plugin.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: PluginName,
    number: u64,
    source: String,
    digest: Digest,
    size: u64,
    installed: String,
    artifact: ArtifactEntry,
    /// As in the plugin itself.
    requests: Option<String>,
    earlier: Vec<EarlierEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArtifactEntry {
    program_version: String,
    target: String,
    digest: Digest,
    size: u64,
    stamp: Stamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EarlierEntry {
    digest: Digest,
    asked: AskedShape,
}

impl Entry {
    fn of(plugin: &Installed) -> Self {
        let artifact = &plugin.artifact;
        let earlier = plugin.earlier.iter().map(|build| EarlierEntry {
            digest: build.digest,
            asked: (&build.asked).into(),
        });
        Self {
            name: plugin.name.clone(),
            number: plugin.number,
            source: plugin.source.clone(),
            digest: plugin.digest,
            size: plugin.size,
            installed: plugin.installed.as_str().to_owned(),
            artifact: ArtifactEntry {
                program_version: artifact.program_version.clone(),
                target: artifact.target.clone(),
                digest: artifact.digest,
                size: artifact.size,
                stamp: artifact.stamp,
            },
            requests: plugin.requests.as_ref().map(Requests::to_text),
            earlier: earlier.collect(),
        }
    }

    fn meaning(self) -> Option<Installed> {
        let requests = self.requests.as_deref().map(Requests::parse);
        let earlier = self.earlier.into_iter().map(|build| EarlierBuild {
            digest: build.digest,
            asked: build.asked.into(),
        });
        Some(Installed {
            name: self.name,
            number: self.number,
            source: self.source,
            digest: self.digest,
            size: self.size,
            installed: self.installed.parse().ok()?,
            artifact: Artifact {
                program_version: self.artifact.program_version,
                target: self.artifact.target,
                digest: self.artifact.digest,
                size: self.artifact.size,
                stamp: self.artifact.stamp,
            },
            requests: requests.transpose().ok()?,
            earlier: earlier.collect(),
        })
    }
}

#[cfg(all(test, unix))]
mod tests;
