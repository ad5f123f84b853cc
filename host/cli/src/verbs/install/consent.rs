//! Asking a person once.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::{Result, bail};

use crate::exit::Usage;

/// The longest answer that is read, in bytes: `yes`, and the mistakes that people make around it.
const LONGEST: u64 = 256;

/// How somebody agrees to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// By `--yes`.
    Given,
    /// On the terminal.
    Asked,
}

impl Consent {
    /// The way that is open; a [`Usage`] error where there is none.
    pub(crate) fn new(yes: bool) -> Result<Self> {
        if yes {
            return Ok(Self::Given);
        }
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            return Ok(Self::Asked);
        }
        bail!(Usage(
            "there is no terminal to ask on, and nothing was done: agree beforehand with `--yes`"
                .to_owned()
        ))
    }

    /// Asks, where nobody has agreed yet. Anything but `y` or `yes` is a no, which is an error.
    pub(crate) fn ask(self, question: &str) -> Result<()> {
        if self == Self::Given {
            return Ok(());
        }
        write!(io::stderr().lock(), "{question} [y/N] ")?;
        let mut answer = String::new();
        io::stdin().lock().take(LONGEST).read_line(&mut answer)?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => bail!("nothing was done"),
        }
    }
}
