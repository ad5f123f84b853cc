//! A guest's standard output and standard error: lines in the log, never bytes on the channel.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{OutputStream, StreamResult};

use super::log::{Lines, PluginLog};
use crate::contract::LogLevel;

/// Bytes that a guest may write in one call. wasmtime-wasi's own sinks said `usize::MAX`, which let a guest make the
/// host allocate (RUSTSEC-2026-0322).
pub(super) const WRITE_LIMIT: usize = 64 * 1024;

/// One output stream of a guest. Clones are the same stream.
#[derive(Clone)]
pub(super) struct Output {
    log: PluginLog,
    level: LogLevel,
    source: &'static str,
    lines: Arc<Mutex<Lines>>,
}

impl Output {
    /// Standard output, for which guests know no level.
    pub(super) fn standard_output(log: &PluginLog) -> Self {
        Self::new(log, LogLevel::Info, "stdout")
    }

    /// Standard error, where runtimes write why they abort.
    pub(super) fn standard_error(log: &PluginLog) -> Self {
        Self::new(log, LogLevel::Warn, "stderr")
    }

    fn new(log: &PluginLog, level: LogLevel, source: &'static str) -> Self {
        Self {
            log: log.clone(),
            level,
            source,
            lines: Arc::default(),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // What a guest wrote last, often without a newline, says why it died.
        if Arc::strong_count(&self.lines) == 1 {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.finish(|line| self.log.line(self.level, self.source, line));
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this, and it is not offered.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(&bytes, |line| self.log.line(self.level, self.source, line));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_LIMIT)
    }
}
