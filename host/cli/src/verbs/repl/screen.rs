//! What appears on the terminal while somebody types.
//!
//! The deciding choice: there are two ways to print. What comes from the port goes through the editor's own printer,
//! which puts it above the line that is being typed and draws that one again; it may wait until the editor looks. So
//! the thread that runs the editor never prints through it, or the two could wait for each other: between two lines it
//! writes directly.

use std::io::{self, Write as _};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustyline::ExternalPrinter;

use super::port::{Listener, Speaker, judge};
use super::shown::Shown;
use crate::output::plain;

/// Whether colours may be used where the terminal takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    Wanted,
    Never,
}

/// What a line is, which decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A plugin's words, and answers to commands.
    Plain,
    /// Something to read when all else is clear.
    Quiet,
    Error,
    Hint,
}

/// The terminal, for everybody who prints on it.
pub(super) struct Screen {
    /// The way to print while a line is being edited. A terminal that cannot edit has none, and needs none.
    printer: Option<Mutex<Box<dyn ExternalPrinter + Send>>>,
    has_colours: bool,
    shows_times: AtomicBool,
    /// When the message was sent that has no answer yet.
    asked: Mutex<Option<Instant>>,
    answered: Condvar,
}

impl Screen {
    pub(super) fn new(
        printer: Option<Box<dyn ExternalPrinter + Send>>,
        colours: Colours,
    ) -> Arc<Self> {
        Arc::new(Self {
            has_colours: colours == Colours::Wanted && printer.is_some(),
            printer: printer.map(Mutex::new),
            shows_times: AtomicBool::new(false),
            asked: Mutex::new(None),
            answered: Condvar::new(),
        })
    }

    /// Prints a line at once. Only for the thread of the editor, between two lines.
    pub(super) fn tell(&self, kind: Kind, text: &str) {
        write_directly(&self.dressed(kind, text));
    }

    /// Shows how long answers take, or no longer does. Returns whether it does now.
    pub(super) fn toggle_times(&self) -> bool {
        !self.shows_times.fetch_xor(true, Ordering::SeqCst)
    }

    /// A message is about to be sent: from here on its answer is waited for.
    pub(super) fn ask(&self) {
        *self.asked() = Some(Instant::now());
    }

    /// Waits for the answer, so that it stands before the next prompt where it comes at once.
    pub(super) fn wait_for_answer(&self, longest: Duration) {
        let waited = self
            .answered
            .wait_timeout_while(self.asked(), longest, |asked| asked.is_some());
        // Whether it came does not matter: a later one appears when it comes.
        drop(waited);
    }

    /// Prints lines above what is being typed.
    fn appear(&self, lines: &[(Kind, String)]) {
        let text: String = lines
            .iter()
            .map(|(kind, line)| format!("{}\n", self.dressed(*kind, line)))
            .collect();
        let printed = self.printer.as_ref().is_some_and(|printer| {
            let mut printer = printer.lock().unwrap_or_else(PoisonError::into_inner);
            printer.print(text.clone()).is_ok()
        });
        // The editor is gone, at the end, and nothing is being typed.
        if !printed {
            write_directly(text.trim_end_matches('\n'));
        }
    }

    fn dressed(&self, kind: Kind, text: &str) -> String {
        let colour = match kind {
            Kind::Plain => return text.to_owned(),
            _ if !self.has_colours => return text.to_owned(),
            Kind::Quiet => "2",
            Kind::Error => "31",
            Kind::Hint => "33",
        };
        format!("\u{1b}[{colour}m{text}\u{1b}[0m")
    }

    /// The time since the message that waits for an answer; from here on none does.
    fn answer(&self) -> Option<Duration> {
        let since = self.asked().take();
        self.answered.notify_all();
        since.map(|since| since.elapsed())
    }

    fn asked(&self) -> MutexGuard<'_, Option<Instant>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts on the screen what one port says.
pub(super) struct Ear {
    pub(super) screen: Arc<Screen>,
    /// Whether the port was closed from this side, and its end is no news.
    pub(super) is_closed: Arc<AtomicBool>,
}

impl Listener for Ear {
    fn frame(&self, text: &str, speaker: Speaker) -> Result<()> {
        let mut lines = match Shown::of(text, speaker) {
            Shown::Message(message) => vec![(Kind::Plain, message)],
            Shown::Error(sentence, hint) => {
                let hint = hint.map(|hint| (Kind::Hint, format!("  hint: {hint}")));
                [(Kind::Error, sentence)].into_iter().chain(hint).collect()
            }
        };
        let since = self.screen.asked().map(|since| since.elapsed());
        if let Some(took) = since.filter(|_| self.screen.shows_times.load(Ordering::SeqCst)) {
            let took = format!("  {:.1} ms", took.as_secs_f64() * 1e3);
            lines.push((Kind::Quiet, took));
        }
        // Printed before the answer is told, so that the next prompt comes after it.
        self.screen.appear(&lines);
        self.screen.answer();
        Ok(())
    }

    fn said(&self, line: &str) {
        let line = format!("host: {}", plain(line));
        self.screen.appear(&[(Kind::Quiet, line)]);
    }

    fn ended(&self, how: &Result<ExitStatus>) {
        if !self.is_closed.load(Ordering::SeqCst) {
            let how = match how {
                Ok(status) => judge(*status).err().map_or_else(
                    || format!("the host has ended ({status})"),
                    |error| format!("{error:#}"),
                ),
                Err(error) => format!("{error:#}"),
            };
            let told = format!("{how}: the next message starts another one");
            self.screen.appear(&[(Kind::Error, told)]);
        }
        self.screen.answer();
    }
}

fn write_directly(text: &str) {
    // A terminal that is gone is seen when the next line is read.
    _ = writeln!(io::stdout().lock(), "{text}");
}
