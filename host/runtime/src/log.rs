//! Where the host's own words go: warnings to standard error, which is the browser's log, and everything from the set
//! level up to `<home>/logs/portcullis.log`, which is the user's.
//!
//! Never on the channel, and never the body of a message or a reply. Both ways go through [`redaction`], which takes the
//! secrets out that this port knows. A log that cannot be written is no reason to refuse a port: the host then says so
//! on standard error and goes on.

mod redaction;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use portcullis_core::home::{self, Home};
use portcullis_sandbox::PLUGIN_TARGET;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use redaction::Redacting;
pub(crate) use redaction::conceal;

/// The name of the log file.
const FILE_NAME: &str = "portcullis.log";

/// Where a full log is kept. One generation: the log is for finding out what happened just now.
const OLD_FILE_NAME: &str = "portcullis.log.1";

/// Bytes at which a log is full. With the old one, a home never holds more than twice this, plus what one process
/// writes in its life.
const SIZE_LIMIT: u64 = 4 * 1024 * 1024;

/// Starts logging. Without a home there is only standard error.
pub(crate) fn start(home: Option<&Home>, level: LevelFilter) {
    let opened = home.map(|home| open(&home.logs())).transpose();
    let (file, fault) = match opened {
        Ok(file) => (file, None),
        Err(fault) => (None, Some(fault)),
    };
    let to_file = file.map(|file| {
        crate::watchdog::remember_log(&file);
        tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_target(false)
            .with_writer(Redacting(Arc::new(file)))
            .with_filter(level)
    });
    let to_stderr = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .event_format(Line)
        .with_writer(Redacting(io::stderr))
        .with_filter(filter_fn(is_for_the_browser));
    tracing_subscriber::registry()
        .with(to_file)
        .with(to_stderr)
        .init();
    if let Some(fault) = fault {
        tracing::warn!("failed to open the log file: {fault}");
    }
}

/// Whether an event goes to the browser's log as well: the host's own warnings do, the words of plugins never. Firefox
/// shows that log as the extension's own, and a plugin has no business there.
fn is_for_the_browser(event: &Metadata<'_>) -> bool {
    *event.level() <= Level::WARN && event.target() != PLUGIN_TARGET
}

/// A line of the browser's log: that log has times of its own, and mixes the words of every host.
struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(
            writer,
            "portcullis-host[{}]: {}: ",
            std::process::id(),
            event.metadata().level()
        )?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// Opens the log for appending, after moving a full one away.
fn open(folder: &Path) -> io::Result<File> {
    let path = folder.join(FILE_NAME);
    let file = match home::append(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            home::make_folder(folder)?;
            home::append(&path)?
        }
        opened => opened?,
    };
    if file.metadata()?.len() < SIZE_LIMIT {
        return Ok(file);
    }
    std::fs::rename(&path, folder.join(OLD_FILE_NAME))?;
    home::append(&path)
}
