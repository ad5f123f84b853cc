//! The only place of this program that reads environment variables.
//!
//! | Variable | Meaning |
//! |---|---|
//! | `PORTCULLIS_HOME` | the home folder, before any other rule |
//! | `XDG_DATA_HOME`, `LOCALAPPDATA`, `HOME` | where the platform keeps data, for the default home |
//! | `NO_COLOR` | set to anything: no colours (read by the library that prints the usage; nothing else has any) |

use std::env;
use std::path::PathBuf;

use anyhow::Result;
use portcullis_core::home::{self, Home, HomeError, Surroundings};

/// What the program was started with, beside its arguments.
#[derive(Debug)]
pub(crate) struct Environment {
    surroundings: Surroundings,
}

impl Environment {
    /// Reads the environment.
    pub(crate) fn read() -> Self {
        Self {
            surroundings: Surroundings {
                portcullis_home: env::var_os("PORTCULLIS_HOME"),
                // A person starts this program by its name, which says nothing of a home.
                launcher: None,
                data_home: env::var_os("XDG_DATA_HOME"),
                user_home: env::home_dir(),
                local_app_data: env::var_os("LOCALAPPDATA"),
            },
        }
    }

    /// Where the home is, whether or not it exists.
    pub(crate) fn home_path(&self) -> Result<PathBuf> {
        Ok(home::locate(&self.surroundings)?)
    }

    /// The home, which must exist: for verbs that change what is in it.
    pub(crate) fn home(&self) -> Result<Home> {
        Ok(Home::open(self.home_path()?)?)
    }

    /// The home, or nothing where there is none: for verbs that only look.
    pub(crate) fn home_if_any(&self) -> Result<Option<Home>> {
        match Home::open(self.home_path()?) {
            Ok(home) => Ok(Some(home)),
            Err(HomeError::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The home, made where it is missing: for verbs that put something into it.
    pub(crate) fn home_made(&self) -> Result<Home> {
        Ok(Home::create(self.home_path()?)?)
    }
}
