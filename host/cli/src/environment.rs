//! The only place of this program that reads environment variables.
//!
//! | Variable | Meaning |
//! |---|---|
//! | `PORTCULLIS_HOME` | the home folder, before any other rule |
//! | `XDG_DATA_HOME`, `LOCALAPPDATA`, `HOME` | where the platform keeps data, for the default home |
//! | `XDG_CONFIG_HOME`, `CHROME_CONFIG_HOME`, `APPDATA`, `ProgramFiles` | where browsers keep their settings and programs |
//! | `PATH` | which browsers are installed |
//! | `PORTCULLIS_SYSTEM_ROOT` | the folder that stands for `/` where files for every user are read and written, for building a package or an image |
//! | `DBUS_SESSION_BUS_ADDRESS`, `XDG_RUNTIME_DIR` | where the session's bus is, and so the keyring |
//! | `PORTCULLIS_BUILD_PYTHON` | the Python whose packages `build` uses, in place of a project's own |
//! | `VIRTUAL_ENV` | the virtual environment that is active, for the same |
//! | `NO_COLOR` | set to anything: no colours in the usage, which its library reads for itself, nor in `repl` |

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use portcullis_core::home::{self, Home, HomeError, Surroundings};

use crate::browsers::{self, Machine, Platform};

/// What the program was started with, beside its arguments.
#[derive(Debug)]
pub(crate) struct Environment {
    surroundings: Surroundings,
    browsers: browsers::Surroundings,
    #[cfg(all(unix, not(target_os = "macos")))]
    session_bus: SessionBus,
    no_color: bool,
    build_python: Option<PathBuf>,
    virtual_environment: Option<PathBuf>,
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
                roaming_app_data: env::var_os("APPDATA"),
                config_home: env::var_os("XDG_CONFIG_HOME"),
                chrome_config_home: env::var_os("CHROME_CONFIG_HOME"),
                program: env::current_exe().ok(),
            },
            browsers: browsers::Surroundings {
                platform: Platform::THIS,
                user_home: env::home_dir(),
                config_home: folder("XDG_CONFIG_HOME"),
                chrome_config_home: folder("CHROME_CONFIG_HOME"),
                local_app_data: folder("LOCALAPPDATA"),
                roaming_app_data: folder("APPDATA"),
                program_files: folder("ProgramFiles"),
                search_path: env::var_os("PATH")
                    .map(|path| env::split_paths(&path).collect())
                    .unwrap_or_default(),
                system_root: folder("PORTCULLIS_SYSTEM_ROOT").unwrap_or_else(|| "/".into()),
            },
            #[cfg(all(unix, not(target_os = "macos")))]
            session_bus: SessionBus {
                address: env::var("DBUS_SESSION_BUS_ADDRESS")
                    .ok()
                    .filter(|address| !address.is_empty()),
                runtime_folder: folder("XDG_RUNTIME_DIR"),
            },
            build_python: folder("PORTCULLIS_BUILD_PYTHON"),
            virtual_environment: folder("VIRTUAL_ENV"),
            no_color: env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        }
    }

    /// The Python, with everything that a project's `requirements.txt` names, that somebody wants `build` to use.
    pub(crate) fn build_python(&self) -> Option<&Path> {
        self.build_python.as_deref()
    }

    /// The folder of the virtual environment that is active.
    pub(crate) fn virtual_environment(&self) -> Option<&Path> {
        self.virtual_environment.as_deref()
    }

    /// Whether colours are unwanted, wherever they would be shown (<https://no-color.org>).
    pub(crate) fn no_color(&self) -> bool {
        self.no_color
    }

    /// The browsers' side of the machine.
    pub(crate) fn machine(&self) -> Machine {
        Machine {
            surroundings: self.browsers.clone(),
            registry: browsers::registry_of_this_system(),
        }
    }

    /// What decides where the home is and which folders are not granted.
    pub(crate) fn surroundings(&self) -> &Surroundings {
        &self.surroundings
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

    /// What the environment says of the session's bus; the rest is for whoever knows where it usually is.
    #[cfg(all(unix, not(target_os = "macos")))]
    pub(crate) fn session_bus(&self) -> &SessionBus {
        &self.session_bus
    }

    /// The home, made where it is missing: for verbs that put something into it.
    pub(crate) fn home_made(&self) -> Result<Home> {
        Ok(Home::create(self.home_path()?)?)
    }
}

/// What the environment says of the session's bus.
#[cfg(all(unix, not(target_os = "macos")))]
#[derive(Debug)]
pub(crate) struct SessionBus {
    /// Its address, where it is told.
    pub(crate) address: Option<String>,
    /// The folder of the session's sockets, where it is told.
    pub(crate) runtime_folder: Option<PathBuf>,
}

/// The folder that a variable names. An empty one names none, as browsers see it.
fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|value: &OsString| !value.is_empty())
        .map(PathBuf::from)
}
