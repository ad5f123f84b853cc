//! Telling a person that something long is going on: a line that moves on a terminal, one plain line anywhere else.
//!
//! On standard error, so that standard output has the result alone. Only ever a courtesy: nothing here fails.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::plain;

/// Something that is going on, until [`Progress::end`].
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Says what is going on.
    pub(crate) fn begin(line: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self::begin_plainly(line);
        }
        let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed}")
            .expect("the template is fixed and valid");
        let bar = ProgressBar::new_spinner()
            .with_style(style)
            .with_message(plain(line));
        Self { bar: Some(bar) }
    }

    /// Says it in one line that does not move, also on a terminal: where others write there meanwhile.
    pub(crate) fn begin_plainly(line: &str) -> Self {
        // With standard error closed there is nobody to tell.
        _ = writeln!(io::stderr().lock(), "{}", plain(line));
        Self { bar: None }
    }

    /// Shows that it still is: to be called some times a second.
    pub(crate) fn tick(&self) {
        if let Some(bar) = &self.bar {
            bar.tick();
        }
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
