//! The forbidden places by name, as data: a place is a row and never a branch of code.
//!
//! Browsers' folders are whole profiles and not only the folder of manifests in them: a profile holds passwords, and a
//! manifest that a plugin could write would start any program outside of every sandbox.

use std::path::{Path, PathBuf};

use super::Kind;
use crate::home::Surroundings;

/// What a place's name is relative to.
#[derive(Debug, Clone, Copy)]
enum Base {
    /// The folder of settings: `$CHROME_CONFIG_HOME`, `$XDG_CONFIG_HOME` and `~/.config`, each of them, since a browser
    /// may have been started with other variables than this program.
    Config,
    /// The user's own folder.
    Home,
    /// `%LOCALAPPDATA%`.
    Local,
    /// `%APPDATA%`.
    Roaming,
    /// Nothing: the path is absolute.
    Root,
}

struct Row {
    base: Base,
    kind: Kind,
    names: &'static [&'static str],
}

const fn row(base: Base, kind: Kind, names: &'static [&'static str]) -> Row {
    Row { base, kind, names }
}

/// What is forbidden on every Unix.
const UNIX: &[Row] = &[
    row(Base::Root, Kind::System, &["/proc", "/sys", "/dev"]),
    row(Base::Root, Kind::Portcullis, &["/etc/portcullis"]),
    row(
        Base::Home,
        Kind::Keys,
        &[
            ".ssh",
            ".gnupg",
            ".password-store",
            ".netrc",
            ".aws",
            ".azure",
            ".kube",
            ".docker",
            ".local/share/keyrings",
            ".local/share/kwalletd",
        ],
    ),
    row(Base::Config, Kind::Keys, &["gcloud", "gh", "rclone", "op"]),
    // Where shells and desktops look for programs before they look anywhere else.
    row(
        Base::Home,
        Kind::StartUp,
        &["bin", ".local/bin", ".cargo", ".gitconfig"],
    ),
    row(
        Base::Home,
        Kind::StartUp,
        &[
            ".profile",
            ".bashrc",
            ".bash_profile",
            ".bash_login",
            ".bash_logout",
            ".bash_aliases",
            ".zshrc",
            ".zshenv",
            ".zprofile",
            ".zlogin",
            ".zlogout",
            ".kshrc",
            ".mkshrc",
            ".cshrc",
            ".tcshrc",
            ".login",
            ".logout",
            ".inputrc",
            ".xprofile",
            ".xinitrc",
            ".xsession",
            ".xsessionrc",
            ".pam_environment",
        ],
    ),
    row(
        Base::Config,
        Kind::StartUp,
        &[
            "fish",
            "zsh",
            "nushell",
            "autostart",
            "environment.d",
            "systemd/user",
            "plasma-workspace",
            "sway",
            "hypr",
            "i3",
            "git",
        ],
    ),
    row(Base::Home, Kind::StartUp, &[".local/share/systemd/user"]),
];

const LINUX: &[Row] = &[
    row(
        Base::Config,
        Kind::Browser,
        &[
            "google-chrome",
            "google-chrome-beta",
            "google-chrome-unstable",
            "google-chrome-canary",
            "google-chrome-for-testing",
            "chromium",
            "microsoft-edge",
            "microsoft-edge-beta",
            "microsoft-edge-dev",
            "BraveSoftware",
            "vivaldi",
            "vivaldi-snapshot",
            "opera",
            "opera-beta",
            "opera-developer",
            "yandex-browser",
            "yandex-browser-beta",
            "mozilla",
        ],
    ),
    row(
        Base::Home,
        Kind::Browser,
        &[
            ".mozilla",
            ".librewolf",
            ".waterfox",
            ".zen",
            ".floorp",
            ".thunderbird",
            ".local/share/torbrowser",
            "snap/chromium",
            "snap/firefox",
            "snap/thunderbird",
            ".var/app/com.google.Chrome",
            ".var/app/com.google.ChromeDev",
            ".var/app/org.chromium.Chromium",
            ".var/app/com.microsoft.Edge",
            ".var/app/com.brave.Browser",
            ".var/app/com.vivaldi.Vivaldi",
            ".var/app/com.opera.Opera",
            ".var/app/org.mozilla.firefox",
            ".var/app/org.mozilla.Thunderbird",
            ".var/app/io.gitlab.librewolf-community",
            ".var/app/app.zen_browser.zen",
        ],
    ),
    row(
        Base::Root,
        Kind::Browser,
        &[
            "/etc/opt/chrome",
            "/etc/opt/chrome_for_testing",
            "/etc/opt/edge",
            "/etc/opt/yandex-browser",
            "/etc/chromium",
            "/etc/brave",
            "/usr/lib/mozilla",
            "/usr/lib64/mozilla",
            "/usr/share/mozilla",
            "/usr/lib/librewolf",
            "/usr/lib64/librewolf",
            "/usr/lib/waterfox",
            "/usr/lib64/waterfox",
        ],
    ),
    row(Base::Root, Kind::Portcullis, &["/usr/local/lib/portcullis"]),
];

const MACOS: &[Row] = &[
    row(
        Base::Home,
        Kind::Browser,
        &[
            "Library/Application Support/Google",
            "Library/Application Support/Chromium",
            "Library/Application Support/Microsoft Edge",
            "Library/Application Support/Microsoft Edge Beta",
            "Library/Application Support/Microsoft Edge Dev",
            "Library/Application Support/Microsoft Edge Canary",
            "Library/Application Support/BraveSoftware",
            "Library/Application Support/Vivaldi",
            "Library/Application Support/com.operasoftware.Opera",
            "Library/Application Support/Arc",
            "Library/Application Support/Yandex",
            "Library/Application Support/Mozilla",
            "Library/Application Support/Firefox",
            "Library/Application Support/LibreWolf",
            "Library/Application Support/Waterfox",
            "Library/Application Support/zen",
            "Library/Application Support/Floorp",
            "Library/Application Support/TorBrowser-Data",
            "Library/Application Support/Thunderbird",
            "Library/Thunderbird",
            "Library/Safari",
        ],
    ),
    row(
        Base::Root,
        Kind::Browser,
        &[
            "/Library/Google",
            "/Library/Microsoft",
            "/Library/Application Support/Mozilla",
            "/Library/Application Support/Chromium",
            "/Library/Application Support/Arc",
        ],
    ),
    row(
        Base::Root,
        Kind::Portcullis,
        &["/Library/Application Support/Portcullis"],
    ),
    row(Base::Home, Kind::Keys, &["Library/Keychains"]),
    row(Base::Home, Kind::StartUp, &["Library/LaunchAgents"]),
    row(
        Base::Root,
        Kind::StartUp,
        &["/Library/LaunchAgents", "/Library/LaunchDaemons"],
    ),
];

const WINDOWS: &[Row] = &[
    row(
        Base::Local,
        Kind::Browser,
        &[
            "Google",
            "Chromium",
            "Microsoft/Edge",
            "Microsoft/Edge Beta",
            "Microsoft/Edge Dev",
            "Microsoft/Edge SxS",
            "BraveSoftware",
            "Vivaldi",
            "Yandex",
            "Mozilla",
        ],
    ),
    row(
        Base::Roaming,
        Kind::Browser,
        &[
            "Opera Software",
            "Mozilla",
            "librewolf",
            "Waterfox",
            "zen",
            "Floorp",
            "Thunderbird",
        ],
    ),
    row(Base::Home, Kind::Keys, &[".ssh", ".gnupg"]),
    row(
        Base::Roaming,
        Kind::Keys,
        &["gnupg", "Microsoft/Crypto", "Microsoft/Protect"],
    ),
    row(
        Base::Roaming,
        Kind::StartUp,
        &["Microsoft/Windows/Start Menu/Programs/Startup"],
    ),
    // The start-up files of PowerShell.
    row(
        Base::Home,
        Kind::StartUp,
        &["Documents/PowerShell", "Documents/WindowsPowerShell"],
    ),
];

/// The tables of the system that this was built for.
const HERE: &[&[Row]] = if cfg!(windows) {
    &[WINDOWS]
} else if cfg!(target_os = "macos") {
    &[UNIX, MACOS]
} else {
    &[UNIX, LINUX]
};

/// Every place as a path, which need not exist.
pub(super) fn all(surroundings: &Surroundings) -> Vec<(PathBuf, Kind)> {
    let mut found = Vec::new();
    for row in HERE.iter().copied().flatten() {
        for base in folders(row.base, surroundings) {
            found.extend(row.names.iter().map(|name| (base.join(name), row.kind)));
        }
    }
    found
}

fn folders(base: Base, surroundings: &Surroundings) -> Vec<PathBuf> {
    let Surroundings {
        user_home,
        config_home,
        chrome_config_home,
        local_app_data,
        roaming_app_data,
        ..
    } = surroundings;
    let variable = |value: &Option<std::ffi::OsString>| value.as_ref().map(PathBuf::from);
    let home = user_home.clone();
    let candidates = match base {
        Base::Config => vec![
            variable(chrome_config_home),
            variable(config_home),
            home.map(|home| home.join(".config")),
        ],
        Base::Home => vec![home],
        Base::Local => vec![
            variable(local_app_data),
            home.map(|home| home.join("AppData/Local")),
        ],
        Base::Roaming => vec![
            variable(roaming_app_data),
            home.map(|home| home.join("AppData/Roaming")),
        ],
        Base::Root => vec![Some(Path::new("/").to_owned())],
    };
    let known = candidates.into_iter().flatten();
    known.filter(|path| path.has_root()).collect()
}
