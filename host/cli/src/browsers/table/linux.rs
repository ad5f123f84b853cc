//! Browsers on Linux. A manifest of a user's is in `NativeMessagingHosts` (Chromium family) or `native-messaging-hosts`
//! (Mozilla family) of the folder named here, a system-wide one in `native-messaging-hosts` of either.

use super::Folder::{Config, Home, Root};
use super::{Browser, Reach};

/// Firefox looks into one of the two, which one was decided when it was built.
const MOZILLA_SYSTEM: &[super::Folder] = &[Root("/usr/lib/mozilla"), Root("/usr/lib64/mozilla")];

const CHROME_SYSTEM: &[super::Folder] = &[Root("/etc/opt/chrome")];

const CHROME_POLICIES: Option<&str> = Some("/etc/opt/chrome/policies/managed");

const FLATPAK: &str = "Flatpak";

pub(super) const BROWSERS: &[Browser] = &[
    Browser {
        id: "chrome",
        name: "Google Chrome",
        profiles: &[Config("google-chrome")],
        programs: &["google-chrome", "google-chrome-stable"],
        user: &[Config("google-chrome")],
        system: CHROME_SYSTEM,
        policies: CHROME_POLICIES,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chrome-beta",
        name: "Google Chrome Beta",
        profiles: &[Config("google-chrome-beta")],
        programs: &["google-chrome-beta"],
        user: &[Config("google-chrome-beta")],
        system: CHROME_SYSTEM,
        policies: CHROME_POLICIES,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chrome-dev",
        name: "Google Chrome Dev",
        profiles: &[Config("google-chrome-unstable")],
        programs: &["google-chrome-unstable"],
        user: &[Config("google-chrome-unstable")],
        system: CHROME_SYSTEM,
        policies: CHROME_POLICIES,
        ..Browser::CHROMIUM
    },
    // By analogy with the other channels.
    Browser {
        id: "chrome-canary",
        name: "Google Chrome Canary",
        profiles: &[Config("google-chrome-canary")],
        programs: &["google-chrome-canary"],
        user: &[Config("google-chrome-canary")],
        system: CHROME_SYSTEM,
        policies: CHROME_POLICIES,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chrome-for-testing",
        name: "Chrome for Testing",
        profiles: &[Config("google-chrome-for-testing")],
        user: &[Config("google-chrome-for-testing")],
        system: &[Root("/etc/opt/chrome_for_testing")],
        policies: Some("/etc/opt/chrome_for_testing/policies/managed"),
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chromium",
        name: "Chromium",
        profiles: &[Config("chromium")],
        programs: &["chromium", "chromium-browser", "ungoogled-chromium"],
        user: &[Config("chromium")],
        system: &[Root("/etc/chromium")],
        policies: Some("/etc/chromium/policies/managed"),
        ..Browser::CHROMIUM
    },
    Browser {
        id: "edge",
        name: "Microsoft Edge",
        profiles: &[Config("microsoft-edge")],
        programs: &["microsoft-edge", "microsoft-edge-stable"],
        user: &[Config("microsoft-edge")],
        system: &[Root("/etc/opt/edge")],
        system_fallback: CHROME_SYSTEM,
        policies: Some("/etc/opt/edge/policies/managed"),
        ..Browser::CHROMIUM
    },
    Browser {
        id: "edge-beta",
        name: "Microsoft Edge Beta",
        profiles: &[Config("microsoft-edge-beta")],
        programs: &["microsoft-edge-beta"],
        user: &[Config("microsoft-edge-beta")],
        system: &[Root("/etc/opt/edge")],
        system_fallback: CHROME_SYSTEM,
        policies: Some("/etc/opt/edge/policies/managed"),
        ..Browser::CHROMIUM
    },
    Browser {
        id: "edge-dev",
        name: "Microsoft Edge Dev",
        profiles: &[Config("microsoft-edge-dev")],
        programs: &["microsoft-edge-dev"],
        user: &[Config("microsoft-edge-dev")],
        system: &[Root("/etc/opt/edge")],
        system_fallback: CHROME_SYSTEM,
        policies: Some("/etc/opt/edge/policies/managed"),
        ..Browser::CHROMIUM
    },
    // All channels read the folder of the stable one, whatever their profile.
    Browser {
        id: "brave",
        name: "Brave",
        profiles: &[
            Config("BraveSoftware/Brave-Browser"),
            Config("BraveSoftware/Brave-Browser-Beta"),
            Config("BraveSoftware/Brave-Browser-Nightly"),
        ],
        programs: &[
            "brave",
            "brave-browser",
            "brave-browser-beta",
            "brave-browser-nightly",
        ],
        user: &[Config("BraveSoftware/Brave-Browser")],
        system: CHROME_SYSTEM,
        policies: Some("/etc/brave/policies/managed"),
        ..Browser::CHROMIUM
    },
    Browser {
        id: "vivaldi",
        name: "Vivaldi",
        profiles: &[Config("vivaldi")],
        programs: &["vivaldi", "vivaldi-stable"],
        user: &[Config("vivaldi")],
        system: CHROME_SYSTEM,
        policies: CHROME_POLICIES,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "vivaldi-snapshot",
        name: "Vivaldi Snapshot",
        profiles: &[Config("vivaldi-snapshot")],
        programs: &["vivaldi-snapshot"],
        user: &[Config("vivaldi-snapshot")],
        system: CHROME_SYSTEM,
        policies: CHROME_POLICIES,
        ..Browser::CHROMIUM
    },
    // It reads Chrome's folder, whatever its own profile.
    Browser {
        id: "opera",
        name: "Opera",
        profiles: &[
            Config("opera"),
            Config("opera-beta"),
            Config("opera-developer"),
        ],
        programs: &["opera", "opera-beta", "opera-developer"],
        user: &[Config("google-chrome")],
        system: CHROME_SYSTEM,
        policies: CHROME_POLICIES,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "yandex",
        name: "Yandex Browser",
        profiles: &[Config("yandex-browser")],
        programs: &["yandex-browser", "yandex-browser-stable"],
        user: &[Config("yandex-browser")],
        system: &[Root("/etc/opt/yandex-browser")],
        policies: Some("/etc/opt/yandex-browser/policies/managed"),
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chromium-snap",
        name: "Chromium (snap)",
        profiles: &[Home("snap/chromium/common/chromium")],
        user: &[Home("snap/chromium/common/chromium")],
        reach: Reach::Below {
            folder: "snap/chromium",
            by: "snap",
        },
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chrome-flatpak",
        name: "Google Chrome (Flatpak)",
        profiles: &[Home(".var/app/com.google.Chrome/config/google-chrome")],
        user: &[Home(".var/app/com.google.Chrome/config/google-chrome")],
        reach: Reach::Below {
            folder: ".var/app/com.google.Chrome",
            by: FLATPAK,
        },
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chromium-flatpak",
        name: "Chromium (Flatpak)",
        profiles: &[Home(".var/app/org.chromium.Chromium/config/chromium")],
        user: &[Home(".var/app/org.chromium.Chromium/config/chromium")],
        reach: Reach::Below {
            folder: ".var/app/org.chromium.Chromium",
            by: FLATPAK,
        },
        ..Browser::CHROMIUM
    },
    Browser {
        id: "edge-flatpak",
        name: "Microsoft Edge (Flatpak)",
        profiles: &[Home(".var/app/com.microsoft.Edge/config/microsoft-edge")],
        user: &[Home(".var/app/com.microsoft.Edge/config/microsoft-edge")],
        reach: Reach::Below {
            folder: ".var/app/com.microsoft.Edge",
            by: FLATPAK,
        },
        ..Browser::CHROMIUM
    },
    Browser {
        id: "brave-flatpak",
        name: "Brave (Flatpak)",
        profiles: &[Home(
            ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser",
        )],
        user: &[Home(
            ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser",
        )],
        reach: Reach::Below {
            folder: ".var/app/com.brave.Browser",
            by: FLATPAK,
        },
        ..Browser::CHROMIUM
    },
    Browser {
        id: "vivaldi-flatpak",
        name: "Vivaldi (Flatpak)",
        profiles: &[Home(".var/app/com.vivaldi.Vivaldi/config/vivaldi")],
        user: &[Home(".var/app/com.vivaldi.Vivaldi/config/vivaldi")],
        reach: Reach::Below {
            folder: ".var/app/com.vivaldi.Vivaldi",
            by: FLATPAK,
        },
        ..Browser::CHROMIUM
    },
    // Every edition. Manifests stay in `.mozilla`, also where profiles are below `.config` now.
    Browser {
        id: "firefox",
        name: "Firefox",
        profiles: &[Home(".mozilla/firefox"), Config("mozilla/firefox")],
        programs: &[
            "firefox",
            "firefox-esr",
            "firefox-beta",
            "firefox-devedition",
            "firefox-developer-edition",
            "firefox-nightly",
        ],
        user: &[Home(".mozilla")],
        system: MOZILLA_SYSTEM,
        ..Browser::MOZILLA
    },
    Browser {
        id: "firefox-snap",
        name: "Firefox (snap)",
        profiles: &[Home("snap/firefox")],
        user: &[Home(".mozilla")],
        system: MOZILLA_SYSTEM,
        reach: Reach::ByProxy("the desktop's portal starts the host, and asks once whether it may"),
        ..Browser::MOZILLA
    },
    Browser {
        id: "firefox-flatpak",
        name: "Firefox (Flatpak)",
        profiles: &[Home(".var/app/org.mozilla.firefox")],
        user: &[Home(".mozilla")],
        system: MOZILLA_SYSTEM,
        reach: Reach::ByProxy(
            "it reaches hosts from version 157 on, through xdg-native-messaging-proxy, and only with \
             widget.use-xdg-desktop-portal.native-messaging set to 1 in about:config",
        ),
        ..Browser::MOZILLA
    },
    Browser {
        id: "librewolf",
        name: "LibreWolf",
        profiles: &[Home(".librewolf")],
        programs: &["librewolf"],
        user: &[Home(".librewolf")],
        system: &[Root("/usr/lib/librewolf"), Root("/usr/lib64/librewolf")],
        ..Browser::MOZILLA
    },
    Browser {
        id: "waterfox",
        name: "Waterfox",
        profiles: &[Home(".waterfox")],
        programs: &["waterfox"],
        user: &[Home(".waterfox")],
        system: &[Root("/usr/lib/waterfox"), Root("/usr/lib64/waterfox")],
        ..Browser::MOZILLA
    },
    // Traced: it reads Firefox's folder.
    Browser {
        id: "zen",
        name: "Zen",
        profiles: &[Home(".zen")],
        programs: &["zen", "zen-browser"],
        user: &[Home(".mozilla")],
        system: MOZILLA_SYSTEM,
        ..Browser::MOZILLA
    },
    // The same; one tool writes `.floorp`, which the browser was not seen to read.
    Browser {
        id: "floorp",
        name: "Floorp",
        profiles: &[Home(".floorp")],
        programs: &["floorp"],
        user: &[Home(".mozilla")],
        system: MOZILLA_SYSTEM,
        ..Browser::MOZILLA
    },
    // The name of its folder has changed between versions.
    Browser {
        id: "tor",
        name: "Tor Browser",
        profiles: &[Home(".local/share/torbrowser/tbb/x86_64/tor-browser")],
        user: &[Home(
            ".local/share/torbrowser/tbb/x86_64/tor-browser/Browser/TorBrowser/Data/Browser/.mozilla",
        )],
        ..Browser::MOZILLA
    },
    Browser {
        id: "tor-en-us",
        name: "Tor Browser (en-US)",
        profiles: &[Home(".local/share/torbrowser/tbb/x86_64/tor-browser_en-US")],
        user: &[Home(
            ".local/share/torbrowser/tbb/x86_64/tor-browser_en-US/Browser/TorBrowser/Data/Browser/.mozilla",
        )],
        ..Browser::MOZILLA
    },
    Browser {
        id: "thunderbird",
        name: "Thunderbird",
        profiles: &[Home(".thunderbird")],
        programs: &["thunderbird"],
        user: &[Home(".mozilla")],
        system: MOZILLA_SYSTEM,
        ..Browser::MOZILLA
    },
];
