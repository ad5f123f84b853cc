//! `repl` on a terminal: a line editor, and a port whose messages appear above the line.
//!
//! Ctrl-C clears the line and Ctrl-D ends, as in a shell. While a line is edited the terminal sends neither as a
//! signal, so the host, which is in the same process group, is not ended by a Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustyline::completion::Completer;
use rustyline::config::Configurer as _;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{ColorMode, Config, Editor, ExternalPrinter, Helper};

use super::entry::{self, Entry};
use super::history::{self, Recording};
use super::port::{Port, Sent, Stderr};
use super::screen::{Colours, Ear, Kind, Screen};
use super::{Caller, send};

const PROMPT: &str = "> ";

/// How long an answer keeps the next prompt waiting. Most come within a few milliseconds; longer, and a person would
/// wonder why nothing can be typed.
const SETTLE: Duration = Duration::from_millis(250);

/// How often a message is given to a host that then proves to be gone: one may have ended since it was looked at, and
/// a fresh one that does the same is broken.
const MOST_STARTS: u32 = 2;

pub(super) fn run(caller: &Caller, colours: Colours, recording: Recording) -> Result<()> {
    let config = Config::builder()
        .max_history_size(history::MOST_ENTRIES)
        .context("cannot set up the line editor")?
        .build();
    let memory = MemHistory::with_config(&config);
    let mut editor =
        Editor::with_history(config, memory).context("cannot set up the line editor")?;
    editor.set_helper(Some(Typing));
    // Nothing in the line itself is coloured: what is printed above it is.
    editor.set_color_mode(ColorMode::Disabled);
    // A terminal that cannot edit has no such printer.
    let printer = editor
        .create_external_printer()
        .ok()
        .map(|printer| Box::new(printer) as Box<dyn ExternalPrinter + Send>);
    let mut session = Session {
        caller,
        screen: Screen::new(printer, colours),
        open: None,
        typed: Vec::new(),
    };
    let recording = session.remember(&mut editor, recording);
    session.screen.tell(
        Kind::Quiet,
        &format!(
            "connecting as {}; `:help` lists the commands, Ctrl-D ends",
            caller.origin
        ),
    );
    session.open()?;
    let read = session.converse(&mut editor);
    // While the editor lives, what the port says may wait for it to look, and so would the port's end. The one message
    // that may be with the editor at this moment, because it came with the last key, goes with it.
    drop(editor);
    let closed = session.close();
    if recording == Recording::On {
        history::save(&caller.home, &session.typed)?;
    }
    read.and(closed)
}

type LineEditor = Editor<Typing, MemHistory>;

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Line,
    End,
}

struct Session<'a> {
    caller: &'a Caller,
    screen: Arc<Screen>,
    /// The port, and the flag that tells its listener that it was closed from this side.
    open: Option<(Port, Arc<AtomicBool>)>,
    /// What is to be recorded, the oldest first.
    typed: Vec<String>,
}

impl Session<'_> {
    /// Gives the editor what was typed in earlier sessions. Where that cannot be read, nothing is recorded either.
    fn remember(&self, editor: &mut LineEditor, recording: Recording) -> Recording {
        let loaded = history::load(&self.caller.home).and_then(|entries| {
            for entry in entries {
                editor.add_history_entry(entry)?;
            }
            Ok(())
        });
        match loaded {
            Ok(()) => recording,
            Err(error) => {
                self.screen
                    .tell(Kind::Error, &format!("{error:#}: nothing is recorded"));
                Recording::Off
            }
        }
    }

    fn converse(&mut self, editor: &mut LineEditor) -> Result<()> {
        loop {
            match editor.readline(PROMPT) {
                Ok(line) => {
                    if let Some(entry) = history::recorded(&line) {
                        editor.add_history_entry(&entry)?;
                        if self.typed.len() == history::MOST_ENTRIES {
                            self.typed.remove(0);
                        }
                        self.typed.push(entry);
                    }
                    match self.perform(&line) {
                        Ok(Next::Line) => {}
                        Ok(Next::End) => return Ok(()),
                        Err(error) => self.screen.tell(Kind::Error, &format!("error: {error:#}")),
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(error).context("cannot read from the terminal"),
            }
        }
    }

    fn perform(&mut self, line: &str) -> Result<Next> {
        match Entry::read(line)? {
            Entry::Nothing => {}
            Entry::Message(message) => self.send(&send::checked(message.to_owned())?)?,
            Entry::Time => {
                let now = if self.screen.toggle_times() {
                    "times are shown"
                } else {
                    "times are no longer shown"
                };
                self.screen.tell(Kind::Quiet, now);
            }
            Entry::Restart => {
                self.close()?;
                self.open()?;
                self.screen.tell(Kind::Quiet, "another host was started");
            }
            Entry::Help => self.screen.tell(Kind::Plain, entry::HELP),
            Entry::Quit => return Ok(Next::End),
        }
        Ok(Next::Line)
    }

    fn send(&mut self, message: &str) -> Result<()> {
        for _ in 0..MOST_STARTS {
            if self.open.is_none() {
                self.open()?;
            }
            let Some((port, _)) = &mut self.open else {
                break;
            };
            self.screen.ask();
            match port.send(message)? {
                Sent::Yes => {
                    self.screen.wait_for_answer(SETTLE);
                    return Ok(());
                }
                Sent::HostGone => {
                    // How it ended was told when it did.
                    _ = self.close();
                }
            }
        }
        bail!("portcullis-host ended before it had read the message")
    }

    fn open(&mut self) -> Result<()> {
        let is_closed = Arc::new(AtomicBool::new(false));
        let ear = Ear {
            screen: Arc::clone(&self.screen),
            is_closed: Arc::clone(&is_closed),
        };
        let port = self.caller.connect(Stderr::Listener, ear)?;
        self.open = Some((port, is_closed));
        Ok(())
    }

    /// Closes the port, where one is open, and waits for its host. The end of one that had ended by itself is no news.
    fn close(&mut self) -> Result<()> {
        let Some((port, is_closed)) = self.open.take() else {
            return Ok(());
        };
        if port.has_ended() {
            _ = port.close();
            return Ok(());
        }
        is_closed.store(true, Ordering::SeqCst);
        port.close()
    }
}

/// Tells the editor whether a message goes on.
struct Typing;

impl Validator for Typing {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if entry::is_unfinished(context.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Completer for Typing {
    type Candidate = String;
}

impl Hinter for Typing {
    type Hint = String;
}

impl Highlighter for Typing {}

impl Helper for Typing {}
