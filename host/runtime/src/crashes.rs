//! Crashes of this port's plugins: written down for the processes that come after, and judged.
//!
//! Without a journal (a full disk, a folder that cannot be written) crashes still count within this process: a port
//! that is open for days is where a plugin could crash the most.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portcullis_core::caller::Origin;
use portcullis_core::home::Home;
use portcullis_core::home::crashes::{Journal, Rule, Verdict};
use portcullis_core::home::slots;
use portcullis_core::names::PluginName;
use portcullis_core::policy::Limits;

use crate::plugins::chain;

/// The crashes of one origin's plugins. Clones share them.
#[derive(Clone)]
pub(crate) struct Crashes {
    state: Arc<Mutex<State>>,
    /// The time since 1970.
    now: fn() -> Duration,
}

#[derive(Default)]
struct State {
    journal: Option<Journal>,
    /// Whether that has been said: a full disk is one line, not one for each crash.
    journal_has_failed: bool,
    /// What this process has seen, for when there is no journal or it cannot be written.
    seen: Vec<(PluginName, Instant)>,
    quarantined: Vec<PluginName>,
}

impl Crashes {
    /// Opens the journal of an origin. Call it before the process is confined.
    pub(crate) fn open(home: &Home, origin: &Origin, now: fn() -> Duration) -> Self {
        let journal = Journal::open(home, origin)
            .inspect_err(|error| tracing::warn!("{}", chain(error)))
            .ok();
        let state = State {
            journal,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            now,
        }
    }

    /// For a port that has no plugin.
    pub(crate) fn none() -> Self {
        Self {
            state: Arc::default(),
            now: || Duration::ZERO,
        }
    }

    /// Takes one of `most` places for ports of this origin, for the life of the process; `false` where all are taken.
    ///
    /// # Errors
    ///
    /// Where there is no journal, to which the places are tied, or the system has no such locks.
    pub(crate) fn take_place(&self, most: u32) -> io::Result<bool> {
        let state = self.lock();
        let journal = state.journal.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Ok(slots::take(journal.file(), most)?.is_some())
    }

    /// Whether a plugin may not be started.
    pub(crate) fn are_too_many(&self, plugin: &PluginName) -> bool {
        let state = self.lock();
        state.quarantined.contains(plugin)
            || state
                .journal
                .as_ref()
                .is_some_and(|journal| journal.is_quarantined(plugin))
    }

    /// Writes down one more crash, and says so where it was one too many.
    pub(crate) fn record(&self, plugin: &PluginName, limits: &Limits) {
        let rule = Rule {
            crashes: limits.crashes,
            window: limits.crash_window.duration(),
        };
        let mut state = self.lock();
        let now = (self.now)();
        // Also where there is a journal: the disk may be full at the next one.
        let seen = state.count(plugin, rule);
        let written = state
            .journal
            .as_mut()
            .map(|journal| journal.record(plugin, now, rule));
        let verdict = match written {
            Some(Ok(verdict)) => verdict,
            Some(Err(error)) => {
                if !state.journal_has_failed {
                    tracing::warn!("failed to write the journal of crashes: {error}");
                    state.journal_has_failed = true;
                }
                seen
            }
            None => seen,
        };
        if verdict == Verdict::Quarantined && !state.quarantined.contains(plugin) {
            state.quarantined.push(plugin.clone());
            let Rule { crashes, .. } = rule;
            let window = limits.crash_window;
            tracing::warn!(%plugin, "quarantined: it has crashed {crashes} times within {window}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code runs under the lock that could leave the state half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count(&mut self, plugin: &PluginName, rule: Rule) -> Verdict {
        let now = Instant::now();
        self.seen
            .retain(|(_, at)| now.saturating_duration_since(*at) <= rule.window);
        self.seen.push((plugin.clone(), now));
        let recent = self.seen.iter().filter(|(name, _)| name == plugin).count();
        if u32::try_from(recent).unwrap_or(u32::MAX) < rule.crashes {
            Verdict::Counted
        } else {
            Verdict::Quarantined
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashes_count_without_a_journal() {
        let crashes = Crashes::none();
        let notes = "notes".parse().expect("a valid name");
        let limits = Limits {
            crashes: 2,
            ..Limits::default()
        };
        crashes.record(&notes, &limits);
        assert!(!crashes.are_too_many(&notes));
        crashes.record(&notes, &limits);
        assert!(crashes.are_too_many(&notes));
        assert!(!crashes.are_too_many(&"echo".parse().expect("a valid name")));
    }
}
