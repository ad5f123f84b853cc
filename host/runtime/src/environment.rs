//! The only place of this program that reads environment variables and the clock of the wall.
//!
//! | Variable | Meaning |
//! |---|---|
//! | `PORTCULLIS_HOME` | the home folder, before any other rule |
//! | `PORTCULLIS_LOG` | the least level of the log file: `debug`, `info` (the default), `warn` or `error` |
//! | `SSL_CERT_FILE` | the certificate authorities that HTTPS trusts in place of the system's, a PEM file |
//! | `XDG_DATA_HOME`, `LOCALAPPDATA`, `HOME` | where the platform keeps data, for the default home |
//! | `XDG_CONFIG_HOME`, `CHROME_CONFIG_HOME`, `APPDATA` | where browsers keep profiles, which no folder's grant may touch |

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_core::home::Surroundings;
use tracing::level_filters::LevelFilter;

/// What the program was started with, beside its arguments.
pub(crate) struct Environment {
    /// For finding the home folder.
    pub(crate) surroundings: Surroundings,
    /// What goes to the log file.
    pub(crate) log_level: LevelFilter,
    /// The file of the certificate authorities to trust, where it is not the system's.
    pub(crate) certificates: Option<PathBuf>,
    /// The time since 1970.
    pub(crate) wall_clock: fn() -> Duration,
}

/// Reads the environment. `arguments` is the whole of argv.
pub(crate) fn read(arguments: &[OsString]) -> Environment {
    let level = std::env::var("PORTCULLIS_LOG").ok();
    Environment {
        surroundings: Surroundings {
            portcullis_home: std::env::var_os("PORTCULLIS_HOME"),
            launcher: arguments.first().map(PathBuf::from),
            data_home: std::env::var_os("XDG_DATA_HOME"),
            user_home: user_home(),
            local_app_data: std::env::var_os("LOCALAPPDATA"),
            roaming_app_data: std::env::var_os("APPDATA"),
            config_home: std::env::var_os("XDG_CONFIG_HOME"),
            chrome_config_home: std::env::var_os("CHROME_CONFIG_HOME"),
            program: std::env::current_exe().ok(),
        },
        // An unknown word is no reason to refuse a port: the default is what a person who mistyped it would want.
        log_level: level
            .and_then(|word| word.parse().ok())
            .unwrap_or(LevelFilter::INFO),
        certificates: std::env::var_os("SSL_CERT_FILE").map(PathBuf::from),
        // A clock before 1970 makes every crash a recent one, which errs on the safe side.
        wall_clock: || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
        },
    }
}

/// The user's own folder. On Linux that is `HOME` and nothing else: the list of users is behind plugins of the C
/// library, which a program that has that library inside should not load. Browsers set `HOME`.
fn user_home() -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    return std::env::var_os("HOME").map(PathBuf::from);
    #[cfg(not(target_os = "linux"))]
    return std::env::home_dir();
}
