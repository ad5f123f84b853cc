//! `portcullis:plugin/log`, and the one way by which anything that a guest writes reaches the log.
//!
//! A guest's text is hostile: it may be endless, hold escape sequences that a terminal obeys, or look like a line of
//! the host's own. So it is split into lines, cut, escaped, tagged with the plugin's name and limited in rate, and what
//! was dropped is counted in a line of its own.

mod lines;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use portcullis_core::names::PluginName;
use portcullis_core::policy::ByteRate;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::contract::{LogLevel, Text};
use crate::instance::State;
use lines::{Allowed, Rate, escape};

pub(crate) use lines::Lines;

/// The target of every log event whose words are a plugin's.
pub const PLUGIN_TARGET: &str = "plugin";

/// The longest text of one `log.write`, in bytes: eight lines of the greatest length.
const TEXT_LIMIT: usize = 64 * 1024;

/// The log of one plugin. Clones share its rate, so a plugin that is started anew has no more of it.
#[derive(Clone)]
pub struct PluginLog {
    plugin: Arc<str>,
    rate: Arc<Mutex<Rate>>,
}

impl PluginLog {
    /// The log of a plugin that may add so much to it.
    #[must_use]
    pub fn new(plugin: &PluginName, rate: ByteRate) -> Self {
        let rate = Rate::new(rate.bytes_each_second(), Instant::now());
        Self {
            plugin: plugin.as_str().into(),
            rate: Arc::new(Mutex::new(rate)),
        }
    }

    /// The most bytes that were used of the rate at a time, of those of one second, and how many lines were dropped.
    #[must_use]
    pub fn used(&self) -> (u64, u64) {
        let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        rate.used()
    }

    /// Writes one line, without its newline, if it says anything and the rate allows. `source` says where the guest
    /// wrote it.
    pub(crate) fn line(&self, level: LogLevel, source: &'static str, line: &str) {
        if line.is_empty() {
            return;
        }
        // Before its length is judged: the rate is for what the log gets.
        let line = escape(line);
        let allowed = {
            let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
            rate.allows(line.len(), Instant::now())
        };
        let plugin = &*self.plugin;
        match allowed {
            Allowed::No => return,
            Allowed::Yes { dropped: 0 } => {}
            Allowed::Yes { dropped } => {
                tracing::warn!(target: PLUGIN_TARGET, plugin, "{dropped} lines dropped: over `log-rate`");
            }
        }
        match level {
            LogLevel::Debug => tracing::debug!(target: PLUGIN_TARGET, plugin, source, "{line}"),
            LogLevel::Info => tracing::info!(target: PLUGIN_TARGET, plugin, source, "{line}"),
            LogLevel::Warn => tracing::warn!(target: PLUGIN_TARGET, plugin, source, "{line}"),
            LogLevel::Error => tracing::error!(target: PLUGIN_TARGET, plugin, source, "{line}"),
        }
    }
}

/// Defines the interface.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("portcullis:plugin/log@0.1.0")?;
    interface.func_wrap(
        "write",
        |store: StoreContextMut<'_, State>, (level, text): (LogLevel, Text<TEXT_LIMIT>)| {
            let log = &store.data().log;
            match text {
                Text::Within(text) => {
                    let mut lines = Lines::default();
                    lines.push(text.as_bytes(), |line| log.line(level, "log", line));
                    lines.finish(|line| log.line(level, "log", line));
                }
                long @ Text::TooLong(_) => log.line(level, "log", &long.or_note()),
            }
            Ok(())
        },
    )
}
