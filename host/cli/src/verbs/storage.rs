//! `storage get|set|list|delete|clear ORIGIN PLUGIN`: what a plugin keeps for an extension, for a person to look at and
//! to mend.
//!
//! The same file as the ports use, by the same rules, so it may be used while ports are open: where one of them holds
//! the lock, this program waits. What a plugin has written is shown so that it cannot act on a terminal.

mod aside;
mod shown;

use std::io::{self, Read as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Subcommand;
use portcullis_core::caller::Origin;
use portcullis_core::home::data::{DataFolder, Owner};
use portcullis_core::home::lock::Lock;
use portcullis_core::home::{Home, HomeLock};
use portcullis_core::names::PluginName;
use portcullis_core::policy::Limits;
use portcullis_storage::{Key, Quota, Storage as Kept, StorageError, Usage, VALUE_LIMIT};
use serde_json::json;

use crate::environment::Environment;
use crate::exit::Usage as WrongUsage;
use crate::output::{Output, OutputError, size};
use crate::{installation, policy_file};
use shown::shown;

/// What to do with what a plugin keeps.
#[derive(Debug, Subcommand)]
pub(crate) enum Storage {
    /// Prints the value of a key
    Get {
        #[command(flatten)]
        whose: Whose,
        /// The key
        key: Key,
        /// Prints an object: `text` where the value is UTF-8, otherwise `bytes`, an array of numbers
        #[arg(long, conflicts_with = "raw")]
        json: bool,
        /// Prints the value as it is, and nothing else: for a file or another program
        #[arg(long)]
        raw: bool,
    },
    /// Sets a key, within the plugin's limits
    Set {
        #[command(flatten)]
        whose: Whose,
        /// The key
        key: Key,
        /// The value; `-` reads it from standard input, as it is
        value: String,
    },
    /// Lists the keys
    List {
        #[command(flatten)]
        whose: Whose,
        /// Only those that begin with this
        #[arg(default_value = "")]
        prefix: String,
        /// Prints JSON: an array of texts
        #[arg(long)]
        json: bool,
    },
    /// Forgets one key
    Delete {
        #[command(flatten)]
        whose: Whose,
        /// The key
        key: Key,
    },
    /// Forgets everything; a damaged storage is set aside
    Clear {
        #[command(flatten)]
        whose: Whose,
        /// Does it without further question
        #[arg(long)]
        yes: bool,
    },
}

/// Whose storage is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Whose {
    /// The extension: `chrome-extension://ID/` or a Mozilla add-on id
    origin: Origin,
    /// The plugin
    plugin: PluginName,
}

/// How long this program waits for a port that holds the lock. A change takes milliseconds, so more is a fault.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it asks meanwhile.
const PAUSE: Duration = Duration::from_millis(5);

pub(crate) fn run(storage: Storage, environment: &Environment) -> Result<()> {
    match storage {
        Storage::Get {
            whose,
            key,
            json,
            raw,
        } => {
            let form = match (json, raw) {
                (true, _) => Form::Json,
                (_, true) => Form::Raw,
                _ => Form::Shown,
            };
            get(&Subject::find(whose, environment)?, &key, form)
        }
        Storage::Set { whose, key, value } => set(&Subject::find(whose, environment)?, &key, value),
        Storage::List {
            whose,
            prefix,
            json,
        } => {
            let form = if json { Form::Json } else { Form::Shown };
            list(&Subject::find(whose, environment)?, &prefix, form)
        }
        Storage::Delete { whose, key } => delete(&Subject::find(whose, environment)?, &key),
        Storage::Clear { whose, yes } => {
            let subject = Subject::find(whose, environment)?;
            if yes {
                clear(&subject)
            } else {
                ask_for_yes(&subject)
            }
        }
    }
}

/// How something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Shown,
    Json,
    Raw,
}

/// One plugin's storage for one extension, whether or not there is anything in it.
struct Subject {
    home: Home,
    whose: Whose,
    number: u64,
}

impl Subject {
    fn find(whose: Whose, environment: &Environment) -> Result<Self> {
        let home = environment.home()?;
        let list = Lock::load(&home)?;
        let Some(installed) = list.find(&whose.plugin) else {
            bail!("{}", installation::not_installed(&whose.plugin, &list));
        };
        Ok(Self {
            number: installed.number,
            home,
            whose,
        })
    }

    fn owner(&self) -> Owner<'_> {
        Owner {
            origin: &self.whose.origin,
            plugin: &self.whose.plugin,
            number: self.number,
        }
    }

    /// What there is, where there is something.
    fn open(&self) -> Result<Option<Kept>> {
        let Some(folder) = DataFolder::find(&self.home, self.owner())? else {
            return Ok(None);
        };
        let file = folder.storage_file();
        if !file.exists() {
            return Ok(None);
        }
        let quota = self.quota()?;
        let kept = patiently(|| Kept::open(&file, quota)).map_err(|error| self.told(error))?;
        Ok(Some(kept))
    }

    /// The most that any route of the two allows: which of them a port takes depends on its messages.
    fn quota(&self) -> Result<Quota> {
        let (_, policy) = policy_file::read(&self.home)?;
        let routes = policy.routes().iter();
        let limits: Vec<Limits> = routes
            .filter(|route| route.origin == self.whose.origin && route.plugin == self.whose.plugin)
            .map(|route| route.limits)
            .collect();
        let default = Limits::default();
        let bytes = limits.iter().map(|limits| limits.storage.bytes()).max();
        let keys = limits.iter().map(|limits| limits.storage_keys).max();
        Ok(Quota {
            bytes: bytes.unwrap_or(default.storage.bytes()),
            keys: keys.unwrap_or(default.storage_keys).into(),
        })
    }

    fn nothing(&self, what: &str) -> anyhow::Error {
        let Whose { origin, plugin } = &self.whose;
        anyhow!("`{plugin}` keeps {what} for `{origin}`")
    }

    /// The error with what can be done about it.
    fn told(&self, error: StorageError) -> anyhow::Error {
        let Whose { origin, plugin } = &self.whose;
        let hint = match &error {
            StorageError::Damaged(_) | StorageError::Foreign => format!(
                ": put a copy back in its place, or set it aside and begin anew by \
                 `portcullis storage clear {origin} {plugin} --yes`"
            ),
            StorageError::Busy => {
                ": a port writes without end; try again, or end the browser".to_owned()
            }
            StorageError::TooManyBytes { .. } | StorageError::TooManyKeys { .. } => {
                ": raise it for the route in policy.toml".to_owned()
            }
            _ => String::new(),
        };
        anyhow!(error).context(format!(
            "cannot use what `{plugin}` keeps for `{origin}`{hint}"
        ))
    }
}

/// Does something as soon as no port holds the lock.
fn patiently<T>(mut attempt: impl FnMut() -> Result<T, StorageError>) -> Result<T, StorageError> {
    let given_up = Instant::now() + PATIENCE;
    loop {
        match attempt() {
            Err(StorageError::Busy) if Instant::now() < given_up => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
}

fn get(subject: &Subject, key: &Key, form: Form) -> Result<()> {
    let value = match subject.open()? {
        Some(kept) => patiently(|| kept.get(key)).map_err(|error| subject.told(error))?,
        None => None,
    };
    let no_key = || {
        subject.nothing(&format!(
            "nothing under `{}`",
            shown(key.as_str().as_bytes())
        ))
    };
    let value = value.ok_or_else(no_key)?;
    if form == Form::Raw {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&value).and_then(|()| stdout.flush());
        return Ok(written.map_err(OutputError)?);
    }
    let mut output = Output::new();
    if form == Form::Shown {
        return Ok(output.line(shown(&value))?);
    }
    let value = match std::str::from_utf8(&value) {
        Ok(text) => json!({ "key": key.as_str(), "text": text }),
        Err(_) => json!({ "key": key.as_str(), "bytes": value }),
    };
    Ok(output.line(value)?)
}

fn set(subject: &Subject, key: &Key, value: String) -> Result<()> {
    let value = if value == "-" {
        // One byte more than may be kept tells what is too long.
        let limit = u64::try_from(VALUE_LIMIT).unwrap_or(u64::MAX) + 1;
        let mut bytes = Vec::new();
        let mut input = io::stdin().lock().take(limit);
        input
            .read_to_end(&mut bytes)
            .context("cannot read the value from standard input")?;
        bytes
    } else {
        value.into_bytes()
    };
    let folder = DataFolder::make(&subject.home, subject.owner())?;
    let (file, quota) = (folder.storage_file(), subject.quota()?);
    let changed = patiently(|| Kept::open(&file, quota))
        .and_then(|mut kept| patiently(|| kept.set(key, &value)));
    changed.map_err(|error| subject.told(error))?;
    let key = shown(key.as_str().as_bytes());
    let length = size(u64::try_from(value.len()).unwrap_or(u64::MAX));
    Ok(Output::new().line(format!("set `{key}` to {length}"))?)
}

fn list(subject: &Subject, prefix: &str, form: Form) -> Result<()> {
    let keys = match subject.open()? {
        Some(kept) => all_keys(&kept, prefix).map_err(|error| subject.told(error))?,
        None => Vec::new(),
    };
    let mut output = Output::new();
    if form == Form::Json {
        return Ok(output.line(serde_json::to_string_pretty(&keys)?)?);
    }
    for key in &keys {
        output.line(shown(key.as_bytes()))?;
    }
    Ok(())
}

fn all_keys(kept: &Kept, prefix: &str) -> Result<Vec<String>, StorageError> {
    let mut keys = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = patiently(|| kept.keys(prefix, after.as_deref(), u32::MAX))?;
        keys.extend(page.keys);
        match page.next {
            Some(last) => after = Some(last),
            None => return Ok(keys),
        }
    }
}

fn delete(subject: &Subject, key: &Key) -> Result<()> {
    let was = match subject.open()? {
        Some(mut kept) => patiently(|| kept.delete(key)).map_err(|error| subject.told(error))?,
        None => false,
    };
    let key = shown(key.as_str().as_bytes());
    if !was {
        return Err(subject.nothing(&format!("nothing under `{key}`")));
    }
    Ok(Output::new().line(format!("deleted `{key}`"))?)
}

/// Says what would be gone.
fn ask_for_yes(subject: &Subject) -> Result<()> {
    let Whose { origin, plugin } = &subject.whose;
    let what = match subject.open() {
        Ok(None) => return Err(subject.nothing("nothing")),
        Ok(Some(kept)) => {
            let usage = patiently(|| kept.usage()).map_err(|error| subject.told(error))?;
            format!("forgets {}", counted(usage))
        }
        Err(_) => "sets aside a storage that cannot be read".to_owned(),
    };
    let question = format!(
        "this {what}: if that is meant, run `portcullis storage clear {origin} {plugin} --yes`"
    );
    Err(WrongUsage(question).into())
}

fn clear(subject: &Subject) -> Result<()> {
    let Whose { origin, plugin } = &subject.whose;
    // Two of this program must not set the same file aside.
    let _lock: HomeLock = installation::lock(&subject.home, "storage clear")?;
    let Some(folder) = DataFolder::find(&subject.home, subject.owner())? else {
        return Err(subject.nothing("nothing"));
    };
    let (file, quota) = (folder.storage_file(), subject.quota()?);
    if !file.exists() {
        return Err(subject.nothing("nothing"));
    }
    let cleared =
        patiently(|| Kept::open(&file, quota)).and_then(|mut kept| patiently(|| kept.clear()));
    let said = match cleared {
        Ok(usage) => format!("`{plugin}` has forgotten {} for `{origin}`", counted(usage)),
        Err(StorageError::Damaged(_) | StorageError::Foreign) => {
            let aside = aside::set_aside(&file)?;
            format!(
                "the storage cannot be read and was set aside as `{}`; `{plugin}` begins anew for `{origin}`",
                aside.display()
            )
        }
        Err(error) => return Err(subject.told(error)),
    };
    Ok(Output::new().line(said)?)
}

fn counted(Usage { bytes, keys }: Usage) -> String {
    let plural = if keys == 1 { "" } else { "s" };
    format!("{keys} key{plural} with {}", size(bytes))
}
