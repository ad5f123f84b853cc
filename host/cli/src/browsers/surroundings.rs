//! What a search for browsers knows of the machine. It is handed in, so that tests point it at a temporary folder and
//! every system's table can be tried on any system.

use std::path::{Path, PathBuf};

/// The systems whose browsers keep their files in different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    /// Linux, and what resembles it.
    Linux,
    MacOs,
    Windows,
}

impl Platform {
    /// The one that this program was built for.
    pub(crate) const THIS: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::MacOs
    } else {
        Self::Linux
    };
}

/// Where this user's and the system's browsers keep things.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) platform: Platform,
    /// `HOME`, or what the system's list of users says.
    pub(crate) user_home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub(crate) config_home: Option<PathBuf>,
    /// `CHROME_CONFIG_HOME`, which browsers of the Chromium family on Linux prefer to that.
    pub(crate) chrome_config_home: Option<PathBuf>,
    /// `LOCALAPPDATA`.
    pub(crate) local_app_data: Option<PathBuf>,
    /// `APPDATA`.
    pub(crate) roaming_app_data: Option<PathBuf>,
    /// `ProgramFiles`.
    pub(crate) program_files: Option<PathBuf>,
    /// The folders of `PATH`.
    pub(crate) search_path: Vec<PathBuf>,
    /// What stands for `/` where system-wide files are read and written.
    pub(crate) system_root: PathBuf,
}

impl Surroundings {
    /// Where a system-wide file lies that is called `path` (absolute) once the system runs from its own root. On Windows there
    /// is no such root, and the path stays what it is.
    pub(crate) fn below_root(&self, path: &Path) -> PathBuf {
        match path.strip_prefix("/") {
            Ok(relative) if self.platform != Platform::Windows => self.system_root.join(relative),
            _ => path.to_owned(),
        }
    }

    /// The folder of the launchers of a system-wide registration, as manifests name it. `None` where the system does
    /// not say where programs are.
    pub(crate) fn system_hosts(&self) -> Option<PathBuf> {
        match self.platform {
            Platform::Linux => Some(PathBuf::from("/usr/local/lib/portcullis/hosts")),
            Platform::MacOs => Some(PathBuf::from(
                "/Library/Application Support/Portcullis/hosts",
            )),
            Platform::Windows => Some(
                self.program_files
                    .as_ref()?
                    .join("Portcullis")
                    .join("hosts"),
            ),
        }
    }
}
