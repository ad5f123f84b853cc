//! The journal of crashes: how often the plugins of one extension have failed, across the processes of its ports.
//!
//! On disk, because a browser may start a process for each message: a plugin that dies at every start would otherwise
//! be started for ever. One file for each origin, so that a port, which has one origin, needs one descriptor that it
//! opens before it is confined, and can touch no other extension's. A line for each event, appended in one write. The
//! journal decides nothing by itself: what counts as a crash is its caller's business, and the time is handed in.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use super::guarded::{self, GuardedError};
use super::write::{self, WriteError};
use super::{Home, HomeLock, make_folder};
use crate::caller::Origin;
use crate::names::{Digest, PluginName};

/// When a plugin is quarantined: at so many crashes within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The number of crashes.
    pub crashes: u32,
    /// The time within which they count.
    pub window: Duration,
}

/// What one more crash has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The plugin may be started again.
    Counted,
    /// It may not, until somebody lifts the quarantine.
    Quarantined,
}

/// The open journal of one origin.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// Plugins that were in quarantine when the journal was opened, or have got there through it.
    quarantined: Vec<PluginName>,
}

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be trusted.
    #[error(transparent)]
    Guarded(#[from] GuardedError),
    /// The folder or the file cannot be made or read.
    #[error("failed to open the journal of crashes `{}`", path.display())]
    Unusable {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Bytes of a journal that are read to count crashes, from its end: a thousand of them. Marks of quarantine are looked
/// for in all of it.
const READ_LIMIT: u64 = 64 * 1024;

/// One line of a journal.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// Milliseconds since 1970.
    at: u64,
    what: What,
    plugin: PluginName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Crashed,
    Quarantined,
}

impl Journal {
    /// Opens the journal of an origin, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// [`JournalError`]. Crashes are then not counted beyond this process.
    pub fn open(home: &Home, origin: &Origin) -> Result<Self, JournalError> {
        let path = journal_file(home, origin);
        let unusable = |source| JournalError::Unusable {
            path: path.clone(),
            source,
        };
        let opened = match guarded::open_for_appending(&path)? {
            Some(file) => file,
            None => {
                make_folder(&home.crashes()).map_err(unusable)?;
                guarded::open_for_appending(&path)?
                    .ok_or_else(|| unusable(io::ErrorKind::NotFound.into()))?
            }
        };
        let mut journal = Self {
            file: opened,
            quarantined: Vec::new(),
        };
        let entries = journal.entries(FILE_LIMIT).map_err(unusable)?;
        journal.quarantined = quarantined(&entries);
        Ok(journal)
    }

    /// The open file, which every port of the origin has: what they agree on can be tied to it.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Whether a plugin may not be started.
    #[must_use]
    pub fn is_quarantined(&self, plugin: &PluginName) -> bool {
        self.quarantined.contains(plugin)
    }

    /// Writes down a crash at `now`, counted from 1970. Other processes' crashes count with it.
    ///
    /// # Errors
    ///
    /// Where the disk is full or the like. The crash is then not counted.
    pub fn record(
        &mut self,
        plugin: &PluginName,
        now: Duration,
        rule: Rule,
    ) -> io::Result<Verdict> {
        let now = milliseconds(now);
        self.append(now, What::Crashed, plugin)?;
        let since = now.saturating_sub(milliseconds(rule.window));
        let entries = self.entries(READ_LIMIT)?;
        let recent = entries.iter().filter(|entry| {
            entry.what == What::Crashed && entry.plugin == *plugin && entry.at >= since
        });
        if u32::try_from(recent.count()).unwrap_or(u32::MAX) < rule.crashes {
            return Ok(Verdict::Counted);
        }
        if !self.is_quarantined(plugin) {
            self.append(now, What::Quarantined, plugin)?;
            self.quarantined.push(plugin.clone());
        }
        Ok(Verdict::Quarantined)
    }

    fn append(&mut self, at: u64, what: What, plugin: &PluginName) -> io::Result<()> {
        let word = match what {
            What::Crashed => "crashed",
            What::Quarantined => "quarantined",
        };
        self.file
            .write_all(format!("{at} {word} {plugin}\n").as_bytes())
    }

    /// The entries in the last `limit` bytes.
    fn entries(&mut self, limit: u64) -> io::Result<Vec<Entry>> {
        let length = self.file.seek(SeekFrom::End(0))?;
        if length == 0 {
            return Ok(Vec::new());
        }
        self.file
            .seek(SeekFrom::Start(length.saturating_sub(limit)))?;
        let mut bytes = Vec::new();
        (&self.file).take(limit).read_to_end(&mut bytes)?;
        Ok(parse(&bytes))
    }
}

/// The plugins of an origin that are in quarantine. Empty where there is no journal.
///
/// # Errors
///
/// [`JournalError`] where the journal cannot be trusted or read.
pub fn list(home: &Home, origin: &Origin) -> Result<Vec<PluginName>, JournalError> {
    let bytes = guarded::read(&journal_file(home, origin), FILE_LIMIT)?.unwrap_or_default();
    Ok(quarantined(&parse(&bytes)))
}

/// Lifts a plugin's quarantine for an origin, and forgets its crashes. Returns whether it was in quarantine.
///
/// # Errors
///
/// [`LiftError`]; the journal is then as it was.
pub fn lift(lock: &HomeLock, origin: &Origin, plugin: &PluginName) -> Result<bool, LiftError> {
    let path = journal_file(lock.home(), origin);
    let bytes = guarded::read(&path, FILE_LIMIT)
        .map_err(JournalError::from)?
        .unwrap_or_default();
    let was = quarantined(&parse(&bytes)).contains(plugin);
    let ending = format!(" {plugin}");
    let text = String::from_utf8_lossy(&bytes);
    let kept: String = text
        .split_inclusive('\n')
        .filter(|line| !line.trim_end().ends_with(&ending))
        .collect();
    if kept.len() != text.len() {
        write::replace(lock, &path, kept.as_bytes())?;
    }
    Ok(was)
}

/// The longest journal that is rewritten, in bytes. It grows by one line for each crash, and a plugin that crashes
/// often is in quarantine.
const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// Why a quarantine was not lifted.
#[derive(Debug, thiserror::Error)]
pub enum LiftError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn journal_file(home: &Home, origin: &Origin) -> PathBuf {
    home.crashes().join(format!("{}.log", name_of(origin)))
}

/// What files and folders of an origin are named by: a digest, since an origin may hold what a file name may not.
pub(super) fn name_of(origin: &Origin) -> Digest {
    Digest::of_bytes(origin.as_str().as_bytes())
}

/// The entries of a journal. A line that is none (cut off at the front, or by a full disk) counts for nothing.
fn parse(bytes: &[u8]) -> Vec<Entry> {
    let text = String::from_utf8_lossy(bytes);
    let entry = |line: &str| {
        let mut words = line.split(' ');
        let at = words.next()?.parse().ok()?;
        let what = match words.next()? {
            "crashed" => What::Crashed,
            "quarantined" => What::Quarantined,
            _ => return None,
        };
        let plugin = words.next()?.parse().ok()?;
        words.next().is_none().then_some(Entry { at, what, plugin })
    };
    text.lines().filter_map(entry).collect()
}

fn quarantined(entries: &[Entry]) -> Vec<PluginName> {
    let marks = entries
        .iter()
        .filter(|entry| entry.what == What::Quarantined);
    let mut plugins: Vec<PluginName> = marks.map(|entry| entry.plugin.clone()).collect();
    plugins.dedup();
    plugins
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::private_folder;

    const RULE: Rule = Rule {
        crashes: 3,
        window: Duration::from_secs(600),
    };

    fn origin(text: &str) -> Origin {
        text.parse().expect("a valid origin")
    }

    fn plugin(name: &str) -> PluginName {
        name.parse().expect("a valid name")
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_700_000_000 + seconds)
    }

    #[test]
    fn crashes_of_all_processes_count_until_they_are_too_many() {
        let folder = private_folder();
        let home = Home::open(folder.path()).expect("a home");
        let (mut one, mut two) = (
            Journal::open(&home, &origin("a@b")).expect("a journal"),
            Journal::open(&home, &origin("a@b")).expect("a journal"),
        );
        let (notes, echo) = (plugin("notes"), plugin("echo"));
        assert_eq!(
            one.record(&notes, at(0), RULE).expect("written"),
            Verdict::Counted
        );
        assert_eq!(
            two.record(&echo, at(1), RULE).expect("written"),
            Verdict::Counted
        );
        assert_eq!(
            two.record(&notes, at(2), RULE).expect("written"),
            Verdict::Counted
        );
        assert_eq!(
            one.record(&notes, at(3), RULE).expect("written"),
            Verdict::Quarantined
        );
        assert!(one.is_quarantined(&notes) && !one.is_quarantined(&echo));

        let later = Journal::open(&home, &origin("a@b")).expect("a journal");
        assert!(later.is_quarantined(&notes) && !later.is_quarantined(&echo));
        let other = Journal::open(&home, &origin("c@d")).expect("a journal");
        assert!(!other.is_quarantined(&notes));
    }

    #[test]
    fn crashes_long_ago_do_not_count() {
        let folder = private_folder();
        let home = Home::open(folder.path()).expect("a home");
        let mut journal = Journal::open(&home, &origin("a@b")).expect("a journal");
        for hour in 0..10 {
            let verdict = journal.record(&plugin("notes"), at(hour * 3600), RULE);
            assert_eq!(verdict.expect("written"), Verdict::Counted);
        }
    }

    #[test]
    fn a_quarantine_is_lifted_for_one_plugin() {
        let folder = private_folder();
        let home = Home::open(folder.path()).expect("a home");
        let origin = origin("a@b");
        let mut journal = Journal::open(&home, &origin).expect("a journal");
        for name in ["notes", "es"] {
            for second in 0..3 {
                journal
                    .record(&plugin(name), at(second), RULE)
                    .expect("written");
            }
        }
        assert_eq!(
            list(&home, &origin).expect("read"),
            [plugin("notes"), plugin("es")]
        );
        let lock = HomeLock::take(&home, "test", HomeLock::PATIENCE).expect("the lock is free");
        assert!(lift(&lock, &origin, &plugin("es")).expect("written"));
        assert!(!lift(&lock, &origin, &plugin("es")).expect("nothing to write"));
        assert_eq!(list(&home, &origin).expect("read"), [plugin("notes")]);
        let mut journal = Journal::open(&home, &origin).expect("a journal");
        let verdict = journal.record(&plugin("es"), at(4), RULE);
        assert_eq!(verdict.expect("written"), Verdict::Counted);
    }

    #[test]
    fn lines_that_are_none_count_for_nothing() {
        let entries = parse(b"ed notes\n1 crashed notes\n2 crashed\n3 danced notes\n4 crashed ../x\n5 crashed a b\n6 quarantined notes");
        let entry = |at, what| Entry {
            at,
            what,
            plugin: plugin("notes"),
        };
        assert_eq!(
            entries,
            [entry(1, What::Crashed), entry(6, What::Quarantined)]
        );
    }
}
