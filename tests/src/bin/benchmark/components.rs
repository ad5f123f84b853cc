//! The plugins that are measured, in the order of their size.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use portcullis_tests::{cargo, guests, languages};

use crate::peers;

/// A plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Component {
    /// `plugins/echo`, and what every ratio without another name is about.
    Echo,
    /// The same, but a message that is too long to come back is answered with its length.
    BoundedEcho,
    /// The ping-pong in Rust, with serde_json.
    Rust,
    /// The ping-pong in JavaScript, with QuickJS inside.
    QuickJs,
    /// The same JavaScript, with SpiderMonkey inside.
    SpiderMonkey,
    /// The ping-pong in Python, with CPython inside.
    Python,
}

impl Component {
    /// The name that it is installed by.
    pub(crate) fn plugin(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::BoundedEcho => "bounded-echo",
            Self::Rust => "rust",
            Self::QuickJs => "quickjs",
            Self::SpiderMonkey => "spidermonkey",
            Self::Python => "python",
        }
    }

    /// The name of our host with it.
    pub(crate) fn subject(self) -> &'static str {
        match self {
            Self::Echo => crate::setup::OURS,
            Self::BoundedEcho => "portcullis (bounded echo)",
            Self::Rust => "portcullis (Rust, serde_json)",
            Self::QuickJs => "portcullis (QuickJS)",
            Self::SpiderMonkey => "portcullis (SpiderMonkey)",
            Self::Python => "portcullis (Python)",
        }
    }

    /// The `.wasm`, built at the first call.
    pub(crate) fn file(self) -> Result<PathBuf> {
        let example = |name: &str| {
            let found = languages::PING_PONGS.iter().find(|one| one.name == name);
            found.map(|example| example.wasm().to_owned())
        };
        let file = match self {
            Self::Echo => Some(guests::echo()),
            Self::BoundedEcho => Some(peers::bounded_echo()?),
            Self::Rust => Some(guests::ping_pong()),
            Self::QuickJs => example("javascript"),
            Self::SpiderMonkey => Some(peers::spidermonkey()?),
            Self::Python => example("python-sdk"),
        };
        let missing = || anyhow::anyhow!("no example of the languages is `{}`", self.plugin());
        let file = file.ok_or_else(missing)?;
        ensure!(
            file.is_file(),
            "`{}` was not built",
            file.strip_prefix(cargo::root()).unwrap_or(&file).display()
        );
        Ok(file)
    }
}
