//! What is logged, as lines: for the log file with the time and the port it belongs to, for the browser without.
//!
//! The decision that shaped it: `tracing` is told what happens, and this alone hears it. The registry and the layers
//! of `tracing-subscriber` would do the same for any number of listeners, and took as long to set up as reading the
//! policy; only its way of writing fields is used. There is one span, the port's, but for those of libraries at level
//! `debug`.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portcullis_sandbox::PLUGIN_TARGET;
use tracing::field::Visit;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_core::span::Current;
use tracing_subscriber::field::VisitOutput as _;
use tracing_subscriber::fmt::MakeWriter as _;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};

use super::redaction::Redacting;

/// The listener.
pub(super) struct Lines {
    file: Option<Redacting<Arc<File>>>,
    level: LevelFilter,
    stderr: Redacting<fn() -> io::Stderr>,
    spans: Mutex<Vec<Option<Span>>>,
}

/// A span that somebody still has.
struct Span {
    metadata: &'static Metadata<'static>,
    /// Its fields, as they stand in a line.
    fields: String,
    /// The span around it, which lives as long.
    parent: Option<Id>,
    /// How many have it.
    holders: usize,
}

thread_local! {
    /// The spans that this thread is in, the innermost last.
    static ENTERED: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

impl Lines {
    /// Writes events up to `level` to the file, where there is one, and the host's own warnings to standard error.
    pub(super) fn new(file: Option<Arc<File>>, level: LevelFilter) -> Self {
        Self {
            file: file.map(Redacting),
            level,
            stderr: Redacting(io::stderr),
            spans: Mutex::default(),
        }
    }

    fn is_for_the_file(&self, metadata: &Metadata<'_>) -> bool {
        self.file.is_some() && *metadata.level() <= self.level
    }

    fn spans(&self) -> MutexGuard<'_, Vec<Option<Span>>> {
        // No code runs under the lock that could leave the list half-changed.
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line of the log file.
    fn line(&self, event: &Event<'_>, fields: &str) -> String {
        let mut line = String::with_capacity(256);
        // Nothing here can fail but the memory for it.
        let _ = SystemTime.format_time(&mut Writer::new(&mut line));
        let _ = write!(line, " {:>5} ", event.metadata().level().as_str());
        let innermost = if event.is_contextual() {
            entered()
        } else {
            event.parent().cloned()
        };
        let spans = self.spans();
        let mut around = Vec::new();
        let mut next = innermost.as_ref();
        while let Some(span) = next.and_then(|id| spans.get(place(id))?.as_ref()) {
            around.push(span);
            next = span.parent.as_ref();
        }
        for span in around.iter().rev() {
            line.push_str(span.metadata.name());
            if !span.fields.is_empty() {
                let _ = write!(line, "{{{}}}", span.fields);
            }
            line.push(':');
        }
        if !around.is_empty() {
            line.push(' ');
        }
        line.push_str(fields);
        line.push('\n');
        line
    }
}

/// Whether an event goes to the browser's log as well: the host's own warnings do, the words of plugins never. Firefox
/// shows that log as the extension's own, and a plugin has no business there.
fn is_for_the_browser(event: &Metadata<'_>) -> bool {
    *event.level() <= Level::WARN && event.target() != PLUGIN_TARGET
}

/// Fields as they stand in a line.
fn written(record: impl FnOnce(&mut dyn Visit)) -> String {
    let mut text = String::new();
    let mut visitor = DefaultVisitor::new(Writer::new(&mut text), true);
    record(&mut visitor);
    let _ = visitor.finish();
    text
}

/// The span that this thread is in.
fn entered() -> Option<Id> {
    ENTERED.with_borrow(|entered| entered.last().cloned())
}

/// Where a span is in the list.
fn place(id: &Id) -> usize {
    usize::try_from(id.into_u64() - 1).unwrap_or(usize::MAX)
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.is_for_the_file(metadata) || metadata.is_event() && is_for_the_browser(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.max(LevelFilter::WARN))
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let parent = if attributes.is_contextual() {
            entered()
        } else {
            attributes.parent().cloned()
        };
        let span = Span {
            metadata: attributes.metadata(),
            fields: written(|visitor| attributes.record(visitor)),
            parent: parent.map(|parent| self.clone_span(&parent)),
            holders: 1,
        };
        let mut spans = self.spans();
        let place = match spans.iter().position(Option::is_none) {
            Some(free) => {
                spans[free] = Some(span);
                free
            }
            None => {
                spans.push(Some(span));
                spans.len() - 1
            }
        };
        Id::from_u64(place as u64 + 1)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let more = written(|visitor| values.record(visitor));
        if let Some(Some(span)) = self.spans().get_mut(place(id)) {
            if !span.fields.is_empty() {
                span.fields.push(' ');
            }
            span.fields.push_str(&more);
        }
    }

    fn record_follows_from(&self, _id: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let fields = written(|visitor| event.record(visitor));
        // A log that cannot be written is no reason to stop.
        if self.is_for_the_file(metadata)
            && let Some(file) = &self.file
        {
            let line = self.line(event, &fields);
            let _ = file.make_writer_for(metadata).write_all(line.as_bytes());
        }
        if is_for_the_browser(metadata) {
            // That log has times of its own, and mixes the words of every host.
            let level = metadata.level();
            let line = format!(
                "portcullis-host[{}]: {level}: {fields}\n",
                std::process::id()
            );
            let _ = self
                .stderr
                .make_writer_for(metadata)
                .write_all(line.as_bytes());
        }
    }

    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.clone()));
    }

    fn exit(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| {
            if let Some(last) = entered.iter().rposition(|it| it == id) {
                entered.remove(last);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        if let Some(Some(span)) = self.spans().get_mut(place(id)) {
            span.holders += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut spans = self.spans();
        let Some(slot) = spans.get_mut(place(&id)) else {
            return false;
        };
        let Some(span) = slot else { return false };
        span.holders -= 1;
        if span.holders > 0 {
            return false;
        }
        let parent = slot.take().and_then(|span| span.parent);
        drop(spans);
        if let Some(parent) = parent {
            self.try_close(parent);
        }
        true
    }

    fn current_span(&self) -> Current {
        let Some(id) = entered() else {
            return Current::none();
        };
        match self.spans().get(place(&id)) {
            Some(Some(span)) => Current::new(id, span.metadata),
            _ => Current::none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;

    /// What is in the file after `happening`, without times.
    fn logged(level: LevelFilter, happening: impl FnOnce()) -> Vec<String> {
        let mut file = tempfile::tempfile().expect("a file");
        let copy = file.try_clone().expect("a copy");
        let lines = Lines::new(Some(Arc::new(copy)), level);
        tracing::subscriber::with_default(lines, happening);
        file.rewind().expect("a file");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("text");
        let without_time = |line: &str| {
            let (time, rest) = line.split_once(' ').expect("a time");
            assert!(time.ends_with('Z') && time.len() == 27, "{time}");
            rest.to_owned()
        };
        text.lines().map(without_time).collect()
    }

    #[test]
    fn a_line_has_its_spans_its_words_and_its_fields() {
        let lines = logged(LevelFilter::INFO, || {
            tracing::info!("before");
            let host_name: Option<String> = None;
            let port = tracing::info_span!("port", process = 7, origin = %"a@b", host_name);
            {
                let _entered = port.enter();
                tracing::warn!(plugin = %"notes", said = "a \"b\"\n\u{1b}", "two words");
                let inner = tracing::info_span!("inner");
                inner.in_scope(|| tracing::error!(count = 3, "deep"));
                tracing::debug!("not at this level");
                tracing::info!(parent: &inner, "of another");
                tracing::info!(parent: None, "of none");
            }
            drop(port);
            tracing::info!("after");
        });
        assert_eq!(
            lines,
            [
                " INFO before",
                r#" WARN port{process=7 origin=a@b}: two words plugin=notes said="a \"b\"\n\u{1b}""#,
                "ERROR port{process=7 origin=a@b}:inner: deep count=3",
                " INFO port{process=7 origin=a@b}:inner: of another",
                " INFO of none",
                " INFO after",
            ]
        );
    }

    #[test]
    fn another_thread_takes_the_span_along() {
        let lines = logged(LevelFilter::INFO, || {
            let port = tracing::info_span!("port", process = 7);
            let dispatch = tracing::dispatcher::get_default(Clone::clone);
            let span = port.in_scope(tracing::Span::current);
            drop(port);
            let other = move || {
                tracing::dispatcher::with_default(&dispatch, || {
                    span.in_scope(|| tracing::info!("there"));
                    drop(span);
                    let next = tracing::info_span!("next", process = 8);
                    next.in_scope(|| tracing::info!("again"));
                });
            };
            std::thread::spawn(other).join().expect("it logs and ends");
        });
        assert_eq!(
            lines,
            [
                " INFO port{process=7}: there",
                " INFO next{process=8}: again"
            ]
        );
    }
}
