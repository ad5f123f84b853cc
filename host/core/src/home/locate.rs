//! Where the home is, decided from what the process was started with.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{HOSTS_FOLDER, LOCK_FILE, POLICY_FILE, ownership};
use crate::names::HostName;

/// What a program knows of the place it was started in. It is handed in, so that the rule can be tested and only a
/// program's `main` reads the environment.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `PORTCULLIS_HOME`.
    pub portcullis_home: Option<OsString>,
    /// `argv[0]` as it came.
    pub launcher: Option<PathBuf>,
    /// `XDG_DATA_HOME`.
    pub data_home: Option<OsString>,
    /// The user's own folder (`HOME`, or what the system's list of users says).
    pub user_home: Option<PathBuf>,
    /// `LOCALAPPDATA`.
    pub local_app_data: Option<OsString>,
    /// `APPDATA`.
    pub roaming_app_data: Option<OsString>,
    /// `XDG_CONFIG_HOME`.
    pub config_home: Option<OsString>,
    /// `CHROME_CONFIG_HOME`, which browsers of the Chromium family on Linux prefer to that.
    pub chrome_config_home: Option<OsString>,
    /// The file of the running program.
    pub program: Option<PathBuf>,
}

/// The path of the home, which need not exist. The first of these that applies:
///
/// 1. `PORTCULLIS_HOME`, which must be absolute.
/// 2. The launcher's own place: where `argv[0]` is absolute and is `<folder>/hosts/<anything>`, and `<folder>` is
///    this user's and has a `policy.toml` or a `plugins.lock` in it, that folder. (A browser passes on little of the
///    environment, but it always starts the launcher by the path that its manifest names.)
/// 3. The platform's data folder: `$XDG_DATA_HOME/portcullis` where that variable is absolute and otherwise
///    `~/.local/share/portcullis`; on macOS `~/Library/Application Support/portcullis`; on Windows
///    `%LOCALAPPDATA%\portcullis`.
///
/// # Errors
///
/// [`LocateError::NotAbsolute`] where `PORTCULLIS_HOME` is empty or relative: falling through to another home would
/// act on the wrong one. [`LocateError::Nowhere`] where nothing applies.
pub fn locate(surroundings: &Surroundings) -> Result<PathBuf, LocateError> {
    if let Some(value) = &surroundings.portcullis_home {
        let path = PathBuf::from(value);
        return if path.is_absolute() {
            Ok(path)
        } else {
            Err(LocateError::NotAbsolute {
                value: value.clone(),
            })
        };
    }
    if let Some(home) = surroundings.launcher.as_deref().and_then(home_of_launcher) {
        return Ok(home.to_owned());
    }
    data_folder(Platform::HERE, surroundings).ok_or(LocateError::Nowhere)
}

/// The host name that a launcher stands for: the name of the file, where it is a legal host name and the folder is
/// called `hosts`. Chromium does not say which host name an extension asked for, so this is the only way to know.
#[must_use]
pub fn host_name_of_launcher(launcher: &Path) -> Option<HostName> {
    if launcher.parent()?.file_name()? != HOSTS_FOLDER {
        return None;
    }
    let name = launcher.file_name()?.to_str()?;
    let name = if cfg!(windows) {
        name.strip_suffix(".exe").unwrap_or(name)
    } else {
        name
    };
    name.parse().ok()
}

/// Why there is no telling where the home is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LocateError {
    /// `PORTCULLIS_HOME` is set to something that depends on the current folder, or to nothing.
    #[error("PORTCULLIS_HOME must be an absolute path, it is `{}`: set it to one, or unset it", value.display())]
    NotAbsolute {
        /// The value found.
        value: OsString,
    },
    /// No variable is set that says where this user's data lie.
    #[error("cannot tell where the Portcullis home is: set PORTCULLIS_HOME to an absolute path")]
    Nowhere,
}

fn home_of_launcher(launcher: &Path) -> Option<&Path> {
    if !launcher.is_absolute() {
        return None;
    }
    let hosts = launcher.parent()?;
    if hosts.file_name()? != HOSTS_FOLDER {
        return None;
    }
    let home = hosts.parent()?;
    let has = |name| fs::symlink_metadata(home.join(name)).is_ok();
    (ownership::is_ours(home) && (has(POLICY_FILE) || has(LOCK_FILE))).then_some(home)
}

/// The systems whose customs about data folders differ.
#[derive(Debug, Clone, Copy)]
enum Platform {
    Xdg,
    MacOs,
    Windows,
}

impl Platform {
    const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::MacOs
    } else {
        Self::Xdg
    };
}

fn data_folder(platform: Platform, surroundings: &Surroundings) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let from_variable =
        |value: &Option<OsString>| value.as_ref().map(PathBuf::from).and_then(absolute);
    let user_home = || surroundings.user_home.clone().and_then(absolute);
    let parent = match platform {
        // The specification of base directories says to ignore a relative path.
        Platform::Xdg => from_variable(&surroundings.data_home)
            .or_else(|| Some(user_home()?.join(".local/share"))),
        Platform::MacOs => Some(user_home()?.join("Library/Application Support")),
        Platform::Windows => from_variable(&surroundings.local_app_data),
    };
    Some(parent?.join("portcullis"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::private_folder;

    /// An absolute path, which begins with a drive on Windows.
    fn absolute(path: &str) -> PathBuf {
        PathBuf::from(if cfg!(windows) {
            format!("C:{path}")
        } else {
            path.to_owned()
        })
    }

    fn surroundings() -> Surroundings {
        Surroundings {
            portcullis_home: None,
            launcher: None,
            data_home: Some(absolute("/data").into()),
            user_home: Some(absolute("/home/u")),
            local_app_data: Some(absolute("/local").into()),
            ..Surroundings::default()
        }
    }

    #[test]
    fn the_variable_comes_first_and_must_be_absolute() {
        let with = |value: &str| Surroundings {
            portcullis_home: Some(value.into()),
            ..surroundings()
        };
        let home = absolute("/x/y");
        assert_eq!(locate(&with(&home.to_string_lossy())), Ok(home));
        for value in ["", ".", "x", "../x", "~/x"] {
            let error = locate(&with(value)).expect_err(value);
            assert_eq!(
                error,
                LocateError::NotAbsolute {
                    value: value.into()
                }
            );
            assert!(
                error.to_string().contains(&format!("it is `{value}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_launcher_leads_home_only_from_a_home() {
        let folder = private_folder();
        let home = folder.path();
        let launcher = home.join("hosts/com.example.echo");
        let with = |launcher: &Path| Surroundings {
            launcher: Some(launcher.to_owned()),
            ..surroundings()
        };
        let elsewhere = locate(&surroundings()).expect("the data folder");
        assert_eq!(
            locate(&with(&launcher)).as_ref(),
            Ok(&elsewhere),
            "an empty folder is no home"
        );
        for file in [POLICY_FILE, LOCK_FILE] {
            fs::write(home.join(file), "").expect("a file");
            assert_eq!(locate(&with(&launcher)), Ok(home.to_owned()), "{file}");
            let other = home.join("bin/com.example.echo");
            assert_eq!(locate(&with(&other)).as_ref(), Ok(&elsewhere));
            let relative = Path::new("hosts/com.example.echo");
            assert_eq!(locate(&with(relative)).as_ref(), Ok(&elsewhere));
            fs::remove_file(home.join(file)).expect("it is there");
        }
        fs::write(home.join(LOCK_FILE), "").expect("a file");
        #[cfg(unix)]
        if std::os::unix::fs::chown(home, Some(12_345), None).is_ok() {
            assert_eq!(
                locate(&with(&launcher)).as_ref(),
                Ok(&elsewhere),
                "somebody else's home"
            );
        }
    }

    #[test]
    fn each_platform_has_its_data_folder() {
        let at = |platform, surroundings: &Surroundings| data_folder(platform, surroundings);
        let all = surroundings();
        assert_eq!(at(Platform::Xdg, &all), Some(absolute("/data/portcullis")));
        assert_eq!(
            at(Platform::MacOs, &all),
            Some(absolute("/home/u/Library/Application Support/portcullis"))
        );
        assert_eq!(
            at(Platform::Windows, &all),
            Some(absolute("/local/portcullis"))
        );

        let home = Some(absolute("/home/u/.local/share/portcullis"));
        for data_home in [None, Some("".into()), Some("relative".into())] {
            assert_eq!(
                at(
                    Platform::Xdg,
                    &Surroundings {
                        data_home,
                        ..surroundings()
                    }
                ),
                home
            );
        }
        let nothing = Surroundings::default();
        for platform in [Platform::Xdg, Platform::MacOs, Platform::Windows] {
            assert_eq!(at(platform, &nothing), None);
        }
        assert_eq!(locate(&nothing), Err(LocateError::Nowhere));
        let relative = Surroundings {
            user_home: Some("u".into()),
            ..nothing
        };
        assert_eq!(locate(&relative), Err(LocateError::Nowhere));
    }

    #[test]
    fn the_launchers_name_is_the_host_name() {
        let cases = [
            ("/h/hosts/com.example.echo", Some("com.example.echo")),
            ("hosts/com.example.echo", Some("com.example.echo")),
            ("/h/hosts/Test.App", Some("Test.App")),
            ("/h/hosts/a-b", None),
            ("/h/hosts/..", None),
            ("/usr/bin/portcullis-host", None),
            ("portcullis-host", None),
            ("/hosts", None),
            ("", None),
        ];
        for (launcher, expected) in cases {
            let name = host_name_of_launcher(Path::new(launcher));
            assert_eq!(name.as_ref().map(HostName::as_str), expected, "{launcher}");
        }
    }
}
